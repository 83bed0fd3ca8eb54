//! The body of a stream: chunked transfer coding (RFC 9112, section 7.1) around server-sent events.

use memchr::memchr;

/// Reads chunks, finds lines, tells events.
#[derive(Default)]
pub(crate) struct Chunks {
    state: State,
    size: Vec<u8>,
    line: Vec<u8>,
    event: Event,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// In the line with a chunk's size.
    #[default]
    Size,
    /// Within a chunk, with so many bytes to come, its line break included.
    Within(usize),
    /// The last chunk was there.
    Ended,
}

/// The event being read.
#[derive(Default)]
struct Event {
    id: Option<u64>,
    item: bool,
}

/// The length of a chunk's own line break.
const BREAK: usize = 2;
/// The longest line with a chunk's size, extensions and all.
const LONGEST_SIZE: usize = 4 << 10;
const NO_SIZE: &str = "the stream has a chunk whose size is none";
/// The longest line of an event.
const LONGEST_LINE: usize = 64 << 20;

impl Chunks {
    /// Whether the body ended.
    pub(crate) fn ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Reads bytes; tells each item event whose data ends in them, with its id and data.
    pub(crate) fn read(
        &mut self,
        mut bytes: &[u8],
        event: &mut impl FnMut(u64, &[u8]),
    ) -> Result<(), &'static str> {
        while !bytes.is_empty() {
            match self.state {
                State::Ended => break,
                State::Size => bytes = self.read_size(bytes)?,
                State::Within(left) => {
                    let (here, rest) = bytes.split_at(left.min(bytes.len()));
                    let content = left.saturating_sub(BREAK).min(here.len());
                    self.read_lines(here.get(..content).unwrap_or_default(), event)?;
                    self.state = match left - here.len() {
                        0 => State::Size,
                        left => State::Within(left),
                    };
                    bytes = rest;
                }
            }
        }
        Ok(())
    }

    fn read_size<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], &'static str> {
        let end = memchr(b'\n', bytes).map(|end| end + 1);
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        if self.size.len() + line.len() > LONGEST_SIZE {
            return Err(NO_SIZE);
        }
        self.size.extend_from_slice(line);
        if end.is_none() {
            return Ok(rest);
        }
        let digits = std::str::from_utf8(&self.size).unwrap_or_default();
        let digits = digits.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'));
        self.state = match size.and_then(|size| size.checked_add(BREAK)) {
            None => return Err(NO_SIZE),
            Some(BREAK) => State::Ended,
            Some(left) => State::Within(left),
        };
        self.size.clear();
        Ok(rest)
    }

    fn read_lines(
        &mut self,
        mut bytes: &[u8],
        event: &mut impl FnMut(u64, &[u8]),
    ) -> Result<(), &'static str> {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if self.line.is_empty() {
                self.event.read(line, event);
            } else {
                self.line.extend_from_slice(line);
                self.event.read(&self.line, event);
                self.line.clear();
            }
        }
        if self.line.len() + bytes.len() > LONGEST_LINE {
            return Err("the stream has a line that does not end");
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

impl Event {
    /// Reads one line of an event.
    fn read(&mut self, line: &[u8], event: &mut impl FnMut(u64, &[u8])) {
        if let Some(id) = line.strip_prefix(b"id: ") {
            self.id = std::str::from_utf8(id).ok().and_then(|id| id.trim_end().parse().ok());
            self.item = false;
        } else if let Some(name) = line.strip_prefix(b"event: ") {
            self.item = name.trim_ascii_end() == b"item";
        } else if line.trim_ascii_end().is_empty() {
            self.item = false;
        } else if let (Some(data), Some(id), true) =
            (line.strip_prefix(b"data: "), self.id, self.item)
        {
            event(id, data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_wherever_the_bytes_are_cut() {
        let body = b"13\r\nid: 7\nevent: item\nd\r\nd\r\nata: {\"a\":1}\n\r\n8\r\n\nid: 9\n\n\r\n0\r\n\r\n";
        for cut in 1..body.len() {
            let (mut chunks, mut seen) = (Chunks::default(), Vec::new());
            for part in body.chunks(cut) {
                chunks.read(part, &mut |id, data| seen.push((id, data.to_vec()))).unwrap();
            }
            assert_eq!(seen, [(7, b"{\"a\":1}".to_vec())], "cut at {cut}");
            assert!(chunks.ended());
        }
    }

    #[test]
    fn what_is_told_beside_the_items_is_none() {
        let (mut chunks, mut seen) = (Chunks::default(), Vec::new());
        let events = "id: 7\nevent: item\ndata: a\n\nevent: withdrawn\ndata: b\n\ndata: c\n\n";
        let body = format!("{:x}\r\n{events}\r\n", events.len());
        chunks.read(body.as_bytes(), &mut |id, data| seen.push((id, data.to_vec()))).unwrap();
        assert_eq!(seen, [(7, b"a".to_vec())]);
    }

    #[test]
    fn what_is_no_size_and_what_does_not_end_is_refused() {
        let read = |parts: &[&[u8]]| {
            let mut chunks = Chunks::default();
            parts.iter().try_for_each(|part| chunks.read(part, &mut |_, _| {}))
        };
        let most = format!("{:x}\r\n", usize::MAX);
        for size in [&b"\r\n"[..], b"x\r\n", b"-1\r\n", b"+1\r\n", b"\xff\r\n", most.as_bytes()] {
            assert_eq!(read(&[size]), Err(NO_SIZE), "{size:?}");
        }
        let long = vec![b'0'; LONGEST_SIZE];
        assert_eq!(read(&[&long]), Ok(()));
        assert_eq!(read(&[&long, b"0"]), Err(NO_SIZE));
        let line = vec![b':'; LONGEST_LINE];
        assert_eq!(read(&[b"ffffffff\r\n", &line]), Ok(()));
        assert!(read(&[b"ffffffff\r\n", &line, b":"]).is_err());
    }
}
