//! JSON that means one thing: no name twice in an object, no nesting beyond a bound.
//!
//! What is signed is the text, octet for octet. Were a name allowed twice, two readers of the same
//! signed text could see two values.
//!
//! Every object that travels is read so at every node, and a general value costs most of the time
//! in pieces of memory. Here text stays where it stands, and the members of an object are a list,
//! sorted once to find names that are there twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deeper nesting is refused.
pub(crate) const DEEPEST: u8 = 64;

/// A value.
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number,
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Sorted by name.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Reads a text as one unambiguous value.
pub(crate) fn read(text: &str) -> Result<Node<'_>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict(DEEPEST).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

impl Node<'_> {
    /// A text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a value nested at most so deep.
struct Strict(u8);

/// Reads a name where it stands.
struct Name;

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Node<'de>;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Node<'de>, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Cow<'de, str>, D::Error> {
        input.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        value.is_finite().then_some(Node::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Node<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = input.next_element_seed(self.deeper()?)? {
            all.push(value);
        }
        Ok(Node::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Node<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = input.next_key_seed(Name)? {
            members.push((name, input.next_value_seed(self.deeper()?)?));
        }
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let twice = members.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some([(name, _), _]) = twice {
            return Err(A::Error::custom(format_args!("{name:?} is there twice")));
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The value, its numbers aside.
    fn value(node: &Node<'_>) -> Value {
        match node {
            Node::Null | Node::Number => Value::Null,
            Node::Bool(it) => Value::from(*it),
            Node::Text(it) => Value::from(it.as_ref()),
            Node::List(items) => items.iter().map(value).collect(),
            Node::Object(members) => {
                let member = |(name, it): &(Cow<'_, str>, Node<'_>)| (name.to_string(), value(it));
                Value::Object(members.iter().map(member).collect())
            }
        }
    }

    fn without_numbers(value: &Value) -> Value {
        match value {
            Value::Number(_) => Value::Null,
            Value::Array(items) => items.iter().map(without_numbers).collect(),
            Value::Object(members) => {
                let all = members.iter().map(|(name, it)| (name.clone(), without_numbers(it)));
                Value::Object(all.collect())
            }
            other => other.clone(),
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[a-z_]{0,6}", "\\PC{0,4}", "[\\x00-\\x22\\\\é€😀\u{fb33}]{0,3}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(text.clone(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_read_as_the_general_way_does(value in any_value()) {
            let text = value.to_string();
            prop_assert_eq!(super::tests::value(&read(&text).unwrap()), without_numbers(&value));
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_found_however_it_is_written() {
        for bad in [r#"{"a":1,"b":2,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"é":{"x":1,"x":1}}]"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(r#"{"b":1,"a":{"b":1}}"#).is_ok());
    }
}
