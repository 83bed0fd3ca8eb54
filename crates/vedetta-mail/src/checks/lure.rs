//! What lures ask for, in Italian and English: `data/lures.csv`, a line of thought a line.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Confidence, Finding, Group, Scene, Severity};

/// What somebody asks for, and the phrases that ask for it.
struct Lure {
    slug: &'static str,
    severity: Severity,
    /// How many of the phrases must be there.
    least: usize,
    it: &'static str,
    en: &'static str,
    phrases: Vec<&'static str>,
}

/// It asks for a call: only where there is a number to call.
const CALL_BACK: &str = "lure/call-back";

/// Letters that are seen, for each of which one phrase more must be there: whoever writes much says
/// anything once.
const LETTERS_FOR_A_PHRASE: usize = 4000;

struct Table {
    lures: Vec<Lure>,
    searcher: Option<AhoCorasick>,
    /// Of each phrase, its lure.
    owners: Vec<usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let lines = include_str!("../../data/lures.csv").lines();
    let lures: Vec<Lure> = lines.filter(|line| !line.starts_with('#')).filter_map(lure).collect();
    let phrases = lures.iter().flat_map(|lure| &lure.phrases);
    let owners = lures
        .iter()
        .enumerate()
        .flat_map(|(number, lure)| lure.phrases.iter().map(move |_| number));
    let (searcher, owners) = (AhoCorasick::new(phrases).ok(), owners.collect());
    Table { lures, searcher, owners }
});

fn lure(line: &'static str) -> Option<Lure> {
    let mut columns = line.split(';');
    let mut next = || columns.next();
    Some(Lure {
        slug: next()?,
        severity: match next()? {
            "low" => Severity::Low,
            "medium" => Severity::Medium,
            _ => Severity::High,
        },
        least: next()?.parse().ok()?,
        it: next()?,
        en: next()?,
        phrases: next()?.split('|').collect(),
    })
}

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let words = scene.words.replace('’', "'");
    let mut heard: Vec<Vec<&str>> = vec![Vec::new(); TABLE.lures.len()];
    for hit in TABLE.searcher.iter().flat_map(|searcher| searcher.find_overlapping_iter(&words)) {
        let before = words.get(..hit.start()).and_then(|text| text.chars().next_back());
        let owner = TABLE.owners.get(hit.pattern().as_usize());
        if before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let phrase = words.get(hit.range()).unwrap_or_default();
        if let Some(heard) = owner.and_then(|owner| heard.get_mut(*owner))
            && !heard.contains(&phrase)
        {
            heard.push(phrase);
        }
    }
    let more = scene.letters / LETTERS_FOR_A_PHRASE;
    for (lure, phrases) in TABLE.lures.iter().zip(heard) {
        let numbers = &scene.evidence.accounts.phones;
        if phrases.len() >= lure.least + more && (lure.slug != CALL_BACK || !numbers.is_empty()) {
            let said: Vec<&str> = phrases.into_iter().take(4).collect();
            let called = if lure.slug == CALL_BACK { numbers.as_slice() } else { &[] };
            let called = called.iter().take(3).map(|number| format!(" · tel. {number}"));
            let note = said.join(" · ") + &called.collect::<String>();
            findings.push(
                Finding::new(lure.slug, Group::Content, lure.severity, Confidence::Low)
                    .says(lure.it, lure.en)
                    .notes(note.clone(), note),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CALL_BACK, TABLE};

    #[test]
    fn every_line_of_the_table_is_a_lure() {
        let lines = include_str!("../../data/lures.csv").lines().filter(|it| !it.starts_with('#'));
        assert_eq!(lines.count(), TABLE.lures.len());
        let lower = |text: &str| text.to_lowercase() == text && !text.trim().is_empty();
        assert!(TABLE.lures.iter().all(|lure| lure.phrases.iter().all(|phrase| lower(phrase))));
        assert!(TABLE.lures.iter().any(|lure| lure.slug == CALL_BACK) && TABLE.searcher.is_some());
    }
}
