//! A form with a file (RFC 7578): its fields, and its files as octets.

use std::sync::Arc;

/// A file that a form sent.
#[derive(Clone, Debug)]
pub struct File {
    /// What is in it.
    pub octets: Arc<[u8]>,
}

/// What one part of a form is.
#[derive(Clone, Debug)]
pub enum Part {
    /// A field.
    Field(String, String),
    /// A file, by the name of its field.
    File(String, File),
}

/// Parts of a form at most.
const PARTS: usize = 200;

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

/// Reads the parts; what is after the last that can be read is left out.
#[must_use]
pub fn read(body: &[u8], boundary: &str) -> Vec<Part> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let Some(mut rest) = body.strip_prefix(delimiter.get(2..).unwrap_or_default()) else {
        return parts;
    };
    while parts.len() < PARTS {
        let Some(inner) = rest.strip_prefix(b"\r\n") else { break };
        let Some(end) = find(inner, &delimiter) else { break };
        let (part, after) = inner.split_at(end);
        parts.extend(part_of(part));
        rest = after.get(delimiter.len()..).unwrap_or_default();
    }
    parts
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
        Some(_) => Part::File(name, File { octets: content.into() }),
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

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|it| it == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_read_as_browsers_write_them() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"seal\"\r\n\r\nabc\r\n--x\r\n\
            Content-Disposition: form-data; name=\"message\"; filename=\"a%22b.eml\"\r\n\
            Content-Type: message/rfc822\r\n\r\nFrom: a\r\n\r\n--not\r\n--x--\r\n";
        let media = "multipart/form-data; boundary=x";
        let parts = read(body, boundary(media).unwrap());
        assert!(matches!(&parts[0], Part::Field(name, text) if name == "seal" && text == "abc"));
        let Part::File(name, file) = &parts[1] else { panic!("no file") };
        assert_eq!(name, "message");
        assert_eq!(&*file.octets, b"From: a\r\n\r\n--not");
        assert_eq!(parts.len(), 2);
    }

    #[test]
    fn what_is_cut_off_is_left_out() {
        for body in
            [&b""[..], b"--x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb"]
        {
            assert!(read(body, "x").is_empty());
        }
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary("text/plain; boundary=x"), None);
    }
}
