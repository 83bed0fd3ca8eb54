//! What was wrong with a pattern's text, and where.

use std::fmt;

use super::{MAX_BYTES, MAX_CONSTANTS, MAX_DEPTH, MAX_STEPS, Span};

/// Characters of the line shown on each side of the fault.
const CONTEXT: usize = 40;

/// Why a text is not a pattern.
///
/// Displayed on one line; with `{:#}` an excerpt with a caret follows on two more lines.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntaxError {
    /// What was wrong.
    pub kind: SyntaxErrorKind,
    /// Where, in bytes.
    pub span: Span,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    excerpt: String,
}

/// What was wrong with the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxErrorKind {
    /// Something else had to come here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could have come.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// A constant is not well formed.
    #[error("{0}")]
    Literal(&'static str),
    /// A character that has no place in a pattern.
    #[error("the character {0:?} has no meaning here")]
    Character(char),
    /// Longer than [`MAX_BYTES`].
    #[error("the pattern is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("parentheses are nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// More comparisons and set members than [`MAX_CONSTANTS`].
    #[error("the pattern has more than {MAX_CONSTANTS} comparisons and members of sets")]
    TooMany,
    /// A path longer than [`MAX_STEPS`].
    #[error("the object path has more than {MAX_STEPS} steps")]
    LongPath,
}

/// A fault before its line and column are worked out; boxed, since it is rare.
pub(super) type Fault = Box<(SyntaxErrorKind, Span)>;

impl SyntaxError {
    pub(super) fn new((kind, span): (SyntaxErrorKind, Span), text: &str) -> Self {
        let (line, column) = span.locate(text);
        Self { kind, span, line, column, excerpt: excerpt(text, span) }
    }

    /// The line at fault (cut when long) and, below it, carets under the fault.
    #[must_use]
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)?;
        if f.alternate() { write!(f, "\n{}", self.excerpt) } else { Ok(()) }
    }
}

impl std::error::Error for SyntaxError {}

fn excerpt(text: &str, span: Span) -> String {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let head: Vec<char> =
        text[..start].chars().rev().take_while(|c| *c != '\n').take(CONTEXT).collect();
    let fault = text[start..end].chars().take_while(|c| *c != '\n').take(CONTEXT).count();
    let tail = text[start..].chars().take_while(|c| *c != '\n').take(fault + CONTEXT);
    let line: String = head.iter().rev().copied().chain(tail).map(printable).collect();
    format!("  {line}\n  {}{}", " ".repeat(head.len()), "^".repeat(fault.max(1)))
}
