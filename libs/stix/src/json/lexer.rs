//! Strings, numbers and words of JSON.

use std::borrow::Cow;

use super::{Fault, What};

/// A position in a text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    longest: usize,
}

/// A number with more characters than this, or with an exponent, may not fit a double.
const SAFE_NUMBER: usize = 300;

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, longest: usize) -> Self {
        Self { text, at: 0, longest }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one byte, which has been seen.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Steps over spaces, and over the byte if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn fault(&self, what: What) -> Fault {
        Fault { at: self.at, what }
    }

    /// The fault that something else was expected here.
    pub(super) fn expected(&self, what: &'static str) -> Fault {
        self.fault(if self.peek().is_none() { What::End } else { What::Expected(what) })
    }

    pub(super) fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        let partial = word.as_bytes().starts_with(&self.text.as_bytes()[self.at..]);
        Err(self.fault(if partial { What::End } else { What::Expected("true, false or null") }))
    }

    pub(super) fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        let mut exponent = false;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.expected("a number without leading zeros"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            exponent = true;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let number = &self.text[start..self.at];
        let doubtful = exponent || number.len() > SAFE_NUMBER;
        if doubtful && !number.parse::<f64>().is_ok_and(f64::is_finite) {
            self.at = start;
            return Err(self.expected("a number that fits a double"));
        }
        Ok(number)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if start == self.at { Err(self.expected("a digit")) } else { Ok(()) }
    }

    /// Steps over plain characters of a string, to the next quote, backslash or control character.
    fn plain(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let stop = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
        self.at += rest.iter().position(stop).unwrap_or(rest.len());
    }

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let opening = self.at;
        self.at += 1;
        let start = self.at;
        self.plain();
        let string = match self.peek() {
            Some(b'"') => Cow::Borrowed(&self.text[start..self.at]),
            Some(b'\\') => Cow::Owned(self.escaped(start)?),
            _ => return Err(self.expected("no control characters in a string")),
        };
        self.at += 1;
        if string.len() > self.longest {
            return Err(Fault { at: opening, what: What::Length(self.longest) });
        }
        Ok(string)
    }

    /// The rest of a string in which a backslash was met.
    fn escaped(&mut self, start: usize) -> Result<String, Fault> {
        let mut string = self.text[start..self.at].to_owned();
        loop {
            match self.peek() {
                Some(b'"') => return Ok(string),
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(self.expected("no control characters in a string")),
            }
            let from = self.at;
            self.plain();
            string.push_str(&self.text[from..self.at]);
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.at += 1;
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.code_point(),
            _ => return Err(self.expected("an escape sequence of JSON")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// A character written as `u` and four digits, or as two such that make a surrogate pair.
    fn code_point(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let high = self.code_unit()?;
        let mut code = high;
        if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            self.at += 1;
            let low = self.code_unit()?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            }
        }
        let alone = Fault { at: start, what: What::Expected("both halves of a surrogate pair") };
        char::from_u32(code).ok_or(alone)
    }

    /// Four hexadecimal digits after a `u`.
    fn code_unit(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.expected("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(unit)
    }
}
