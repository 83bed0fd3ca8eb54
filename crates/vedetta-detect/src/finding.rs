//! Findings: what was found, why, and how often. A thousand equal ones are one, with a count and a
//! range of time.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vedetta_model::Instant;

use crate::event::{Event, Name};

/// What found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// A Sigma rule.
    Rule,
    /// A Sigma correlation.
    Correlation,
    /// An indicator.
    Indicator,
    /// A departure from what is usual.
    Baseline,
}

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To know.
    Informational,
    /// To look at some time.
    Low,
    /// To look at.
    Medium,
    /// To look at now.
    High,
    /// To act on now.
    Critical,
}

/// One thing found in one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What found it.
    pub by: By,
    /// The rule, correlation, indicator or baseline.
    pub id: String,
    /// In words.
    pub title: String,
    /// How grave.
    pub severity: Severity,
    /// How sure, 1 to 100.
    pub confidence: u8,
    /// Techniques of ATT&CK, as `T1059.001`.
    pub techniques: Vec<String>,
    /// Whom or what it is about: equal findings of one entity are one.
    pub entity: String,
    /// The fields that made it, and nothing else of the event.
    pub evidence: BTreeMap<String, Value>,
    /// When.
    pub at: Instant,
}

/// Equal findings together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grouped {
    /// The first of them.
    pub finding: Finding,
    /// How many.
    pub count: u64,
    /// When the first happened.
    pub first: Instant,
    /// When the last happened.
    pub last: Instant,
}

/// How findings are put together, and which are not told.
#[derive(Debug, Clone, PartialEq)]
pub struct Grouping {
    /// Equal findings no further apart than this are one, in microseconds.
    pub window: i64,
    /// Which evidence leaves the house; empty is all.
    pub kept: Vec<String>,
    /// What is not told.
    pub suppressed: Vec<Suppression>,
}

/// Something that is not told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Suppression {
    /// Of this rule, indicator or baseline.
    pub id: String,
    /// About this entity; all when none is said.
    pub entity: Option<String>,
    /// Until then; for good when it does not say.
    pub until: Option<Instant>,
}

/// Puts findings together. Bounded: what has waited longest is told early when there are too many.
#[derive(Debug)]
pub struct Groups {
    grouping: Grouping,
    open: HashMap<(By, String, String), Grouped>,
    /// Findings that were not told.
    pub suppressed: u64,
}

/// Most groups open at once.
const MOST: usize = 100_000;
/// Longest text of evidence, in bytes.
const LONGEST: usize = 1_024;

impl Default for Grouping {
    fn default() -> Self {
        Self { window: 3_600_000_000, kept: Vec::new(), suppressed: Vec::new() }
    }
}

impl Severity {
    /// As Sigma rules say it; medium when they do not.
    #[must_use]
    pub fn of_level(level: &str) -> Self {
        match level {
            "informational" => Self::Informational,
            "low" => Self::Low,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => Self::Medium,
        }
    }

    /// Of an indicator whose worth is so much.
    #[must_use]
    pub const fn of_score(score: u8) -> Self {
        match score {
            75.. => Self::High,
            40..75 => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// The techniques that tags name: `attack.t1059.001` is `T1059.001`.
#[must_use]
pub fn techniques(tags: &[String]) -> Vec<String> {
    let technique = |tag: &String| {
        let name = tag.strip_prefix("attack.t")?;
        let digits = name.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        (digits && name.len() >= 4).then(|| format!("T{name}"))
    };
    tags.iter().filter_map(technique).collect()
}

/// Whom an event is about: the host, the address or the account that it names first.
#[must_use]
pub fn entity(event: &Event<'_>) -> String {
    const NAMES: [Name; 8] = [
        Name::of("Computer"),
        Name::of("host.name"),
        Name::of("src_ip"),
        Name::of("c-ip"),
        Name::of("sourceIPAddress"),
        Name::of("host"),
        Name::of("User"),
        Name::of("user.name"),
    ];
    let named = NAMES.iter().find_map(|name| event.text(*name).filter(|it| !it.is_empty()));
    named.unwrap_or_default().into_owned()
}

impl Finding {
    /// The same without evidence that is not to leave the house, and with long texts cut.
    #[must_use]
    pub fn minimised(mut self, kept: &[String]) -> Self {
        if !kept.is_empty() {
            self.evidence.retain(|field, _| kept.contains(field));
        }
        for value in self.evidence.values_mut() {
            if let Value::String(text) = value
                && text.len() > LONGEST
            {
                let end = text.floor_char_boundary(LONGEST);
                text.truncate(end);
                text.push('…');
            }
        }
        self
    }
}

impl Groups {
    /// No findings yet.
    #[must_use]
    pub fn new(grouping: Grouping) -> Self {
        Self { grouping, open: HashMap::new(), suppressed: 0 }
    }

    /// Adds a finding; what is complete now comes back.
    pub fn add(&mut self, finding: Finding) -> Vec<Grouped> {
        if self.grouping.suppressed.iter().any(|it| it.covers(&finding)) {
            self.suppressed += 1;
            return Vec::new();
        }
        let mut complete = Vec::new();
        let key = (finding.by, finding.id.clone(), finding.entity.clone());
        let (at, window) = (finding.at, self.grouping.window);
        if let Some(open) = self.open.get_mut(&key) {
            let near = at.micros() <= open.last.micros().saturating_add(window)
                && at.micros() >= open.first.micros().saturating_sub(window);
            if near {
                open.count += 1;
                open.first = open.first.min(at);
                open.last = open.last.max(at);
                return complete;
            }
            complete.extend(self.open.remove(&key));
        } else if self.open.len() >= MOST {
            let oldest = self.open.iter().min_by_key(|it| it.1.last).map(|it| it.0.clone());
            complete.extend(oldest.and_then(|it| self.open.remove(&it)));
        }
        let finding = finding.minimised(&self.grouping.kept);
        self.open.insert(key, Grouped { finding, count: 1, first: at, last: at });
        complete
    }

    /// What is complete as of a moment.
    pub fn settle(&mut self, now: Instant) -> Vec<Grouped> {
        let start = now.micros().saturating_sub(self.grouping.window);
        let done = self.open.iter().filter(|it| it.1.last.micros() < start);
        let done: Vec<_> = done.map(|it| it.0.clone()).collect();
        let mut complete: Vec<_> = done.iter().filter_map(|it| self.open.remove(it)).collect();
        sort(&mut complete);
        complete
    }

    /// Everything, at the end.
    #[must_use]
    pub fn finish(&mut self) -> Vec<Grouped> {
        let mut complete: Vec<_> = self.open.drain().map(|it| it.1).collect();
        sort(&mut complete);
        complete
    }
}

fn sort(found: &mut [Grouped]) {
    found.sort_by(|one, other| {
        let key = |it: &Grouped| (it.first, it.finding.id.clone(), it.finding.entity.clone());
        key(one).cmp(&key(other))
    });
}

impl Suppression {
    fn covers(&self, finding: &Finding) -> bool {
        self.id == finding.id
            && self.entity.as_ref().is_none_or(|it| *it == finding.entity)
            && self.until.is_none_or(|until| finding.at < until)
    }
}

impl Grouped {
    /// What tells it from all others: what found it, about whom, since when. The same findings
    /// again, after a restart, have the same key.
    #[must_use]
    pub fn key(&self) -> String {
        let Finding { by, id, entity, .. } = &self.finding;
        format!("{by:?}\u{1f}{id}\u{1f}{entity}\u{1f}{}", self.first.micros())
    }

    /// As a STIX sighting of what found it: an indicator's own identifier, or that of the object
    /// that stands for a rule. `id` is the sighting's identifier, `by` and `of` those of who saw and
    /// what was seen; `now` is when it is written.
    #[must_use]
    pub fn sighting(&self, id: &str, by: &str, of: &str, now: Instant) -> Value {
        let Finding { title, severity, confidence, techniques, evidence, .. } = &self.finding;
        json!({
            "type": "sighting",
            "spec_version": "2.1",
            "id": id,
            "created_by_ref": by,
            "created": written(now),
            "modified": written(now),
            "first_seen": written(self.first),
            "last_seen": written(self.last),
            "count": self.count.min(999_999_999),
            "sighting_of_ref": of,
            "where_sighted_refs": [by],
            "description": title,
            "confidence": confidence,
            "x_vedetta_severity": severity,
            "x_vedetta_techniques": techniques,
            "x_vedetta_evidence": evidence,
        })
    }
}

fn written(at: Instant) -> String {
    let at = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str, entity: &str, second: i64) -> Finding {
        Finding {
            by: By::Rule,
            id: id.into(),
            title: "A title".into(),
            severity: Severity::High,
            confidence: 80,
            techniques: techniques(&["attack.t1059.001".into(), "attack.execution".into()]),
            entity: entity.into(),
            evidence: [("Image".to_owned(), json!("a.exe")), ("User".to_owned(), json!("anna"))]
                .into(),
            at: Instant::from_micros(second * 1_000_000),
        }
    }

    #[test]
    fn a_thousand_equal_findings_are_one() {
        let mut groups = Groups::new(Grouping { window: 60_000_000, ..Grouping::default() });
        for second in 0..1_000 {
            assert_eq!(groups.add(finding("r", "h", second)), []);
        }
        groups.add(finding("r", "other", 5));
        let told = groups.add(finding("r", "h", 2_000));
        assert_eq!((told[0].count, told[0].last.micros()), (1_000, 999_000_000));
        let rest = groups.finish();
        assert_eq!(rest.iter().map(|it| it.count).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(rest[0].finding.entity, "other");
    }

    #[test]
    fn the_same_whatever_the_order() {
        let of = |seconds: &[i64]| {
            let mut groups = Groups::new(Grouping { window: 60_000_000, ..Grouping::default() });
            seconds.iter().for_each(|it| assert_eq!(groups.add(finding("r", "h", *it)), []));
            let found = groups.finish();
            (found[0].key(), found[0].count, found[0].last)
        };
        assert_eq!(of(&[1, 20, 40]), of(&[40, 1, 20]));
    }

    #[test]
    fn suppressed_and_minimised() {
        let until = Some(Instant::from_micros(10_000_000));
        let mine = Suppression { id: "r".into(), entity: Some("h".into()), until };
        let mut groups = Groups::new(Grouping {
            kept: vec!["Image".into()],
            suppressed: vec![mine],
            ..Grouping::default()
        });
        groups.add(finding("r", "h", 1));
        groups.add(finding("r", "h", 11));
        groups.add(finding("r", "other", 1));
        assert_eq!(groups.suppressed, 1);
        let told = groups.finish();
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|it| it.finding.evidence.keys().eq(["Image"])));
    }

    #[test]
    fn a_sighting_is_valid_stix() {
        let mut groups = Groups::new(Grouping::default());
        groups.add(finding("r", "h", 1_767_225_600));
        let [grouped] = &groups.finish()[..] else { panic!("one") };
        let uuid = "28bb3599-77cd-5a82-a950-b5bc3caf07c4";
        let id = |kind: &str| format!("{kind}--{uuid}");
        let now = Instant::from_micros(1_767_225_700_000_000);
        let sighting = grouped.sighting(&id("sighting"), &id("identity"), &id("indicator"), now);
        let (object, problems) = stix::Object::parse(&sighting.to_string()).unwrap();
        assert_eq!(object.object_type(), "sighting");
        let errors: Vec<_> =
            problems.iter().filter(|it| it.severity == stix::Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(grouped.finding.techniques, ["T1059.001"]);
    }
}
