//! Text to tokens, one at a time, without a table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::error::{Fault, SyntaxErrorKind};
use super::{Number, Span};

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind<'a>,
    pub(super) span: Span,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind<'a> {
    /// Punctuation or a comparison operator, as canonically written.
    Sign(&'static str),
    /// An identifier or keyword, possibly with hyphens.
    Word(&'a str),
    Number(Number),
    String(String),
    Timestamp(Timestamp),
    Hex(Vec<u8>),
    Binary(Vec<u8>),
    End,
}

/// Reads tokens from a text.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

const BAD_ESCAPE: &str = r"a backslash in a string must be written \\, a quote \'";
const OPEN_STRING: &str = "the string has no closing quote";
const BAD_TIMESTAMP: &str =
    "expected a UTC time such as t'2026-01-31T23:59:59Z', optionally with a fraction of a second";
const BAD_HEX: &str = "expected pairs of hexadecimal digits, such as h'c0ffee'";
const BAD_BINARY: &str = "expected base64 with padding, such as b'YQ=='";
const BAD_NUMBER: &str = "the number does not fit in 64 bits";
const LEADING_ZERO: &str = "a number has no leading zero";

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token; `End` for ever after the last.
    pub(super) fn next(&mut self) -> Result<Token<'a>, Fault> {
        self.skip_blank()?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let kind = match bytes.get(start) {
            None => TokenKind::End,
            Some(b'\'') => TokenKind::String(self.string()?),
            Some(b't' | b'h' | b'b') if bytes.get(start + 1) == Some(&b'\'') => self.prefixed()?,
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_') => TokenKind::Word(self.word()),
            Some(b'0'..=b'9' | b'+' | b'-') => self.number()?,
            Some(b'.') if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number()?,
            Some(_) => TokenKind::Sign(self.sign()?),
        };
        Ok(Token { kind, span: Span { start, end: self.at } })
    }

    fn fault<T>(&self, kind: SyntaxErrorKind, start: usize) -> Result<T, Fault> {
        Err(Box::new((kind, Span { start, end: self.at })))
    }

    fn literal_fault<T>(&self, why: &'static str, start: usize) -> Result<T, Fault> {
        self.fault(SyntaxErrorKind::Literal(why), start)
    }

    fn skip_blank(&mut self) -> Result<(), Fault> {
        loop {
            let rest = &self.text[self.at..];
            let Some(first) = rest.chars().next() else { return Ok(()) };
            if first.is_whitespace() {
                self.at += first.len_utf8();
            } else if rest.starts_with("//") {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                match comment.find("*/") {
                    Some(length) => self.at += length + 4,
                    None => return self.literal_fault("the comment has no closing */", self.at),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn sign(&mut self) -> Result<&'static str, Fault> {
        const SIGNS: [(&str, &str); 17] = [
            ("==", "="),
            ("!=", "!="),
            ("<>", "!="),
            ("<=", "<="),
            (">=", ">="),
            ("=", "="),
            ("<", "<"),
            (">", ">"),
            ("[", "["),
            ("]", "]"),
            ("(", "("),
            (")", ")"),
            (":", ":"),
            (".", "."),
            (",", ","),
            ("*", "*"),
            // Only to be named in an error: a lone `!` is nothing.
            ("!", ""),
        ];
        let start = self.at;
        let rest = &self.text[start..];
        match SIGNS.iter().find(|(written, _)| rest.starts_with(written)) {
            Some((written, sign)) if !sign.is_empty() => {
                self.at += written.len();
                Ok(sign)
            }
            _ => {
                let found = rest.chars().next().unwrap_or_default();
                self.at += found.len_utf8();
                self.fault(SyntaxErrorKind::Character(found), start)
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        let length = rest.bytes().take_while(|b| inside(b)).count();
        self.at += length;
        &rest[..length]
    }

    fn digits(&mut self) -> usize {
        let length =
            self.text.as_bytes()[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += length;
        length
    }

    fn number(&mut self) -> Result<TokenKind<'a>, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        if matches!(bytes[start], b'+' | b'-') {
            self.at += 1;
        }
        let whole_start = self.at;
        let whole = self.digits();
        let fraction = bytes.get(self.at) == Some(&b'.')
            && bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
        if fraction {
            self.at += 1;
            self.digits();
        } else if whole == 0 {
            return self.literal_fault("expected digits after the sign", start);
        } else if whole > 1 && bytes[whole_start] == b'0' {
            return self.literal_fault(LEADING_ZERO, start);
        }
        let written = self.text[start..self.at].trim_start_matches('+');
        let number = if fraction {
            written.parse().ok().filter(|n: &f64| n.is_finite()).map(Number::Float)
        } else {
            written.parse().ok().map(Number::Integer)
        };
        match number {
            Some(number) => Ok(TokenKind::Number(number)),
            None => self.literal_fault(BAD_NUMBER, start),
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(length) = rest.bytes().position(|b| matches!(b, b'\'' | b'\\')) else {
                self.at = start + 1;
                return self.literal_fault(OPEN_STRING, start);
            };
            value.push_str(&rest[..length]);
            self.at += length + 1;
            if rest.as_bytes()[length] == b'\'' {
                return Ok(value);
            }
            match rest.as_bytes().get(length + 1) {
                Some(escaped @ (b'\'' | b'\\')) => value.push(char::from(*escaped)),
                _ => return self.literal_fault(BAD_ESCAPE, self.at - 1),
            }
            self.at += 1;
        }
    }

    /// `t'…'`, `h'…'` or `b'…'`.
    fn prefixed(&mut self) -> Result<TokenKind<'a>, Fault> {
        let start = self.at;
        let body_start = start + 2;
        let Some(length) = self.text[body_start..].find('\'') else {
            self.at = body_start;
            return self.literal_fault(OPEN_STRING, start);
        };
        let body = &self.text[body_start..body_start + length];
        self.at = body_start + length + 1;
        let (token, why) = match self.text.as_bytes()[start] {
            b't' => (timestamp(body).map(TokenKind::Timestamp), BAD_TIMESTAMP),
            b'h' => (hex(body).map(TokenKind::Hex), BAD_HEX),
            _ => (binary(body).map(TokenKind::Binary), BAD_BINARY),
        };
        token.map_or_else(|| self.literal_fault(why, start), Ok)
    }
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction]Z`; a fraction is cut at nanoseconds, a leap second is
/// the second before it.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let body = text.strip_suffix('Z')?;
    let (whole, fraction) = body.split_once('.').map_or((body, None), |(w, f)| (w, Some(f)));
    let bytes = whole.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if bytes.len() != 19 || separators.iter().any(|(at, sign)| bytes[*at] != *sign) {
        return None;
    }
    let field = |from: usize, to: usize| {
        let part = bytes.get(from..to)?;
        part.iter().try_fold(0i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
    };
    let small = |from: usize| i8::try_from(field(from, from + 2)?).ok();
    let nanoseconds = fraction.map_or(Some(0), nanoseconds)?;
    let second = small(17)?;
    let second = if second == 60 { 59 } else { second };
    let civil = DateTime::new(
        field(0, 4)?,
        small(5)?,
        small(8)?,
        small(11)?,
        small(14)?,
        second,
        nanoseconds,
    );
    Offset::UTC.to_timestamp(civil.ok()?).ok()
}

fn nanoseconds(fraction: &str) -> Option<i32> {
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(digits.fold(0, |n, b| n * 10 + i32::from(b - b'0')))
}

/// Reads pairs of hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let [high, low] = pair else { return None };
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        })
        .collect()
}

/// Reads padded base64; nothing is not base64.
pub(super) fn binary(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
}
