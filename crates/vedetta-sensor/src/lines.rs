//! Bytes become lines: bounded, whatever arrives.

use memchr::memchr;
use vedetta_detect::decode::LONGEST;

/// What was read and is not a whole line yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    part: Vec<u8>,
    /// Octets of the line so far, with those for which there was no room.
    length: u64,
}

impl Lines {
    /// Calls `each` with every line that ends in the bytes, and how many octets it took with its end.
    /// Of a line that is too long only so much is kept that it is seen to be.
    pub(crate) fn take(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8], u64)) {
        while let Some(end) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            let took = self.length + line.len() as u64 + 1;
            if self.length == 0 {
                each(line.get(..LONGEST + 1).unwrap_or(line), took);
            } else {
                self.keep(line);
                each(&self.part, took);
                self.forget();
            }
        }
        self.keep(bytes);
    }

    /// What is left when nothing more comes.
    pub(crate) fn rest(&mut self, each: &mut dyn FnMut(&[u8], u64)) {
        if self.length > 0 {
            each(&self.part, self.length);
        }
        self.forget();
    }

    /// Forgets what is not a whole line.
    pub(crate) fn forget(&mut self) {
        self.part.clear();
        self.part.shrink_to(1 << 16);
        self.length = 0;
    }

    /// Octets that are not a whole line yet.
    pub(crate) fn waiting(&self) -> u64 {
        self.length
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = (LONGEST + 1).saturating_sub(self.part.len());
        self.part.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.length += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_wherever_the_bytes_are_cut() {
        let text = b"one\n\nthree\r\nfour";
        for cut in 1..text.len() {
            let (mut lines, mut seen, mut octets) = (Lines::default(), Vec::new(), 0);
            let mut each = |line: &[u8], took: u64| {
                seen.push(String::from_utf8_lossy(line).into_owned());
                octets += took;
            };
            text.chunks(cut).for_each(|part| lines.take(part, &mut each));
            lines.rest(&mut each);
            assert_eq!(seen, ["one", "", "three\r", "four"], "cut at {cut}");
            assert_eq!(octets, text.len() as u64);
        }
    }

    #[test]
    fn a_line_without_end_takes_bounded_room() {
        let (mut lines, mut lengths) = (Lines::default(), Vec::new());
        let mut each = |line: &[u8], took: u64| lengths.push((line.len(), took));
        for _ in 0..40 {
            lines.take(&[b'a'; 1 << 16], &mut each);
        }
        lines.take(b"\nnext\n", &mut each);
        assert_eq!(lengths, [(LONGEST + 1, (40 << 16) + 1), (4, 5)]);
    }
}
