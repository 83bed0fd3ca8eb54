//! What the engine's troubles look like from here, and that nothing is lost in them.

use vedetta_model::Instant;
use vedetta_store::{
    Draft, EntryKind, Sequence, Stamp, Store, StoreError, UnitOfWork, Verification,
};
use vedetta_store_postgres::PostgresStore;

use super::house::Rooms;

pub(crate) fn deed(unit: &mut dyn UnitOfWork, subject: &str) -> Result<Stamp, StoreError> {
    let (kind, actor) = (EntryKind::Deed, "tester");
    unit.append(&Draft { kind, actor, subject, facts: "{}", body: b"body" })
}

pub(crate) fn say(store: &PostgresStore, subject: &str) -> Result<(), StoreError> {
    store.write(Instant::default(), &mut |unit| deed(unit, subject).map(drop))
}

pub(crate) fn subjects(store: &PostgresStore) -> Vec<String> {
    let mut subjects = Vec::new();
    let reading = store.read(&mut |reader| {
        let entries = reader.entries(Sequence::START, 100)?;
        subjects = entries.into_iter().map(|entry| entry.subject).collect();
        let sound = matches!(vedetta_store::verify(reader)?, Verification::Sound { .. });
        assert!(sound, "the chain holds");
        Ok(())
    });
    reading.unwrap();
    subjects
}

/// Ends every other connection of the store, and waits until they are over.
fn cut(rooms: &Rooms) {
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
               WHERE application_name = 'vedetta' AND pid IN ( \
                   SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = ( \
                       (hashtextextended('vedetta ' || $1, 0) >> 32 & 4294967295)::oid, \
                       (hashtextextended('vedetta ' || $1, 0) & 4294967295)::oid))";
    let ended = rooms.client().query(end, &[&rooms.schema]).unwrap();
    assert_eq!(ended.len(), 1, "the writer's connection is there");
}

#[test]
fn a_lost_connection_is_made_anew_for_the_next_unit() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    say(&store, "one").unwrap();
    cut(&rooms);
    say(&store, "two").unwrap();
    assert_eq!(subjects(&store), ["one", "two"]);
}

/// Whoever opens it, asks it or is the last to let go of it.
#[test]
fn a_thread_of_an_asynchronous_runtime_may() {
    let Some(rooms) = Rooms::new() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let store = rooms.store();
        say(&store, "one").unwrap();
        let elsewhere = tokio::spawn(async move {
            say(&store, "two").unwrap();
            subjects(&store)
        });
        assert_eq!(elsewhere.await.unwrap(), ["one", "two"]);
    });
}

#[test]
fn a_connection_lost_in_a_unit_keeps_nothing_of_it() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    say(&store, "one").unwrap();
    let lost = store.write(Instant::default(), &mut |unit| {
        deed(unit, "lost")?;
        unit.entries(Sequence::START, 10)?;
        cut(&rooms);
        deed(unit, "lost too").map(drop)
    });
    assert!(matches!(lost, Err(StoreError::Unreachable { .. })), "{lost:?}");
    say(&store, "two").unwrap();
    assert_eq!(subjects(&store), ["one", "two"]);
}

#[test]
fn a_second_node_is_locked_out() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    let second = PostgresStore::open(&rooms.url, Some(&rooms.schema)).map(drop);
    assert!(matches!(second, Err(StoreError::Locked { .. })), "{second:?}");
    say(&store, "one").unwrap();
    let reader = PostgresStore::open_read_only(&rooms.url, Some(&rooms.schema)).unwrap();
    assert_eq!(subjects(&reader), ["one"]);
    let told = say(&reader, "two");
    assert!(matches!(told, Err(StoreError::ReadOnly { .. })), "{told:?}");
}

#[test]
fn two_writers_past_the_lock_still_take_turns() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    say(&store, "one").unwrap();
    let mut other = rooms.client();
    let mut holding = other.transaction().unwrap();
    holding.query("SELECT seq FROM head FOR UPDATE", &[]).unwrap();
    let told = say(&store, "two");
    assert!(matches!(told, Err(StoreError::Locked { .. })), "{told:?}");
    holding.rollback().unwrap();
    say(&store, "three").unwrap();
    assert_eq!(subjects(&store), ["one", "three"]);
}

#[test]
fn a_full_disk_is_told_and_nothing_is_kept() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    say(&store, "one").unwrap();
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE disk_full; END $$;
                CREATE TRIGGER full_disk BEFORE INSERT ON entry
                FOR EACH ROW WHEN (new.subject = 'three') EXECUTE FUNCTION full_disk()";
    rooms.client().batch_execute(full).unwrap();
    let told = store.write(Instant::default(), &mut |unit| {
        deed(unit, "two")?;
        deed(unit, "three").map(drop)
    });
    assert!(matches!(told, Err(StoreError::Full { .. })), "{told:?}");
    rooms.client().batch_execute("DROP TRIGGER full_disk ON entry").unwrap();
    say(&store, "four").unwrap();
    assert_eq!(subjects(&store), ["one", "four"]);
}

#[test]
fn a_database_that_only_reads_is_told() {
    let Some(rooms) = Rooms::new() else { return };
    let url = reading_only(&rooms.url);
    let told = PostgresStore::open(&url, Some(&rooms.schema)).map(drop);
    assert!(matches!(told, Err(StoreError::ReadOnly { .. })), "{told:?}");
    say(&rooms.store(), "one").unwrap();
    let store = PostgresStore::open(&url, Some(&rooms.schema)).unwrap();
    let told = say(&store, "two");
    assert!(matches!(told, Err(StoreError::ReadOnly { .. })), "{told:?}");
    assert_eq!(subjects(&store), ["one"]);
}

#[test]
fn a_connection_lost_in_the_commit_is_asked_about() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    say(&store, "one").unwrap();
    let die = "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN null; END $$;
               CREATE CONSTRAINT TRIGGER die AFTER INSERT ON entry DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION die()";
    rooms.client().batch_execute(die).unwrap();
    let told = say(&store, "two");
    let Err(StoreError::Unreachable { reason, .. }) = told else { panic!("{told:?}") };
    assert!(reason.contains("nothing of it was kept"), "{reason}");
    rooms.client().batch_execute("DROP TRIGGER die ON entry").unwrap();
    say(&store, "three").unwrap();
    assert_eq!(subjects(&store), ["one", "three"]);
}

#[test]
fn a_later_schema_is_left_alone() {
    let Some(rooms) = Rooms::new() else { return };
    drop(rooms.store());
    rooms.client().batch_execute("UPDATE schema_version SET version = 9").unwrap();
    let told = PostgresStore::open(&rooms.url, Some(&rooms.schema)).map(drop);
    assert!(matches!(told, Err(StoreError::Newer { found: 9, .. })), "{told:?}");
}

#[test]
fn a_ledger_that_was_lost_is_not_made_anew() {
    let Some(rooms) = Rooms::new() else { return };
    let (url, schema) = (&rooms.url, Some(rooms.schema.as_str()));
    let missing = || {
        for told in
            [PostgresStore::open_made(url, schema), PostgresStore::open_read_only(url, schema)]
        {
            let told = told.map(drop);
            assert!(matches!(told, Err(StoreError::Missing { .. })), "{told:?}");
            assert!(told.unwrap_err().to_string().contains(&rooms.schema));
        }
    };
    missing();
    rooms.client().batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {}", rooms.schema)).unwrap();
    missing();
    say(&rooms.store(), "one").unwrap();
    assert_eq!(subjects(&PostgresStore::open_made(url, schema).unwrap()), ["one"]);
}

#[test]
fn what_does_not_read_back_is_damage() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    say(&store, "one").unwrap();
    say(&store, "two").unwrap();
    rooms.client().batch_execute("UPDATE entry SET kind = 99 WHERE seq = 2").unwrap();
    let told = store.read(&mut |reader| reader.entries(Sequence::START, 9).map(drop));
    assert!(matches!(told, Err(StoreError::Damaged { .. })), "{told:?}");
}

#[test]
fn nobody_there_is_unreachable() {
    let told = PostgresStore::open("host=127.0.0.1 port=1 user=x dbname=x", None).map(drop);
    assert!(matches!(told, Err(StoreError::Unreachable { .. })), "{told:?}");
}

#[test]
fn text_that_cannot_be_kept_is_refused_and_the_unit_goes_on() {
    let Some(rooms) = Rooms::new() else { return };
    let store = rooms.store();
    let kept = store.write(Instant::default(), &mut |unit| {
        let told = deed(unit, "a\0b");
        assert!(matches!(told, Err(StoreError::Refused(_))), "{told:?}");
        deed(unit, "one").map(drop)
    });
    kept.unwrap();
    assert_eq!(subjects(&store), ["one"]);
}

/// The same database, where every transaction only reads.
fn reading_only(url: &str) -> String {
    if url.contains("://") {
        let mark = if url.contains('?') { '&' } else { '?' };
        format!("{url}{mark}options=-c%20default_transaction_read_only%3Don")
    } else {
        format!("{url} options='-c default_transaction_read_only=on'")
    }
}
