use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn person(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

fn organisation(name: &str) -> OrganisationId {
    OrganisationId::new(name).unwrap()
}

/// Five teams in turn: evening, afternoon, morning, night, rest.
fn five() -> Roster {
    let shift = |from: i8, to: i8| Shift {
        from: Time::constant(from, 0, 0, 0),
        to: Time::constant(to, 0, 0, 0),
    };
    let shifts = [
        ("sera", shift(19, 0)),
        ("pomeriggio", shift(13, 19)),
        ("mattina", shift(7, 13)),
        ("notte", shift(0, 7)),
    ];
    Roster {
        organisation: organisation("cosc-umbria"),
        zone: "Europe/Rome".into(),
        shifts: shifts.map(|(name, shift)| (name.to_owned(), shift)).into(),
        teams: (1..=5).map(|team| BTreeSet::from([person(&format!("agente-{team}"))])).collect(),
        cycle: ["sera", "pomeriggio", "mattina", "notte", ""].map(String::from).to_vec(),
        stagger: 1,
        start: jiff::civil::date(2026, 3, 1),
        absences: Vec::new(),
        swaps: Vec::new(),
        covers: Vec::new(),
    }
}

fn there(roster: &Roster, moment: &str) -> Vec<String> {
    match roster.on_duty(at(moment)) {
        OnDuty::People { people, .. } => people.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn teams_follow_one_another() {
    let roster = five();
    roster.check().unwrap();
    assert_eq!(there(&roster, "2026-03-01T20:00:00+01:00"), ["agente-1"]);
    assert_eq!(there(&roster, "2026-03-02T13:00:00+01:00"), ["agente-1"]);
    assert_eq!(there(&roster, "2026-03-02T20:00:00+01:00"), ["agente-2"]);
    let until = at("2026-03-02T19:00:00+01:00");
    let people = BTreeSet::from([person("agente-1")]);
    assert_eq!(roster.on_duty(at("2026-03-02T18:59:59+01:00")), OnDuty::People { people, until });
}

#[test]
fn an_absence_leaves_a_gap_that_a_swap_or_another_room_fills() {
    let mut roster = five();
    let day = jiff::civil::date(2026, 3, 2);
    roster.absences.push(Absence { person: person("agente-1"), from: day, until: day });
    let (from, until) = (at("2026-03-02T00:00:00+01:00"), at("2026-03-03T00:00:00+01:00"));
    let gap = Gap { from: at("2026-03-02T13:00:00+01:00"), until: at("2026-03-02T19:00:00+01:00") };
    assert_eq!(roster.gaps(from, until), [gap]);
    assert_eq!(roster.on_duty(gap.from), OnDuty::Nobody { until: gap.until });
    let mut covered = roster.clone();
    covered.covers.push(Cover { by: organisation("cnaipic"), from: gap.from, until });
    assert_eq!(covered.gaps(from, until), []);
    let by = organisation("cnaipic");
    assert_eq!(covered.on_duty(gap.from), OnDuty::Covered { by, until: gap.until });
    let (from_whom, to) = (person("agente-1"), person("agente-5"));
    roster.swaps.push(Swap { day, shift: "pomeriggio".into(), from: from_whom, to });
    assert_eq!(roster.gaps(from, until), []);
    assert_eq!(there(&roster, "2026-03-02T14:00:00+01:00"), ["agente-5"]);
}

#[test]
fn nights_of_a_changed_clock_have_no_gap() {
    for (from, until) in [
        ("2026-03-28T12:00:00+01:00", "2026-03-30T12:00:00+02:00"),
        ("2026-10-24T12:00:00+02:00", "2026-10-26T12:00:00+01:00"),
    ] {
        assert_eq!(five().gaps(at(from), at(until)), []);
    }
    let handovers =
        five().handovers(at("2026-03-29T00:00:00+01:00"), at("2026-03-29T12:00:00+02:00"));
    let night = [at("2026-03-28T23:00:00Z"), at("2026-03-29T05:00:00Z")];
    assert_eq!(handovers, BTreeSet::from(night), "a night of six hours");
}

#[test]
fn a_roster_that_does_not_stand_is_refused_by_name() {
    let broken = |break_it: &dyn Fn(&mut Roster)| {
        let mut roster = five();
        break_it(&mut roster);
        roster.check().unwrap_err().to_string()
    };
    assert!(broken(&|it| it.zone = "Europe/Roma".into()).contains("Europe/Roma"));
    assert!(broken(&|it| it.teams.clear()).contains("no team"));
    assert!(
        broken(&|it| it.cycle[2] = "mattino".into())
            .contains("day 3 of the cycle names the shift \"mattino\"")
    );
    let day = jiff::civil::date(2026, 3, 2);
    let absence = Absence { person: person("anna"), from: day, until: day.yesterday().unwrap() };
    assert!(broken(&|it| it.absences.push(absence.clone())).contains("anna ends before"));
}

proptest! {
    /// Either somebody can be called at a moment, or the moment is in a gap that is shown.
    #[test]
    fn every_minute_is_manned_or_shown(
        minute in 0_i64..(60 * 24 * 400),
        away in proptest::collection::vec((1_u8..=5, 0_i64..400, 0_i64..4), 0..20),
        cover in proptest::option::of((0_i64..(60 * 24 * 400), 1_i64..3000)),
    ) {
        let mut roster = five();
        let start = roster.start;
        for (team, from, length) in away {
            let from = start.saturating_add(from.days());
            let until = from.saturating_add(length.days());
            roster.absences.push(Absence { person: person(&format!("agente-{team}")), from, until });
        }
        let moment = |minute: i64| Instant::from_micros(Instant::start_of_day(start).micros() + minute * 60_000_000);
        if let Some((from, length)) = cover {
            let (from, until) = (moment(from), moment(from + length));
            roster.covers.push(Cover { by: organisation("cnaipic"), from, until });
        }
        let now = moment(minute);
        let day = std::time::Duration::from_secs(2 * 86_400);
        let gaps = roster.gaps(now.before(day), now.after(day));
        let shown = gaps.iter().any(|gap| gap.from <= now && now < gap.until);
        let nobody = matches!(roster.on_duty(now), OnDuty::Nobody { .. });
        prop_assert_eq!(shown, nobody, "{} {:?}", now, gaps);
    }
}
