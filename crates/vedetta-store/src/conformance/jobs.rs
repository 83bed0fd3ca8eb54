//! Jobs: leased, not popped.

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_model::Instant;

use super::scene::{Scene, is_refused};
use crate::job::{JobId, Lease, NewJob};

const TERM: Duration = Duration::from_secs(30);

fn enqueue(scene: &Scene, key: &str, due: Instant) {
    scene.write(|unit| unit.enqueue(&NewJob { step: "call", key, task: r#"{"n":1}"#, due }));
}

/// A unit of work whose moment is `now`, that leases at that moment.
fn lease_at(scene: &Scene, now: Instant, limit: usize) -> Vec<Lease> {
    let mut leases = Vec::new();
    let write = scene.store().write(now, &mut |unit| {
        leases = unit.lease("call", now, TERM, limit)?;
        Ok(())
    });
    write.expect("kept");
    leases
}

fn keys(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.job.key.as_str()).collect()
}

fn end(scene: &Scene, lease: &Lease) {
    scene.write(|unit| unit.finish(lease));
}

/// Oldest due first, none before it is due, only of the step, at most so many.
pub fn are_leased_when_due(scene: &mut Scene) {
    let now = scene.tick();
    let later = now.after(Duration::from_secs(5));
    for (key, due) in [("c", later), ("b", now), ("a", now.before(TERM))] {
        enqueue(scene, key, due);
    }
    let (step, key, task) = ("other", "x", "{}");
    scene.write(|unit| unit.enqueue(&NewJob { step, key, task, due: now }));
    let leases = lease_at(scene, now, 10);
    assert_eq!(keys(&leases), ["a", "b"]);
    let lease = &leases[0];
    assert_eq!((lease.job.step.as_str(), lease.job.task.as_str()), ("call", r#"{"n":1}"#));
    assert_eq!((lease.job.due, lease.job.attempts), (now.before(TERM), 1));
    assert_eq!((lease.until, lease.job.dead), (now.after(TERM), None));
    enqueue(scene, "d", later);
    assert_eq!(keys(&lease_at(scene, later, 1)), ["c"]);
    assert_eq!(keys(&lease_at(scene, later, 10)), ["d"]);
}

/// Not to anybody else until the lease ends, and never again when it is done.
pub fn are_leased_once(scene: &mut Scene) {
    let now = scene.tick();
    enqueue(scene, "a", now);
    let lease = lease_at(scene, now, 10).remove(0);
    let just_before = Instant::from_micros(now.after(TERM).micros() - 1);
    assert!(lease_at(scene, just_before, 10).is_empty());
    end(scene, &lease);
    assert!(lease_at(scene, now.after(TERM * 9), 10).is_empty());
}

/// Whoever leased it may be gone.
pub fn are_leased_again_when_the_lease_ends(scene: &mut Scene) {
    let now = scene.tick();
    enqueue(scene, "a", now);
    let first = lease_at(scene, now, 10).remove(0);
    let second = lease_at(scene, now.after(TERM), 10).remove(0);
    assert_eq!((second.job.id, second.job.attempts), (first.job.id, 2));
    assert_ne!(first.token, second.token);
    end(scene, &second);
}

/// A lease that is no longer the latest, or was given back, or done, ends nothing.
pub fn a_stale_lease_is_refused(scene: &mut Scene) {
    let now = scene.tick();
    enqueue(scene, "a", now);
    let first = lease_at(scene, now, 1).remove(0);
    let second = lease_at(scene, now.after(TERM), 1).remove(0);
    let refused = |scene: &Scene, lease: &Lease| {
        let again = Some(now);
        assert!(is_refused(&scene.try_write(|unit| unit.finish(lease))));
        assert!(is_refused(&scene.try_write(|unit| unit.give_back(lease, "late", again, now))));
        assert!(is_refused(&scene.try_write(|unit| unit.give_back(lease, "late", None, now))));
    };
    refused(scene, &first);
    let due = Some(now.after(TERM * 2));
    scene.write(|unit| unit.give_back(&second, "down", due, now));
    refused(scene, &second);
    let third = lease_at(scene, now.after(TERM * 2), 1).remove(0);
    refused(scene, &second);
    end(scene, &third);
    refused(scene, &third);
    enqueue(scene, "a", now);
    let fresh = lease_at(scene, now.after(TERM * 2), 1).remove(0);
    refused(scene, &first);
    end(scene, &fresh);
}

/// While it waits.
pub fn equal_keys_are_one_job(scene: &mut Scene) {
    let now = scene.tick();
    for key in ["a", "b", "a"] {
        enqueue(scene, key, now);
    }
    let leases = lease_at(scene, now, 10);
    assert_eq!(keys(&leases), ["a", "b"]);
    scene.write(|unit| unit.give_back(&leases[0], "down", Some(now), now));
    enqueue(scene, "a", now);
    assert_eq!(lease_at(scene, now, 10).len(), 1);
}

/// What came while somebody was at it is not lost.
pub fn what_comes_during_a_lease_is_a_new_job(scene: &mut Scene) {
    let now = scene.tick();
    enqueue(scene, "a", now);
    let first = lease_at(scene, now, 10).remove(0);
    let during = NewJob { step: "call", key: "a", task: "{}", due: now };
    let write = scene.store().write(now, &mut |unit| unit.enqueue(&during));
    write.expect("kept");
    end(scene, &first);
    let second = lease_at(scene, now, 10);
    assert_eq!(keys(&second), ["a"]);
    assert_ne!(second[0].job.id, first.job.id);
}

/// With the error, due again at another moment.
pub fn are_given_back(scene: &mut Scene) {
    let now = scene.tick();
    enqueue(scene, "a", now);
    let lease = lease_at(scene, now, 10).remove(0);
    let again = now.after(Duration::from_secs(5));
    scene.write(|unit| unit.give_back(&lease, "HTTP 503", Some(again), now));
    assert!(lease_at(scene, now, 10).is_empty());
    let lease = lease_at(scene, again, 10).remove(0);
    assert_eq!((lease.job.attempts, lease.job.due), (2, again));
    assert_eq!(lease.job.last_error.as_deref(), Some("HTTP 503"));
    assert!(scene.read(|reader| reader.dead_jobs(10)).is_empty());
}

/// They stay on the list until somebody requeues them.
pub fn die_and_are_requeued(scene: &mut Scene) {
    let now = scene.tick();
    for key in ["a", "b"] {
        enqueue(scene, key, now);
    }
    let leases = lease_at(scene, now, 10);
    for (index, lease) in leases.iter().rev().enumerate() {
        let at = now.after(Duration::from_secs(index as u64));
        scene.write(|unit| unit.give_back(lease, "gone", None, at));
    }
    assert!(lease_at(scene, now.after(TERM * 9), 10).is_empty());
    scene.reopen();
    let dead = scene.read(|reader| reader.dead_jobs(10));
    assert_eq!(dead.iter().map(|job| job.key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!((dead[0].dead, dead[0].last_error.as_deref()), (Some(now), Some("gone")));
    assert_eq!(scene.read(|reader| reader.dead_jobs(1)), dead[..1]);
    enqueue(scene, "b", now);
    let fresh = lease_at(scene, now, 10).remove(0);
    assert_ne!(fresh.job.id, dead[0].id, "a new job, the dead one stays");
    scene.write(|unit| unit.requeue(dead[0].id, now));
    let again = lease_at(scene, now, 10).remove(0);
    assert_eq!((again.job.id, again.job.attempts, again.job.dead), (dead[0].id, 2, None));
    for not_dead in [dead[0].id, JobId(999)] {
        assert!(is_refused(&scene.try_write(|unit| unit.requeue(not_dead, now))));
        assert!(is_refused(&scene.try_write(|unit| unit.discard(not_dead))));
    }
    scene.write(|unit| unit.discard(dead[1].id));
    scene.reopen();
    assert!(scene.read(|reader| reader.dead_jobs(10)).is_empty());
    assert!(is_refused(&scene.try_write(|unit| unit.requeue(dead[1].id, now))));
}

/// Waiting, leased or dead.
pub fn outlive_the_process(scene: &mut Scene) {
    let now = scene.tick();
    enqueue(scene, "a", now);
    let lease = lease_at(scene, now, 1).remove(0);
    enqueue(scene, "b", now);
    scene.reopen();
    assert_eq!(keys(&lease_at(scene, now, 10)), ["b"]);
    end(scene, &lease);
    assert_eq!(keys(&lease_at(scene, now.after(TERM), 10)), ["b"]);
}

/// Many workers at once: each job goes to one of them.
pub fn are_leased_by_one_of_many(scene: &mut Scene) {
    let now = scene.tick();
    scene.write(|unit| {
        (0..60).try_for_each(|n| {
            let (step, key, task) = ("call", n.to_string(), "{}");
            unit.enqueue(&NewJob { step, key: &key, task, due: now })
        })
    });
    let store = scene.store();
    let taken = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                threads.spawn(|| {
                    let mut taken: Vec<JobId> = Vec::new();
                    loop {
                        let before = taken.len();
                        let write = store.write(now, &mut |unit| {
                            let leases = unit.lease("call", now, TERM, 7)?;
                            taken.extend(leases.iter().map(|lease| lease.job.id));
                            Ok(())
                        });
                        write.expect("kept");
                        if taken.len() == before {
                            return taken;
                        }
                    }
                })
            })
            .collect();
        let taken = workers.into_iter().map(|worker| worker.join().expect("a worker ends"));
        taken.collect::<Vec<_>>()
    });
    let all: Vec<JobId> = taken.into_iter().flatten().collect();
    assert_eq!(all.len(), 60);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 60);
}

/// Whatever their state; those of other steps stay.
pub fn are_counted_and_dropped_by_step(scene: &mut Scene) {
    let now = scene.tick();
    for key in ["waits", "leased", "dead"] {
        enqueue(scene, key, now);
    }
    let (step, key, task) = ("other", "x", "{}");
    scene.write(|unit| unit.enqueue(&NewJob { step, key, task, due: now }));
    let leases = lease_at(scene, now, 3);
    scene.write(|unit| unit.give_back(&leases[0], "later", Some(now), now));
    scene.write(|unit| unit.give_back(&leases[2], "down", None, now));
    let waiting = |step: &str, most| scene.read(|reader| reader.waiting_jobs(step, most));
    assert_eq!(["call", "other", "none"].map(|step| waiting(step, 10)), [2, 1, 0]);
    assert_eq!(waiting("call", 1), 1, "counted up to so many");
    scene.write(|unit| unit.drop_jobs("call"));
    assert_eq!(["call", "other"].map(|step| waiting(step, 10)), [0, 1]);
    assert!(scene.read(|reader| reader.dead_jobs(10)).is_empty());
    assert!(is_refused(&scene.try_write(|unit| unit.finish(&leases[1]))), "it is gone");
}
