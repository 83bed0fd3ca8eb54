//! What an agreement or an organisation took with it is told to each who holds it, once.

use vedetta_flow::views::lapses::{Cause, LapseNotice, Lapsed, LapsedPage, Wanted};
use vedetta_flow::{DeliveryBatch, Door, FlowError, Sequence, Step};
use vedetta_model::hold::HoldScope;
use vedetta_model::{
    Actor, Agreement, AgreementId, Audience, Hold, ItemId, OrganisationId, Places,
};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

pub(super) fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

fn act() -> AgreementId {
    AgreementId::new("act").unwrap()
}

pub(super) fn suspend() -> Step {
    Step::Suspend { reason: "a breach at the centre".into() }
}

/// Writes down that an organisation had everything so far, by a door.
pub(super) fn had_all(test: &TestHouse, organisation: &str, door: Door) {
    let number = test.house.standing().directory.number(&id(organisation)).unwrap();
    let releases = Places::between(1, test.house.bell().last().0);
    let mut readable = Places::default();
    let all = vedetta_flow::Wish::all(Sequence::START, vedetta_flow::VersionFilter::All);
    for item in test.house.page(&test.person(organisation), &all).unwrap().items {
        assert!(releases.contains(item.stamp.seq.0));
        readable.insert(item.stamp.seq.0);
    }
    let audience = Audience::from_iter([number]);
    let at = test.house.now();
    let batch = DeliveryBatch { releases: readable, door, at, audience };
    assert_eq!(test.house.record_deliveries(vec![batch]).unwrap(), 0);
    test.clock.advance(std::time::Duration::from_secs(3_600));
}

pub(super) fn told(test: &TestHouse, by: &Actor) -> Vec<LapseNotice> {
    test.house.withdrawals(by, Sequence::START).unwrap().lapses
}

pub(super) fn stages(test: &TestHouse, organisation: &str) -> Vec<Lapsed> {
    told(test, &test.person(organisation)).iter().map(|it| it.now).collect()
}

pub(super) fn listed(
    test: &TestHouse,
    by: &Actor,
    cause: Cause,
    holder: Option<&str>,
) -> Vec<ItemId> {
    let wanted = Wanted { cause, holder: holder.map(id), after: Sequence::START };
    let LapsedPage { items, next } = test.house.lapsed_items(by, &wanted).unwrap();
    assert_eq!(next, None);
    items.into_iter().map(|it| it.item).collect()
}

#[test]
fn a_suspension_is_told_to_each_holder_and_so_is_its_end() {
    let mut test = TestHouse::small();
    let items = [1, 2, 3].map(|n| TestItem::indicator(n).tlp("AMBER"));
    let clear = TestItem::indicator(4).tlp("CLEAR");
    test.bring("perugia", &[items[0].clone(), items[1].clone(), clear]);
    had_all(&test, "cosc-umbria", Door::Taxii);
    test.bring("perugia", &[items[2].clone()]);
    had_all(&test, "terni", Door::Stream);
    let admin = test.administrator();
    test.house.step_agreement(&admin, &act(), &suspend()).unwrap();
    // It stood long before the notice is written: the node may have been down.
    test = TestHouse::over(std::sync::Arc::clone(&test.store));
    test.clock.set("2026-03-09T08:00:00Z");
    assert_eq!(
        test.house.tell_lapses().unwrap(),
        1,
        "one for the agreement, not one for each item"
    );
    assert_eq!(test.house.tell_lapses().unwrap(), 0, "once");
    let notices = told(&test, &test.person("terni"));
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(notice.cause, Cause::Agreement(act()));
    assert_eq!(
        (notice.now, notice.reason.as_deref()),
        (Lapsed::Suspended, Some("a breach at the centre"))
    );
    assert_eq!(notice.items.as_deref(), Some("/api/v1/lapses/items?agreement=act"));
    for (who, count) in [("perugia", 0), ("stranger", 0), ("foligno", 0), ("cosc-umbria", 1)] {
        assert_eq!(stages(&test, who).len(), count, "{who}");
    }
    // What anybody may have is not in it, nor what came after one last looked.
    let all = |n: usize| items[..n].iter().map(TestItem::id).collect::<Vec<_>>();
    let cause = || Cause::Agreement(act());
    assert_eq!(listed(&test, &test.person("terni"), cause(), None), all(3));
    assert_eq!(listed(&test, &test.person("cosc-umbria"), cause(), None), all(2));
    assert_eq!(listed(&test, &test.person("foligno"), cause(), None), []);
    let room = test.administrator();
    assert_eq!(listed(&test, &room, cause(), Some("terni")), all(3));
    let asked = Wanted { cause: cause(), holder: Some(id("terni")), after: Sequence::START };
    let refused = test.house.lapsed_items(&test.person("cosc-umbria"), &asked);
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })), "{refused:?}");
    let lapses = test.house.lapses(&room).unwrap();
    assert_eq!(lapses[0].holders, [id("cosc-umbria"), id("terni")]);
    assert_eq!(test.house.lapses(&test.person("terni")).unwrap()[0].holders, [id("terni")]);

    test.house.step_agreement(&room, &act(), &Step::Resume).unwrap();
    assert_eq!(test.house.tell_lapses().unwrap(), 1);
    let again = TestHouse::over(std::sync::Arc::clone(&test.store));
    again.clock.set("2026-03-10T08:00:00Z");
    assert_eq!(again.house.tell_lapses().unwrap(), 0);
    for who in ["terni", "cosc-umbria"] {
        assert_eq!(stages(&again, who), [Lapsed::Suspended, Lapsed::Restored], "{who}");
    }
    assert_eq!(stages(&again, "foligno"), []);
    assert!(again.house.lapses(&again.administrator()).unwrap().is_empty());
    // The next withdrawal is counted on.
    again.house.withdraw(&again.person("perugia"), &items[0].id(), "a mistake").unwrap();
    let page = again.house.withdrawals(&again.person("terni"), notice.place).unwrap();
    assert_eq!((page.notices.len(), page.lapses.len()), (1, 1));
}

#[test]
fn what_another_agreement_gives_too_is_not_taken() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let other = vedetta_testkit::house::act();
    let other = Agreement { id: AgreementId::new("other").unwrap(), ..other };
    let draft = Agreement { stage: vedetta_model::agreement::Stage::Draft, ..other };
    test.house.put_draft(&admin, &draft).unwrap();
    test.house.step_agreement(&admin, &draft.id, &Step::PutInForce).unwrap();
    test.bring("perugia", &[TestItem::indicator(1).tlp("AMBER")]);
    had_all(&test, "terni", Door::Taxii);
    test.house.step_agreement(&admin, &act(), &suspend()).unwrap();
    assert_eq!(test.house.tell_lapses().unwrap(), 0);
    assert_eq!(listed(&test, &test.person("terni"), Cause::Agreement(act()), None), []);
    // With the second it is gone, and then over for good.
    test.house.step_agreement(&admin, &draft.id, &Step::End).unwrap();
    assert_eq!(test.house.tell_lapses().unwrap(), 2);
    assert_eq!(stages(&test, "terni"), [Lapsed::Suspended, Lapsed::Ended]);
    test.house.step_agreement(&admin, &act(), &Step::End).unwrap();
    assert_eq!(test.house.tell_lapses().unwrap(), 1);
    assert_eq!(stages(&test, "terni"), [Lapsed::Suspended, Lapsed::Ended, Lapsed::Ended]);
}

#[test]
fn what_an_organisation_had_that_left_is_listed() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let item = TestItem::indicator(1).tlp("AMBER");
    let of_terni = TestItem::indicator(2).tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    test.bring("terni", &[of_terni.clone()]);
    had_all(&test, "terni", Door::Feed);
    had_all(&test, "foligno", Door::Feed);
    test.house.remove_organisation(&admin, &id("terni")).unwrap();
    assert_eq!(test.house.tell_lapses().unwrap(), 1);
    let lapses = test.house.lapses(&admin).unwrap();
    let [lapse] = &lapses[..] else { panic!("{lapses:?}") };
    let terni = Cause::Organisation(id("terni"));
    assert_eq!((&lapse.notice.cause, lapse.notice.now), (&terni, Lapsed::Removed));
    assert_eq!(lapse.holders, [id("terni"), id("foligno")]);
    assert_eq!(listed(&test, &admin, terni.clone(), Some("terni")).len(), 2);
    // What it had given is nobody's any more.
    assert_eq!(stages(&test, "foligno"), [Lapsed::Removed]);
    assert_eq!(listed(&test, &test.person("foligno"), terni, None), [of_terni.id()]);
}

#[test]
fn a_hold_is_told_to_nobody() {
    let test = TestHouse::small();
    test.bring("perugia", &[TestItem::indicator(1).tlp("AMBER")]);
    had_all(&test, "terni", Door::Taxii);
    let hold = Hold {
        id: "silence".parse().unwrap(),
        scope: HoldScope::Producer(id("perugia")),
        organisation: id("cnaipic"),
        authority: "Procura".into(),
        reason: "an investigation".into(),
        from: test.house.now(),
        until: None,
    };
    test.house.place_hold(&test.administrator(), &hold).unwrap();
    assert!(!test.reads("terni", &TestItem::indicator(1).id()));
    assert_eq!(test.house.tell_lapses().unwrap(), 0);
    assert_eq!(stages(&test, "terni"), []);
}
