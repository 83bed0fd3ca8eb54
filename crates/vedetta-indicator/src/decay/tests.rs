use proptest::prelude::*;

use super::*;

const DAY_MICROS: i64 = 86_400_000_000;

fn day(day: i64) -> Instant {
    Instant::from_micros(day * DAY_MICROS)
}

fn life() -> Life {
    Life {
        confidence: Some(80),
        valid_from: day(0),
        valid_until: None,
        last_sighting: None,
        recall: Recall::None,
    }
}

fn table(text: &str) -> Result<DecayTable, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn linear() -> DecayTable {
    table(
        r#"{"confidence": 50, "other": {"lifetime_days": 100, "decay_speed": 1, "threshold": 20},
            "kinds": {"domain": {"lifetime_days": 10, "decay_speed": 2, "threshold": 0}}}"#,
    )
    .unwrap()
}

#[test]
fn the_score_falls_as_the_paper_says() {
    let at = |kinds: &[Kind], now| linear().standing(&life(), kinds, day(now));
    assert_eq!(at(&[], 0), Standing::Live(80));
    assert_eq!(at(&[], 50), Standing::Live(40));
    assert_eq!(at(&[], 74), Standing::Live(21));
    assert_eq!(at(&[], 75), Standing::Faded);
    // 80 × (1 − (2.5 / 10)^(1/2)) = 40
    let now = Instant::from_micros(DAY_MICROS * 5 / 2);
    assert_eq!(linear().standing(&life(), &[Kind::Domain], now), Standing::Live(40));
    assert_eq!(at(&[Kind::Domain], 10), Standing::Faded);
    assert_eq!(at(&[Kind::Domain, Kind::Mutex], 10), Standing::Live(72));
}

#[test]
fn a_life_has_its_ends() {
    let table = linear();
    let at = |life: Life, now| table.standing(&life, &[], day(now));
    assert_eq!(at(life(), -1), Standing::NotYet);
    assert_eq!(at(Life { valid_until: Some(day(9)), ..life() }, 9), Standing::Over);
    assert_eq!(at(Life { recall: Recall::Revoked, ..life() }, 1), Standing::Revoked);
    let seen = Life { last_sighting: Some(day(60)), ..life() };
    assert_eq!((at(life(), 80), at(seen, 80)), (Standing::Faded, Standing::Live(64)));
    let ahead = Life { last_sighting: Some(day(90)), ..life() };
    assert_eq!(at(ahead, 80), Standing::Live(80));
    assert_eq!(at(Life { confidence: None, ..life() }, 0), Standing::Live(50));
    assert_eq!(at(Life { confidence: Some(0), ..life() }, 0), Standing::Faded);
}

#[test]
fn a_turn_is_the_last_change() {
    let table = linear();
    assert_eq!(table.turned(&life(), &[], day(-1)), None);
    assert_eq!(table.turned(&life(), &[], day(74)), Some(day(0)));
    assert_eq!(table.turned(&life(), &[], day(76)), Some(day(75)));
    let short = Life { valid_until: Some(day(9)), ..life() };
    assert_eq!(table.turned(&short, &[], day(76)), Some(day(9)));
}

#[test]
fn a_table_is_checked() {
    let whole = DecayTable::default();
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(table(&text), Ok(whole));
    let wrong = |from: &str, to: &str| table(&text.replacen(from, to, 1)).unwrap_err();
    assert!(wrong("\"md5\"", "\"md6\"").contains("kinds.md6: no such kind"));
    assert!(wrong("\"decay_speed\":0.5", "\"decay_speed\":0").contains("must be more than 0"));
    assert!(wrong("\"confidence\":50", "\"confidence\":101").contains("between 0 and 100"));
}

#[test]
fn what_a_table_does_not_say_is_as_proposed() {
    let days = |table: &DecayTable, kind| table.parameters(kind).lifetime_days;
    let own =
        table(r#"{"kinds": {"ipv4": {"lifetime_days": 7, "decay_speed": 0.5, "threshold": 20}}}"#);
    let (own, proposed) = (own.unwrap(), DecayTable::default());
    assert_eq!(days(&own, Kind::Ipv4), 7.0);
    for kind in [Kind::Ipv6, Kind::Domain, Kind::Mutex] {
        assert_eq!(days(&own, kind), days(&proposed, kind));
    }
    assert_eq!(own.base(&Life { confidence: None, ..life() }), 50);
}

proptest! {
    #[test]
    fn worth_only_falls_and_ends_when_foretold(
        confidence in 0u8..=100, lifetime in 1f64..400.0, speed in 0.05f64..5.0,
        threshold in 0f64..99.0, moments in proptest::collection::vec(0i64..500 * DAY_MICROS, 2..6),
    ) {
        let parameters = Parameters { lifetime_days: lifetime, decay_speed: speed, threshold };
        let table = DecayTable { confidence: 50, other: parameters, kinds: BTreeMap::new() };
        let life = Life { confidence: Some(confidence), ..life() };
        let end = table.end(&life, &[]);
        let mut moments = moments;
        moments.sort_unstable();
        let mut last = 100;
        for now in moments.into_iter().map(Instant::from_micros) {
            let score = match table.standing(&life, &[], now) {
                Standing::Live(score) => score,
                _ => 0,
            };
            prop_assert!(score <= last);
            // A second for the rounding of powers.
            let second = Duration::from_secs(1);
            prop_assert!(now < end.after(second) || score == 0);
            prop_assert!(now.after(second) > end || score > 0);
            last = score;
        }
    }
}
