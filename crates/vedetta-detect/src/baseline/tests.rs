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

/// A request to a server, by a name.
fn request(to: &str, host: Option<&str>) -> Fact {
    let (to, host) = (Some(to.into()), host.map(str::to_owned));
    Fact::Request { from: "x".into(), to, port: Some(443), host }
}

fn query(from: &str, name: &str) -> Fact {
    let to = Some("192.0.2.53".into());
    Fact::Query { from: from.into(), name: name.into(), to, port: Some(53) }
}

/// So many facts, spread over a minute of a day.
fn minute(day: i64, minute: i64, count: i64, fact: &Fact) -> Vec<(f64, Fact)> {
    let start = (day * 86_400 + minute * 60) as f64;
    (0..count).map(|it| (start + it as f64 * 59.0 / count as f64, fact.clone())).collect()
}

#[test]
fn a_flood_but_not_the_daily_peak() {
    let mut watch = Baselines::new(Settings { learning: 3 * DAY, ..Settings::default() });
    let request = request("www", None);
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
    let query = query("192.0.2.5", "www.example");
    for at in 0..60 {
        assert_eq!(told(&mut watch, minute(0, at, 10, &query)), []);
    }
    let scan = (0..=u16::MAX).map(|port| (3_660.0, connection("192.0.2.66", "192.0.2.1", port)));
    assert_eq!(told(&mut watch, scan), one("scan", "192.0.2.66"));
    let both = [one("flood", "192.0.2.5"), one("flood", "192.0.2.53")].concat();
    assert_eq!(told(&mut watch, minute(0, 62, 500, &query)), both, "whose, and whom it meets");
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
    let request = request("www", None);
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
    let later = Learned::under(b"vedetta baselines 4\n", |out| out.push(1)).sealed().unwrap();
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
fn a_clock_that_was_behind_at_the_start_makes_nobody_silent_and_hides_nobody() {
    let (mut watch, mut found) = (watch(), Vec::new());
    let speak = |watch: &mut Baselines, from: i64| {
        for it in 0..200 {
            let at = Instant::from_micros(from + it * 1_000_000);
            watch.hear("s", at, at);
        }
    };
    speak(&mut watch, START);
    let kept = watch.written().sealed().unwrap();
    // The machine starts in 1970, and is told the time a minute later.
    watch.take_up(&kept, Instant::from_micros(0)).unwrap();
    watch.settle(Instant::from_micros(MINUTE), &mut found);
    watch.settle(Instant::from_micros(START + DAY), &mut found);
    assert_eq!(found, []);
    speak(&mut watch, START + DAY);
    watch.settle(Instant::from_micros(START + DAY + 24 * MINUTE), &mut found);
    let [silent] = &found[..] else { panic!("one: {found:?}") };
    assert!(silent.title.contains("every 1.0 seconds"), "{}", silent.title);
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
    let query = |name: String| query("a", &name);
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
    let dns = r#"{"event_type":"dns","src_ip":"a","dest_ip":"192.0.2.53","dest_port":53,"dns":{"rrname":"x.example"}}"#;
    assert_eq!(of(dns), [query("a", "x.example")]);
    let bind = "client @0x7f 192.0.2.1#5353 (x.example): query: x.example IN A +E(0)K (192.0.2.53)";
    let (from, name, to) = ("192.0.2.1".into(), "x.example".into(), Some("192.0.2.53".into()));
    assert_eq!(of(bind), [Fact::Query { from, name, to, port: None }]);
    let eve = r#"{"event_type":"http","src_ip":"x","dest_ip":"198.51.100.7","dest_port":443,"http":{"hostname":"www.example","http_method":"GET","url":"/"}}"#;
    assert_eq!(of(eve), [request("198.51.100.7", Some("www.example"))]);
    let web = r#"192.0.2.7 - - [19/Oct/2026:10:00:00 +0200] "GET / HTTP/1.1" 200 9"#;
    let from = "192.0.2.7".into();
    assert_eq!(of(web), [Fact::Request { from, to: None, port: None, host: None }]);
}

#[test]
fn a_flood_under_names_that_are_made_up_is_told_of_the_server_that_it_meets() {
    let mut watch = watch();
    let usual = |at| minute(0, at, 10, &request("198.51.100.7", Some("www.example")));
    for at in 0..60 {
        assert_eq!(told(&mut watch, usual(at)), []);
    }
    let made_up = (0..60_000).map(|it| {
        let name = format!("{it}.example");
        (3_660.0, request("198.51.100.7", Some(&name)))
    });
    assert_eq!(told(&mut watch, made_up), one("flood", "198.51.100.7"));
    let mut found = Vec::new();
    for (second, fact) in minute(0, 130, 400, &request("198.51.100.7", Some("www.example"))) {
        watch.see("s", &fact, Instant::from_micros(START + (second * 1e6) as i64), &mut found);
    }
    let [flood] = &found[..] else { panic!("one: {found:?}") };
    assert!(flood.title.contains("198.51.100.7 as www.example; usual"), "{}", flood.title);
}

#[test]
fn a_flood_of_queries_by_many_is_told_of_the_server_that_it_meets() {
    let mut watch = watch();
    for at in 0..60 {
        assert_eq!(told(&mut watch, minute(0, at, 10, &query("192.0.2.5", "www.example"))), []);
    }
    let flood = (0..2_000).map(|it| (3_660.0, query(&format!("c{it}"), &format!("{it}.example"))));
    assert_eq!(told(&mut watch, flood), one("flood", "192.0.2.53"));
}

#[test]
fn neither_a_clock_ahead_nor_lines_that_come_late_are_a_flood() {
    let mut watch = watch();
    let usual = |at| minute(0, at, 100, &request("www", None));
    for at in 0..60 {
        assert_eq!(told(&mut watch, usual(at)), []);
    }
    // A host whose clock is ahead.
    assert_eq!(told(&mut watch, minute(0, 65, 1, &request("www", None))), []);
    for at in 60..80 {
        assert_eq!(told(&mut watch, usual(at)), [], "minute {at}");
    }
    // Another log of the same, read an hour behind, and a minute behind.
    for at in (20..79).chain(79..80) {
        assert_eq!(told(&mut watch, usual(at)), [], "minute {at}");
    }
    let flood = minute(0, 78, 900, &request("www", None));
    assert_eq!(told(&mut watch, flood), one("flood", "www"), "one that comes late is one");
}

/// A watch that learned for an hour, and then heard an hour of a clock that is a day ahead.
fn ahead() -> Baselines {
    let mut watch = watch();
    for at in 0..60 {
        watch.settle(Instant::from_micros(START + at * MINUTE), &mut Vec::new());
        assert_eq!(told(&mut watch, minute(0, at, 100, &request("www", None))), []);
    }
    for at in 0..60 {
        watch.settle(Instant::from_micros(START + DAY + at * MINUTE), &mut Vec::new());
        told(&mut watch, minute(1, at, if at == 59 { 900 } else { 100 }, &request("www", None)));
    }
    watch
}

#[test]
fn a_clock_that_is_set_right_hides_no_flood() {
    let mut set = ahead();
    let now = Instant::from_micros(START + 60 * MINUTE);
    set.settle(now, &mut Vec::new());
    let mut again = watch();
    again.take_up(&ahead().written().sealed().unwrap(), now).unwrap();
    for (watch, how) in [(&mut set, "at work"), (&mut again, "while it stood still")] {
        for at in 60..70 {
            watch.settle(Instant::from_micros(START + at * MINUTE), &mut Vec::new());
            assert_eq!(told(watch, minute(0, at, 100, &request("www", None))), [], "{how}");
        }
        let flood = minute(0, 70, 900, &request("www", None));
        assert_eq!(told(watch, flood), one("flood", "www"), "{how}");
    }
}

#[test]
fn a_clock_that_is_set_right_hides_no_guessing() {
    let mut watch = watch();
    let guesses =
        |from: f64| (0..30).map(move |it| (from + f64::from(it), login("root", Outcome::Failure)));
    watch.settle(Instant::from_micros(START + DAY), &mut Vec::new());
    assert_eq!(told(&mut watch, guesses(86_400.0)), one("brute-force", "192.0.2.7"));
    watch.settle(Instant::from_micros(START), &mut Vec::new());
    assert_eq!(told(&mut watch, guesses(0.0)), one("brute-force", "192.0.2.7"));
}

#[test]
fn who_tries_every_port_hides_no_rhythm() {
    let mut watch = watch();
    let beat = |it: i64| (it as f64 * 60.0, connection("a", "203.0.113.9", 443));
    assert_eq!(told(&mut watch, (0..11).map(beat)), []);
    let scan = (0..120_000_u32).map(|it| {
        let to = format!("h{}", it % 2);
        (630.0, connection("192.0.2.66", &to, (it / 2) as u16))
    });
    assert_eq!(told(&mut watch, scan).len(), 2, "two hosts are scanned");
    assert_eq!(told(&mut watch, (11..20).map(beat)), one("beacon", "a"));
}

#[test]
fn what_is_seldom_and_comes_back_is_told() {
    let mut watch = Baselines::new(Settings { learning: DAY, ..Settings::default() });
    let process = |image: &str| Fact::Process { host: "ws1".into(), image: image.into() };
    let mut found = Vec::new();
    for day in 0..90 {
        let daily = (!(56..77).contains(&day)).then_some("daily.exe");
        let monthly = (day % 30 == 5).then_some("monthly.exe");
        for image in daily.into_iter().chain(monthly) {
            for again in [0, HOUR] {
                let at = Instant::from_micros(START + day * DAY + again);
                watch.see("s", &process(image), at, &mut found);
            }
        }
    }
    let told: Vec<_> = found.iter().map(|it| (it.id.as_str(), it.title.as_str())).collect();
    let first = ("first-seen", "monthly.exe runs for the first time, on ws1");
    let again = ("rare", "monthly.exe runs after a week or more, as it seldom does, on ws1");
    assert_eq!(told, [first, again, again], "and not who was on holiday");
}
