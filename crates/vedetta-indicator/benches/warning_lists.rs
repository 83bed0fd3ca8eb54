//! Look-ups a second in the warning lists of MISP, by kind of term; without those lists, in one of
//! as many made-up entries.
//!
//! `VEDETTA_SHARED_DATA=… cargo bench -p vedetta-indicator`

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::unwrap_used, reason = "a benchmark stops at what it does not expect")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use vedetta_indicator::{Kind, Term, WarningList, WarningLists};

const TERMS: u32 = 10_000;
const MEASURED: Duration = Duration::from_secs(1);

fn main() {
    let lists = lists();
    let entries: usize = lists.iter().map(WarningList::len).sum();
    let start = Instant::now();
    let matcher = WarningLists::build(&lists).unwrap();
    println!("{} lists, {entries} entries: built in {:?}", lists.len(), start.elapsed());
    measure(&matcher, Kind::Ipv4, |n| format!("203.{}.{}.1", n / 256 % 256, n % 256));
    measure(&matcher, Kind::Ipv6, |n| format!("2001:db8::{n:x}"));
    measure(&matcher, Kind::Domain, |n| format!("www.comune-{n}.example"));
    measure(&matcher, Kind::Url, |n| format!("https://www.comune-{n}.example/accesso"));
    measure(&matcher, Kind::EmailAddress, |n| format!("ufficio@comune-{n}.example"));
    let md5 = Kind::FileHash(stix::pattern::HashAlgorithm::Md5);
    measure(&matcher, md5, |n| format!("{n:032x}"));
}

fn lists() -> Vec<WarningList> {
    let folder = std::env::var("VEDETTA_SHARED_DATA").unwrap_or_else(|_| "../shared/data".into());
    let files = std::fs::read_dir(format!("{folder}/warninglists")).into_iter().flatten();
    let texts = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let lists: Vec<_> = texts.map(|text| WarningList::parse(&text).unwrap().0).collect();
    if !lists.is_empty() {
        return lists;
    }
    println!("no shared data: a made-up list");
    let entries: Vec<_> = (0..100_000).map(|n| format!("sito-{n}.example")).collect();
    let text = serde_json::json!({"name": "n", "version": 1, "type": "hostname", "list": entries});
    vec![WarningList::parse(text.to_string().as_bytes()).unwrap().0]
}

fn measure(matcher: &WarningLists, kind: Kind, value: impl Fn(u32) -> String) {
    let terms: Vec<_> = (0..TERMS).map(|n| Term::new(kind, &value(n)).unwrap()).collect();
    let start = Instant::now();
    let mut done = 0u32;
    while start.elapsed() < MEASURED {
        for term in &terms {
            black_box(matcher.hits(term));
        }
        done += TERMS;
    }
    let each = start.elapsed() / done;
    println!(
        "{kind:?}: {each:?} each, {:.0} a second",
        f64::from(done) / start.elapsed().as_secs_f64()
    );
}
