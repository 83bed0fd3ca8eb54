//! Placing, releasing again and withdrawing items.

use rusqlite::{OptionalExtension as _, params};
use vedetta_model::{ItemId, OrganisationNumber};
use vedetta_store::written::{self, ItemFacts, RereleaseFacts, WithdrawnFacts};
use vedetta_store::{
    Claim, ClearanceId, Digest, Draft, EntryKind, ItemDraft, ItemState, Placement, Sequence, Stamp,
};

use crate::beside;
use crate::clearances;
use crate::entries::{self, int};
use crate::fault::{Fault, Told};
use crate::items::object;
use crate::lookup::Versions;
use crate::session::Session;

/// `item.hidden`: served.
pub(crate) const SERVED: i64 = 0;
/// `item.hidden`: older than a revocation.
pub(crate) const REVOKED: i64 = 1;
/// `item.hidden`: withdrawn.
pub(crate) const WITHDRAWN: i64 = 2;
/// `item.hidden`: gave way to another version.
pub(crate) const ASIDE: i64 = 3;

/// A row of `item` to be.
struct New {
    seq: Sequence,
    origin: i64,
    object: i64,
    version: i64,
    kind: i64,
    producer: OrganisationNumber,
    clearance: ClearanceId,
    state: i64,
    hidden: i64,
    older: i64,
    newer: i64,
}

/// A release next to a draft: of an older, the same or a newer version.
struct Kin {
    version: i64,
    stamp: Stamp,
    digest: Digest,
    producer: OrganisationNumber,
    state: i64,
    hidden: i64,
}

/// Versions of an item by their object and its identifier, and of one producer alone.
type Of<'a> = (i64, &'a ItemId, Option<OrganisationNumber>);

/// What is next to a draft.
#[derive(Default)]
struct Neighbours {
    older: Option<Kin>,
    twin: Option<Kin>,
    newer: Option<Kin>,
}

/// Where a draft would go.
enum Home {
    /// Nothing is there.
    Free,
    /// Into its producer's line, under this object.
    Own(i64, Box<Neighbours>),
    /// Its producer has none, and others have.
    Others,
}

/// Places item versions.
pub(crate) fn place(session: &mut Session, drafts: &[ItemDraft<'_>]) -> Told<Vec<Placement>> {
    for draft in drafts {
        clearances::require(session, draft.clearance)?;
    }
    drafts.iter().map(|draft| place_one(session, draft)).collect()
}

/// Releases item versions again.
pub(crate) fn rerelease(
    session: &mut Session,
    releases: &[(Sequence, ClearanceId)],
    actor: &str,
) -> Told<Vec<Stamp>> {
    let first = "SELECT 1 FROM item WHERE seq = ?1 AND origin = 0";
    for (origin, clearance) in releases {
        clearances::require(session, *clearance)?;
        if !session.conn.prepare_cached(first)?.exists([int(*origin)])? {
            return Err(Fault::Refused(format!("{origin} is not the first release of an item")));
        }
    }
    releases.iter().map(|release| rerelease_one(session, *release, actor)).collect()
}

/// Withdraws an item.
pub(crate) fn withdraw(
    session: &mut Session,
    (id, producer): (&ItemId, OrganisationNumber),
    actor: &str,
    facts: &str,
) -> Told<Option<Stamp>> {
    let mut any = None;
    for object in [object(id), beside::own(id, producer)] {
        any = any.or(kin(session, (object, id, Some(producer)), Versions::Rising)?);
    }
    if any.is_none_or(|any| any.hidden == WITHDRAWN) {
        return Ok(None);
    }
    for object in [object(id), beside::own(id, producer)] {
        hide(session, (object, id, Some(producer)), Versions::Rising, WITHDRAWN)?;
    }
    let (kind, subject) = (EntryKind::Withdrawn, id.as_str());
    let facts = WithdrawnFacts { producer: Some(producer), facts }.write();
    let draft = Draft { kind, actor, subject, facts: &facts, body: b"" };
    entries::append(session, &draft, &Digest::of(b"")).map(Some)
}

fn place_one(session: &mut Session, draft: &ItemDraft<'_>) -> Told<Placement> {
    let digest = Digest::of(draft.body);
    if draft.id.follows_from_value() {
        return place_beside(session, draft, (object(draft.id), &digest));
    }
    let (object, near) = match home(session, draft)? {
        Home::Free => (object(draft.id), Neighbours::default()),
        Home::Own(object, near) => (object, *near),
        Home::Others => match others(session, draft, &digest)? {
            Some(placement) => return Ok(placement),
            None => {
                let object = beside::begin(session, (draft.id, draft.producer))?;
                (object, Neighbours::default())
            }
        },
    };
    if let Some(placement) = near.settle(&digest) {
        return Ok(placement);
    }
    let (version, hidden) = (draft.version.micros(), near.hidden());
    let stamp = put(session, draft, (object, &digest), (&near, hidden))?;
    if near.older.is_some() && draft.state == ItemState::Revoked && hidden == SERVED {
        let own = (object, draft.id, Some(draft.producer));
        hide(session, own, Versions::Before(version), REVOKED)?;
    }
    Ok(if hidden == WITHDRAWN { Placement::Withdrawn } else { Placement::Added }(stamp))
}

fn home(session: &mut Session, draft: &ItemDraft<'_>) -> Told<Home> {
    let &ItemDraft { id, producer, .. } = draft;
    let (several, own) = beside::lines(&session.conn, (id, producer))?;
    let first = kin(session, (object(id), id, None), Versions::Rising)?.map(|kin| kin.producer);
    let object = match (own, first) {
        (true, _) => beside::own(id, producer),
        (false, Some(first)) if first == producer => object(id),
        (false, None) if !several => return Ok(Home::Free),
        (false, _) => return Ok(Home::Others),
    };
    let near = Neighbours::of(session, (object, id, Some(producer)), draft.version.micros())?;
    Ok(Home::Own(object, Box::new(near)))
}

/// What is told of others' versions; nothing when all were set aside, or they do not count.
fn others(
    session: &mut Session,
    draft: &ItemDraft<'_>,
    digest: &Digest,
) -> Told<Option<Placement>> {
    if draft.claim == Claim::Own {
        return Ok(None);
    }
    let (mut twin, mut there) = (None, None);
    let same = Versions::Exactly(draft.version.micros());
    for object in beside::objects(&session.conn, draft.id)? {
        let line = (object, draft.id, None);
        if let Some(found) = kin(session, line, same)?.filter(|it| it.digest == *digest) {
            if found.hidden == SERVED {
                return Ok(Some(Placement::Twin(found.stamp)));
            }
            twin = twin.or(Some(found.stamp));
        }
        if there.is_none() {
            there = kin(session, line, Versions::Rising)?;
        }
    }
    let foreign = there.map(|there| Placement::Foreign(there.stamp));
    Ok(twin.map(Placement::Twin).or(foreign))
}

/// Places a bringer's own body beside those of others: its version is the moment of its entry.
fn place_beside(
    session: &mut Session,
    draft: &ItemDraft<'_>,
    (object, digest): (i64, &Digest),
) -> Told<Placement> {
    let draft = ItemDraft { version: entries::next(session).at, ..draft.clone() };
    let near = Neighbours::of(session, (object, draft.id, None), draft.version.micros())?;
    if near.is_known() {
        let own = (object, draft.id, Some(draft.producer));
        if let Some(own) = kin(session, own, Versions::Rising)? {
            let same = own.digest == *digest;
            let told = if same { Placement::Duplicate } else { Placement::Conflict };
            return Ok(told(own.stamp));
        }
    }
    put(session, &draft, (object, digest), (&near, SERVED)).map(Placement::Added)
}

/// Writes a version among its neighbours.
fn put(
    session: &mut Session,
    draft: &ItemDraft<'_>,
    (object, digest): (i64, &Digest),
    (near, hidden): (&Neighbours, i64),
) -> Told<Stamp> {
    let stamp = append(session, draft, digest)?;
    let row = New {
        seq: stamp.seq,
        origin: 0,
        object,
        version: draft.version.micros(),
        kind: kind(session, draft.id.kind())?,
        producer: draft.producer,
        clearance: draft.clearance,
        state: i64::from(draft.state == ItemState::Revoked),
        hidden,
        older: i64::from(near.older.is_some()),
        newer: i64::from(near.newer.is_some()),
    };
    insert(session, &row)?;
    near.tell(session, object)?;
    Ok(stamp)
}

fn append(session: &mut Session, draft: &ItemDraft<'_>, digest: &Digest) -> Told<Stamp> {
    let &ItemDraft { version, producer, clearance, state, facts, .. } = draft;
    let facts = ItemFacts { version, producer, clearance, state, facts }.write();
    let entry = Draft {
        kind: EntryKind::Item,
        actor: draft.actor,
        subject: draft.id.as_str(),
        facts: &facts,
        body: draft.body,
    };
    entries::append(session, &entry, digest)
}

/// The first release of an item, or of what one organisation brought of it, among its versions,
/// those set aside aside.
fn kin(session: &mut Session, (object, id, of): Of<'_>, versions: Versions) -> Told<Option<Kin>> {
    let Session { conn, recent, .. } = session;
    let sql = "SELECT e.seq, e.at, e.digest, i.version, i.producer, i.state, i.hidden \
               FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
               WHERE i.seq = ?1 AND e.subject = ?2 AND i.hidden < 3 AND ifnull(i.producer = ?3, 1)";
    let of = of.map(|of| of.0);
    recent.find(conn, object, versions, |seq| {
        let key = params![int(seq), id.as_str(), of];
        let found = conn.prepare_cached(sql)?.query_row(key, |row| {
            Ok(Kin {
                stamp: entries::stamp(row)?,
                digest: entries::digest(row, 2)?,
                version: row.get(3)?,
                producer: OrganisationNumber(row.get(4)?),
                state: row.get(5)?,
                hidden: row.get(6)?,
            })
        });
        Ok(found.optional()?)
    })
}

impl Neighbours {
    fn of(session: &mut Session, item: Of<'_>, version: i64) -> Told<Self> {
        if kin(session, item, Versions::Rising)?.is_none() {
            return Ok(Self::default());
        }
        Ok(Self {
            older: kin(session, item, Versions::Before(version))?,
            twin: kin(session, item, Versions::Exactly(version))?,
            newer: kin(session, item, Versions::After(version))?,
        })
    }

    /// Whether anything is there.
    fn is_known(&self) -> bool {
        self.older.is_some() || self.twin.is_some() || self.newer.is_some()
    }

    /// What becomes of a draft that is not placed.
    fn settle(&self, digest: &Digest) -> Option<Placement> {
        let twin = self.twin.as_ref()?;
        let same = twin.digest == *digest;
        Some(if same { Placement::Duplicate } else { Placement::Conflict }(twin.stamp))
    }

    /// Whether the version between them is served. One that is older than a revocation knows: the
    /// next newer one revokes, or is older than the revocation too.
    fn hidden(&self) -> i64 {
        let withdrawn = |kin: &Kin| kin.hidden == WITHDRAWN;
        if self.older.as_ref().or(self.newer.as_ref()).is_some_and(withdrawn) {
            return WITHDRAWN;
        }
        let outdated = |kin: &Kin| kin.state == 1 || kin.hidden == REVOKED;
        if self.newer.as_ref().is_some_and(outdated) { REVOKED } else { SERVED }
    }

    /// Tells the releases of the versions next to a new one that they have a neighbour; those
    /// farther know already.
    fn tell(&self, session: &mut Session, object: i64) -> Told<()> {
        let Session { conn, recent, .. } = session;
        let older = self.older.iter().map(|kin| (kin, "UPDATE item SET newer = 1 WHERE seq = ?1"));
        let newer = self.newer.iter().map(|kin| (kin, "UPDATE item SET older = 1 WHERE seq = ?1"));
        for (kin, sql) in older.chain(newer) {
            let version = Versions::Exactly(kin.version);
            for seq in recent.releases(conn, object, version, usize::MAX)? {
                conn.prepare_cached(sql)?.execute([int(seq)])?;
            }
        }
        Ok(())
    }
}

/// Hides releases of an item.
fn hide(
    session: &mut Session,
    (object, id, of): Of<'_>,
    versions: Versions,
    hidden: i64,
) -> Told<()> {
    let Session { conn, recent, unit, .. } = session;
    let sql = "SELECT i.clearance, i.hidden \
               FROM item i JOIN entry e ON e.seq = iif(i.origin = 0, i.seq, i.origin) \
               WHERE i.seq = ?1 AND e.subject = ?2 AND i.hidden < ?3 \
               AND ifnull(i.producer = ?4, 1)";
    let of = of.map(|of| of.0);
    for seq in recent.releases(conn, object, versions, usize::MAX)? {
        let key = params![int(seq), id.as_str(), hidden, of];
        let found = conn
            .prepare_cached(sql)?
            .query_row(key, |row| Ok((ClearanceId(row.get(0)?), row.get::<_, i64>(1)?)));
        let Some((clearance, was)) = found.optional()? else { continue };
        let update = "UPDATE item SET hidden = ?2 WHERE seq = ?1";
        conn.prepare_cached(update)?.execute(params![int(seq), hidden])?;
        if was == SERVED {
            *unit.served.entry(clearance).or_default() -= 1;
        }
    }
    Ok(())
}

fn rerelease_one(
    session: &mut Session,
    (origin, clearance): (Sequence, ClearanceId),
    actor: &str,
) -> Told<Stamp> {
    let sql = "SELECT i.object, i.version, i.kind, i.state, i.hidden, i.older, i.newer, e.subject, \
               i.producer \
               FROM item i JOIN entry e ON e.seq = i.seq WHERE i.seq = ?1";
    let (mut row, id) = session.conn.prepare_cached(sql)?.query_row([int(origin)], |row| {
        let new = New {
            seq: Sequence::START,
            origin: int(origin),
            object: row.get(0)?,
            version: row.get(1)?,
            kind: row.get(2)?,
            producer: OrganisationNumber(row.get(8)?),
            clearance,
            state: row.get(3)?,
            hidden: row.get(4)?,
            older: row.get(5)?,
            newer: row.get(6)?,
        };
        Ok((new, row.get::<_, String>(7)?))
    })?;
    if let Some(stamp) = released(session, &row)? {
        return Ok(stamp);
    }
    let facts = written::json(&RereleaseFacts { origin, clearance });
    let kind = EntryKind::Rerelease;
    let draft = Draft { kind, actor, subject: &id, facts: &facts, body: b"" };
    let stamp = entries::append(session, &draft, &Digest::of(b""))?;
    row.seq = stamp.seq;
    insert(session, &row)?;
    Ok(stamp)
}

/// The release of an item version under a clearance.
fn released(session: &mut Session, row: &New) -> Told<Option<Stamp>> {
    let Session { conn, recent, .. } = session;
    let sql = "SELECT e.seq, e.at FROM item i JOIN entry e ON e.seq = i.seq \
               WHERE i.seq = ?1 AND i.clearance = ?2 AND iif(i.origin = 0, i.seq, i.origin) = ?3";
    recent.find(conn, row.object, Versions::Exactly(row.version), |seq| {
        let key = params![int(seq), row.clearance.0, row.origin];
        Ok(conn.prepare_cached(sql)?.query_row(key, entries::stamp).optional()?)
    })
}

fn insert(session: &mut Session, row: &New) -> Told<()> {
    let sql = "INSERT INTO item \
               (seq, origin, object, version, kind, producer, clearance, state, hidden, older, newer) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    session.conn.prepare_cached(sql)?.execute(params![
        int(row.seq),
        row.origin,
        row.object,
        row.version,
        row.kind,
        row.producer.0,
        row.clearance.0,
        row.state,
        row.hidden,
        row.older,
        row.newer,
    ])?;
    session.recent.add(&session.conn, (row.object, row.version, row.seq))?;
    if row.hidden == SERVED {
        *session.unit.served.entry(row.clearance).or_default() += 1;
    }
    Ok(())
}

/// The code of a STIX type, given now if it had none.
fn kind(session: &mut Session, name: &str) -> Told<i64> {
    if let Some(code) = session.unit.kinds.get(name) {
        return Ok(*code);
    }
    let known = "SELECT code FROM kind WHERE name = ?1";
    let known = session.conn.prepare_cached(known)?.query_row([name], |row| row.get(0));
    let code = match known.optional()? {
        Some(code) => code,
        None => {
            session.conn.prepare_cached("INSERT INTO kind (name) VALUES (?1)")?.execute([name])?;
            session.conn.last_insert_rowid()
        }
    };
    session.unit.kinds.insert(name.to_owned(), code);
    Ok(code)
}
