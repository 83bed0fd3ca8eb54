//! What is there already of the items of a batch, and what a batch adds to it.

use std::collections::HashMap;

use uuid::Uuid;
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::{Digest, ItemDraft, ItemState, Placement, Stamp};

use super::{REVOKED, SERVED, WITHDRAWN, uncount};
use crate::engine::Params;
use crate::entries::{self, get, moment, natural, small, whole};
use crate::fault::{Fault, Told};
use crate::session::Session;

/// One row for each object that is there.
const KIN: &str = "-- name: kin
SELECT n.seq, n.at, d.nth, n.producer, n.hidden, o.version, n.version, r.version
FROM unnest($1::uuid[]) WITH ORDINALITY d (object, nth)
CROSS JOIN LATERAL (SELECT seq, at, producer, hidden, version FROM item
    WHERE object = d.object AND origin = seq AND hidden < 3 ORDER BY version DESC LIMIT 1) n
CROSS JOIN LATERAL (SELECT version FROM item
    WHERE object = d.object AND hidden < 3 ORDER BY version LIMIT 1) o
CROSS JOIN LATERAL (SELECT max(version) AS version FROM item
    WHERE object = d.object AND state = 1 AND hidden < 3) r";

/// The first releases of the drafts' own versions.
const TWINS: &str = "-- name: twins
SELECT e.seq, e.at, e.digest, d.nth
FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY d (object, version, nth)
JOIN item i ON i.object = d.object AND i.version = d.version AND i.origin = i.seq AND i.hidden < 3
JOIN entry e ON e.seq = i.seq";

/// The drafts' bringers' own bodies, where each has one of his own.
const OWN: &str = "-- name: own
SELECT e.seq, e.at, e.digest, d.nth
FROM unnest($1::uuid[], $2::integer[]) WITH ORDINALITY d (object, producer, nth)
JOIN item i ON i.object = d.object AND i.producer = d.producer AND i.origin = i.seq AND i.hidden < 3
JOIN entry e ON e.seq = i.seq ORDER BY i.version DESC";

/// The oldest of what was there has an older neighbour now; those above had one.
const TELL_OLDER: &str = "-- name: tell_older
UPDATE item i SET older = true FROM unnest($1::uuid[], $2::bigint[]) k (object, version)
WHERE i.object = k.object AND i.version = k.version";

/// The newest of what was there has a newer neighbour now; those below had one.
const TELL_NEWER: &str = "-- name: tell_newer
UPDATE item i SET newer = true FROM unnest($1::uuid[], $2::bigint[]) k (object, version)
WHERE i.object = k.object AND i.version = k.version";

const HIDE_REVOKED: &str = "-- name: hide_revoked
WITH gone AS (UPDATE item i SET hidden = 1
    FROM unnest($1::uuid[], $2::bigint[]) k (object, revoked)
    WHERE i.object = k.object AND i.version < k.revoked AND i.hidden = 0
    RETURNING i.clearance)
SELECT clearance, count(*) FROM gone GROUP BY clearance";

/// The items of a batch that are there, or have been added by it.
pub(super) struct Family {
    kin: HashMap<Uuid, Kin>,
    twins: HashMap<(Uuid, Instant), (Stamp, Digest)>,
    own: HashMap<(Uuid, OrganisationNumber), (Stamp, Digest)>,
}

/// What is known of one item.
struct Kin {
    /// Of one of its versions.
    stamp: Stamp,
    producer: OrganisationNumber,
    withdrawn: bool,
    /// The oldest and the newest version.
    ends: (Instant, Instant),
    /// The newest version that revokes.
    revoked: Option<Instant>,
    /// As it was before the batch, if it was there.
    before: Option<Before>,
}

#[derive(Clone, Copy)]
struct Before {
    ends: (Instant, Instant),
    revoked: Option<Instant>,
}

/// Versions of items, as parameters.
#[derive(Default)]
struct Versions {
    objects: Vec<Uuid>,
    versions: Vec<i64>,
}

/// How a version stands among those of its item.
pub(super) struct Standing {
    pub(super) hidden: i16,
    pub(super) older: bool,
    pub(super) newer: bool,
}

impl Family {
    /// Looks up what is there; for a batch of new items that is one question.
    pub(super) fn of(
        session: &mut Session,
        drafts: &[ItemDraft<'_>],
        objects: &[Uuid],
    ) -> Told<Self> {
        let mut distinct = objects.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let (kin, twins) = (HashMap::with_capacity(drafts.len()), HashMap::new());
        let mut family = Self { kin, twins, own: HashMap::new() };
        let rows = session.writing()?.rows(KIN, &[&distinct])?;
        if rows.is_empty() {
            return Ok(family);
        }
        for row in &rows {
            family.kin.insert(nth(row, 2, &distinct)?, Kin::read(row)?);
        }
        family.find_twins(session, drafts, objects)?;
        family.find_own(session, drafts, objects)?;
        Ok(family)
    }

    /// What becomes of a draft that is not placed.
    pub(super) fn judge(
        &self,
        draft: &ItemDraft<'_>,
        object: Uuid,
        digest: &Digest,
    ) -> Option<Placement> {
        let kin = self.kin.get(&object)?;
        if draft.id.follows_from_value() {
            let (stamp, own) = self.own.get(&(object, draft.producer))?;
            let told = if own == digest { Placement::Duplicate } else { Placement::Conflict };
            return Some(told(*stamp));
        }
        let twin = self.twins.get(&(object, draft.version));
        match twin {
            Some((stamp, twin)) if twin == digest => Some(Placement::Duplicate(*stamp)),
            Some((stamp, _)) => Some(Placement::Conflict(*stamp)),
            None if kin.producer != draft.producer => Some(Placement::Foreign(kin.stamp)),
            None => None,
        }
    }

    /// Takes in a draft that was placed.
    pub(super) fn admit(
        &mut self,
        draft: &ItemDraft<'_>,
        object: Uuid,
        (stamp, digest): (Stamp, Digest),
    ) {
        let beside = draft.id.follows_from_value();
        let version = if beside { stamp.at } else { draft.version };
        let kin = self.kin.entry(object).or_insert_with(|| Kin {
            stamp,
            producer: draft.producer,
            withdrawn: false,
            ends: (version, version),
            revoked: None,
            before: None,
        });
        kin.ends = (kin.ends.0.min(version), kin.ends.1.max(version));
        if beside {
            self.own.insert((object, draft.producer), (stamp, digest));
            return;
        }
        if draft.state == ItemState::Revoked {
            kin.revoked = kin.revoked.max(Some(version));
        }
        self.twins.insert((object, version), (stamp, digest));
    }

    /// How a version stands, now that the whole batch is in.
    pub(super) fn standing(&self, (id, object): (&ItemId, Uuid), version: Instant) -> Standing {
        let Some(kin) = self.kin.get(&object) else {
            return Standing { hidden: SERVED, older: false, newer: false };
        };
        let hidden = if id.follows_from_value() {
            SERVED
        } else if kin.withdrawn {
            WITHDRAWN
        } else if kin.revoked > Some(version) {
            REVOKED
        } else {
            SERVED
        };
        Standing { hidden, older: kin.ends.0 < version, newer: kin.ends.1 > version }
    }

    /// Tells the versions that were there what has come beside them.
    pub(super) fn tell_kin(self, session: &mut Session) -> Told<()> {
        let (mut older, mut newer, mut revoked) =
            (Versions::default(), Versions::default(), Versions::default());
        for (object, kin) in self.kin {
            let Some(before) = kin.before else { continue };
            if kin.ends.0 < before.ends.0 {
                older.push(object, before.ends.0);
            }
            if kin.ends.1 > before.ends.1 {
                newer.push(object, before.ends.1);
            }
            if kin.revoked > before.revoked {
                revoked.push(object, kin.revoked.unwrap_or_default());
            }
        }
        for (sql, told) in [(TELL_OLDER, older), (TELL_NEWER, newer)] {
            if !told.objects.is_empty() {
                session.sql()?.run(sql, &[&told.objects, &told.versions])?;
            }
        }
        if !revoked.objects.is_empty() {
            let params: Params<'_> = &[&revoked.objects, &revoked.versions];
            let gone = session.sql()?.rows(HIDE_REVOKED, params)?;
            uncount(session, &gone)?;
        }
        Ok(())
    }

    fn find_twins(
        &mut self,
        session: &mut Session,
        drafts: &[ItemDraft<'_>],
        objects: &[Uuid],
    ) -> Told<()> {
        let known = drafts.iter().zip(objects).filter(|(draft, object)| {
            !draft.id.follows_from_value() && self.kin.contains_key(object)
        });
        let (versions, objects): (Vec<i64>, Vec<Uuid>) =
            known.map(|(draft, object)| (draft.version.micros(), *object)).unzip();
        if objects.is_empty() {
            return Ok(());
        }
        for row in session.engine.rows(TWINS, &[&objects, &versions])? {
            let twin = (entries::stamp(&row)?, entries::digest(&row, 2)?);
            let version = Instant::from_micros(nth(&row, 3, &versions)?);
            self.twins.insert((nth(&row, 3, &objects)?, version), twin);
        }
        Ok(())
    }

    fn find_own(
        &mut self,
        session: &mut Session,
        drafts: &[ItemDraft<'_>],
        objects: &[Uuid],
    ) -> Told<()> {
        let known = drafts.iter().zip(objects).filter(|(draft, object)| {
            draft.id.follows_from_value() && self.kin.contains_key(object)
        });
        let (objects, producers): (Vec<Uuid>, Vec<OrganisationNumber>) =
            known.map(|(draft, object)| (*object, draft.producer)).unzip();
        if objects.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i32> = producers.iter().map(|producer| small(producer.0)).collect();
        for row in session.engine.rows(OWN, &[&objects, &numbers])? {
            let own = (entries::stamp(&row)?, entries::digest(&row, 2)?);
            let key = (nth(&row, 3, &objects)?, nth(&row, 3, &producers)?);
            // The oldest, which comes last.
            self.own.insert(key, own);
        }
        Ok(())
    }
}

impl Versions {
    fn push(&mut self, object: Uuid, version: Instant) {
        self.objects.push(object);
        self.versions.push(version.micros());
    }
}

impl Kin {
    fn read(row: &postgres::Row) -> Told<Self> {
        let ends = (moment(row, 5)?, moment(row, 6)?);
        let revoked = get::<Option<i64>>(row, 7)?.map(Instant::from_micros);
        Ok(Self {
            stamp: entries::stamp(row)?,
            producer: OrganisationNumber(natural(row, 3)?),
            withdrawn: get::<i16>(row, 4)? == WITHDRAWN,
            ends,
            revoked,
            before: Some(Before { ends, revoked }),
        })
    }
}

/// What an ordinality of an answer points at.
fn nth<T: Copy>(row: &postgres::Row, column: usize, asked: &[T]) -> Told<T> {
    let nth = usize::try_from(whole(row, column)?).ok().and_then(|nth| nth.checked_sub(1));
    nth.and_then(|nth| asked.get(nth)).copied().ok_or_else(|| Fault::damaged("an answer", "nth"))
}
