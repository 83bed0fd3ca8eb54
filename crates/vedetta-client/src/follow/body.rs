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

impl Chunks {
    /// Whether the body ended.
    pub(crate) fn ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Reads bytes; tells each item event whose data ends in them, with its id and data.
    pub(crate) fn read(&mut self, mut bytes: &[u8], event: &mut impl FnMut(u64, &[u8])) {
        while !bytes.is_empty() {
            match self.state {
                State::Ended => return,
                State::Size => bytes = self.read_size(bytes),
                State::Within(left) => {
                    let (here, rest) = bytes.split_at(left.min(bytes.len()));
                    let content = left.saturating_sub(BREAK).min(here.len());
                    self.read_lines(here.get(..content).unwrap_or_default(), event);
                    self.state = match left - here.len() {
                        0 => State::Size,
                        left => State::Within(left),
                    };
                    bytes = rest;
                }
            }
        }
    }

    fn read_size<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(end) = memchr(b'\n', bytes) else {
            self.size.extend_from_slice(bytes);
            return &[];
        };
        let (line, rest) = bytes.split_at(end + 1);
        self.size.extend_from_slice(line);
        let digits = std::str::from_utf8(&self.size).unwrap_or_default();
        let digits = digits.split(';').next().unwrap_or_default().trim();
        self.state = match usize::from_str_radix(digits, 16) {
            Ok(0) | Err(_) => State::Ended,
            Ok(size) => State::Within(size + BREAK),
        };
        self.size.clear();
        rest
    }

    fn read_lines(&mut self, mut bytes: &[u8], event: &mut impl FnMut(u64, &[u8])) {
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
        self.line.extend_from_slice(bytes);
    }
}

impl Event {
    /// Reads one line of an event.
    fn read(&mut self, line: &[u8], event: &mut impl FnMut(u64, &[u8])) {
        if let Some(id) = line.strip_prefix(b"id: ") {
            self.id = std::str::from_utf8(id).ok().and_then(|id| id.trim_end().parse().ok());
            self.item = false;
        } else if line.starts_with(b"event: item") {
            self.item = true;
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
                chunks.read(part, &mut |id, data| seen.push((id, data.to_vec())));
            }
            assert_eq!(seen, [(7, b"{\"a\":1}".to_vec())], "cut at {cut}");
            assert!(chunks.ended());
        }
    }
}
