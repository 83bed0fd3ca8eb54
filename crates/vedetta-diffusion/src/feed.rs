//! Feeds: what an organisation may have, as files that its machines fetch.
//!
//! A feed is a machine's door: TLP:RED never passes. What blocks carries PAP:GREEN and CLEAR, what
//! alerts also PAP:AMBER, what informs all. What accuses carries indicators only, none of them
//! benign: an observable may be the victim's own. Equal content gives equal bytes, so a feed changes
//! its [`Rendered::etag`] exactly when it says something else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use vedetta_indicator::{Kind, Nature, Standing, Term};
use vedetta_model::{Instant, ItemId, Pap, Places, Tlp};
use vedetta_policy::{Cleared, Reader};

mod csv_table;
mod entry;
mod hosts;
mod nftables;
mod plain;
mod rpz;
mod stix_bundle;
mod suricata;
mod text;

pub use entry::{Doubt, FeedEntry, FeedTerm, Measures, Release, Sighted};
pub use plain::Family;

/// What a feed is written as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// One value a line.
    Plain(Family),
    /// A table (RFC 4180) of every value with its item, marking, score and validity.
    Csv,
    /// A STIX 2.1 bundle of the objects as they are.
    Stix,
    /// A hosts file that leads domains nowhere.
    Hosts,
    /// A DNS response policy zone (draft-vixie-dnsop-dns-rpz).
    Rpz,
    /// Rules for Suricata.
    Suricata,
    /// Sets of addresses for nftables.
    Nftables,
}

/// For whom a feed is, and how.
#[derive(Clone, Debug)]
pub struct Head {
    /// The node that gives it, by name.
    pub node: String,
    /// The organisation that it is for, by name.
    pub organisation: String,
    /// When what the organisation may have last changed other than by its items: an agreement, a
    /// hold, a warning list. With the items' own changes it dates the feed.
    pub changed: Instant,
    /// What becomes of doubtful terms.
    pub doubtful: Doubtful,
}

/// What becomes of terms that are on a warning list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Doubtful {
    /// They are left out.
    #[default]
    LeftOut,
    /// They are kept; what is too broad to act on is still left out where it would be acted on.
    Kept,
}

/// A feed, written.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The file.
    pub body: Bytes,
    /// Its media type.
    pub content_type: &'static str,
    /// Its strong entity tag (RFC 9110, section 8.8.3), quotes included: SHA-256 of the body.
    pub etag: String,
    /// When it last changed.
    pub changed: Instant,
    /// How many terms it carries; of a STIX bundle, how many objects.
    pub carried: usize,
    /// What it leaves out.
    pub left_out: LeftOut,
    /// The releases that it tells of: each has a term, or its object, in the file.
    pub places: Arc<Places>,
}

/// Terms (of a STIX bundle, objects) that a feed leaves out, by reason. What is not cleared to the
/// reader is not counted: nobody learns that it is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// TLP:RED is for persons.
    pub red: usize,
    /// Not to be acted on in this way, by PAP.
    pub pap: usize,
    /// Benign indicators, and observables that nobody accuses.
    pub blameless: usize,
    /// On a warning list.
    pub listed: usize,
    /// Too broad, or withheld for a reason that the reader is not told.
    pub broad: usize,
    /// What a member of the network owns, where the reader may know that: nobody has its neighbours block
    /// or watch it.
    pub members: usize,
    /// Of a kind that the format does not have.
    pub kind: usize,
    /// Of a form that the format cannot express safely, or no value of its kind.
    pub form: usize,
}

/// What a format asks of what it carries.
struct Needs {
    act: Act,
    content_type: &'static str,
    /// What begins a comment; none where the format has no comments.
    comment: Option<&'static str>,
    kinds: fn(Kind) -> bool,
    /// Whether a term of those kinds can be written so that it stays one value.
    expresses: fn(&Term) -> bool,
}

/// What is done with a feed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Block,
    Alert,
    Inform,
}

/// One term and the entry that speaks for it.
#[derive(Clone, Copy)]
struct Row<'a> {
    term: &'a Term,
    doubt: Option<&'a Doubt>,
    entry: &'a FeedEntry,
}

/// What the reader opened.
struct Content<'a> {
    head: &'a Head,
    changed: Instant,
    entries: Vec<&'a FeedEntry>,
    left_out: LeftOut,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 12] = [
        Self::Plain(Family::All),
        Self::Plain(Family::Addresses),
        Self::Plain(Family::Domains),
        Self::Plain(Family::Urls),
        Self::Plain(Family::Hashes),
        Self::Plain(Family::Mailboxes),
        Self::Csv,
        Self::Stix,
        Self::Hosts,
        Self::Rpz,
        Self::Suricata,
        Self::Nftables,
    ];

    /// The name of its file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Plain(family) => family.file_name(),
            Self::Csv => "indicators.csv",
            Self::Stix => "bundle.json",
            Self::Hosts => "hosts",
            Self::Rpz => "response-policy.zone",
            Self::Suricata => "suricata.rules",
            Self::Nftables => "sets.nft",
        }
    }

    /// The format of a file name.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.file_name() == name)
    }

    /// The strictest PAP that it carries.
    #[must_use]
    pub fn strictest_pap(self) -> Pap {
        self.needs().act.strictest_pap()
    }

    const fn needs(self) -> &'static Needs {
        match self {
            Self::Plain(family) => family.needs(),
            Self::Csv => &csv_table::NEEDS,
            Self::Stix => &stix_bundle::NEEDS,
            Self::Hosts => &hosts::NEEDS,
            Self::Rpz => &rpz::NEEDS,
            Self::Suricata => &suricata::NEEDS,
            Self::Nftables => &nftables::NEEDS,
        }
    }
}

impl Act {
    const fn strictest_pap(self) -> Pap {
        match self {
            Self::Block => Pap::Green,
            Self::Alert => Pap::Amber,
            Self::Inform => Pap::Red,
        }
    }
}

/// Writes the feed of what a reader may open.
#[must_use]
pub fn render(
    format: Format,
    entries: &[Cleared<FeedEntry>],
    reader: &Reader,
    head: &Head,
) -> Rendered {
    compose(format, entries.iter().filter_map(|entry| entry.open(reader)), head)
}

/// Writes the feed of what was opened.
fn compose<'a>(
    format: Format,
    entries: impl Iterator<Item = &'a FeedEntry>,
    head: &'a Head,
) -> Rendered {
    let mut content = Content::of(entries, head);
    let needs = format.needs();
    let (body, carried, places) = match format {
        Format::Stix => stix_bundle::write(&mut content),
        Format::Csv => {
            let rows = content.rows(needs);
            let (body, carried) = csv_table::write(&rows);
            (body, carried, places(&rows))
        }
        _ => {
            let rows = content.rows(needs);
            let places = places(&rows);
            let strictest = strictest(&rows);
            let rows = one_each(rows);
            let mut body = content.opening(format, rows.len(), strictest);
            match format {
                Format::Plain(_) | Format::Csv | Format::Stix => plain::write(&rows, &mut body),
                Format::Hosts => hosts::write(&rows, &mut body),
                Format::Rpz => rpz::write(&rows, content.changed, &mut body),
                Format::Suricata => suricata::write(&rows, &mut body),
                Format::Nftables => nftables::write(&rows, &mut body),
            }
            (body.into_bytes(), rows.len(), places)
        }
    };
    Rendered {
        etag: text::etag(&Sha256::digest(&body)),
        body: body.into(),
        content_type: needs.content_type,
        changed: content.changed,
        carried,
        left_out: content.left_out,
        places: Arc::new(places),
    }
}

impl<'a> Content<'a> {
    /// The newest of each item, by identifier.
    fn of(entries: impl Iterator<Item = &'a FeedEntry>, head: &'a Head) -> Self {
        let mut left_out = LeftOut::default();
        let mut newest: BTreeMap<&ItemId, &FeedEntry> = BTreeMap::new();
        let mut changed = head.changed;
        for entry in entries {
            if entry.tlp == Tlp::Red {
                left_out.red += 1;
                continue;
            }
            changed = changed.max(entry.changed);
            let known = newest.entry(&entry.id).or_insert(entry);
            if entry.released > known.released {
                *known = entry;
            }
        }
        let counts = |entry: &&FeedEntry| matches!(entry.standing, None | Some(Standing::Live(_)));
        let entries = newest.into_values().filter(counts).collect();
        Self { head, changed, entries, left_out }
    }

    /// What a format may carry and can, by term and item.
    fn rows(&mut self, needs: &Needs) -> Vec<Row<'a>> {
        let mut rows = Vec::new();
        for entry in &self.entries {
            self.left_out.form += entry.unreadable;
            for FeedTerm { term, doubt } in &entry.terms {
                let row = Row { term, doubt: doubt.as_ref(), entry };
                match needs.refusal(&row, self.head.doubtful, &mut self.left_out) {
                    Some(count) => *count += 1,
                    None => rows.push(row),
                }
            }
        }
        rows.sort_unstable_by_key(|row| (row.term, &row.entry.id));
        rows
    }

    /// The comment at the head of a file.
    fn opening(&self, format: Format, carried: usize, (tlp, pap): (Tlp, Pap)) -> String {
        let Some(mark) = format.needs().comment else { return String::new() };
        let line = |text: &str| text::one_line(text, 200);
        let LeftOut { pap: pap_out, blameless, listed, broad, members, kind, form, red: _ } =
            self.left_out;
        let mut opening = String::new();
        // Writing to a string does not fail.
        let _ = write!(
            opening,
            "{mark} {} for {}, from {} (Vedetta)\n\
             {mark} {tlp} {pap} at the strictest; changed {}; {carried} values\n\
             {mark} left out: {listed} on warning lists, {broad} too broad or withheld, {members} of members, \
             {pap_out} by their PAP, {blameless} blameless, {kind} of other kinds, {form} not expressible\n",
            format.file_name(),
            line(&self.head.organisation),
            line(&self.head.node),
            self.changed,
        );
        opening
    }
}

impl Needs {
    /// Where to count a row that may not pass.
    fn refusal<'l>(
        &self,
        row: &Row<'_>,
        doubtful: Doubtful,
        left_out: &'l mut LeftOut,
    ) -> Option<&'l mut usize> {
        let inform = self.act == Act::Inform;
        if !(self.kinds)(row.term.kind()) {
            return Some(&mut left_out.kind);
        }
        if row.entry.pap > self.act.strictest_pap() {
            return Some(&mut left_out.pap);
        }
        if !inform && row.entry.nature != Nature::Threat {
            return Some(&mut left_out.blameless);
        }
        match row.doubt {
            Some(Doubt::Broad(_)) if !inform || doubtful == Doubtful::LeftOut => {
                return Some(&mut left_out.broad);
            }
            Some(Doubt::Members) if !inform => return Some(&mut left_out.members),
            Some(Doubt::Withheld) if !inform => return Some(&mut left_out.broad),
            Some(Doubt::Listed(_)) if doubtful == Doubtful::LeftOut => {
                return Some(&mut left_out.listed);
            }
            _ => {}
        }
        (!(self.expresses)(row.term)).then_some(&mut left_out.form)
    }
}

/// The releases that rows are of.
fn places(rows: &[Row<'_>]) -> Places {
    let mut places: Vec<_> = rows.iter().map(|row| row.entry.place).collect();
    places.sort_unstable();
    places.into_iter().collect()
}

/// The strictest markings of what is carried.
fn strictest(rows: &[Row<'_>]) -> (Tlp, Pap) {
    let tlp = rows.iter().map(|row| row.entry.tlp).max().unwrap_or(Tlp::Clear);
    let pap = rows.iter().map(|row| row.entry.pap).max().unwrap_or(Pap::Clear);
    (tlp, pap)
}

/// Each term once: of several items, the one with the strictest marking speaks for it.
fn one_each(mut rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    rows.dedup_by(|later, kept| {
        let same = later.term == kept.term;
        let stricter = (later.entry.tlp, later.entry.pap) > (kept.entry.tlp, kept.entry.pap);
        if same && stricter {
            kept.entry = later.entry;
        }
        same
    });
    rows
}
