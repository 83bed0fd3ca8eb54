//! What helps at the queue: which centre a report belongs to, and what else is like it. Both are
//! suggestions with their reasons; a person decides.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use vedetta_model::language::Bilingual;
use vedetta_model::organisation::{Criticality, Sector};
use vedetta_model::{AgreementId, Instant, Organisation, OrganisationId};

use crate::incident::Routed;

/// A centre that answers reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Centre {
    /// Which.
    pub id: OrganisationId,
    /// What it is called.
    pub name: String,
    /// What it answers for.
    pub reach: Reach,
    /// The sector it knows; any without it.
    pub sector: Option<Sector>,
}

/// How far a centre reaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The whole country.
    Country,
    /// A region.
    Region(String),
    /// Those who lean on it.
    Members,
}

/// An agreement by which an organisation gives its incidents to a centre.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tie {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its title.
    pub title: String,
    /// The centre.
    pub centre: OrganisationId,
}

/// What a report leaves to be recognised by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prints {
    words: Vec<u64>,
    traces: Vec<u64>,
}

/// A report as far as likeness goes.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// For whom.
    pub organisation: &'a OrganisationId,
    /// When.
    pub at: Instant,
    /// By what it is recognised.
    pub prints: &'a Prints,
}

/// How two reports are alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Likeness {
    /// From 0 to 100.
    pub points: u8,
    /// Why, the weightiest first.
    pub reasons: Vec<Bilingual>,
}

/// Fewer points are no likeness.
pub const ALIKE: u8 = 40;
/// Words and traces kept of one report.
const KEPT: usize = 64;
/// Longer words are no words.
const LONGEST_WORD: usize = 256;
const DAY: Duration = Duration::from_secs(86_400);

/// Which centre a report of an organisation should go to: by agreement, territory and sector, and
/// what is critical for the country to the national centre.
#[must_use]
pub fn route(of: &Organisation, centres: &[Centre], ties: &[Tie]) -> Option<Routed> {
    let scored = centres.iter().map(|centre| {
        let mut reasons = reasons(of, centre, ties);
        reasons.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
        let points: u32 = reasons.iter().map(|(points, _)| points).sum();
        (points, centre, reasons)
    });
    // Of equals the nearer one; where nothing speaks for any, the one that answers for all.
    let best = scored.max_by_key(|(points, centre, _)| {
        (*points, (*points > 0) != (centre.reach == Reach::Country))
    })?;
    let (_, centre, reasons) = best;
    let mut reasons: Vec<_> = reasons.into_iter().map(|(_, reason)| reason).collect();
    if reasons.is_empty() {
        if centre.reach != Reach::Country {
            return None;
        }
        let words = ("nessun centro più vicino", "no centre is nearer");
        reasons.push(Bilingual::new(words.0, words.1));
    }
    Some(Routed { to: centre.id.clone(), reasons })
}

fn reasons(of: &Organisation, centre: &Centre, ties: &[Tie]) -> Vec<(u32, Bilingual)> {
    let mut reasons = Vec::new();
    if let Some(tie) = ties.iter().find(|tie| tie.centre == centre.id) {
        let (it, en) =
            (format!("protocollo «{}»", tie.title), format!("agreement “{}”", tie.title));
        reasons.push((3, Bilingual::new(it, en)));
    }
    let parent = of.parent.as_ref() == Some(&centre.id);
    match &centre.reach {
        Reach::Region(region) if of.region.as_ref() == Some(region) => {
            let (it, en) = (format!("territorio: {region}"), format!("territory: {region}"));
            reasons.push((2, Bilingual::new(it, en)));
        }
        Reach::Members if parent => {
            reasons.push((2, Bilingual::new("fa capo a questo centro", "it leans on this centre")));
        }
        Reach::Country if of.criticality == Criticality::National => {
            let words =
                ("infrastruttura critica nazionale", "infrastructure critical for the country");
            reasons.push((6, Bilingual::new(words.0, words.1)));
        }
        _ => {}
    }
    // The same sector brings nobody a report from those who neither lean on it nor agreed to that.
    let sector = centre.sector.is_some() && centre.sector == of.sector;
    if sector && centre.reach == Reach::Members && !reasons.is_empty() {
        reasons.push((1, Bilingual::new("settore di competenza", "its sector")));
    }
    reasons
}

impl Prints {
    /// Of a report's title and words.
    #[must_use]
    pub fn of(title: &str, words: &str) -> Self {
        let mut prints = Self::default();
        let traces = traces(title).chain(traces(words)).take(KEPT);
        prints.traces.extend(traces.map(|trace| hash(&trace)));
        let both =
            [title, words].into_iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        let telling = both.filter(|word| word.chars().count() > 3 && word.len() <= LONGEST_WORD);
        // Endings vary, beginnings tell.
        let stems = telling.map(|word| word.to_lowercase().chars().take(7).collect::<String>());
        prints.words.extend(stems.take(KEPT).map(|stem| hash(&stem)));
        for prints in [&mut prints.words, &mut prints.traces] {
            prints.sort_unstable();
            prints.dedup();
            prints.shrink_to_fit();
        }
        prints
    }
}

/// How alike an earlier report is to a new one; nothing when it is not.
#[must_use]
pub fn alike(new: Seen<'_>, earlier: Seen<'_>) -> Option<Likeness> {
    let mut found: Vec<(u32, Bilingual)> = Vec::new();
    let shared = common(&new.prints.traces, &earlier.prints.traces);
    if shared > 0 {
        let words = (
            format!("{shared} indirizzi, domini o impronte in comune"),
            format!("{shared} addresses, domains or hashes in common"),
        );
        found.push((
            45 + 5 * u32::try_from(shared.min(5)).unwrap_or(5),
            Bilingual::new(words.0, words.1),
        ));
    }
    let (ours, theirs) = (&new.prints.words, &earlier.prints.words);
    let both = common(ours, theirs);
    let all = ours.len() + theirs.len() - both;
    if both >= 3 && both * 4 >= all {
        let hundredth = u32::try_from(both * 100 / all.max(1)).unwrap_or(100);
        let words = (
            format!("parole simili ({hundredth} su 100)"),
            format!("similar words ({hundredth} of 100)"),
        );
        found.push((hundredth / 2 + 10, Bilingual::new(words.0, words.1)));
    }
    let apart = new.at.since(earlier.at).max(earlier.at.since(new.at));
    if new.organisation == earlier.organisation && apart <= DAY * 3 {
        let words =
            ("stessa organizzazione, entro tre giorni", "the same organisation, within three days");
        found.push((30, Bilingual::new(words.0, words.1)));
    }
    let near = if apart <= DAY { 10 } else { 0 };
    let points: u32 = found.iter().map(|(points, _)| points).sum();
    if points == 0 {
        return None;
    }
    found.sort_by_key(|(points, _)| std::cmp::Reverse(*points));
    let points = u8::try_from((points + near).min(100)).unwrap_or(100);
    let reasons = found.into_iter().map(|(_, reason)| reason).collect();
    (points >= ALIKE).then_some(Likeness { points, reasons })
}

/// The addresses, domains, mailboxes and hashes that a text names, written plainly.
pub fn traces(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| c.is_whitespace() || "<>()\"',;«»".contains(c));
    let parts = parts.filter(|part| (4..=LONGEST_WORD).contains(&part.len()));
    let found: BTreeSet<String> = parts.filter_map(trace).take(KEPT).collect();
    found.into_iter()
}

/// What one word names.
fn trace(word: &str) -> Option<String> {
    let plain = word.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").to_lowercase();
    let plain = plain.trim_end_matches(['.', ':', '!', '?']);
    let host = match plain.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => plain,
    };
    if host.parse::<IpAddr>().is_ok() {
        return Some(host.to_owned());
    }
    let hex = host.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && matches!(host.len(), 32 | 40 | 64) {
        return Some(host.to_owned());
    }
    let host = host.split(':').next().unwrap_or_default();
    if host.parse::<IpAddr>().is_ok() {
        return Some(host.to_owned());
    }
    let domain = host.rsplit('@').next().unwrap_or_default();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    let named = domain.contains('.')
        && domain.split('.').all(label)
        && top.len() > 1
        && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    named.then(|| host.to_owned())
}

/// How many two sorted lists share.
fn common(one: &[u64], other: &[u64]) -> usize {
    one.iter().filter(|it| other.binary_search(it).is_ok()).count()
}

/// FNV-1a: the same in every process, and enough to suggest by.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests;
