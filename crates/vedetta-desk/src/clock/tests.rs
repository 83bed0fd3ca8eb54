use proptest::prelude::*;

use super::*;

fn regime(id: &str) -> Regime {
    Regime::given().unwrap().into_iter().find(|it| it.id == id).unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn aware(text: &str) -> Facts {
    Facts { awareness: Some(at(text)), ..Facts::default() }
}

fn sent(facts: &mut Facts, step: &str, moments: &[&str]) {
    let moments = moments.iter().map(|moment| at(moment)).collect();
    facts.sent.insert(step.parse().unwrap(), moments);
}

/// What is due, and how it stands, by step.
fn due(regime: &Regime, facts: &Facts, now: &str) -> Vec<(String, Option<Instant>, State)> {
    let lines = deadlines(regime, facts, at(now)).into_iter();
    lines.map(|it| (it.step.step, it.due, it.state)).collect()
}

#[test]
fn a_day_has_twenty_four_hours_when_the_clocks_go_forward() {
    let facts = aware("2026-03-28T23:30:00+01:00");
    let lines = due(&regime("nis2"), &facts, "2026-03-28T23:31:00+01:00");
    assert_eq!(lines[0].1, Some(at("2026-03-30T00:30:00+02:00")));
    assert_eq!(lines[1].1, Some(at("2026-04-01T00:30:00+02:00")));
}

#[test]
fn a_day_has_twenty_four_hours_when_the_clocks_go_back() {
    let facts = aware("2026-10-24T23:30:00+02:00");
    let lines = due(&regime("nis2"), &facts, "2026-10-24T23:31:00+02:00");
    assert_eq!(lines[0].1, Some(at("2026-10-25T22:30:00+01:00")));
}

#[test]
fn a_month_ends_on_its_last_day_and_keeps_the_time_of_day() {
    for (from, until) in [
        ("2026-01-31T10:00:00+01:00", "2026-02-28T10:00:00+01:00"),
        ("2028-01-31T10:00:00+01:00", "2028-02-29T10:00:00+01:00"),
        ("2026-03-15T10:00:00+01:00", "2026-04-15T10:00:00+02:00"),
        ("2026-02-28T02:30:00+01:00", "2026-03-28T02:30:00+01:00"),
        // 02:30 of 29 March 2026 does not exist.
        ("2026-02-28T23:59:59+01:00", "2026-03-28T23:59:59+01:00"),
        ("2025-11-29T02:30:00+01:00", "2025-12-29T02:30:00+01:00"),
    ] {
        assert_eq!(after(at(from), Span::Months(1)), at(until), "{from}");
    }
    assert_eq!(
        after(at("2026-01-29T02:30:00+01:00"), Span::Months(2)),
        at("2026-03-29T03:30:00+02:00"),
        "an hour that the clocks leave out"
    );
}

#[test]
fn what_waits_for_another_step_shows_the_latest_that_it_can_be() {
    let facts = aware("2026-03-10T10:00:00+01:00");
    let lines = due(&regime("nis2"), &facts, "2026-03-10T11:00:00+01:00");
    let last = lines.last().unwrap();
    assert_eq!(last.0, "final-report");
    assert_eq!((last.1, &last.2), (Some(at("2026-04-13T10:00:00+02:00")), &State::Waiting));
}

#[test]
fn the_earlier_of_awareness_and_evidence_starts_the_clock() {
    let mut facts = aware("2026-03-10T10:00:00Z");
    facts.evidence = Some(at("2026-03-10T08:00:00Z"));
    let lines = due(&regime("nis2"), &facts, "2026-03-10T10:00:00Z");
    assert_eq!(lines[0].1, Some(at("2026-03-11T08:00:00Z")));
    let nothing = due(&regime("nis2"), &Facts::default(), "2026-03-10T10:00:00Z");
    assert!(nothing.iter().all(|(_, due, state)| due.is_none() && *state == State::Waiting));
}

#[test]
fn how_it_stands_follows_the_clock() {
    let mut facts = aware("2026-03-10T10:00:00Z");
    let nis2 = regime("nis2");
    let state = |facts: &Facts, now: &str| due(&nis2, facts, now)[0].2.clone();
    assert_eq!(state(&facts, "2026-03-10T10:01:00Z"), State::Running);
    assert_eq!(state(&facts, "2026-03-11T07:36:00Z"), State::Near);
    assert_eq!(state(&facts, "2026-03-11T10:00:00Z"), State::Near, "the last moment counts");
    assert_eq!(state(&facts, "2026-03-11T10:00:01Z"), State::Missed);
    sent(&mut facts, "nis2:pre-notification", &["2026-03-11T10:00:01Z"]);
    let late = State::Late { at: at("2026-03-11T10:00:01Z") };
    assert_eq!(state(&facts, "2026-03-12T10:00:00Z"), late);
    sent(&mut facts, "nis2:pre-notification", &["2026-03-11T09:00:00Z"]);
    let met = State::Met { at: at("2026-03-11T09:00:00Z") };
    assert_eq!(state(&facts, "2026-03-12T10:00:00Z"), met);
}

#[test]
fn each_nis_notice_discharges_its_part_of_law_90() {
    let mut facts = aware("2026-03-10T10:00:00Z");
    let law = regime("law-90");
    let states = |facts: &Facts, now: &str| -> Vec<State> {
        due(&law, facts, now).into_iter().map(|line| line.2).collect()
    };
    sent(&mut facts, "nis2:pre-notification", &["2026-03-10T12:00:00Z"]);
    let first = State::Discharged { at: at("2026-03-10T12:00:00Z") };
    let (early, late) = ("2026-03-10T13:00:00Z", "2026-03-13T10:00:01Z");
    assert_eq!(states(&facts, early), [first.clone(), State::Running]);
    // Two days later the first report is not missed; the full one is, if nothing more was sent.
    assert_eq!(states(&facts, "2026-03-12T10:00:00Z"), [first.clone(), State::Running]);
    assert_eq!(states(&facts, late), [first.clone(), State::Missed]);
    sent(&mut facts, "nis2:notification", &["2026-03-13T09:00:00Z"]);
    assert_eq!(states(&facts, late), [first, State::Discharged { at: at("2026-03-13T09:00:00Z") }]);
    // The notification alone is no pre-notification, however early it was sent.
    facts.sent.remove(&"nis2:pre-notification".parse().unwrap());
    sent(&mut facts, "nis2:notification", &["2026-03-10T12:00:00Z"]);
    assert_eq!(states(&facts, late), [State::Missed, State::Missed]);
}

/// What the perimeter asks for, and which of it is presumed.
fn perimeter(facts: &Facts, now: &str) -> Vec<(String, Option<Instant>, State, bool)> {
    let lines = deadlines(&regime("perimeter"), facts, at(now)).into_iter();
    lines.map(|it| (it.step.step, it.due, it.state, it.presumed)).collect()
}

#[test]
fn of_the_perimeter_one_clock_runs_by_the_class_of_the_incident() {
    // The clocks go forward at two o'clock, and hours are elapsed hours.
    let mut facts = aware("2026-03-29T01:30:00+01:00");
    let now = "2026-03-29T01:31:00+01:00";
    let (one, six) = (at("2026-03-29T03:30:00+02:00"), at("2026-03-29T08:30:00+02:00"));
    let days = at("2026-04-01T02:30:00+02:00");
    let unknown = perimeter(&facts, now);
    let of = |step: &str, due, state, presumed| (step.to_owned(), Some(due), state, presumed);
    assert_eq!(
        unknown,
        [
            of("table-2", one, State::Running, true),
            of("table-1", six, State::Possible, false),
            of("other-assets", days, State::Possible, false),
        ]
    );
    // While nobody has said the class, the soonest is missed, and only that.
    let later = perimeter(&facts, "2026-04-02T00:00:00Z");
    let missed: Vec<_> = later.iter().filter(|line| line.2 == State::Missed).collect();
    assert_eq!(missed, [&of("table-2", one, State::Missed, true)]);
    for (class, due) in [("table-2", one), ("table-1", six), ("other-assets", days)] {
        facts.classes = [("perimeter".to_owned(), class.to_owned())].into();
        assert_eq!(perimeter(&facts, now), [of(class, due, State::Running, false)]);
    }
}

#[test]
fn what_was_sent_says_the_class_that_nobody_recorded() {
    let mut facts = aware("2028-02-28T22:00:00Z");
    sent(&mut facts, "perimeter:table-1", &["2028-02-29T03:59:00Z"]);
    let lines = perimeter(&facts, "2028-03-01T00:00:00Z");
    let met = State::Met { at: at("2028-02-29T03:59:00Z") };
    let due = Some(at("2028-02-29T04:00:00Z"));
    assert_eq!(lines, [("table-1".to_owned(), due, met, false)]);
    // What is recorded has the last word.
    facts.classes = [("perimeter".to_owned(), "table-2".to_owned())].into();
    let lines = perimeter(&facts, "2028-03-01T00:00:00Z");
    assert_eq!(
        lines,
        [("table-2".to_owned(), Some(at("2028-02-28T23:00:00Z")), State::Missed, false)]
    );
}

#[test]
fn of_a_class_nothing_runs_before_awareness() {
    let lines = perimeter(&Facts::default(), "2026-03-29T00:00:00Z");
    assert!(lines.iter().all(|line| line.2 == State::Waiting && !line.3), "{lines:?}");
    assert_eq!(lines.len(), 3, "each that may be owed is shown");
}

#[test]
fn an_incident_that_stays_open_is_reported_on_every_month_and_after_its_closure() {
    let nis2 = regime("nis2");
    let mut facts = aware("2026-01-28T10:00:00Z");
    sent(&mut facts, "nis2:notification", &["2026-01-31T09:00:00Z"]);
    sent(&mut facts, "nis2:progress-report", &["2026-02-27T09:00:00Z", "2026-04-02T09:00:00Z"]);
    let now = "2026-04-10T09:00:00Z";
    let report = |facts: &Facts, step: &str, now: &str| -> Vec<(Option<Instant>, State)> {
        let lines = due(&nis2, facts, now).into_iter();
        lines.filter(|line| line.0 == step).map(|line| (line.1, line.2)).collect()
    };
    let months = report(&facts, "progress-report", now);
    let (met, late) = (at("2026-02-27T09:00:00Z"), at("2026-04-02T09:00:00Z"));
    assert_eq!(
        months,
        [
            (Some(at("2026-02-28T09:00:00Z")), State::Met { at: met }),
            (Some(at("2026-03-31T08:00:00Z")), State::Late { at: late }),
            (Some(at("2026-04-30T08:00:00Z")), State::Running),
        ]
    );
    facts.closed = Some(at("2026-04-15T08:00:00Z"));
    let last = report(&facts, "final-report", now);
    assert_eq!(last, [(Some(at("2026-05-15T08:00:00Z")), State::Running)]);
    assert_eq!(report(&facts, "progress-report", now).len(), 2, "closed before the third was due");
}

#[test]
fn closed_in_time_it_is_reported_on_within_the_month() {
    let mut facts = aware("2026-01-28T10:00:00Z");
    sent(&mut facts, "nis2:notification", &["2026-01-31T09:00:00Z"]);
    facts.closed = Some(at("2026-02-10T09:00:00Z"));
    let lines = due(&regime("nis2"), &facts, "2026-02-11T09:00:00Z");
    let names: Vec<_> = lines.iter().map(|line| line.0.as_str()).collect();
    assert_eq!(names, ["pre-notification", "notification", "final-report"]);
    assert_eq!(lines[2].1, Some(at("2026-02-28T09:00:00Z")));
}

proptest! {
    /// Against the calendar itself: the same day and time of day in Rome, or the month's last day.
    #[test]
    fn a_month_later_is_the_same_day_or_the_last(
        start in 1_700_000_000_i64..2_500_000_000,
        months in 1_u16..40,
    ) {
        let rome = TimeZone::get("Europe/Rome").unwrap();
        let civil = |at: Instant| {
            Timestamp::from_microsecond(at.micros()).unwrap().to_zoned(rome.clone()).datetime()
        };
        let from = Instant::from_micros(start * 1_000_000);
        let (began, ends) = (civil(from), civil(after(from, Span::Months(months))));
        let month = i32::from(began.year()) * 12 + i32::from(began.month()) - 1 + i32::from(months);
        prop_assert_eq!(i32::from(ends.year()) * 12 + i32::from(ends.month()) - 1, month);
        prop_assert_eq!(ends.day(), began.day().min(ends.date().days_in_month()));
        // Only the hour that the clocks leave out is another.
        let out = ends.month() == 3 && ends.hour() == 3 && began.hour() == 2;
        prop_assert!(ends.time() == began.time() || out, "{began} {ends}");
    }

    #[test]
    fn a_later_start_is_never_due_earlier(
        start in 1_700_000_000_i64..2_500_000_000,
        gap in 0_i64..5_000_000,
        length in 1_u16..40,
    ) {
        let moment = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        for span in [Span::Hours(length), Span::Months(length)] {
            let (early, late) = (after(moment(start), span), after(moment(start + gap), span));
            // Two starts change places only within the hour that the clocks repeat or leave out,
            // and within the last day of a month that lacks theirs.
            let hours = if matches!(span, Span::Months(_)) { 25 } else { 1 };
            let apart = Duration::from_secs(hours * 3600);
            prop_assert!(early <= late.after(apart), "{early} {late}");
            prop_assert!(early > moment(start));
        }
    }
}
