//! Jobs: enqueued, leased, finished, given back, requeued, dropped.

use postgres::Row;
use vedetta_model::Instant;
use vedetta_store::{Job, JobId, Lease, NewJob};

use crate::engine::Params;
use crate::entries::{count, get, moment, natural, plain, small, whole};
use crate::fault::{Fault, Told};
use crate::session::Session;

const ENQUEUE: &str = "-- name: enqueue
INSERT INTO job (step, key, task, due, attempts) SELECT $1, $2, $3, $4, 0
WHERE NOT EXISTS (SELECT FROM job WHERE step = $1 AND key = $2 AND dead IS NULL
    AND (leased IS NULL OR leased <= $5))";

const DUE: &str = "-- name: due_jobs
SELECT id, step, key, task, due, attempts, last_error, dead FROM job
WHERE step = $1 AND dead IS NULL AND due <= $2 AND (leased IS NULL OR leased <= $2)
ORDER BY due, id LIMIT $3";

const LEASE: &str = "-- name: lease
UPDATE job SET attempts = attempts + 1, leased = $2 WHERE id = ANY ($1)";

const FINISH: &str = "-- name: finish
DELETE FROM job WHERE id = $1 AND attempts = $2 AND leased IS NOT NULL";

const GIVE_BACK: &str = "-- name: give_back
UPDATE job SET leased = NULL, last_error = $3, due = coalesce($4, due), dead = $5
WHERE id = $1 AND attempts = $2 AND leased IS NOT NULL";

const REQUEUE: &str = "-- name: requeue
UPDATE job SET dead = NULL, due = $2 WHERE id = $1 AND dead IS NOT NULL";

const DISCARD: &str = "-- name: discard
DELETE FROM job WHERE id = $1 AND dead IS NOT NULL";

const WAITING: &str = "-- name: waiting_jobs
SELECT count(*) FROM (SELECT FROM job WHERE step = $1 AND dead IS NULL LIMIT $2) w";

const DROP: &str = "-- name: drop_jobs
DELETE FROM job WHERE step = $1";

const DEAD: &str = "-- name: dead_jobs
SELECT id, step, key, task, due, attempts, last_error, dead FROM job
WHERE dead IS NOT NULL ORDER BY dead, id LIMIT $1";

/// Enqueues a job unless its like waits.
pub(crate) fn enqueue(session: &mut Session, job: &NewJob<'_>) -> Told<()> {
    for text in [job.step, job.key, job.task] {
        plain(text)?;
    }
    let (due, now) = (job.due.micros(), session.unit.now.micros());
    let params: Params<'_> = &[&job.step, &job.key, &job.task, &due, &now];
    session.writing()?.run(ENQUEUE, params).map(|_| ())
}

/// Leases jobs of a step from now until a moment. Looking in vain writes nothing.
pub(crate) fn lease(
    session: &mut Session,
    step: &str,
    (now, until): (Instant, Instant),
    limit: usize,
) -> Told<Vec<Lease>> {
    plain(step)?;
    let rows = session.engine.rows(DUE, &[&step, &now.micros(), &count(limit)])?;
    let mut jobs: Vec<Job> = rows.iter().map(read).collect::<Told<_>>()?;
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = jobs.iter().map(|job| id(job.id)).collect();
    let leased = session.writing()?.run(LEASE, &[&ids, &until.micros()])?;
    if leased != ids.len() as u64 {
        return Err(Fault::damaged("table job", format!("{leased} of {} leased", ids.len())));
    }
    jobs.iter_mut().for_each(|job| job.attempts += 1);
    Ok(jobs.into_iter().map(|job| Lease { token: job.attempts, job, until }).collect())
}

/// Ends a job.
pub(crate) fn finish(session: &mut Session, lease: &Lease) -> Told<()> {
    let params: Params<'_> = &[&id(lease.job.id), &small(lease.token)];
    held(session.writing()?.run(FINISH, params)?, lease)
}

/// Gives a job back: due again at a moment, or dead as of now.
pub(crate) fn give_back(
    session: &mut Session,
    lease: &Lease,
    error: &str,
    (again, now): (Option<Instant>, Instant),
) -> Told<()> {
    let error = error.replace('\0', "\u{fffd}");
    let dead = if again.is_none() { Some(now.micros()) } else { None };
    let again = again.map(Instant::micros);
    let params: Params<'_> = &[&id(lease.job.id), &small(lease.token), &error, &again, &dead];
    held(session.writing()?.run(GIVE_BACK, params)?, lease)
}

/// Takes a dead job up again.
pub(crate) fn requeue(session: &mut Session, job: JobId, due: Instant) -> Told<()> {
    was_dead(session.writing()?.run(REQUEUE, &[&id(job), &due.micros()])?, job)
}

/// Takes a dead job off the list.
pub(crate) fn discard(session: &mut Session, job: JobId) -> Told<()> {
    was_dead(session.writing()?.run(DISCARD, &[&id(job)])?, job)
}

fn was_dead(changed: u64, job: JobId) -> Told<()> {
    if changed == 1 {
        return Ok(());
    }
    Err(Fault::Refused(format!("job {} is not on the dead-letter list", job.0)))
}

/// How many jobs of a step are not dead, counted up to `most`.
pub(crate) fn waiting(session: &mut Session, step: &str, most: usize) -> Told<usize> {
    plain(step)?;
    let waiting = whole(&session.engine.always(WAITING, &[&step, &count(most)])?, 0)?;
    Ok(usize::try_from(waiting).unwrap_or(most))
}

/// Drops all jobs of a step.
pub(crate) fn drop_all(session: &mut Session, step: &str) -> Told<()> {
    plain(step)?;
    session.writing()?.run(DROP, &[&step]).map(|_| ())
}

/// Jobs that were given up, oldest first.
pub(crate) fn dead(session: &mut Session, limit: usize) -> Told<Vec<Job>> {
    session.engine.rows(DEAD, &[&count(limit)])?.iter().map(read).collect()
}

fn held(changed: u64, lease: &Lease) -> Told<()> {
    if changed == 1 {
        return Ok(());
    }
    let (id, token) = (lease.job.id.0, lease.token);
    Err(Fault::Refused(format!("lease {token} of job {id} is no longer the latest")))
}

fn id(job: JobId) -> i64 {
    i64::try_from(job.0).unwrap_or(i64::MAX)
}

fn read(row: &Row) -> Told<Job> {
    Ok(Job {
        id: JobId(whole(row, 0)?),
        step: get(row, 1)?,
        key: get(row, 2)?,
        task: get(row, 3)?,
        due: moment(row, 4)?,
        attempts: natural(row, 5)?,
        last_error: get(row, 6)?,
        dead: get::<Option<i64>>(row, 7)?.map(Instant::from_micros),
    })
}
