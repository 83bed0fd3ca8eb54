use proptest::prelude::*;

use super::*;

fn at(minutes: u64) -> Instant {
    let start: Instant = "2026-03-02T03:00:00Z".parse().unwrap();
    start.after(Duration::from_secs(minutes * 60))
}

fn alarm(category: u8) -> Alarm {
    let name = Bilingual::new("Pre-notifica", "Pre-notification");
    let number = Some("2026-000001".parse().unwrap());
    let about = About { number, missed: false, ..About::of(name, at(30), category) };
    Alarm::raise(about, OrganisationId::new("cosc-umbria").unwrap(), at(0))
}

fn callee(name: &str, by: &[Means]) -> Callee {
    Callee { person: AccountId::new(name).unwrap(), by: by.iter().copied().collect() }
}

fn all_there(whom: Whom) -> Vec<Callee> {
    let by = [Means::Browser, Means::Email, Means::Sms];
    match whom {
        Whom::OnDuty => vec![callee("sala", &by)],
        Whom::Room => vec![callee("sala", &by), callee("turno", &by)],
        Whom::NationalOnDuty | Whom::NationalRoom => vec![callee("roma", &by)],
    }
}

#[test]
fn it_goes_up_until_somebody_answers() {
    let ladder = Ladder::default();
    ladder.check().unwrap();
    let mut alarm = alarm(1);
    let rungs = |alarm: &Alarm| alarm.steps.iter().map(|step| step.rung).collect::<Vec<_>>();
    for (minute, wanted) in
        [(0, &[0][..]), (4, &[0]), (5, &[0, 1]), (15, &[0, 1, 2]), (30, &[0, 1, 2, 3])]
    {
        alarm.advance(&ladder, &all_there, at(minute));
        assert_eq!(rungs(&alarm), wanted, "at {minute}");
    }
    alarm.advance(&ladder, &all_there, at(60));
    alarm.advance(&ladder, &all_there, at(119));
    assert_eq!(rungs(&alarm), [0, 1, 2, 3, 4]);
    alarm.advance(&ladder, &all_there, at(120));
    assert_eq!(rungs(&alarm), [0, 1, 2, 3, 4, 4], "again, until somebody answers");
    assert!(alarm.calls(&AccountId::new("roma").unwrap()));
    alarm.stands = Stands::Answered { by: AccountId::new("roma").unwrap(), at: at(121) };
    alarm.advance(&ladder, &all_there, at(600));
    assert_eq!(alarm.steps.len(), 6);
}

#[test]
fn a_light_case_goes_the_same_way_up_at_its_own_pace() {
    let ladder = Ladder::default();
    for (category, pace) in [(4, 4), (5, 8), (6, 16)] {
        let mut alarm = alarm(category);
        let mut reached = |minute: u64| {
            alarm.advance(&ladder, &all_there, at(minute));
            alarm.steps.last().unwrap().rung
        };
        assert_eq!(reached(0), 0);
        assert_eq!((reached(5 * pace - 1), reached(5 * pace)), (0, 1), "of category {category}");
        assert_eq!((reached(15 * pace), reached(30 * pace)), (2, 3));
        assert_eq!(reached(60 * pace), 4, "up to the national centre");
        let steps = alarm.steps.len();
        alarm.advance(&ladder, &all_there, at(120 * pace));
        assert_eq!(alarm.steps.len(), steps + 1, "again, until somebody answers");
    }
    let mut alarm = alarm(6);
    alarm.advance(&ladder.at_full_pace(), &all_there, at(0));
    alarm.advance(&ladder.at_full_pace(), &all_there, at(5));
    assert_eq!(alarm.steps.len(), 2, "at full pace it takes no longer than the gravest");
}

#[test]
fn what_no_page_shows_counts_for_nothing_and_the_next_rung_begins() {
    let ladder = Ladder::default();
    let browser = |whom| match whom {
        Whom::OnDuty => vec![callee("sala", &[Means::Browser])],
        whom => all_there(whom),
    };
    let offered = |at: Instant| {
        let mut alarm = alarm(1);
        alarm.advance(&ladder, &browser, at);
        alarm.steps[0].calls[0].state = CallState::Offered { at };
        alarm
    };
    let mut unseen = offered(at(0));
    unseen.advance(&ladder, &browser, at(0).after(Duration::from_secs(59)));
    assert_eq!(unseen.steps.len(), 1, "a page has a minute");
    unseen.advance(&ladder, &browser, at(1));
    assert!(matches!(unseen.steps[0].calls[0].state, CallState::Failed { .. }));
    assert_eq!(unseen.steps.len(), 2);
    let mut seen = offered(at(0));
    let sala = AccountId::new("sala").unwrap();
    assert!(!seen.show(&AccountId::new("turno").unwrap(), at(0)), "another's page");
    assert!(seen.show(&sala, at(0)) && !seen.show(&sala, at(0)));
    seen.advance(&ladder, &browser, at(4));
    assert_eq!(seen.steps.len(), 1, "seen, it has its time");
}

#[test]
fn where_nobody_is_the_next_rung_begins_at_once_and_the_gap_is_kept() {
    let ladder = Ladder::default();
    let mut alarm = alarm(1);
    let national = |whom| match whom {
        Whom::OnDuty | Whom::Room => Vec::new(),
        whom => all_there(whom),
    };
    alarm.advance(&ladder, &national, at(0));
    assert_eq!((alarm.steps.len(), alarm.gaps().count()), (4, 3));
    assert_eq!(alarm.steps[3].calls[0].person.as_str(), "roma");
    // A call that does not come through is as good as none.
    for call in &mut alarm.steps[3].calls {
        call.state = CallState::Failed { at: at(1), reason: "no route".into() };
    }
    alarm.advance(&ladder, &national, at(1));
    assert_eq!(alarm.steps.len(), 5);
}

#[test]
fn a_ladder_that_calls_nobody_is_refused() {
    let broken = |change: fn(&mut Ladder)| {
        let mut ladder = Ladder::default();
        change(&mut ladder);
        ladder.check().unwrap_err()
    };
    assert_eq!(broken(|it| it.rungs.clear()), LadderError::Rungs);
    assert_eq!(broken(|it| it.rungs[1].by.clear()), LadderError::Means(2));
    assert_eq!(broken(|it| it.rungs[4].after_minutes = 1), LadderError::Order(5));
    assert_eq!(broken(|it| it.rungs[0].category = 3), LadderError::First);
    assert_eq!(broken(|it| it.rungs[2].category = 0), LadderError::Category(3));
    assert_eq!(broken(|it| it.again_minutes = 0), LadderError::Again);
    assert_eq!(broken(|it| it.pace[5] = 0), LadderError::Pace);
}

proptest! {
    #[test]
    fn nobody_is_called_twice_for_a_step_and_somebody_is_always_called_or_the_gap_is_kept(
        category in 1u8..=6,
        looks in proptest::collection::vec((0u64..30, proptest::collection::vec((0u8..4, 0u8..16), 0..6)), 1..40),
        fail in any::<bool>(),
    ) {
        let ladder = Ladder::default();
        let (mut alarm, mut minute) = (alarm(category), 0);
        for (wait, people) in looks {
            minute += wait;
            let who = |_: Whom| people.iter().map(|(name, means)| {
                let all = [Means::Browser, Means::Email, Means::Sms, Means::Webhook];
                let by = all.into_iter().enumerate().filter(|(bit, _)| means & (1 << bit) != 0);
                let by: Vec<_> = by.map(|(_, means)| means).collect();
                callee(&format!("p{name}"), &by)
            }).collect::<Vec<_>>();
            let begin = alarm.advance(&ladder, &who, at(minute));
            let heard = |step: &Step| (step.rung, step.reached_nobody());
            let mut last = begin.checked_sub(1).map(|at| heard(&alarm.steps[at]));
            for step in &mut alarm.steps[begin..] {
                let each: BTreeSet<_> = step.calls.iter().map(|it| (it.person.clone(), it.by)).collect();
                prop_assert_eq!(each.len(), step.calls.len());
                let rung = &ladder.rungs[step.rung];
                // Higher only where nobody heard, and there again.
                let above = last.is_some_and(|(rung, lost)| lost || rung == step.rung);
                prop_assert!(category <= rung.category || above);
                let could = people.iter().any(|(_, means)| {
                    let all = [Means::Browser, Means::Email, Means::Sms, Means::Webhook];
                    all.iter().enumerate().any(|(bit, it)| means & (1 << bit) != 0 && rung.by.contains(it))
                });
                prop_assert_eq!(could, !step.calls.is_empty(), "called, or a gap");
                last = Some(heard(&*step));
                if fail {
                    for call in &mut step.calls {
                        call.state = CallState::Unknown { at: at(minute) };
                    }
                }
            }
            prop_assert!(!alarm.steps.is_empty(), "the first rung is called at once");
            let rungs: Vec<_> = alarm.steps.iter().map(|step| step.rung).collect();
            prop_assert!(rungs.is_sorted());
            prop_assert!(alarm.steps.len() <= 100);
        }
    }
}
