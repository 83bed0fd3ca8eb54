//! By what the node judges what indicators are worth: its false-positive lists and how they decay. They
//! come with its answers to signs of life, and are kept.

use std::path::{Path, PathBuf};

use vedetta_detect::report::Measures;
use vedetta_indicator::{DecayTable, Term, WarningList, WarningLists};

use crate::error::SensorError;
use crate::kept;

/// The node's measures, ready for use.
#[derive(Default)]
pub(crate) struct Measured {
    path: PathBuf,
    /// Tells them from all others; empty before the node said any.
    pub(crate) digest: String,
    pub(crate) decay: DecayTable,
    lists: WarningLists,
}

impl Measured {
    /// Those that were kept. What cannot be read is told, and the node says it again.
    pub(crate) fn open(directory: &Path) -> Self {
        let path = directory.join("measures.json");
        let kept: Option<Measures> = kept::get(&path).unwrap_or_else(|error| {
            tracing::warn!(%error, "what the node said of false positives cannot be read; it is asked again");
            None
        });
        let mut measured = Self { path, ..Self::default() };
        kept.into_iter().for_each(|it| measured.of(it));
        measured
    }

    /// Takes others in their place.
    pub(crate) fn take(&mut self, measures: Measures) -> Result<(), SensorError> {
        kept::put(&self.path, &measures)?;
        self.of(measures);
        Ok(())
    }

    fn of(&mut self, measures: Measures) {
        let list = |text: &String| WarningList::parse(text.as_bytes()).ok().map(|(list, _)| list);
        let lists: Vec<_> = measures.lists.iter().filter_map(list).collect();
        self.lists = WarningLists::build(&lists).unwrap_or_else(|error| {
            tracing::warn!(%error, "the false-positive lists of the node cannot be used");
            WarningLists::default()
        });
        (self.decay, self.digest) = (measures.decay, measures.digest);
    }

    /// Whether a value is on one of the node's lists, or of its owner's.
    pub(crate) fn is_harmless(&self, own: &WarningLists, term: &Term) -> bool {
        [&self.lists, own].iter().any(|it| it.hits(term).iter().any(|hit| hit.reach.is_doubtful()))
    }
}
