//! Early warnings, and what concerns an organisation.

use std::collections::BTreeSet;

use serde_json::json;
use vedetta_model::contact::{Channel, Contact};
use vedetta_model::language::Bilingual;
use vedetta_model::{ContactId, Pap, Tlp};
use vedetta_store::{RecordKind, UnitOfWork};
use vedetta_testkit::items::TestItem;
use vedetta_watch::NewReaction;
use vedetta_watch::desk::escalation::{CallState, Means};
use vedetta_watch::desk::warning::{Acted, WarningStage, WarningText};

use crate::room::{Room, is_conflict, is_forbidden, is_unknown, liaison, officer, organisation};

pub(crate) fn text() -> WarningText {
    WarningText {
        title: Bilingual::new("Falsa fattura ai Comuni", "False invoice to towns"),
        text: Bilingual::new("Mail con allegato", "Mail with an attachment"),
        what_to_do: Bilingual::new("Non aprite l'allegato", "Do not open the attachment"),
        tlp: Tlp::Green,
        pap: Pap::Green,
        sectors: BTreeSet::new(),
        regions: BTreeSet::new(),
        observables: BTreeSet::new(),
        incident: None,
        exercise: None,
        only_under: BTreeSet::new(),
    }
}

#[test]
fn a_warning_is_written_previewed_sent_answered_and_withdrawn() {
    let room = Room::new();
    let watch = &room.watch;
    assert!(is_forbidden(watch.put_warning(&liaison("terni"), (None, None), text())));
    let bare = WarningText { what_to_do: Bilingual::new("", "x"), ..text() };
    assert!(watch.put_warning(&officer(), (None, None), bare).is_err());
    let draft = watch.put_warning(&officer(), (None, None), text()).unwrap();
    let (id, version) = (draft.id.as_str(), draft.version);
    assert!(is_unknown(watch.warning(&liaison("terni"), id)), "a draft is the room's");
    let preview = watch.preview_warning(&officer(), id).unwrap();
    assert!(preview.full >= 4 && preview.groups.iter().all(|it| !it.reason_it.is_empty()));
    let again = watch.put_warning(&officer(), (Some(id.into()), Some(version)), text()).unwrap();
    assert!(is_conflict(watch.send_warning(&officer(), id, version)), "another version was read");
    let sent = watch.send_warning(&officer(), id, again.version).unwrap();
    assert_eq!(sent.figures.cleared, preview.full);
    assert!(is_conflict(watch.send_warning(&officer(), id, sent.version)));
    assert!(is_conflict(watch.put_warning(
        &officer(),
        (Some(id.into()), Some(sent.version)),
        text()
    )));
    let reaction = NewReaction { did: Acted::Done, note: "bloccato".into() };
    assert!(is_unknown(watch.answer_warning(&liaison("stranger"), id, reaction.clone())));
    watch.answer_warning(&liaison("terni"), id, reaction).unwrap();
    let live = watch.warning(&officer(), id).unwrap();
    assert_eq!((live.figures.read, live.figures.acted), (1, 1));
    let terni = live.reach.iter().find(|it| it.organisation.as_str() == "terni").unwrap();
    assert_eq!(terni.reaction.as_ref().unwrap().note, "bloccato");
    let theirs = watch.warning(&liaison("perugia"), id).unwrap();
    assert!(theirs.reach.iter().all(|it| it.organisation.as_str() == "perugia"));
    assert!(is_unknown(watch.warning(&liaison("stranger"), id)));
    watch.remind_warning(&officer(), id).unwrap();
    assert!(watch.withdraw_warning(&officer(), id, " ".into()).is_err());
    let over = watch.withdraw_warning(&officer(), id, "falso allarme".into()).unwrap();
    assert!(matches!(over.warning.stage, WarningStage::Withdrawn { .. }));
    assert!(is_unknown(watch.warning(&liaison("terni"), id)));
    assert!(watch.warnings(&liaison("terni")).unwrap().is_empty());
    assert_eq!(room.reopened().warnings(&officer()).unwrap().len(), 1);
}

/// A contact of a town, with a mailbox and a web address.
pub(crate) fn contact(of: &str) -> Contact {
    Contact {
        id: ContactId::new(&format!("{of}-ced")).unwrap(),
        organisation: organisation(of),
        role: "sistemi".into(),
        name: "CED".into(),
        substitute: None,
        phone_24h: None,
        channels: vec![
            Channel::Email(format!("ced@{of}.example")),
            Channel::Web(format!("https://hooks.{of}.example/x")),
        ],
        keys: Vec::new(),
        account: None,
        last_verified: None,
    }
}

#[test]
fn who_has_not_acted_is_reminded_and_it_is_kept_who_was_told() {
    let room = Room::new();
    let watch = &room.watch;
    let admin = crate::room::person("admin", "cnaipic", vedetta_model::Role::Administrator);
    let contacts = vec![contact("terni"), contact("perugia")];
    let records = vedetta_directory::directory::Records { contacts, ..Default::default() };
    room.house().put_records(&admin, records).unwrap();
    let draft = watch.put_warning(&officer(), (None, None), text()).unwrap();
    assert!(is_conflict(watch.remind_warning(&officer(), &draft.id)), "it is not sent");
    watch.send_warning(&officer(), &draft.id, draft.version).unwrap();
    let done = NewReaction { did: Acted::Done, note: String::new() };
    watch.answer_warning(&liaison("perugia"), &draft.id, done).unwrap();
    let reminded = watch.remind_warning(&officer(), &draft.id).unwrap();
    assert_eq!(reminded.warning.reminded.len(), 1);
    assert!(is_conflict(watch.remind_warning(&officer(), &draft.id)), "people need time");
    // Given once, whoever asks, and after a restart.
    let again = room.reopened();
    let due = again.due_reminders(9).unwrap();
    let mut to: Vec<_> = due.iter().map(|it| (it.by, it.to.as_str())).collect();
    to.sort_unstable();
    let wanted =
        [(Means::Email, "ced@terni.example"), (Means::Webhook, "https://hooks.terni.example/x")];
    assert_eq!(to, wanted, "Perugia acted");
    assert!(due.iter().all(|it| it.text.contains(&draft.id) && !it.text.contains("fattura")));
    assert!(again.due_reminders(9).unwrap().is_empty());
    for it in due {
        let outcome = if it.by == Means::Email { Ok(()) } else { Err("irraggiungibile".into()) };
        again.end_reminder(it, outcome).unwrap();
    }
    let view = again.warning(&officer(), &draft.id).unwrap();
    let of = |id: &str| view.reach.iter().find(|it| it.organisation.as_str() == id).unwrap();
    let calls = &of("terni").reminded.as_ref().unwrap().calls;
    assert!(matches!(calls[0].state, CallState::Made { .. }), "{calls:?}");
    assert!(matches!(calls[1].state, CallState::Failed { .. }), "{calls:?}");
    assert!(of("foligno").reminded.as_ref().unwrap().calls.is_empty(), "nobody to tell");
    assert!(of("perugia").reminded.is_none());
    // Its own page says so, until it acts.
    let concern = || again.concerns(&liaison("terni"), 9).unwrap().remove(0);
    assert!(concern().reminded.is_some());
    room.clock.advance(std::time::Duration::from_secs(60));
    let again = room.reopened();
    let done = NewReaction { did: Acted::Done, note: String::new() };
    again.answer_warning(&liaison("terni"), &draft.id, done).unwrap();
    assert!(again.concerns(&liaison("terni"), 9).unwrap()[0].reminded.is_none());
    // A reminder that waits when the warning is taken back is not given.
    let other = again.put_warning(&officer(), (None, None), text()).unwrap();
    again.send_warning(&officer(), &other.id, other.version).unwrap();
    again.remind_warning(&officer(), &other.id).unwrap();
    again.withdraw_warning(&officer(), &other.id, "falso allarme".into()).unwrap();
    assert!(again.due_reminders(9).unwrap().is_empty());
    // Nor to who has answered since.
    let third = again.put_warning(&officer(), (None, None), text()).unwrap();
    again.send_warning(&officer(), &third.id, third.version).unwrap();
    again.remind_warning(&officer(), &third.id).unwrap();
    let done = NewReaction { did: Acted::Done, note: String::new() };
    again.answer_warning(&liaison("terni"), &third.id, done).unwrap();
    let to: Vec<_> = again.due_reminders(9).unwrap().into_iter().map(|it| it.to).collect();
    assert!(to.len() == 2 && to.iter().all(|it| it.contains("perugia")), "{to:?}");
}

#[test]
fn a_reminder_that_cannot_be_looked_into_is_given_later() {
    let room = Room::new();
    let watch = &room.watch;
    let admin = crate::room::person("admin", "cnaipic", vedetta_model::Role::Administrator);
    let records = vedetta_directory::directory::Records {
        contacts: vec![contact("terni")],
        ..Default::default()
    };
    room.house().put_records(&admin, records).unwrap();
    let draft = watch.put_warning(&officer(), (None, None), text()).unwrap();
    watch.send_warning(&officer(), &draft.id, draft.version).unwrap();
    watch.remind_warning(&officer(), &draft.id).unwrap();
    // What Perugia did cannot be read.
    let spoilt = format!("{}/perugia", draft.id);
    let put = |body: &'static [u8]| {
        let spoilt = spoilt.clone();
        let put = move |unit: &mut dyn UnitOfWork| {
            unit.put_record(RecordKind::Warning, &spoilt, body, "sala").map(drop)
        };
        room.house().write(put).unwrap();
    };
    put(b"{");
    assert!(watch.due_reminders(9).is_err());
    put(br#"{"organisation":"perugia","by":"perugia","at":"2026-03-01T00:00:00Z","did":"read"}"#);
    room.clock.advance(std::time::Duration::from_secs(180));
    let to: Vec<_> = watch.due_reminders(9).unwrap().into_iter().map(|it| it.to).collect();
    assert!(to.len() == 2 && to.iter().all(|it| it.contains("terni")), "{to:?}");
}

#[test]
fn what_another_brings_under_the_name_of_a_warning_opens_nothing_of_it_and_changes_no_reach() {
    let room = Room::new();
    let watch = &room.watch;
    let draft = watch.put_warning(&officer(), (None, None), text()).unwrap();
    let sent = watch.send_warning(&officer(), &draft.id, draft.version).unwrap();
    let reach = |it: &vedetta_watch::WarningView| {
        it.reach.iter().map(|it| it.organisation.clone()).collect::<Vec<_>>()
    };
    let (id, stranger) = (draft.id.as_str(), liaison("stranger"));
    assert!(is_unknown(watch.warning(&stranger, id)));
    let item = sent.warning.stage.item().unwrap();
    let template = TestItem::indicator(1);
    room.brought(&stranger, std::slice::from_ref(&template));
    let lie = TestItem::indicator(2)
        .with("type", json!("report"))
        .with("id", json!(item.as_str()))
        .with("name", json!("a lie"))
        .with("created_by_ref", json!(organisation("stranger").identity().as_str()));
    let number = room.house().number_of(&organisation("stranger")).unwrap();
    room.beside((&template, number), "2027-03-01T00:00:00Z", &[lie]);
    assert!(room.house().item(&stranger, item).is_ok(), "its own line");
    assert!(is_unknown(watch.warning(&stranger, id)));
    assert!(watch.warnings(&stranger).unwrap().is_empty());
    let reaction = NewReaction { did: Acted::Done, note: String::new() };
    assert!(is_unknown(watch.answer_warning(&stranger, id, reaction.clone())));
    let now = watch.warning(&officer(), id).unwrap();
    assert_eq!((reach(&now), now.figures), (reach(&sent), sent.figures));
    assert!(now.figures.cleared >= 4);
    watch.answer_warning(&liaison("terni"), id, reaction).unwrap();
    let figures = watch.warning(&officer(), id).unwrap().figures;
    assert_eq!((figures.read, figures.acted), (1, 1), "what Terni acknowledged is the room's own");
}

#[test]
fn each_sees_what_touches_it_and_nothing_else() {
    let room = Room::new();
    let watch = &room.watch;
    let asset = vedetta_model::Asset {
        id: vedetta_model::AssetId::new("terni-net").unwrap(),
        organisation: crate::room::organisation("terni"),
        what: vedetta_model::asset::AssetValue::Network("198.51.100.0/24".into()),
        note: None,
    };
    let admin = crate::room::person("admin", "cnaipic", vedetta_model::Role::Administrator);
    let records =
        vedetta_directory::directory::Records { assets: vec![asset], ..Default::default() };
    room.house().put_records(&admin, records).unwrap();
    let item = TestItem::indicator(1).tlp("AMBER");
    let object =
        item.json().replace("203.0.113.1", "198.51.100.7").replace("192.0.2.1", "198.51.100.7");
    let limits = vedetta_intake::stix_bundle::limits();
    let arrival = vedetta_intake::stix_bundle::read(
        vedetta_intake::DoorIn::Api,
        "test",
        object.as_bytes(),
        &limits,
    );
    let pattern = object.clone();
    room.house().accept(&liaison("cosc-umbria"), arrival).unwrap();
    let found = watch.concerns(&liaison("terni"), 9).unwrap();
    assert_eq!(found.len(), 1, "{pattern}");
    assert!(found[0].because[0].it.contains("198.51.100.7"), "{:?}", found[0].because);
    assert!(!found[0].what_to_do.it.is_empty());
    assert!(watch.concerns(&liaison("perugia"), 9).unwrap().is_empty());
    let elsewhere = WarningText { regions: BTreeSet::from(["Liguria".to_owned()]), ..text() };
    for text in [text(), elsewhere] {
        let draft = watch.put_warning(&officer(), (None, None), text).unwrap();
        watch.send_warning(&officer(), &draft.id, draft.version).unwrap();
    }
    let found = watch.concerns(&liaison("perugia"), 9).unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].because[0].en.contains("another sector or region"), "the newest first");
    assert_eq!(found[1].what_to_do.en, "Do not open the attachment");
    let ours = watch.concerns(&officer(), 9).unwrap();
    assert!(ours.is_empty(), "what one sent oneself is not received: {ours:?}");
}

#[test]
fn the_warnings_that_one_received_concern_one_until_they_are_taken_back() {
    let room = Room::new();
    let (watch, town) = (&room.watch, liaison("perugia"));
    let draft = watch.put_warning(&officer(), (None, None), text()).unwrap();
    assert!(watch.concerns(&town, 9).unwrap().is_empty(), "a draft is nobody's concern");
    watch.send_warning(&officer(), &draft.id, draft.version).unwrap();
    // Another node's, or one brought as an item: a warning all the same.
    room.house().accept(&liaison("cosc-umbria"), early_warning()).unwrap();
    let [brought, sent] = &watch.concerns(&town, 9).unwrap()[..] else { panic!("not two") };
    assert_eq!((&sent.warning, &brought.warning), (&Some(draft.id.clone()), &None));
    assert_eq!(brought.because[0].en, "it is a warning sent to you");
    assert!(brought.what_to_do.it.contains("fate quanto chiede"));
    assert!(sent.acknowledged.is_none() && sent.reaction.is_none());
    let read = NewReaction { did: Acted::Read, note: String::new() };
    watch.answer_warning(&town, &draft.id, read).unwrap();
    let done = NewReaction { did: Acted::Done, note: "fatto".into() };
    watch.answer_warning(&town, &draft.id, done).unwrap();
    let [_, sent] = &watch.concerns(&town, 9).unwrap()[..] else { panic!("not two") };
    assert!(sent.acknowledged.is_some());
    assert_eq!(sent.reaction.as_ref().map(|it| it.did), Some(Acted::Done));
    let theirs = watch.concerns(&liaison("terni"), 9).unwrap();
    assert!(theirs.iter().all(|it| it.reaction.is_none()), "each its own");
    watch.withdraw_warning(&officer(), &draft.id, "falso allarme".into()).unwrap();
    assert_eq!(watch.concerns(&town, 9).unwrap().len(), 1);
}

fn early_warning() -> vedetta_intake::Arrival {
    let object = json!({
        "type": "report", "spec_version": "2.1",
        "id": "report--3f1f5a4e-7c1b-4a52-9a6e-6d1b8f0c2a11",
        "created": "2026-03-01T08:00:00.000Z", "modified": "2026-03-01T08:00:00.000Z",
        "published": "2026-03-01T08:00:00.000Z", "name": "Falsa fattura ai Comuni",
        "object_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
        "extensions": { vedetta_model::item::HANDLING_EXTENSION: {
            "extension_type": "property-extension", "category": "early-warning" } },
    });
    let limits = vedetta_intake::stix_bundle::limits();
    let door = vedetta_intake::DoorIn::Api;
    vedetta_intake::stix_bundle::read(door, "test", object.to_string().as_bytes(), &limits)
}
