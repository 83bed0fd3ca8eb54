//! JSON that means one thing: no name twice in an object, no nesting beyond a bound.
//!
//! What is signed is the canonical form of the *value*. Were a name allowed twice, two readers of
//! the same signed text could see two values.
//!
//! Every object that travels is read so at every node, and a general value costs most of the time
//! in pieces of memory. Here text stays where it stands, and the members of an object are a list,
//! sorted once: for finding names that are there twice, and for writing them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// Deeper nesting is refused.
pub(crate) const DEEPEST: u8 = 64;

/// A value.
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Sorted by the UTF-16 code units of the names.
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

    /// Writes the canonical form (RFC 8785).
    pub(crate) fn canonical(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(&stix::canonical(&Value::Number(number.clone()))),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.canonical(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    quote(name, out);
                    out.push(':');
                    value.canonical(out);
                }
                out.push('}');
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    if text.bytes().any(|octet| octet < 0x20 || octet == b'"' || octet == b'\\') {
        return out.push_str(&stix::canonical(&Value::from(text)));
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// By UTF-16 code units: for ASCII the order of the octets.
fn by_units(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() {
        one.cmp(other)
    } else {
        one.encode_utf16().cmp(other.encode_utf16())
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

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'de>, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Node::Number(number))
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
        members.sort_unstable_by(|(one, _), (other, _)| by_units(one, other));
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

    use super::*;

    fn canonical(text: &str) -> String {
        let mut out = String::new();
        read(text).unwrap().canonical(&mut out);
        out
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
        fn it_is_read_and_written_as_the_general_way_does(value in any_value()) {
            prop_assert_eq!(canonical(&value.to_string()), stix::canonical(&value));
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_found_however_it_is_written() {
        for bad in [r#"{"a":1,"b":2,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"é":{"x":1,"x":1}}]"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(canonical(r#"{"b":1,"a":{"b":1}}"#), r#"{"a":{"b":1},"b":1}"#);
    }
}
