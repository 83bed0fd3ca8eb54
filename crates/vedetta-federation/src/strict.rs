//! JSON that means one thing: no name twice in an object, no nesting beyond a bound.
//!
//! What is signed is the canonical form of the *value*. Were a name allowed twice, two readers of
//! the same signed text could see two values.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deeper nesting is refused.
pub(crate) const DEEPEST: u8 = 64;

/// Reads a text as one unambiguous value.
pub(crate) fn read(text: &str) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict(DEEPEST).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Reads a value nested at most so deep.
struct Strict(u8);

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("not a finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = input.next_element_seed(self.deeper()?)? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = input.next_key::<String>()? {
            let value = input.next_value_seed(self.deeper()?)?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name:?} is there twice")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

/// A JSON object, its text kept as it was written.
#[derive(Clone)]
pub struct Object(std::sync::Arc<serde_json::value::RawValue>);

impl Object {
    /// Reads an object.
    ///
    /// # Errors
    /// When it is no object, has a name twice, or nests deeper than 64.
    pub fn new(text: String) -> Result<Self, serde_json::Error> {
        Self::of(serde_json::value::RawValue::from_string(text)?)
    }

    fn of(raw: Box<serde_json::value::RawValue>) -> Result<Self, serde_json::Error> {
        if !read(raw.get())?.is_object() {
            return Err(Error::custom("not an object"));
        }
        Ok(Self(raw.into()))
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Value {
        read(self.text()).unwrap_or_default()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Object {}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl serde::Serialize for Object {
    fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(output)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::of(Box::deserialize(input)?).map_err(Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_means_one_thing() {
        let text = r#"{"b": 1.50, "a": [{}, null, "è"]}"#;
        let object: Object = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), text, "every octet is kept");
        assert_eq!(object.value(), serde_json::from_str::<Value>(text).unwrap());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(65), "]".repeat(65));
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"b":2}}"#, "[]", "1", &deep] {
            assert!(serde_json::from_str::<Object>(bad).is_err(), "{bad}");
        }
    }
}
