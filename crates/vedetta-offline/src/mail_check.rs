//! `vedetta mail check`.

mod found;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use vedetta_commands::{Ended, Fault};
use vedetta_mail::{
    Case, Deadline, Desk, Evidence, Form, Indicator, Letters, Limits, Opinion, Reply, Unread,
    Verdict, indicators, letters,
};
use vedetta_model::language::{Bilingual, Language};

use crate::stopwatch::Stopwatch;
use crate::{unable, unread};

/// Say what a message is: offline, nothing is opened, fetched or run.
///
/// Messages as they came, attached to another, quoted in another, in the envelope of certified mail,
/// saved by Outlook (.msg), mailbox files and archives of these; a file by itself is studied as an
/// attachment. A directory stands for the files in it and below it, in order of their names; links are not
/// followed there. What cannot be read is told, and the others are looked at all the same: it ends with 1
/// then, with 3 when nothing could be read.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta mail check suspect.eml\n  vedetta mail check --json ./reported | jq -r 'select(.verdict==\"malicious\").file'"
)]
pub struct Check {
    /// Files and directories.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One line of JSON a message: `file`, `verdict`, `probability`, `reasons[]`, `indicators[]`,
    /// `unread[]`, `millis`; of a file that cannot be read `code`, `where`, `detail`, `what_to_do`.
    #[arg(long)]
    json: bool,
    /// The language of the report: it, en.
    #[arg(long, value_name = "LANGUAGE", default_value = "it", value_parser = language)]
    language: Language,
}

/// One message, for machines. Values of `indicators` are live.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    verdict: Verdict,
    probability: f32,
    forms: &'a [Form],
    reasons: Vec<Reason<'a>>,
    indicators: Vec<Indicator>,
    unread: &'a [Unread],
    millis: f64,
    model: &'a str,
}

#[derive(Serialize)]
struct Reason<'a> {
    check: &'a str,
    weight: f32,
    severity: vedetta_mail::Severity,
    confidence: vedetta_mail::Confidence,
    reporter: &'a Bilingual,
    analyst: &'a Bilingual,
}

/// The largest mailbox file or archive that is taken.
const LARGEST: u64 = 256 << 20;
/// Messages of one mailbox file or archive.
const MOST: usize = 10_000;
/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Check {
    /// Whether the answer is wanted in JSON.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Looks at all of them; `tell` is told of each that cannot be looked at while others can.
    ///
    /// # Errors
    /// Nothing that can be read, or an answer that cannot be written.
    pub fn run(self, tell: &dyn Fn(Fault)) -> Result<Ended, Fault> {
        let found = found::below(&self.files);
        let (only, most) = (found.len() == 1, Limits::default().message);
        let (mut looked, mut outcome) = (0_usize, Ended::Whole);
        for path in found {
            let fault = match path.and_then(|path| Ok((read(&path, most)?, path))) {
                Ok((bytes, path)) => {
                    looked += 1;
                    match self.file(&path, &bytes)? {
                        0 => continue,
                        left_out => unread(path.display(), too_many(left_out)),
                    }
                }
                Err(fault) if only => return Err(fault),
                Err(fault) => fault,
            };
            tell(fault);
            outcome = Ended::Partly;
        }
        if looked == 0 && outcome == Ended::Partly {
            return Err(unread("the files", "none of them; see what was said of each"));
        }
        Ok(outcome)
    }

    /// Looks at the messages of a file; answers how many were left out.
    fn file(&self, path: &Path, bytes: &[u8]) -> Result<usize, Fault> {
        let Letters { each, left_out } = letters(bytes, MOST, None);
        let many = each.len() > 1;
        for (number, letter) in each.iter().enumerate() {
            let name = path.display().to_string();
            let name = if many { format!("{name}#{}", number + 1) } else { name };
            let watch = Stopwatch::start();
            let deadline = Deadline::new(move || watch.read() > PATIENCE);
            let limits = Limits { deadline, ..Limits::default() };
            let desk = Desk { limits, ..Desk::shipped() };
            let (evidence, opinion) = Evidence::read(letter, &desk.limits).judged(&desk);
            let millis = watch.read().as_secs_f64() * 1000.0;
            let text = if self.json {
                json(&name, &evidence, &opinion, (&desk, millis))?
            } else {
                report(&name, &evidence, &opinion, self.language)
            };
            let mut out = std::io::stdout().lock();
            writeln!(out, "{text}").map_err(|error| unable("writing", error))?;
        }
        Ok(left_out)
    }
}

fn too_many(left_out: usize) -> String {
    format!("{left_out} messages in it were not looked at; divide it")
}

fn language(text: &str) -> Result<Language, String> {
    match text {
        "it" => Ok(Language::It),
        "en" => Ok(Language::En),
        other => Err(format!("no language `{other}`; there are it, en")),
    }
}

fn json(
    file: &str,
    evidence: &Evidence,
    opinion: &Opinion,
    (desk, millis): (&Desk<'_>, f64),
) -> Result<String, Fault> {
    let reason = |reason: &'_ vedetta_mail::Reason| reason.weight.abs() > 0.01;
    let line = Line {
        file,
        verdict: opinion.verdict,
        probability: opinion.probability,
        forms: &evidence.forms,
        reasons: opinion.reasons.iter().filter(|it| reason(it)).map(Reason::of).collect(),
        indicators: indicators(evidence, desk),
        unread: &evidence.unread,
        millis: (millis * 1000.0).round() / 1000.0,
        model: &opinion.model,
    };
    serde_json::to_string(&line).map_err(|error| unable("writing JSON", error))
}

impl<'a> Reason<'a> {
    fn of(reason: &'a vedetta_mail::Reason) -> Self {
        let finding = &reason.finding;
        Self {
            check: finding.slug,
            weight: reason.weight,
            severity: finding.severity,
            confidence: finding.confidence,
            reporter: &finding.reporter,
            analyst: &finding.analyst,
        }
    }
}

/// The answer as a reporter reads it, then the notes for the analyst.
fn report(name: &str, evidence: &Evidence, opinion: &Opinion, language: Language) -> String {
    let reply = Reply::new(opinion, evidence, language, &Case::default());
    let it = language == Language::It;
    let percent = opinion.probability * 100.0;
    let mut text = format!(
        "── {name}\n{} ({percent:.0}%)\n\n{}",
        opinion.verdict.word().to(language),
        reply.text
    );
    text.push_str(if it { "\nPer l'analista:\n" } else { "\nFor the analyst:\n" });
    for reason in opinion.reasons.iter().filter(|reason| reason.weight.abs() > 0.01) {
        let line = format!(
            "  {:+.2}  {}  {}\n",
            reason.weight,
            reason.finding.slug,
            reason.finding.analyst.to(language)
        );
        text.push_str(&line);
    }
    text
}

/// The bytes of a file: of a message as many as the limit and one, of collections more.
fn read(path: &Path, message: usize) -> Result<Vec<u8>, Fault> {
    let place = || path.display().to_string();
    let file = File::open(path).map_err(|error| unread(place(), error))?;
    let mut bytes = Vec::new();
    let most = u64::try_from(message).unwrap_or(u64::MAX).saturating_add(1);
    (&file).take(most).read_to_end(&mut bytes).map_err(|error| unread(place(), error))?;
    if bytes.starts_with(b"From ") || bytes.starts_with(b"PK\x03\x04") {
        file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| unread(place(), error))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use vedetta_mail::{Desk, Evidence, Opinion};
    use vedetta_model::language::Language;

    use super::{json, report};

    #[test]
    fn a_line_has_what_it_promises_and_a_report_no_link() {
        let letter = b"From: INPS <x@evil.example>\nSubject: Rimborso\n\nAccedi: http://192.0.2.1/inps/login";
        let desk = Desk::shipped();
        let evidence = Evidence::read(letter, &desk.limits);
        let opinion = Opinion::of(&evidence, &desk);
        let line = json("a.eml", &evidence, &opinion, (&desk, 1.0)).unwrap_or_default();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        for field in ["file", "verdict", "probability", "reasons", "indicators", "unread", "millis"]
        {
            assert!(!line[field].is_null(), "{field}");
        }
        for language in [Language::It, Language::En] {
            assert!(!report("a.eml", &evidence, &opinion, language).contains("http://"));
        }
    }
}
