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
    let handshake = Handshake::Other;
    Fact::Connection { from: from.into(), to: to.into(), port, bytes: 0.0, handshake }
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

/// So many facts, spread over a minute of a day.
fn minute(day: i64, minute: i64, count: i64, fact: &Fact) -> Vec<(f64, Fact)> {
    let start = (day * 86_400 + minute * 60) as f64;
    (0..count).map(|it| (start + it as f64 * 59.0 / count as f64, fact.clone())).collect()
}

#[test]
fn a_flood_but_not_the_daily_peak() {
    let mut watch = Baselines::new(Settings { learning: 3 * DAY, ..Settings::default() });
    let request = Fact::Request { from: "x".into(), to: "www".into() };
    // 10 a minute, 400 from nine to ten, and 600 at noon, for eight days.
    for day in 0..8 {
        for at in 0..1_440 {
            let count = match at / 60 {
                9 => 400,
                12 => 600,
                _ => 10,
            };
            let found = told(&mut watch, minute(day, at, count, &request));
            assert_eq!(found, [], "day {day} minute {at}");
        }
    }
    assert_eq!(told(&mut watch, minute(8, 1, 500, &request)), one("flood", "www"), "at night");
    assert_eq!(told(&mut watch, minute(8, 12 * 60 + 1, 2_500, &request)), one("flood", "www"));
}

fn open(port: u16, handshake: Handshake) -> Fact {
    let (from, to) = ("192.0.2.9".into(), "198.51.100.7".into());
    Fact::Connection { from, to, port, bytes: 0.0, handshake }
}

#[test]
fn connections_that_nobody_finishes_are_a_flood_of_their_own() {
    let mut watch = watch();
    // A busy service: 2,000 a minute are usual, and some are never finished.
    for at in 0..60 {
        let whole = minute(0, at, 2_000, &open(443, Handshake::Other));
        let half = minute(0, at, 3, &open(443, Handshake::Unfinished));
        assert_eq!(told(&mut watch, whole.into_iter().chain(half)), []);
    }
    let mut found = Vec::new();
    for (second, fact) in minute(0, 61, 900, &open(443, Handshake::Unfinished)) {
        let at = Instant::from_micros(START + (second * 1e6) as i64);
        watch.see("s", &fact, at, &mut found);
    }
    let [flood] = &found[..] else { panic!("one: {found:?}") };
    assert!(flood.title.contains("half-open connections in a minute for 198.51.100.7 port 443"));
    assert_eq!((flood.techniques[0].as_str(), &flood.evidence["port"]), ("T1498.001", &443.into()));
}

#[test]
fn the_first_connections_that_nobody_finishes_are_a_flood_of_connections() {
    let mut watch = watch();
    for at in 0..60 {
        assert_eq!(told(&mut watch, minute(0, at, 20, &open(443, Handshake::Other))), []);
    }
    let flood = minute(0, 61, 900, &open(443, Handshake::Unfinished));
    assert_eq!(told(&mut watch, flood), one("flood", "198.51.100.7"));
}

#[test]
fn who_tries_every_port_erases_nothing_that_is_usual() {
    let mut watch = watch();
    let query = Fact::Query { from: "192.0.2.5".into(), name: "www.example".into() };
    for at in 0..60 {
        assert_eq!(told(&mut watch, minute(0, at, 10, &query)), []);
    }
    let scan = (0..=u16::MAX).map(|port| (3_660.0, connection("192.0.2.66", "192.0.2.1", port)));
    assert_eq!(told(&mut watch, scan), one("scan", "192.0.2.66"));
    assert_eq!(told(&mut watch, minute(0, 62, 500, &query)), one("flood", "192.0.2.5"));
}

#[test]
fn what_flow_records_say_of_the_handshake() {
    for (line, expected) in [
        (
            r#"{"event_type":"flow","src_ip":"a","dest_ip":"b","dest_port":1,"tcp":{"tcp_flags":"02","syn":true,"state":"syn_sent"}}"#,
            Handshake::Unfinished,
        ),
        (
            r#"{"event_type":"flow","src_ip":"a","dest_ip":"b","dest_port":1,"tcp":{"tcp_flags":"1b","syn":true,"ack":true,"state":"closed"}}"#,
            Handshake::Other,
        ),
        (
            r#"{"event_type":"netflow","src_ip":"a","dest_ip":"b","dest_port":1,"tcp":{"tcp_flags":"02","syn":true}}"#,
            Handshake::Unfinished,
        ),
        (
            r#"{"_path":"conn","id.orig_h":"a","id.resp_h":"b","id.resp_p":1,"conn_state":"S0"}"#,
            Handshake::Unfinished,
        ),
        (
            r#"{"_path":"conn","id.orig_h":"a","id.resp_h":"b","id.resp_p":1,"conn_state":"SF"}"#,
            Handshake::Other,
        ),
        (
            r#"{"type":"NETFLOW_V9","src_addr":"a","dst_addr":"b","dst_port":1,"tcp_flags":2}"#,
            Handshake::Unfinished,
        ),
        (
            r#"{"src4_addr":"a","dst4_addr":"b","dst_port":1,"tcp_flags":"......S."}"#,
            Handshake::Unfinished,
        ),
        (
            r#"{"src4_addr":"a","dst4_addr":"b","dst_port":1,"tcp_flags":"...A..S."}"#,
            Handshake::Other,
        ),
    ] {
        let mut decoder = Decoder::default();
        let facts = facts(&decoder.read(line.as_bytes()).unwrap().unwrap());
        let [Fact::Connection { from, to, handshake, .. }] = &facts[..] else {
            panic!("{line}: {facts:?}")
        };
        assert_eq!((&**from, &**to, *handshake), ("a", "b", expected), "{line}");
    }
}

#[test]
fn what_was_learned_outlives_the_process() {
    let settings = || Settings { learning: 3 * DAY, ..Settings::default() };
    let mut before = Baselines::new(settings());
    let request = Fact::Request { from: "x".into(), to: "www".into() };
    let process = |image: &str| Fact::Process { host: "ws1".into(), image: image.into() };
    for day in 0..4 {
        for at in 0..1_440 {
            told(&mut before, minute(day, at, 10, &request));
        }
        told(&mut before, minute(day, 0, 1, &process("a.exe")));
        told(
            &mut before,
            (0..20).map(|it| {
                (day as f64 * 86_400.0 + f64::from(it) * 60.0, connection("a", "b", 443))
            }),
        );
    }
    let kept = before.written().sealed().unwrap();
    let now = Instant::from_micros(START + 5 * DAY);
    let mut after = Baselines::new(settings());
    after.take_up(&kept, now).unwrap();
    for fact in [minute(4, 1, 1_000, &request), minute(4, 2, 1, &process("new.exe"))] {
        let mut found = [Vec::new(), Vec::new()];
        for (second, fact) in fact {
            let at = Instant::from_micros(START + (second * 1e6) as i64);
            before.see("s", &fact, at, &mut found[0]);
            after.see("s", &fact, at, &mut found[1]);
        }
        assert_eq!(found[0], found[1]);
        assert_eq!(found[0].len(), 1, "it does not learn anew");
    }
    assert_eq!(before.written().sealed().unwrap().len(), after.written().sealed().unwrap().len());
}

#[test]
fn what_is_torn_or_of_another_version_is_refused_whole() {
    let mut watch = watch();
    told(&mut watch, (0..20).map(|it| (f64::from(it), connection("a", &format!("h{it}"), 443))));
    let kept = watch.written().sealed().unwrap();
    let now = Instant::from_micros(START);
    let mut other = Baselines::new(Settings::default());
    let empty = other.written().sealed().unwrap();
    for length in (0..kept.len()).step_by(61).chain([kept.len() - 1]) {
        assert_eq!(other.take_up(&kept[..length], now), Err(Unreadable::Torn), "{length}");
    }
    let mut turned = kept.clone();
    turned[40] ^= 1;
    assert_eq!(other.take_up(&turned, now), Err(Unreadable::Torn));
    let later = Learned::under(b"vedetta baselines 3\n", |out| out.push(1)).sealed().unwrap();
    assert_eq!(other.take_up(&later, now), Err(Unreadable::OtherVersion));
    assert_eq!(other.written().sealed().unwrap(), empty, "nothing of it was taken");
    other.take_up(&kept, now).unwrap();
}

#[test]
fn what_could_not_be_taken_up_again_is_not_kept() {
    assert_eq!(Learned(vec![0; LARGEST]).sealed(), None);
}

#[test]
fn nobody_was_silent_while_nobody_listened() {
    let mut watch = watch();
    for it in 0..200 {
        let at = Instant::from_micros(START + it * 1_000_000);
        watch.hear("s", at, at);
    }
    let (kept, mut found) = (watch.written().sealed().unwrap(), Vec::new());
    let later = START + DAY;
    watch.take_up(&kept, Instant::from_micros(later)).unwrap();
    watch.settle(Instant::from_micros(later + MINUTE), &mut found);
    assert_eq!(found, []);
    watch.settle(Instant::from_micros(later + 20 * MINUTE), &mut found);
    assert_eq!(found.len(), 1);
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
