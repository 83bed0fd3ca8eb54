use super::*;
use crate::clock::{State, deadlines};
use crate::regime::Regime;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn officer() -> AccountId {
    AccountId::new("turno-cosc-umbria").unwrap()
}

fn town(name: &str) -> OrganisationId {
    OrganisationId::new(name).unwrap()
}

fn reported() -> Incident {
    let reported = Reported {
        channel: Channel::Portal,
        organisation: town("comune-055032"),
        by: AccountId::new("terni").unwrap(),
        at: at("2026-03-10T10:00:00Z"),
        words: "Gli sportelli non rispondono da stamattina".into(),
        contact: None,
    };
    Incident::open("2026-000001".parse().unwrap(), "Sportelli fermi".into(), reported).unwrap()
}

fn words(text: &str) -> String {
    text.to_owned()
}

/// Every step of the road, each with what it needs.
fn road() -> [Change; 5] {
    [
        Change::Triage,
        Change::Confirm { evidence: words("traffico anomalo nei registri") },
        Change::Contain { measures: words("filtro presso il fornitore") },
        Change::Recover { checked: words("sportelli provati da due sedi") },
        Change::Close { cause: words("servizio esposto"), lesson: words("filtro permanente") },
    ]
}

fn walk(changes: &[Change]) -> Result<Incident, ChangeError> {
    let now = at("2026-03-12T10:00:00Z");
    changes.iter().try_fold(reported(), |it, change| it.change(change.clone(), &officer(), now))
}

#[test]
fn a_case_walks_the_whole_road_and_no_stage_is_jumped() {
    let road = road();
    let names = ["reported", "triaged", "confirmed", "contained", "recovered", "closed"];
    for (length, name) in names.iter().enumerate() {
        let case = walk(&road[..length]).unwrap();
        assert_eq!(case.stage.name().as_str(), *name);
        for (place, change) in road.iter().enumerate().filter(|(place, _)| *place != length) {
            let refused =
                case.clone().change(change.clone(), &officer(), at("2026-03-12T10:00:00Z"));
            assert!(matches!(refused, Err(ChangeError::Stage { .. })), "{name} then {place}");
        }
    }
}

#[test]
fn no_stage_goes_without_its_evidence() {
    for (before, bare) in [
        (1, Change::Confirm { evidence: words(" ") }),
        (2, Change::Contain { measures: words("") }),
        (3, Change::Recover { checked: words("\n") }),
        (4, Change::Close { cause: words("x"), lesson: words("") }),
        (2, Change::Dismiss { reason: words("") }),
    ] {
        let case = walk(&road()[..before]).unwrap();
        let refused = case.change(bare, &officer(), at("2026-03-12T10:00:00Z"));
        assert!(matches!(refused, Err(ChangeError::Empty(_))), "{refused:?}");
    }
}

#[test]
fn what_is_over_is_taken_up_again_only_with_a_reason() {
    let closed = walk(&road()).unwrap();
    let now = at("2026-03-13T10:00:00Z");
    let bare = closed.clone().change(Change::Reopen { reason: words("") }, &officer(), now);
    assert!(bare.is_err());
    let reason = words("stesso aggressore");
    let open = closed.change(Change::Reopen { reason }, &officer(), now).unwrap();
    assert_eq!((open.stage.name().as_str(), open.facts().closed), ("triaged", None));
}

#[test]
fn the_clocks_run_on_what_the_case_knows() {
    let now = at("2026-03-12T10:00:00Z");
    let aware = Change::Know { awareness: Some(at("2026-03-10T09:00:00Z")), evidence: None };
    let case = reported().change(aware, &officer(), now).unwrap();
    let regime = Regime::given().unwrap().into_iter().find(|it| it.id == "nis2").unwrap();
    assert_eq!(deadlines(&regime, &case.facts(), now)[0].state, State::Missed);
    let sent = Sent { at: at("2026-03-11T08:00:00Z"), proof: words("ricevuta 4711"), file: None };
    let step: StepName = "nis2:pre-notification".parse().unwrap();
    let case = case.change(Change::Send { step, sent }, &officer(), now).unwrap();
    let met = State::Met { at: at("2026-03-11T08:00:00Z") };
    assert_eq!(deadlines(&regime, &case.facts(), now)[0].state, met);
    let later = Change::Know { awareness: Some(at("2026-03-12T10:00:01Z")), evidence: None };
    assert!(matches!(case.change(later, &officer(), now), Err(ChangeError::Future { .. })));
}

#[test]
fn a_merged_report_goes_back_to_where_it_stood() {
    let now = at("2026-03-12T10:00:00Z");
    let merge = |into: &str| Change::Merge { into: into.parse().unwrap(), reason: words("stesso") };
    let triaged = walk(&road()[..1]).unwrap();
    let itself = triaged.clone().change(merge("2026-000001"), &officer(), now);
    assert_eq!(itself, Err(ChangeError::Itself));
    let merged = triaged.clone().change(merge("2026-000002"), &officer(), now).unwrap();
    assert!(!merged.stage.is_open() && merged.stage.closed() == Some(now));
    let reopened = merged.clone().change(Change::Reopen { reason: words("x") }, &officer(), now);
    assert!(matches!(reopened, Err(ChangeError::Stage { .. })));
    let split = merged.change(Change::Split { reason: words("altro") }, &officer(), now).unwrap();
    assert_eq!(split.stage, triaged.stage);
}

#[test]
fn an_order_keeps_a_case_still_until_it_ends() {
    let now = at("2026-03-12T10:00:00Z");
    let until = Some(at("2026-03-20T10:00:00Z"));
    let (authority, reference) = (words("Procura"), words("R.G.N.R. 1/2026"));
    let hold = Change::Hold { authority, reference, until };
    let held = reported().change(hold, &officer(), now).unwrap();
    let shared = Change::Note { text: words("x"), audience: Audience::Participants };
    for change in [shared, Change::Admit { organisation: town("ipzs") }] {
        let refused = held.clone().change(change.clone(), &officer(), now);
        assert!(matches!(refused, Err(ChangeError::Held { .. })));
        let later = at("2026-03-20T10:00:00Z");
        assert!(held.clone().change(change, &officer(), later).is_ok());
    }
    assert!(held.change(Change::Triage, &officer(), now).is_ok());
}

#[test]
fn what_a_case_gathers_is_bounded() {
    let now = at("2026-03-12T10:00:00Z");
    let task =
        Change::Task { text: words("chiamare"), organisation: None, assignee: None, due: None };
    let many = (0..500).try_fold(reported(), |it, _| it.change(task.clone(), &officer(), now));
    let refused = many.unwrap().change(task, &officer(), now);
    assert!(matches!(refused, Err(ChangeError::Many { what: "tasks", most: 500 })));
    let long = Change::Note { text: "è".repeat(20_001), audience: Audience::Room };
    assert!(matches!(reported().change(long, &officer(), now), Err(ChangeError::Long { .. })));
}

#[test]
fn a_case_reads_back_as_it_was_written() {
    let case = walk(&road()).unwrap();
    let text = serde_json::to_string(&case).unwrap();
    assert_eq!(serde_json::from_str::<Incident>(&text).unwrap(), case);
}

#[test]
fn no_change_is_told_by_the_name_that_programs_know() {
    let attach = Change::Join { parent: None };
    for (change, it) in [
        (Change::Triage, "preso in carico"),
        (Change::Know { awareness: None, evidence: None }, "momento di conoscenza"),
        (attach, "non più parte di un altro"),
    ] {
        let words = change.words();
        assert_eq!((words.it.as_str(), words.it == words.en), (it, false));
        assert_ne!(words.en, change.name());
    }
}
