//! A sample of a message that may be shown to others: the lure stays, who received it does not.

use crate::evidence::Evidence;
use crate::header::Mailbox;
use crate::hosting;
use crate::url::{Target, defang};

/// What is shared of a message: no recipient, no greeted name, no internal routing, no live link.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Sample {
    /// The sender, defanged.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The links, defanged.
    pub links: Vec<String>,
    /// The names of the files.
    pub files: Vec<String>,
}

const LONGEST: usize = 4000;
const HIDDEN: &str = "[…]";

/// Redacts a message; `victims` are more words that tell who received it: names of the
/// organisation, of its domain, of the reporter.
#[must_use]
pub fn sample(evidence: &Evidence, victims: &[String]) -> Sample {
    let mut hidden: Vec<String> =
        victims.iter().map(|word| word.to_lowercase()).filter(|word| word.len() > 2).collect();
    for mailbox in &evidence.to {
        hidden.extend(of(mailbox));
    }
    hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
    hidden.dedup();
    let own = |address: &str| {
        evidence.from.iter().chain(&evidence.reply_to).any(|mailbox| mailbox.address == address)
    };
    let clean = |text: &str| {
        let others: Vec<String> =
            crate::text::addresses(text).filter(|address| !own(address)).collect();
        without(&without(text, &others), &hidden)
    };
    let text = defanged(&evidence.text, &hidden);
    let text: String = greeting_removed(&clean(&text)).chars().take(LONGEST).collect();
    let links = evidence.clickable().take(50).map(|link| {
        let place = link.target.impersonal(&hidden);
        clean(&defang(&place))
    });
    Sample {
        from: evidence
            .sender()
            .map(|sender| clean(&format!("{} <{}>", sender.name, defang(&sender.address))))
            .unwrap_or_default(),
        subject: clean(&evidence.subject),
        text,
        links: distinct(links),
        files: evidence.attachments.iter().map(|file| clean(&file.name)).collect(),
    }
}

/// The words that tell a recipient: address, mailbox, the name and its parts.
fn of(mailbox: &Mailbox) -> Vec<String> {
    let address = mailbox.address.to_lowercase();
    let local = address.split('@').next().unwrap_or_default().to_owned();
    let domain = crate::url::registered(mailbox.domain());
    let parts =
        local.split(['.', '-', '_']).chain(mailbox.name.split_whitespace()).map(str::to_lowercase);
    let mut words: Vec<String> = parts.filter(|part| part.len() > 2).collect();
    words.extend([address.clone(), local, domain, mailbox.name.to_lowercase()]);
    words.retain(|word| word.len() > 2);
    words
}

/// Replaces whole words, in any case.
fn without(text: &str, hidden: &[String]) -> String {
    let mut text = text.to_owned();
    for word in hidden {
        let lower = text.to_lowercase();
        if lower.len() != text.len() || !lower.contains(word.as_str()) {
            if lower.len() != text.len() && lower.contains(word.as_str()) {
                // Lengths changed with the case: letter by letter is not worth it, the line goes.
                let keeps = |line: &&str| !line.to_lowercase().contains(word.as_str());
                text = text.lines().filter(keeps).collect::<Vec<_>>().join("\n");
            }
            continue;
        }
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for (at, _) in lower.match_indices(word.as_str()) {
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let after = lower.get(at + word.len()..).and_then(|text| text.chars().next());
            if at < from || letter(before) || letter(after) {
                continue;
            }
            out.push_str(text.get(from..at).unwrap_or_default());
            out.push_str(HIDDEN);
            from = at + word.len();
        }
        out.push_str(text.get(from..).unwrap_or_default());
        text = out;
    }
    text
}

const GREETINGS: &[&str] = &[
    "gentile ",
    "gentilissimo ",
    "gentilissima ",
    "gent.mo ",
    "gent.ma ",
    "gent.mi ",
    "gent.le ",
    "egr. ",
    "preg.mo ",
    "preg.ma ",
    "stimato ",
    "stimata ",
    "buonasera ",
    "alla c.a. ",
    "alla cortese attenzione ",
    "all'attenzione ",
    "all’attenzione ",
    "c.a. ",
    "attn ",
    "attn: ",
    "good morning ",
    "good afternoon ",
    "egregio ",
    "egregia ",
    "caro ",
    "cara ",
    "ciao ",
    "buongiorno ",
    "salve ",
    "spett.le ",
    "dear ",
    "hello ",
    "hi ",
];
const NAMELESS: &[&str] = &[
    "cliente",
    "utente",
    "collega",
    "colleghi",
    "contribuente",
    "customer",
    "user",
    "client",
    "friend",
    "sir",
    "all",
    "a tutti",
    "member",
];

/// What stands between a greeting and its comma is a name, unless it is nobody's.
fn greeting_removed(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let lower = line.trim_start().to_lowercase();
        let greeting = GREETINGS.iter().find(|greeting| lower.starts_with(**greeting));
        let Some(greeting) = greeting else { return line.to_owned() };
        let rest = line.trim_start().get(greeting.len()..).unwrap_or_default();
        let end = rest.find([',', '!', ':', ';']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let nobodys = NAMELESS.iter().any(|word| name.to_lowercase().trim().ends_with(word));
        if nobodys || name.split_whitespace().count() > 5 {
            return line.to_owned();
        }
        let start = line.trim_start().get(..greeting.len()).unwrap_or_default();
        format!("{start}{HIDDEN}{after}")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The text, its links as places that tell nobody.
fn defanged(text: &str, hidden: &[String]) -> String {
    let mut out = text.to_owned();
    let mut urls: Vec<&str> = crate::text::urls(text).collect();
    urls.sort_by_key(|url| std::cmp::Reverse(url.len()));
    for url in urls {
        let place = Target::read(url).filter(Target::is_web);
        let place = place.map_or_else(|| HIDDEN.to_owned(), |it| defang(&it.impersonal(hidden)));
        out = out.replace(url, &place);
    }
    out
}

fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

impl Target {
    /// The place without what may tell who received the link: no query, no fragment, no user, no
    /// piece of the path that is drawn by lot or says one of `hidden` once it is decoded.
    #[must_use]
    pub fn impersonal(&self, hidden: &[String]) -> String {
        let end = self.rest.find(['?', '#']).unwrap_or(self.rest.len());
        let path = self.rest.get(..end).unwrap_or_default();
        let pieces: Vec<&str> = path
            .split('/')
            .map(|piece| if tells(piece, hidden) { HIDDEN } else { piece })
            .collect();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let labels: Vec<&str> = self
            .host
            .split('.')
            .map(|label| if tells(label, hidden) { HIDDEN } else { label })
            .collect();
        format!("{}://{}{port}{}", self.scheme, labels.join("."), pieces.join("/"))
    }
}

/// Whether a piece of a path or name may tell somebody.
fn tells(piece: &str, hidden: &[String]) -> bool {
    let plain = String::from_utf8_lossy(&crate::header::percent(piece)).to_lowercase();
    let says = |text: &str| {
        let text = text.to_lowercase();
        // A short word within another is chance.
        let has = |word: &String| {
            word.len() > 4 && text.contains(word.as_str())
                || text.split(|c: char| !c.is_alphanumeric()).any(|piece| piece == word)
        };
        text.contains('@') || hidden.iter().any(has)
    };
    let stem = piece.split('.').next().unwrap_or_default();
    let longest = piece.split(['-', '_', '.']).map(str::len).max().unwrap_or(0);
    let digits = piece.bytes().filter(u8::is_ascii_digit).count();
    let coded = String::from_utf8_lossy(&transfer::base64(piece.as_bytes(), 4096).0).to_lowercase();
    says(&plain)
        || says(&coded)
        || hosting::is_random(stem)
        || longest > 20
        || digits >= 6
        || piece.contains('%') && plain.contains('\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::sample;
    use crate::budget::Limits;
    use crate::evidence::Evidence;

    #[test]
    fn nothing_tells_who_received_it() {
        let letter = "Received: from mx.interno.comune.example\nFrom: Poste <a@evil.invalid>\n\
            To: \"Ada Bianchi\" <ada.bianchi@comune.example>\nSubject: ADA, il pacco\n\n\
            Gentile Dott.ssa Bianchi Ada,\nscriviamo ad ada.bianchi@comune.example e a luca@comune.example del Comune di Prova.\n\
            Vada su https://evil.invalid/?u=ada.bianchi@comune.example";
        let evidence = Evidence::read(letter.as_bytes(), &Limits::default());
        let sample = sample(&evidence, &["Comune di Prova".into()]);
        let whole = serde_json::to_string(&sample).unwrap().to_lowercase();
        for told in ["ada", "bianchi", "luca", "comune", "interno", "https://"] {
            let alone = whole
                .split(|c: char| !c.is_alphanumeric() && c != ':' && c != '/')
                .any(|word| word == told);
            assert!(!alone && !whole.contains(&format!("{told}@")), "{told}: {whole}");
        }
        assert!(whole.contains("evil[.]invalid") && whole.contains("pacco"));
    }

    #[test]
    fn no_link_and_no_greeting_tells_it_in_code() {
        let links = [
            "https://a.invalid/x?e=ada.bianchi%40comune.example",
            "https://a.invalid/u/ada.bianchi",
            "https://a.invalid/u/YWRhLmJpYW5jaGlAY29tdW5lLmV4YW1wbGU=/z",
            "https://a.invalid/t/9f86d081884c7d659a2feaa0c55ad015/go",
            "https://a.invalid/p/8842917/pay#ada.bianchi",
            "https://comune-example.a.invalid/",
            "https://ada%2Ebianchi:x@a.invalid/%61da.bianchi",
        ];
        let greetings = [
            "Gent.ma Bianchi Ada,",
            "Gent.le sig.ra Bianchi,",
            "Buonasera Bianchi,",
            "Alla c.a. Bianchi Ada,",
            "Preg.mo Bianchi,",
        ];
        let letter = format!(
            "From: x@evil.invalid\nTo: undisclosed-recipients:;\nSubject: TARI\n\n{}\n{}",
            greetings.join("\n"),
            links.join("\n")
        );
        let evidence = Evidence::read(letter.as_bytes(), &Limits::default());
        let victims =
            ["ada.bianchi@comune.example", "ada.bianchi", "comune-example"].map(String::from);
        let whole = serde_json::to_string(&sample(&evidence, &victims)).unwrap().to_lowercase();
        for told in ["bianchi", "ywrh", "9f86d", "8842917", "comune", "%40", "%61"] {
            assert!(!whole.contains(told), "{told}: {whole}");
        }
        assert!(whole.contains("a[.]invalid/u/") && whole.contains("gent.ma"), "{whole}");
    }
}
