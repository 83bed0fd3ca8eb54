//! How many patterns a second are parsed, reduced to terms and evaluated on one core.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use stix::pattern::{Matcher, Observed, parse, terms};

const PATTERNS: [(&str, &str); 4] = [
    ("address", "[ipv4-addr:value = '192.0.2.1']"),
    ("url", "[url:value = 'https://updates.example.org/a/b/c.php?id=1']"),
    (
        "hashes",
        "[file:hashes.'SHA-256' = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' \
         OR file:hashes.MD5 = 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb']",
    ),
    (
        "sequence",
        "([process:name = 'a.exe' AND process:pid > 4] FOLLOWEDBY [network-traffic:dst_ref.value = \
         '198.51.100.7'] REPEATS 5 TIMES) WITHIN 300 SECONDS",
    ),
];

fn main() {
    let rounds: u32 = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
    for (name, text) in PATTERNS {
        let start = Instant::now();
        for _ in 0..rounds {
            let _ = black_box(parse(black_box(text)));
        }
        let parsed = f64::from(rounds) / start.elapsed().as_secs_f64();
        let start = Instant::now();
        for _ in 0..rounds {
            let _ = black_box(parse(black_box(text)).map(|pattern| terms(&pattern)));
        }
        let reduced = f64::from(rounds) / start.elapsed().as_secs_f64();
        println!("{name:10} parse {parsed:>10.0}/s   parse+terms {reduced:>10.0}/s");
    }
    one_observation(rounds);
    burst();
}

/// A prepared pattern against one observation, as a stream of telemetry would have it.
fn one_observation(rounds: u32) {
    let traffic = json!({"type": "network-traffic", "id": "t", "dst_ref": "a", "dst_port": 443});
    let address = json!({"type": "ipv4-addr", "id": "a", "value": "198.51.100.7"});
    let text = "[network-traffic:dst_ref.value ISSUBSET '203.0.113.0/24' AND network-traffic:dst_port = 443]";
    let Some(matcher) = parse(text).ok().and_then(|pattern| Matcher::new(&pattern).ok()) else {
        return;
    };
    let observed = [Observed::new(instants(0), 1, [&traffic, &address])];
    let start = Instant::now();
    for _ in 0..rounds {
        let _ = black_box(matcher.find(black_box(&observed), 1_000));
    }
    println!("one observation      {:>10.0}/s", f64::from(rounds) / start.elapsed().as_secs_f64());
}

/// A hundred log-ins in a minute, looked for in vain among ten thousand.
fn burst() {
    let login = json!({"type": "user-account", "id": "u", "account_login": "root"});
    let text = "[user-account:account_login = 'root'] REPEATS 100 TIMES WITHIN 60 SECONDS";
    let Some(matcher) = parse(text).ok().and_then(|pattern| Matcher::new(&pattern).ok()) else {
        return;
    };
    let observed: Vec<_> = (0..10_000).map(|n| Observed::new(instants(n), 1, [&login])).collect();
    let start = Instant::now();
    let found = matcher.find(&observed, 10_000_000);
    println!("burst among 10,000   {:>10.1?}   {found:?}", start.elapsed());
}

fn instants(n: i64) -> (Timestamp, Timestamp) {
    let at = Timestamp::from_second(1_800_000_000 + n).unwrap_or_default();
    (at, at)
}
