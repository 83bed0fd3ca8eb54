//! How much of what somebody brings is taken in how fast.
//!
//! What is handled in a new way costs memory for good, and what changes who is in the network or
//! what binds is compiled by everybody anew. Changes are bounded for each origin. New ways of
//! handling are for each peer, of each origin and of all: the last hop is the peer's own word, so no
//! relay uses up what an origin may bring by others. What is beyond waits ([`crate::waiting`]); and
//! since it is for good, of each peer there is an end to it.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use vedetta_model::{Handling, Instant, OrganisationId, Right};

use crate::envelope::{Envelope, Item, What};
use crate::passages::Passages;
use crate::replays::Replays;

/// Octets of new ways of handling that a peer may bring of one origin at once, and in a day.
pub const KINDS: u64 = 16 << 20;
/// And of all origins.
pub const KINDS_BY_PEER: u64 = 256 << 20;
/// And of all origins ever.
pub const KINDS_FOR_GOOD: u64 = 1 << 30;
/// So often one subject may change at once; then once in [`CHANGE`].
pub const CHANGES: u64 = 4;
/// See [`CHANGES`], in seconds.
pub const CHANGE: u64 = 10;
/// So many subjects of one origin may change at once; then one in a second.
pub const SUBJECTS: u64 = 1_000;

/// Octets of a way of handling that names nobody, with its clearances.
pub const KIND: u64 = 1_536;
/// Octets of one who gave what is handled so, and of a name, besides their letters.
const GIVEN: u64 = 256;
const NAME: u64 = 64;
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
#[derive(Default)]
pub struct Limits {
    hasher: RandomState,
    kept: Mutex<Kept>,
    /// Whether something that is here is handled so: that costs nothing.
    here: OnceLock<Box<Here>>,
    replays: Replays,
}

type Here = dyn Fn(&Handling) -> bool + Send + Sync;

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
    /// Ever, as far as that was looked up.
    ever: Option<u64>,
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

/// About how many octets a way of handling takes in memory, with its clearances.
#[must_use]
pub fn octets(handling: &Handling) -> u64 {
    let name = |letters: usize| letters as u64 + NAME;
    let right = |right: &Right| match right {
        Right::Any => 0,
        Right::Lineages(roots) => roots.iter().map(|it| name(it.as_str().len())).sum::<u64>(),
    };
    let victims = handling.victims.iter().map(|it| it.as_str().len());
    let named = handling.named.iter();
    let named = named.map(|it| it.organisation.as_str().len() + it.account.as_str().len());
    let on = handling.via.iter().flat_map(|it| &it.on).chain(&handling.only_under);
    let inside = handling.exercise.iter().flat_map(|it| &it.participants);
    let victims = victims.chain(inside.map(|it| it.as_str().len()));
    let through = handling.via.iter().flat_map(|it| &it.through).map(|it| it.as_str().len());
    let names = victims.chain(named).chain(through);
    let names = names.chain(on.map(|it| it.as_str().len())).map(name);
    let given = handling.via.iter().map(|it| {
        GIVEN
            + name(it.giver.as_str().len())
            + right(&it.right)
            + it.naming.as_ref().map_or(0, right)
    });
    let exercise = handling.exercise.iter().map(|it| name(it.name.len()));
    KIND + names.chain(given).chain(exercise).sum::<u64>()
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

impl Limits {
    /// Learns by whom it is known what is handled how here, and what a peer ever brought in new ways,
    /// both once.
    pub fn begin(
        &self,
        here: impl Fn(&Handling) -> bool + Send + Sync + 'static,
        (peer, ever): (&OrganisationId, u64),
    ) {
        self.here.get_or_init(|| Box::new(here));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.peers.entry(peer.clone()).or_default().ever.get_or_insert(ever);
    }

    /// What came before.
    pub(crate) const fn replays(&self) -> &Replays {
        &self.replays
    }

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
        let handling = item.handling(passages, tlp.unwrap_or(item.conditions.tlp));
        let handling = handling.unwrap_or_else(|| item.conditions.clone());
        if self.here.get().is_some_and(|here| here(&handling)) {
            origins.entry(envelope.origin.clone()).or_default().kinds.insert(kind);
            return true;
        }
        let octets = octets(&handling);
        let Peer { all, by_origin, ever } = peers.entry(peer.clone()).or_default();
        let ever = ever.get_or_insert(0);
        if ever.saturating_add(octets) > KINDS_FOR_GOOD {
            return false;
        }
        let of_origin = by_origin.entry(envelope.origin.clone()).or_default();
        let (one, whole) = (daily(KINDS), daily(KINDS_BY_PEER));
        if !of_origin.has(octets, one, now) || !all.has(octets, whole, now) {
            return false;
        }
        of_origin.take(octets, one, now);
        all.take(octets, whole, now);
        *ever += octets;
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
    use vedetta_model::{Category, Exercise, Handling, Pap, Tlp};
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
        let only_under = (0..64).map(|it| format!("{n:08}-{it:02}").parse().unwrap()).collect();
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
                exercise: None,
                via: [].into(),
            },
            form: Form::Full,
            derived: None,
        };
        let what = What::Item(Box::new(item.clone()));
        (Envelope::unsealed(id(origin), Instant::default(), 1, what), item)
    }

    #[test]
    fn the_letters_of_an_exercise_count_in_memory_and_on_the_way() {
        let of = |letters: usize| {
            let (mut envelope, mut item) = brought("origin", 0);
            let exercise = Exercise { name: "x".repeat(letters), ..Exercise::default() };
            item.conditions.exercise = Some(exercise);
            let octets = octets(&item.conditions);
            envelope.what = What::Item(Box::new(item));
            (octets, envelope.weight())
        };
        let ((few, light), (many, heavy)) = (of(1), of(101));
        assert_eq!((many - few, heavy - light), (100, 100));
    }

    /// Octets of one of these ways.
    fn octets_of(origin: &str) -> u64 {
        let (_, item) = brought(origin, 0);
        octets(&item.handling(&[], Tlp::Amber).unwrap())
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
        let octets = octets_of("origin-0");
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
        let longer = octets_of("origin-17") - octets;
        let most = KINDS_BY_PEER / (octets + longer)..=KINDS_BY_PEER / octets;
        assert!(most.contains(&u64::from(one + all)), "by one peer so many at most");
        assert!(until_full(&limits, "other", "origin-17", now) > 0, "another brings what it will");
        let tomorrow = now.after(std::time::Duration::from_secs(DAY));
        let (envelope, item) = brought("origin-0", 2 * one);
        assert!(limits.admits(&id("peer"), (&envelope, &item), tomorrow));
    }

    #[test]
    fn of_a_peer_there_is_an_end_to_new_ways_and_those_that_are_here_go_on() {
        let (limits, now) = (Limits::default(), Instant::from_micros(1_000_000_000_000_000));
        let (_, known) = brought("origin", 9);
        let known = known.handling(&[], Tlp::Amber).unwrap();
        let (room, octets) = (5, octets_of("origin"));
        let before = KINDS_FOR_GOOD - room * octets;
        limits.begin(move |handling| *handling == known, (&id("peer"), before));
        limits.begin(|_| false, (&id("peer"), 0));
        assert_eq!(u64::from(until_full(&limits, "peer", "origin", now)), room);
        let later = now.after(std::time::Duration::from_secs(100 * DAY));
        let admits = |peer: &str, n: u32| {
            let (envelope, item) = brought("origin", n);
            limits.admits(&id(peer), (&envelope, &item), later)
        };
        assert!(!admits("peer", 8), "not on any later day");
        assert!(admits("peer", 0) && admits("peer", 9) && admits("other", 8));
    }
}
