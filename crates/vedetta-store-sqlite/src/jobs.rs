//! Jobs: enqueued, leased, finished, given back, requeued, dropped.

use rusqlite::{Row, params};
use vedetta_model::Instant;
use vedetta_store::{Job, JobId, Lease, NewJob};

use crate::entries::count;
use crate::fault::{Fault, Told};
use crate::session::Session;

const COLUMNS: &str = "id, step, key, task, due, attempts, last_error, dead";

/// Enqueues a job unless its like waits.
pub(crate) fn enqueue(session: &mut Session, job: &NewJob<'_>) -> Told<()> {
    let waiting = "SELECT 1 FROM job WHERE step = ?1 AND key = ?2 AND dead IS NULL \
                   AND (leased IS NULL OR leased <= ?3)";
    let key = params![job.step, job.key, session.unit.now.micros()];
    if session.conn.prepare_cached(waiting)?.exists(key)? {
        return Ok(());
    }
    let sql = "INSERT INTO job (step, key, task, due, attempts) VALUES (?1, ?2, ?3, ?4, 0)";
    let row = params![job.step, job.key, job.task, job.due.micros()];
    session.conn.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// Leases jobs of a step from now until a moment.
pub(crate) fn lease(
    session: &mut Session,
    step: &str,
    (now, until): (Instant, Instant),
    limit: usize,
) -> Told<Vec<Lease>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM job WHERE step = ?1 AND dead IS NULL AND due <= ?2 \
         AND (leased IS NULL OR leased <= ?2) ORDER BY due, id LIMIT ?3"
    );
    let mut due = session.conn.prepare_cached(&sql)?;
    let jobs = due.query_map(params![step, now.micros(), count(limit)], read)?;
    let jobs: Vec<Job> = jobs.collect::<Result<_, _>>()?;
    let sql = "UPDATE job SET attempts = attempts + 1, leased = ?2 WHERE id = ?1";
    let mut take = session.conn.prepare_cached(sql)?;
    let mut leases = Vec::with_capacity(jobs.len());
    for mut job in jobs {
        take.execute(params![job.id.0, until.micros()])?;
        job.attempts += 1;
        leases.push(Lease { token: job.attempts, job, until });
    }
    Ok(leases)
}

/// Ends a job.
pub(crate) fn finish(session: &mut Session, lease: &Lease) -> Told<()> {
    let sql = "DELETE FROM job WHERE id = ?1 AND attempts = ?2 AND leased IS NOT NULL";
    let changed =
        session.conn.prepare_cached(sql)?.execute(params![lease.job.id.0, lease.token])?;
    held(changed, lease)
}

/// Gives a job back: due again at a moment, or dead as of now.
pub(crate) fn give_back(
    session: &mut Session,
    lease: &Lease,
    error: &str,
    (again, now): (Option<Instant>, Instant),
) -> Told<()> {
    let sql = "UPDATE job SET leased = NULL, last_error = ?3, due = coalesce(?4, due), dead = ?5 \
               WHERE id = ?1 AND attempts = ?2 AND leased IS NOT NULL";
    let dead = if again.is_none() { Some(now.micros()) } else { None };
    let again = again.map(Instant::micros);
    let row = params![lease.job.id.0, lease.token, error, again, dead];
    let changed = session.conn.prepare_cached(sql)?.execute(row)?;
    held(changed, lease)
}

/// Takes a dead job up again.
pub(crate) fn requeue(session: &mut Session, id: JobId, due: Instant) -> Told<()> {
    let sql = "UPDATE job SET dead = NULL, due = ?2 WHERE id = ?1 AND dead IS NOT NULL";
    was_dead(session.conn.prepare_cached(sql)?.execute(params![id.0, due.micros()])?, id)
}

/// Takes a dead job off the list.
pub(crate) fn discard(session: &mut Session, id: JobId) -> Told<()> {
    let sql = "DELETE FROM job WHERE id = ?1 AND dead IS NOT NULL";
    was_dead(session.conn.prepare_cached(sql)?.execute([id.0])?, id)
}

fn was_dead(changed: usize, id: JobId) -> Told<()> {
    if changed == 1 {
        return Ok(());
    }
    Err(Fault::Refused(format!("job {} is not on the dead-letter list", id.0)))
}

/// How many jobs of a step are not dead, counted up to `most`.
pub(crate) fn waiting(session: &mut Session, step: &str, most: usize) -> Told<usize> {
    let sql = "SELECT count(*) FROM \
               (SELECT 1 FROM job WHERE step = ?1 AND dead IS NULL LIMIT ?2)";
    let mut statement = session.conn.prepare_cached(sql)?;
    Ok(statement.query_row(params![step, count(most)], |row| row.get(0))?)
}

/// Drops all jobs of a step.
pub(crate) fn drop_all(session: &mut Session, step: &str) -> Told<()> {
    session.conn.prepare_cached("DELETE FROM job WHERE step = ?1")?.execute([step])?;
    Ok(())
}

/// Jobs that were given up, oldest first.
pub(crate) fn dead(session: &mut Session, limit: usize) -> Told<Vec<Job>> {
    let sql =
        format!("SELECT {COLUMNS} FROM job WHERE dead IS NOT NULL ORDER BY dead, id LIMIT ?1");
    let mut statement = session.conn.prepare_cached(&sql)?;
    let jobs = statement.query_map([count(limit)], read)?;
    Ok(jobs.collect::<Result<_, _>>()?)
}

fn held(changed: usize, lease: &Lease) -> Told<()> {
    if changed == 1 {
        return Ok(());
    }
    let (id, token) = (lease.job.id.0, lease.token);
    Err(Fault::Refused(format!("lease {token} of job {id} is no longer the latest")))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: JobId(row.get(0)?),
        step: row.get(1)?,
        key: row.get(2)?,
        task: row.get(3)?,
        due: Instant::from_micros(row.get(4)?),
        attempts: row.get(5)?,
        last_error: row.get(6)?,
        dead: row.get::<_, Option<i64>>(7)?.map(Instant::from_micros),
    })
}
