use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::AtomicI64;

use super::*;

/// A clock that is set by hand.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// A sensor of a directory, without a link.
struct Bench {
    directory: tempfile::TempDir,
    clock: Arc<Hand>,
    /// The owner's own.
    rules: Vec<(String, String)>,
}

const DAY: i64 = 86_400_000_000;
/// 2026-11-01T00:00:00Z.
const START: i64 = 1_793_491_200_000_000;

impl Bench {
    fn new(settings: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("auth.log");
        std::fs::write(&log, "").unwrap();
        let settings = format!("{settings}\n[[input]]\nfile = {log:?}\n");
        std::fs::write(directory.path().join(Settings::FILE), settings).unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(START)));
        Self { directory, clock, rules: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn open(&self) -> Opened {
        let start = Start {
            directory: self.directory.path().to_owned(),
            rules: self.rules.clone(),
            pipelines: Vec::new(),
            harmless: WarningLists::default(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            stdin: Stdin::Unread,
            until: Until::Told,
        };
        Opened::of(start, &Identity::of_nobody()).unwrap()
    }

    /// Writes more to a file.
    fn write(&self, name: &str, text: &str) {
        let mut file = File::options().append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// Somebody logs in, on a day.
    fn login(&self, day: i64, from: &str) {
        self.clock.0.store(START + day * DAY, Ordering::Relaxed);
        let mut file = File::options().append(true).open(self.path("auth.log")).unwrap();
        let day = day + 1;
        writeln!(
            file,
            "<38>1 2026-11-{day:02}T00:00:00Z srv-1 sshd 7 - - Accepted password for anna from {from} port 40000 ssh2"
        )
        .unwrap();
    }
}

/// Turns until it is so.
fn until(opened: &mut Opened, is_so: impl Fn(&Watching) -> bool) {
    for _ in 0..5_000 {
        if is_so(&opened.watching) {
            return;
        }
        assert!(opened.watching.turn(&opened.told).unwrap());
    }
    panic!("it does not come to that");
}

/// Stops a sensor, which keeps what it knows.
fn end(mut opened: Opened) {
    opened.watching.end(&opened.told).unwrap();
}

/// A sensor that reads a table up to its first row, and stops.
fn reads_a_row(bench: &Bench, settings: &str, table: &str) {
    bench.write(Settings::FILE, settings);
    let mut opened = bench.open();
    opened.known.take(INDICATOR, bench.clock.now()).unwrap();
    bench.write("auth.log", table);
    until(&mut opened, |it| it.counted.events == 1);
    end(opened);
}

/// Opens it again: it finds what the indicator says in the only row of so many lines.
fn finds_a_row(bench: &Bench, lines: u64, why: &str) {
    let mut opened = bench.open();
    until(&mut opened, |it| it.inputs[0].status().lines == lines);
    assert_eq!(titles(&opened), ["Indicator: ipv4 203.0.113.7"], "{why}");
    assert_eq!(opened.watching.counted.events, 1, "a header is no row: {why}");
    end(opened);
}

fn titles(opened: &Opened) -> Vec<String> {
    let outbox = opened.watching.shared.outbox.lock().unwrap();
    outbox.next(usize::MAX, usize::MAX).into_iter().map(|it| it.title).collect()
}

#[test]
fn a_restart_does_not_begin_the_learning_anew() {
    let bench = Bench::new("baselines = 1");
    let mut opened = bench.open();
    bench.login(0, "192.0.2.1");
    until(&mut opened, |it| it.counted.events == 1);
    end(opened);
    let mut opened = bench.open();
    bench.login(2, "192.0.2.1");
    bench.login(2, "192.0.2.2");
    until(&mut opened, |it| it.counted.events == 2);
    let told = titles(&opened);
    assert_eq!(told.len(), 1, "the day of learning was over: {told:?}");
    end(opened);
}

const THREE_LOGINS: &str = "\
title: A login
name: login
logsource: {product: linux, service: sshd}
detection:
  s:
    message|contains: Accepted
  condition: s
---
title: Three logins of one account
id: 5c7e3f0a-4b1d-4e0a-9f63-0d1f6f0a7b11
correlation:
  type: event_count
  rules: [login]
  group-by: [login.user]
  timespan: 1h
  condition: {gte: 3}
";

#[test]
fn what_correlations_counted_before_a_restart_counts_after_it() {
    let mut bench = Bench::new("");
    bench.rules.push(("three.yml".into(), THREE_LOGINS.into()));
    let mut opened = bench.open();
    bench.login(0, "192.0.2.1");
    bench.login(0, "192.0.2.2");
    until(&mut opened, |it| it.counted.events == 2);
    assert_eq!(titles(&opened), [""; 0]);
    end(opened);
    let mut opened = bench.open();
    bench.login(0, "192.0.2.3");
    until(&mut opened, |it| it.counted.events == 1);
    assert_eq!(titles(&opened), ["Three logins of one account"]);
    end(opened);
}

#[test]
fn what_is_torn_is_learned_anew_and_written_again() {
    let bench = Bench::new("baselines = 1");
    let mut opened = bench.open();
    bench.login(0, "192.0.2.1");
    until(&mut opened, |it| it.counted.events == 1);
    end(opened);
    let whole = std::fs::read(bench.path("baselines")).unwrap();
    std::fs::write(bench.path("baselines"), &whole[..whole.len() - 3]).unwrap();
    let mut opened = bench.open();
    bench.login(2, "192.0.2.2");
    until(&mut opened, |it| it.counted.events == 1);
    assert_eq!(titles(&opened), [""; 0], "it learns");
    end(opened);
    let mut opened = bench.open();
    bench.login(4, "192.0.2.3");
    until(&mut opened, |it| it.counted.events == 1);
    assert_eq!(titles(&opened).len(), 1, "what it learned anew was kept");
    end(opened);
}

const INDICATOR: &str = r#"{"id":"7","object":{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000001","created":"2026-10-31T00:00:00.000Z","modified":"2026-10-31T00:00:00.000Z","pattern":"[ipv4-addr:value = '203.0.113.7']","pattern_type":"stix","valid_from":"2026-10-31T00:00:00Z"}}"#;

/// A stretch of the history that cannot be read until somebody lets it be.
fn stretch(bench: &Bench) -> PathBuf {
    std::fs::create_dir(bench.path("history")).unwrap();
    let stretch = bench.path("history").join("0000000001-4000000000.seen");
    assert!(Command::new("mkfifo").arg(&stretch).status().unwrap().success());
    stretch
}

#[test]
fn who_looks_back_makes_no_event_wait() {
    let bench = Bench::new("");
    let stretch = stretch(&bench);
    let mut opened = bench.open();
    bench.login(0, "203.0.113.7");
    until(&mut opened, |it| it.counted.events == 1);
    for change in opened.known.take(INDICATOR, bench.clock.now()).unwrap() {
        opened.messages.send(Message::Change(change, 7)).unwrap();
    }
    until(&mut opened, |it| !it.looking.is_empty());
    bench.login(0, "203.0.113.7");
    until(&mut opened, |it| it.counted.events == 2);
    assert_eq!(opened.watching.looking, [7], "it is still looking back");
    assert_eq!(opened.watching.applied, 0, "until then it may have to look again");
    assert!(titles(&opened).iter().all(|it| it.starts_with("Indicator")), "the new is found");
    drop(File::options().write(true).open(&stretch).unwrap());
    until(&mut opened, |it| it.applied == 7);
    let told = titles(&opened);
    assert!(told.iter().any(|it| it.starts_with("Seen before it was known")), "{told:?}");
    std::fs::remove_file(&stretch).unwrap();
}

#[test]
fn what_is_withdrawn_meanwhile_is_not_told_of_the_past() {
    let bench = Bench::new("");
    let stretch = stretch(&bench);
    let mut opened = bench.open();
    bench.login(0, "203.0.113.7");
    until(&mut opened, |it| it.counted.events == 1);
    let withdrawn = INDICATOR
        .replace(r#""id":"7""#, r#""id":"8""#)
        .replace(r#""modified":"2026-10-31"#, r#""revoked":true,"modified":"2026-11-01"#);
    for (line, place) in [(INDICATOR, 7), (&withdrawn, 8)] {
        for change in opened.known.take(line, bench.clock.now()).unwrap() {
            opened.messages.send(Message::Change(change, place)).unwrap();
        }
    }
    until(&mut opened, |it| it.looking == [7, 8]);
    drop(File::options().write(true).open(&stretch).unwrap());
    until(&mut opened, |it| it.applied == 8);
    assert_eq!(titles(&opened), [""; 0]);
    std::fs::remove_file(&stretch).unwrap();
}

#[test]
fn what_breaks_off_beside_the_watching_ends_it() {
    let bench = Bench::new("");
    let mut opened = bench.open();
    opened.messages.send(Message::Lost("look-back")).unwrap();
    let error = opened.watching.run(&opened.told).unwrap_err().to_string();
    assert!(error.ends_with("what is done beside the watching (look-back) broke off"), "{error}");
}

#[test]
fn after_a_restart_rows_stand_under_the_header_that_they_had() {
    let csv = "format = \"csv\"\n[input.columns]\nwhence = \"src_ip\"\n";
    for (settings, header, row) in [
        (csv, "time,whence,note\n", "2026-11-01T00:00:00Z,ADDRESS,a\n"),
        ("", "#Fields: date time c-ip cs-method\n", "2026-11-01 00:00:00 ADDRESS GET\n"),
        (
            "",
            "#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\n",
            "1793491200.0\tADDRESS\t192.0.2.9\n",
        ),
    ] {
        let bench = Bench::new("");
        reads_a_row(&bench, settings, &format!("{header}{}", row.replace("ADDRESS", "192.0.2.1")));
        bench.write("auth.log", &row.replace("ADDRESS", "203.0.113.7"));
        finds_a_row(&bench, 1, header);
    }
}

/// The settings and the beginning of a table, and a row of it with what the indicator says.
const CSV: (&str, &str) = ("format = \"csv\"\n", "time,src_ip\n2026-11-01T00:00:00Z,192.0.2.1\n");
const ROW: &str = "2026-11-01T00:00:00Z,203.0.113.7\n";

#[test]
fn after_a_restart_columns_are_called_as_they_are_to_be_called_now() {
    let bench = Bench::new("");
    let (format, table) = CSV;
    let settings = format!("{format}[input.columns]\nwhence = \"note\"\n");
    reads_a_row(&bench, &settings, &table.replace("src_ip", "whence"));
    let settings = std::fs::read_to_string(bench.path(Settings::FILE)).unwrap();
    let settings = settings.replace("\"note\"", "\"src_ip\"");
    std::fs::write(bench.path(Settings::FILE), settings).unwrap();
    bench.write("auth.log", ROW);
    finds_a_row(&bench, 1, "as they are called now");
}

#[test]
fn rows_that_were_left_under_no_header_stand_under_that_of_their_file() {
    let bench = Bench::new("");
    reads_a_row(&bench, CSV.0, CSV.1);
    // As it was kept before headers were.
    let kept = std::fs::read(bench.path(STATE)).unwrap();
    let mut kept: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&kept).unwrap();
    assert!(kept.remove("headers").is_some());
    std::fs::write(bench.path(STATE), serde_json::to_vec(&kept).unwrap()).unwrap();
    bench.write("auth.log", ROW);
    finds_a_row(&bench, 1, "that of their file");
}

#[test]
fn a_file_in_the_place_of_another_is_read_under_its_own_header() {
    let bench = Bench::new("");
    reads_a_row(&bench, CSV.0, CSV.1);
    std::fs::remove_file(bench.path("auth.log")).unwrap();
    let other = "src_ip,time\n203.0.113.7,2026-11-01T00:00:00Z\n";
    std::fs::write(bench.path("auth.log"), other).unwrap();
    finds_a_row(&bench, 2, "its own");
}

#[test]
fn a_line_of_tomorrow_makes_no_flood_and_hides_none() {
    let bench = Bench::new("baselines = 0");
    let (mut opened, mut events) = (bench.open(), 0);
    // So many connections in each of some minutes, read in another.
    let mut see = |now: i64, said: std::ops::Range<i64>, many: u64| {
        bench.clock.0.store(START + now * 60_000_000, Ordering::Relaxed);
        for (minute, nth) in said.flat_map(|minute| (0..many).map(move |nth| (minute, nth))) {
            let at = Instant::from_micros(START + minute * 60_000_000);
            let from = format!("192.0.2.{}", nth % 250);
            let line = serde_json::json!({ "event_type": "flow", "timestamp": at.to_string(),
                "src_ip": from, "dest_ip": "198.51.100.7", "dest_port": 443 });
            bench.write("auth.log", &format!("{line}\n"));
            events += 1;
        }
        until(&mut opened, |it| it.counted.events == events);
        titles(&opened)
    };
    see(59, 0..60, 50);
    assert_eq!(see(60, 60 + 23 * 60..61 + 23 * 60, 1), [""; 0]);
    for at in 60..70 {
        assert_eq!(see(at, at..at + 1, 50), [""; 0], "minute {at}");
    }
    assert_eq!(see(70, 70..71, 900), ["Far more traffic than usual"]);
    assert_eq!(opened.watching.watch.ahead, 1);
}
