//! The canonical text of a pattern: one space between words, no superfluous parentheses, `=` and
//! `!=`, keys quoted only when they must be.

use std::fmt::{self, Display, Formatter, Write as _};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;

use super::parser::is_plain_key;
use super::{
    CompareOp, Comparison, ComparisonOp, Literal, Number, ObjectPath, Observation, ObservationOp,
    Pattern, Predicate, Qualifier, QualifierKind, Step, Test,
};

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Display for Observation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(comparison) => write!(f, "[{comparison}]"),
            Self::Joined(op, operands) => {
                join(f, operands, op, |o| o.looseness() >= op.looseness())
            }
            Self::Qualified(inner, qualifiers) => {
                parenthesised(f, inner.as_ref(), |o| !matches!(o, Self::Single(_)))?;
                qualifiers.iter().try_for_each(|q| write!(f, " {q}"))
            }
        }
    }
}

impl Observation {
    /// 0 for what never needs parentheses in an operand.
    fn looseness(&self) -> u8 {
        match self {
            Self::Joined(op, _) => op.looseness(),
            Self::Single(_) | Self::Qualified(..) => 0,
        }
    }
}

impl ObservationOp {
    fn looseness(self) -> u8 {
        match self {
            Self::And => 1,
            Self::Or => 2,
            Self::FollowedBy => 3,
        }
    }
}

impl Display for ObservationOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::FollowedBy => "FOLLOWEDBY",
        })
    }
}

impl Display for Qualifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            QualifierKind::StartStop { start, stop } => {
                write!(f, "START t'{start}' STOP t'{stop}'")
            }
            QualifierKind::Within(seconds) => write!(f, "WITHIN {seconds} SECONDS"),
            QualifierKind::Repeats(times) => write!(f, "REPEATS {times} TIMES"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => test.fmt(f),
            Self::Joined(op @ ComparisonOp::And, operands) => {
                join(f, operands, op, |c| matches!(c, Self::Joined(..)))
            }
            Self::Joined(op @ ComparisonOp::Or, operands) => {
                join(f, operands, op, |c| matches!(c, Self::Joined(ComparisonOp::Or, _)))
            }
        }
    }
}

impl Display for ComparisonOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::And => "AND",
            Self::Or => "OR",
        })
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (path, not) = (&self.path, if self.negated { "NOT " } else { "" });
        match &self.predicate {
            Predicate::Exists => write!(f, "{not}EXISTS {path}"),
            Predicate::Compare(op, literal) => write!(f, "{path} {not}{op} {literal}"),
            Predicate::In(members) => {
                write!(f, "{path} {not}IN (")?;
                for (nth, member) in members.iter().enumerate() {
                    write!(f, "{}{member}", if nth == 0 { "" } else { ", " })?;
                }
                f.write_char(')')
            }
            Predicate::Like(text) => write!(f, "{path} {not}LIKE {}", Quoted(text)),
            Predicate::Matches(text) => write!(f, "{path} {not}MATCHES {}", Quoted(text)),
            Predicate::IsSubset(text) => write!(f, "{path} {not}ISSUBSET {}", Quoted(text)),
            Predicate::IsSuperset(text) => write!(f, "{path} {not}ISSUPERSET {}", Quoted(text)),
        }
    }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for ObjectPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.object_type)?;
        for (nth, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    f.write_str(if nth == 0 { "" } else { "." })?;
                    if is_plain_key(key) { f.write_str(key)? } else { Quoted(key).fmt(f)? }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::String(text) => Quoted(text).fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Timestamp(at) => write!(f, "t'{at}'"),
            Self::Hex(bytes) => {
                f.write_str("h'")?;
                bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))?;
                f.write_char('\'')
            }
            Self::Binary(bytes) => write!(f, "b'{}'", Base64Display::new(bytes, &STANDARD)),
        }
    }
}

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(value) => value.fmt(f),
            // Display never uses an exponent, which the grammar has not.
            Self::Float(value) if value.fract() == 0.0 => write!(f, "{value}.0"),
            Self::Float(value) => value.fmt(f),
        }
    }
}

/// A string constant, quoted and escaped.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        for part in self.0.split_inclusive(['\'', '\\']) {
            match part.chars().next_back() {
                Some(last @ ('\'' | '\\')) => write!(f, "{}\\{last}", &part[..part.len() - 1])?,
                _ => f.write_str(part)?,
            }
        }
        f.write_char('\'')
    }
}

fn join<T: Display>(
    f: &mut Formatter<'_>,
    operands: &[T],
    op: &dyn Display,
    needs_parentheses: impl Fn(&T) -> bool,
) -> fmt::Result {
    for (nth, operand) in operands.iter().enumerate() {
        if nth > 0 {
            write!(f, " {op} ")?;
        }
        parenthesised(f, operand, &needs_parentheses)?;
    }
    Ok(())
}

fn parenthesised<T: Display>(
    f: &mut Formatter<'_>,
    operand: &T,
    needed: impl Fn(&T) -> bool,
) -> fmt::Result {
    if needed(operand) { write!(f, "({operand})") } else { operand.fmt(f) }
}
