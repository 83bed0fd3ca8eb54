//! Playbooks and the runs in which they are followed.

use serde_json::Value;
use vedetta_model::Role;
use vedetta_watch::desk::procedure::{GIVEN, Standing, Step};
use vedetta_watch::desk::run::{Act, Outcome, Stands};
use vedetta_watch::desk::{Change, cacao};
use vedetta_watch::{
    CallableHost, NewAdvice, NewRun, PlaybookEdit, PlaybookStep, PlaybookView, RunStep, RunView,
    WatchError,
};

use crate::room::{
    Room, is_conflict, is_forbidden, is_unknown, liaison, officer, organisation, person,
};

const BLOCK: &str = include_str!("block.json");

fn ransomware() -> String {
    cacao::read(GIVEN[1].1.as_bytes()).playbook.unwrap().id
}

fn step(
    room: &Room,
    id: &str,
    by: &vedetta_model::Actor,
    step: Step,
) -> Result<PlaybookView, WatchError> {
    let version = room.watch.playbook(&officer(), id).unwrap().version;
    room.watch.step_playbook(by, id, PlaybookStep { version, step })
}

fn act(
    room: &Room,
    by: &vedetta_model::Actor,
    run: &RunView,
    act: Act,
) -> Result<RunView, WatchError> {
    let number = run.number.to_string();
    let version = room.watch.run(by, &number, run.run)?.version;
    room.watch.act_in_run(by, &number, run.run, RunStep { version, act })
}

fn finish(node: u32) -> Act {
    let (outcome, found, note) = (Outcome::Done, Default::default(), "fatto".into());
    Act::Finish { node, outcome, found, note }
}

fn begun(room: &Room, number: &str, playbook: &str) -> RunView {
    let new = NewRun { playbook: playbook.into(), within: None };
    room.watch.begin_run(&officer(), number, new).unwrap()
}

#[test]
fn ours_are_given_once_and_come_back_as_they_were_written() {
    let room = Room::new();
    assert_eq!(room.watch.give_playbooks().unwrap(), 10);
    assert_eq!(room.watch.give_playbooks().unwrap(), 0);
    let rows = room.reopened().playbooks(&officer()).unwrap();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().any(|row| row.name == "Negazione del servizio (DDoS)"), "in Italian");
    let text: Value = serde_json::from_str(GIVEN[1].1).unwrap();
    assert_eq!(room.watch.export_playbook(&officer(), &ransomware()).unwrap(), text);
    assert!(room.watch.playbooks(&liaison("terni")).unwrap().is_empty());
    assert!(is_unknown(room.watch.playbook(&liaison("terni"), &ransomware())));
}

#[test]
fn a_playbook_with_faults_is_refused_and_each_is_named() {
    let room = Room::new();
    let bad = BLOCK.replace("\"agent\": \"http-api--7", "\"agent\": \"http-api--9");
    let refused = room.watch.import_playbook(&officer(), bad.as_bytes()).unwrap_err().to_string();
    assert!(refused.contains("action--11111111-1111-4111-8111-111111111111: agent:"), "{refused}");
    assert!(is_forbidden(room.watch.import_playbook(&liaison("terni"), BLOCK.as_bytes())));
    let there = room.watch.import_playbook(&officer(), BLOCK.as_bytes()).unwrap();
    assert!(is_conflict(room.watch.import_playbook(&officer(), BLOCK.as_bytes())));
    let other = BLOCK.replace("Block an address", "Block it");
    assert!(is_conflict(room.watch.import_playbook(&officer(), other.as_bytes())), "not newer");
    let newer = other.replace("modified\": \"2026-01-15", "modified\": \"2026-02-15");
    let edit = |version| PlaybookEdit { version, playbook: serde_json::from_str(&newer).unwrap() };
    let written = room.watch.write_playbook(&officer(), &there.id, edit(there.version)).unwrap();
    assert_eq!(written.name, "Block it");
    assert!(is_conflict(room.watch.write_playbook(&officer(), &there.id, edit(there.version))));
}

#[test]
fn parties_agree_to_a_version_and_then_take_part_in_their_own_cases() {
    let room = Room::new();
    room.watch.give_playbooks().unwrap();
    let (id, town, other) = (ransomware(), liaison("terni"), liaison("perugia"));
    let number = room.report(&town, "Riscatto", "schermi neri");
    let run = begun(&room, &number, &id);
    assert!(is_unknown(room.watch.run(&town, &number, run.run)), "it accepted nothing");
    assert!(step(&room, &id, &town, Step::Accept).is_err());
    let to = vec![organisation("terni"), organisation("perugia")];
    step(&room, &id, &officer(), Step::Propose { to }).unwrap();
    let seen = room.watch.playbook(&town, &id).unwrap();
    assert_eq!((seen.procedure.parties.len(), seen.may_answer), (1, true));
    step(&room, &id, &town, Step::Accept).unwrap();
    let reason = String::from("prima la prova");
    step(&room, &id, &other, Step::Decline { reason }).unwrap();
    assert_eq!(room.watch.playbook(&officer(), &id).unwrap().standing, Standing::Proposed);
    let seen = room.watch.run(&town, &number, run.run).unwrap();
    assert!(seen.may_act && !seen.may_lead);
    let done = act(&room, &town, &run, finish(seen.current[0].node)).unwrap();
    assert_eq!(done.deeds[0].deed.by.as_ref().unwrap().as_str(), "terni");
    assert!(is_unknown(room.watch.run(&other, &number, run.run)));
    assert!(is_forbidden(act(&room, &town, &run, Act::GiveUp { reason: "x".into() })));
    let auditor = person("revisore", "cnaipic", Role::Auditor);
    assert!(is_forbidden(act(&room, &auditor, &run, finish(seen.current[0].node))));
}

#[test]
fn a_run_keeps_who_did_what_and_follows_the_version_it_began_with() {
    let room = Room::new();
    let id = room.watch.import_playbook(&officer(), BLOCK.as_bytes()).unwrap().id;
    let number = room.report(&liaison("terni"), "Scansioni", "da 203.0.113.7");
    let run = begun(&room, &number, &id);
    let timeline = room.watch.timeline(&officer(), &number, None, 9).unwrap();
    assert_eq!(timeline.moments[0].words.it, "si segue la procedura: Block an address");
    assert!(is_conflict(room.watch.undo_case(&officer(), &number, timeline.moments[0].version)));
    let newer = BLOCK.replace("modified\": \"2026-01-15", "modified\": \"2026-02-15");
    let newer = newer.replace("Find it", "Look for it");
    room.watch.import_playbook(&officer(), newer.as_bytes()).unwrap();
    let again = room.reopened();
    let seen = again.run(&officer(), &number, run.run).unwrap();
    assert_eq!(seen.current[0].name, "Find it");
    let version = seen.version;
    let act = |act| again.act_in_run(&officer(), &number, run.run, RunStep { version, act });
    let colleague = person("turno", "cnaipic", Role::DutyOfficer);
    let found = [("__address__".to_owned(), "203.0.113.7".to_owned())].into();
    let first = Act::Finish { node: 1, outcome: Outcome::Done, found, note: String::new() };
    act(first.clone()).unwrap();
    assert!(is_conflict(act(first)), "done meanwhile");
    assert_eq!(again.runs(&colleague, &number).unwrap()[0].open, 1);
    let report = again.after_action(&officer(), &number, vedetta_model::Language::It).unwrap();
    assert!(report.text.contains("sala: Block an address, Find it: fatto"), "{}", report.text);
}

#[test]
fn a_request_is_in_the_ledger_before_it_is_made() {
    let room = Room::new();
    let id = room.watch.import_playbook(&officer(), BLOCK.as_bytes()).unwrap().id;
    let number = room.report(&liaison("terni"), "Scansioni", "da 203.0.113.7");
    let run = begun(&room, &number, &id);
    let found = [("__address__".to_owned(), "203.0.113.7".to_owned())].into();
    let first = Act::Finish { node: 1, outcome: Outcome::Done, found, note: String::new() };
    let seen = act(&room, &officer(), &run, first).unwrap();
    let ask = |version| room.watch.prepare_request(&officer(), (&number, run.run), version, (2, 0));
    assert!(is_conflict(ask(seen.version)), "no host is allowed");
    let admin = person("admin", "cnaipic", Role::Administrator);
    let host = CallableHost {
        host: "fw.example.org:8443".into(),
        authorization: Some("Bearer segreto".into()),
    };
    assert!(is_forbidden(room.watch.allow_hosts(&officer(), vec![host.clone()])));
    let odd = CallableHost { host: "https://fw".into(), authorization: None };
    assert!(room.watch.allow_hosts(&admin, vec![odd]).is_err());
    let allowed = room.watch.allow_hosts(&admin, vec![host]).unwrap();
    assert_eq!(serde_json::to_string(&allowed).unwrap(), r#"[{"host":"fw.example.org:8443"}]"#);
    let due = ask(seen.version).unwrap();
    assert_eq!(due.prepared.url, "https://fw.example.org:8443/v1/block/203.0.113.7");
    assert_eq!(due.authorization.as_deref(), Some("Bearer segreto"));
    assert!(is_conflict(ask(seen.version)), "two at once are one");
    let calling = room.watch.run(&officer(), &number, run.run).unwrap();
    assert!(calling.deeds[0].deed.did.words().en.starts_with("calling POST https://fw"));
    let outcome = "HTTP 204".to_owned();
    let recorded = room.watch.record_request(&officer(), (&number, run.run), (2, 0), outcome);
    assert_eq!(recorded.unwrap().deeds[0].deed.did.words().en, "answer: HTTP 204");
    let ended = act(&room, &officer(), &run, finish(2)).unwrap();
    assert!(matches!(ended.stands, Stands::Ended { .. }));
}

#[test]
fn nothing_is_begun_for_a_case_that_is_over_or_by_who_may_not() {
    let room = Room::new();
    let id = room.watch.import_playbook(&officer(), BLOCK.as_bytes()).unwrap().id;
    let number = room.report(&liaison("terni"), "Scansioni", "x");
    let new = || NewRun { playbook: id.clone(), within: None };
    let to = vec![organisation("terni")];
    step(&room, &id, &officer(), Step::Propose { to }).unwrap();
    assert!(is_forbidden(room.watch.begin_run(&liaison("terni"), &number, new())));
    assert!(is_unknown(room.watch.begin_run(&officer(), "2026-000099", new())));
    let unknown = NewRun { playbook: "playbook--x".into(), within: None };
    assert!(is_unknown(room.watch.begin_run(&officer(), &number, unknown)));
    step(&room, &id, &officer(), Step::Retire { reason: "superata".into() }).unwrap();
    assert!(is_conflict(room.watch.begin_run(&officer(), &number, new())));
    step(&room, &id, &officer(), Step::Resume).unwrap();
    room.change(&officer(), &number, Change::Dismiss { reason: "prova".into() }).unwrap();
    assert!(is_conflict(room.watch.begin_run(&officer(), &number, new())));
}

#[test]
fn a_recommendation_says_what_the_library_says_unless_words_are_given() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Posta", "password ceduta");
    let recommend = |id: &str, text: &str| {
        let (recommendation, text) = (id.to_owned(), text.to_owned());
        room.change(&officer(), &number, Change::Recommend { recommendation, text })
    };
    let view = recommend("second-factor", "").unwrap();
    assert!(view.incident.recommended[0].text.starts_with("Richiedere un secondo fattore"));
    assert!(is_unknown(recommend("nothing-of-ours", "")));
    let library = room.watch.library(&officer()).unwrap();
    assert!(is_forbidden(room.watch.library(&liaison("terni"))));
    let mut advice =
        library.iter().find(|it| it.advice.id == "second-factor").unwrap().advice.clone();
    advice.text.it = "Passkey per tutti.".into();
    let new = |version| NewAdvice { version, advice: Some(advice.clone()) };
    let kept = room.watch.put_advice(&officer(), "second-factor", new(None)).unwrap();
    assert_eq!(kept.len(), library.len(), "in the place of the one that was given");
    assert!(is_conflict(room.watch.put_advice(&officer(), "second-factor", new(None))));
    assert_eq!(
        recommend("second-factor", "").unwrap().incident.recommended[1].text,
        "Passkey per tutti."
    );
    let version = kept.iter().find(|it| it.advice.id == "second-factor").unwrap().version;
    let gone = NewAdvice { version, advice: None };
    let left = room.watch.put_advice(&officer(), "second-factor", gone).unwrap();
    assert_eq!(left.len(), library.len() - 1);
    assert!(is_unknown(recommend("second-factor", "")));
}
