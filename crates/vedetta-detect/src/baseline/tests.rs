use super::fact::Outcome;
use super::*;
use crate::decode::Decoder;

const START: i64 = 1_767_225_600_000_000;

fn watch() -> Baselines {
    Baselines::new(Settings { learning: 0, ..Settings::default() })
}

/// What is told of facts at seconds.
fn told(
    watch: &mut Baselines,
    facts: impl IntoIterator<Item = (f64, Fact)>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (second, fact) in facts {
        let at = Instant::from_micros(START + (second * 1e6) as i64);
        watch.see("s", &fact, at, &mut found);
    }
    found.retain(|it| it.id != "first-seen");
    found.into_iter().map(|it| (it.id, it.entity)).collect()
}

fn login(user: &str, outcome: Outcome) -> Fact {
    Fact::Login { user: user.into(), from: "192.0.2.7".into(), outcome }
}

fn connection(from: &str, to: &str, port: u16) -> Fact {
    Fact::Connection { from: from.into(), to: to.into(), port, bytes: 0.0 }
}

fn one(id: &str, entity: &str) -> Vec<(String, String)> {
    vec![(id.into(), entity.into())]
}

#[test]
fn guessed_passwords() {
    let failures = |n: u32, each: f64| {
        (0..n).map(move |it| (f64::from(it) * each, login("root", Outcome::Failure)))
    };
    assert_eq!(told(&mut watch(), failures(30, 1.0)), one("brute-force", "192.0.2.7"));
    assert_eq!(told(&mut watch(), failures(60, 120.0)), [], "a forgetful person");
    let spray = (0..15).map(|it| (f64::from(it), login(&format!("user{it}"), Outcome::Failure)));
    assert_eq!(told(&mut watch(), spray), one("password-spraying", "192.0.2.7"));
    let entered = failures(30, 1.0).chain([(31.0, login("root", Outcome::Success))]);
    let all = told(&mut watch(), entered);
    assert_eq!(all.last().unwrap().0, "login-after-brute-force");
}

#[test]
fn scans() {
    let ports = (0..300).map(|it| (f64::from(it) / 10.0, connection("a", "b", it as u16)));
    assert_eq!(told(&mut watch(), ports), one("scan", "a"));
    let hosts = (0..100).map(|it| (f64::from(it), connection("a", &format!("h{it}"), 445)));
    assert_eq!(told(&mut watch(), hosts), one("scan", "a"));
    let slow = (0..50).map(|it| (f64::from(it), connection("a", &format!("h{it}"), 443)));
    assert_eq!(told(&mut watch(), slow), []);
}

#[test]
fn a_rhythm_and_none() {
    let every = |jitter: f64| {
        (0..40).map(move |it| {
            let off = f64::from(it * it * 31 % 17) / 17.0 * jitter;
            (f64::from(it) * 60.0 + off, connection("a", "203.0.113.9", 443))
        })
    };
    assert_eq!(told(&mut watch(), every(3.0)), one("beacon", "a"));
    assert_eq!(told(&mut watch(), every(59.0)), []);
    let mut popular = watch();
    let clients = (0..30).map(|it| (0.0, connection(&format!("c{it}"), "203.0.113.9", 443)));
    told(&mut popular, clients);
    assert_eq!(told(&mut popular, every(3.0)), [], "a service that all use");
}

#[test]
fn a_flood_but_not_the_daily_peak() {
    let mut watch = Baselines::new(Settings { learning: 3 * DAY, ..Settings::default() });
    let request = || Fact::Request { from: "x".into(), to: "www".into() };
    let minute = |day: i64, minute: i64, count: i64| {
        let start = (day * 86_400 + minute * 60) as f64;
        (0..count)
            .map(move |it| (start + it as f64 * 59.0 / count as f64, request()))
            .collect::<Vec<_>>()
    };
    // Five days of 40 a minute, and 400 a minute from nine to ten.
    for day in 0..5 {
        for at in (0..1_440).step_by(1) {
            let count = if (540..600).contains(&at) { 400 } else { 40 };
            let found = told(&mut watch, minute(day, at, count));
            assert!(
                day < 3 || found.is_empty() || (540..560).contains(&at),
                "day {day} minute {at}: {found:?}"
            );
        }
    }
    assert_eq!(told(&mut watch, minute(5, 1, 5_000)), one("flood", "www"));
}

#[test]
fn names_made_by_a_machine() {
    let letters = "bcdfghjklmnpqrstvwxz".as_bytes();
    let name = |seed: usize| -> String {
        (0..14)
            .map(|it| letters[(seed * 31 + it * it * 7 + it * seed) % 20] as char)
            .collect::<String>()
            + ".example"
    };
    let query = |name: String| Fact::Query { from: "a".into(), name };
    let many = (0..30).map(|it| (it as f64, query(name(it + 1))));
    assert_eq!(told(&mut watch(), many), one("generated-names", "a"));
    let usual = (0..30).map(|it| (f64::from(it), query(format!("www{it}.wikipedia.example"))));
    assert_eq!(told(&mut watch(), usual), []);
}

#[test]
fn a_source_falls_silent_and_is_told_once() {
    let mut watch = watch();
    let mut found = Vec::new();
    // What it says is of last month: it is heard now.
    for it in 0..200 {
        let at = START + it * 1_000_000;
        watch.hear("s", Instant::from_micros(at - 30 * DAY), Instant::from_micros(at));
        watch.settle(Instant::from_micros(at), &mut found);
    }
    assert_eq!(found, [], "it speaks");
    for minutes in [5, 20, 30] {
        watch.settle(Instant::from_micros(START + 200_000_000 + minutes * MINUTE), &mut found);
    }
    assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["silent-source"]);
    assert!(found[0].title.contains("every 1.0 seconds"), "{}", found[0].title);
}

#[test]
fn first_seen_after_the_quiet_period() {
    let mut watch = Baselines::new(Settings { learning: DAY, ..Settings::default() });
    let process = |image: &str| Fact::Process { host: "ws1".into(), image: image.into() };
    let mut found = Vec::new();
    for (day, image) in [(0, "a.exe"), (0, "b.exe"), (2, "a.exe"), (2, "new.exe"), (3, "new.exe")] {
        watch.see("s", &process(image), Instant::from_micros(START + day * DAY), &mut found);
    }
    assert_eq!(
        found.iter().map(|it| it.title.as_str()).collect::<Vec<_>>(),
        ["new.exe runs for the first time, on ws1"]
    );
}

#[test]
fn what_events_say() {
    let of = |line: &str| {
        let mut decoder = Decoder::default();
        facts(&decoder.read(line.as_bytes()).unwrap().unwrap())
    };
    let ssh = "Oct 19 10:00:00 gw sshd[77]: Failed password for root from 192.0.2.7 port 4 ssh2";
    assert_eq!(of(ssh), [login("root", Outcome::Failure)]);
    let windows =
        r#"{"EventID":4625,"Channel":"Security","TargetUserName":"root","IpAddress":"192.0.2.7"}"#;
    assert_eq!(of(windows), [login("root", Outcome::Failure)]);
    let flow = r#"{"event_type":"flow","src_ip":"a","dest_ip":"b","dest_port":443}"#;
    assert_eq!(of(flow), [connection("a", "b", 443)]);
    let dns = r#"{"event_type":"dns","src_ip":"a","dns":{"rrname":"x.example"}}"#;
    assert_eq!(of(dns), [Fact::Query { from: "a".into(), name: "x.example".into() }]);
}
