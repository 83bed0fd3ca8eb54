//! What is there already of the items of a batch, and what a batch adds to it.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;
use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::{Claim, Digest, ItemDraft, ItemState, Placement, Stamp};

use super::{REVOKED, SERVED, WITHDRAWN, uncount};
use crate::engine::Params;
use crate::entries::{self, get, moment, natural, small, whole};
use crate::fault::{Fault, Told};
use crate::items::beside;
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

/// The lines of the items of which there are several.
const LINES: &str = "-- name: lines
SELECT object, line FROM beside WHERE object = ANY ($1::uuid[])";

/// The first releases of the drafts' versions, in any line.
const TWINS: &str = "-- name: twins
SELECT e.seq, e.at, e.digest, d.nth, i.hidden
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

const BEGIN_LINES: &str = "-- name: begin_lines
INSERT INTO beside (object, line) SELECT * FROM unnest($1::uuid[], $2::uuid[])
ON CONFLICT DO NOTHING";

/// The items of a batch that are there, or have been added by it.
pub(super) struct Family {
    kin: HashMap<Uuid, Kin>,
    twins: HashMap<(Uuid, Instant), Twin>,
    own: HashMap<(Uuid, OrganisationNumber), (Stamp, Digest)>,
    /// Of items that have several, the objects of their lines.
    lines: HashMap<Uuid, BTreeSet<Uuid>>,
    /// Those that were begun by the batch.
    begun: Vec<(Uuid, Uuid)>,
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

/// The first release of a version.
struct Twin {
    stamp: Stamp,
    digest: Digest,
    hidden: i16,
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
    /// Looks up what is there; for a batch of new items that is two questions.
    pub(super) fn of(
        session: &mut Session,
        drafts: &[ItemDraft<'_>],
        bases: &[Uuid],
    ) -> Told<Self> {
        let mut family = Self {
            kin: HashMap::with_capacity(drafts.len()),
            twins: HashMap::new(),
            own: HashMap::new(),
            lines: HashMap::new(),
            begun: Vec::new(),
        };
        let mut distinct = bases.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for row in session.writing()?.rows(LINES, &[&distinct])? {
            let (base, line) = (get(&row, 0)?, get(&row, 1)?);
            family.lines.entry(base).or_default().insert(line);
        }
        distinct.extend(family.lines.values().flatten());
        distinct.sort_unstable();
        distinct.dedup();
        let rows = session.engine.rows(KIN, &[&distinct])?;
        if rows.is_empty() {
            return Ok(family);
        }
        for row in &rows {
            family.kin.insert(nth(row, 2, &distinct)?, Kin::read(row)?);
        }
        family.find_twins(session, drafts, bases)?;
        family.find_own(session, drafts, bases)?;
        Ok(family)
    }

    /// Under which object a draft goes, if it is placed.
    pub(super) fn object(&self, draft: &ItemDraft<'_>, base: Uuid) -> Uuid {
        let own = beside(draft.id, draft.producer);
        let lines = self.lines.get(&base);
        let first = self.kin.get(&base).map(|kin| kin.producer);
        let is_first = match lines {
            _ if draft.id.follows_from_value() => true,
            Some(lines) => !lines.contains(&own) && first == Some(draft.producer),
            None => first.is_none_or(|first| first == draft.producer),
        };
        if is_first { base } else { own }
    }

    /// What becomes of a draft that is not placed.
    pub(super) fn judge(
        &self,
        draft: &ItemDraft<'_>,
        (base, object): (Uuid, Uuid),
        digest: &Digest,
    ) -> Option<Placement> {
        let told = |same: bool| if same { Placement::Duplicate } else { Placement::Conflict };
        if draft.id.follows_from_value() {
            let (stamp, own) = self.own.get(&(base, draft.producer))?;
            return Some(told(own == digest)(*stamp));
        }
        if let Some(twin) = self.twins.get(&(object, draft.version)) {
            return Some(told(twin.digest == *digest)(twin.stamp));
        }
        // Who has a line goes on in it, though all that was in it was set aside.
        let begun = self.lines.get(&base).is_some_and(|lines| lines.contains(&object));
        if draft.claim == Claim::Own || begun || self.kin.contains_key(&object) {
            return None;
        }
        let there = || self.lines_of(base).filter(|line| self.kin.contains_key(line));
        let twins = there().filter_map(|line| self.twins.get(&(line, draft.version)));
        let twins = twins.filter(|twin| twin.digest == *digest);
        if let Some(twin) = twins.min_by_key(|twin| twin.hidden) {
            return Some(Placement::Twin(twin.stamp));
        }
        there().find_map(|line| self.kin.get(&line)).map(|kin| Placement::Foreign(kin.stamp))
    }

    /// The objects of an item's lines.
    fn lines_of(&self, base: Uuid) -> impl Iterator<Item = Uuid> {
        let lines = self.lines.get(&base);
        let alone = lines.is_none().then_some(base);
        lines.into_iter().flatten().copied().chain(alone)
    }

    /// Takes in a draft that was placed; says as what.
    pub(super) fn admit(
        &mut self,
        draft: &ItemDraft<'_>,
        (base, object): (Uuid, Uuid),
        (stamp, digest): (Stamp, Digest),
    ) -> Placement {
        let by_value = draft.id.follows_from_value();
        let version = if by_value { stamp.at } else { draft.version };
        if object != base {
            if !self.lines.contains_key(&base) {
                self.begun.push((base, base));
                self.lines.insert(base, [base].into());
            }
            if self.lines.entry(base).or_default().insert(object) {
                self.begun.push((base, object));
            }
        }
        let kin = self.kin.entry(object).or_insert_with(|| Kin {
            stamp,
            producer: draft.producer,
            withdrawn: false,
            ends: (version, version),
            revoked: None,
            before: None,
        });
        kin.ends = (kin.ends.0.min(version), kin.ends.1.max(version));
        if by_value {
            self.own.insert((object, draft.producer), (stamp, digest));
            return Placement::Added(stamp);
        }
        if draft.state == ItemState::Revoked {
            kin.revoked = kin.revoked.max(Some(version));
        }
        let told = if kin.withdrawn { Placement::Withdrawn } else { Placement::Added };
        self.twins.insert((object, version), Twin { stamp, digest, hidden: SERVED });
        told(stamp)
    }

    /// How a version stands, now that the whole batch is in.
    pub(super) fn standing(&self, id: &ItemId, object: Uuid, version: Instant) -> Standing {
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
        if !self.begun.is_empty() {
            let (objects, lines): (Vec<_>, Vec<_>) = self.begun.into_iter().unzip();
            session.sql()?.run(BEGIN_LINES, &[&objects, &lines])?;
        }
        Ok(())
    }

    fn find_twins(
        &mut self,
        session: &mut Session,
        drafts: &[ItemDraft<'_>],
        bases: &[Uuid],
    ) -> Told<()> {
        let known = drafts.iter().zip(bases).filter(|(draft, _)| !draft.id.follows_from_value());
        let known = known.flat_map(|(draft, base)| {
            let lines = self.lines_of(*base).filter(|line| self.kin.contains_key(line));
            lines.map(|line| (draft.version.micros(), line))
        });
        let (versions, objects): (Vec<i64>, Vec<Uuid>) = known.unzip();
        if objects.is_empty() {
            return Ok(());
        }
        for row in session.engine.rows(TWINS, &[&objects, &versions])? {
            let (stamp, digest) = (entries::stamp(&row)?, entries::digest(&row, 2)?);
            let twin = Twin { stamp, digest, hidden: get(&row, 4)? };
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
