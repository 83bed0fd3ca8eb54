//! A form with a file (RFC 7578): its fields, and its files as octets; all of it, or none.

use std::fmt;
use std::sync::Arc;

use memchr::memmem::find;

/// A file that a form sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// What its sender calls it: hostile until somebody made it harmless.
    pub name: Arc<str>,
    /// What is in it.
    pub octets: Arc<[u8]>,
}

/// What one part of a form is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// A field.
    Field(String, String),
    /// A file, by the name of its field.
    File(String, File),
}

/// Which part of a form cannot be read, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Its number, from one.
    pub part: usize,
    /// Its name, when that could be read.
    pub name: Option<String>,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong with a part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// The boundary, or the end of its line, is not before it.
    Unopened,
    /// No boundary is after it.
    CutShort,
    /// It does not say its name.
    Nameless,
    /// There are too many before it.
    TooMany,
}

/// Parts of a form at most.
pub const PARTS: usize = 200;

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, name) = (self.part, self.shown_name());
        let wrong = match self.wrong {
            Wrong::Unopened => "does not begin after a boundary; send the whole form again",
            Wrong::CutShort => "is cut short; send the whole form again",
            Wrong::Nameless => "has no name; say it in quotes in its Content-Disposition",
            Wrong::TooMany => {
                return write!(
                    to,
                    "part {number} of the form{name} is over {PARTS}; send fewer parts"
                );
            }
        };
        write!(to, "part {number} of the form{name} {wrong}")
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// The same in Italian.
    #[must_use]
    pub fn italian(&self) -> String {
        let wrong = match self.wrong {
            Wrong::Unopened => "non comincia dopo un confine: rimanda il modulo per intero".into(),
            Wrong::CutShort => "è interrotta: rimanda il modulo per intero".into(),
            Wrong::Nameless => "non ha nome: dillo tra virgolette nel Content-Disposition".into(),
            Wrong::TooMany => format!("è oltre le {PARTS}: mandane meno"),
        };
        format!("la parte {} del modulo{} {wrong}", self.part, self.shown_name())
    }

    fn shown_name(&self) -> String {
        self.name.as_ref().map(|name| format!(" ({name:?})")).unwrap_or_default()
    }
}

/// What separates the parts, as the media type says.
#[must_use]
pub fn boundary(media: &str) -> Option<&str> {
    let (kind, rest) = media.split_once(';')?;
    kind.trim().eq_ignore_ascii_case("multipart/form-data").then_some(())?;
    let mut parameters = rest.split(';').filter_map(|it| it.trim().split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    let value = value.trim_matches('"');
    (!value.is_empty() && value.len() <= 70).then_some(value)
}

/// Reads every part.
///
/// # Errors
/// [`Fault`] of the first that cannot be read.
pub fn read(body: &[u8], boundary: &str) -> Result<Vec<Part>, Fault> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let unopened = |part| Fault { part, name: None, wrong: Wrong::Unopened };
    let opened = body.strip_prefix(delimiter.get(2..).unwrap_or_default());
    let mut rest = opened.ok_or_else(|| unopened(1))?;
    // What follows the last part is looked through once, however many there are.
    while !rest.starts_with(b"--") || rest.trim_ascii_end() != b"--" {
        let number = parts.len() + 1;
        let inner = rest.strip_prefix(b"\r\n").ok_or_else(|| unopened(number))?;
        let end = find(inner, &delimiter);
        let (part, after) = inner.split_at(end.unwrap_or(inner.len()));
        let part = part_of(part);
        let wrong = match &part {
            _ if end.is_none() => Wrong::CutShort,
            None => Wrong::Nameless,
            Some(_) if number > PARTS => Wrong::TooMany,
            Some(_) => {
                parts.extend(part);
                rest = after.get(delimiter.len()..).unwrap_or_default();
                continue;
            }
        };
        return Err(Fault { part: number, name: part.map(Part::into_name), wrong });
    }
    Ok(parts)
}

impl Part {
    fn into_name(self) -> String {
        match self {
            Self::Field(name, _) | Self::File(name, _) => name,
        }
    }
}

fn part_of(part: &[u8]) -> Option<Part> {
    // A part without a header has no name, so it is none.
    let end = find(part, b"\r\n\r\n")?;
    let (head, content) = (part.get(..end)?, part.get(end + 4..)?);
    let head = String::from_utf8_lossy(head);
    let line = head.lines().find(|line| {
        line.get(..20).is_some_and(|start| start.eq_ignore_ascii_case("content-disposition:"))
    })?;
    let name = quoted(line, "name")?;
    Some(match quoted(line, "filename") {
        Some(called) => Part::File(name, File { name: called.into(), octets: content.into() }),
        None => Part::Field(name, String::from_utf8_lossy(content).into_owned()),
    })
}

/// A parameter's value between quotes, as browsers write it.
fn quoted(line: &str, name: &str) -> Option<String> {
    let start = format!("; {name}=\"");
    let (_, rest) = line.split_once(&start)?;
    let (value, _) = rest.split_once('"')?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part as browsers write it, after its boundary `x`.
    fn field(name: &str, value: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    #[track_caller]
    fn refused(body: &str, part: usize, name: Option<&str>, wrong: Wrong) {
        let fault = read(body.as_bytes(), "x").unwrap_err();
        assert_eq!(fault, Fault { part, name: name.map(Into::into), wrong }, "{body:?}");
        for said in [fault.to_string(), fault.italian()] {
            assert!(said.contains(&part.to_string()), "{said}");
            assert!(name.is_none_or(|name| said.contains(name)), "{said}");
        }
    }

    #[test]
    fn fields_and_files_are_read_as_browsers_write_them() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"seal\"\r\n\r\nabc\r\n--x\r\n\
            Content-Disposition: form-data; name=\"message\"; filename=\"a%22b.eml\"\r\n\
            Content-Type: message/rfc822\r\n\r\nFrom: a\r\n\r\n--not\r\n--x--\r\n";
        let media = "multipart/form-data; boundary=x";
        let parts = read(body, boundary(media).unwrap()).unwrap();
        assert!(matches!(&parts[0], Part::Field(name, text) if name == "seal" && text == "abc"));
        let Part::File(name, file) = &parts[1] else { panic!("no file") };
        assert_eq!(name, "message");
        assert_eq!(&*file.octets, b"From: a\r\n\r\n--not");
        assert_eq!(parts.len(), 2);
        assert_eq!(read(b"--x--\r\n", "x"), Ok(Vec::new()));
    }

    #[test]
    fn a_form_cut_anywhere_is_refused() {
        let whole = format!("{}{}--x--", field("a", "1"), field("b", "2"));
        assert_eq!(read(whole.as_bytes(), "x").unwrap().len(), 2);
        for end in 0..whole.len() {
            let fault = read(&whole.as_bytes()[..end], "x").unwrap_err();
            assert!([Wrong::Unopened, Wrong::CutShort].contains(&fault.wrong), "{end}: {fault}");
        }
        let b = field("b", "2");
        refused(&format!("{}{b}", field("a", "1")), 2, Some("b"), Wrong::CutShort);
        refused(&whole[..whole.len() - 2], 3, None, Wrong::Unopened);
        refused(&format!("{b}--xy\r\n"), 2, None, Wrong::Unopened);
        refused("", 1, None, Wrong::Unopened);
    }

    #[test]
    fn a_part_that_says_no_name_is_refused() {
        for head in ["", "Content-Type: text/plain\r\n", "Content-Disposition: form-data\r\n"] {
            let body = format!("{}--x\r\n{head}\r\n1\r\n--x--", field("a", "1"));
            refused(&body, 2, None, Wrong::Nameless);
        }
    }

    #[test]
    fn a_part_beyond_the_last_is_refused() {
        let most = field("a", "1").repeat(PARTS);
        assert_eq!(read(format!("{most}--x--").as_bytes(), "x").unwrap().len(), PARTS);
        let more = format!("{most}{}--x--", field("message", "1"));
        refused(&more, PARTS + 1, Some("message"), Wrong::TooMany);
    }

    #[test]
    fn blanks_after_the_end_are_no_part_and_cost_no_part_anything() {
        // Looked through for each part, they would be three thousand million.
        let blanks = " ".repeat(16 << 20);
        let most = field("a", "1").repeat(PARTS);
        assert_eq!(read(format!("{most}--x--{blanks}").as_bytes(), "x").unwrap().len(), PARTS);
        refused(&format!("{most}--x-{blanks}"), PARTS + 1, None, Wrong::Unopened);
        refused(&format!("--x--y\r\n{blanks}"), 1, None, Wrong::Unopened);
    }

    #[test]
    fn a_boundary_is_that_of_a_form() {
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("text/plain; boundary=x"), None);
    }
}
