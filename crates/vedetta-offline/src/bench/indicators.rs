//! `vedetta bench indicators`: events against millions of indicators, on one core.

use clap::Args;
use serde_json::{Value, json};
use stix::pattern::HashAlgorithm::Sha256;
use vedetta_commands::{Ended, Fault};
use vedetta_detect::indicators::{Builder, Id, Scratch, When};
use vedetta_detect::{Decoder, Format, Indicators};
use vedetta_indicator::decay::{DecayTable, Recall};
use vedetta_indicator::{Kind, Life, Term};
use vedetta_model::{Clock, Instant};

use super::Style;
use crate::stopwatch::Stopwatch;
use crate::unable;

/// Suricata events against a live set of indicators: read and looked up on one core.
///
/// Six in ten indicators are domains, two addresses, one in a hundred a network, the others hashes
/// of files and URLs. The events are DNS, TLS, HTTP, flow and file records of about 450 bytes; one
/// in a thousand holds a value that is looked for.
#[derive(Args)]
pub struct IndicatorsBench {
    /// Indicators in the set.
    #[arg(long, default_value_t = 1_000_000)]
    indicators: u32,
    /// Different events, read again and again.
    #[arg(long, default_value_t = 200_000)]
    events: u32,
    /// For how long.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Indicators added in the change that is measured.
const CHANGE: u32 = 10_000;

impl IndicatorsBench {
    /// Measures, and prints the report.
    ///
    /// # Errors
    /// What could not be measured.
    pub fn run(self, clock: &dyn Clock) -> Result<Ended, Fault> {
        super::print(&self.measure(clock.now())?, Style::of(&self.json));
        Ok(Ended::Whole)
    }

    fn measure(&self, now: Instant) -> Result<Value, Fault> {
        let building = Stopwatch::start();
        let set = build(self.indicators, now)?;
        let built = building.read();
        let set_mib = super::peak_mib();
        let events: Vec<String> = (0..self.events).map(|at| event(at, self.indicators)).collect();
        let bytes: usize = events.iter().map(String::len).sum();
        let mut run =
            Run { set: &set, now, decoder: Decoder::new(Format::Json), hits: 0, events: 0 };
        run.once(&events);
        (run.hits, run.events) = (0, 0);
        let watch = Stopwatch::start();
        while watch.read().as_secs() < self.seconds.max(1) {
            run.once(&events);
        }
        let took = watch.read().as_secs_f64();
        let (hits, looked) = (run.hits, run.events);
        let changing = Stopwatch::start();
        let first = self.indicators;
        let mut added = Vec::new();
        for at in first..first + CHANGE {
            added.push((id(at), term(at)?, life(now)));
        }
        let changed = set.changed(&added, &[id(0)]);
        let live = changing.read();
        Ok(json!({
            "indicators": set.len(),
            "events_per_s_core": (looked as f64 / took).round(),
            "hits": hits,
            "events": looked,
            "bytes_each": bytes / events.len().max(1),
            "build_ms": super::millis(built),
            "change_of": CHANGE,
            "change_ms": super::millis(live),
            "after_change": changed.len(),
            "set_rss_mib": set_mib,
            "rss_mib": super::peak_mib(),
        }))
    }
}

/// Events looked up, and what was found.
struct Run<'r> {
    set: &'r Indicators,
    now: Instant,
    decoder: Decoder,
    hits: u64,
    events: u64,
}

impl Run<'_> {
    fn once(&mut self, events: &[String]) {
        let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
        for line in events {
            if let Ok(Some(event)) = self.decoder.read(line.as_bytes()) {
                self.events += 1;
                self.set.matches(&event, When::live(self.now), &mut scratch, &mut hits);
                self.hits += hits.len() as u64;
                hits.clear();
            }
        }
    }
}

fn build(count: u32, now: Instant) -> Result<Indicators, Fault> {
    let mut builder = Builder::with_room_for(count as usize);
    let life = life(now);
    for at in 0..count {
        builder.add(id(at), &term(at)?, &life);
    }
    Ok(builder.build(DecayTable::default()))
}

fn life(now: Instant) -> Life {
    Life {
        confidence: Some(80),
        valid_from: now,
        valid_until: None,
        last_sighting: None,
        recall: Recall::None,
    }
}

/// Numbers without order, the same every time.
fn mixed(number: u64) -> u64 {
    let it = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

fn id(at: u32) -> Id {
    let mut id = [1; 20];
    id[..8].copy_from_slice(&mixed(u64::from(at)).to_be_bytes());
    id[8..16].copy_from_slice(&u64::from(at).to_be_bytes());
    id
}

fn text(at: u32) -> (Kind, String) {
    let random = mixed(u64::from(at) << 8);
    let [a, b, c, ..] = random.to_be_bytes();
    match at % 100 {
        0..60 => (Kind::Domain, format!("w{:x}.s{:x}.example.org", random >> 40, at)),
        60..79 => (Kind::Ipv4, format!("{}.{b}.{c}.{}", 11 + a % 100, at % 251)),
        79 => (Kind::Ipv4, format!("{}.{b}.{c}.0/24", 111 + a % 100)),
        80..95 => {
            let digest: String = (0..4).map(|n| format!("{:016x}", mixed(random ^ n))).collect();
            (Kind::FileHash(Sha256), digest)
        }
        _ => (Kind::Url, format!("http://h{at:x}.example.net/p{:x}", random >> 48)),
    }
}

fn term(at: u32) -> Result<Term, Fault> {
    let (kind, value) = text(at);
    Term::new(kind, &value).map_err(|error| unable("an indicator", error))
}

/// An event; one in a thousand holds a value of the first so many indicators.
fn event(at: u32, indicators: u32) -> String {
    let random = mixed(u64::from(at) ^ 0xe4e4);
    let [a, b, c, d, ..] = random.to_be_bytes();
    let hit = (at % 1_000 == 7).then(|| at.wrapping_mul(97) / 100 * 100 % indicators.max(1));
    let name = match hit {
        Some(hit) => format!("www.{}", text(hit / 100 * 100).1),
        None => format!("a{:x}.cdn{:x}.example.com", random >> 44, random & 0xfff),
    };
    let head = format!(
        r#"{{"timestamp":"2026-10-19T10:00:00.{:06}+0000","flow_id":{},"in_iface":"eth0","src_ip":"192.0.2.{a}","src_port":{},"dest_ip":"198.51.{b}.{c}","dest_port":443,"proto":"TCP""#,
        at % 1_000_000,
        random >> 12,
        1_024 + u32::from(d) * 100,
    );
    let body = match at % 10 {
        0..4 => format!(
            r#""event_type":"dns","dns":{{"version":2,"type":"answer","id":{},"flags":"8180","qr":true,"rd":true,"ra":true,"opcode":0,"rrname":"{name}","rrtype":"A","rcode":"NOERROR","answers":[{{"rrname":"{name}","rrtype":"A","ttl":60,"rdata":"203.0.113.{d}"}}]}}"#,
            random & 0xffff
        ),
        4..7 => format!(
            r#""event_type":"tls","tls":{{"subject":"CN={name}","issuerdn":"C=XX, O=Example CA, CN=R3","serial":"04:{b:02X}:{c:02X}:{d:02X}","fingerprint":"{}","sni":"{name}","version":"TLS 1.2","notbefore":"2026-09-01T00:00:00","notafter":"2026-11-30T00:00:00"}}"#,
            (0..20)
                .map(|n| format!("{:02x}", random.rotate_left(n) & 255))
                .collect::<Vec<_>>()
                .join(":")
        ),
        7..9 => format!(
            r#""event_type":"http","http":{{"hostname":"{name}","url":"/api/v1/items/{}?page=2","http_user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0","http_content_type":"application/json","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":1234}}"#,
            random & 0xffff
        ),
        _ => format!(
            r#""event_type":"fileinfo","fileinfo":{{"filename":"/a/b{:x}.bin","gaps":false,"state":"CLOSED","sha256":"{}","stored":false,"size":{},"tx_id":0}}"#,
            random & 0xffff,
            (0..4).map(|n| format!("{:016x}", mixed(random ^ n ^ 77))).collect::<String>(),
            random & 0xf_ffff
        ),
    };
    format!("{head},{body}}}")
}
