//! ZIP (APPNOTE 6.3): the directory, stored and deflated members, traditional encryption.
//!
//! Sizes that the archive claims are never believed.

use std::io::Read as _;

use crate::budget::Obstacle;

/// An archive's directory.
pub(crate) struct Zip<'a> {
    raw: &'a [u8],
    pub(crate) members: Vec<Member>,
    /// How many more members there are than are listed.
    pub(crate) beyond: usize,
}

/// A file in the archive.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) encrypted: bool,
    method: u16,
    flags: u16,
    time: u16,
    crc: u32,
    pub(crate) compressed: usize,
    offset: usize,
    /// It shares its bytes with another.
    pub(crate) overlaps: bool,
}

const MOST_MEMBERS: usize = 300;

impl<'a> Zip<'a> {
    /// Reads the directory; `None` when there is none.
    pub(crate) fn read(raw: &'a [u8]) -> Option<Self> {
        let end = memchr::memmem::rfind(raw, b"PK\x05\x06")?;
        let mut at = number(raw, end + 16, 4)?;
        let mut members = Vec::new();
        let mut beyond = 0;
        while raw.get(at..at + 4) == Some(b"PK\x01\x02") {
            let (name, extra) = (number(raw, at + 28, 2)?, number(raw, at + 30, 2)?);
            let comment = number(raw, at + 32, 2)?;
            let next = at + 46 + name + extra + comment;
            if members.len() == MOST_MEMBERS {
                beyond += 1;
                at = next;
                continue;
            }
            let flags = number(raw, at + 8, 2)? as u16;
            members.push(Member {
                name: transfer::charset::decode(raw.get(at + 46..at + 46 + name)?, None),
                encrypted: flags & 1 == 1,
                flags,
                method: number(raw, at + 10, 2)? as u16,
                time: number(raw, at + 12, 2)? as u16,
                crc: number(raw, at + 16, 4)? as u32,
                compressed: number(raw, at + 20, 4)?,
                offset: number(raw, at + 42, 4)?,
                overlaps: false,
            });
            at = next;
        }
        overlapping(&mut members);
        (!members.is_empty()).then_some(Self { raw, members, beyond })
    }

    /// Whether a password may open a member: by its check byte, which one in 256 passes.
    pub(crate) fn may_open(&self, member: &Member, password: &str) -> bool {
        let head = self.body(member).and_then(|body| body.get(..12));
        head.is_some_and(|head| member.method != 99 && decrypt(member, head, password).is_some())
    }

    /// The content of a member, at most `most` bytes.
    pub(crate) fn content(
        &self,
        member: &Member,
        password: Option<&str>,
        most: usize,
    ) -> Result<Vec<u8>, Obstacle> {
        if member.overlaps {
            return Err(Obstacle::Damaged);
        }
        let body = self.body(member).ok_or(Obstacle::Damaged)?;
        let opened;
        let body = match (member.encrypted, password) {
            (false, _) => body,
            (true, Some(password)) if member.method != 99 => {
                opened = decrypt(member, body, password).ok_or(Obstacle::Encrypted)?;
                &opened
            }
            (true, _) => return Err(Obstacle::Encrypted),
        };
        let content = match member.method {
            0 => body.get(..most + 1).unwrap_or(body).to_vec(),
            8 => inflate(body, most)?,
            _ => return Err(Obstacle::Unsupported),
        };
        if member.encrypted && crc(&content) != member.crc {
            return Err(Obstacle::Encrypted);
        }
        if content.len() > most { Err(Obstacle::TooLarge) } else { Ok(content) }
    }

    fn body(&self, member: &Member) -> Option<&'a [u8]> {
        let at = member.offset;
        if self.raw.get(at..at + 4)? != b"PK\x03\x04" {
            return None;
        }
        let from = at + 30 + number(self.raw, at + 26, 2)? + number(self.raw, at + 28, 2)?;
        let rest = self.raw.get(from..)?;
        Some(rest.get(..member.compressed).unwrap_or(rest))
    }
}

/// Members that share bytes with others are read by nobody but those who want to cost much.
fn overlapping(members: &mut [Member]) {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|at| members.get(*at).map(|member| member.offset));
    let mut end = 0;
    for at in order {
        let Some(member) = members.get_mut(at) else { continue };
        member.overlaps = member.offset < end;
        end = end.max(member.offset.saturating_add(30).saturating_add(member.compressed));
    }
}

fn number(raw: &[u8], at: usize, size: usize) -> Option<usize> {
    raw.get(at..at + size)
        .map(|bytes| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// Raw deflate to at most one byte more than `most`.
pub(super) fn inflate(body: &[u8], most: usize) -> Result<Vec<u8>, Obstacle> {
    let mut content = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    match flate2::read::DeflateDecoder::new(body).take(bound).read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(_) if !content.is_empty() => Ok(content),
        Err(_) => Err(Obstacle::Damaged),
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Traditional encryption (APPNOTE 6.1).
struct Keys(u32, u32, u32);

impl Keys {
    fn new(password: &str) -> Self {
        let mut keys = Self(0x1234_5678, 0x2345_6789, 0x3456_7890);
        password.bytes().for_each(|byte| keys.update(byte));
        keys
    }

    fn update(&mut self, byte: u8) {
        self.0 = step(self.0, byte);
        self.1 = self.1.wrapping_add(self.0 & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        self.2 = step(self.2, (self.1 >> 24) as u8);
    }

    fn open(&mut self, byte: u8) -> u8 {
        let mask = self.2 | 2;
        let plain = byte ^ (mask.wrapping_mul(mask ^ 1) >> 8 & 0xff) as u8;
        self.update(plain);
        plain
    }
}

fn step(crc: u32, byte: u8) -> u32 {
    let mut value = (crc ^ u32::from(byte)) & 0xff;
    for _ in 0..8 {
        value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
    }
    crc >> 8 ^ value
}

/// `None` when the password's check byte does not fit.
fn decrypt(member: &Member, body: &[u8], password: &str) -> Option<Vec<u8>> {
    let mut keys = Keys::new(password);
    let mut header = body.get(..12)?.iter().map(|byte| keys.open(*byte));
    let check = header.by_ref().last()?;
    let streamed = member.flags & 8 == 8;
    let expected = if streamed { (member.time >> 8) as u8 } else { (member.crc >> 24) as u8 };
    (check == expected)
        .then(|| body.get(12..).unwrap_or_default().iter().map(|b| keys.open(*b)).collect())
}
