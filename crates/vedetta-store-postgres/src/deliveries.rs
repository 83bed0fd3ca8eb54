//! Deliveries and acknowledgements.

use postgres::Row;
use vedetta_model::places::PlacesError;
use vedetta_model::{Audience, Places};
use vedetta_store::fork::{fork, forks};
use vedetta_store::{
    Acknowledgement, DeliveryBatch, DeliveryRow, Digest, Door, Draft, EntryKind, Sequence, Stamp,
    written,
};

use crate::engine::Params;
use crate::entries::{self, count, get, int, moment, small};
use crate::fault::{Fault, Told};
use crate::session::Session;

const OF: &str = "-- name: deliveries
SELECT e.seq, e.at, d.releases, d.door, d.at, d.audience
FROM (
    SELECT d.* FROM unnest($1::bigint[]) n (fork), LATERAL (
        SELECT * FROM delivery WHERE fork = n.fork AND n.fork <= $2 AND last >= $2
        UNION ALL
        SELECT * FROM delivery WHERE fork = n.fork AND n.fork > $2 AND first <= $2
    ) d
) d
JOIN entry e ON e.seq = d.seq ORDER BY d.seq, d.ordinal";

const AFTER: &str = "-- name: deliveries_after
SELECT e.seq, e.at, d.releases, d.door, d.at, d.audience
FROM (SELECT * FROM delivery WHERE seq > $1 ORDER BY seq FETCH FIRST ($2::bigint) ROWS WITH TIES) d
JOIN entry e ON e.seq = d.seq ORDER BY d.seq, d.ordinal";

const DELIVER: &str = "-- name: deliver
INSERT INTO delivery (seq, ordinal, fork, first, last, releases, door, at, audience)
SELECT $1, b.ordinal, b.fork, b.first, b.last, b.releases, b.door, b.at, b.audience
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::smallint[], $7::bigint[],
        $8::bytea[])
    WITH ORDINALITY b (fork, first, last, releases, door, at, audience, ordinal)";

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

const RELEASES: &str = "-- name: releases_among
SELECT i.seq FROM unnest($1::bigint[], $2::bigint[]) r (first, last)
JOIN item i ON i.seq BETWEEN r.first AND r.last";

/// Releases this near one another are looked up together.
const NEAR: u64 = 32;

const SUBJECT: &str = "-- name: subject_of_release
SELECT e.subject FROM item i JOIN entry e ON e.seq = i.seq WHERE i.seq = $1";

/// Deliveries of a release.
pub(crate) fn of(session: &mut Session, release: Sequence) -> Told<Vec<DeliveryRow>> {
    let end = entries::head(session)?.map_or(0, |(stamp, _)| stamp.seq.0);
    let nodes: Vec<i64> = forks(release.0, end).into_iter().map(place).collect();
    let rows = session.sql()?.rows(OF, &[&nodes, &int(release)])?;
    let mut deliveries = rows.iter().map(read).collect::<Told<Vec<_>>>()?;
    deliveries.retain(|delivery| delivery.batch.releases.contains(release.0));
    Ok(deliveries)
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
    let batches = batches.iter().filter_map(|batch| Some((batch, batch.span()?)));
    let (batches, spans): (Vec<_>, Vec<_>) = batches.unzip();
    if batches.is_empty() {
        return Ok(None);
    }
    require_all(session, &batches)?;
    let body = written::delivered_body(&batches);
    let draft = Draft {
        kind: EntryKind::Delivered,
        actor: written::LEDGER,
        subject: "",
        facts: "{}",
        body: body.as_bytes(),
    };
    let stamp = entries::append(session, &draft, &Digest::of(body.as_bytes()))?;
    let nodes: Vec<i64> = spans.iter().map(|(first, last)| place(fork(*first, *last))).collect();
    let firsts: Vec<i64> = spans.iter().map(|(first, _)| place(*first)).collect();
    let lasts: Vec<i64> = spans.iter().map(|(_, last)| place(*last)).collect();
    let releases: Vec<String> = batches.iter().map(|batch| batch.releases.to_string()).collect();
    let doors: Vec<i16> = batches.iter().map(|batch| batch.door.code().into()).collect();
    let moments: Vec<i64> = batches.iter().map(|batch| batch.at.micros()).collect();
    let audiences: Vec<Vec<u8>> = batches.iter().map(|batch| batch.audience.to_bytes()).collect();
    let seq = int(stamp.seq);
    let params: Params<'_> =
        &[&seq, &nodes, &firsts, &lasts, &releases, &doors, &moments, &audiences];
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

/// Refused when a place is no release.
fn require_all(session: &mut Session, batches: &[&DeliveryBatch]) -> Told<()> {
    let mut asked = Places::none();
    batches.iter().for_each(|batch| asked.absorb(&batch.releases));
    let near = |a: &(u64, u64), b: &(u64, u64)| b.0 - a.1 < NEAR;
    let together = asked.runs().chunk_by(near);
    let (firsts, lasts): (Vec<i64>, Vec<i64>) =
        together.filter_map(|runs| Some((place(runs.first()?.0), place(runs.last()?.1)))).unzip();
    let mut known = Vec::new();
    for row in session.writing()?.rows(RELEASES, &[&firsts, &lasts])? {
        known.push(entries::seq(&row, 0)?.0);
    }
    known.sort_unstable();
    match asked.difference(&known.into_iter().collect()).first() {
        None => Ok(()),
        Some(release) => Err(unknown(Sequence(release))),
    }
}

fn place(place: u64) -> i64 {
    int(Sequence(place))
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
    let recorded = entries::stamp(row)?;
    let damaged = |why: &dyn ToString| {
        Fault::damaged(format!("a delivery that entry {} records", recorded.seq), why.to_string())
    };
    let code: i16 = get(row, 3)?;
    let door = usize::try_from(code).ok().and_then(|code| Door::ALL.get(code).copied());
    let releases = row.try_get::<_, &str>(2)?.parse();
    let batch = DeliveryBatch {
        releases: releases.map_err(|e: PlacesError| damaged(&e))?,
        door: door.ok_or_else(|| damaged(&"its door is unknown"))?,
        at: moment(row, 4)?,
        audience: Audience::from_bytes(row.try_get(5)?).map_err(|e| damaged(&e))?,
    };
    Ok(DeliveryRow { batch, recorded })
}
