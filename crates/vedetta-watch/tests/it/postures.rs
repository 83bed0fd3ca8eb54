//! Crises and exercises: who declares them, what they change, and what an exercise never reaches.

use std::time::Duration;

use vedetta_model::{Actor, Language, Role};
use vedetta_watch::NewReport;
use vedetta_watch::desk::posture::{Declared, Kind};
use vedetta_watch::desk::warning::WarningText;
use vedetta_watch::desk::{Change, StepName};

use crate::room::{
    Room, is_conflict, is_forbidden, is_unknown, liaison, officer, organisation, person, report,
};
use crate::warnings::text;

fn declared(kind: Kind, participants: &[&str]) -> Declared {
    Declared {
        kind,
        name: "Ponte 2026".into(),
        reason: "prova generale".into(),
        centre: None,
        participants: participants.iter().map(|id| organisation(id)).collect(),
    }
}

#[test]
fn a_crisis_is_declared_by_the_room_seen_by_all_and_ended() {
    let room = Room::new();
    let crisis = || declared(Kind::Crisis, &[]);
    assert!(is_forbidden(room.watch.declare(&liaison("terni"), crisis())));
    let auditor = person("revisore", "cnaipic", Role::Auditor);
    assert!(is_forbidden(room.watch.declare(&auditor, crisis())));
    let posture = room.watch.declare(&officer(), crisis()).unwrap();
    for who in [officer(), liaison("terni"), auditor] {
        assert_eq!(room.reopened().postures(&who).unwrap(), std::slice::from_ref(&posture));
    }
    assert!(room.watch.end_posture(&officer(), &posture.id, " ".into()).is_err());
    room.watch.end_posture(&officer(), &posture.id, "rientrata".into()).unwrap();
    let again = room.watch.end_posture(&officer(), &posture.id, "di nuovo".into());
    assert!(is_conflict(again), "it ends once");
    assert!(!room.reopened().postures(&officer()).unwrap()[0].holds());
}

#[test]
fn what_holds_is_never_forgotten_however_many_were_declared_since() {
    let room = Room::new();
    let first = room.watch.declare(&officer(), declared(Kind::Crisis, &[])).unwrap();
    for _ in 0..201 {
        let it = room.watch.declare(&officer(), declared(Kind::Exercise, &["terni"])).unwrap();
        room.watch.end_posture(&officer(), &it.id, "conclusa".into()).unwrap();
    }
    let all = room.reopened().postures(&officer()).unwrap();
    assert_eq!((all.len(), all.last()), (200, Some(&first)));
}

#[test]
fn who_takes_part_is_known_as_long_as_a_case_belongs_to_the_exercise() {
    let room = Room::new();
    let held = room.watch.declare(&officer(), declared(Kind::Exercise, &["terni"])).unwrap().id;
    let practised = NewReport { exercise: Some(held.clone()), ..report("Riscatto", "per prova") };
    let number = room.watch.report(&liaison("terni"), practised).unwrap().number.to_string();
    room.watch.end_posture(&officer(), &held, "conclusa".into()).unwrap();
    for _ in 0..201 {
        let it = room.watch.declare(&officer(), declared(Kind::Exercise, &["terni"])).unwrap();
        room.watch.end_posture(&officer(), &it.id, "conclusa".into()).unwrap();
    }
    let admit = |of: &str| Change::Admit { organisation: organisation(of) };
    room.change(&officer(), &number, admit("terni")).unwrap();
    assert!(is_conflict(room.change(&officer(), &number, admit("perugia"))));
}

#[test]
fn in_a_crisis_aims_come_sooner_and_alarms_go_up_at_full_pace() {
    use vedetta_watch::desk::severity::{Factor, Grade};
    let room = Room::new();
    room.watch.put_roster(&officer(), crate::shifts::roster(), None).unwrap();
    let number = room.report(&liaison("terni"), "Sportelli", "lenti");
    for factor in Factor::ALL {
        room.change(&officer(), &number, Change::Judge { factor, grade: Grade::None }).unwrap();
    }
    let due = || room.watch.clocks(&officer(), &number).unwrap().targets[0].due;
    let before = due();
    room.clock.advance(Duration::from_secs(9 * 3_600));
    let rungs = || {
        room.watch.look_at_clocks().unwrap();
        let alarm = room.watch.alarms(&officer()).unwrap().remove(0).alarm;
        alarm.steps.iter().map(|it| it.rung).max().unwrap()
    };
    assert_eq!(rungs(), 0);
    room.clock.advance(Duration::from_secs(3_600));
    let calm = rungs();
    room.watch.declare(&officer(), declared(Kind::Crisis, &[])).unwrap();
    assert!(due() < before, "of one category graver");
    rungs();
    room.clock.advance(Duration::from_secs(3_600));
    let urgent = rungs();
    assert!(urgent > calm, "{calm} then {urgent}");
}

#[test]
fn what_belongs_to_an_exercise_says_so_and_reaches_nobody_outside() {
    let room = Room::new();
    let watch = &room.watch;
    let id = watch.declare(&officer(), declared(Kind::Exercise, &["terni"])).unwrap().id;
    assert!(watch.postures(&liaison("perugia")).unwrap().is_empty(), "it is not theirs");
    assert_eq!(watch.postures(&liaison("terni")).unwrap().len(), 1);
    let practised = || NewReport { exercise: Some(id.clone()), ..report("Riscatto", "per prova") };
    assert!(is_unknown(watch.report(&liaison("perugia"), practised())));
    let number = watch.report(&liaison("terni"), practised()).unwrap().number.to_string();
    let sees = |by: &Actor| watch.case(by, &number).unwrap().incident.exercise;
    assert_eq!((sees(&officer()), sees(&liaison("terni"))), (Some(id.clone()), Some(id.clone())));
    let clocks = watch.next_clocks(&officer(), 9).unwrap();
    assert!(clocks[0].name.it.starts_with("ESERCITAZIONE"), "{clocks:?}");
    // Nobody outside is let in.
    let admit = |of: &str| Change::Admit { organisation: organisation(of) };
    assert!(is_conflict(room.change(&officer(), &number, admit("perugia"))));
    let route = Change::Route { to: organisation("cosc-umbria"), reason: "x".into() };
    assert!(is_conflict(room.change(&officer(), &number, route)));
    room.change(&officer(), &number, admit("terni")).unwrap();
    // Nothing real is merged into it, nor a part of it.
    let other = room.report(&liaison("terni"), "Sportelli", "lenti");
    let into = |number: &str| number.parse().unwrap();
    for (one, two) in [(&other, &number), (&number, &other)] {
        let merge = Change::Merge { into: into(two), reason: "lo stesso".into() };
        assert!(is_conflict(room.change(&officer(), one, merge)));
        let join = Change::Join { parent: Some(into(two)) };
        assert!(is_conflict(room.change(&officer(), one, join)));
    }
    // Nor are they joined first and told apart afterwards.
    let part = room.report(&liaison("terni"), "Sportelli", "fermi");
    room.change(&officer(), &part, Change::Join { parent: Some(into(&other)) }).unwrap();
    for one in [&part, &other] {
        let practise = Change::Practise { exercise: Some(id.clone()) };
        assert!(is_conflict(room.change(&officer(), one, practise)), "{one}");
    }
    // Its notices are marked.
    let apply = Change::Apply { regime: "gdpr".into(), class: None, reason: "prova".into() };
    room.change(&officer(), &number, apply).unwrap();
    let step: StepName = "gdpr:notification".parse().unwrap();
    let draft = watch.draft_notice(&officer(), &number, &step, Language::It).unwrap();
    assert!(draft.title.starts_with("ESERCITAZIONE"), "{}", draft.title);
    assert!(draft.text.contains("ESERCITAZIONE: non inviare"), "{}", draft.text);
    // A warning of it reaches those who take part alone, and everybody else is told why not.
    let of = |number: &str| WarningText { incident: Some(number.parse().unwrap()), ..text() };
    let warning = watch.put_warning(&officer(), (None, None), of(&number)).unwrap();
    assert_eq!(warning.warning.text.exercise, Some(id.clone()), "what comes from it belongs to it");
    let preview = watch.preview_warning(&officer(), &warning.id).unwrap();
    let of_perugia =
        |it: &&vedetta_flow::PreviewGroup| it.organisations.contains(&organisation("perugia"));
    let group = preview.groups.iter().find(of_perugia).unwrap();
    assert!(group.form.is_none() && group.reason_en.contains("takes no part"), "{group:?}");
    let sent = watch.send_warning(&officer(), &warning.id, warning.version).unwrap();
    let reached = |it: &Actor| room.house().item(it, sent.warning.stage.item().unwrap()).is_ok();
    assert!(reached(&liaison("terni")) && !reached(&liaison("perugia")));
    // What others see already is not made one.
    let real = room.report(&liaison("perugia"), "Sportelli", "fermi");
    let practise = Change::Practise { exercise: Some(id.clone()) };
    assert!(is_conflict(room.change(&officer(), &real, practise)));
    // Real again, it is a case like any other.
    let real = room.change(&officer(), &number, Change::Practise { exercise: None }).unwrap();
    room.change(&officer(), &part, Change::Join { parent: Some(into(&number)) }).unwrap();
    assert!(is_conflict(watch.undo_case(&officer(), &number, real.version)));
    room.change(&officer(), &number, admit("perugia")).unwrap();
    // Over, nothing new belongs to it.
    watch.end_posture(&officer(), &id, "conclusa".into()).unwrap();
    assert!(is_unknown(watch.report(&liaison("terni"), practised())));
}

#[test]
fn a_warning_of_an_exercise_reaches_those_who_take_part() {
    let room = Room::new();
    let everybody = ["cosc-umbria", "perugia", "terni", "foligno", "client", "stranger"];
    let id = room.watch.declare(&officer(), declared(Kind::Exercise, &everybody)).unwrap().id;
    let practised = WarningText { exercise: Some(id), ..text() };
    let draft = room.watch.put_warning(&officer(), (None, None), practised).unwrap();
    let sent = room.watch.send_warning(&officer(), &draft.id, draft.version).unwrap();
    let item = sent.warning.stage.item().unwrap().clone();
    let read = room.house().item(&liaison("terni"), &item).unwrap();
    let object: serde_json::Value = serde_json::from_slice(&read.body).unwrap();
    assert_eq!(object["labels"], serde_json::json!(["exercise"]));
    assert!(object["name"].as_str().unwrap().starts_with("ESERCITAZIONE"), "{object}");
    let admin = person("admin", "cnaipic", Role::Administrator);
    let contacts = vec![crate::warnings::contact("terni")];
    let records = vedetta_directory::directory::Records { contacts, ..Default::default() };
    room.house().put_records(&admin, records).unwrap();
    room.watch.remind_warning(&officer(), &draft.id).unwrap();
    let due = room.watch.due_reminders(9).unwrap();
    assert_eq!(due.len(), 2);
    assert!(due.iter().all(|it| it.subject.contains("ESERCITAZIONE")), "{due:?}");
}

#[test]
fn a_broken_seal_calls_people_and_is_shown() {
    let room = Room::new();
    room.watch.put_roster(&officer(), crate::shifts::roster(), None).unwrap();
    let admin = person("admin", "cnaipic", Role::Administrator);
    assert!(!room.watch.emergency(&admin).unwrap().sealed);
    let code = room.house().seal_emergency(&admin).unwrap();
    assert!(room.watch.emergency(&admin).unwrap().sealed);
    room.watch.gather().unwrap();
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 0);
    room.house().break_seal(&code, "nessuno riesce a entrare").unwrap();
    room.watch.gather().unwrap();
    let seen = room.watch.emergency(&admin).unwrap();
    assert_eq!((seen.sealed, seen.used.len()), (false, 1));
    assert_eq!(seen.used[0].reason, "nessuno riesce a entrare");
    assert!(is_forbidden(room.watch.emergency(&officer())));
    assert_eq!(room.watch.look_at_clocks().unwrap().raised, 1);
    let alarm = room.watch.alarms(&officer()).unwrap().remove(0);
    assert!(alarm.alarm.about.seal && alarm.calls_you, "{alarm:?}");
    room.watch.answer_alarm(&officer(), &alarm.id).unwrap();
    assert_eq!(room.reopened().look_at_clocks().unwrap().raised, 0, "once for each time");
}
