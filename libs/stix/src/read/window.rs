//! The part of an input that is in memory: from the value being read to what has been fetched.

use std::io::{ErrorKind, Read};
use std::ops::Range;

use crate::json::What;
use crate::problem::{Place, Problem, Rule};

use super::Broken;

const CHUNK: usize = 64 << 10;

/// A window on a source. Offsets count from the first byte that was not consumed.
pub(super) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    /// The bytes of the buffer that were consumed.
    start: usize,
    /// Where the bytes end that were fetched; room follows.
    end: usize,
    /// Where the first byte not consumed stands in the input.
    begin: Place,
    read: u64,
    most: u64,
    ended: bool,
}

/// How far a value goes.
pub(super) enum Extent {
    /// To this offset.
    Whole(usize),
    /// Further than it may; it was consumed.
    TooLarge,
}

/// How far the search for the end of a value has come.
struct Scan {
    at: usize,
    depth: usize,
    quoted: bool,
    /// The byte before was a backslash that escapes.
    escaped: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R, most: u64) -> Self {
        let begin = Place::START;
        Self { source, buffer: Vec::new(), start: 0, end: 0, begin, read: 0, most, ended: false }
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Bytes of memory held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.buffer.capacity()
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The text of a range, if it is UTF-8.
    pub(super) fn text(&self, range: Range<usize>) -> Result<&str, Broken> {
        let from = range.start;
        std::str::from_utf8(&self.unread()[range]).map_err(|error| {
            let message = "the bytes are not UTF-8".to_owned();
            self.problem(from + error.valid_up_to(), Rule::NotUtf8, message)
        })
    }

    /// Where an offset stands in the input.
    pub(super) fn place(&self, at: usize) -> Place {
        let unread = self.unread();
        self.begin.after(&unread[..at.min(unread.len())])
    }

    pub(super) fn problem(&self, at: usize, rule: Rule, message: String) -> Broken {
        problem(self.place(at), rule, message)
    }

    pub(super) fn not_json(&self, at: usize, what: What) -> Broken {
        self.problem(at, Rule::NotJson, what.to_string())
    }

    /// Lets go of the next bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.begin = self.place(count);
        self.start += count;
    }

    /// Fetches more bytes; false at the end of the input.
    fn fetch(&mut self) -> Result<bool, Broken> {
        if self.ended {
            return Ok(false);
        }
        if self.buffer.len() - self.end < CHUNK {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() - self.end < CHUNK {
                self.buffer.resize(self.buffer.len() + CHUNK.max(self.end), 0);
            }
        }
        let count = loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let at = self.end - self.start;
                    return Err(self.problem(at, Rule::Unreadable, error.to_string()));
                }
            }
        };
        self.end += count;
        self.ended = count == 0;
        self.read += count as u64;
        if self.read > self.most {
            let message = format!("is larger than {} bytes", self.most);
            return Err(self.problem(0, Rule::InputTooLarge, message));
        }
        Ok(!self.ended)
    }

    pub(super) fn skip_byte_order_mark(&mut self) -> Result<(), Broken> {
        while self.unread().len() < 3 && self.fetch()? {}
        if self.unread().starts_with(b"\xef\xbb\xbf") {
            self.start += 3;
            self.begin.offset += 3;
        }
        Ok(())
    }

    /// The next byte that is no space; the spaces are consumed.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            let unread = self.unread();
            let spaces = unread.iter().take_while(|byte| space(byte)).count();
            let next = unread.get(spaces).copied();
            self.consume(spaces);
            if next.is_some() || !self.fetch()? {
                return Ok(next);
            }
        }
    }

    /// The offset of the next byte from here on that is no space, and the byte.
    fn beyond_spaces(&mut self, mut at: usize) -> Result<Option<(usize, u8)>, Broken> {
        loop {
            match self.unread().get(at).copied() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => at += 1,
                Some(byte) => return Ok(Some((at, byte))),
                None if self.fetch()? => {}
                None => return Ok(None),
            }
        }
    }

    /// How far the next value goes.
    pub(super) fn extent(&mut self, most: usize) -> Result<Extent, Broken> {
        self.scan(Scan::new(0), most)
    }

    /// As [`Window::extent`], but what is too large is not consumed.
    pub(super) fn extent_ahead(&mut self, most: usize) -> Result<Extent, Broken> {
        let end = self.end_of(0, most)?;
        Ok(end.filter(|end| *end <= most).map_or(Extent::TooLarge, Extent::Whole))
    }

    /// How far the object goes in which we are.
    pub(super) fn rest_of_object(&mut self, most: usize) -> Result<Extent, Broken> {
        self.scan(Scan { depth: 1, ..Scan::new(0) }, most)
    }

    fn scan(&mut self, mut scan: Scan, most: usize) -> Result<Extent, Broken> {
        let mut too_large = false;
        loop {
            let end = scan.advance(self.unread());
            let fits = end.unwrap_or(scan.at) <= most;
            if !fits || too_large {
                too_large = true;
                self.consume(end.unwrap_or(scan.at));
                scan.at = 0;
            }
            if let Some(end) = end {
                return Ok(if too_large { Extent::TooLarge } else { Extent::Whole(end) });
            }
            if !self.fetch()? {
                let scalar = scan.depth == 0 && !scan.quoted && scan.at > 0;
                if scalar {
                    return Ok(Extent::Whole(scan.at));
                }
                return Err(self.not_json(scan.at, What::End));
            }
        }
    }

    /// In the object that comes next, the offset of a property of this name (in quotes) whose value
    /// is a list, and the offset of that list. Nothing if it has none, or is not well formed.
    pub(super) fn seek_list(
        &mut self,
        quoted_name: &str,
        most: usize,
    ) -> Result<Option<(usize, usize)>, Broken> {
        let mut at = 1;
        loop {
            let Some((key, b'"')) = self.beyond_spaces(at)? else { return Ok(None) };
            let Some(key_end) = self.end_of(key, most)? else { return Ok(None) };
            let Some((colon, b':')) = self.beyond_spaces(key_end)? else { return Ok(None) };
            let Some((value, first)) = self.beyond_spaces(colon + 1)? else { return Ok(None) };
            if first == b'[' && &self.unread()[key..key_end] == quoted_name.as_bytes() {
                return Ok(Some((key, value)));
            }
            let Some(end) = self.end_of(value, most)? else { return Ok(None) };
            let Some((comma, b',')) = self.beyond_spaces(end)? else { return Ok(None) };
            at = comma + 1;
        }
    }

    /// Where a value that begins at an offset ends, if it ends and not too far away.
    fn end_of(&mut self, from: usize, most: usize) -> Result<Option<usize>, Broken> {
        let mut scan = Scan::new(from);
        loop {
            if let Some(end) = scan.advance(self.unread()) {
                return Ok(Some(end));
            }
            if scan.at > most || !self.fetch()? {
                return Ok(None);
            }
        }
    }
}

impl Scan {
    fn new(at: usize) -> Self {
        Self { at, depth: 0, quoted: false, escaped: false }
    }

    /// Goes on as far as there are bytes; the offset after the value once it is found.
    fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(&byte) = bytes.get(self.at) {
            if self.quoted {
                self.string(bytes);
                if !self.quoted && self.depth == 0 {
                    return Some(self.at);
                }
                continue;
            }
            match byte {
                b'"' => self.quoted = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return Some(self.at + 1),
                // A number or a word ends where something else begins.
                b',' | b'}' | b']' | b':' if self.depth == 0 => return Some(self.at),
                b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => return Some(self.at),
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    /// Goes on to the end of the string in which we are, and over the closing quote.
    fn string(&mut self, bytes: &[u8]) {
        while self.quoted {
            let Some(&byte) = bytes.get(self.at) else { return };
            self.at += 1;
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.quoted = false;
            }
        }
    }
}

/// A problem with the input as a whole.
pub(super) fn problem(place: Place, rule: Rule, message: String) -> Broken {
    Box::new(Problem {
        severity: rule.severity(),
        rule,
        path: String::new(),
        index: None,
        id: None,
        message,
        advice: rule.advice(),
        place: Some(place),
    })
}
