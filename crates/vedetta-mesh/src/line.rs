//! What is remembered about one peer until the house is closed.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use vedetta_federation::bookmark::Span;
use vedetta_federation::digest::Digest;
use vedetta_federation::hop::MOST_HOPS;
use vedetta_model::{AgreementId, Audience, Instant, ItemId, OrganisationId};
use vedetta_store::Sequence;

use crate::scopes::Known;
use crate::see_peers::RefusedHere;
use crate::sent::{Flying, Gone, Owed};

/// What is remembered about one peer until the house is closed.
#[derive(Default)]
pub(crate) struct Line {
    /// When it was last heard.
    pub(crate) heard: Option<Instant>,
    /// Since when it is silent, once that was reported.
    pub(crate) silent: Option<Instant>,
    /// How many of its envelopes were known.
    pub(crate) known: u64,
    /// How many of its envelopes were refused here.
    pub(crate) refused: u64,
    /// The latest of them.
    pub(crate) refusals: VecDeque<RefusedHere>,
    /// How many for each reason were not written down yet, and when some were last.
    pub(crate) tallies: BTreeMap<&'static str, Tally>,
    /// What would have gone to it and has been through as many nodes as it may, or fits no frame with
    /// its trail, since that was asked last, and since it was logged last.
    pub(crate) too_far: u64,
    pub(crate) far: Tally,
    /// Octets of what it was told again lately, and when that was counted; how often it was not told since
    /// that was logged last.
    pub(crate) retold: Option<(u64, Instant)>,
    pub(crate) untold: Tally,
    /// What it refused of ours.
    pub(crate) refused_there: u64,
    /// What was on its way to it when a connection ended: which item a leaf is of.
    pub(crate) flown: HashMap<Digest, (ItemId, Option<Instant>)>,
    /// When it last said that ours is from the future, and whether that was written down.
    pub(crate) future: Option<Instant>,
    pub(crate) warned: bool,
    /// The nodes whose seals it sees, as far as that was looked up, and how often there were more.
    pub(crate) introduced: BTreeSet<OrganisationId>,
    pub(crate) introductions: u64,
    /// For whom it speaks, as far as that was looked up.
    pub(crate) spoken: Option<Known>,
    /// Whether ways are to be looked through that it is to be offered again, as far as that was asked.
    pub(crate) looks: Option<bool>,
    /// What was read for it: by the place that was read and the release, for whom.
    pub(crate) sent: BTreeMap<(u64, Sequence), Audience>,
    /// How many connections with it there were.
    pub(crate) connected: u64,
    /// What is on its way to it, in order, and what of that is noted durably.
    pub(crate) flying: VecDeque<Flying>,
    pub(crate) noted: Vec<Gone>,
    /// What it had and is not written down yet.
    pub(crate) owed: Vec<Owed>,
    /// The latest part of the ledger that is known to hold nothing but items that it brought.
    pub(crate) alone: Span,
    /// Octets that it brought lately, and when that was counted.
    pub(crate) brought: Option<(u64, Instant)>,
    /// By how many microseconds its clock is ahead, as measured last.
    pub(crate) ahead: i64,
    /// Milliseconds from the origin to here, by agreement: the newest.
    pub(crate) shared: HashMap<AgreementId, VecDeque<u64>>,
}

/// Refusals for one reason.
#[derive(Default)]
pub(crate) struct Tally {
    count: usize,
    said: Option<Instant>,
}

/// How long after one note of a peer in the log the next of its kind is written.
pub(crate) const QUIET: Duration = Duration::from_secs(3_600);

impl Line {
    /// Counts what goes no further, and says so in the log.
    pub(crate) fn end_here(&mut self, peer: &OrganisationId, some: usize, now: Instant) {
        self.too_far += some as u64;
        let noted: usize = (0..some).filter_map(|_| self.far.count(now, QUIET)).sum();
        if noted > 0 {
            let reason = "it has been through as many nodes as it may, or fits no frame";
            tracing::warn!(%peer, count = noted, most = MOST_HOPS, reason, "not passed on");
        }
    }

    /// Notes that a part of the ledger has only items that the peer brought.
    pub(crate) fn brought_alone(&mut self, span: Span) {
        let after = if self.alone.upto == span.after { self.alone.after } else { span.after };
        self.alone = Span { after, upto: span.upto };
    }
}

impl Tally {
    /// One more; how many there were, when the last were written down so long ago.
    pub(crate) fn count(&mut self, now: Instant, quiet: Duration) -> Option<usize> {
        self.count += 1;
        let due = self.said.is_none_or(|said| now >= said.after(quiet));
        due.then(|| {
            self.said = Some(now);
            std::mem::take(&mut self.count)
        })
    }
}
