//! Who may know the victim, in whose name one may speak, and what is kept back or taken back.

// What a test is built from may fail like the test itself; items are cheap to clone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

use std::sync::Arc;

use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_intake::indicator_csv::{self, Bringer};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::hold::HoldScope;
use vedetta_model::{Hold, HoldId, ItemId, Organisation, OrganisationId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

#[path = "victims/cost.rs"]
mod cost;
#[path = "victims/forms.rs"]
mod forms;
#[path = "victims/names.rs"]
mod names;
#[path = "victims/told.rs"]
mod told;

#[test]
fn a_held_item_stays_with_its_producer_and_the_authority() {
    let test = TestHouse::small();
    let item = TestItem::incident(1, "Encrypted file server").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    assert!(test.reads("terni", &item.id()) || test.reads("cosc-umbria", &item.id()));
    let hold = Hold {
        id: HoldId::new("hold-1").unwrap(),
        authority: "Procura".into(),
        organisation: OrganisationId::new("cnaipic").unwrap(),
        scope: HoldScope::Item(item.id()),
        reason: "order 1".into(),
        from: "2026-03-02T00:00:00Z".parse().unwrap(),
        until: None,
    };
    test.house.place_hold(&test.administrator(), &hold).unwrap();
    let readers = ["cnaipic", "cosc-umbria", "perugia", "terni", "client"];
    let who: Vec<_> = readers.into_iter().filter(|who| test.reads(who, &item.id())).collect();
    assert_eq!(who, ["cnaipic", "perugia"]);
    test.house.lift_hold(&test.administrator(), &hold.id).unwrap();
    assert!(test.reads("cosc-umbria", &item.id()));
}

/// The small network with a second agreement that hides victims: the centre to the company.
fn with_hidden() -> TestHouse {
    let test = TestHouse::small();
    test.hide_victims("none");
    test
}

#[test]
fn what_joins_anothers_bytes_goes_without_its_victim_too() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    for (many, who) in [(1, "perugia"), (2, "terni")] {
        assert_eq!(test.bring(who, &[item.clone()]).accepted.len(), 1, "{who}");
        test.house.clear_newcomers().unwrap();
        let start = vedetta_store::Sequence::START;
        let wish = vedetta_flow::Wish::all(start, vedetta_store::VersionFilter::Last);
        let read = test.house.page(&test.person("stranger"), &wish).unwrap().items;
        let names: std::collections::BTreeSet<_> = read.into_iter().map(|it| it.id).collect();
        assert!(!names.contains(&item.id()), "{who}");
        assert_eq!(names.len(), many, "each under a name of its own: {who}");
    }
    assert!(!test.house.newcomers_wait());
}

#[test]
fn who_may_not_know_the_victim_gets_the_item_without_it() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware at Comune di Perugia").tlp("AMBER").with(
        "description",
        serde_json::json!("The file server of the Comune di Perugia was encrypted at night."),
    );
    let item = item.with("labels", json!(["ransomware"]));
    test.bring("perugia", &[item.clone()]);
    assert!(test.reads("cnaipic", &item.id()));
    assert!(!test.reads("stranger", &item.id()), "the original is not for it");
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::Last);
    let page = test.house.page(&test.person("stranger"), &wish).unwrap();
    assert_eq!(page.items.len(), 1);
    let body = String::from_utf8(page.items[0].body.to_vec()).unwrap();
    let derived = serde_json::from_str::<serde_json::Value>(&body).unwrap();
    assert_eq!(
        (&derived["description"], &derived["labels"]),
        (&json!("[omissis]"), &json!(["ransomware"]))
    );
    for told in ["erugia", item.id().as_str(), "comune"] {
        assert!(!body.contains(told), "{told} in {body}");
    }
    let answer =
        test.house.explain_any(&item.id(), &OrganisationId::new("stranger").unwrap()).unwrap();
    assert!(answer.allowed && answer.form == Some(vedetta_policy::Form::Redacted));
}

#[test]
fn a_withdrawn_item_takes_its_derived_form_with_it() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware at Comune di Perugia").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    test.house.withdraw(&test.person("perugia"), &item.id(), "mistake").unwrap();
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    assert!(test.house.page(&test.person("stranger"), &wish).unwrap().items.is_empty());
}

fn note(n: u32, content: &str) -> TestItem {
    let id = format!("note--00000000-0000-4000-8000-{n:012x}");
    TestItem::incident(n, "a note")
        .with("type", serde_json::json!("note"))
        .with("id", serde_json::json!(id))
        .with("content", serde_json::json!(content))
        .with("object_refs", serde_json::json!([TestItem::indicator(n).id()]))
        .tlp("AMBER")
}

#[test]
fn siblings_do_not_give_the_victim_away() {
    let test = with_hidden();
    let incident = TestItem::incident(1, "Ransomware").tlp("AMBER");
    let about = |n| note(n, "see there").with("object_refs", serde_json::json!([incident.id()]));
    let (on_it, later) = (about(2), about(7));
    let on_note = note(3, "more").with("object_refs", serde_json::json!([on_it.id()]));
    let naming = note(4, "It began at the Comune di Perugia.");
    let target = OrganisationId::new("perugia").unwrap().identity();
    let pointing = note(5, "who").with("object_refs", serde_json::json!([target]));
    let excepted =
        note(6, "Comune di Perugia agrees").handled("victim_refs", serde_json::json!([]));
    // References may come before what they refer to.
    let load = [&on_note, &on_it, &naming, &pointing, &excepted, &incident].map(TestItem::clone);
    assert_eq!(test.bring("perugia", &load).accepted.len(), load.len());
    assert_eq!(test.bring("perugia", &[later.clone()]).accepted.len(), 1);
    for item in [&incident, &on_it, &on_note, &naming, &pointing, &later] {
        assert!(test.reads("cnaipic", &item.id()));
        assert!(!test.reads("stranger", &item.id()), "{}", item.json());
    }
    assert!(test.reads("stranger", &excepted.id()), "it says that it tells nobody's misfortune");
}

#[test]
fn a_version_that_does_not_say_keeps_the_victims_of_those_before() {
    let test = with_hidden();
    let victim = OrganisationId::new("perugia").unwrap().identity();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    let named = item.clone().handled("victim_refs", serde_json::json!([victim]));
    test.bring("cosc-umbria", &[named]);
    let silent = item.modified("2026-03-02T00:00:00.000Z");
    assert_eq!(test.bring("cosc-umbria", &[silent.clone()]).accepted.len(), 1);
    assert!(test.reads("cnaipic", &silent.id()));
    assert!(!test.reads("stranger", &silent.id()));
}

#[test]
fn what_is_revoked_leaves_no_older_derived_form_behind() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    assert_eq!(test.house.page(&test.person("stranger"), &wish).unwrap().items.len(), 1);
    let revoked = item
        .modified("2026-03-02T00:00:00.000Z")
        .with("revoked", serde_json::json!(true))
        .handled("victim_refs", serde_json::json!([]));
    test.bring("perugia", &[revoked.clone()]);
    let page = test.house.page(&test.person("stranger"), &wish).unwrap();
    let ids: Vec<_> = page.items.iter().map(|it| it.id.clone()).collect();
    assert_eq!(ids, [revoked.id()]);
}

#[test]
fn an_old_version_of_what_was_withdrawn_has_no_derived_form() {
    let test = with_hidden();
    let nobodys =
        TestItem::incident(1, "Exercise").tlp("AMBER").modified("2026-03-02T00:00:00.000Z");
    let nobodys = nobodys.handled("victim_refs", serde_json::json!([]));
    test.bring("perugia", &[nobodys.clone()]);
    test.house.withdraw(&test.person("perugia"), &nobodys.id(), "mistake").unwrap();
    test.bring("perugia", &[TestItem::incident(1, "Ransomware").tlp("AMBER")]);
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    assert!(test.house.page(&test.person("stranger"), &wish).unwrap().items.is_empty());
}

fn sdo(kind: &str, n: u32, name: &str) -> TestItem {
    let id = format!("{kind}--00000000-0000-4000-8000-{n:012x}");
    TestItem::incident(n, name).with("type", json!(kind)).with("id", json!(id)).tlp("CLEAR")
}

fn relationship(n: u32, from: &TestItem, to: &TestItem) -> TestItem {
    sdo("relationship", n, "x")
        .without(&["name"])
        .with("relationship_type", json!("related-to"))
        .with("source_ref", json!(from.id()))
        .with("target_ref", json!(to.id()))
        .tlp("AMBER")
}

fn read_by(test: &TestHouse, reader: &str) -> Vec<String> {
    let wish =
        vedetta_flow::Wish::all(vedetta_store::Sequence::START, vedetta_store::VersionFilter::All);
    let page = test.house.page(&test.person(reader), &wish).unwrap();
    page.items.iter().map(|it| String::from_utf8(it.body.to_vec()).unwrap()).collect()
}

#[test]
fn no_edge_leads_from_a_derived_form_to_what_tells_the_victim() {
    let test = with_hidden();
    let place = sdo("location", 1, "Perugia").with("country", json!("IT"));
    let office = sdo("identity", 2, "Comune di Perugia - Ufficio IT");
    let neighbour = sdo("location", 3, "Somewhere").with("country", json!("IT"));
    let campaign = sdo("campaign", 4, "Against the town halls, Perugia first");
    let tool = sdo("tool", 5, "An ordinary tool");
    let earlier = [&place, &office, &neighbour, &campaign, &tool].map(TestItem::clone);
    assert_eq!(test.bring("cosc-umbria", &earlier).accepted.len(), earlier.len());
    let victim = OrganisationId::new("perugia").unwrap().identity();
    let incident = TestItem::incident(6, "Ransomware").tlp("AMBER");
    let incident = incident.handled("victim_refs", json!([victim]));
    let edges = earlier.each_ref().map(|it| {
        let n = u32::try_from(earlier.iter().position(|other| other.id() == it.id()).unwrap());
        relationship(10 + n.unwrap(), &incident, it)
    });
    test.bring("cosc-umbria", &[incident.clone()]);
    assert_eq!(test.bring("cosc-umbria", &edges).accepted.len(), edges.len());
    let read = read_by(&test, "stranger");
    let edges: Vec<_> = read.iter().filter(|it| it.contains("relationship--")).collect();
    assert_eq!(edges.len(), 1, "{edges:?}");
    assert!(edges[0].contains(tool.id().as_str()), "{edges:?}");
}

#[test]
fn victims_are_shared_over_the_whole_load() {
    let test = with_hidden();
    let remedy = |n| sdo("course-of-action", n, "Rimedio per il Comune di Perugia");
    test.bring("perugia", &[remedy(1)]);
    assert!(test.reads("stranger", &remedy(1).id()), "alone it tells nobody's misfortune");
    let mut load = vec![TestItem::incident(2, "Ransomware").tlp("AMBER")];
    load.extend((10..1010).map(|n| TestItem::indicator(n).tlp("AMBER")));
    load.push(remedy(3));
    assert_eq!(test.bring("perugia", &load).accepted.len(), load.len());
    assert!(!test.reads("stranger", &remedy(3).id()));
    assert!(test.reads("perugia", &remedy(3).id()));
}

#[test]
fn however_many_victims_a_load_has_it_is_searched_for_their_names() {
    let test = with_hidden();
    let town = |n: u32| -> Organisation {
        let id = format!("comune-{:06}", 900_000 + n);
        let name = format!("Comune di Acquachiara {}", "i".repeat(n as usize + 1));
        serde_json::from_value(json!({ "id": id, "name": name, "kind": "municipality" })).unwrap()
    };
    let organisations = (0..40).map(town).collect();
    let records = Records { organisations, ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    let mut victims: Vec<_> = (0..40).map(|n| town(n).id.identity()).collect();
    victims.push(OrganisationId::new("perugia").unwrap().identity());
    let incident = TestItem::incident(1, "Ransomware").tlp("AMBER");
    let incident = incident.handled("victim_refs", json!(victims));
    let incident = incident.with("description", json!("At all of them. ".repeat(6000)));
    let remedy = sdo("course-of-action", 2, "Rimedio per il Comune di Perugia");
    assert_eq!(test.bring("cosc-umbria", &[incident, remedy.clone()]).accepted.len(), 2);
    assert!(!test.reads("stranger", &remedy.id()));
    let read = read_by(&test, "stranger");
    assert!(read.iter().any(|it| it.contains("At all of them")), "a long text is derived too");
}

#[test]
fn nobody_speaks_in_the_name_of_another() {
    let test = TestHouse::small();
    let cnaipic = OrganisationId::new("cnaipic").unwrap().identity();
    let identity = |name: &str| {
        let identity = sdo("identity", 1, name).with("identity_class", json!("organization"));
        identity.with("id", json!(cnaipic))
    };
    let forged = TestItem::indicator(2).tlp("CLEAR").with("created_by_ref", json!(cnaipic));
    let receipt = test.bring("terni", &[identity("CNAIPIC - new keys"), forged.clone()]);
    let rules: Vec<_> = receipt.rejected.iter().map(|it| it.rule.as_str()).collect();
    assert_eq!(rules, ["in-anothers-name"; 2]);
    assert!(receipt.accepted.is_empty() && !test.reads("terni", &cnaipic));
    let own = [identity("CNAIPIC"), forged];
    assert_eq!(test.bring("cnaipic", &own).accepted.len(), 2);
    let again = test.bring("terni", &own);
    assert!(again.rejected.is_empty(), "what is there may be brought again: {again:?}");
    assert_eq!(test.bring("terni", &[identity("CNAIPIC - call 000")]).rejected.len(), 1);
}

#[test]
fn what_strangers_brought_as_an_identity_gives_way_to_its_organisation() {
    let test = TestHouse::small();
    let todi: Organisation = serde_json::from_value(
        json!({ "id": "todi", "name": "Comune di Todi", "kind": "municipality" }),
    )
    .unwrap();
    let identity = |name: &str| {
        let identity = sdo("identity", 1, name).with("identity_class", json!("organization"));
        identity.with("id", json!(todi.id.identity()))
    };
    assert_eq!(test.bring("terni", &[identity("Todi, call 000")]).accepted.len(), 1);
    let account = json!({ "id": "todi", "name": "todi", "organisation": "todi", "roles": ["liaison"],
        "language": "it", "state": "active" });
    let accounts = vec![serde_json::from_value(account).unwrap()];
    let records = Records { organisations: vec![todi.clone()], accounts, ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    let receipt = test.bring("todi", &[identity("Comune di Todi")]);
    assert_eq!(receipt.accepted.len(), 1, "{receipt:?}");
    let read = test.house.item(&test.person("terni"), &todi.id.identity()).unwrap();
    assert!(String::from_utf8_lossy(&read.body).contains("Comune di Todi"));
}

#[test]
fn nobody_can_bring_the_rows_of_another_first() {
    let test = TestHouse::small();
    let rows = |test: &TestHouse, organisation: &str| {
        let identity = OrganisationId::new(organisation).unwrap().identity();
        let bringer = Bringer { identity: &identity, at: test.house.now() };
        indicator_csv::read(DoorIn::Api, "t", b"type,value\nipv4,203.0.113.9\n", &bringer)
    };
    let told = rows(&test, "perugia").items[0].id.clone();
    let squatted = TestItem::indicator(9).tlp("CLEAR").with("id", json!(told));
    assert_eq!(test.bring("terni", &[squatted]).accepted.len(), 1);
    let first = test.house.accept(&test.person("perugia"), rows(&test, "perugia")).unwrap();
    assert_eq!(first.accepted.len(), 1, "{first:?}");
    let id: ItemId = first.accepted[0].id.clone();
    let read = test.house.item(&test.person("perugia"), &id).unwrap();
    assert!(id != told && String::from_utf8_lossy(&read.body).contains(id.as_str()));
    let again = test.house.accept(&test.person("perugia"), rows(&test, "perugia")).unwrap();
    assert_eq!(again.duplicates, [id.clone()], "the same file again brings nothing new");
    assert!(
        !stix_bundle::read(DoorIn::Api, "t", &read.body, &stix_bundle::limits()).items.is_empty()
    );
}

#[test]
fn what_is_not_served_is_not_accepted() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("CLEAR");
    assert_eq!(test.bring("terni", &[item.clone()]).accepted.len(), 1);
    test.house.withdraw(&test.person("terni"), &item.id(), "mistake").unwrap();
    let receipt = test.bring("perugia", &[item.clone()]);
    assert_eq!(receipt.accepted.len(), 0, "{receipt:?}");
    assert_eq!(receipt.rejected[0].rule, "not-placed");
    // In the words of what stands and may not be read: nothing says that it was ever there.
    let strict = TestItem::indicator(2).tlp("AMBER+STRICT");
    test.bring("stranger", &[strict.clone()]);
    let other = test.bring("terni", &[strict.with("name", json!("other"))]);
    assert_eq!(other.rejected[0].rule, "not-placed");
    assert_eq!(other.rejected[0].reason, receipt.rejected[0].reason);
}

#[test]
fn taking_back_an_item_leaves_who_may_receive_what_as_it_was() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("CLEAR");
    test.bring("perugia", &[item.clone()]);
    let before = test.house.standing();
    test.house.withdraw(&test.person("perugia"), &item.id(), "mistake").unwrap();
    let after = test.house.standing();
    assert!(after.generation > before.generation, "whoever keeps what was released asks again");
    assert!(Arc::ptr_eq(&before.network, &after.network) && after.compiled == before.compiled);
    assert!(!test.reads("terni", &item.id()));
}

#[test]
fn a_derived_form_of_an_address_is_one_bringers() {
    let test = with_hidden();
    let hit = |who: &str| {
        TestItem::address(7)
            .tlp("AMBER")
            .handled("category", json!("incident"))
            .handled("victim_refs", json!([test.person(who).organisation.identity()]))
    };
    for who in ["perugia", "terni"] {
        assert_eq!(test.bring(who, &[hit(who)]).accepted.len(), 1);
    }
    let derived = || {
        let wish = vedetta_flow::Wish::all(
            vedetta_store::Sequence::START,
            vedetta_store::VersionFilter::All,
        );
        let page = test.house.page(&test.person("stranger"), &wish).unwrap();
        page.items.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let both = derived();
    assert_eq!(both.len(), 2, "{both:?}");
    assert_ne!(both[0], both[1], "the two are not told to be of one address");
    test.house.withdraw(&test.person("perugia"), &hit("terni").id(), "mistake").unwrap();
    assert_eq!(derived(), both[1..], "with the whole, and with no other");
}

/// What somebody was told that it does not receive any more.
fn lapses(test: &TestHouse, organisation: &str) -> Vec<vedetta_flow::views::lapses::LapseNotice> {
    let page = test.house.withdrawals(&test.person(organisation), vedetta_store::Sequence::START);
    page.unwrap().lapses
}

#[test]
fn no_lapse_tells_the_holder_of_a_derived_form_who_the_victim_is() {
    use vedetta_flow::views::lapses::{Cause, Lapsed, Wanted};
    let (act, perugia) = ("act".parse().unwrap(), OrganisationId::new("perugia").unwrap());
    let suspend = vedetta_flow::Step::Suspend { reason: "a breach at Perugia".into() };
    for cause in [Cause::Organisation(perugia.clone()), Cause::Agreement(act)] {
        let test = with_hidden();
        test.bring("perugia", &[TestItem::incident(1, "Ransomware").tlp("AMBER")]);
        let all = vedetta_flow::Wish::all(
            vedetta_store::Sequence::START,
            vedetta_store::VersionFilter::All,
        );
        let derived = test.house.page(&test.person("stranger"), &all).unwrap().items.remove(0);
        let stranger = OrganisationId::new("stranger").unwrap();
        let number = test.house.standing().directory.number(&stranger).unwrap();
        let place = derived.stamp.seq.0;
        let batch = vedetta_flow::DeliveryBatch {
            releases: vedetta_model::Places::between(place, place),
            door: vedetta_flow::Door::Taxii,
            at: test.house.now(),
            audience: [number].into_iter().collect(),
        };
        test.house.record_deliveries(vec![batch]).unwrap();
        test.clock.advance(std::time::Duration::from_secs(3_600));
        let admin = test.administrator();
        let client: Organisation = serde_json::from_value(
            json!({ "id": "client", "name": "Servizi di Perugia", "kind": "operator" }),
        )
        .unwrap();
        let records = Records { organisations: vec![client], ..Records::default() };
        test.house.put_records(&admin, records).unwrap();
        match &cause {
            Cause::Organisation(id) => test.house.remove_organisation(&admin, id).unwrap(),
            Cause::Agreement(id) => {
                test.house.step_agreement(&admin, id, &suspend).unwrap();
            }
        }
        test.house.tell_lapses().unwrap();
        let notices = lapses(&test, "stranger");
        let [notice] = &notices[..] else { panic!("{notices:?}") };
        let own = Cause::Organisation(stranger);
        assert_eq!(
            (&notice.cause, notice.now, &notice.reason),
            (&own, Lapsed::Excluded, &None),
            "{cause:?}"
        );
        assert!(notice.since == notice.at && !notice.advice.contains("erugia"));
        let listed = |cause: &Cause| {
            let after = vedetta_store::Sequence::START;
            let wanted = Wanted { cause: cause.clone(), holder: None, after };
            let page = test.house.lapsed_items(&test.person("stranger"), &wanted).unwrap();
            page.items.into_iter().map(|it| it.item).collect::<Vec<_>>()
        };
        assert_eq!(listed(&cause), []);
        assert_eq!(listed(&own), [derived.id]);
    }
}
