//! What agreements release, and when they cease to.

use std::time::Duration;

use vedetta_flow::actions::change_agreement::Step;
use vedetta_flow::{FlowError, Notation, Sequence, VersionFilter, Wish, read_agreement};
use vedetta_model::agreement::{Stage, VictimVisibility};
use vedetta_model::{AgreementId, OrganisationId};
use vedetta_policy::Form;
use vedetta_testkit::TestHouse;
use vedetta_testkit::house::act;
use vedetta_testkit::items::TestItem;

fn id() -> AgreementId {
    AgreementId::new("act").unwrap()
}

#[test]
fn a_suspended_agreement_stops_releasing_at_once() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("cosc-umbria", &[item.clone()]);
    assert!(test.reads("terni", &item.id()));
    let suspend = Step::Suspend { reason: "audit".into() };
    test.house.step_agreement(&test.administrator(), &id(), &suspend).unwrap();
    assert!(!test.reads("terni", &item.id()));
    assert!(test.reads("cosc-umbria", &item.id()), "the producer keeps its own");
    test.house.step_agreement(&test.administrator(), &id(), &Step::Resume).unwrap();
    assert!(test.reads("terni", &item.id()));
}

#[test]
fn a_term_that_ends_releases_nothing_from_the_next_day_in_rome() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("cosc-umbria", &[item.clone()]);
    test.clock.set("2028-12-31T22:59:59Z");
    assert!(test.reads("terni", &item.id()));
    test.clock.advance(Duration::from_secs(1));
    assert!(!test.reads("terni", &item.id()));
}

#[test]
fn only_drafts_are_rewritten_and_only_by_administrators() {
    let test = TestHouse::small();
    let mut draft = act();
    draft.id = AgreementId::new("act-2").unwrap();
    draft.stage = vedetta_model::agreement::Stage::Draft;
    let denied = test.house.put_draft(&test.person("perugia"), &draft);
    assert!(matches!(denied, Err(FlowError::Forbidden { .. })));
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    test.house.step_agreement(&test.administrator(), &draft.id, &Step::PutInForce).unwrap();
    assert!(matches!(
        test.house.put_draft(&test.administrator(), &draft),
        Err(FlowError::Conflict(_))
    ));
}

#[test]
fn whom_nobody_can_call_is_a_fault() {
    let test = TestHouse::small();
    let mut draft = act();
    draft.id = AgreementId::new("act-2").unwrap();
    draft.stage = vedetta_model::agreement::Stage::Draft;
    draft.parties[0].contacts = vec!["sala".parse().unwrap()];
    let put = || test.house.put_draft(&test.administrator(), &draft);
    let fault = put().unwrap_err().to_string();
    assert!(fault.contains("party[0].contacts: there is no contact sala"), "{fault}");
    let contact = r#"{"id":"sala","organisation":"cnaipic","role":"desk","name":"Sala operativa"}"#;
    let contacts = vec![serde_json::from_str(contact).unwrap()];
    let records = vedetta_directory::directory::Records { contacts, ..Default::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    put().unwrap();
}

#[test]
fn the_agreements_of_the_manual_can_be_signed() {
    let test = TestHouse::italy();
    let admin = test.administrator();
    let manual = include_str!("../../../../docs/administrators/agreements.md");
    let texts = manual.split("```toml\n").skip(1).filter_map(|it| it.split_once("```"));
    let texts: Vec<_> = texts.map(|(text, _)| text).filter(|it| it.starts_with("id = ")).collect();
    assert_eq!(texts.len(), 3, "a framework, an act, an adhesion");
    for text in &texts {
        let agreement = read_agreement(text, Notation::Toml).unwrap();
        test.house.put_draft(&admin, &agreement).unwrap();
        test.house.step_agreement(&admin, &agreement.id, &Step::PutInForce).unwrap();
    }
    for what in ["contacts = ", "[[raci]]", "[handling.iep]"] {
        assert!(texts[0].contains(what), "{what}");
    }
}

#[test]
fn why_did_they_get_it_and_they_did_not() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("cosc-umbria", &[item.clone()]);
    let why =
        |who: &str| test.house.explain_any(&item.id(), &OrganisationId::new(who).unwrap()).unwrap();
    let terni = why("terni");
    assert!(terni.allowed && terni.agreement == Some(id()));
    assert!(terni.reason_en.contains("Act of Umbria"), "{}", terni.reason_en);
    let stranger = why("stranger");
    assert!(!stranger.allowed && !stranger.reason_it.is_empty() && !stranger.reason_en.is_empty());
}

#[test]
fn why_says_nothing_of_later_versions_that_others_have_under_the_name_of_a_form() {
    let test = TestHouse::small();
    let party = |ids: &[&str]| ids.iter().map(|it| OrganisationId::new(it).unwrap()).collect();
    let mut hiding = act();
    hiding.id = AgreementId::new("hiding").unwrap();
    hiding.stage = Stage::Draft;
    hiding.handling.victim = VictimVisibility::Hidden;
    hiding.parties[0].organisations = party(&["client", "stranger"]);
    hiding.parties[1].organisations = party(&["perugia"]);
    test.house.put_draft(&test.administrator(), &hiding).unwrap();
    test.house.step_agreement(&test.administrator(), &hiding.id, &Step::PutInForce).unwrap();
    let told_of = |victim: &str| {
        let victim = OrganisationId::new(victim).unwrap().identity();
        let item = TestItem::incident(1, "Ransomware").tlp("AMBER+STRICT");
        item.handled("victim_refs", serde_json::json!([victim]))
    };
    let stranger = test.person("stranger");
    let read = || {
        let newest = Wish::all(Sequence::START, VersionFilter::Last);
        test.house.page(&stranger, &newest).unwrap().items
    };
    test.bring("perugia", &[told_of("perugia")]);
    let [form] = read().try_into().unwrap();
    assert_eq!(form.form, Form::Redacted);
    // The stranger reads this one whole, the client in the same form as the one before.
    test.bring("perugia", &[told_of("stranger").modified("2026-03-01T12:00:00.000Z")]);
    let forms: Vec<_> = read().iter().map(|item| (item.id.clone(), item.form)).collect();
    assert_eq!(forms, [(form.id.clone(), Form::Redacted), (told_of("stranger").id(), Form::Full)]);
    let why = test.house.explain(&stranger, &form.id, &stranger.organisation).unwrap();
    assert_eq!((why.allowed, why.form), (true, Some(Form::Redacted)), "{why:?}");
    assert!(!why.reason_en.contains("Perugia"), "{why:?}");
}

#[test]
fn the_preview_counts_everyone_once() {
    let test = TestHouse::small();
    let handling = vedetta_model::Handling {
        producer: OrganisationId::new("perugia").unwrap(),
        category: vedetta_model::Category::Indicator,
        tlp: vedetta_model::Tlp::Amber,
        pap: vedetta_model::Pap::Green,
        victims: [].into(),
        named: [].into(),
        only_under: [].into(),
        exercise: None,
        via: [].into(),
    };
    let preview = test.house.preview(&test.person("perugia"), &handling.into()).unwrap();
    assert_eq!((preview.full, preview.redacted, preview.nobody), (6, 0, 1));
}
