//! What the node cleared for this organisation, kept on disk as it came: indicators and rules.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;
use vedetta_detect::indicators::{Builder, Id, Indicators, lines_of, whole};
use vedetta_detect::patterns::asks_for_more;
use vedetta_detect::report::Measures;
use vedetta_detect::sigma::{Correlator, Pipeline, Placeholders};
use vedetta_detect::{Patterns, Rules};
use vedetta_indicator::decay::Recall;
use vedetta_indicator::{Life, Nature, Sighting, Term, WarningLists, breadth};
use vedetta_model::Instant;

use crate::error::SensorError;
use crate::kept;
use crate::measures::Measured;

/// What is known, and how far the node's stream was followed.
pub struct Known {
    path: PathBuf,
    file: File,
    /// The last place of the stream that was kept.
    place: u64,
    /// Rules that came as items, by item and whose line.
    rules: BTreeMap<Id, String>,
    /// Whether anything is kept of which the node did not say whose line it is: before it told them apart.
    untold: bool,
    /// When indicators were last seen, by whomever.
    seen: HashMap<Id, Instant>,
    mine: Mine,
    /// The node's false-positive lists, and how indicators decay.
    measured: Measured,
    /// What was kept and never looked for in the past.
    pub(crate) late: Vec<(Id, Term, Life)>,
}

/// What is the owner's own.
#[derive(Default)]
pub struct Mine {
    /// Rules: file and text.
    pub(crate) rules: Vec<(String, String)>,
    /// The identity of the organisation, as STIX names it.
    pub(crate) identity: String,
    /// How rules are rewritten.
    pub(crate) pipelines: Vec<Pipeline>,
    /// What is known to be harmless.
    pub(crate) harmless: WarningLists,
}

/// Something new for who watches.
pub enum Change {
    /// Indicators that came or went.
    Indicators {
        /// What is looked for from now on.
        added: Vec<(Id, Term, Life)>,
        /// What is not any more.
        removed: Vec<Id>,
        /// Those that were made of what this organisation found: it knows.
        own: Vec<Id>,
        /// Patterns that may ask for more than one value.
        patterns: Vec<(Id, String, Life)>,
    },
    /// Indicators that somebody saw, and when.
    Seen(Vec<(Id, Instant)>),
    /// All indicators.
    All(Indicators),
    /// No indicators, and no patterns.
    Nothing,
    /// All rules.
    Rules(Box<(Arc<Rules>, Correlator, usize)>),
}

/// One line of the stream: an object at its place, a place alone, or that something was withdrawn.
#[derive(Deserialize)]
struct Line<'l> {
    id: Option<&'l str>,
    /// Whose line of the item it is: each of those who brought it has one.
    line: Option<&'l str>,
    #[serde(borrow)]
    object: Option<&'l RawValue>,
    #[serde(alias = "line-withdrawn")]
    withdrawn: Option<Withdrawn>,
    /// Of lines of our own: that an indicator was seen.
    seen: Option<Seen>,
}

/// That an indicator was seen, as it is kept.
#[derive(Serialize, Deserialize)]
struct Seen {
    indicator: Uuid,
    at: Instant,
}

/// What was withdrawn.
#[derive(Deserialize)]
struct Withdrawn {
    item: String,
    line: Option<String>,
}

/// The line of what is kept without one.
const UNTOLD: u32 = 1;

impl Line<'_> {
    /// The place that it says, or the one before.
    fn place(&self, before: u64) -> u64 {
        self.id.and_then(|id| id.parse().ok()).unwrap_or(before).max(before)
    }

    /// The indicator that it says was seen, and when, as far as that is past.
    fn sighted(&self, now: Instant) -> Option<(Id, Instant)> {
        if let Some(seen) = &self.seen {
            return Some((of_line(seen.indicator, 0), seen.at.min(now)));
        }
        let sighting = Sighting::read(self.object?.get().as_bytes())?;
        Some((of_line(uuid(&sighting.of)?, 0), sighting.last.min(now)))
    }

    /// Whether an identity made the object.
    fn is_by(&self, identity: &str) -> bool {
        #[derive(Deserialize)]
        struct By<'b> {
            created_by_ref: Option<&'b str>,
        }
        let by = self.object.and_then(|object| serde_json::from_str::<By<'_>>(object.get()).ok());
        by.is_some_and(|by| by.created_by_ref == Some(identity))
    }

    /// What it changes.
    fn piece(&self, is_harmless: &dyn Fn(&Term) -> bool) -> Option<(Id, Piece)> {
        match &self.withdrawn {
            // Without a line it is of everybody's.
            Some(Withdrawn { item, line }) => {
                let line = line.as_ref().map_or(0, |line| number(line));
                Some((of_line(uuid(item)?, line), Piece::Gone))
            }
            None => {
                let (id, piece) = piece(self.object?.get(), is_harmless)?;
                Some((of_line(id, self.line.map_or(UNTOLD, number)), piece))
            }
        }
    }
}

/// What an object is to a sensor.
enum Piece {
    /// It is not to be used any more.
    Gone,
    /// Values to look for, and the pattern when it asks for more than one of them.
    Indicator(Vec<Term>, Option<String>, Life),
    /// A rule; none when it was taken back.
    Rule(Option<String>),
}

/// Longest line that is waited for, and kept, in bytes.
pub(crate) const LONGEST_LINE: usize = 64 << 20;

/// What was kept, as it is now.
struct Read {
    known: (u64, BTreeMap<Id, String>, HashMap<Id, Instant>),
    indicators: Indicators,
    patterns: Patterns,
    untold: bool,
    /// What was kept after a place: nobody has looked for it in the past yet.
    late: Vec<(Id, Term, Life)>,
}

impl Read {
    /// Reads a file; writes it anew when most of it is of the past.
    fn of(
        path: &Path,
        (mine, measured): (&Mine, &Measured),
        (applied, now): (u64, Instant),
    ) -> Result<Self, SensorError> {
        let is_harmless = |term: &Term| measured.is_harmless(&mine.harmless, term);
        let failed = |error: std::io::Error| SensorError::file(path, error);
        let mut newest: HashMap<Id, u64> = HashMap::new();
        let (mut place, mut lines, mut seen) = (0, 0, HashMap::new());
        each_line(path, &mut |at, line| {
            let Ok(read) = serde_json::from_str::<Line<'_>>(line) else { return };
            place = read.place(place);
            lines += 1;
            if let Some(sighted) = read.sighted(now) {
                latest(&mut seen, sighted);
            }
            if let Some((id, _)) = read.piece(&is_harmless) {
                newest.insert(id, at);
                // What was kept before lines were told apart is of whoever speaks first.
                newest.entry(untold(id)).and_modify(|before| *before = at);
            }
        })
        .map_err(failed)?;
        let (mut builder, mut late) = (Builder::with_room_for(newest.len()), Vec::new());
        let mut patterns = Patterns::default();
        patterns.decay_by(measured.decay.clone());
        let (mut rules, mut live, mut is_untold) = (BTreeMap::new(), Vec::new(), false);
        let rewrite = lines > 2 * (newest.len() + seen.len()) + 1_000;
        each_line(path, &mut |at, line| {
            let Ok(read) = serde_json::from_str::<Line<'_>>(line) else { return };
            let Some((id, piece)) = read.piece(&is_harmless) else { return };
            // All of them may have been withdrawn since.
            if newest.get(&id) != Some(&at) || newest.get(&whole(id)).is_some_and(|it| *it > at) {
                return;
            }
            is_untold |= id == untold(id);
            match piece {
                Piece::Gone | Piece::Rule(None) => return,
                Piece::Indicator(.., life) if is_over(&life, now) => return,
                Piece::Indicator(terms, pattern, mut life) => {
                    life.last_sighting = seen.get(&whole(id)).copied();
                    terms.iter().for_each(|term| builder.add(id, term, &life));
                    pattern.into_iter().for_each(|it| watch_for(&mut patterns, (id, &it, life)));
                    if read.place(0) > applied && !read.is_by(&mine.identity) {
                        late.extend(terms.into_iter().map(|term| (id, term, life)));
                    }
                }
                Piece::Rule(Some(text)) => {
                    rules.insert(id, text);
                }
            }
            if rewrite {
                live.extend_from_slice(line.as_bytes());
                live.push(b'\n');
            }
        })
        .map_err(failed)?;
        if rewrite {
            let kept: HashSet<Id> = newest.keys().map(|id| whole(*id)).collect();
            seen.retain(|id, _| kept.contains(id));
            seen.iter().for_each(|(id, at)| live.extend(seen_line(*id, *at)));
            live.extend_from_slice(place_line(place).as_bytes());
            kept::replace(path, &live)?;
        }
        let mut indicators = builder.build(measured.decay.clone());
        indicators.note_seen(seen.iter().map(|(id, at)| (*id, *at)));
        let (known, untold) = ((place, rules, seen), is_untold);
        Ok(Self { known, indicators, patterns, untold, late })
    }
}

/// Opens a file to write more to it. After a crash in the middle of a line, the next begins on its own.
fn to_write(path: &Path) -> Result<File, SensorError> {
    let opened = kept::append(path).and_then(|mut file| file.write_all(b"\n").map(|()| file));
    opened.map_err(|error| SensorError::file(path, error))
}

impl Known {
    /// Opens what was kept; answers all of it. What was kept after a place was never looked for in the past.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(
        path: &Path,
        mine: Mine,
        (applied, now): (u64, Instant),
    ) -> Result<(Self, Indicators, Patterns), SensorError> {
        let measured = Measured::open(path.parent().unwrap_or(Path::new(".")));
        let Read { known: (place, rules, seen), indicators, patterns, untold, late } =
            Read::of(path, (&mine, &measured), (applied, now))?;
        let (file, path) = (to_write(path)?, path.to_owned());
        let known = Self { path, file, place, rules, untold, seen, mine, measured, late };
        Ok((known, indicators, patterns))
    }

    /// Nothing is known any more: the node was restored to an earlier moment, and says everything anew.
    pub(crate) fn forget(&mut self) -> Result<Vec<Change>, SensorError> {
        kept::replace(&self.path, b"")?;
        self.file = to_write(&self.path)?;
        self.place = 0;
        self.untold = false;
        self.rules.clear();
        self.seen.clear();
        Ok(vec![Change::Nothing, self.rules()])
    }

    /// How far the stream was followed.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Takes lines of the stream: what they change is kept, and answered. A line longer than can be kept
    /// is passed over.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn take(&mut self, lines: &str, now: Instant) -> Result<Vec<Change>, SensorError> {
        let mut bytes = Vec::new();
        // Of what comes more than once, the last word counts.
        let mut newest: BTreeMap<Id, (Piece, bool)> = BTreeMap::new();
        let mut seen = HashMap::new();
        for line in lines.lines().filter(|line| line.len() < LONGEST_LINE) {
            let Ok(read) = serde_json::from_str::<Line<'_>>(line) else { continue };
            self.place = read.place(self.place);
            if let Some(sighted) = read.sighted(now) {
                latest(&mut seen, sighted);
            }
            let is_harmless = |term: &Term| self.measured.is_harmless(&self.mine.harmless, term);
            let Some((id, piece)) = read.piece(&is_harmless) else { continue };
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            self.untold |= id == untold(id);
            let said: Vec<Id> = newest.range(lines_of(id)).map(|(id, _)| *id).collect();
            said.iter().for_each(|id| _ = newest.remove(id));
            newest.insert(id, (piece, read.is_by(&self.mine.identity)));
        }
        seen.retain(|id, at| self.seen.get(id).is_none_or(|last| last < at));
        for (id, at) in &seen {
            bytes.extend(seen_line(*id, *at));
        }
        self.seen.extend(&seen);
        if !seen.is_empty() {
            bytes.extend_from_slice(place_line(self.place).as_bytes());
        }
        let bytes = if bytes.is_empty() { place_line(self.place).into_bytes() } else { bytes };
        self.file.write_all(&bytes).map_err(|error| SensorError::file(&self.path, error))?;
        let mut changes = self.changes(newest, now);
        changes.extend((!seen.is_empty()).then(|| Change::Seen(seen.into_iter().collect())));
        Ok(changes)
    }

    /// What the newest of some items change.
    fn changes(&mut self, newest: BTreeMap<Id, (Piece, bool)>, now: Instant) -> Vec<Change> {
        let (mut added, mut removed, mut own) = (Vec::new(), Vec::new(), Vec::new());
        let (mut patterns, mut rules_changed) = (Vec::new(), false);
        for (id, (piece, is_own)) in newest {
            // What was kept before lines were told apart is of whoever speaks first.
            let is_told = id != untold(id) && id != whole(id);
            let before = Some(untold(id)).filter(|_| self.untold && is_told);
            removed.extend(before);
            let gone = self.rules.range(lines_of(id)).map(|(id, _)| *id).chain(before);
            for id in gone.collect::<Vec<_>>() {
                rules_changed |= self.rules.remove(&id).is_some();
            }
            let before = added.len();
            match piece {
                Piece::Gone => {}
                Piece::Rule(text) => {
                    rules_changed = true;
                    self.rules.extend(text.map(|text| (id, text)));
                }
                Piece::Indicator(terms, pattern, mut life) => {
                    life.last_sighting = self.seen.get(&whole(id)).copied();
                    own.extend(is_own.then_some(id));
                    if !is_over(&life, now) {
                        added.extend(terms.into_iter().map(|term| (id, term, life)));
                        patterns.extend(pattern.map(|pattern| (id, pattern, life)));
                    }
                }
            }
            removed.extend((added.len() == before).then_some(id));
        }
        let mut changes = Vec::new();
        if !(added.is_empty() && removed.is_empty()) {
            changes.push(Change::Indicators { added, removed, own, patterns });
        }
        changes.extend(rules_changed.then(|| self.rules()));
        changes
    }

    /// All rules, ready; those that cannot be used are told in the log, and counted.
    pub(crate) fn rules(&self) -> Change {
        let pipelines = self.mine.pipelines.clone();
        let mut rules = Rules::with_pipelines(Placeholders::new(), pipelines);
        for (id, text) in &self.rules {
            rules.take(&written(*id), text);
        }
        for (file, text) in &self.mine.rules {
            rules.take(file, text);
        }
        rules.ready();
        // The owner may want to see everything; nobody else makes the sensor tell it.
        rules.refuse_of_all_events(&|file| file.starts_with("indicator--"));
        for it in rules.of_all_events() {
            tracing::warn!(file = %it.file, title = %it.title, "a rule matches every event of its source");
        }
        for it in rules.unfilled() {
            tracing::warn!(file = %it.file, line = it.line, reason = %it.reason, "a value of a rule is never met");
        }
        let (correlator, unusable) = Correlator::new(&rules);
        let refused = rules.refused().iter().chain(&unusable);
        let refused = refused.inspect(|it| {
            tracing::warn!(file = %it.file, line = it.line, reason = %it.reason, "a rule cannot be used");
        });
        let refused = refused.count();
        Change::Rules(Box::new((Arc::new(rules), correlator, refused)))
    }

    /// The node judges by other measures: by them, everything is looked at anew.
    pub(crate) fn measure(&mut self, by: Measures, now: Instant) -> Result<Change, SensorError> {
        self.measured.take(by)?;
        self.all(now)
    }

    /// By which measures of the node's everything is judged.
    pub(crate) fn measures(&self) -> &str {
        &self.measured.digest
    }

    /// Everything anew, with what was taken since as one.
    pub(crate) fn all(&mut self, now: Instant) -> Result<Change, SensorError> {
        // The patterns stay: what they have seen goes on.
        let read = Read::of(&self.path, (&self.mine, &self.measured), (u64::MAX, now))?;
        // It may be another file.
        self.file = to_write(&self.path)?;
        Ok(Change::All(read.indicators))
    }
}

/// The identifier as STIX writes it.
pub(crate) fn written(id: Id) -> String {
    format!("indicator--{}", named(id))
}

/// The identifier, whoever's line it is.
fn named([id @ .., _, _, _, _]: Id) -> Uuid {
    Uuid::from_bytes(id)
}

/// Whose line of an indicator.
fn of_line(id: Uuid, line: u32) -> Id {
    let mut both = [0; 20];
    both[..16].copy_from_slice(id.as_bytes());
    both[16..].copy_from_slice(&line.to_be_bytes());
    both
}

/// The number of a line; of one that is written otherwise, as of none.
fn number(line: &str) -> u32 {
    u32::from_str_radix(line, 16).unwrap_or_default().max(UNTOLD)
}

/// What is kept of an indicator without a line.
fn untold(id: Id) -> Id {
    of_line(named(id), UNTOLD)
}

/// Notes a moment, unless a later one is known.
fn latest(seen: &mut HashMap<Id, Instant>, (id, at): (Id, Instant)) {
    let last = seen.entry(id).or_insert(at);
    *last = at.max(*last);
}

fn seen_line(id: Id, at: Instant) -> Vec<u8> {
    let seen = Seen { indicator: named(id), at };
    format!("{}\n", serde_json::json!({ "seen": seen })).into_bytes()
}

fn place_line(place: u64) -> String {
    format!("{{\"id\":\"{place}\"}}\n")
}

fn is_over(life: &Life, now: Instant) -> bool {
    life.recall == Recall::Revoked || life.valid_until.is_some_and(|until| until <= now)
}

fn uuid(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id.strip_prefix("indicator--")?).ok()
}

/// What an object is to a sensor, when it is anything.
fn piece(object: &str, is_harmless: &dyn Fn(&Term) -> bool) -> Option<(Uuid, Piece)> {
    let object = stix::Object::restore(object)?;
    if object.object_type() != "indicator" {
        return None;
    }
    let id = uuid(object.id().as_ref())?;
    if object.text("pattern_type").is_some_and(|it| it == "sigma") {
        let text = object.text("pattern").filter(|_| !object.revoked());
        return Some((id, Piece::Rule(text)));
    }
    let reading = vedetta_indicator::read(&object);
    let mut terms = reading.alone;
    // What is too broad to act on, or known to be harmless, is not looked for.
    let is_threat = reading.nature == Nature::Threat;
    terms.retain(|term| is_threat && breadth(term).is_none() && !is_harmless(term));
    // What is no pattern is told as what is not watched for.
    let is_more = |text: &String| stix::pattern::parse(text).map_or(true, |it| asks_for_more(&it));
    let is_stix = object.text("pattern_type").is_none_or(|it| it == "stix");
    let pattern = object.text("pattern").filter(|text| is_threat && is_stix && is_more(text));
    Some((id, Piece::Indicator(terms, pattern, Life::of(&object, None))))
}

/// Watches for a pattern; one that cannot be watched for is told in the log.
pub(crate) fn watch_for(patterns: &mut Patterns, (id, pattern, life): (Id, &str, Life)) {
    if let Err(reason) = patterns.put(id, pattern, life) {
        tracing::warn!(indicator = %written(id), %reason, "a pattern is not watched for");
    }
}

/// Calls `each` with every line of a file, and where it begins.
fn each_line(path: &Path, each: &mut dyn FnMut(u64, &str)) -> std::io::Result<()> {
    use std::io::Read as _;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut lines = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut at) = (Vec::new(), 0);
    loop {
        line.clear();
        let length = lines.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line)? as u64;
        if length == 0 {
            return Ok(());
        }
        if let Ok(text) = std::str::from_utf8(&line) {
            each(at, text.trim_end());
        }
        at += length;
    }
}

#[cfg(test)]
mod tests;
