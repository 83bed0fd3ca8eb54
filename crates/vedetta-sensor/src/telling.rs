//! What is told of what is found: equal findings are one, told at once and then now and again; with no
//! more of the event than may leave the house.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use vedetta_detect::finding::{By, Finding, Severity};
use vedetta_detect::indicators::outside;
use vedetta_detect::report::{LONGEST_TEXT, MOST_VALUES, Observable, Quiet, Recalled, Told};
use vedetta_model::{Instant, OrganisationId};

use crate::settings::{Leave, Names, Share};

/// Puts findings together.
#[derive(Debug)]
pub(crate) struct Telling {
    organisation: OrganisationId,
    /// What makes the words that stand for hosts and accounts: another sensor's say nothing.
    salt: [u8; 16],
    share: Share,
    open: HashMap<String, Open>,
    last_told: Instant,
    /// Groups in whose place others stand, that were not told to the end.
    untold: Vec<Told>,
    /// What was judged harmless.
    quiet: Vec<Quiet>,
    /// Findings not told because their like was judged harmless.
    pub(crate) quieted: u64,
    /// Groups told early for want of room.
    pub(crate) evicted: u64,
}

/// A group of equal findings.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Open {
    told: Told,
    /// How many of them were told.
    said: u64,
    /// Whom it is about, in the house.
    about: String,
    /// When anything was last added.
    touched: Instant,
}

/// What is kept across restarts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Groups {
    open: Vec<(String, Open)>,
    quiet: Vec<Quiet>,
}

/// The namespace of findings (UUIDv5 of whose, what, about whom, and the event that began it).
const FINDINGS: Uuid = Uuid::from_u128(0x5b7f_0c21_93d4_5a60_9e1f_7d84_c2a6_3b18);
/// Equal findings no further apart than this are one, in microseconds.
const WINDOW: i64 = 3_600_000_000;
/// How long until more of the same is told.
const AGAIN: i64 = 60_000_000;
/// Most groups at once.
const MOST: usize = 20_000;
/// Longest text of evidence, in bytes: escaped, it may be six times as long.
const EVIDENCE: usize = LONGEST_TEXT / 8;

/// What the watches of the usual tell, without names.
const PLAIN: [(&str, &str); 11] = [
    ("brute-force", "Many failed logins from one address"),
    ("password-spraying", "Failed logins for many accounts from one address"),
    ("login-after-brute-force", "A login after many failures"),
    ("scan", "Many ports or hosts asked by one address"),
    ("beacon", "Connections in a rhythm"),
    ("flood", "Far more traffic than usual"),
    ("exfiltration", "Far more sent out than usual"),
    ("generated-names", "Names that look made by a machine"),
    ("first-seen", "Something never seen here before"),
    ("rare", "Something seldom seen here"),
    ("silent-source", "Nothing heard of a source that used to speak"),
];

impl Telling {
    pub(crate) fn new(organisation: OrganisationId, salt: [u8; 16], share: Share) -> Self {
        let (open, last_told) = (HashMap::new(), Instant::default());
        let (untold, quiet, quieted) = (Vec::new(), Vec::new(), 0);
        Self { organisation, salt, share, open, last_told, untold, quiet, quieted, evicted: 0 }
    }

    /// Takes up what was kept.
    pub(crate) fn take_up(&mut self, groups: Groups) {
        let told = groups.open.iter().map(|(_, open)| open.told.told).max();
        self.last_told = told.unwrap_or_default();
        self.open = groups.open.into_iter().collect();
        self.quiet = groups.quiet;
    }

    /// What is to be kept.
    pub(crate) fn kept(&self) -> Groups {
        let open = self.open.iter().map(|(key, open)| (key.clone(), open.clone())).collect();
        Groups { open, quiet: self.quiet.clone() }
    }

    /// From now on these are harmless, and no others.
    pub(crate) fn quiet(&mut self, quiet: Vec<Quiet>) {
        self.quiet = quiet;
    }

    /// Whether a person judged findings like this harmless.
    fn is_quiet(&self, found: &Finding, now: Instant) -> bool {
        let about = |it: &Quiet| match &it.entity {
            None => true,
            Some(entity) => *entity == found.entity || *entity == self.word(&found.entity),
        };
        self.quiet.iter().any(|it| it.until > now && it.of == found.id && about(it))
    }

    /// A finding, in an event that a number tells from all others; what is told of it at once, if it is
    /// the first of its kind.
    pub(crate) fn see(
        &mut self,
        (found, number): (Finding, u64),
        recalled: Recalled,
        now: Instant,
    ) -> Option<Told> {
        if self.is_quiet(&found, now) {
            self.quieted += 1;
            return None;
        }
        let key = format!("{:?}\u{1f}{}\u{1f}{}", found.by, found.id, found.entity);
        let key = if recalled == Recalled::Live { key } else { format!("{key}\u{1f}recalled") };
        // Another log of the same host may be read hours behind: it has a group of its own.
        let is_of_before = self.open.get(&key).is_some_and(|open| {
            open.told.first.micros().saturating_sub(found.at.micros()) > WINDOW
        });
        let key = if is_of_before { format!("{key}\u{1f}before") } else { key };
        let mut new = self.observables(&found);
        if let Some(open) = self.open.get_mut(&key) {
            new.retain(|it| !open.told.observables.contains(it));
            let (at, told) = (found.at.micros(), &mut open.told);
            if at.saturating_sub(told.last.micros()) <= WINDOW
                && told.first.micros().saturating_sub(at) <= WINDOW
            {
                told.count += 1;
                (told.first, told.last) = (told.first.min(found.at), told.last.max(found.at));
                open.touched = now;
                if new.is_empty() {
                    return None;
                }
                // With somebody new in it, it cannot wait until more is told.
                if told.observables.len() + new.len() <= MOST_VALUES {
                    told.observables.append(&mut new);
                    self.last_told = later(self.last_told, now);
                    (told.told, open.said) = (self.last_told, told.count);
                    return Some(told.clone());
                }
                told.count -= 1;
            }
        }
        if self.open.len() >= MOST && !self.open.contains_key(&key) {
            self.make_room();
        }
        let told = self.first((&found, number), recalled, now);
        let about = found.entity;
        let fresh = Open { told: told.clone(), said: 1, about, touched: now };
        let before = self.open.insert(key, fresh);
        self.untold.extend(before.filter(|it| it.told.count > it.said).map(|it| it.told));
        Some(told)
    }

    /// Closes the sixteenth of the groups to which nothing was added for longest: so many at once, for to
    /// look for one takes as long.
    fn make_room(&mut self) {
        let mut touched: Vec<Instant> = self.open.values().map(|it| it.touched).collect();
        let (before, mut left) = (touched.len(), touched.len() / 16 + 1);
        let limit = *touched.select_nth_unstable(before / 16).1;
        let untold = &mut self.untold;
        self.open.retain(|_, open| {
            let stays = left == 0 || open.touched > limit;
            left -= usize::from(!stays);
            untold.extend((!stays && open.told.count > open.said).then(|| open.told.clone()));
            stays
        });
        self.evicted += (before - self.open.len()) as u64;
    }

    /// What more is to be told as of now; groups to which nothing is added any more are closed.
    pub(crate) fn settle(&mut self, now: Instant) -> Vec<Told> {
        let (mut said, mut stamp) = (std::mem::take(&mut self.untold), self.last_told);
        for told in &mut said {
            stamp = later(stamp, now);
            told.told = stamp;
        }
        self.open.retain(|_, open| {
            // However the clock was set meanwhile.
            let over = now.micros().abs_diff(open.touched.micros()) > WINDOW.unsigned_abs();
            let due = now.micros().abs_diff(open.told.told.micros()) >= AGAIN.unsigned_abs();
            if open.told.count > open.said && (due || over) {
                stamp = later(stamp, now);
                open.told.told = stamp;
                open.said = open.told.count;
                said.push(open.told.clone());
            }
            !over
        });
        self.last_told = stamp;
        said
    }

    /// The words that stand for hosts and accounts in what was told lately, with what they stand for.
    pub(crate) fn words(&self) -> BTreeMap<String, String> {
        let hidden = self.open.values().filter(|open| open.told.entity != open.about);
        hidden.map(|open| (open.told.entity.clone(), open.about.clone())).collect()
    }

    fn first(
        &mut self,
        (found, number): (&Finding, u64),
        recalled: Recalled,
        now: Instant,
    ) -> Told {
        self.last_told = later(self.last_told, now);
        // Not by its moment: what says none has another each time that it is read.
        let Self { organisation, salt, .. } = &*self;
        let (by, of, word) = (found.by, &found.id, self.word(&found.entity));
        let named =
            format!("{organisation}\u{1f}{salt:?}\u{1f}{by:?}\u{1f}{of}\u{1f}{word}\u{1f}{number}");
        let entity_outside = self.is_outside("from", &found.entity);
        let shown = self.share.names == Names::Shown || entity_outside;
        let entity = if shown { short(&found.entity) } else { self.word(&found.entity) };
        Told {
            id: Uuid::new_v5(&FINDINGS, named.as_bytes()),
            by: found.by,
            of: short(&found.id),
            title: self.title(found),
            severity: found.severity,
            confidence: found.confidence.clamp(1, 100),
            techniques: found.techniques.iter().take(MOST_VALUES).map(|it| short(it)).collect(),
            observables: self.observables(found),
            evidence: self.evidence(found),
            entity,
            count: 1,
            first: found.at,
            last: found.at,
            created: self.last_told,
            told: self.last_told,
            recalled,
        }
    }

    /// In words; without the names that the watches of the usual put into theirs, unless these are shown.
    fn title(&self, found: &Finding) -> String {
        let plain = PLAIN.iter().find(|(id, _)| *id == found.id);
        match plain {
            Some((_, plain)) if found.by == By::Baseline && self.share.names == Names::Hidden => {
                (*plain).to_owned()
            }
            _ => short(&found.title),
        }
    }

    fn evidence(&self, found: &Finding) -> BTreeMap<String, serde_json::Value> {
        let may = |field: &String| {
            self.share.evidence.iter().any(|it| it == "*" || it.eq_ignore_ascii_case(field))
        };
        // What an indicator found is what everybody looks for.
        let may = |field: &String| found.by == By::Indicator || may(field);
        let fields = found.evidence.iter().filter(|(field, _)| may(field)).take(MOST_VALUES);
        let cut = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => self.shown(text, &found.entity).into(),
            other if other.to_string().len() > EVIDENCE => cut(&other.to_string(), EVIDENCE).into(),
            other => other.clone(),
        };
        fields.map(|(field, value)| (short(field), cut(value))).collect()
    }

    /// A value as it may leave: where names are hidden, whom it is about and addresses inside stand as
    /// their words.
    fn shown(&self, text: &str, entity: &str) -> String {
        let inside = text == entity || text.parse::<std::net::IpAddr>().is_ok();
        let hidden = self.share.names == Names::Hidden && inside && !self.is_outside("from", text);
        if hidden { self.word(text) } else { cut(text, EVIDENCE) }
    }

    /// Whether a value is an address or a name of others.
    fn is_outside(&self, field: &str, value: &str) -> bool {
        outside(field, value).is_some() && !self.share.owns(value)
    }

    /// The addresses and names outside that made the finding.
    fn observables(&self, found: &Finding) -> Vec<Observable> {
        let grave = found.severity >= Severity::High;
        if self.share.observables == Leave::Kept || found.by == By::Indicator || !grave {
            return Vec::new();
        }
        let entity = (found.by == By::Baseline).then_some(("from", found.entity.as_str()));
        let texts =
            found.evidence.iter().filter_map(|(name, value)| Some((&**name, value.as_str()?)));
        let terms = entity.into_iter().chain(texts);
        let mut seen: Vec<_> = terms
            .filter(|(_, value)| !self.share.owns(value))
            .filter_map(|(field, value)| outside(field, value))
            .map(|term| Observable { kind: stix(&term), value: term.value().to_owned() })
            .take(MOST_VALUES)
            .collect();
        seen.sort();
        seen.dedup();
        seen
    }

    /// The word that stands for a host or an account.
    fn word(&self, entity: &str) -> String {
        if entity.is_empty() {
            return String::new();
        }
        // The secret comes first, and little of the digest is told: nobody tries names against it.
        let digest = Sha256::new().chain_update(self.salt).chain_update(entity).finalize();
        let number = digest.iter().take(5).fold(0u64, |sum, it| sum << 8 | u64::from(*it));
        format!("host-{number:010x}")
    }
}

fn stix(term: &vedetta_indicator::Term) -> String {
    use vedetta_indicator::Kind;
    let kind = match term.kind() {
        Kind::Ipv4 => "ipv4-addr",
        Kind::Ipv6 => "ipv6-addr",
        _ => "domain-name",
    };
    kind.to_owned()
}

/// A moment no earlier than now, and later than one before: whatever the clock does, a later word is
/// later. To the millisecond, as it travels.
fn later(before: Instant, now: Instant) -> Instant {
    let now = now.micros().div_euclid(1_000) * 1_000;
    Instant::from_micros(now.max(before.micros() + 1_000))
}

fn short(text: &str) -> String {
    cut(text, LONGEST_TEXT)
}

fn cut(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    fn telling(share: Share) -> Telling {
        Telling::new(OrganisationId::new("perugia").unwrap(), [7; 16], share)
    }

    fn finding(entity: &str, second: i64) -> Finding {
        Finding {
            by: By::Rule,
            id: "rule".into(),
            title: "Encoded command".into(),
            severity: Severity::High,
            confidence: 80,
            techniques: vec!["T1059.001".into()],
            entity: entity.into(),
            evidence: [
                ("CommandLine".to_owned(), json!("powershell -enc secret")),
                ("DestinationIp".to_owned(), json!("203.0.113.9")),
            ]
            .into(),
            at: at(second),
        }
    }

    #[test]
    fn how_far_from_the_usual_it_was_reaches_the_desk() {
        use vedetta_detect::Baselines;
        use vedetta_detect::baseline::{Fact, Handshake, Settings};
        let mut watch = Baselines::new(Settings { learning: 0, ..Settings::default() });
        let mut found = Vec::new();
        let mut see = |second: i64, (to, port): (&str, u16), bytes: f64| {
            let (from, to, handshake) = ("10.0.0.5".into(), to.into(), Handshake::Other);
            let fact = Fact::Connection { from, to, port, bytes, handshake };
            watch.see("s", &fact, at(second), &mut found);
        };
        (0..300).for_each(|port| see(1, ("10.0.0.6", port), 0.0));
        (0..100).for_each(|host| see(2, (&format!("10.0.1.{host}"), 445), 0.0));
        (0..60).for_each(|nth| see(60 * (nth + 1), ("10.0.0.7", 80), 1.0));
        (0..2_000).for_each(|_| see(60 * 61, ("10.0.0.7", 80), 0.0));
        see(60 * 62, ("10.0.0.7", 80), 1e9);
        let mut ids: Vec<_> = found.iter().map(|it| it.id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids, ["beacon", "exfiltration", "flood", "scan"]);
        for it in found {
            let reckoned: Vec<_> = it.evidence.keys().filter(|it| *it != "host").cloned().collect();
            let told = telling(Share::default()).see((it, 1), Recalled::Live, at(9_000)).unwrap();
            assert_eq!(told.evidence.into_keys().collect::<Vec<_>>(), reckoned, "{}", told.of);
        }
    }

    #[test]
    fn told_at_once_then_now_and_again() {
        let mut telling = telling(Share::default());
        let first = telling.see((finding("pc-1", 100), 1), Recalled::Live, at(100)).unwrap();
        for second in 101..140 {
            assert_eq!(telling.see((finding("pc-1", second), 1), Recalled::Live, at(second)), None);
        }
        assert_eq!(telling.settle(at(140)), []);
        let [more] = &telling.settle(at(161))[..] else { panic!("one") };
        assert_eq!((more.id, more.count, more.last), (first.id, 40, at(139)));
        assert!(more.told > first.told && more.created == first.created);
        assert_eq!(telling.settle(at(300)), [], "there is nothing new to say");
        let another = telling.see((finding("pc-1", 9_000), 2), Recalled::Live, at(9_000)).unwrap();
        assert_ne!(another.id, first.id);
    }

    #[test]
    fn after_a_restart_it_is_the_same_finding() {
        let mut before = telling(Share::default());
        let first = before.see((finding("pc-1", 100), 1), Recalled::Live, at(100)).unwrap();
        let kept = serde_json::to_vec(&before.kept()).unwrap();
        // The process was killed before it had kept anything.
        let again =
            telling(Share::default()).see((finding("pc-1", 100), 1), Recalled::Live, at(500));
        assert_eq!(again.unwrap().id, first.id);
        let mut after = telling(Share::default());
        after.take_up(serde_json::from_slice(&kept).unwrap());
        assert_eq!(after.see((finding("pc-1", 101), 1), Recalled::Live, at(101)), None);
        // The clock was set back meanwhile.
        let [more] = &after.settle(at(99_999))[..] else { panic!("one") };
        assert_eq!((more.id, more.count), (first.id, 2));
    }

    #[test]
    fn groups_closed_for_want_of_room_are_told_to_the_end() {
        let mut telling = telling(Share::default());
        for n in 0..=MOST as i64 {
            for _ in 0..2 {
                telling.see((finding(&format!("pc-{n}"), n), 1), Recalled::Live, at(n));
            }
        }
        assert_eq!(telling.evicted, MOST as u64 / 16 + 1);
        let last = telling.settle(at(MOST as i64));
        assert!(last.iter().filter(|it| it.count == 2).count() > MOST / 16, "{}", last.len());
    }

    #[test]
    fn two_logs_hours_apart_do_not_part_each_others_groups() {
        let (mut telling, mut told) = (telling(Share::default()), 0);
        for n in 0..50 {
            for second in [20_000, 100] {
                let found = (finding("pc-1", second + n), n as u64);
                let now = at(20_000 + n);
                told += usize::from(telling.see(found, Recalled::Live, now).is_some());
            }
        }
        assert_eq!(told, 2);
    }

    #[test]
    fn whoever_is_new_in_a_group_is_told_at_once() {
        let mut telling = telling(Share::default());
        let to = |address: &str, second| {
            let mut found = finding("pc-1", second);
            found.evidence.insert("DestinationIp".into(), json!(address));
            found
        };
        let mut see =
            |found, number, second| telling.see((found, number), Recalled::Live, at(second));
        let first = see(to("203.0.113.1", 100), 1, 100).unwrap();
        assert_eq!(see(to("203.0.113.1", 101), 2, 101), None);
        let more = see(to("203.0.113.2", 102), 3, 102).unwrap();
        assert_eq!((more.id, more.count, more.observables.len()), (first.id, 3, 2));
        assert!(more.told > first.told && more.fault().is_none());
        for n in 3..=32 {
            assert!(see(to(&format!("203.0.113.{n}"), 103), n, 103).is_some());
        }
        assert_eq!(see(to("203.0.113.1", 104), 33, 104), None);
        let another = see(to("203.0.113.33", 105), 34, 105).unwrap();
        assert_ne!(another.id, first.id, "there is room for so many in one");
        assert_eq!((another.count, another.observables.len()), (1, 1));
        let rest = telling.settle(at(106));
        assert_eq!(rest.iter().map(|it| (it.id, it.count)).collect::<Vec<_>>(), [(first.id, 34)]);
    }

    #[test]
    fn what_was_judged_harmless_is_told_again_when_its_time_is_over() {
        let mut telling = telling(Share::default());
        let told = telling.see((finding("pc-1", 100), 1), Recalled::Live, at(100)).unwrap();
        let quiet = |entity: &str| {
            vec![Quiet { of: "rule".into(), entity: Some(entity.into()), until: at(50_000) }]
        };
        telling.quiet(quiet(&told.entity));
        assert_eq!(telling.see((finding("pc-1", 9_000), 2), Recalled::Live, at(9_000)), None);
        assert!(telling.see((finding("pc-2", 9_000), 3), Recalled::Live, at(9_000)).is_some());
        let kept = serde_json::to_vec(&telling.kept()).unwrap();
        let mut after = self::telling(Share::default());
        after.take_up(serde_json::from_slice(&kept).unwrap());
        assert_eq!(after.see((finding("pc-1", 20_000), 4), Recalled::Live, at(20_000)), None);
        assert!(after.see((finding("pc-1", 60_000), 5), Recalled::Live, at(60_000)).is_some());
        assert_eq!((telling.quieted, after.quieted), (1, 1));
        after.quiet(Vec::new());
        assert!(after.see((finding("pc-2", 70_000), 6), Recalled::Live, at(70_000)).is_some());
    }

    #[test]
    fn no_more_leaves_than_may() {
        let told =
            telling(Share::default()).see((finding("pc-1", 1), 1), Recalled::Live, at(1)).unwrap();
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("secret") && !text.contains("pc-1"), "{text}");
        assert!(text.contains("203.0.113.9"), "{text}");
        let all = Share {
            evidence: vec!["*".into()],
            names: Names::Shown,
            observables: Leave::Kept,
            own: Vec::new(),
        };
        let told = telling(all).see((finding("pc-1", 1), 1), Recalled::Live, at(1)).unwrap();
        assert!(told.evidence.contains_key("CommandLine"));
        assert_eq!((told.entity.as_str(), told.observables), ("pc-1", Vec::new()));
    }

    #[test]
    fn what_is_hidden_does_not_leave_as_evidence() {
        let mut found = finding("10.0.0.7", 1);
        found.evidence.insert("src_ip".into(), json!("10.0.0.7"));
        found.evidence.insert("dest_ip".into(), json!("10.0.0.53"));
        found.evidence.insert("from".into(), json!("198.51.100.7"));
        let own = vec!["198.51.100.0/24".into()];
        let mut telling = telling(Share { own, ..Share::default() });
        let told = telling.see((found.clone(), 1), Recalled::Live, at(1)).unwrap();
        let text = serde_json::to_string(&told).unwrap();
        for hidden in ["10.0.0.7", "10.0.0.53", "198.51.100.7"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
        assert_eq!(told.evidence["src_ip"], json!(told.entity), "one word for one host");
        assert_eq!(told.evidence["DestinationIp"], json!("203.0.113.9"));
        assert_eq!(told.observables.len(), 1);
        found.severity = Severity::Medium;
        found.id = "another".into();
        let told = telling.see((found, 2), Recalled::Live, at(1)).unwrap();
        assert!(told.observables.is_empty(), "it is not grave");
    }

    #[test]
    fn the_watches_name_nobody() {
        let mut found = finding("203.0.113.9", 1);
        (found.by, found.id) = (By::Baseline, "brute-force".into());
        found.title = "20 failed logins, the last for anna".into();
        let told = telling(Share::default()).see((found, 1), Recalled::Live, at(1)).unwrap();
        assert_eq!(told.title, "Many failed logins from one address");
        assert_eq!(told.entity, "203.0.113.9", "an address outside is shown");
    }

    #[test]
    fn a_clock_that_goes_back_does_not_silence_later_words() {
        let mut telling = telling(Share::default());
        let first = telling.see((finding("pc-1", 100), 1), Recalled::Live, at(1_000)).unwrap();
        let second = telling.see((finding("pc-2", 100), 1), Recalled::Live, at(10)).unwrap();
        assert!(second.told > first.told);
    }
}
