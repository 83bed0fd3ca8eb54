//! Keys in a table of open addresses: one byte a slot tells most misses without touching a key.

use vedetta_indicator::Life;
use vedetta_indicator::decay::Recall;
use vedetta_model::Instant;

use super::Id;
use super::key::{self, Hashed, Kept, Key, NETWORK4, NETWORK6, Sorts};

/// What is known of an indicator, in few bytes: times in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: Id,
    from: u32,
    until: u32,
    /// 255 when the producer does not say.
    confidence: u8,
    recall: Recall,
}

/// The table, once made.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// For each slot nothing, or seven bits of the hash and a one; then the first of them again, so
    /// that [`GROUP`] can be read from any slot on.
    tags: Vec<u8>,
    /// The number of an entry, and above it as many more bits of the hash as there is room for: they
    /// tell nearly all that the tags do not.
    slots: Vec<u32>,
    /// The bits of a slot that are a number.
    numbers: u32,
    keys: Vec<u8>,
    /// Where each key begins, and where the last ends.
    starts: Vec<u32>,
    entries: Vec<Entry>,
    lengths: Lengths,
    sorts: Sorts,
    /// Hosts of URLs, three bits of one word each.
    urls: Vec<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Builder {
    keys: Vec<u8>,
    starts: Vec<u32>,
    entries: Vec<Entry>,
    lengths: Lengths,
    sorts: Sorts,
    hosts: Vec<u64>,
}

/// The prefix lengths that networks have, a bit each.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) v4: u64,
    pub(super) v6: u128,
}

impl Lengths {
    pub(super) fn and(self, other: Self) -> Self {
        Self { v4: self.v4 | other.v4, v6: self.v6 | other.v6 }
    }

    /// Whether there is any network.
    pub(super) const fn any(self) -> bool {
        self.v4 != 0 || self.v6 != 0
    }
}

impl Entry {
    pub(super) fn new(id: Id, life: &Life) -> Self {
        let seconds =
            |at: Instant| u32::try_from(at.micros().max(0) / 1_000_000).unwrap_or(u32::MAX);
        Self {
            id,
            from: seconds(life.last_sighting.unwrap_or(life.valid_from).max(life.valid_from)),
            until: life.valid_until.map_or(u32::MAX, seconds),
            confidence: life.confidence.unwrap_or(u8::MAX),
            recall: life.recall,
        }
    }

    pub(super) fn life(&self) -> Life {
        let at = |seconds: u32| Instant::from_micros(i64::from(seconds) * 1_000_000);
        Life {
            confidence: (self.confidence != u8::MAX).then_some(self.confidence),
            valid_from: at(self.from),
            valid_until: (self.until != u32::MAX).then(|| at(self.until)),
            last_sighting: None,
            recall: self.recall,
        }
    }
}

impl Builder {
    pub(super) fn with_room_for(count: usize) -> Self {
        Self {
            keys: Vec::with_capacity(count.saturating_mul(20)),
            starts: Vec::with_capacity(count + 1),
            entries: Vec::with_capacity(count),
            ..Self::default()
        }
    }

    /// Adds a key, unless there is no more room for it.
    pub(super) fn add(&mut self, key: &Key, entry: &Entry) {
        let Ok(start) = u32::try_from(self.keys.len()) else { return };
        if u32::try_from(self.keys.len() + key.bytes().len()).is_err() {
            return;
        }
        if let Some(sort) = key.bytes().first() {
            self.sorts = self.sorts.and(Sorts::kept(*sort));
        }
        match key.bytes() {
            [NETWORK4, length, ..] => self.lengths.v4 |= 1 << (length & 63),
            [NETWORK6, length, ..] => self.lengths.v6 |= 1 << (length & 127),
            [sort, text @ ..] if *sort == key::sort(vedetta_indicator::Kind::Url) => {
                let text = String::from_utf8_lossy(text);
                if let Some(url) = vedetta_indicator::Url::new(&text) {
                    self.hosts.push(host(&url.host().to_string()));
                }
            }
            _ => {}
        }
        self.starts.push(start);
        self.keys.extend_from_slice(key.bytes());
        self.entries.push(*entry);
    }

    pub(super) fn build(mut self) -> Table {
        self.starts.push(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
        self.keys.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.entries.shrink_to_fit();
        let room = if self.entries.is_empty() { 0 } else { self.entries.len() * 8 / 5 + GROUP };
        let mut urls = vec![0; if self.hosts.is_empty() { 0 } else { self.hosts.len() / 4 + 1 }];
        for host in &self.hosts {
            let (word, bits) = bits(*host, urls.len());
            urls[word] |= bits;
        }
        let mut table = Table {
            tags: vec![0; if room == 0 { 0 } else { room + GROUP - 1 }],
            slots: vec![0; room],
            numbers: ones(self.entries.len()),
            keys: self.keys,
            starts: self.starts,
            entries: self.entries,
            lengths: self.lengths,
            sorts: self.sorts,
            urls,
        };
        for number in 0..table.entries.len() {
            table.place(number);
        }
        table
    }
}

/// The hash of the host of a URL.
pub(super) fn host(host: &str) -> u64 {
    key::hash(u8::MAX, host.as_bytes())
}

fn bits(hash: u64, words: usize) -> (usize, u64) {
    (spread(hash, words), 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63))
}

/// As many low bits as numbers below `count` have.
fn ones(count: usize) -> u32 {
    let last = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
    u32::MAX.checked_shr(last.leading_zeros()).unwrap_or(0)
}

/// A place among so many.
#[inline]
fn spread(hash: u64, room: usize) -> usize {
    ((u128::from(hash) * room as u128) >> 64) as usize
}

const fn tag(hash: u64) -> u8 {
    (hash as u8) | 1
}

/// Bits of the hash that neither the tag nor, mostly, the place tells: the high ones are used.
const fn check(hash: u64) -> u32 {
    (hash >> 8) as u32
}

/// Slots that are asked at once.
const GROUP: usize = 8;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The highest bit of each byte that is zero, and no other (H. S. Warren, Hacker's Delight, 2nd
/// edition, 6-1).
const fn zeros(word: u64) -> u64 {
    !(((word & !HIGH).wrapping_add(!HIGH) | word) | !HIGH)
}

impl Table {
    fn place(&mut self, number: usize) {
        let Some((sort, bytes)) = self.key(number).split_first() else { return };
        let hash = key::hash(*sort, bytes);
        let room = self.slots.len();
        let mut slot = spread(hash, room);
        while self.tags[slot] != 0 {
            slot = if slot + 1 == room { 0 } else { slot + 1 };
        }
        self.tags[slot] = tag(hash);
        if let Some(again) = self.tags.get_mut(slot + room) {
            *again = tag(hash);
        }
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.slots[slot] = number | check(hash) & !self.numbers;
    }

    fn key(&self, number: usize) -> &[u8] {
        let (Some(start), Some(end)) = (self.starts.get(number), self.starts.get(number + 1))
        else {
            return &[];
        };
        self.keys.get(*start as usize..*end as usize).unwrap_or_default()
    }

    /// The tags of the slots where a key with this hash would be. To read them is most of what
    /// looking up costs, so that many are best read one after another before any is compared.
    #[inline]
    pub(super) fn group(&self, hash: u64) -> u64 {
        self.tags_from(spread(hash, self.slots.len())).unwrap_or_default()
    }

    #[inline]
    fn tags_from(&self, slot: usize) -> Option<u64> {
        self.tags.get(slot..slot + GROUP)?.try_into().ok().map(u64::from_le_bytes)
    }

    /// Calls `found` with every entry of a key, given its [`Self::group`].
    #[inline]
    pub(super) fn find(&self, group: u64, wanted: &Hashed<'_>, mut found: impl FnMut(u32)) {
        let room = self.slots.len();
        let (mut slot, mut tags) = (spread(wanted.hash, room), group);
        loop {
            let empty = zeros(tags);
            // Only what stands before the first empty slot was placed from here on.
            let before = (empty & empty.wrapping_neg()).wrapping_sub(1);
            let mut alike = zeros(tags ^ (LOW * u64::from(tag(wanted.hash)))) & before;
            while alike != 0 {
                self.compare(slot + (alike.trailing_zeros() / 8) as usize, wanted, &mut found);
                alike &= alike - 1;
            }
            if empty != 0 {
                return;
            }
            slot += GROUP;
            if slot >= room {
                slot -= room;
            }
            tags = self.tags_from(slot).unwrap_or_default();
        }
    }

    fn compare(&self, slot: usize, wanted: &Hashed<'_>, found: &mut impl FnMut(u32)) {
        let slot = if slot < self.slots.len() { slot } else { slot - self.slots.len() };
        let kept = self.slots[slot];
        if (kept ^ check(wanted.hash)) & !self.numbers != 0 {
            return;
        }
        let number = kept & self.numbers;
        let key = self.key(number as usize).split_first();
        if key.is_some_and(|(sort, bytes)| *sort == wanted.sort && bytes == wanted.bytes) {
            found(number);
        }
    }

    pub(super) fn entry(&self, number: u32) -> Option<(Entry, Kept<'_>)> {
        let entry = self.entries.get(number as usize)?;
        Some((*entry, Kept(self.key(number as usize))))
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// The sorts that it has.
    pub(super) fn sorts(&self) -> Sorts {
        self.sorts
    }

    /// Whether there may be a URL with this host.
    pub(super) fn may_have_url(&self, host: u64) -> bool {
        if self.urls.is_empty() {
            return false;
        }
        let (word, bits) = bits(host, self.urls.len());
        self.urls[word] & bits == bits
    }
}
