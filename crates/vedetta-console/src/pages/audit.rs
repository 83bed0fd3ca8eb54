//! What was done: the ledger, searched from its end, and whether its chain holds.

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::access::Cost;
use vedetta_api::{Problem, called};
use vedetta_flow::views::ledger::EntryFilter;
use vedetta_flow::views::told_entries::ToldEntry;
use vedetta_flow::{Entry, EntryKind, FlowError, House, Sequence, Standing, Verification};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::facts;
use vedetta_frame::fields::Choice;
use vedetta_frame::forms::escaped;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{Moment, moment_of, short};
use vedetta_frame::visit::Signed;
use vedetta_model::{Actor, Instant, Language};
use vedetta_words::Words;

use crate::pages::audit_entry::written_by;

/// Which entries, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    before: Option<u64>,
    kind: String,
    actor: String,
    subject: String,
    from: String,
    to: String,
    text: String,
}

/// Which entries, as the ledger has them.
struct Wanted {
    filter: EntryFilter,
    text: String,
    before: Option<u64>,
    /// At most so many are given, and so many looked at.
    most: usize,
    bound: u64,
    w: Words,
}

/// What was found, the newest first.
struct Found {
    entries: Vec<ToldEntry>,
    looked: u64,
    /// The moment of the oldest that was looked at.
    back_to: Option<Instant>,
    /// Where to go on, when there are older ones.
    older: Option<u64>,
}

/// An entry that was found.
enum Hit {
    /// As the ledger has it, without the item in it.
    Untold(Entry),
    /// As it is told, without its body.
    Told(ToldEntry),
}

/// One entry.
struct Row {
    seq: u64,
    at: Moment,
    kind: &'static str,
    by: String,
    subject: String,
    facts: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct Audit {
    frame: Frame,
    asked: Asked,
    kinds: Vec<Choice>,
    fault: Option<String>,
    /// As what a name was looked for.
    meant: Vec<String>,
    rows: Vec<Row>,
    looked: Option<String>,
    older: Option<String>,
    last: String,
    verified: Option<(bool, String)>,
}

/// Entries on a page, and in a file.
const PAGE: usize = 100;
const FILE: usize = 5_000;
/// Entries looked at for one page, and read in one go.
const LOOKED: u64 = 50_000;
/// The same where a text is looked for: each is told, with the names of what it says by number.
const LOOKED_INTO: u64 = 10_000;
const TOGETHER: u64 = 1_000;
/// And so many of these are told at once, until so many names were looked up.
const PIECE: usize = if cfg!(test) { 1 } else { 10 };
const NAMES: usize = if cfg!(test) { 900 } else { 20_000 };
/// Octets of bodies that are held until they are told.
const KEPT: usize = if cfg!(test) { 4 << 10 } else { 8 << 20 };

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let form = signed.visit.exported();
    let most = if form.is_some() { FILE } else { PAGE };
    let (audit, entries) = read(&console, &signed, (asked, most)).await?;
    match form {
        Some(form) => table(&entries).answer((&console, &signed), form).await,
        None => page(&audit),
    }
}

pub(super) async fn verify(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let verification = console.api().ask_at(Cost::Bulk, move |house| house.verify(&actor)).await?;
    let told = match verification {
        Verification::Sound { entries, .. } => (true, w.audit_sound(&w.number(entries))),
        Verification::Broken { seq, reason } => (false, w.audit_broken(seq.0, &reason)),
    };
    let (audit, _) = read(&console, &signed, (Asked::default(), PAGE)).await?;
    page(&Audit { verified: Some(told), ..audit })
}

/// A page, and the entries on it.
async fn read(
    console: &Console,
    signed: &Signed,
    (asked, most): (Asked, usize),
) -> Result<(Audit, Vec<ToldEntry>), Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let typed = [("subject", &asked.subject), ("actor", &asked.actor), ("text", &asked.text)]
        .map(|(name, text)| (name, text.clone()));
    let wanted = asked.wanted(console, w, most);
    let fault = wanted.is_none().then(|| w.audit_moment_wrong().to_owned());
    let meant = wanted.as_ref().map_or_else(Vec::new, |it| asked.meant(it));
    let found = match wanted {
        Some(wanted) => console.api().ask_at(Cost::Bulk, move |house| {
            let found = wanted.find(house, &actor)?;
            let typed = typed.each_ref().map(|(name, text)| (*name, Some(&**text)));
            house.note_search(&actor, &wanted.filter, &typed);
            Ok(found)
        }),
        None => return Ok((Audit::of(console, signed, asked, fault), Vec::new())),
    };
    let Found { entries, looked, back_to, older } = found.await?;
    let looked =
        back_to.map(|back_to| w.audit_looked(&w.number(looked), Moment::of(back_to, w).text()));
    let audit = Audit {
        rows: entries.iter().map(|it| Row::of(it, w)).collect(),
        looked: looked.filter(|_| asked.narrows() && older.is_some() && entries.len() < most),
        older: older.map(|older| asked.address(older)),
        meant,
        ..Audit::of(console, signed, asked, fault)
    };
    Ok((audit, entries))
}

impl Asked {
    /// What is asked for; none when a moment cannot be read.
    fn wanted(&self, console: &Console, w: Words, most: usize) -> Option<Wanted> {
        let standing = console.house().standing();
        let moment = |text: &str| match text.trim() {
            "" => Some(None),
            text => moment_of(text).map(Some),
        };
        let given = |text: &str, named: fn(&Standing, &str) -> BTreeSet<String>| {
            (!text.trim().is_empty()).then(|| named(&standing, text))
        };
        let filter = EntryFilter {
            subjects: given(&self.subject, called::subjects),
            actors: given(&self.actor, called::actors),
            kind: EntryKind::ALL.into_iter().find(|kind| kind.name() == self.kind),
            since: moment(&self.from)?,
            // A minute that is typed is meant whole.
            until: moment(&self.to)?.map(|it| it.after(Duration::from_secs(60)).before(TICK)),
        };
        let text = self.text.trim().to_lowercase();
        let bound = if text.is_empty() { LOOKED } else { LOOKED_INTO };
        Some(Wanted { filter, text, before: self.before, most, bound, w })
    }

    /// As what the names were looked for, where that is something else.
    fn meant(&self, wanted: &Wanted) -> Vec<String> {
        let EntryFilter { subjects, actors, .. } = &wanted.filter;
        let of = [(&self.subject, subjects), (&self.actor, actors)];
        let meant = of.into_iter().filter_map(|(typed, found)| {
            let others = found.as_ref()?.iter().filter(|it| *it != typed.trim()).take(12);
            let others = others.cloned().collect::<Vec<_>>().join(", ");
            (!others.is_empty()).then(|| format!("«{}» = {others}", typed.trim()))
        });
        meant.collect()
    }

    fn narrows(&self) -> bool {
        let all = [&self.kind, &self.actor, &self.subject, &self.from, &self.to, &self.text];
        all.into_iter().any(|it| !it.trim().is_empty())
    }

    /// The same question, before a place.
    fn address(&self, before: u64) -> String {
        let mut address = format!("/audit?before={before}");
        for (name, value) in [
            ("kind", &self.kind),
            ("actor", &self.actor),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
            ("text", &self.text),
        ] {
            if !value.is_empty() {
                address += &format!("&{name}={}", escaped(value));
            }
        }
        address
    }
}

/// The shortest time there is.
const TICK: Duration = Duration::from_micros(1);

impl Wanted {
    /// From the end on, until there are enough or enough were looked at.
    fn find(&self, house: &House, by: &Actor) -> Result<Found, FlowError> {
        let last = house.bell().last().0;
        let mut end = self.before.map_or(last, |before| before.saturating_sub(1)).min(last);
        if let Some(until) = self.filter.until {
            end = end.min(house.place_at(until)?.0);
        }
        let floor = match self.filter.since {
            Some(since) => house.place_at(since.before(TICK))?.0,
            None => 0,
        };
        let (mut entries, mut looked, mut back_to, mut names) = (Vec::new(), 0, None, 0);
        while end > floor && looked < self.bound && entries.len() < self.most && names < NAMES {
            let start = end.saturating_sub(TOGETHER.min(self.bound)).max(floor);
            let (count, oldest, fitting) = self.between((house, by), (start, end))?;
            looked += count;
            back_to = oldest.or(back_to);
            let mut fitting = fitting.into_iter().rev().peekable();
            let mut told_to = None;
            while fitting.peek().is_some() && entries.len() < self.most && names < NAMES {
                let missing = self.most - entries.len();
                // Without a text all of them are found.
                let at_once = if self.text.is_empty() { missing } else { PIECE };
                let told = self.tell((house, by), fitting.by_ref().take(at_once))?;
                told_to = told.last().map(|it| it.entry.stamp);
                names += told.iter().map(named).sum::<usize>();
                entries.extend(told.into_iter().filter(|it| self.is_said(it)).take(missing));
            }
            end = match (entries.last(), told_to) {
                (Some(last), _) if entries.len() == self.most => last.entry.stamp.seq.0 - 1,
                (_, Some(last)) if fitting.peek().is_some() => {
                    looked -= last.seq.0 - 1 - start;
                    back_to = Some(last.at);
                    last.seq.0 - 1
                }
                _ => start,
            };
        }
        Ok(Found { entries, looked, back_to, older: (end > floor).then_some(end + 1) })
    }

    /// How many entries there are after a place and up to another, when the first was written, and those
    /// that the filter lets through, in order. The ledger gives of big ones a few at a time; the others
    /// are let go with each few.
    fn between(
        &self,
        (house, by): (&House, &Actor),
        (start, end): (u64, u64),
    ) -> Result<(u64, Option<Instant>, Vec<Hit>), FlowError> {
        let (mut hits, mut place, mut held) = (Vec::new(), start, 0);
        let (mut count, mut oldest) = (0, None);
        while place < end {
            let page =
                house.entries(by, Sequence(place), usize::try_from(end - place).unwrap_or(1))?;
            let Some((first, last)) = page.first().zip(page.last()) else { break };
            oldest = oldest.or(Some(first.stamp.at));
            (place, count) = (last.stamp.seq.0, count + page.len() as u64);
            let fit = page.into_iter().filter(|entry| self.filter.admits(entry));
            hits.extend(self.hold((house, by), fit.map(without_item).collect(), &mut held)?);
        }
        Ok((count, oldest, hits))
    }

    /// Some entries that fit; when they carry too much to be held, they are told now.
    fn hold(
        &self,
        asking: (&House, &Actor),
        fit: Vec<Entry>,
        held: &mut usize,
    ) -> Result<Vec<Hit>, FlowError> {
        let octets: usize = fit.iter().map(|it| it.body.len()).sum();
        if *held + octets <= KEPT {
            *held += octets;
            return Ok(fit.into_iter().map(Hit::Untold).collect());
        }
        let told = self.told(asking, fit)?.into_iter().map(without_body);
        Ok(told.map(Hit::Told).collect())
    }

    /// Tells those that are not told yet.
    fn tell(
        &self,
        asking: (&House, &Actor),
        hits: impl Iterator<Item = Hit>,
    ) -> Result<Vec<ToldEntry>, FlowError> {
        let (mut all, mut untold) = (Vec::new(), Vec::new());
        for hit in hits {
            all.push(match hit {
                Hit::Told(told) => Some(told),
                Hit::Untold(entry) => {
                    untold.push(entry);
                    None
                }
            });
        }
        let mut told = self.told(asking, untold)?.into_iter().map(without_body);
        Ok(all.into_iter().filter_map(|it| it.or_else(|| told.next())).collect())
    }

    /// Of each everything is named where a text is looked for: it may be any of the names.
    fn told(
        &self,
        (house, by): (&House, &Actor),
        entries: Vec<Entry>,
    ) -> Result<Vec<ToldEntry>, FlowError> {
        if self.text.is_empty() { house.tell(by, entries) } else { house.tell_whole(by, entries) }
    }

    /// Whether an entry says the text: as the ledger has it, or as it is told.
    fn is_said(&self, it: &ToldEntry) -> bool {
        let entry = &it.entry;
        let says = |text: &str| text.to_lowercase().contains(&self.text);
        self.text.is_empty()
            || [&entry.actor, &entry.subject, &entry.facts, &it.by].into_iter().any(|it| says(it))
            || says(&written_by(it, self.w))
            || says(&facts::in_line(self.w, &it.told))
    }
}

/// An entry without the item in it, of which nothing is told.
fn without_item(entry: Entry) -> Entry {
    match entry.kind {
        EntryKind::Item => Entry { body: Vec::new(), ..entry },
        _ => entry,
    }
}

fn without_body(it: ToldEntry) -> ToldEntry {
    let entry = Entry { body: Vec::new(), ..it.entry };
    ToldEntry { entry, ..it }
}

/// How many items are named in what is told of deliveries.
fn named(it: &ToldEntry) -> usize {
    let batches = it.told.get("deliveries").and_then(|it| it.as_array());
    let items = |it: &serde_json::Value| it["items"].as_array().map_or(0, Vec::len);
    batches.into_iter().flatten().map(items).sum()
}

fn table(entries: &[ToldEntry]) -> Table {
    let columns = ["place", "at", "kind", "by", "subject", "told", "hash"];
    let mut table = Table::new("ledger", &columns);
    for it in entries {
        let entry = &it.entry;
        let (place, at, hash) = (entry.stamp.seq, entry.stamp.at, entry.hash);
        let [place, at, hash] = [place.to_string(), at.to_string(), hash.to_string()];
        let (by, subject, told) =
            (it.by.clone(), entry.subject.clone(), facts::in_line(Words(Language::En), &it.told));
        table.row([place, at, entry.kind.name().to_owned(), by, subject, told, hash]);
    }
    table
}

impl Row {
    fn of(it: &ToldEntry, w: Words) -> Self {
        let entry = &it.entry;
        Self {
            seq: entry.stamp.seq.0,
            at: Moment::of(entry.stamp.at, w),
            kind: w.entry(entry.kind),
            by: written_by(it, w),
            subject: short(&entry.subject, 80),
            facts: short(&facts::in_line(w, &it.told), 200),
        }
    }
}

impl Audit {
    /// Without entries.
    fn of(console: &Console, signed: &Signed, asked: Asked, fault: Option<String>) -> Self {
        let w = signed.words();
        let kinds = EntryKind::ALL.map(|kind| Choice {
            value: kind.name().to_owned(),
            label: w.entry(kind),
            chosen: asked.kind == kind.name(),
        });
        Self {
            frame: Frame::of(console, &signed.visit, w.audit_title(), Section::Audit),
            asked,
            kinds: kinds.into(),
            fault,
            meant: Vec::new(),
            rows: Vec::new(),
            looked: None,
            older: None,
            last: w.number(console.house().bell().last().0),
            verified: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use vedetta_flow::{DeliveryBatch, Door};
    use vedetta_model::Audience;
    use vedetta_testkit::TestHouse;
    use vedetta_testkit::items::TestItem;

    use super::*;

    #[test]
    fn all_that_is_found_is_told_and_nothing_of_what_it_carries_is_held() {
        let test = TestHouse::small();
        let items: Vec<_> = (1..=40).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
        test.bring("perugia", &items);
        let admin = test.administrator();
        let all = test.house.entries(&admin, Sequence::START, 1_000).unwrap();
        let octets = |told: &[ToldEntry]| told.iter().map(|it| it.entry.body.len()).sum::<usize>();
        let wanted = Wanted {
            filter: EntryFilter::default(),
            text: String::new(),
            before: None,
            most: all.len(),
            bound: LOOKED,
            w: Words(Language::It),
        };
        let found = wanted.find(&test.house, &admin).unwrap().entries;
        let mut told = test.house.tell(&admin, all).unwrap();
        told.reverse();
        let says = |told: &[ToldEntry]| -> Vec<_> {
            told.iter().map(|it| (it.entry.hash, it.by.clone(), it.told.clone())).collect()
        };
        assert_eq!(says(&found), says(&told));
        assert!(octets(&told) > 4 * KEPT, "some are told before the others");
        assert_eq!(octets(&found), 0);
    }

    #[test]
    fn a_search_that_looked_far_enough_says_where_to_go_on() {
        let test = TestHouse::small();
        for n in 1..=40 {
            test.bring("perugia", &[TestItem::indicator(n)]);
        }
        let (admin, last) = (test.administrator(), test.house.bell().last().0);
        let subjects = called::subjects(&test.house.standing(), "Comune di Perugia");
        let filter = EntryFilter {
            subjects: Some(subjects),
            kind: Some(EntryKind::Numbered),
            ..EntryFilter::default()
        };
        let mut wanted = Wanted {
            filter,
            text: String::new(),
            before: None,
            most: 5,
            bound: 10,
            w: Words(Language::It),
        };
        let (mut rounds, mut looked) = (0, 0);
        let found = loop {
            let found = wanted.find(&test.house, &admin).unwrap();
            (rounds, looked) = (rounds + 1, looked + found.looked);
            assert!(found.looked <= 10 && found.back_to.is_some());
            match found.older {
                Some(older) if found.entries.is_empty() => wanted.before = Some(older),
                _ => break found,
            }
        };
        let entry = &found.entries[0].entry;
        assert_eq!((entry.kind, &*entry.subject), (EntryKind::Numbered, "perugia"));
        assert!(
            rounds > 3 && looked <= last,
            "it is among the first, and none was looked at twice"
        );
    }

    #[test]
    fn a_text_is_found_in_any_of_many_names_and_the_search_says_how_far_it_got() {
        let test = TestHouse::small();
        let items: Vec<_> = (1..=800).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
        test.bring("perugia", &items);
        let admin = test.administrator();
        let all = test.house.entries(&admin, Sequence::START, 10_000).unwrap();
        let of = all.iter().filter(|it| it.kind == EntryKind::Item);
        let releases: Vec<_> = of.map(|it| (it.stamp.seq.0, it.subject.clone())).collect();
        let everyone = test.house.standing().network.everyone().clone();
        let deliver = |some: &[(u64, String)]| {
            let batches = some.chunks(20).enumerate().map(|(n, some)| DeliveryBatch {
                releases: some.iter().map(|(place, _)| *place).collect(),
                door: Door::Stream,
                at: Instant::from_micros(n as i64),
                audience: Audience::clone(&everyone),
            });
            test.house.record_deliveries(batches.collect()).unwrap();
        };
        // The oldest delivery has the one that is looked for, and after it come more names than are
        // looked up in one go.
        deliver(&releases[..400]);
        (0..=NAMES / 400 + PIECE).for_each(|_| deliver(&releases[400..]));
        let mut wanted = Wanted {
            filter: EntryFilter { kind: Some(EntryKind::Delivered), ..EntryFilter::default() },
            text: releases[399].1.clone(),
            before: None,
            most: 5,
            bound: LOOKED_INTO,
            w: Words(Language::It),
        };
        let last = test.house.bell().last().0;
        let first = wanted.find(&test.house, &admin).unwrap();
        let older = first.older.unwrap();
        assert!(first.entries.is_empty());
        assert_eq!(first.looked, last - older + 1, "it says how far names were looked up");
        wanted.before = Some(older);
        assert_eq!(wanted.find(&test.house, &admin).unwrap().entries.len(), 1);
    }
}
