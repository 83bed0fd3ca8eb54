//! The STIX 2.1 pattern language (STIX 2.1, section 9): read, check, print, reduce to simple
//! indicator terms, and evaluate against observed data.
//!
//! [`parse`] accepts the grammar and nothing else, within fixed bounds ([`MAX_BYTES`],
//! [`MAX_DEPTH`], [`MAX_CONSTANTS`]). What the grammar allows but the specification forbids is
//! reported by [`check`]. Printing a [`Pattern`] gives its canonical text, which parses back to
//! an equal tree (unless its spaces take it past [`MAX_BYTES`]).

mod check;
mod error;
pub mod evaluate;
mod lexer;
mod parser;
mod print;
mod term;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use check::{Problem, ProblemKind, check};
pub use error::{SyntaxError, SyntaxErrorKind};
pub use evaluate::{EvaluateError, Matcher, Observed, evaluate};
pub use parser::parse;
pub use term::{HashAlgorithm, Position, Role, Term, TermKind, TlsFingerprint, terms, values};

/// Longest accepted pattern text, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deepest accepted nesting of parentheses.
pub const MAX_DEPTH: usize = 64;
/// Most comparisons and members of sets accepted in one pattern.
pub const MAX_CONSTANTS: usize = 20_000;
/// Most steps accepted in one object path.
pub const MAX_STEPS: usize = 64;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The outermost observation expression.
    pub root: Observation,
}

/// Where something was written: a range of bytes in the text.
///
/// All spans are equal, so that two trees are equal when they say the same, wherever written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// An observation expression (9.4 to 9.5).
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// `[ … ]`: one observation with an object that satisfies the comparison.
    Single(Comparison),
    /// Two or more observation expressions joined by the same operator.
    Joined(ObservationOp, Vec<Observation>),
    /// An observation expression under one or more qualifiers, innermost first.
    Qualified(Box<Observation>, Vec<Qualifier>),
}

/// An operator between observation expressions, loosest binding last (9.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObservationOp {
    /// Both, on different observations.
    And,
    /// Either.
    Or,
    /// The right side on observations not before those of the left side.
    FollowedBy,
}

/// A qualifier with its place in the text (9.4.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Qualifier {
    /// What it demands.
    pub kind: QualifierKind,
    /// Where it was written.
    pub span: Span,
}

/// What a qualifier demands of the observations of its expression.
#[derive(Debug, Clone, PartialEq)]
pub enum QualifierKind {
    /// All in the interval from `start` (included) to `stop` (excluded).
    StartStop {
        /// First instant.
        start: Timestamp,
        /// First instant after.
        stop: Timestamp,
    },
    /// All within so many seconds of each other.
    Within(Number),
    /// So many disjoint matches.
    Repeats(u64),
}

/// A number as the pattern wrote it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Without a decimal point.
    Integer(i64),
    /// With a decimal point; always finite.
    Float(f64),
}

/// A comparison expression (9.6).
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// One test of one property.
    Test(Test),
    /// Two or more comparisons joined by the same operator.
    Joined(ComparisonOp, Vec<Comparison>),
}

/// An operator between comparison expressions; `AND` binds tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonOp {
    /// Both, of the same object.
    And,
    /// Either.
    Or,
}

/// A test of the values which an object path selects.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// Selects the values.
    pub path: ObjectPath,
    /// Whether `NOT` precedes the operator (or `EXISTS`).
    pub negated: bool,
    /// What a selected value must satisfy.
    pub predicate: Predicate,
    /// Where the test was written.
    pub span: Span,
}

/// The operator and operand of a test (9.6.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`.
    Compare(CompareOp, Literal),
    /// `IN (…)`.
    In(Vec<Literal>),
    /// `LIKE`: `%` stands for any run of characters, `_` for one.
    Like(String),
    /// `MATCHES`: a regular expression, found anywhere in the value.
    Matches(String),
    /// `ISSUBSET`: the value lies in this network.
    IsSubset(String),
    /// `ISSUPERSET`: the value contains this network or address.
    IsSuperset(String),
    /// `EXISTS`: the path selects something.
    Exists,
}

/// A comparison with one constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A constant (9.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `5` or `-0.5`.
    Number(Number),
    /// `'text'`.
    String(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `t'2026-01-01T00:00:00Z'`.
    Timestamp(Timestamp),
    /// `h'c0ffee'`.
    Hex(Vec<u8>),
    /// `b'…'`, base64.
    Binary(Vec<u8>),
}

/// An object path (9.7): `type:key.key[*].'quoted key'`.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectPath {
    /// The type of the object where the path begins.
    pub object_type: String,
    /// The steps from there; the first is always a key.
    pub steps: Vec<Step>,
    /// Where the path was written.
    pub span: Span,
}

/// One step of an object path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a property; follows the reference first when the value at hand is one.
    Key(String),
    /// To one element of a list, from 0.
    Index(u32),
    /// To every element of a list.
    Any,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Span {
    /// Line and column of the start, both from 1, the column in characters.
    #[must_use]
    pub fn locate(self, text: &str) -> (usize, usize) {
        let start = text.floor_char_boundary(self.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl std::str::FromStr for Pattern {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        parse(text)
    }
}

impl Number {
    /// The nearest floating-point value.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl Pattern {
    /// Calls `visit` with each test, in the order written.
    pub fn for_each_test<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        self.root.for_each_test(visit);
    }
}

impl Observation {
    fn for_each_test<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        match self {
            Self::Single(comparison) => comparison.for_each_test(visit),
            Self::Joined(_, operands) => operands.iter().for_each(|o| o.for_each_test(visit)),
            Self::Qualified(inner, _) => inner.for_each_test(visit),
        }
    }
}

impl Comparison {
    fn for_each_test<'a>(&'a self, visit: &mut dyn FnMut(&'a Test)) {
        match self {
            Self::Test(test) => visit(test),
            Self::Joined(_, operands) => operands.iter().for_each(|c| c.for_each_test(visit)),
        }
    }
}
