//! What the model learns from: corpora outside, and messages of our own writing.

use std::fmt::Write as _;
use std::path::Path;

use crate::dress::Named;
use crate::strict::is_strict;
use vedetta_mail::{Desk, Evidence, Finding, Form, Header, Limits, features, findings};

/// Where a sample is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub(crate) enum Source {
    Phish,
    Spam,
    Ham(&'static str),
    OwnHam,
    OwnLure,
}

impl Source {
    const fn is_bad(self) -> bool {
        matches!(self, Self::Phish | Self::Spam | Self::OwnLure)
    }

    /// The folder that its messages are measured in; none for what we wrote ourselves.
    pub(crate) fn folder(self) -> Option<&'static str> {
        match self {
            Self::Phish => Some("phish"),
            Self::Spam => Some("spam"),
            Self::Ham("hard") => Some("newsletters"),
            Self::Ham("templates") => Some("notices"),
            Self::Ham(_) => Some("ham"),
            Self::OwnHam | Self::OwnLure => None,
        }
    }

    /// Newsletters and notices are scarce here, and frequent in every mailbox.
    fn weight(self) -> f32 {
        match self {
            Self::Ham("hard") => 20.0,
            Self::Ham("templates") | Self::OwnHam => 20.0,
            // Advertising of old is no lure, and newsletters are like it.
            Self::Spam => 0.1,
            _ => 1.0,
        }
    }
}

/// A message as the model sees it.
pub(crate) struct Sample {
    pub(crate) source: Source,
    pub(crate) bad: bool,
    /// Messages of one group are never on both sides of a split.
    pub(crate) group: u64,
    pub(crate) style: Vec<u32>,
    /// As it came, and as a quotation shows it.
    pub(crate) findings: [Vec<Finding>; 2],
    pub(crate) weight: f32,
    /// Phishing strictly: a lure for credentials or an identity, or one that brings malware.
    pub(crate) strict: bool,
    pub(crate) name: String,
    /// The message.
    pub(crate) letter: Vec<u8>,
}

/// Reads the corpora and writes our own messages.
pub(crate) fn load(corpus: &Path) -> Vec<Sample> {
    let mut samples = Vec::new();
    for folder in ["phish", "spam", "ham"] {
        let mut files: Vec<_> = std::fs::read_dir(corpus.join(folder))
            .unwrap_or_else(|error| panic!("{folder}: {error}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for path in files {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let source = match (folder, name.split('-').next().unwrap_or_default()) {
                ("phish", _) => Source::Phish,
                ("spam", _) => Source::Spam,
                (_, "sa") if name.contains("hard") => Source::Ham("hard"),
                (_, "sa") => Source::Ham("easy"),
                _ => Source::Ham("lists"),
            };
            samples.push(sample(&std::fs::read(&path).unwrap(), source, None, name));
        }
    }
    for written in crate::templates::write(&corpus.join("templates")) {
        let group = hash(&written.package) | 1 << 61;
        let name = format!("{}/{}", written.package, written.name);
        let source = Source::Ham("templates");
        samples.push(sample(written.letter.as_bytes(), source, Some(group), name));
    }
    for (text, source) in [
        (include_str!("../corpus/legitimate.txt"), Source::OwnHam),
        (include_str!("../corpus/lures.txt"), Source::OwnLure),
    ] {
        for (number, template) in text.split("\n---\n").enumerate() {
            for copy in 0..30_u64 {
                let side = u64::from(source.is_bad());
                let seed = (number as u64) << 20 | copy << 2 | 1 | side << 1;
                let letter = Writer { seed }.letter(template, source);
                let group = 1 << 60 | (number as u64) << 1 | side;
                let name = format!("own-{number}-{copy}");
                samples.push(sample(letter.as_bytes(), source, Some(group), name));
            }
        }
    }
    samples
}

fn sample(bytes: &[u8], source: Source, group: Option<u64>, name: String) -> Sample {
    let mut evidence = Evidence::read(bytes, &Limits::default());
    anonymous(&mut evidence);
    let desk = Desk::shipped();
    let subject: String =
        evidence.subject.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect();
    Sample {
        source,
        bad: source.is_bad(),
        group: group.unwrap_or_else(|| hash(&subject.replace("re", ""))),
        style: features(&evidence),
        findings: [named(&evidence, &desk), named(&quotation(&evidence), &desk)],
        weight: source.weight(),
        strict: source == Source::Phish && is_strict(&evidence),
        name,
        letter: bytes.to_vec(),
    }
}

fn named(evidence: &Evidence, desk: &Desk<'_>) -> Vec<Finding> {
    findings(evidence, desk)
}

/// What a quotation leaves of a message.
fn quotation(evidence: &Evidence) -> Evidence {
    let mut quoted = evidence.clone();
    quoted.authentication = Default::default();
    quoted.reply_to.clear();
    quoted.return_path = None;
    quoted.header = Header::Quoted;
    quoted.forms = vec![Form::Inline];
    quoted
}

/// Takes out what the corpora's makers put in when they took the recipients out.
fn anonymous(evidence: &mut Evidence) {
    for text in [&mut evidence.text, &mut evidence.subject, &mut evidence.attached_text] {
        let kept = text.split_inclusive(char::is_whitespace).filter(|word| {
            let lower = word.to_lowercase();
            !lower.contains("phishing") && lower.trim() != "pot"
        });
        *text = kept.collect();
    }
}

pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Writes messages: `{a|b}` is a choice, `{+3-5|a|b|…}` is three to five of them, `{word}` a slot,
/// `[text](link)` a link.
pub(crate) struct Writer {
    pub(crate) seed: u64,
}

const CITIES: &[(&str, &str)] = &[
    ("Montalto", "montalto"),
    ("Valverde", "valverde"),
    ("Castelnuovo", "castelnuovo"),
    ("Borgo Alto", "borgoalto"),
    ("Pieve", "pieve"),
    ("San Rocco", "sanrocco"),
];
const NAMES: &[&str] = &[
    "Anna", "Luca", "Giulia", "Marco", "Sara", "Paolo", "Elena", "Davide", "Chiara", "Mary",
    "John", "Peter", "Laura", "Tom",
];
const SURNAMES: &[&str] = &[
    "Rossi", "Bianchi", "Verdi", "Neri", "Gallo", "Conti", "Smith", "Brown", "Miller", "Fontana",
    "Greco", "Moretti",
];
const SHOPS: &[&str] = &[
    "Ambra",
    "Nordlicht",
    "Quadrifoglio",
    "Acme Tools",
    "Bluebird",
    "Casa Serena",
    "Verdemare",
    "Papermill",
    "Oakline",
    "Tessera Uno",
    "Lumen",
    "Girasole",
    "Stackyard",
    "Harbor",
    "Kite",
];
const TOPICS: &[&str] = &[
    "bilancio di previsione",
    "gara per la mensa",
    "piano urbanistico",
    "sicurezza sul lavoro",
    "project roadmap",
    "customer survey",
    "data migration",
    "annual report",
    "trasporto scolastico",
    "public procurement",
    "intelligenza artificiale",
    "contabilità",
    "energy saving",
    "open data",
];
const EVIL: &[&str] = &[
    "verifica-conto.top",
    "portale-servizi.xyz",
    "secure-check.info",
    "accesso-area.click",
    "my-update.online",
    "gestione-cliente.shop",
    "notify-center.site",
    "cliente-assistenza.com",
    "account-review.net",
    "xk3v9qz.com",
    "area-utente.web.app",
    "login-portal.pages.dev",
    "documenti-online.vercel.app",
    "support-ticket.firebaseapp.com",
];
const MONTHS: &[&str] = &[
    "gennaio",
    "marzo",
    "maggio",
    "luglio",
    "settembre",
    "novembre",
    "February",
    "April",
    "June",
    "October",
];

impl Writer {
    pub(crate) fn shop(&mut self) -> String {
        self.pick(SHOPS).to_owned()
    }

    pub(crate) fn name(&mut self) -> String {
        self.pick(NAMES).to_owned()
    }

    pub(crate) fn surname(&mut self) -> String {
        self.pick(SURNAMES).to_owned()
    }

    pub(crate) fn next(&mut self, below: usize) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as usize % below.max(1)
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.next(from.len())]
    }

    fn letter(&mut self, template: &str, source: Source) -> String {
        let shop = self.pick(SHOPS).to_owned();
        let city = CITIES[self.next(CITIES.len())];
        let label = shop.to_lowercase().replace(' ', "");
        let ending = self.pick(&["it", "com", "eu", "net", "io", "org"]);
        let evil = self.pick(EVIL).to_owned();
        let slots: Vec<(&str, String)> = vec![
            ("shop", shop.clone()),
            ("company", shop.clone()),
            ("magazine", format!("{shop} Daily")),
            ("shopdomain", format!("{label}.{ending}")),
            ("city", city.0.into()),
            ("citydomain", city.1.into()),
            ("bankname", format!("di {}", city.0)),
            ("bankdomain", format!("banca{}.it", city.1)),
            ("carrier", format!("{shop} Express")),
            ("carrierdomain", format!("{label}express.{ending}")),
            ("evil", evil),
            ("freemail", self.pick(&["gmail.com", "yahoo.com", "outlook.com", "mail.com"]).into()),
        ];
        let whole = self.expand(template.trim(), &slots);
        let (head, body) = whole.split_once("\n\n").unwrap_or((&whole, ""));
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let (from, subject) = (field("from: "), field("subject: ").unwrap_or_default());
        let named = if source.is_bad() { Named::Lure } else { Named::Legitimate };
        let dress = self.dress(from.unwrap_or_default(), &shop, named);
        let kind = if self.next(3) > 0 { "html" } else { "plain" };
        let body = dress.body(&links(body, kind), kind);
        dress.letter(subject, kind, &body)
    }

    fn expand(&mut self, text: &str, slots: &[(&str, String)]) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let inside = &rest[open + 1..];
            let (mut depth, mut end, mut bars) = (1, inside.len(), vec![]);
            for (at, c) in inside.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    '|' if depth == 1 => bars.push(at),
                    _ => {}
                }
                if depth == 0 {
                    end = at;
                    break;
                }
            }
            let body = &inside[..end];
            if bars.is_empty() {
                out.push_str(&self.slot(body, slots));
            } else {
                let ends: Vec<usize> = bars.iter().copied().chain([end]).collect();
                let starts: Vec<usize> =
                    [0].into_iter().chain(bars.iter().map(|bar| bar + 1)).collect();
                let choices =
                    starts.iter().zip(&ends).map(|(start, end)| &inside[*start..*end]).collect();
                for choice in self.chosen(choices) {
                    out.push_str(&self.expand(choice, slots));
                }
            }
            rest = &inside[(end + 1).min(inside.len())..];
        }
        out + rest
    }

    /// One of the choices; or, where the first says `+3-5`, so many of the others.
    fn chosen<'t>(&mut self, mut choices: Vec<&'t str>) -> Vec<&'t str> {
        let many = choices[0].strip_prefix('+').and_then(|many| many.split_once('-'));
        let Some((least, most)) = many else {
            return vec![choices[self.next(choices.len())]];
        };
        let [least, most] = [least, most].map(|number| number.parse::<usize>().unwrap());
        choices.remove(0);
        let count = (least + self.next(most + 1 - least)).min(choices.len());
        (0..count).flat_map(|_| [choices.remove(self.next(choices.len())), "\n"]).collect()
    }

    fn slot(&mut self, name: &str, slots: &[(&str, String)]) -> String {
        if let Some((_, value)) = slots.iter().find(|(known, _)| *known == name) {
            return value.clone();
        }
        match name {
            "name" => self.pick(NAMES).into(),
            "colleague" => format!("{} {}", self.pick(NAMES), self.pick(SURNAMES)),
            "local" => format!("{}.{}", self.pick(NAMES), self.pick(SURNAMES)).to_lowercase(),
            "street" => self.pick(&["Garibaldi", "Mazzini", "Dante", "Roma", "Cavour"]).into(),
            "topic" => self.pick(TOPICS).into(),
            "month" => self.pick(MONTHS).into(),
            "date" => {
                format!("{} {} 20{}", 1 + self.next(28), self.pick(MONTHS), 18 + self.next(8))
            }
            "amount" => format!("{},{:02}", 1 + self.next(900), self.next(100)),
            "n" => (1 + self.next(20)).to_string(),
            "num" => (1000 + self.next(9000)).to_string(),
            "code" => format!("{:x}{:04}", 0xa000 + self.next(0x5000), self.next(10_000)),
            other => panic!("no slot {other}"),
        }
    }
}

/// `[text](link)` as HTML or as plain text writes it.
pub(crate) fn links(body: &str, kind: &str) -> String {
    let html = kind == "html";
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((text, (target, tail))) =
            after.split_once("](").and_then(|(text, tail)| Some((text, tail.split_once(')')?)))
        else {
            break;
        };
        out.push_str(before);
        if html {
            write!(out, "<a href=\"{target}\">{text}</a>").unwrap();
        } else {
            write!(out, "{text}: {target} ").unwrap();
        }
        rest = tail;
    }
    out.push_str(rest);
    if html {
        format!("<html><body><p>{}</p></body></html>", out.replace('\n', "<br>"))
    } else {
        out
    }
}
