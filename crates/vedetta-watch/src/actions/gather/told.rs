//! What a sighting, an incident and a reported message tell the queue.

use std::time::Duration;

use serde::Deserialize;
use vedetta_desk::incident::{Channel, Source};
use vedetta_desk::kinds::evidence;
use vedetta_desk::posture::EXERCISE;
use vedetta_model::{Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::Sequence;

use super::Notice;

/// What is read of a sighting that a sensor's finding became.
#[derive(Deserialize)]
struct Finding {
    #[serde(default)]
    description: String,
    #[serde(default)]
    count: u64,
    x_vedetta_of: String,
    x_vedetta_severity: String,
    #[serde(default)]
    x_vedetta_entity: String,
    #[serde(default)]
    x_vedetta_techniques: Vec<String>,
    #[serde(default)]
    x_vedetta_evidence: serde_json::Value,
    #[serde(default)]
    revoked: bool,
}

/// Whether an object is a finding to act on, or to look at now.
pub(super) fn is_grave(body: &[u8]) -> bool {
    let told = serde_json::from_slice::<Finding>(body);
    told.is_ok_and(|it| matches!(it.x_vedetta_severity.as_str(), "high" | "critical"))
}

/// A finding that is grave.
pub(super) fn finding(id: &ItemId, body: &[u8], of: OrganisationId, at: Instant) -> Option<Notice> {
    let told: Finding = serde_json::from_slice(body).ok()?;
    let (grave_it, grave_en) = match told.x_vedetta_severity.as_str() {
        "high" => ("alta", "high"),
        "critical" => ("critica", "critical"),
        _ => return None,
    };
    if told.revoked {
        return None;
    }
    let title = clipped(&told.description, TITLE)
        .or_else(|| clipped(&told.x_vedetta_of, TITLE))
        .unwrap_or_else(|| id.to_string());
    let mut words = format!(
        "Trovato da un sensore, gravità {grave_it}. / Found by a sensor, severity {grave_en}.\n{title}"
    );
    let evidence = evidence(&told.x_vedetta_evidence);
    let techniques = told.x_vedetta_techniques.join(", ");
    for part in [told.x_vedetta_entity, techniques, evidence].iter().filter(|it| !it.is_empty()) {
        words.push('\n');
        words.push_str(part);
    }
    Some(Notice {
        group: format!("finding/{of}/{}", told.x_vedetta_of),
        channel: Channel::Finding,
        from: of.clone(),
        organisation: of,
        title,
        words: clipped(&words, WORDS)?,
        critical: told.x_vedetta_severity == "critical",
        source: Source::Finding { sighting: id.clone() },
        item: Some(id.clone()),
        of: id.to_string(),
        count: told.count.max(1),
        at,
        reporter: None,
    })
}

/// An incident as another node tells it: whose line of the item it is, and at which place a version of it
/// came. What others tell under its name is of another kind, and each version counts.
pub(super) fn told_incident(
    (id, (producer, version)): (&ItemId, (OrganisationNumber, Sequence)),
    body: &[u8],
    (of, from): (OrganisationId, OrganisationId),
    at: Instant,
) -> Option<Notice> {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        name: String,
        #[serde(default)]
        description: String,
        #[serde(default)]
        labels: Vec<String>,
        #[serde(default)]
        revoked: bool,
    }
    let told: Told = serde_json::from_slice(body).ok().filter(|it: &Told| !it.revoked)?;
    let mut title = clipped(&told.name, TITLE).unwrap_or_else(|| id.to_string());
    if told.labels.iter().any(|it| it == "exercise") && !title.starts_with(EXERCISE.0) {
        title = format!("{} / {} · {title}", EXERCISE.0, EXERCISE.1);
    }
    let words = clipped(&told.description, WORDS).unwrap_or_else(|| title.clone());
    Some(Notice {
        group: format!("peer/{id}/{}", producer.0),
        channel: Channel::Peer,
        organisation: of,
        from,
        title,
        words,
        critical: false,
        source: Source::Item { item: id.clone() },
        item: Some(id.clone()),
        of: version.0.to_string(),
        count: 1,
        at,
        reporter: None,
    })
}

/// What is read of a reported message.
#[derive(Deserialize)]
pub(super) struct MailTold {
    case: String,
    #[serde(default)]
    pub(super) organisation: Option<OrganisationId>,
    standing: String,
    reporter: String,
    verdict: String,
    campaign: String,
    #[serde(default)]
    ruling: Option<Ruled>,
    #[serde(default)]
    contest: Option<serde::de::IgnoredAny>,
    keeping: Keeping,
}

#[derive(Deserialize)]
struct Keeping {
    is: String,
}

#[derive(Deserialize)]
struct Ruled {
    verdict: String,
    at: Instant,
}

impl MailTold {
    /// Of those who proved who they are: anybody can write in another's name.
    pub(super) fn notice(self, organisation: OrganisationId, at: Instant) -> Option<Notice> {
        // A record is put again when an analyst speaks, a message goes, a reporter disagrees: that is
        // no further report. However late, the first says none of it.
        let untouched = self.ruling.is_none() && self.contest.is_none();
        let first = untouched && self.keeping.is == "kept";
        let ruled = self.ruling.as_ref().is_some_and(|ruling| at.since(ruling.at) <= AT_ONCE);
        let verdict = self.ruling.as_ref().map_or(&self.verdict, |ruling| &ruling.verdict);
        let bad = matches!(verdict.as_str(), "malicious" | "suspicious");
        if self.standing != "enrolled" || !bad || !(first || ruled) {
            return None;
        }
        let grave = verdict == "malicious";
        let (it, en) = if grave { ("pericolosa", "malicious") } else { ("sospetta", "suspicious") };
        let words = format!(
            "Posta {it} consegnata allo sportello: messaggio {case}. / Mail handed in at the desk, {en}: message {case}.",
            case = self.case
        );
        Some(Notice {
            group: format!("mail/{}", self.campaign),
            channel: Channel::Mail,
            from: organisation.clone(),
            organisation,
            critical: false,
            title: format!("Posta {it} / Mail, {en}"),
            words,
            of: self.case.clone(),
            source: Source::Campaign { campaign: self.campaign, message: self.case },
            item: None,
            count: 1,
            at,
            reporter: (!grave).then_some(self.reporter),
        })
    }
}

/// A record of a message that is put later than this after an analyst spoke says something else of it.
const AT_ONCE: Duration = Duration::from_secs(60);
/// No title and no words of a machine are longer, in characters.
pub(super) const TITLE: usize = 200;
const WORDS: usize = 4_000;

/// A text in so many characters; nothing where it says nothing.
pub(super) fn clipped(text: &str, most: usize) -> Option<String> {
    let text: String = text.trim().chars().take(most).collect();
    (!text.is_empty()).then_some(text)
}
