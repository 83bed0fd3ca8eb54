//! A strict, bounded reader of JSON (RFC 8259) that forgets nothing: it keeps every number as it
//! was written, the order of members, double members, and where each value began.

use std::borrow::Cow;

mod lexer;

use lexer::Lexer;

use crate::problem::Rule;

/// A value and where it begins in the text.
pub(crate) struct Node<'a> {
    pub(crate) at: usize,
    pub(crate) value: Value<'a>,
}

/// A JSON value that borrows from its text.
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// A property of an object: where its name begins, the name, the value.
pub(crate) struct Member<'a> {
    pub(crate) at: usize,
    pub(crate) name: Cow<'a, str>,
    pub(crate) node: Node<'a>,
}

/// What a text may have at most.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) depth: usize,
    pub(crate) string: usize,
}

/// Deeper nesting is never read, whatever the limits say: the reader walks on the stack, and
/// `serde_json` has to be able to read what was accepted.
pub(crate) const DEEPEST: usize = 100;

/// Why a text was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) what: What,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It ends too early.
    End,
    /// Something else was expected.
    Expected(&'static str),
    /// It goes on after the value.
    Trailing,
    /// Nested deeper than the bound.
    Depth(usize),
    /// A string longer than the bound.
    Length(usize),
}

impl Fault {
    /// The rule that the text breaks.
    pub(crate) fn rule(self) -> Rule {
        match self.what {
            What::Depth(_) => Rule::TooDeep,
            What::Length(_) => Rule::StringTooLong,
            What::End | What::Expected(_) | What::Trailing => Rule::NotJson,
        }
    }
}

impl<'a> Node<'a> {
    /// Reads one value that fills the text.
    pub(crate) fn parse(text: &'a str, bounds: Bounds) -> Result<Self, Fault> {
        let depth = bounds.depth.min(DEEPEST);
        let mut lexer = Lexer::new(text, bounds.string);
        let node = Reader { lexer: &mut lexer, depth, left: depth }.value()?;
        lexer.space();
        if lexer.peek().is_some() {
            return Err(lexer.fault(What::Trailing));
        }
        Ok(node)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn members(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// The member of this name of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        find(self.members()?, name)
    }

    /// What kind of value it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The same value for `serde_json`.
    pub(crate) fn to_value(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(bool) => (*bool).into(),
            Value::Number(number) => serde_json::from_str(number).unwrap_or_default(),
            Value::String(text) => (**text).into(),
            Value::Array(items) => items.iter().map(Self::to_value).collect(),
            Value::Object(members) => {
                members.iter().map(|m| (m.name.to_string(), m.node.to_value())).collect()
            }
        }
    }

    /// Prints the value without spaces, numbers as they were written.
    pub(crate) fn write(&self, out: &mut String) {
        match &self.value {
            Value::Null => out.push_str("null"),
            Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Value::Number(number) => out.push_str(number),
            Value::String(text) => write_string(text, out),
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, member) in members.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    write_string(&member.name, out);
                    out.push(':');
                    member.node.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Prints a string in quotes, escaping no more than JSON asks for.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
}

/// The value of the first member of this name.
pub(crate) fn find<'n, 'a>(members: &'n [Member<'a>], name: &str) -> Option<&'n Node<'a>> {
    members.iter().find(|member| member.name == name).map(|member| &member.node)
}

/// Reads nested values; `left` is how much deeper it may go.
struct Reader<'l, 'a> {
    lexer: &'l mut Lexer<'a>,
    depth: usize,
    left: usize,
}

impl<'a> Reader<'_, 'a> {
    fn value(&mut self) -> Result<Node<'a>, Fault> {
        self.lexer.space();
        let at = self.lexer.at();
        let value = match self.lexer.peek() {
            Some(b'"') => Value::String(self.lexer.string()?),
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'-' | b'0'..=b'9') => Value::Number(self.lexer.number()?),
            Some(b't') => self.lexer.word("true").map(|()| Value::Bool(true))?,
            Some(b'f') => self.lexer.word("false").map(|()| Value::Bool(false))?,
            Some(b'n') => self.lexer.word("null").map(|()| Value::Null)?,
            _ => return Err(self.lexer.expected("a value")),
        };
        Ok(Node { at, value })
    }

    fn nested(
        &mut self,
        read: impl Fn(&mut Self) -> Result<Value<'a>, Fault>,
    ) -> Result<Value<'a>, Fault> {
        if self.left == 0 {
            return Err(self.lexer.fault(What::Depth(self.depth)));
        }
        self.left -= 1;
        self.lexer.skip();
        let value = read(self);
        self.left += 1;
        value
    }

    fn array(&mut self) -> Result<Value<'a>, Fault> {
        let mut items = Vec::new();
        if self.lexer.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.lexer.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.lexer.eat(b',') {
                return Err(self.lexer.expected("a comma or ]"));
            }
        }
    }

    fn object(&mut self) -> Result<Value<'a>, Fault> {
        let mut members = Vec::new();
        if self.lexer.eat(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.lexer.space();
            let at = self.lexer.at();
            if self.lexer.peek() != Some(b'"') {
                return Err(self.lexer.expected("a property's name in double quotes"));
            }
            let name = self.lexer.string()?;
            if !self.lexer.eat(b':') {
                return Err(self.lexer.expected("a colon"));
            }
            members.push(Member { at, name, node: self.value()? });
            if self.lexer.eat(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.lexer.eat(b',') {
                return Err(self.lexer.expected("a comma or }"));
            }
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::End => out.write_str("the text ends in the middle of a value"),
            Self::Expected(what) => write!(out, "expected {what}"),
            Self::Trailing => out.write_str("the text goes on after the end of the value"),
            Self::Depth(most) => write!(out, "is nested more than {most} levels deep"),
            Self::Length(most) => write!(out, "a string is longer than {most} bytes"),
        }
    }
}

#[cfg(test)]
mod tests;
