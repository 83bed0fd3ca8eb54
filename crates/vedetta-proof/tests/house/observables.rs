//! The same address, as several saw it: each says of it what it says, to whom it says it.

use serde_json::json;
use vedetta_flow::views::newest_items::Look;
use vedetta_flow::views::read_items::{Share, Wish};
use vedetta_flow::{FlowError, ReadItem, Receipt};
use vedetta_model::hold::HoldScope;
use vedetta_model::{Actor, Role};
use vedetta_store::{Reader, Sequence, Verification, VersionFilter, verify};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use super::room::hold;

fn read(test: &TestHouse, who: &str, versions: VersionFilter) -> Vec<ReadItem> {
    test.house.page(&test.person(who), &Wish::all(Sequence::START, versions)).unwrap().items
}

/// The bodies that somebody reads, each version.
fn bodies(test: &TestHouse, who: &str) -> Vec<String> {
    let items = read(test, who, VersionFilter::All);
    items.iter().map(|it| String::from_utf8(it.body.to_vec()).unwrap()).collect()
}

fn seen_by(who: &str, label: &str) -> TestItem {
    TestItem::address(7).with("x_seen_by", json!(who)).tlp(label)
}

/// What a bringer is told, but for where in the ledger it is.
fn told(receipt: &Receipt) -> (Vec<(String, usize)>, usize, Vec<String>) {
    let accepted = receipt.accepted.iter().map(|it| (it.id.to_string(), it.audience)).collect();
    let rejected = receipt.rejected.iter().map(|it| format!("{} {}", it.rule, it.reason));
    (accepted, receipt.duplicates.len(), rejected.collect())
}

fn officer() -> Actor {
    let centre = TestHouse::small().administrator();
    Actor { roles: [Role::DutyOfficer].into(), ..centre }
}

fn is_sound(test: &TestHouse) {
    let mut told = None;
    let proven = test.store.read(&mut |reader: &mut dyn Reader| {
        told = Some(verify(reader)?);
        Ok(())
    });
    proven.unwrap();
    assert!(matches!(told, Some(Verification::Sound { .. })), "{told:?}");
}

#[test]
fn each_reader_has_what_is_cleared_to_it_of_each_bringer() {
    let test = TestHouse::small();
    let perugia = seen_by("perugia", "AMBER+STRICT");
    let terni = seen_by("terni", "CLEAR");
    for (who, item) in [("perugia", &perugia), ("terni", &terni)] {
        assert_eq!(test.bring(who, &[item.clone()]).accepted.len(), 1);
    }
    let (own, public) = (perugia.json(), terni.json());
    for member in ["perugia", "terni", "foligno", "cosc-umbria", "cnaipic"] {
        assert_eq!(bodies(&test, member), [own.clone(), public.clone()], "{member}");
    }
    for outsider in ["stranger", "client"] {
        assert_eq!(bodies(&test, outsider), [public.clone()], "{outsider}");
    }
    let last = read(&test, "foligno", VersionFilter::Last);
    assert_eq!(last.len(), 1, "one object has one newest version");
    assert_eq!(last[0].version, last[0].stamp.at, "it has no moment but that when it came");
    let mine = Wish { share: Share::Own, ..Wish::all(Sequence::START, VersionFilter::Last) };
    let mine = test.house.page(&test.person("perugia"), &mine).unwrap().items;
    assert_eq!(mine.len(), 1, "of one's own, another's is not the newest");
    is_sound(&test);
}

#[test]
fn while_an_order_holds_it_each_bringer_still_finds_its_own() {
    let test = TestHouse::small();
    let items = ["perugia", "terni"].map(|who| seen_by(who, "GREEN"));
    for (who, item) in ["perugia", "terni"].into_iter().zip(&items) {
        assert_eq!(test.bring(who, &[item.clone()]).accepted.len(), 1);
    }
    let id = items[0].id();
    test.house
        .place_hold(&test.administrator(), &hold("order-7", HoldScope::Item(id.clone())))
        .unwrap();
    for (who, item) in ["perugia", "terni"].into_iter().zip(&items) {
        let by = test.person(who);
        let own = item.json();
        let body = |it: &ReadItem| String::from_utf8(it.body.to_vec()).unwrap();
        assert_eq!(body(&test.house.item(&by, &id).unwrap()), own, "{who}, by its name");
        let last = read(&test, who, VersionFilter::Last);
        assert_eq!(last.iter().map(body).collect::<Vec<_>>(), [own.clone()], "{who}, in a page");
        let look = Look { before: None, limit: 10, share: Share::Cleared, kinds: &[], tlp: None };
        let newest = test.house.newest_items(&by, &look, |_| true).unwrap().items;
        assert_eq!(
            newest.iter().map(body).collect::<Vec<_>>(),
            [own.clone()],
            "{who}, among the newest"
        );
        assert_eq!(bodies(&test, who), [own], "{who}, among all");
        let wish = Wish::all(Sequence::START, VersionFilter::First);
        let (sealed, _) = test.house.cleared_page(&by, &wish).unwrap();
        let reader = test.house.reader_of(&by).unwrap();
        assert!(sealed.iter().all(|it| it.open(&reader).is_some()) && sealed.len() == 1);
    }
    let foligno = test.person("foligno");
    assert!(matches!(test.house.item(&foligno, &id), Err(FlowError::Unknown { .. })));
    assert!(read(&test, "foligno", VersionFilter::Last).is_empty());
}

#[test]
fn nothing_tells_a_stranger_that_somebody_has_it() {
    let (alone, after) = (TestHouse::small(), TestHouse::small());
    for others in [seen_by("perugia", "RED"), TestItem::address(8).tlp("RED")] {
        after.bring("perugia", &[others]);
    }
    let withdrawn = TestItem::address(9).tlp("AMBER+STRICT");
    after.bring("perugia", &[withdrawn.clone()]);
    after.house.withdraw(&after.person("perugia"), &withdrawn.id(), "a mistake").unwrap();
    let tries = [
        seen_by("stranger", "CLEAR"),
        seen_by("stranger", "CLEAR"),
        seen_by("somebody", "CLEAR"),
        TestItem::address(8).tlp("RED"),
        withdrawn.clone(),
        withdrawn,
        TestItem::address(10)
            .with("created_by_ref", json!(after.person("perugia").organisation.identity())),
    ];
    for item in tries {
        let answers = [&alone, &after].map(|test| told(&test.bring("stranger", &[item.clone()])));
        assert_eq!(answers[0], answers[1], "{}", item.json());
    }
    assert_eq!(bodies(&alone, "stranger"), bodies(&after, "stranger"));
}

#[test]
fn one_takes_back_ones_own() {
    let test = TestHouse::small();
    let same = TestItem::address(7).tlp("GREEN");
    for who in ["perugia", "terni"] {
        assert_eq!(test.bring(who, &[same.clone()]).accepted.len(), 1, "the very same bytes");
    }
    let foligno = test.person("foligno");
    assert!(matches!(
        test.house.withdraw(&foligno, &same.id(), "not mine"),
        Err(FlowError::Forbidden { .. })
    ));
    let [first, second] = read(&test, "foligno", VersionFilter::All).try_into().unwrap();
    test.house.withdraw(&test.person("perugia"), &same.id(), "a mistake").unwrap();
    let [left] = read(&test, "foligno", VersionFilter::All).try_into().unwrap();
    assert_eq!(left, second);
    let told = test.house.withdrawals(&foligno, Sequence::START).unwrap().notices;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].item, told[0].version), (&same.id(), Some(first.version)));
    let admin = test.administrator();
    assert_eq!(test.house.holders_of(&admin, &same.id()).unwrap().withdrawn, None);
    assert_eq!(test.bring("perugia", &[same.clone()]).rejected[0].rule, "withdrawn", "it stays so");
    assert_eq!(bodies(&test, "perugia").len(), 1, "and reads what is left as others do");
    is_sound(&test);

    test.bring("cosc-umbria", &[same.clone()]);
    test.house.withdraw(&officer(), &same.id(), "harmless").unwrap();
    assert!(bodies(&test, "foligno").is_empty(), "a duty officer takes back everybody's");
    let withdrawn = test.house.holders_of(&admin, &same.id()).unwrap().withdrawn.unwrap();
    assert_eq!(withdrawn.reason, "harmless");
    let after = told[0].place;
    let told = test.house.withdrawals(&foligno, after).unwrap().notices;
    assert_eq!(told.len(), 2, "one for each that reached it");
    is_sound(&test);
}

#[test]
fn whoever_asks_why_is_answered_of_what_it_reads() {
    let test = TestHouse::small();
    let id = seen_by("perugia", "CLEAR").id();
    test.bring("perugia", &[seen_by("perugia", "CLEAR")]);
    test.bring("terni", &[seen_by("terni", "RED")]);
    let stranger = test.person("stranger");
    let why = test.house.explain(&stranger, &id, &stranger.organisation).unwrap();
    assert!(why.allowed, "{why:?}");
    let [perugia, terni] = ["perugia", "terni"].map(|who| test.person(who));
    let room = test.administrator();
    for who in [&perugia, &terni, &stranger] {
        assert!(test.house.explain(&room, &id, &who.organisation).unwrap().allowed);
    }
    let read = test.house.item(&perugia, &id).unwrap();
    let audience = test.house.audience_of(&perugia, &read).unwrap().unwrap();
    assert!(audience.full > 1, "of its own: {audience:?}");
}

#[test]
fn newcomers_have_each_bringers() {
    let test = TestHouse::small();
    for who in ["perugia", "terni"] {
        test.bring(who, &[seen_by(who, "GREEN")]);
    }
    let before = bodies(&test, "foligno");
    test.house.clear_newcomers().unwrap();
    assert_eq!(bodies(&test, "foligno"), before, "nothing comes twice");
    assert_eq!(before.len(), 2);
}

#[test]
fn what_a_bringer_is_told_of_its_own_can_be_done() {
    let test = TestHouse::small();
    let item = seen_by("perugia", "GREEN");
    test.bring("perugia", &[item.clone()]);
    let other = test.bring("perugia", &[seen_by("somebody", "GREEN")]);
    assert_eq!(other.rejected[0].rule, "version-conflict");
    assert!(!other.rejected[0].reason.contains("modified"), "{}", other.rejected[0].reason);
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let again = test.bring("perugia", &[item.clone()]);
    assert_eq!((again.duplicates.len(), again.accepted.len()), (0, 0), "{again:?}");
    assert_eq!(again.rejected[0].rule, "withdrawn");
    assert!(again.rejected[0].reason.contains("stays so"), "{again:?}");
    // Nobody else hears of it.
    assert_eq!(test.bring("terni", &[item]).accepted.len(), 1);
}
