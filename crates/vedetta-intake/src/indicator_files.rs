//! Indicators from files: STIX bundles and tables.

use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use vedetta_detect::indicators::{Builder, Id};
use vedetta_detect::{Indicators, Patterns};
use vedetta_indicator::{DecayTable, Life, Nature, Sighting, WarningList, WarningLists, breadth};
use vedetta_model::{Instant, OrganisationId};

use crate::arrival::{Arrival, DoorIn};
use crate::bulk;
use crate::events::Unread;
use crate::indicator_csv::{self, Bringer};

/// What was taken in.
pub struct Loaded {
    /// Values to look for.
    pub set: Indicators,
    /// Patterns that ask for more than one value.
    pub patterns: Patterns,
    /// Values that are not looked for, with the reason.
    pub left_out: Vec<String>,
}

struct Loading {
    builder: Builder,
    patterns: Patterns,
    known_good: WarningLists,
    /// When indicators were last seen, as sightings say.
    seen: HashMap<Id, Instant>,
    left_out: Vec<String>,
}

/// Most reasons kept.
const KEPT: usize = 1_000;

/// Reads indicators as of a moment, but for those that are too broad or known to be harmless.
///
/// # Errors
/// A file that cannot be read.
pub fn load(files: &[PathBuf], known_good: &[PathBuf], now: Instant) -> Result<Loaded, Unread> {
    let known_good = lists(known_good)?;
    let (builder, patterns) = (Builder::default(), Patterns::default());
    let (seen, left_out) = (HashMap::new(), Vec::new());
    let mut loading = Loading { builder, patterns, known_good, seen, left_out };
    for file in files {
        let name = file.display().to_string();
        if file.extension().is_some_and(|it| it == "csv") {
            let bytes = read(file)?;
            let bringer = OrganisationId::new("here").map_err(|error| Unread::new(&name, error))?;
            let bringer = Bringer { identity: &bringer.identity(), at: now };
            loading.take(&name, indicator_csv::read(DoorIn::File, &name, &bytes, &bringer));
        } else {
            let bytes = read(file)?;
            for (arrival, _) in bulk::bundle(Cursor::new(bytes), &name) {
                loading.take(&name, arrival);
            }
        }
    }
    let Loading { builder, mut patterns, mut seen, left_out, .. } = loading;
    let mut set = builder.build(DecayTable::default());
    // What is seen tomorrow is not seen yet.
    seen.values_mut().for_each(|at| *at = now.min(*at));
    seen.iter().for_each(|(id, at)| patterns.note_seen(*id, *at));
    set.note_seen(seen);
    Ok(Loaded { set, patterns, left_out })
}

impl Loading {
    fn take(&mut self, file: &str, arrival: Arrival) {
        for fault in arrival.faults.iter().filter(|it| it.refused) {
            self.leave(format!("{file}: {}: {}", fault.place, fault.reason));
        }
        for item in &arrival.items {
            if let Some(sighting) = Sighting::read(&item.body)
                && let Some(id) = uuid(&sighting.of)
            {
                let last = self.seen.entry(id).or_insert(sighting.last);
                *last = sighting.last.max(*last);
            }
            let Some(object) = std::str::from_utf8(&item.body).ok().and_then(stix::Object::restore)
            else {
                continue;
            };
            let reading = vedetta_indicator::read(&object);
            let Some(id) = uuid(object.id().as_ref()) else { continue };
            if object.object_type() != "indicator" || reading.nature != Nature::Threat {
                continue;
            }
            if let Some(reason) = &reading.refused {
                self.leave(format!("{file}: {}: {reason}", object.id()));
            }
            let life = Life::of(&object, None);
            let pattern = object.text("pattern").filter(|_| reading.refused.is_none());
            let is_stix = object.text("pattern_type").is_none_or(|it| it == "stix");
            if let Some(pattern) = pattern.filter(|_| is_stix)
                && let Err(reason) = self.patterns.put(id, &pattern, life)
            {
                self.leave(format!("{file}: {}: {reason}", object.id()));
            }
            for term in &reading.alone {
                if let Some(reason) = breadth(term) {
                    self.leave(format!("{file}: {term}: {reason}"));
                } else if let Some(hit) =
                    self.known_good.hits(term).iter().find(|it| it.reach.is_doubtful())
                {
                    let reason = format!("{file}: {term}: on the list {:?}", hit.list.name);
                    self.leave(reason);
                } else {
                    self.builder.add(id, term, &life);
                }
            }
        }
    }

    fn leave(&mut self, reason: String) {
        if self.left_out.len() < KEPT {
            self.left_out.push(reason);
        }
    }
}

/// MISP warning lists, from files and directories.
///
/// # Errors
/// A file that cannot be read, or is no list.
pub fn lists(folders: &[PathBuf]) -> Result<WarningLists, Unread> {
    let mut lists = Vec::new();
    let mut files = Vec::new();
    for path in folders {
        if path.is_dir() {
            let inside = std::fs::read_dir(path)
                .map_err(|error| Unread::new(&path.display().to_string(), error))?;
            files.extend(inside.filter_map(|it| Some(it.ok()?.path())));
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    for file in files.iter().filter(|it| it.extension().is_some_and(|it| it == "json")) {
        let read = WarningList::parse(&read(file)?);
        let (list, _) = read.map_err(|error| Unread::new(&file.display().to_string(), error))?;
        lists.push(list);
    }
    WarningLists::build(&lists).map_err(|error| Unread::new("the warning lists", error))
}

fn read(file: &Path) -> Result<Vec<u8>, Unread> {
    std::fs::read(file).map_err(|error| Unread::new(&file.display().to_string(), error))
}

fn uuid(id: &str) -> Option<Id> {
    let (_, uuid) = id.split_once("--")?;
    let mut id = Id::default();
    id[..16].copy_from_slice(Uuid::try_parse(uuid).ok()?.as_bytes());
    Some(id)
}
