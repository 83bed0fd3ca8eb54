//! The URL parameters of routes: what each is, and which values it takes.

use serde_json::{Value, json};

/// A URL parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Which values it takes.
    pub shape: Shape,
    /// Whether it must be given.
    pub required: bool,
}

/// Which values a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Any text.
    Text,
    /// Texts, separated by commas.
    Texts,
    /// A whole number.
    Number {
        /// The least.
        least: u64,
        /// The greatest.
        most: u64,
        /// What holds without it.
        without: Option<u64>,
    },
    /// `true` or `false`.
    Flag,
    /// A moment, as RFC 3339 writes it.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Parameter {
    /// One that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, what: &'static str, shape: Shape) -> Self {
        Self { name, what, shape, required: false }
    }

    /// The same, which must be given.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The parameter as OpenAPI describes it.
    #[must_use]
    pub fn described(&self) -> Value {
        let Self { name, what, shape, required } = self;
        let mut described =
            json!({ "name": name, "in": "query", "description": what, "schema": shape.schema() });
        if *required {
            described["required"] = json!(true);
        }
        if *shape == Shape::Texts {
            described["explode"] = json!(false);
        }
        described
    }
}

impl Shape {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Number { least, most, without } => {
                let mut schema = json!({ "type": "integer", "minimum": least });
                if most < u64::MAX {
                    schema["maximum"] = json!(most);
                }
                if let Some(without) = without {
                    schema["default"] = json!(without);
                }
                schema
            }
            Self::Flag => json!({ "type": "boolean", "default": false }),
            Self::Moment => json!({ "type": "string", "format": "date-time" }),
            Self::Word(words) => json!({ "type": "string", "enum": words }),
        }
    }
}
