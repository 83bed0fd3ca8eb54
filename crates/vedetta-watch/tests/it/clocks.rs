//! The clocks of cases, and what they ask for.

use std::time::Duration;

use vedetta_model::Language;
use vedetta_watch::desk::incident::Sent;
use vedetta_watch::desk::severity::{Factor, Grade};
use vedetta_watch::desk::{Change, StageName, State};

use crate::room::{Room, is_conflict, is_unknown, liaison, officer};

fn words(text: &str) -> String {
    text.to_owned()
}

/// A case of which Terni was aware at eight o'clock, under NIS2.
fn clocked(room: &Room) -> String {
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    let aware = room.house().now();
    let know = Change::Know { awareness: Some(aware), evidence: None };
    room.change(&officer(), &number, know).unwrap();
    let apply =
        Change::Apply { regime: words("nis2"), class: None, reason: words("soggetto importante") };
    room.change(&officer(), &number, apply).unwrap();
    number
}

fn first(room: &Room, number: &str) -> State {
    room.watch.clocks(&officer(), number).unwrap().clocks[0].state.clone()
}

#[test]
fn a_clock_runs_nears_is_missed_and_is_met_by_a_proof() {
    let room = Room::new();
    let number = clocked(&room);
    assert_eq!(first(&room, &number), State::Running);
    let next = room.watch.next_clocks(&officer(), 5).unwrap();
    let legal = next.iter().find(|it| it.step.is_some()).unwrap();
    assert_eq!(legal.due.to_string(), "2026-03-03T08:00:00.000000Z");
    room.clock.advance(Duration::from_secs(22 * 3_600));
    assert_eq!(first(&room, &number), State::Near);
    let near = room.watch.pressing(&officer()).unwrap().near;
    assert!(near.iter().any(|it| it.step.is_some()), "{near:?}");
    assert_eq!(room.watch.missed_legal_clocks().unwrap(), 0);
    room.clock.advance(Duration::from_secs(3 * 3_600));
    assert_eq!(first(&room, &number), State::Missed);
    assert_eq!(room.watch.missed_legal_clocks().unwrap(), 1, "not the room's aims");
    // The reporter sees its own legal clock, not the room's aims.
    let theirs = room.watch.pressing(&liaison("terni")).unwrap().missed;
    assert!(theirs.len() == 1 && theirs[0].target.is_none(), "{theirs:?}");
    assert!(room.watch.pressing(&liaison("perugia")).unwrap().missed.is_empty());
    let at = "2026-03-03T07:00:00Z".parse().unwrap();
    let step = "nis2:pre-notification".parse().unwrap();
    let sent = Sent { at, proof: words("ricevuta 4711"), file: None };
    // The organisation itself records what it sent.
    room.change(&liaison("terni"), &number, Change::Send { step, sent }).unwrap();
    assert_eq!(first(&room, &number), State::Met { at });
    assert!(matches!(
        room.reopened().clocks(&officer(), &number).unwrap().clocks[0].state,
        State::Met { .. }
    ));
}

#[test]
fn what_discharges_another_is_seen() {
    let room = Room::new();
    let number = clocked(&room);
    let apply =
        Change::Apply { regime: words("law-90"), class: None, reason: words("comune capoluogo") };
    room.change(&officer(), &number, apply).unwrap();
    for name in ["nis2:pre-notification", "nis2:notification"] {
        let (step, at) = (name.parse().unwrap(), room.house().now());
        let sent = Sent { at, proof: words("r"), file: None };
        room.change(&officer(), &number, Change::Send { step, sent }).unwrap();
    }
    let clocks = room.watch.clocks(&officer(), &number).unwrap().clocks;
    let law = clocks.iter().filter(|it| it.step.regime == "law-90");
    assert!(
        law.clone().count() > 0
            && law.clone().all(|it| matches!(it.state, State::Discharged { .. }))
    );
}

#[test]
fn a_case_is_under_the_class_of_the_perimeter_that_was_recorded() {
    let room = Room::new();
    let number = clocked(&room);
    let apply = |class: Option<&str>| Change::Apply {
        regime: words("perimeter"),
        class: class.map(words),
        reason: words("soggetto incluso"),
    };
    let running = |room: &Room| -> Vec<(String, bool)> {
        let next = room.watch.next_clocks(&officer(), 50).unwrap().into_iter();
        let legal = next.filter_map(|it| Some((it.step?, it.presumed)));
        let ours = legal.filter(|(step, _)| step.regime == "perimeter");
        ours.map(|(step, presumed)| (step.step, presumed)).collect()
    };
    room.change(&officer(), &number, apply(None)).unwrap();
    assert_eq!(running(&room), [(words("table-2"), true)]);
    room.change(&officer(), &number, apply(Some("table-1"))).unwrap();
    assert_eq!(running(&room), [(words("table-1"), false)]);
    let clocks = room.reopened().clocks(&officer(), &number).unwrap().clocks;
    assert_eq!(clocks.iter().filter(|it| it.step.regime == "perimeter").count(), 1);
    let lift = Change::Lift { regime: words("perimeter"), reason: words("non incluso") };
    room.change(&officer(), &number, lift).unwrap();
    room.change(&officer(), &number, apply(None)).unwrap();
    assert_eq!(running(&room), [(words("table-2"), true)], "what was lifted is forgotten");
    assert!(room.change(&officer(), &number, apply(Some("table-9"))).is_err());
    let nis2 = Change::Apply { regime: words("nis2"), class: Some(words("x")), reason: words("y") };
    assert!(room.change(&officer(), &number, nis2).is_err(), "it owes all its steps");
}

#[test]
fn the_rooms_own_aims_are_missed_too() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    room.clock.advance(Duration::from_secs(9 * 3_600));
    let missed = room.watch.pressing(&officer()).unwrap().missed;
    assert_eq!(missed.len(), 1);
    assert_eq!(missed[0].target, Some(StageName::Triaged));
    room.change(&officer(), &number, Change::Triage).unwrap();
    // Nobody judged it: the next aim of the gravest is missed too, until somebody does.
    let missed = room.watch.pressing(&officer()).unwrap().missed;
    assert_eq!(missed[0].target, Some(StageName::Confirmed));
    let judge = Change::Judge { factor: Factor::FunctionalImpact, grade: Grade::None };
    room.change(&officer(), &number, judge).unwrap();
    assert!(room.watch.pressing(&officer()).unwrap().missed.is_empty());
}

#[test]
fn a_draft_is_given_and_an_order_keeps_it_back() {
    let room = Room::new();
    let number = clocked(&room);
    let step = "nis2:pre-notification".parse().unwrap();
    let draft =
        |by: &vedetta_model::Actor| room.watch.draft_notice(by, &number, &step, Language::It);
    let document = draft(&officer()).unwrap();
    assert!(document.text.contains("Comune di Terni") && document.html.starts_with("<!DOCTYPE"));
    assert!(is_unknown(draft(&liaison("perugia"))));
    let unknown = "nis2:dance".parse().unwrap();
    assert!(is_unknown(room.watch.draft_notice(&officer(), &number, &unknown, Language::It)));
    let hold = Change::Hold {
        authority: words("Procura di Terni"),
        reference: words("R.G.N.R. 1/2026"),
        until: None,
    };
    room.change(&officer(), &number, hold).unwrap();
    assert!(is_conflict(draft(&officer())));
    let told = draft(&liaison("terni")).unwrap_err().to_string();
    assert!(!told.contains("Procura") && !told.contains("R.G.N.R."), "{told}");
    room.change(&officer(), &number, Change::Release { reason: words("concluso") }).unwrap();
    assert!(draft(&officer()).is_ok());
    let report = room.watch.after_action(&officer(), &number, Language::En).unwrap();
    let applies = "applies: NIS2: Legislative Decree 138/2024, art. 25 – soggetto importante";
    assert!(report.text.contains(applies), "{}", report.text);
}

#[test]
fn a_draft_tells_how_far_a_sign_may_go_and_none_of_the_victim_itself() {
    use vedetta_model::asset::AssetValue;
    use vedetta_testkit::items::TestItem;
    let room = Room::new();
    let what = [
        ("net", AssetValue::Network("198.51.100.0/24".into())),
        ("dom", AssetValue::Domain("comune.terni.example".into())),
    ];
    let assets = what.map(|(id, what)| vedetta_model::Asset {
        id: vedetta_model::AssetId::new(id).unwrap(),
        organisation: crate::room::organisation("terni"),
        what,
        note: None,
    });
    let admin = crate::room::person("admin", "cnaipic", vedetta_model::Role::Administrator);
    let records =
        vedetta_directory::directory::Records { assets: assets.into(), ..Default::default() };
    room.house().put_records(&admin, records).unwrap();
    let item = TestItem::indicator(1).tlp("GREEN");
    let limits = vedetta_intake::stix_bundle::limits();
    let door = vedetta_intake::DoorIn::Api;
    let arrival = vedetta_intake::stix_bundle::read(door, "test", item.json().as_bytes(), &limits);
    room.house().accept(&officer(), arrival).unwrap();
    let (ours, theirs) =
        ("198.51.100.7 sportelli.comune.terni.example", "192.0.2.77 truffa.example");
    let number = room.report(&liaison("terni"), "Sportelli", &format!("{ours} {theirs}"));
    room.change(&officer(), &number, Change::Link { item: item.id() }).unwrap();
    let step = "nis2:notification".parse().unwrap();
    let text = room.watch.draft_notice(&officer(), &number, &step, Language::It).unwrap().text;
    // All are in what was reported; those of others among the signs too.
    let times = |it: &str| text.matches(it).count();
    for (own, other) in ours.split(' ').zip(theirs.split(' ')) {
        assert_eq!(times(other), times(own) + 1, "{own}, {other}: {text}");
    }
    assert!(text.contains("(TLP:GREEN)"), "{text}");
}

#[test]
fn laws_that_may_apply_are_suggested() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "Sportelli", "fermi");
    let before = room.watch.clocks(&officer(), &number).unwrap();
    assert!(before.clocks.is_empty() && before.suggested.iter().any(|it| it.regime == "gdpr"));
    let apply =
        Change::Apply { regime: words("gdpr"), class: None, reason: words("dati personali") };
    room.change(&officer(), &number, apply).unwrap();
    let after = room.watch.clocks(&officer(), &number).unwrap();
    assert!(!after.suggested.iter().any(|it| it.regime == "gdpr"));
}

#[test]
fn the_timeline_names_laws_and_organisations_as_people_do() {
    let room = Room::new();
    let number = clocked(&room);
    let officer = officer();
    let apply = Change::Apply { regime: words("law-90"), class: None, reason: words("capoluogo") };
    room.change(&officer, &number, apply).unwrap();
    let (step, at) = ("law-90:first-report".parse().unwrap(), room.house().now());
    let sent = Sent { at, proof: words("ricevuta 1"), file: None };
    room.change(&officer, &number, Change::Send { step, sent }).unwrap();
    let terni = liaison("terni").organisation;
    let name = room.house().standing().directory.organisation(&terni).unwrap().name.clone();
    let admit = Change::Admit { organisation: terni.clone() };
    let view = room.change(&officer, &number, admit).unwrap();
    assert_eq!(view.undo.unwrap().it, format!("ammesso: {name}"));
    let page = room.watch.timeline(&officer, &number, None, 3).unwrap();
    let told: Vec<_> = page.moments.iter().map(|it| it.words.it.clone()).collect();
    assert_eq!(
        told,
        [
            format!("ammesso: {name}"),
            "inviato: Prima segnalazione – ricevuta 1".to_owned(),
            "si applica: Legge 90/2024, art. 1 – capoluogo".to_owned(),
        ]
    );
}
