//! What was done, for auditors.

use std::collections::BTreeSet;

use serde_json::json;
use vedetta_model::{Actor, Instant};
use vedetta_store::{Entry, EntryKind, Sequence, Verification};

use crate::authority::AUDITORS;
use crate::error::FlowError;
use crate::house::House;

/// Which entries an auditor asks for: those that have all that is said.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// What they are about, exactly: one of these.
    pub subjects: Option<BTreeSet<String>>,
    /// Who did it: one of these accounts or names of steps.
    pub actors: Option<BTreeSet<String>>,
    /// What happened.
    pub kind: Option<EntryKind>,
    /// Not earlier.
    pub since: Option<Instant>,
    /// Not later.
    pub until: Option<Instant>,
}

/// Entries read in one go, and looked at for one page, at most.
const TOGETHER: usize = 1_000;
const LOOKED: usize = 20_000;
/// Octets of bodies that a page keeps, about.
const KEPT: usize = 32 << 20;
/// And as long as nothing was found.
const LOOKED_FOR_ANY: usize = 200_000;

/// Characters that are noted of each thing that somebody typed to search for.
const LETTERS: usize = 100;

/// Whether a page that has found so many goes on looking.
const fn goes_on(looked: usize, found: usize) -> bool {
    looked < if found == 0 { LOOKED_FOR_ANY } else { LOOKED }
}

impl EntryFilter {
    /// Whether it lets an entry through.
    #[must_use]
    pub fn admits(&self, entry: &Entry) -> bool {
        self.subjects.as_ref().is_none_or(|them| them.contains(&entry.subject))
            && self.actors.as_ref().is_none_or(|them| them.contains(&entry.actor))
            && self.kind.is_none_or(|it| it == entry.kind)
            && self.since.is_none_or(|since| entry.stamp.at >= since)
            && self.until.is_none_or(|until| entry.stamp.at <= until)
    }
}

impl House {
    /// Entries after a place, in order, at most a thousand, and of big ones fewer: each with its body,
    /// so that whoever goes on does not keep them all.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn entries(
        &self,
        by: &Actor,
        after: Sequence,
        limit: usize,
    ) -> Result<Vec<Entry>, FlowError> {
        self.require_room(by, AUDITORS, "read the ledger")?;
        Ok(self.read(|reader| reader.entries(after, limit.clamp(1, 1000)))?)
    }

    /// Entries after a place that a filter lets through, at most `limit`, and the place from which
    /// to go on: none when there are no more. Looks at some twenty thousand entries at most, at ten times as many
    /// as long as it finds none, and keeps so many octets: so a page may be short, or empty, and not the
    /// last. Bodies of items are left out: an auditor reads what was done, not what was said.
    ///
    /// # Errors
    /// As for [`House::entries`].
    pub fn entries_such(
        &self,
        by: &Actor,
        (after, limit): (Sequence, usize),
        filter: &EntryFilter,
    ) -> Result<(Vec<Entry>, Option<Sequence>), FlowError> {
        self.require_room(by, AUDITORS, "read the ledger")?;
        Ok(self.read(|reader| {
            let begin = match filter.since {
                Some(since) => reader.place_at(Instant::from_micros(since.micros() - 1))?,
                None => after,
            };
            let (mut place, mut found, mut looked) = (begin.max(after), Vec::new(), 0);
            let mut kept = 0;
            while goes_on(looked, found.len()) && kept < KEPT {
                let page = reader.entries(place, TOGETHER)?;
                let Some(last) = page.last().map(|entry| entry.stamp) else {
                    return Ok((found, None));
                };
                looked += page.len();
                for mut entry in page {
                    place = entry.stamp.seq;
                    if filter.admits(&entry) {
                        if entry.kind == EntryKind::Item {
                            entry.body = Vec::new();
                        }
                        kept += entry.body.len();
                        found.push(entry);
                    }
                    if found.len() >= limit {
                        return Ok((found, Some(place)));
                    }
                }
                if filter.until.is_some_and(|until| last.at > until) {
                    return Ok((found, None));
                }
            }
            Ok((found, Some(place)))
        })?)
    }

    /// Notes that an auditor searched, and for what. Names are noted as they were typed: whom they meant
    /// is not what was asked.
    pub fn note_search(
        &self,
        by: &Actor,
        filter: &EntryFilter,
        typed: &[(&'static str, Option<&str>)],
    ) {
        let mut facts = json!({ "deed": "ledger-read" });
        let EntryFilter { kind, since, until, .. } = filter;
        let given = [("kind", json!(kind)), ("since", json!(since)), ("until", json!(until))];
        let names = typed.iter().map(|(name, text)| {
            let text = text.map(str::trim).filter(|text| !text.is_empty());
            (*name, json!(text.map(|text| text.chars().take(LETTERS).collect::<String>())))
        });
        for (name, value) in given.into_iter().chain(names).filter(|(_, it)| !it.is_null()) {
            facts[name] = value;
        }
        self.note_look(by, by.account.as_str(), &facts);
    }

    /// Walks the whole chain and says whether it holds.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn verify(&self, by: &Actor) -> Result<Verification, FlowError> {
        self.require_room(by, AUDITORS, "verify the ledger")?;
        Ok(self.read(|reader| vedetta_store::verify(reader))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_not_empty_because_the_first_is_far() {
        assert!(goes_on(LOOKED, 0), "what is asked for may come later");
        assert!(!goes_on(LOOKED, 1), "who has something asks for more");
        assert!(!goes_on(LOOKED_FOR_ANY, 0), "no question is without end");
    }
}
