//! The checks, a file each: what is wrong with a message, how bad, how sure, in two sentences.

mod attachment_danger;
mod authentication_failed;
mod borrowed_name;
mod credential_form;
mod hidden_text;
mod hosting_pattern;
mod kit_structure;
pub(crate) mod known_indicator;
mod link_mismatch;
mod lookalike_domain;
mod lure;
mod much_to_read;
mod return_path_mismatch;
mod sender_mismatch;
mod text_model;
mod true_sender;

use serde::Serialize;
use vedetta_model::language::Bilingual;

use crate::desk::Desk;
use crate::evidence::Evidence;
use crate::link::Link;

/// Kinds of evidence: what one kind can weigh is bounded, however much there is of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Indicators and campaigns already known.
    Known,
    /// Who it says it is.
    Identity,
    /// Where it leads.
    Links,
    /// What it carries.
    Files,
    /// What it asks, and how.
    Content,
    /// How it is made.
    Structure,
    /// How alike its words are to those of other messages.
    Style,
}

/// How bad it is, if it is so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Odd.
    Low,
    /// Suspicious.
    Medium,
    /// Dangerous.
    High,
}

/// How sure it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Legitimate mail does it too.
    Low,
    /// Legitimate mail seldom does it.
    Medium,
    /// It is a fact.
    High,
}

/// What a check found.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Finding {
    /// The check, and what of it: `hosting-pattern/shortener`.
    pub slug: &'static str,
    /// Its kind of evidence.
    pub group: Group,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// For who reported it.
    pub reporter: Bilingual,
    /// For the analyst: with what was seen, defanged.
    pub analyst: Bilingual,
    /// How much of it, where it is not simply there: 1 otherwise.
    pub amount: f32,
    /// The hosts that it names as leading astray.
    #[serde(skip)]
    pub hosts: Vec<String>,
}

impl Finding {
    pub(crate) fn new(
        slug: &'static str,
        group: Group,
        severity: Severity,
        confidence: Confidence,
    ) -> Self {
        let (reporter, analyst) = (Bilingual::default(), Bilingual::default());
        let hosts = Vec::new();
        Self { slug, group, severity, confidence, reporter, analyst, amount: 1.0, hosts }
    }

    /// Whether it speaks for a message: it never weighs against one.
    #[must_use]
    pub fn reassures(&self) -> bool {
        self.slug.starts_with("true-sender") || self.slug == crate::verdict::MUCH_TO_READ
    }

    /// What it weighs where the corpora never show it: what is grave and sure counts.
    #[must_use]
    pub fn untrained_weight(&self) -> f32 {
        match (self.group, self.severity, self.confidence) {
            (Group::Known, _, Confidence::High) => 8.0,
            _ if self.reassures() => -0.3,
            (_, Severity::High, Confidence::High) => 2.5,
            (_, Severity::High, Confidence::Medium) => 1.5,
            (_, Severity::High | Severity::Medium, _) => 0.7,
            (_, Severity::Low, _) => 0.3,
        }
    }

    fn says(mut self, it: impl Into<String>, en: impl Into<String>) -> Self {
        self.reporter = Bilingual::new(it, en);
        self
    }

    fn notes(mut self, it: impl Into<String>, en: impl Into<String>) -> Self {
        self.analyst = Bilingual::new(it, en);
        self
    }

    fn about<'h>(mut self, hosts: impl IntoIterator<Item = &'h str>) -> Self {
        self.hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    fn of_amount(mut self, amount: f32) -> Self {
        self.amount = amount;
        self
    }
}

/// What every check sees.
pub(crate) struct Scene<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) desk: &'a Desk<'a>,
    /// Subject, text and what the attachments say, in lower case.
    pub(crate) words: String,
    /// The host of the visible sender.
    pub(crate) sender: &'a str,
    /// The domain that somebody registered of it.
    pub(crate) sender_registered: String,
    /// Whether somebody who is believed, or a signature verified here, vouches for that domain.
    pub(crate) vouched: bool,
    /// The links that a reader can follow.
    pub(crate) links: Vec<&'a Link>,
    /// How many letters are seen, addresses of links apart.
    pub(crate) letters: usize,
}

/// Sites of others that links lead to, from which on the message points everywhere.
const EVERYWHERE: usize = 8;

impl<'a> Scene<'a> {
    pub(crate) fn new(evidence: &'a Evidence, desk: &'a Desk<'a>) -> Self {
        let whole = [&evidence.subject, &evidence.text, &evidence.attached_text];
        let mut words = String::new();
        for text in whole {
            // White space that pads a text is none: what stands behind it is read too.
            for line in text.lines().map(str::split_whitespace) {
                for word in line {
                    words.extend(word.chars().flat_map(char::to_lowercase));
                    words.push(' ');
                }
                if words.ends_with(' ') {
                    words.pop();
                    words.push('\n');
                }
            }
        }
        let sender = evidence.sender().map_or("", |sender| sender.domain());
        let read = &evidence.authentication;
        let sender_registered = crate::url::registered(sender);
        let verified =
            read.verified.iter().any(|domain| crate::url::registered(domain) == sender_registered);
        let vouched = verified || desk.believes(&read.recorded_by) && read.vouches_for(sender);
        Self {
            evidence,
            desk,
            words,
            sender,
            sender_registered,
            vouched: vouched && !sender.is_empty(),
            links: evidence.clickable().collect(),
            letters: {
                let words = evidence.text.split_whitespace().filter(|word| !word.contains("://"));
                words.map(|word| word.len() + 1).sum()
            },
        }
    }

    /// Whether the message leads to so many sites of others that what one of them is called or like
    /// says little of it: a lure wants one click.
    fn leads_everywhere(&self) -> bool {
        let sites: std::collections::BTreeSet<&str> = self
            .links
            .iter()
            .filter(|link| link.origin != crate::link::Origin::Within)
            .map(|link| link.target.registered.as_str())
            .filter(|site| *site != self.sender_registered)
            .collect();
        sites.len() >= EVERYWHERE && self.letters >= much_to_read::LETTERS
    }
}

type Check = fn(&Scene<'_>, &mut Vec<Finding>);

const CHECKS: &[Check] = &[
    known_indicator::check,
    authentication_failed::check,
    sender_mismatch::check,
    return_path_mismatch::check,
    borrowed_name::check,
    lookalike_domain::check,
    link_mismatch::check,
    hosting_pattern::check,
    credential_form::check,
    attachment_danger::check,
    lure::check,
    hidden_text::check,
    kit_structure::check,
    true_sender::check,
    much_to_read::check,
    text_model::check,
];

/// Everything that the checks find, each slug once: the first of it.
pub(crate) fn run(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    CHECKS.iter().for_each(|check| check(scene, &mut findings));
    let mut seen = std::collections::BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.slug));
    findings
}

pub(crate) use lookalike_domain::latin;

/// The wording of a host for an analyst.
fn shown(host: &str) -> String {
    host.replace('.', "[.]")
}
