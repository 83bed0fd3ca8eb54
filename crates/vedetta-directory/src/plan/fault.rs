//! What is wrong with a file: where, what, why, and what to do.

use std::fmt;

use serde::Serialize;

/// Faults that are kept; the others are counted.
const KEPT: usize = 1_000;
/// Characters of a faulty value that are shown.
const SHOWN: usize = 80;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line where the record begins, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The column or key; empty for the record as a whole.
    pub field: String,
    /// What is there, its first 80 characters.
    pub value: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// The faults of a file: the first thousand, and how many more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Faults {
    first: Vec<Fault>,
    more: usize,
}

impl Fault {
    /// A fault of a record as a whole.
    pub(super) fn new(line: u64, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (field, value) = (String::new(), String::new());
        Self { line, field, value, reason: reason.into(), remedy: remedy.into() }
    }

    /// Names the column and what is there.
    pub(super) fn at(mut self, field: &str, value: &str) -> Self {
        self.field = field.into();
        self.value = value.chars().take(SHOWN).collect();
        if value.chars().nth(SHOWN).is_some() {
            self.value.push('…');
        }
        self
    }

    /// From an error of this crate, which says what is wrong and, after a semicolon, what to do.
    pub(super) fn said(line: u64, error: &impl fmt::Display) -> Self {
        let text = error.to_string();
        let (reason, remedy) = text.split_once("; ").unwrap_or((&text, "correct it"));
        Self::new(line, reason, remedy)
    }
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        if self.first.len() < KEPT { self.first.push(fault) } else { self.more += 1 }
    }

    /// Puts them in the order of the file.
    pub(super) fn sort(&mut self) {
        self.first.sort_by_key(|fault| fault.line);
    }

    /// The faults that are kept, in the order of the file.
    #[must_use]
    pub fn first(&self) -> &[Fault] {
        &self.first
    }

    /// How many there are in all.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.first.len() + self.more
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, "{} {:?}: ", self.field, self.value)?;
        }
        write!(f, "{}; {}", self.reason, self.remedy)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.first.iter().enumerate() {
            let newline = if index > 0 { "\n" } else { "" };
            write!(f, "{newline}{fault}")?;
        }
        if self.more > 0 { write!(f, "\nand {} more", self.more) } else { Ok(()) }
    }
}

impl std::error::Error for Faults {}
