//! Deliveries and acknowledgements.

use postgres::Row;
use vedetta_model::Audience;
use vedetta_store::{
    Acknowledgement, DeliveryBatch, DeliveryRow, Digest, Door, Draft, EntryKind, Sequence, Stamp,
    written,
};

use crate::engine::Params;
use crate::entries::{self, count, get, int, moment, small};
use crate::fault::{Fault, Told};
use crate::session::Session;

const OF: &str = "-- name: deliveries
SELECT e.seq, e.at, d.release, d.door, d.at, d.audience
FROM delivery d JOIN entry e ON e.seq = d.seq
WHERE d.release = $1 ORDER BY d.seq, d.ordinal";

const AFTER: &str = "-- name: deliveries_after
SELECT e.seq, e.at, d.release, d.door, d.at, d.audience
FROM (SELECT * FROM delivery WHERE seq > $1 ORDER BY seq FETCH FIRST ($2::bigint) ROWS WITH TIES) d
JOIN entry e ON e.seq = d.seq ORDER BY d.seq, d.ordinal";

const DELIVER: &str = "-- name: deliver
INSERT INTO delivery (release, seq, ordinal, door, at, audience)
SELECT b.release, $1, b.ordinal, b.door, b.at, b.audience
FROM unnest($2::bigint[], $3::smallint[], $4::bigint[], $5::bytea[])
    WITH ORDINALITY b (release, door, at, audience, ordinal)";

const ACKNOWLEDGEMENTS: &str = "-- name: acknowledgements
SELECT e.seq, e.at, e.body FROM acknowledgement a JOIN entry e ON e.seq = a.seq
WHERE a.release = $1 ORDER BY a.seq + 0";

const ACKNOWLEDGEMENTS_AFTER: &str = "-- name: acknowledgements_after
SELECT e.seq, e.at, e.body FROM acknowledgement a JOIN entry e ON e.seq = a.seq
WHERE a.seq > $1 ORDER BY a.seq LIMIT $2";

const ACKNOWLEDGED: &str = "-- name: acknowledged
SELECT seq FROM acknowledgement WHERE release = $1 AND organisation = $2";

const ACKNOWLEDGE: &str = "-- name: acknowledge
INSERT INTO acknowledgement (release, organisation, seq) VALUES ($1, $2, $3)";

const UNKNOWN: &str = "-- name: unknown_release
SELECT r.seq FROM unnest($1::bigint[]) r (seq)
WHERE NOT EXISTS (SELECT FROM item i WHERE i.seq = r.seq) LIMIT 1";

const SUBJECT: &str = "-- name: subject_of_release
SELECT e.subject FROM item i JOIN entry e ON e.seq = i.seq WHERE i.seq = $1";

/// Deliveries of a release.
pub(crate) fn of(session: &mut Session, release: Sequence) -> Told<Vec<DeliveryRow>> {
    session.sql()?.rows(OF, &[&int(release)])?.iter().map(read).collect()
}

/// Deliveries recorded after a place, whole entries.
pub(crate) fn after(
    session: &mut Session,
    recorded: Sequence,
    limit: usize,
) -> Told<Vec<DeliveryRow>> {
    let params: Params<'_> = &[&int(recorded), &count(limit)];
    session.sql()?.rows(AFTER, params)?.iter().map(read).collect()
}

/// Records deliveries.
pub(crate) fn deliver(session: &mut Session, batches: &[DeliveryBatch]) -> Told<Option<Stamp>> {
    let batches: Vec<_> = batches.iter().filter(|batch| !batch.audience.is_empty()).collect();
    if batches.is_empty() {
        return Ok(None);
    }
    let releases: Vec<i64> = batches.iter().map(|batch| int(batch.release)).collect();
    if let Some(row) = session.writing()?.row(UNKNOWN, &[&releases])? {
        return Err(unknown(entries::seq(&row, 0)?));
    }
    let body = written::delivered_body(&batches);
    let draft = Draft {
        kind: EntryKind::Delivered,
        actor: written::LEDGER,
        subject: "",
        facts: "{}",
        body: body.as_bytes(),
    };
    let stamp = entries::append(session, &draft, &Digest::of(body.as_bytes()))?;
    let doors: Vec<i16> = batches.iter().map(|batch| batch.door.code().into()).collect();
    let moments: Vec<i64> = batches.iter().map(|batch| batch.at.micros()).collect();
    let audiences: Vec<Vec<u8>> = batches.iter().map(|batch| batch.audience.to_bytes()).collect();
    let params: Params<'_> = &[&int(stamp.seq), &releases, &doors, &moments, &audiences];
    session.engine.run(DELIVER, params)?;
    Ok(Some(stamp))
}

/// Acknowledgements of a release.
pub(crate) fn acknowledgements(
    session: &mut Session,
    release: Sequence,
) -> Told<Vec<Acknowledgement>> {
    let rows = session.sql()?.rows(ACKNOWLEDGEMENTS, &[&int(release)])?;
    rows.iter().map(|row| Ok(read_acknowledgement(row)?.1)).collect()
}

/// Acknowledgements recorded after a place.
pub(crate) fn acknowledgements_after(
    session: &mut Session,
    recorded: Sequence,
    limit: usize,
) -> Told<Vec<(Stamp, Acknowledgement)>> {
    let params: Params<'_> = &[&int(recorded), &count(limit)];
    let rows = session.sql()?.rows(ACKNOWLEDGEMENTS_AFTER, params)?;
    rows.iter().map(read_acknowledgement).collect()
}

/// Records an acknowledgement.
pub(crate) fn acknowledge(session: &mut Session, ack: &Acknowledgement) -> Told<Option<Stamp>> {
    let (release, organisation) = (int(ack.release), small(ack.organisation.0));
    let sql = session.writing()?;
    let item = sql.row(SUBJECT, &[&release])?.ok_or_else(|| unknown(ack.release))?;
    if sql.row(ACKNOWLEDGED, &[&release, &organisation])?.is_some() {
        return Ok(None);
    }
    let body = written::json(ack);
    let draft = Draft {
        kind: EntryKind::Acknowledged,
        actor: ack.by.as_str(),
        subject: item.try_get(0)?,
        facts: "{}",
        body: body.as_bytes(),
    };
    let stamp = entries::append(session, &draft, &Digest::of(body.as_bytes()))?;
    session.engine.run(ACKNOWLEDGE, &[&release, &organisation, &int(stamp.seq)])?;
    Ok(Some(stamp))
}

fn unknown(release: Sequence) -> Fault {
    Fault::Refused(format!("release {release} is unknown"))
}

fn read_acknowledgement(row: &Row) -> Told<(Stamp, Acknowledgement)> {
    let stamp = entries::stamp(row)?;
    let ack = serde_json::from_slice(row.try_get(2)?)
        .map_err(|e| Fault::damaged(format!("entry {}", stamp.seq), e))?;
    Ok((stamp, ack))
}

fn read(row: &Row) -> Told<DeliveryRow> {
    let release = entries::seq(row, 2)?;
    let damaged = |why: &dyn ToString| {
        Fault::damaged(format!("a delivery of release {release}"), why.to_string())
    };
    let code: i16 = get(row, 3)?;
    let door = usize::try_from(code).ok().and_then(|code| Door::ALL.get(code).copied());
    let batch = DeliveryBatch {
        release,
        door: door.ok_or_else(|| damaged(&"its door is unknown"))?,
        at: moment(row, 4)?,
        audience: Audience::from_bytes(row.try_get(5)?).map_err(|e| damaged(&e))?,
    };
    Ok(DeliveryRow { batch, recorded: entries::stamp(row)? })
}
