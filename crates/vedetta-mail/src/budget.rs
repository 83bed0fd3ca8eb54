//! How much a message may cost: one purse for the whole of it, however deep it goes.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use vedetta_model::language::Bilingual;

/// Says when a message took long enough. The clock is whose who asks: there is none here.
#[derive(Clone, Default)]
pub struct Deadline(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Deadline {
    /// Over as soon as `is_over` says so.
    pub fn new(is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_over)))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.as_ref().is_some_and(|is_over| is_over())
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Deadline" } else { "Deadline(never)" })
    }
}

/// What one message may cost at most. Work is bounded by bytes and pixels, and so in the end is time;
/// a deadline bounds it before.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the message as it came.
    pub message: usize,
    /// Containers within containers: parts, messages, archives.
    pub depth: usize,
    /// Parts, attachments and members of archives together.
    pub parts: usize,
    /// Bytes that decoding and decompression may bring forth altogether.
    pub expanded: usize,
    /// Bytes of one body that is read as text.
    pub text: usize,
    /// Pixels of all pictures together that are searched for codes.
    pub pixels: usize,
    /// Links that are kept.
    pub links: usize,
    /// When to end; never, unless somebody says so.
    pub deadline: Deadline,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 24 << 20,
            depth: 12,
            parts: 300,
            expanded: 28 << 20,
            text: 1 << 20,
            pixels: 3_000_000,
            links: 500,
            deadline: Deadline::default(),
        }
    }
}

/// Why something was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// Larger than the limit, or it grows beyond it.
    TooLarge,
    /// More parts than the limit.
    TooMany,
    /// Deeper than the limit.
    TooDeep,
    /// Locked, and the password is not in the text.
    Encrypted,
    /// A format that is recognised and not opened.
    Unsupported,
    /// Not what it says, or broken.
    Damaged,
    /// The text is in a picture.
    PictureOnly,
    /// It is fetched from elsewhere when it is shown.
    Remote,
    /// There is nothing in it.
    Empty,
    /// Time was over before it was read.
    TooLong,
    /// A file by itself: the message that it came with is not here.
    NoMessage,
}

impl Obstacle {
    /// In a few words, for people.
    #[must_use]
    pub fn words(self) -> Bilingual {
        let (it, en) = match self {
            Self::TooLarge => ("troppo grande per essere letto tutto", "too large to read whole"),
            Self::TooMany => ("troppe parti", "too many parts"),
            Self::TooDeep => ("troppi livelli uno dentro l'altro", "too many levels inside"),
            Self::Encrypted => ("chiuso con una password", "locked with a password"),
            Self::Unsupported => ("formato che non viene aperto", "a format that is not opened"),
            Self::Damaged => ("danneggiato", "damaged"),
            Self::PictureOnly => ("il testo è in un'immagine", "the text is in a picture"),
            Self::Remote => ("il contenuto sta altrove", "the content is elsewhere"),
            Self::Empty => ("è vuoto", "there is nothing in it"),
            Self::TooLong => ("richiede troppo tempo", "it takes too long"),
            Self::NoMessage => (
                "è un file da solo: senza il messaggio non si sa da chi viene",
                "it is a file by itself: without the message nobody knows who sent it",
            ),
        };
        Bilingual::new(it, en)
    }
}

/// What could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Unread {
    /// The part: its file name, or its place in the message.
    pub what: String,
    /// Why.
    pub why: Obstacle,
    /// How many such parts, this one included.
    pub count: usize,
}

impl Unread {
    pub(crate) fn new(what: &str, why: Obstacle) -> Self {
        let what = what.chars().filter(|c| !c.is_control()).take(120).collect();
        Self { what, why, count: 1 }
    }
}

/// What is left of the limits, and what stayed unread.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    parts: usize,
    expanded: usize,
    pixels: usize,
    late: bool,
    unread: Vec<Unread>,
    /// What found no place among them.
    unnamed: usize,
}

/// How many unread parts are named; more would only repeat them.
const MOST_UNREAD: usize = 20;

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        let (parts, expanded, pixels) = (limits.parts, limits.expanded, limits.pixels);
        Self { limits, parts, expanded, pixels, late: false, unread: Vec::new(), unnamed: 0 }
    }

    /// Takes one part, or names what stays unread.
    pub(crate) fn part(&mut self, what: &str) -> bool {
        if self.is_late() {
            return false;
        }
        let some = self.parts > 0;
        if some {
            self.parts -= 1;
        } else {
            self.unread(what, Obstacle::TooMany);
        }
        some
    }

    /// Whether time is over; then it is named.
    pub(crate) fn is_late(&mut self) -> bool {
        if !self.late && self.limits.deadline.is_over() {
            self.late = true;
            self.unread("1", Obstacle::TooLong);
        }
        self.late
    }

    /// How many bytes may still be brought forth.
    pub(crate) const fn room(&self) -> usize {
        self.expanded
    }

    pub(crate) const fn expand(&mut self, bytes: usize) {
        self.expanded = self.expanded.saturating_sub(bytes);
    }

    /// What was read may be let go: its bytes count no longer, its work does.
    pub(crate) fn pixels(&mut self, wanted: usize) -> bool {
        let enough = self.pixels >= wanted;
        if enough {
            self.pixels -= wanted;
        }
        enough
    }

    pub(crate) fn unread(&mut self, what: &str, why: Obstacle) {
        self.unread_all(what, why, 1);
    }

    /// Names several parts by the first of them.
    pub(crate) fn unread_all(&mut self, what: &str, why: Obstacle, count: usize) {
        let unread = Unread { count, ..Unread::new(what, why) };
        if self.unread.contains(&unread) {
            return;
        }
        if self.unread.len() < MOST_UNREAD {
            self.unread.push(unread);
        } else {
            self.unnamed += count;
        }
    }

    pub(crate) fn into_unread(mut self) -> Vec<Unread> {
        if self.unnamed > 0 {
            let more = Unread { count: self.unnamed, ..Unread::new("1", Obstacle::TooMany) };
            self.unread.push(more);
        }
        self.unread
    }
}
