//! Which of the messages reported as phishing are phishing strictly: lures for credentials or an
//! identity, and lures that bring malware. Rules on content of their own: no check, weight or verdict
//! is asked, so that the figure does not measure itself.

use std::sync::LazyLock;

use vedetta_mail::{Evidence, Nature, Trait};

/// How far apart the thing and what is asked of it may stand, in letters.
const PASSAGE: usize = 160;

/// What a system runs, unpacks or mounts when somebody follows the link to it.
const RUNS: &[&str] = &[
    ".exe", ".scr", ".msi", ".js", ".vbs", ".hta", ".lnk", ".apk", ".jar", ".bat", ".cmd", ".ps1",
    ".iso", ".img", ".vhd", ".zip", ".rar", ".7z", ".docm", ".xlsm",
];

struct Lists {
    things: Vec<&'static str>,
    asks: Vec<&'static str>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let text = include_str!("../corpus/strict.txt");
    let of = |name: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        lines.flat_map(|line| line.split('|')).collect()
    };
    Lists { things: of("things"), asks: of("asks") }
});

/// Whether a message reported as phishing is a lure for credentials or an identity, or brings malware.
pub(crate) fn is_strict(evidence: &Evidence) -> bool {
    brings_malware(evidence) || asks_password(evidence) || wants_access(evidence)
}

fn brings_malware(evidence: &Evidence) -> bool {
    let runs = |path: &str| {
        let path = path.split(['?', '#']).next().unwrap_or_default().to_lowercase();
        RUNS.iter().any(|ending| path.ends_with(ending))
    };
    let dangerous = |what: &Trait| {
        use Trait::{
            Dde, DiskImage, Executable, Launch, Macro, RemoteTemplate, Shortcut, Smuggling,
        };
        matches!(
            what,
            Executable | Shortcut | DiskImage | Macro | RemoteTemplate | Dde | Launch | Smuggling
        )
    };
    evidence.attachments.iter().any(|file| file.traits.iter().any(dangerous))
        || evidence.clickable().any(|link| runs(&link.target.rest))
}

fn asks_password(evidence: &Evidence) -> bool {
    evidence.web_forms.iter().any(|(_, password)| *password)
        || evidence.attachments.iter().any(|file| file.traits.contains(&Trait::PasswordForm))
}

/// It speaks of an account, a password, a card or an identity, and of losing or proving it, in one
/// passage; and leads somewhere.
fn wants_access(evidence: &Evidence) -> bool {
    let page = |file: &vedetta_mail::Attachment| matches!(file.nature, Nature::Html | Nature::Pdf);
    if evidence.clickable().next().is_none() && !evidence.attachments.iter().any(page) {
        return false;
    }
    let said = format!("{}\n{}\n{}", evidence.subject, evidence.text, evidence.attached_text);
    let said = said.to_lowercase();
    let places = |words: &[&str]| {
        let mut found: Vec<usize> = words
            .iter()
            .flat_map(|word| said.match_indices(word))
            .filter(|(at, _)| begins(&said, *at))
            .map(|(at, _)| at)
            .collect();
        found.sort_unstable();
        found
    };
    let asked = places(&LISTS.asks);
    places(&LISTS.things).into_iter().any(|at| {
        let first = asked.partition_point(|asked| asked + PASSAGE < at);
        asked.get(first).is_some_and(|asked| *asked < at + PASSAGE)
    })
}

fn begins(text: &str, at: usize) -> bool {
    !text[..at].chars().next_back().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use vedetta_mail::{Evidence, Limits};

    use super::is_strict;

    fn strict(text: &str) -> bool {
        let letter = format!("From: a@b.example\nSubject: s\n\n{text}\n");
        is_strict(&Evidence::read(letter.as_bytes(), &Limits::default()))
    }

    #[test]
    fn a_lure_for_access_is_strict_and_a_fraud_of_words_is_not() {
        assert!(strict("Your mailbox will be suspended: https://a.example/x"));
        assert!(strict("Aggiorni la password entro oggi: https://a.example/x"));
        assert!(strict("La fattura: https://a.example/fattura.zip?x=1"));
        assert!(!strict("Your mailbox will be suspended."), "it leads nowhere");
        assert!(!strict("I am a widow and left you 4 million. https://a.example/x"));
        assert!(!strict("You won a drill, take our survey: https://a.example/x"));
    }
}
