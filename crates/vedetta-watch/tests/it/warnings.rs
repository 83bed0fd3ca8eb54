//! Early warnings, and what concerns an organisation.

use std::collections::BTreeSet;

use vedetta_model::language::Bilingual;
use vedetta_model::{Pap, Tlp};
use vedetta_testkit::items::TestItem;
use vedetta_watch::NewReaction;
use vedetta_watch::desk::warning::{Acted, WarningStage, WarningText};

use crate::room::{Room, is_conflict, is_forbidden, is_unknown, liaison, officer};

fn text() -> WarningText {
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
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what_to_do.en, "Do not open the attachment");
}
