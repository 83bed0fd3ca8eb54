//! Lines of every kind become events, a file each kind.
//!
//! A line is bounded in length, depth and number of values. What cannot be read is a [`Fault`] with
//! a name, to be counted; nothing stalls and nothing is dropped in silence.

mod audit;
mod cef;
mod dns;
pub mod journal;
mod json;
mod leef;
mod local;
mod login;
mod pairs;
mod syslog;
mod table;
mod web;

use std::collections::BTreeMap;

use vedetta_model::Instant;

use crate::event::{Event, Tape};

pub use self::local::Local;
pub(crate) use self::local::with_year;
pub use self::table::Header;

/// Longest line that is read, in bytes.
pub const LONGEST: usize = 1 << 20;
/// Deepest nesting that is read.
pub const DEEPEST: usize = 64;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Told by each line: JSON when it begins with a brace, and so on.
    #[default]
    Any,
    /// A JSON object a line: Suricata EVE, Zeek, ECS, OCSF, IDEA, the journal, Windows and cloud
    /// events.
    Json,
    /// Syslog (RFC 5424, RFC 3164), whatever its message is.
    Syslog,
    /// Common Event Format, with or without a head of syslog.
    Cef,
    /// Log Event Extended Format 1.0 and 2.0, with or without a head of syslog.
    Leef,
    /// The audit log of Linux.
    Audit,
    /// Web servers: common and combined log format.
    Web,
    /// The native log of Squid.
    Squid,
    /// Queries as BIND, dnsmasq and Unbound log them.
    Dns,
    /// A table with commas, the names of the columns in its first line.
    Csv,
    /// A table with its own header: W3C extended (IIS), Zeek.
    Table,
    /// The journal of systemd, in its export format: a record a call.
    Journal,
}

/// Why a line gave no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// Longer than [`LONGEST`].
    #[error("longer than 1 MiB")]
    TooLong,
    /// Nested deeper than [`DEEPEST`].
    #[error("nested deeper than 64")]
    TooDeep,
    /// Not JSON.
    #[error("not a JSON object")]
    Json,
    /// Not what its format asks for.
    #[error("not in the form of {0}")]
    Form(&'static str),
    /// A table without its header.
    #[error("a row before the header that names its columns")]
    NoHeader,
    /// Of no kind that is known.
    #[error("a line of no known kind")]
    Unknown,
}

/// Reads lines, one after the other.
#[derive(Debug, Default)]
pub struct Decoder {
    format: Format,
    /// For tables: what a column is to be called.
    columns: BTreeMap<String, String>,
    /// The clock of lines that do not say the year or the zone.
    local: Option<Local>,
    senders: Senders,
    header: Header,
    tape: Tape,
    mended: String,
    /// Lines that were not UTF-8 and were read with U+FFFD in their place.
    pub not_utf8: u64,
    /// Values for which there was no room.
    pub left_out: u64,
}

/// Who writes what is read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Senders {
    #[default]
    One,
    Many,
}

impl Fault {
    /// A word to count it under.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::TooDeep => "too-deep",
            Self::Json => "not-json",
            Self::Form(_) => "wrong-form",
            Self::NoHeader => "no-header",
            Self::Unknown => "unknown-kind",
        }
    }
}

impl Format {
    /// Every format and its name.
    pub const ALL: [(&'static str, Self); 12] = [
        ("any", Self::Any),
        ("json", Self::Json),
        ("syslog", Self::Syslog),
        ("cef", Self::Cef),
        ("leef", Self::Leef),
        ("audit", Self::Audit),
        ("web", Self::Web),
        ("squid", Self::Squid),
        ("dns", Self::Dns),
        ("csv", Self::Csv),
        ("table", Self::Table),
        ("journal", Self::Journal),
    ];

    /// The format of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(it, _)| *it == name).map(|(_, format)| *format)
    }

    /// The format that a line seems to be in.
    fn of(line: &str) -> Self {
        let start = line.trim_ascii_start();
        match start.as_bytes().first() {
            Some(b'{') => Self::Json,
            Some(b'<') => Self::Syslog,
            Some(b'#') => Self::Table,
            _ if start.starts_with("CEF:") => Self::Cef,
            _ if start.starts_with("LEEF:") => Self::Leef,
            _ if start.starts_with("type=") => Self::Audit,
            _ if start.starts_with("__CURSOR=") => Self::Journal,
            _ if web::seems(start) => Self::Web,
            _ if web::seems_squid(start) => Self::Squid,
            _ if dns::seems(start) => Self::Dns,
            _ => Self::Syslog,
        }
    }
}

impl Decoder {
    /// A reader of one format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, ..Self::default() }
    }

    /// A reader of tables whose columns are to be called otherwise: column, name.
    #[must_use]
    pub fn with_columns(format: Format, columns: BTreeMap<String, String>) -> Self {
        Self { format, columns, ..Self::default() }
    }

    /// Lines that do not say their year or zone are read by this clock.
    #[must_use]
    pub fn with_local(mut self, local: Local) -> Self {
        self.local = Some(local);
        self
    }

    /// The header of a table whose rows were read before.
    #[must_use]
    pub fn with_header(mut self, header: Header) -> Self {
        self.header = header;
        self
    }

    /// Forgets the header: what is read now is another table.
    pub fn forget_header(&mut self) {
        self.header = Header::default();
    }

    /// The header of a table that was read in part before, as its file begins; that of W3C extended and
    /// Zeek is of several lines.
    pub fn take_header(&mut self, beginning: &[u8]) {
        for line in lines(beginning) {
            let is_header = match self.format {
                Format::Csv => self.header().is_none(),
                Format::Any | Format::Table => line.starts_with(b"#"),
                _ => false,
            };
            if !is_header {
                return;
            }
            // What is wrong with it was counted when it was read.
            let (not_utf8, left_out) = (self.not_utf8, self.left_out);
            let _header = self.read(line);
            (self.not_utf8, self.left_out) = (not_utf8, left_out);
        }
    }

    /// The header of the table that is read, if a line said one.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        (self.header != Header::default()).then_some(&self.header)
    }

    /// Its lines are of many senders: none of them names the columns of the others' lines, unless the
    /// format says that all of them are tables.
    #[must_use]
    pub fn for_many(mut self) -> Self {
        self.senders = Senders::Many;
        self
    }

    /// Time has passed.
    pub fn at(&mut self, now: Instant) {
        if let Some(local) = &mut self.local {
            local.at(now);
        }
    }

    /// How a line is to be read.
    fn format_of(&self, line: &str) -> Format {
        if self.format != Format::Any {
            return self.format;
        }
        if self.senders == Senders::One && self.header.is_of(line) {
            return Format::Table;
        }
        Format::of(line)
    }

    /// Reads a line. Nothing for a line without anything, and for headers of tables.
    ///
    /// # Errors
    /// [`Fault`] when it cannot be read.
    pub fn read<'r>(&'r mut self, line: &'r [u8]) -> Result<Option<Event<'r>>, Fault> {
        if line.len() > LONGEST {
            return Err(Fault::TooLong);
        }
        let line = match std::str::from_utf8(line) {
            Ok(line) => line,
            Err(_) => {
                self.not_utf8 += 1;
                self.mended.clear();
                self.mended.push_str(&String::from_utf8_lossy(line));
                &self.mended
            }
        };
        let line = line.trim_ascii_end();
        if line.trim_ascii_start().is_empty() {
            return Ok(None);
        }
        self.tape.clear();
        let format = self.format_of(line);
        let (tape, local) = (&mut self.tape, self.local.as_ref());
        match format {
            Format::Json | Format::Any => {
                json::read(line, 0, tape)?;
                journal::message(line, local, tape);
            }
            Format::Syslog => syslog::read(line, local, tape)?,
            Format::Cef => cef::read(line, local, tape)?,
            Format::Leef => leef::read(line, local, tape)?,
            Format::Audit => audit::read(line, tape)?,
            Format::Web => web::read(line, tape)?,
            Format::Squid => web::read_squid(line, tape)?,
            Format::Dns => dns::read(line, tape)?,
            Format::Journal => {
                journal::read(line, tape)?;
                journal::message(line, local, tape);
            }
            Format::Csv => {
                if !self.header.read_csv(line, &self.columns, tape)? {
                    return Ok(None);
                }
            }
            // Whoever sends it, it would be everybody's header.
            Format::Table if self.format == Format::Any && self.senders == Senders::Many => {
                return Err(Fault::NoHeader);
            }
            Format::Table => {
                if !self.header.read(line, &self.columns, tape)? {
                    return Ok(None);
                }
            }
        }
        self.left_out += self.tape.left_out() as u64;
        Ok(Some(self.tape.event(line)))
    }
}

/// The lines of a text, whatever ends them.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..at).unwrap_or_default();
        rest = rest.get(at + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

#[cfg(test)]
mod tests;
