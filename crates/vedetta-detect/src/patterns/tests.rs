use proptest::prelude::*;
use vedetta_indicator::decay::Recall;

use super::*;
use crate::decode::Decoder;

const NOW: i64 = 1_767_225_600_000_000;

fn life() -> Life {
    Life {
        confidence: Some(80),
        valid_from: Instant::from_micros(NOW - 1_000_000),
        valid_until: None,
        last_sighting: None,
        recall: Recall::None,
    }
}

fn watching(patterns: &[&str]) -> Patterns {
    let mut watching = Patterns::default();
    for (number, pattern) in patterns.iter().enumerate() {
        assert_eq!(watching.put([number as u8; 20], pattern, life()), Ok(true), "{pattern}");
    }
    watching
}

/// Which patterns hold, and of how many observations, after each line; a second passes between two.
fn hits(patterns: &mut Patterns, lines: &[&str]) -> Vec<(u8, usize, usize)> {
    let (mut decoder, mut found) = (Decoder::default(), Vec::new());
    for (number, line) in lines.iter().enumerate() {
        let event = decoder.read(line.as_bytes()).unwrap().unwrap();
        let (mut hits, at) = (Vec::new(), Instant::from_micros(NOW + number as i64 * 1_000_000));
        patterns.see(&event, at, at, &mut hits);
        found.extend(hits.iter().map(|it| (it.indicator[0], number, it.observations)));
    }
    found
}

const PROCESS: &str = r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Temp\\a.exe","CommandLine":"a.exe -x","ParentImage":"C:\\Windows\\explorer.exe","User":"TOWN\\anna","Hashes":"MD5=D41D8CD98F00B204E9800998ECF8427E"}"#;
const DNS: &str = r#"{"event_type":"dns","src_ip":"10.0.0.7","dest_ip":"10.0.0.53","dns":{"rrname":"Bad.Example.org"}}"#;
const FLOW: &str = r#"{"event_type":"flow","src_ip":"10.0.0.7","dest_ip":"203.0.113.9","dest_port":4444,"proto":"TCP"}"#;
const HTTP: &str = r#"{"event_type":"http","src_ip":"10.0.0.7","http":{"hostname":"bad.example.org","url":"/x","http_method":"POST","http_user_agent":"Bad/1"}}"#;

#[test]
fn parts_of_one_object() {
    let mut patterns = watching(&[
        "[file:name = 'a.exe' AND file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']",
        "[file:name = 'a.exe' AND file:hashes.MD5 = '00000000000000000000000000000000']",
        "[process:command_line LIKE '%-x' AND process:image_ref.name = 'a.exe']",
        "[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:dst_port = 4444]",
        "[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:dst_port = 80]",
        "[network-traffic:extensions.'http-request-ext'.request_method = 'POST' AND network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Bad/1']",
        "[url:value LIKE 'http://bad.example.org/%']",
        "[process:parent_ref.image_ref.name = 'explorer.exe' AND process:image_ref.parent_directory_ref.path = 'C:\\\\Temp']",
    ]);
    let found = hits(&mut patterns, &[PROCESS, DNS, FLOW, HTTP]);
    assert_eq!(found, [(0, 0, 1), (2, 0, 1), (7, 0, 1), (3, 2, 1), (5, 3, 1), (6, 3, 1)]);
}

#[test]
fn however_a_constant_is_spelled() {
    let registry = r#"{"EventID":13,"Channel":"Microsoft-Windows-Sysmon/Operational","TargetObject":"HKLM\\Software\\Run\\x","Details":"a.exe"}"#;
    let tls = r#"{"event_type":"tls","dest_ip":"203.0.113.9","tls":{"ja4s":"t13d_a_b"}}"#;
    let mut patterns = watching(&[
        "[file:name = 'a.exe' AND file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']",
        "[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\Run' AND windows-registry-key:values[0].data = 'a.exe']",
        "[windows-registry-key:key = 'HKLM\\\\Software\\\\Run' AND windows-registry-key:values[0].data = 'a.exe']",
        "[domain-name:value = 'BAD.example.org'] REPEATS 2 TIMES",
        "[network-traffic:dst_ref.value = '203.0.113.9' AND network-traffic:x_ja4s = 'T13d_a_b']",
    ]);
    let found = hits(&mut patterns, &[PROCESS, registry, DNS, DNS, tls]);
    assert_eq!(found, [(0, 0, 1), (1, 1, 1), (2, 1, 1), (3, 3, 2), (4, 4, 1)]);
    let often = "[domain-name:value = 'bad.example.org'] REPEATS 200 TIMES";
    assert_eq!(Patterns::default().put([0; 20], often, life()), Err(Unwatched::TooOften(200)));
}

#[test]
fn several_observations_in_order_and_in_time() {
    let name = "[domain-name:value = 'bad.example.org']";
    let flow = "[network-traffic:dst_ref.value = '203.0.113.9']";
    let follows = format!("({name} FOLLOWEDBY {flow}) WITHIN 5 SECONDS");
    let thrice = format!("{name} REPEATS 3 TIMES WITHIN 10 SECONDS");
    let mut patterns = watching(&[&follows, &thrice]);
    assert_eq!(hits(&mut patterns, &[FLOW, DNS, FLOW]), [(0, 2, 2)]);
    let mut patterns = watching(&[&follows, &thrice]);
    let late = [DNS, PROCESS, PROCESS, PROCESS, PROCESS, PROCESS, PROCESS, FLOW];
    assert_eq!(hits(&mut patterns, &late), []);
    let mut patterns = watching(&[&follows, &thrice]);
    assert_eq!(hits(&mut patterns, &[DNS, DNS, DNS, DNS]), [(1, 2, 3)], "told once");
}

#[test]
fn what_the_table_finds_is_left_to_it() {
    let mut patterns = Patterns::default();
    for simple in ["[domain-name:value = 'a.example']", "[ipv4-addr:value IN ('192.0.2.1')]"] {
        assert_eq!(patterns.put([1; 20], simple, life()), Ok(false));
    }
    assert!(patterns.is_empty());
    assert!(matches!(patterns.put([1; 20], "[file:", life()), Err(Unwatched::Syntax(_))));
}

#[test]
fn taken_back_and_out_of_time() {
    let pattern = "[file:name = 'a.exe' AND file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']";
    let mut patterns = watching(&[pattern]);
    patterns.remove([0; 20]);
    assert_eq!((hits(&mut patterns, &[PROCESS]), patterns.len()), (vec![], 0));
    let over = Life { valid_until: Some(Instant::from_micros(NOW)), ..life() };
    patterns.put([0; 20], pattern, over).unwrap();
    assert_eq!(hits(&mut patterns, &[PROCESS]), []);
    patterns.put([0; 20], pattern, life()).unwrap();
    assert_eq!(hits(&mut patterns, &[PROCESS]), [(0, 0, 1)]);
}

#[test]
fn it_takes_bounded_room() {
    let mut patterns = Patterns::default();
    for number in 0..=MOST_UNANCHORED {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&number.to_le_bytes());
        let put = patterns.put(id, "[file:size > 5 AND file:name LIKE 'a%']", life());
        let room = number < MOST_UNANCHORED;
        assert_eq!(put, if room { Ok(true) } else { Err(Unwatched::Unanchored) });
    }
    let never = "[domain-name:value = 'bad.example.org'] FOLLOWEDBY [file:name = 'never.exe']";
    let mut patterns = watching(&[never]);
    let lines = vec![DNS; 300];
    assert_eq!(hits(&mut patterns, &lines), []);
    assert!(patterns.watched[0].as_ref().unwrap().seen.len() <= REMEMBERED);
}

proptest! {
    #[test]
    fn every_event_is_an_observation(line in "\\{\"(Image|TargetObject|c-uri|Hashes|query|User)\":\"[^\"\\\\]{0,40}\"\\}") {
        let mut decoder = Decoder::default();
        if let Ok(Some(event)) = decoder.read(line.as_bytes()) {
            for object in objects(&event) {
                prop_assert!(object["type"].is_string() && object["id"].is_string());
            }
        }
    }
}

#[test]
fn those_that_cannot_be_watched_for_are_counted_until_they_can() {
    let (id, mut patterns) = ([1; 20], Patterns::default());
    let often = "[file:name = 'a.exe' AND file:size > 1] REPEATS 500 TIMES";
    assert!(
        patterns.put(id, often, life()).is_err() && patterns.put([2; 20], "[", life()).is_err()
    );
    assert_eq!((patterns.len(), patterns.refused()), (0, 2));
    patterns.put(id, &often.replace("500", "5"), life()).unwrap();
    assert_eq!((patterns.len(), patterns.refused()), (1, 1));
    patterns.remove([2; 20]);
    assert_eq!(patterns.refused(), 0, "it was taken back");
}
