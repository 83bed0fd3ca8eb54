//! Who reads what was brought.

use std::time::Duration;

use serde_json::json;
use vedetta_flow::views::read_items::{Share, Wish};
use vedetta_flow::{DeliveryBatch, Door, FlowError};
use vedetta_model::{OrganisationId, Places};
use vedetta_store::{Sequence, VersionFilter};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;
use vedetta_timeliness::Timeliness;

fn readers(test: &TestHouse, item: &TestItem) -> Vec<&'static str> {
    let everyone = ["cnaipic", "cosc-umbria", "perugia", "terni", "foligno", "client", "stranger"];
    everyone.into_iter().filter(|who| test.reads(who, &item.id())).collect()
}

#[test]
fn each_label_reaches_as_far_as_it_says() {
    let test = TestHouse::small();
    let expected = [
        (
            "CLEAR",
            vec!["cnaipic", "cosc-umbria", "perugia", "terni", "foligno", "client", "stranger"],
        ),
        ("GREEN", vec!["cnaipic", "cosc-umbria", "perugia", "terni", "foligno", "client"]),
        ("AMBER", vec!["cnaipic", "cosc-umbria", "perugia", "terni", "foligno", "client"]),
        ("AMBER+STRICT", vec!["cnaipic", "cosc-umbria", "perugia", "terni", "foligno"]),
        ("RED", vec!["cosc-umbria"]),
    ];
    for (n, (label, who)) in (1..).zip(expected) {
        let item = TestItem::indicator(n).tlp(label);
        let receipt = test.bring("cosc-umbria", &[item.clone()]);
        assert_eq!(receipt.accepted.len(), 1, "{receipt:?}");
        assert_eq!(readers(&test, &item), who, "{label}");
    }
}

#[test]
fn red_is_for_the_named_persons_and_never_for_machines() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("RED").handled("named", json!(["terni"]));
    test.bring("cosc-umbria", &[item.clone()]);
    assert_eq!(readers(&test, &item), ["cosc-umbria", "terni"]);
    assert!(test.house.item(&test.machine("terni"), &item.id()).is_err());
}

#[test]
fn the_same_again_is_a_duplicate_and_other_content_a_conflict() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    assert_eq!(test.bring("perugia", &[item.clone()]).accepted.len(), 1);
    assert_eq!(test.bring("perugia", &[item.clone()]).duplicates, [item.id()]);
    let other = item.clone().with("name", json!("other"));
    assert_eq!(test.bring("perugia", &[other.clone()]).rejected[0].rule, "version-conflict");
    let later = other.modified("2026-03-02T00:00:00.000Z");
    assert_eq!(test.bring("terni", &[later.clone()]).rejected[0].rule, "foreign-item");
    assert_eq!(test.bring("perugia", &[later]).accepted.len(), 1);
}

#[test]
fn a_revocation_hides_every_earlier_version() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("perugia", &[item.clone()]);
    let revoked = item.clone().modified("2026-03-02T00:00:00.000Z").with("revoked", json!(true));
    test.bring("perugia", &[revoked.clone()]);
    let page = test
        .house
        .page(&test.person("terni"), &Wish::all(Sequence::START, VersionFilter::All))
        .unwrap();
    let bodies: Vec<_> = page.items.iter().map(|it| it.body.as_ref()).collect();
    assert_eq!(bodies, [revoked.json().as_bytes()]);
}

#[test]
fn what_is_withdrawn_no_door_serves() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("perugia", &[item.clone()]);
    let stranger = test.house.withdraw(&test.person("terni"), &item.id(), "not mine");
    assert!(matches!(stranger, Err(FlowError::Forbidden { .. })));
    test.house.withdraw(&test.person("perugia"), &item.id(), "wrong address").unwrap();
    assert!(readers(&test, &item).is_empty());
    let releases = test.house.releases(Sequence::START, 100).unwrap();
    assert!(releases.items.is_empty());
}

#[test]
fn who_goes_on_with_what_was_withdrawn_is_told_that_nobody_has_it() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("perugia", &[item.clone()]);
    test.house.withdraw(&test.person("perugia"), &item.id(), "wrong address").unwrap();
    let later = item.clone().modified("2026-03-02T00:00:00.000Z");
    let receipt = test.bring("perugia", &[later.clone()]);
    assert_eq!((receipt.accepted[0].audience, &*receipt.warnings[0].rule), (0, "withdrawn"));
    for same in [item, later] {
        let receipt = test.bring("perugia", &[same.clone()]);
        assert_eq!((receipt.duplicates.len(), &*receipt.rejected[0].rule), (0, "withdrawn"));
        assert!(readers(&test, &same).is_empty());
    }
    let receipt = test.bring("perugia", &[TestItem::indicator(2).tlp("GREEN")]);
    assert!(receipt.accepted[0].audience > 0 && receipt.rejected.is_empty());
}

#[test]
fn pages_hold_only_ones_share() {
    let test = TestHouse::small();
    test.bring(
        "perugia",
        &[TestItem::indicator(1).tlp("GREEN"), TestItem::indicator(2).tlp("CLEAR")],
    );
    test.bring("terni", &[TestItem::indicator(3).tlp("GREEN")]);
    let count = |who: &str, share| {
        let wish = Wish { share, ..Wish::all(Sequence::START, VersionFilter::Last) };
        test.house.page(&test.person(who), &wish).unwrap().items.len()
    };
    assert_eq!(count("terni", Share::Cleared), 3);
    assert_eq!(count("terni", Share::Own), 1);
    assert_eq!(count("terni", Share::Public), 1);
    assert_eq!(count("stranger", Share::Cleared), 1);
}

#[test]
fn bytes_come_out_as_they_went_in() {
    let test = TestHouse::small();
    let text = r#"{"type":"indicator","spec_version":"2.1",  "id":"indicator--00000000-0000-4000-8000-0000000000aa",
        "created":"2026-03-01T00:00:00.000Z","modified":"2026-03-01T00:00:00.000Z","x_score":1.10,
        "pattern":"[ipv4-addr:value = '203.0.113.9']","pattern_type":"stix","valid_from":"2026-03-01T00:00:00Z"}"#;
    let limits = vedetta_intake::stix_bundle::limits();
    let bytes = text.as_bytes();
    let arrival =
        vedetta_intake::stix_bundle::read(vedetta_intake::DoorIn::Api, "t", bytes, &limits);
    let receipt = test.house.accept(&test.person("perugia"), arrival).unwrap();
    let read = test.house.item(&test.person("perugia"), &receipt.accepted[0].id).unwrap();
    assert_eq!(std::str::from_utf8(&read.body).unwrap(), text);
}

#[test]
fn a_machine_of_a_closed_account_is_nobody() {
    let test = TestHouse::small();
    assert!(matches!(test.house.actor_by_token("vdt_00_AA"), Err(FlowError::Unproven(_))));
}

#[test]
fn the_same_from_another_goes_to_whom_it_would_go_from_either() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER+STRICT");
    test.bring("stranger", &[item.clone()]);
    assert_eq!(readers(&test, &item), ["stranger"]);
    let other = test.bring("terni", &[item.clone().with("name", json!("other"))]);
    assert_eq!(other.rejected[0].rule, "not-placed", "terni cannot read it");
    let receipt = test.bring("perugia", &[item.clone()]);
    assert_eq!(receipt.accepted.len(), 1, "{receipt:?}");
    let everyone = ["cnaipic", "cosc-umbria", "perugia", "terni", "foligno", "stranger"];
    assert_eq!(readers(&test, &item), everyone);
    assert_eq!(test.bring("perugia", &[item.clone()]).duplicates, [item.id()]);
    assert_eq!(test.bring("stranger", &[item.clone()]).duplicates, [item.id()]);
    let other = test.bring("terni", &[item.with("name", json!("other"))]);
    assert_eq!(other.rejected[0].rule, "foreign-item", "now terni reads it");
}

#[test]
fn too_many_names_are_refused() {
    let test = TestHouse::small();
    let names: Vec<_> = (0..65).map(|n| format!("person-{n}")).collect();
    let item = TestItem::indicator(1).tlp("RED").handled("named", json!(names));
    let receipt = test.bring("perugia", &[item]);
    assert!(receipt.rejected[0].reason.contains("64 at most"), "{receipt:?}");
}

#[test]
fn paces_count_from_the_first_delivery() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1);
    test.bring("perugia", &[item.clone()]);
    let terni = test.person("terni");
    let release = test.house.item(&terni, &item.id()).unwrap().stamp;
    let standing = test.house.standing();
    let had = |organisation: &str, seconds| DeliveryBatch {
        releases: Places::between(release.seq.0, release.seq.0),
        door: Door::Api,
        at: release.at.after(Duration::from_secs(seconds)),
        audience: standing
            .directory
            .number(&OrganisationId::new(organisation).unwrap())
            .into_iter()
            .collect(),
    };
    // Recorded out of order: another door was slower to confirm.
    // Who produced it, and who is no party to the act, are not measured by it.
    let all = [("terni", 9), ("terni", 2), ("foligno", 4), ("perugia", 1), ("client", 1)];
    for batch in all.map(|(organisation, seconds)| had(organisation, seconds)) {
        test.house.record_deliveries(vec![batch]).unwrap();
    }
    test.clock.advance(Duration::from_secs(62));
    let at = test.house.now().since(release.at).as_millis();
    for organisation in ["terni", "perugia", "client"] {
        let by = test.person(organisation);
        test.house.acknowledge(&by, &item.id(), None).unwrap();
    }
    let paces = Timeliness::of(&test.house).pace(&test.administrator(), Sequence::START).unwrap();
    let pace = paces.iter().find(|pace| pace.agreement.as_str() == "act").unwrap();
    assert_eq!((pace.share.count, pace.share.p50_ms, pace.share.p99_ms), (3, 4_000, 9_000));
    assert_eq!(pace.acknowledge.count, 1);
    assert_eq!(u128::from(pace.acknowledge.p50_ms), at - 2_000);
}
