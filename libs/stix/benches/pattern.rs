//! How many patterns a second are parsed and reduced to terms on one core.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::Instant;

use stix::pattern::{parse, terms};

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
}
