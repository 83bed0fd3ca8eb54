//! How much of what somebody brings is taken in how fast.
//!
//! What is handled in a new way costs memory for good, and what changes who is in the network or
//! what binds is compiled by everybody anew. Changes are bounded for each origin. New ways of
//! handling are for each peer, of each origin and of all: the last hop is the peer's own word, so no
//! relay uses up what an origin may bring by others. What is beyond waits ([`crate::waiting`]).

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

use vedetta_model::{Instant, OrganisationId};

use crate::envelope::{Envelope, Item, What};
use crate::hop::agreements;
use crate::passages::Passages;

/// Octets of new ways of handling that a peer may bring of one origin at once, and in a day.
pub const KINDS: u64 = 16 << 20;
/// And of all origins.
pub const KINDS_BY_PEER: u64 = 256 << 20;
/// So often one subject may change at once; then once in [`CHANGE`].
pub const CHANGES: u64 = 4;
/// See [`CHANGES`], in seconds.
pub const CHANGE: u64 = 10;
/// So many subjects of one origin may change at once; then one in a second.
pub const SUBJECTS: u64 = 1_000;

/// A way of handling is at least so many octets in memory, and a name in it so many.
const KIND: u64 = 256;
const NAME: u64 = 48;
/// Subjects remembered before those are forgotten that did not change lately.
const REMEMBERED: usize = 4_096;
const DAY: u64 = 86_400;

/// How fast one subject may change, and all of one origin.
const ONE: Size = Size { most: CHANGES, back: (1, CHANGE) };
const ALL: Size = Size { most: SUBJECTS, back: (1, 1) };

/// What is checked together and not taken in yet: how many changes, of each origin, of each subject.
#[derive(Debug, Default)]
pub(crate) struct Beside(HashMap<OrganisationId, (u64, HashMap<String, u64>)>);

/// What origins and peers brought lately.
#[derive(Debug, Default)]
pub struct Limits {
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    origins: HashMap<OrganisationId, Origin>,
    peers: HashMap<OrganisationId, Peer>,
}

/// What a peer brought in new ways of handling.
#[derive(Debug, Default)]
struct Peer {
    all: Bucket,
    by_origin: HashMap<OrganisationId, Bucket>,
}

#[derive(Debug, Default)]
struct Origin {
    kinds: HashSet<u64>,
    subjects: HashMap<String, Bucket>,
    changes: Bucket,
}

/// What was taken out of a bucket that fills again.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    taken: u64,
    at: Instant,
}

/// How large a bucket is, and how much comes back in so many seconds.
#[derive(Clone, Copy)]
struct Size {
    most: u64,
    back: (u64, u64),
}

impl Bucket {
    fn level(self, size: Size, now: Instant) -> u64 {
        let (back, seconds) = size.back;
        let millis = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.taken.saturating_sub(millis.saturating_mul(back) / (seconds * 1000))
    }

    fn has(self, amount: u64, size: Size, now: Instant) -> bool {
        self.level(size, now).saturating_add(amount) <= size.most
    }

    fn take(&mut self, amount: u64, size: Size, now: Instant) {
        *self = Self { taken: self.level(size, now).saturating_add(amount), at: now };
    }
}

const fn daily(most: u64) -> Size {
    Size { most, back: (most, DAY) }
}

impl Limits {
    /// Whether an item may be taken in: it is handled as others of its origin were, or there is room
    /// for one more way.
    pub(crate) fn admits(
        &self,
        peer: &OrganisationId,
        (envelope, item): (&Envelope, &Item),
        now: Instant,
    ) -> bool {
        let passages = envelope.hops.last().map_or(Passages::none(), |hop| &hop.passages);
        let tlp = envelope.hops.iter().filter_map(|hop| hop.tlp).max();
        let kind = self.hasher.hash_one((&item.conditions, passages, tlp));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { origins, peers } = &mut *kept;
        let known = |origin: &Origin| origin.kinds.contains(&kind);
        if origins.get(&envelope.origin).is_some_and(known) {
            return true;
        }
        let conditions = &item.conditions;
        let sets = [conditions.victims.len(), conditions.named.len(), conditions.only_under.len()];
        let names = sets.iter().sum::<usize>() + passages.iter().map(agreements).sum::<usize>();
        let octets = KIND * (1 + passages.len() as u64) + NAME * names as u64;
        let Peer { all, by_origin } = peers.entry(peer.clone()).or_default();
        let of_origin = by_origin.entry(envelope.origin.clone()).or_default();
        let (one, whole) = (daily(KINDS), daily(KINDS_BY_PEER));
        if !of_origin.has(octets, one, now) || !all.has(octets, whole, now) {
            return false;
        }
        of_origin.take(octets, one, now);
        all.take(octets, whole, now);
        origins.entry(envelope.origin.clone()).or_default().kinds.insert(kind);
        true
    }

    /// Whether what changes a subject comes slowly enough, beside what came with it. It counts once
    /// it was news ([`Limits::changed`]): what was heard before costs its origin nothing, else
    /// whoever says it again and again would hold off what is new.
    pub(crate) fn paces(&self, envelope: &Envelope, beside: &mut Beside, now: Instant) -> bool {
        let Some(subject) = subject(&envelope.what) else { return true };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = kept.origins.get(&envelope.origin);
        let changed = origin.and_then(|it| it.subjects.get(&subject)).copied().unwrap_or_default();
        let changes = origin.map(|it| it.changes).unwrap_or_default();
        drop(kept);
        let (all, subjects) = beside.0.entry(envelope.origin.clone()).or_default();
        let one = subjects.entry(subject).or_default();
        if !changed.has(*one + 1, ONE, now) || !changes.has(*all + 1, ALL, now) {
            return false;
        }
        (*one, *all) = (*one + 1, *all + 1);
        true
    }

    /// Counts a change of a subject that was news.
    pub(crate) fn changed(&self, origin: &OrganisationId, subject: String, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = kept.origins.entry(origin.clone()).or_default();
        if origin.subjects.len() >= REMEMBERED {
            origin.subjects.retain(|_, bucket| bucket.level(ONE, now) > 0);
        }
        origin.subjects.entry(subject).or_default().take(1, ONE, now);
        origin.changes.take(1, ALL, now);
    }
}

/// What an envelope changes, of which the last word of its origin alone counts.
pub(crate) fn subject(what: &What) -> Option<String> {
    Some(match what {
        What::Standing(it) => format!("standing/{}", it.agreement),
        What::Agreement(it) => format!("agreement/{}", it.text.id),
        What::Contact(it) => format!("contact/{}", it.id),
        What::Presence(it) => format!("presence/{}", it.organisation),
        What::Removal(it) => format!("removal/{}", it.organisation),
        What::Item(_) | What::Withdrawal(_) | What::Acknowledgement(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use vedetta_model::{Category, Handling, Pap, Tlp};
    use vedetta_policy::Form;

    use super::*;
    use crate::object::Object;

    fn id(text: &str) -> OrganisationId {
        OrganisationId::new(text).unwrap()
    }

    /// An item of an origin that is handled as none before, with as many names as may be.
    fn brought(origin: &str, n: u32) -> (Envelope, Item) {
        let object =
            r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}"#;
        let only_under = (0..64).map(|it| format!("{n}-{it}").parse().unwrap()).collect();
        let item = Item {
            object: Object::new(object.into()).unwrap(),
            conditions: Handling {
                producer: id(origin),
                category: Category::Indicator,
                tlp: Tlp::Amber,
                pap: Pap::Clear,
                victims: [].into(),
                named: [].into(),
                only_under,
                via: [].into(),
            },
            form: Form::Full,
            derived: None,
        };
        let what = What::Item(Box::new(item.clone()));
        (Envelope::unsealed(id(origin), Instant::default(), 1, what), item)
    }

    /// How many new ways of handling of an origin a peer brings until there is no more room.
    fn until_full(limits: &Limits, peer: &str, origin: &str, now: Instant) -> u32 {
        let admits = |n: &u32| {
            let (envelope, item) = brought(origin, *n);
            limits.admits(&id(peer), (&envelope, &item), now)
        };
        u32::try_from((0..u32::MAX).take_while(admits).count()).unwrap()
    }

    #[test]
    fn a_relay_uses_up_nothing_of_what_an_origin_brings_by_others() {
        let (limits, now) = (Limits::default(), Instant::from_micros(1_000_000_000_000_000));
        let used = until_full(&limits, "relay", "origin", now);
        let admits = |peer: &str, n: u32| {
            let (envelope, item) = brought("origin", n);
            limits.admits(&id(peer), (&envelope, &item), now)
        };
        assert!(!admits("relay", used) && admits("origin", used) && admits("other", used + 1));
        assert!(admits("relay", used), "what is known by now costs nobody anything");
    }

    #[test]
    fn new_ways_of_handling_are_bounded_for_each_origin_and_each_peer() {
        let (limits, now) = (Limits::default(), Instant::from_micros(1_000_000_000_000_000));
        let one = until_full(&limits, "peer", "origin-0", now);
        let octets = KIND + NAME * 64;
        assert_eq!(u64::from(one), KINDS / octets);
        // What is handled as something before costs nothing, by whomever it comes.
        for peer in ["peer", "other"] {
            let (envelope, item) = brought("origin-0", 0);
            assert!(limits.admits(&id(peer), (&envelope, &item), now));
        }
        assert_eq!(until_full(&limits, "peer", "origin-0", now), one, "those that are known");
        assert_eq!(until_full(&limits, "other", "origin-0", now), 2 * one, "and as many again");
        let all: u32 =
            (1..18).map(|n| until_full(&limits, "peer", &format!("origin-{n}"), now)).sum();
        assert_eq!(u64::from(one + all), KINDS_BY_PEER / octets, "by one peer so many at most");
        assert!(until_full(&limits, "other", "origin-17", now) > 0, "another brings what it will");
        let tomorrow = now.after(std::time::Duration::from_secs(DAY));
        let (envelope, item) = brought("origin-0", 2 * one);
        assert!(limits.admits(&id("peer"), (&envelope, &item), tomorrow));
    }
}
