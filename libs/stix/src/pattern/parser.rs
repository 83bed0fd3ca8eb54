//! Tokens to a tree, by recursive descent; recursion only on parentheses, which are counted.

use super::error::{Fault, SyntaxError, SyntaxErrorKind};
use super::lexer::{Lexer, Token, TokenKind};
use super::{
    CompareOp, Comparison, ComparisonOp, Literal, MAX_BYTES, MAX_CONSTANTS, MAX_DEPTH, MAX_STEPS,
    Number, ObjectPath, Observation, ObservationOp, Pattern, Predicate, Qualifier, QualifierKind,
    Span, Step, Test,
};

/// Words that are never a type or an unquoted key.
const KEYWORDS: [&str; 19] = [
    "AND",
    "OR",
    "NOT",
    "FOLLOWEDBY",
    "LIKE",
    "MATCHES",
    "ISSUPERSET",
    "ISSUBSET",
    "EXISTS",
    "LAST",
    "IN",
    "START",
    "STOP",
    "SECONDS",
    "true",
    "false",
    "WITHIN",
    "REPEATS",
    "TIMES",
];

/// Reads a pattern.
///
/// # Errors
/// What was wrong, where, and what was expected instead, when the text is not of the grammar or
/// exceeds a bound.
pub fn parse(text: &str) -> Result<Pattern, SyntaxError> {
    Parser::pattern(text).map_err(|fault| SyntaxError::new(*fault, text))
}

/// Whether a key can stand in a path without quotes.
pub(super) fn is_plain_key(key: &str) -> bool {
    let mut bytes = key.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !KEYWORDS.contains(&key)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The next token, not yet taken.
    next: Token<'a>,
    /// End of the last token taken.
    end: usize,
    depth: usize,
    constants: usize,
}

impl<'a> Parser<'a> {
    fn pattern(text: &'a str) -> Result<Pattern, Fault> {
        if text.len() > MAX_BYTES {
            return Err(Box::new((
                SyntaxErrorKind::TooLong,
                Span { start: MAX_BYTES, end: MAX_BYTES },
            )));
        }
        let mut lexer = Lexer::new(text);
        let next = lexer.next()?;
        let mut parser = Self { lexer, next, end: 0, depth: 0, constants: 0 };
        let root = parser.followed_by()?;
        match parser.next.kind {
            TokenKind::End => Ok(Pattern { root }),
            _ => parser.unexpected("AND, OR, FOLLOWEDBY, a qualifier or the end"),
        }
    }

    fn take(&mut self) -> Result<TokenKind<'a>, Fault> {
        let next = self.lexer.next()?;
        let token = std::mem::replace(&mut self.next, next);
        self.end = token.span.end;
        Ok(token.kind)
    }

    /// Takes the next token when it is this sign or keyword.
    fn accept(&mut self, wanted: &str) -> Result<bool, Fault> {
        let here = match &self.next.kind {
            TokenKind::Sign(sign) => *sign == wanted,
            TokenKind::Word(word) => *word == wanted,
            _ => false,
        };
        if here {
            self.take()?;
        }
        Ok(here)
    }

    fn expect(&mut self, wanted: &'static str) -> Result<(), Fault> {
        if self.accept(wanted)? { Ok(()) } else { self.unexpected(wanted) }
    }

    fn unexpected<T>(&self, expected: &'static str) -> Result<T, Fault> {
        let found = match &self.next.kind {
            TokenKind::End => "the end".to_owned(),
            TokenKind::Sign(sign) => (*sign).to_owned(),
            TokenKind::Word(word) => word.chars().take(40).collect(),
            TokenKind::Number(_) => "a number".to_owned(),
            TokenKind::String(_) => "a string".to_owned(),
            TokenKind::Timestamp(_) => "a timestamp".to_owned(),
            TokenKind::Hex(_) | TokenKind::Binary(_) => "a binary constant".to_owned(),
        };
        Err(Box::new((SyntaxErrorKind::Unexpected { expected, found }, self.next.span)))
    }

    fn count_constant(&mut self) -> Result<(), Fault> {
        self.constants += 1;
        if self.constants > MAX_CONSTANTS {
            return Err(Box::new((SyntaxErrorKind::TooMany, self.next.span)));
        }
        Ok(())
    }

    /// Reads the inside of parentheses and the closing one.
    fn nested<T>(&mut self, inside: fn(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Box::new((SyntaxErrorKind::TooDeep, self.next.span)));
        }
        self.depth += 1;
        let value = inside(self)?;
        self.depth -= 1;
        self.expect(")")?;
        Ok(value)
    }

    fn followed_by(&mut self) -> Result<Observation, Fault> {
        let join = |operands| Observation::Joined(ObservationOp::FollowedBy, operands);
        self.joined("FOLLOWEDBY", Self::either, join)
    }

    fn either(&mut self) -> Result<Observation, Fault> {
        let join = |operands| Observation::Joined(ObservationOp::Or, operands);
        self.joined("OR", Self::both, join)
    }

    fn both(&mut self) -> Result<Observation, Fault> {
        let join = |operands| Observation::Joined(ObservationOp::And, operands);
        self.joined("AND", Self::qualified, join)
    }

    /// One operand, or several separated by `word`.
    fn joined<T>(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> Result<T, Fault>,
        join: fn(Vec<T>) -> T,
    ) -> Result<T, Fault> {
        let first = operand(self)?;
        if !self.accept(word)? {
            return Ok(first);
        }
        let mut operands = vec![first, operand(self)?];
        while self.accept(word)? {
            operands.push(operand(self)?);
        }
        Ok(join(operands))
    }

    fn qualified(&mut self) -> Result<Observation, Fault> {
        let inner = if self.accept("[")? {
            let comparison = self.comparison()?;
            if !self.accept("]")? {
                return self.unexpected("AND, OR or ]");
            }
            Observation::Single(comparison)
        } else if self.accept("(")? {
            self.nested(Self::followed_by)?
        } else {
            return self.unexpected("[ or (");
        };
        let mut qualifiers = Vec::new();
        while let Some(qualifier) = self.qualifier()? {
            self.count_constant()?;
            qualifiers.push(qualifier);
        }
        Ok(if qualifiers.is_empty() {
            inner
        } else {
            Observation::Qualified(Box::new(inner), qualifiers)
        })
    }

    fn qualifier(&mut self) -> Result<Option<Qualifier>, Fault> {
        let start = self.next.span.start;
        let kind = if self.accept("WITHIN")? {
            let seconds = self.positive("a number of seconds")?;
            self.expect("SECONDS")?;
            QualifierKind::Within(seconds)
        } else if self.accept("REPEATS")? {
            let span = self.next.span;
            let Number::Integer(times) = self.positive("a number of times")? else {
                return Err(Box::new((SyntaxErrorKind::Literal("expected a whole number"), span)));
            };
            self.expect("TIMES")?;
            QualifierKind::Repeats(times.unsigned_abs())
        } else if self.accept("START")? {
            let from = self.timestamp()?;
            self.expect("STOP")?;
            QualifierKind::StartStop { start: from, stop: self.timestamp()? }
        } else {
            return Ok(None);
        };
        Ok(Some(Qualifier { kind, span: Span { start, end: self.end } }))
    }

    /// A number without a minus; zero is left to the checks.
    fn positive(&mut self, expected: &'static str) -> Result<Number, Fault> {
        match self.next.kind {
            TokenKind::Number(Number::Integer(value)) if value < 0 => self.unexpected(expected),
            TokenKind::Number(Number::Float(value)) if value.is_sign_negative() => {
                self.unexpected(expected)
            }
            TokenKind::Number(number) => self.take().map(|_| number),
            _ => self.unexpected(expected),
        }
    }

    fn timestamp(&mut self) -> Result<jiff::Timestamp, Fault> {
        match self.next.kind {
            TokenKind::Timestamp(at) => self.take().map(|_| at),
            _ => self.unexpected("a timestamp such as t'2026-01-31T00:00:00Z'"),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, Fault> {
        self.joined("OR", Self::conjunction, |operands| {
            Comparison::Joined(ComparisonOp::Or, operands)
        })
    }

    fn conjunction(&mut self) -> Result<Comparison, Fault> {
        self.joined("AND", Self::test, |operands| Comparison::Joined(ComparisonOp::And, operands))
    }

    fn test(&mut self) -> Result<Comparison, Fault> {
        if self.accept("(")? {
            return self.nested(Self::comparison);
        }
        self.count_constant()?;
        let start = self.next.span.start;
        let not_exists = self.accept("NOT")?;
        let (path, negated, predicate) = if not_exists {
            self.expect("EXISTS")?;
            (self.path()?, true, Predicate::Exists)
        } else if self.accept("EXISTS")? {
            (self.path()?, false, Predicate::Exists)
        } else {
            (self.path()?, self.accept("NOT")?, self.predicate()?)
        };
        let span = Span { start, end: self.end };
        Ok(Comparison::Test(Test { path, negated, predicate, span }))
    }

    fn predicate(&mut self) -> Result<Predicate, Fault> {
        const EXPECTED: &str = "a comparison operator (=, !=, <, <=, >, >=, IN, LIKE, MATCHES, \
                                ISSUBSET, ISSUPERSET)";
        let word = match self.next.kind {
            TokenKind::Sign(word) | TokenKind::Word(word) => word,
            _ => return self.unexpected(EXPECTED),
        };
        let compare = match word {
            "=" => CompareOp::Equal,
            "!=" => CompareOp::NotEqual,
            "<" => CompareOp::Less,
            "<=" => CompareOp::LessOrEqual,
            ">" => CompareOp::Greater,
            ">=" => CompareOp::GreaterOrEqual,
            "IN" => return self.take().and_then(|_| self.set()).map(Predicate::In),
            "LIKE" => return self.take().and_then(|_| self.string()).map(Predicate::Like),
            "MATCHES" => return self.take().and_then(|_| self.string()).map(Predicate::Matches),
            "ISSUBSET" => return self.take().and_then(|_| self.string()).map(Predicate::IsSubset),
            "ISSUPERSET" => {
                return self.take().and_then(|_| self.string()).map(Predicate::IsSuperset);
            }
            _ => return self.unexpected(EXPECTED),
        };
        self.take()?;
        let ordered = !matches!(compare, CompareOp::Equal | CompareOp::NotEqual);
        if ordered && matches!(self.next.kind, TokenKind::Word("true" | "false")) {
            return self.unexpected("a constant that has an order");
        }
        Ok(Predicate::Compare(compare, self.literal()?))
    }

    fn set(&mut self) -> Result<Vec<Literal>, Fault> {
        self.expect("(")?;
        let mut members = Vec::new();
        if self.accept(")")? {
            return Ok(members);
        }
        loop {
            self.count_constant()?;
            members.push(self.literal()?);
            if self.accept(")")? {
                return Ok(members);
            }
            if !self.accept(",")? {
                return self.unexpected(", or )");
            }
        }
    }

    fn literal(&mut self) -> Result<Literal, Fault> {
        const EXPECTED: &str = "a constant (number, 'string', true, false, t'…', h'…' or b'…')";
        match &self.next.kind {
            TokenKind::Sign(_) | TokenKind::End => return self.unexpected(EXPECTED),
            TokenKind::Word(word) if !matches!(*word, "true" | "false") => {
                return self.unexpected(EXPECTED);
            }
            _ => {}
        }
        Ok(match self.take()? {
            TokenKind::Number(number) => Literal::Number(number),
            TokenKind::String(text) => Literal::String(text),
            TokenKind::Timestamp(at) => Literal::Timestamp(at),
            TokenKind::Hex(bytes) => Literal::Hex(bytes),
            TokenKind::Binary(bytes) => Literal::Binary(bytes),
            TokenKind::Word(word) => Literal::Boolean(word == "true"),
            TokenKind::Sign(_) | TokenKind::End => return self.unexpected(EXPECTED),
        })
    }

    fn string(&mut self) -> Result<String, Fault> {
        match &mut self.next.kind {
            TokenKind::String(text) => {
                let text = std::mem::take(text);
                self.take().map(|_| text)
            }
            _ => self.unexpected("a 'string'"),
        }
    }

    fn path(&mut self) -> Result<ObjectPath, Fault> {
        let start = self.next.span.start;
        let object_type = match self.next.kind {
            TokenKind::Word(word) if !KEYWORDS.contains(&word) => word.to_owned(),
            _ => return self.unexpected("an object path such as file:name"),
        };
        self.take()?;
        self.expect(":")?;
        let mut steps = vec![self.key()?];
        loop {
            if steps.len() > MAX_STEPS {
                return Err(Box::new((SyntaxErrorKind::LongPath, self.next.span)));
            }
            if self.accept(".")? {
                steps.push(self.key()?);
            } else if self.accept("[")? {
                steps.push(self.index()?);
                self.expect("]")?;
            } else {
                return Ok(ObjectPath { object_type, steps, span: Span { start, end: self.end } });
            }
        }
    }

    fn key(&mut self) -> Result<Step, Fault> {
        match self.next.kind {
            TokenKind::Word(word) if is_plain_key(word) => {
                self.take().map(|_| Step::Key(word.to_owned()))
            }
            TokenKind::Word(_) => {
                self.unexpected("a property name (in quotes if it has a hyphen or is a keyword)")
            }
            TokenKind::String(_) => self.string().map(Step::Key),
            _ => self.unexpected("a property name"),
        }
    }

    fn index(&mut self) -> Result<Step, Fault> {
        const EXPECTED: &str = "a list index (0 or more) or *";
        if self.accept("*")? {
            return Ok(Step::Any);
        }
        match self.next.kind {
            TokenKind::Number(Number::Integer(index)) => match u32::try_from(index) {
                Ok(index) => self.take().map(|_| Step::Index(index)),
                Err(_) => self.unexpected(EXPECTED),
            },
            _ => self.unexpected(EXPECTED),
        }
    }
}
