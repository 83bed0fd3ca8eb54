//! The features of style: words and pairs of words, nothing of the header but the subject, no
//! numbers, no addresses; what a corpus happens to be (its age, its lists, its mailbox) stays out
//! as far as that goes.

use crate::checks::latin;
use crate::evidence::Evidence;
use crate::hosting;

/// How many buckets the features fall into.
pub const BUCKETS: u32 = 1 << 16;

const MOST_WORDS: usize = 500;

/// The buckets of a message, sorted, each once.
#[must_use]
pub fn features(evidence: &Evidence) -> Vec<u32> {
    let mut found = Vec::with_capacity(2000);
    let subject = words(&evidence.subject, 40);
    for word in &subject {
        found.push(bucket("s", word, ""));
    }
    for text in [&evidence.text, &evidence.attached_text] {
        let said = words(text, MOST_WORDS);
        add(&mut found, &said);
    }
    add(&mut found, &subject);
    links(&mut found, evidence);
    found.sort_unstable();
    found.dedup();
    found
}

fn add(found: &mut Vec<u32>, said: &[String]) {
    for word in said {
        found.push(bucket("w", word, ""));
    }
    for pair in said.windows(2) {
        if let [one, other] = pair {
            found.push(bucket("p", one, other));
        }
    }
}

fn links(found: &mut Vec<u32>, evidence: &Evidence) {
    for link in evidence.clickable().take(60) {
        let ending = link.target.host.rsplit('.').next().unwrap_or_default();
        found.push(bucket("e", ending, ""));
        if let Some(hosting) = hosting::of(&link.target.host) {
            found.push(bucket("h", &format!("{hosting:?}"), ""));
        }
        let path = link.target.rest.to_ascii_lowercase();
        for piece in path
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|piece| (3..=12).contains(&piece.len()))
            .take(6)
        {
            found.push(bucket("l", piece, ""));
        }
    }
    for file in &evidence.attachments {
        found.push(bucket("a", &format!("{:?}", file.nature), ""));
    }
}

/// What every feature is divided by, so that long messages weigh like short ones.
#[allow(clippy::cast_precision_loss, reason = "thousands at most")]
pub(super) fn norm(features: usize) -> f32 {
    1.0 / (features.max(30) as f32).sqrt()
}

/// Words in one spelling: numbers are `0`, addresses and links fall away.
fn words(text: &str, most: usize) -> Vec<String> {
    let mut words = Vec::new();
    for piece in text.split_whitespace().take(most * 2) {
        if piece.contains('@')
            || piece.contains("://")
            || piece.starts_with("www.")
            || piece.len() > 60
        {
            continue;
        }
        for word in piece.split(|c: char| !c.is_alphanumeric() && c != '€' && c != '$') {
            if word.is_empty() || words.len() >= most {
                continue;
            }
            if word.chars().any(|c| c.is_ascii_digit()) {
                words.push("0".into());
                continue;
            }
            let word: String =
                word.chars().flat_map(char::to_lowercase).map(latin).take(24).collect();
            if word.len() > 1 {
                words.push(word);
            }
        }
    }
    words
}

/// FNV-1a over the kind and the words.
fn bucket(kind: &str, one: &str, other: &str) -> u32 {
    let bytes = kind.bytes().chain([0]).chain(one.bytes()).chain([0]).chain(other.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    ((hash ^ hash >> 32) & u64::from(BUCKETS - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::{features, words};
    use crate::evidence::Evidence;

    #[test]
    fn numbers_and_addresses_say_nothing() {
        assert_eq!(
            words("Ciao 2002 a@b.example http://x.example/y Pаypal-ID", 10),
            ["ciao", "0", "paypal", "id"]
        );
    }

    #[test]
    fn recipients_and_senders_are_no_features() {
        let one = Evidence { text: "buongiorno a tutti".into(), ..Evidence::default() };
        let mut other = one.clone();
        other.from = crate::header::mailboxes("x <y@z.example>");
        other.date = "Mon".into();
        assert_eq!(features(&one), features(&other));
    }
}
