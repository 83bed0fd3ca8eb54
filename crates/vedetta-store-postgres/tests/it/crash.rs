//! A writer killed at any moment: all that it acknowledged is there, and the chain is sound.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use vedetta_model::{Instant, ItemId, OrganisationNumber};
use vedetta_store::conformance::scene;
use vedetta_store::{
    Claim, Draft, EntryKind, ItemDraft, ItemState, Sequence, Store, StoreError, UnitOfWork,
    Verification,
};
use vedetta_store_postgres::PostgresStore;

use super::house::Rooms;

const KILLS: u64 = 25;
const SCHEMA: &str = "VEDETTA_TEST_CRASH_SCHEMA";
const ITEMS: u32 = 40;

#[test]
fn nothing_acknowledged_is_lost() {
    let Some(rooms) = Rooms::new() else { return };
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut acknowledged = 0;
    for _ in 0..KILLS {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        acknowledged = acknowledged.max(run_and_kill(&rooms, dice >> 33));
        check(&rooms, acknowledged);
    }
    assert!(acknowledged > 0, "the writer got somewhere");
}

/// Lets a writer go on for some acknowledgements and some turns of a loop, then kills it; the last
/// place that it acknowledged.
fn run_and_kill(rooms: &Rooms, dice: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::writer", "--nocapture"])
        .env(SCHEMA, &rooms.schema)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut last = 0;
    let mut left = 1 + dice % 12;
    while left > 0 {
        let line = lines.next().expect("the writer goes on until it is killed").unwrap();
        if let Some(place) = line.strip_prefix("acknowledged ") {
            last = place.parse().unwrap();
            left -= 1;
        }
    }
    for turn in 0..(dice / 12) % 2_000_000 {
        std::hint::black_box(turn);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let rest = lines.map_while(Result::ok);
    let rest = rest.filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok());
    rest.fold(last, u64::max)
}

fn check(rooms: &Rooms, acknowledged: u64) {
    let reading = rooms.store().read(&mut |reader| {
        let Verification::Sound { entries, .. } = vedetta_store::verify(reader)? else {
            panic!("the chain is broken");
        };
        assert!(entries >= acknowledged, "{acknowledged} acknowledged, {entries} there");
        let items = scene::all(reader, &scene::everything())?;
        assert_eq!(items.len() % ITEMS as usize, 0, "units of work are whole");
        assert_eq!(reader.cursor("units")?.0, items.len() as u64 / u64::from(ITEMS));
        Ok(())
    });
    reading.unwrap();
}

/// Not a check of its own: what [`nothing_acknowledged_is_lost`] kills.
#[test]
fn writer() {
    let (Some(schema), Some(rooms)) =
        (std::env::var_os(SCHEMA), std::env::var_os(super::house::VARIABLE))
    else {
        return;
    };
    let store = PostgresStore::open(&rooms.to_string_lossy(), Some(&schema.to_string_lossy()));
    let store = store.unwrap();
    loop {
        let mut place = 0;
        store.write(Instant::default(), &mut |unit| work(unit, &mut place)).unwrap();
        println!("acknowledged {place}");
        std::io::stdout().flush().unwrap();
    }
}

fn work(unit: &mut dyn UnitOfWork, place: &mut u64) -> Result<(), StoreError> {
    let units = unit.cursor("units")?.0;
    let clearance = scene::intern(unit, &[1, 2, 3])?;
    let first = u32::try_from(units).unwrap() * ITEMS;
    let ids: Vec<ItemId> =
        (first..first + ITEMS).map(|item| scene::id("indicator", item)).collect();
    let draft = |id| ItemDraft {
        id,
        version: Instant::from_micros(1),
        producer: OrganisationNumber(1),
        claim: Claim::First,
        clearance,
        state: ItemState::Live,
        actor: "writer",
        facts: "{}",
        body: b"a body",
    };
    unit.place_items(&ids.iter().map(draft).collect::<Vec<_>>())?;
    unit.set_cursor("units", Sequence(units + 1))?;
    let (kind, actor, subject) = (EntryKind::Deed, "writer", "a unit of work");
    let deed = Draft { kind, actor, subject, facts: "{}", body: b"" };
    *place = unit.append(&deed)?.seq.0;
    Ok(())
}
