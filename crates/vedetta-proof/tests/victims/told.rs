//! What is said, before and after, of whom an item goes to without its victim.

use vedetta_flow::{FlowError, Sequence, VersionFilter, Wish};
use vedetta_model::{Actor, Category, Handling, Pap, Tlp};

use super::*;

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

fn handling(victims: &[&str]) -> Arc<Handling> {
    Arc::new(Handling {
        producer: id("cosc-umbria"),
        category: Category::Incident,
        tlp: Tlp::Amber,
        pap: Pap::Green,
        victims: victims.iter().map(|it| id(it)).collect(),
        named: [].into(),
        only_under: [].into(),
        exercise: None,
        via: [].into(),
    })
}

/// An indicator of an incident at Perugia.
fn at_perugia(name: &str, domain: &str) -> TestItem {
    TestItem::indicator(1)
        .tlp("AMBER")
        .with("name", json!(name))
        .with("pattern", json!(format!("[domain-name:value = '{domain}']")))
        .handled("category", json!("incident"))
        .handled("victim_refs", json!([id("perugia").identity()]))
}

#[test]
fn under_a_name_that_nobody_has_nothing_goes_out() {
    let test = with_hidden();
    let person = test.person("cosc-umbria");
    let mistyped = test.house.preview(&person, &handling(&["perugiaa"]));
    let Err(FlowError::Invalid { place, reason }) = mistyped else { panic!("{mistyped:?}") };
    assert_eq!(place, "victims");
    assert!(reason.contains("perugia"), "{reason}");
    let item = TestItem::incident(1, "Contro il Comune di Perugia").tlp("AMBER");
    let mistyped = item.clone().handled("victim_refs", json!([id("perugiaa").identity()]));
    let receipt = test.bring("cosc-umbria", &[mistyped]);
    assert_eq!((receipt.accepted.len(), &*receipt.rejected[0].rule), (0, "unknown-victim"));
    assert!(receipt.rejected[0].place.ends_with("victim_refs"), "{receipt:?}");
    assert!(read_by(&test, "stranger").is_empty());
    // Nobody is named as the victim, and the text names somebody.
    let receipt = test.bring("cosc-umbria", &[item.clone()]);
    let remark = &receipt.warnings[0];
    assert_eq!((receipt.accepted.len(), &*remark.rule), (1, "names-an-organisation"));
    assert!(remark.reason.contains("perugia"), "{remark:?}");
    // Of a large object the text is not looked through.
    let whom = |text: &str| {
        let body = TestItem::incident(3, text).json();
        let told = test.house.preview_object(&person, &handling(&[]), body.as_bytes()).unwrap();
        told.named
    };
    assert_eq!(whom("Contro il Comune di Perugia"), [id("perugia")]);
    assert_eq!(whom(&format!("{}Comune di Perugia", "x ".repeat(40_000))), []);
    let nobodys = item.with("id", json!(TestItem::incident(2, "").id()));
    let nobodys = nobodys.handled("victim_refs", json!([]));
    assert!(test.bring("cosc-umbria", &[nobodys]).warnings.is_empty());
}

#[test]
fn names_and_aliases_mean_their_organisation() {
    let test = TestHouse::small();
    for text in ["perugia", "Comune di Perugia", " comune di PERUGIA "] {
        assert_eq!(test.house.called("victims", text).unwrap(), id("perugia"));
    }
    let told = |text| test.house.called("organisation", text).unwrap_err().to_string();
    assert!(told("Comune di Pergia").contains("perugia (Comune di Perugia)"));
    assert!(told("Comune").contains(" or "), "several are called so");
}

#[test]
fn what_is_withheld_is_not_shown_as_delivered() {
    let test = with_hidden();
    let person = test.person("cosc-umbria");
    let safe = at_perugia("Contro il Comune di Perugia", "a.example");
    let telling = at_perugia("x", "comune-di-perugia.example");
    let telling = telling.with("id", json!(TestItem::indicator(2).id()));
    let handling = handling(&["perugia"]);
    let room = test.administrator();
    let foreseen = |who: &Actor, item: &TestItem| {
        let body = item.json();
        let told = test.house.preview_object(who, &handling, body.as_bytes()).unwrap();
        assert_eq!(told.full + told.redacted + told.nobody, 7);
        (told.redacted, told.withheld)
    };
    let (many, none) = foreseen(&room, &safe);
    assert!(many > 0 && none == 0);
    assert_eq!(foreseen(&room, &telling), (0, many));
    assert_eq!(foreseen(&person, &telling), (many, 0), "of another's it is not foretold");
    let receipt = test.bring("cosc-umbria", &[safe.clone(), telling.clone()]);
    let [first, second] = &receipt.accepted[..] else { panic!("{receipt:?}") };
    assert_eq!((first.withheld, second.withheld), (0, many));
    assert_eq!(first.audience, second.audience + many);
    assert_eq!((receipt.warnings.len(), &*receipt.warnings[0].rule), (1, "withheld"));
    for (item, withheld) in [(&safe, 0), (&telling, many)] {
        let read = test.house.item(&person, &item.id()).unwrap();
        let audience = test.house.audience_of(&person, &read).unwrap().unwrap();
        assert_eq!((audience.redacted, audience.withheld), (many - withheld, withheld));
        let answer = test.house.explain_any(&item.id(), &id("stranger")).unwrap();
        assert_eq!(answer.allowed, withheld == 0);
        assert_eq!(answer.reason_en.contains("it is withheld"), withheld > 0, "{answer:?}");
    }
}

#[test]
fn a_hold_is_not_told_by_what_is_withheld() {
    let test = with_hidden();
    let telling = |n: u32| {
        let item = at_perugia("x", "comune-di-perugia.example");
        item.with("id", json!(TestItem::indicator(n).id()))
    };
    let before = test.bring("cosc-umbria", &[telling(1)]);
    let hold = Hold {
        id: HoldId::new("hold-1").unwrap(),
        authority: "Procura".into(),
        organisation: id("cnaipic"),
        scope: HoldScope::Victim(id("perugia")),
        reason: "order 1".into(),
        from: "2026-03-02T00:00:00Z".parse().unwrap(),
        until: None,
    };
    let unknown = Hold { scope: HoldScope::Victim(id("perugiaa")), ..hold.clone() };
    let refused = test.house.place_hold(&test.administrator(), &unknown).unwrap_err().to_string();
    assert!(refused.contains("perugiaa"), "{refused}");
    test.house.place_hold(&test.administrator(), &hold).unwrap();
    let after = test.bring("cosc-umbria", &[telling(2)]);
    let told = |receipt: &vedetta_flow::Receipt| {
        (receipt.accepted[0].audience, receipt.accepted[0].withheld, receipt.warnings.len())
    };
    assert_eq!(told(&before), told(&after));
}

#[test]
fn a_hold_of_one_item_says_whether_it_is_here() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    let covers = || {
        let hold = serde_json::from_value::<Hold>(json!({
            "id": "hold-1", "authority": "Procura", "organisation": "cnaipic",
            "scope": { "item": item.id() }, "reason": "order 1", "from": "2026-03-02T00:00:00Z",
        }));
        test.house.covered_by(&hold.unwrap()).unwrap()
    };
    assert_eq!(covers(), Some(0));
    test.bring("perugia", &[item.clone()]);
    assert_eq!(covers(), Some(1));
}

#[test]
fn an_indicator_without_its_name_is_called_by_what_it_looks_for() {
    let test = with_hidden();
    test.bring("cosc-umbria", &[at_perugia("Contro il Comune di Perugia", "a.example")]);
    let wish = Wish::all(Sequence::START, VersionFilter::Last);
    let page = test.house.page(&test.person("stranger"), &wish).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&page.items[0].body).unwrap();
    assert_eq!(body["name"], "domain a.example", "{body}");
}

#[test]
fn why_of_a_withdrawn_form_does_not_tell_the_victim() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware at Comune di Perugia").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let wish = vedetta_flow::Wish::all(Sequence::START, VersionFilter::Last);
    let form = test.house.page(&test.person("stranger"), &wish).unwrap().items.remove(0).id;
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let stranger = test.person("stranger");
    let answer = test.house.explain(&stranger, &form, &stranger.organisation).unwrap();
    assert!(answer.reason_en.contains("Until then it went by this: Stranger"), "{answer:?}");
    assert!(!answer.allowed && !format!("{answer:?}").to_lowercase().contains("perugia"));
    assert!(test.house.explain(&stranger, &item.id(), &stranger.organisation).is_err());
}
