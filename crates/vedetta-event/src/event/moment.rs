//! When an event happened, in microseconds since 1970, UTC.

use super::{Event, Name, Value};

/// Where formats write the moment, the best first.
const MOMENTS: [Name; 18] = [
    Name::of("@timestamp"),
    Name::of("timestamp"),
    Name::of("UtcTime"),
    Name::of("TimeCreated.#attributes.SystemTime"),
    Name::of("TimeCreated"),
    Name::of("SystemTime"),
    Name::of("EventTime"),
    Name::of("ts"),
    Name::of("__REALTIME_TIMESTAMP"),
    Name::of("time"),
    Name::of("eventTime"),
    Name::of("CreationTime"),
    Name::of("DetectTime"),
    Name::of("EventReceivedTime"),
    Name::of("published"),
    Name::of("rt"),
    Name::of("devTime"),
    Name::of("date"),
];

/// When it happened, as far as it says so.
#[must_use]
pub fn of(event: &Event<'_>) -> Option<i64> {
    MOMENTS.iter().find_map(|name| event.get(*name).and_then(of_value))
}

fn of_value(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Text(text) => read(text),
        Value::Number(text) => number(text),
        Value::Escaped(_) => read(&value.text()?),
        _ => None,
    }
}

/// Reads a moment: RFC 3339 with or without zone or `T`, in words (`Oct 19 2026 10:00:00`), or a number
/// of seconds, milliseconds, microseconds or nanoseconds since 1970.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.as_bytes().get(4) == Some(&b'-') {
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(at.as_microsecond());
        }
        if let Ok(at) = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text) {
            return Some(at.as_microsecond());
        }
        let local: jiff::civil::DateTime = text.trim_end_matches(" UTC").parse().ok()?;
        return Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond());
    }
    if text.starts_with(|c: char| c.is_ascii_uppercase()) {
        return crate::decode::with_year(text).map(jiff::Timestamp::as_microsecond);
    }
    number(text)
}

fn number(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().ok().filter(|it| *it > 0)?;
    match whole.len() {
        ..=10 => {
            let part: i64 = format!("{part:0<6.6}").parse().ok()?;
            number.checked_mul(1_000_000)?.checked_add(part)
        }
        11..=13 => number.checked_mul(1_000),
        14..=16 => Some(number),
        _ => Some(number / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn as_they_are_written() {
        let at = 1_767_225_600_500_000;
        for text in [
            "2026-01-01T00:00:00.5Z",
            "2026-01-01T01:00:00.5+01:00",
            "2026-01-01T01:00:00.500000+0100",
            "2026-01-01 00:00:00.500",
            "2026-01-01 00:00:00.5 UTC",
            "Jan 01 2026 00:00:00.5 UTC",
            "1767225600.5",
            "1767225600500",
            "1767225600500000",
            "1767225600500000000",
        ] {
            assert_eq!(read(text), Some(at), "{text}");
        }
        for text in [
            "",
            "-",
            "yesterday",
            "Jan 01 00:00:00",
            "2026-13-01T00:00:00Z",
            "-5",
            "9".repeat(40).as_str(),
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
