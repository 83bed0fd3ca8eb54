//! One test of the values of one name.

use std::borrow::Cow;
use std::net::IpAddr;

use regex::Regex;

use super::wildcard::Where;
use crate::event::fold::folded;
use crate::event::{Event, Name, Value};

/// Which values a test looks at, and what it asks of one of them.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) field: Field,
    pub(crate) ask: Ask,
    /// In lower case, what a value must contain to have a chance.
    pub(crate) hint: Option<Box<str>>,
}

/// Which values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    /// Those of this name.
    Named(Name, Box<str>),
    /// Every text and number.
    Everywhere,
}

/// What is asked of a value.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Text, without case: the text is in lower case.
    Text(Where, Box<str>),
    /// Text as written.
    Cased(Where, Box<str>),
    Expression(Box<Regex>),
    /// Any value but null.
    Anything,
    Number(f64),
    Compare(Order, f64),
    Network(IpAddr, u8),
    Boolean(bool),
    /// Null, or no value at all.
    Null,
    /// A value, even null.
    Exists,
    /// What another value of the event is.
    Other {
        name: Name,
        place: Where,
        cased: Cased,
    },
    /// A part of a moment.
    Moment(Part, Box<Ask>),
    /// What holds for nothing: a placeholder that stands for nothing.
    Never,
}

/// Whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cased {
    Yes,
    No,
}

/// An order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A part of a moment, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Test {
    /// Whether an event passes.
    pub(crate) fn passes(&self, event: &Event<'_>) -> bool {
        match &self.field {
            Field::Named(name, _) => match &self.ask {
                Ask::Exists => event.has(*name),
                Ask::Null => event.all(*name).all(|it| it == Value::Null),
                ask => event.all(*name).any(|value| ask.holds(value, event)),
            },
            Field::Everywhere => (0..event.len())
                .map(|at| event.value(at))
                .filter(|it| !matches!(it, Value::Null | Value::Boolean(_)))
                .any(|value| self.ask.holds(value, event)),
        }
    }
}

impl Ask {
    /// Whether any value passes, whatever it is.
    pub(crate) fn holds_for_all(&self) -> bool {
        match self {
            Self::Anything | Self::Exists => true,
            Self::Text(place, text) | Self::Cased(place, text) => {
                text.is_empty() && *place != Where::Whole
            }
            Self::Expression(regex) => ["0", "q#~", "\u{7f}"].iter().all(|it| regex.is_match(it)),
            _ => false,
        }
    }

    pub(crate) fn holds(&self, value: Value<'_>, event: &Event<'_>) -> bool {
        match self {
            Self::Text(place, text) => {
                value.text().is_some_and(|it| place.finds(&folded(&it), text))
            }
            Self::Cased(place, text) => value.text().is_some_and(|it| place.finds(&it, text)),
            Self::Expression(regex) => value.text().is_some_and(|it| regex.is_match(&it)),
            Self::Anything => value != Value::Null,
            Self::Number(number) => value.number() == Some(*number),
            Self::Compare(order, number) => {
                value.number().is_some_and(|it| order.holds(it, *number))
            }
            Self::Network(address, bits) => value.text().is_some_and(|it| {
                it.trim().parse().is_ok_and(|seen| contains((*address, *bits), seen))
            }),
            Self::Boolean(wanted) => boolean(value) == Some(*wanted),
            Self::Null => value == Value::Null,
            Self::Exists => true,
            Self::Other { name, place, cased } => {
                let (Some(seen), Some(other)) = (value.text(), event.text(*name)) else {
                    return false;
                };
                match cased {
                    Cased::Yes => place.finds(&seen, &other),
                    Cased::No => place.finds(&folded(&seen), &folded(&other)),
                }
            }
            Self::Moment(part, ask) => {
                value.text().and_then(|it| part.of(&it)).is_some_and(|part| {
                    let text = part.to_string();
                    ask.holds(Value::Number(&text), event)
                })
            }
            Self::Never => false,
        }
    }
}

impl Where {
    pub(crate) fn finds(self, seen: &str, text: &str) -> bool {
        match self {
            Self::Whole => seen == text,
            Self::Anywhere => memchr::memmem::find(seen.as_bytes(), text.as_bytes()).is_some(),
            Self::Start => seen.starts_with(text),
            Self::End => seen.ends_with(text),
        }
    }
}

impl Order {
    fn holds(self, seen: f64, number: f64) -> bool {
        match self {
            Self::Less => seen < number,
            Self::LessOrEqual => seen <= number,
            Self::Greater => seen > number,
            Self::GreaterOrEqual => seen >= number,
        }
    }
}

impl Part {
    fn of(self, text: &str) -> Option<i64> {
        let at = crate::event::moment::read(text)?;
        let at = jiff::Timestamp::from_microsecond(at).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        Some(match self {
            Self::Minute => i64::from(at.minute()),
            Self::Hour => i64::from(at.hour()),
            Self::Day => i64::from(at.day()),
            Self::Week => i64::from(at.date().iso_week_date().week()),
            Self::Month => i64::from(at.month()),
            Self::Year => i64::from(at.year()),
        })
    }
}

fn boolean(value: Value<'_>) -> Option<bool> {
    if let Value::Boolean(it) = value {
        return Some(it);
    }
    let text: Cow<'_, str> = value.text()?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn contains((network, bits): (IpAddr, u8), seen: IpAddr) -> bool {
    let wide = |address| match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    };
    let seen = seen.to_canonical();
    network.is_ipv4() == seen.is_ipv4()
        && (wide(network) ^ wide(seen)).checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
}
