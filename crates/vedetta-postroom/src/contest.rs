//! Who was answered answers: "but I did pay", "you are wrong". What they say comes to the queue as a
//! contest of their case.

use std::sync::Arc;

use serde::Deserialize;
use vedetta_flow::FlowError;
use vedetta_mail::Reply;
use vedetta_model::{Actor, Instant, Language};
use vedetta_store::RecordKind;

use crate::enter::Origin;
use crate::outbox::{STEP, Task};
use crate::postroom::Postroom;
use crate::report::{Contest, Report, Standing};
use crate::sealing::Cover;
use crate::take::put;

/// What a reporter says of an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contesting {
    /// Why it is wrong.
    pub text: String,
}

/// Letters kept of what a reporter says of a case.
const LONGEST: usize = 20_000;
/// How often a reporter contests within an hour, by letter as by account.
const OFTEN: usize = 20;

/// What became of what a reporter said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is before an analyst.
    Kept,
    /// They said so much within the hour that this is for later.
    TooOften,
}

/// The name under which it is sealed what the reporter of a case says.
pub(crate) fn contested(case: &str) -> String {
    format!("{case}.contest")
}

impl Postroom {
    /// The case that a letter is about: it answers ours, or cites the number, and is by whoever
    /// reported it.
    pub(crate) fn cited(&self, origin: &Origin<'_>) -> Option<Arc<Report>> {
        let Origin { who, outer, .. } = origin;
        if who.standing != Standing::Enrolled || who.mailbox.is_empty() {
            return None;
        }
        let reporter = self.named(&who.name());
        let state = self.state();
        let said = format!("{} {}", outer.answers, outer.subject).to_uppercase();
        let cited = numbers(&said).filter_map(|case| state.report(case));
        let own = cited.filter(|report| report.reporter == reporter && report.is_kept());
        own.max_by_key(|report| report.at).cloned()
    }

    /// Whoever reported a message through an account disagrees, and says why: the case comes before an
    /// analyst again.
    ///
    /// # Errors
    /// Unknown (also to whom did not report it), deleted, nothing said, too much or too often, or what
    /// the ledger said.
    pub fn contest_own(&self, by: &Actor, case: &str, said: &Contesting) -> Result<(), FlowError> {
        let said = said.text.trim();
        if said.is_empty() {
            let reason = "say in a few words why the answer is wrong";
            return Err(FlowError::invalid("text", reason));
        }
        if said.chars().count() > LONGEST {
            let reason = format!("it has {LONGEST} letters at most; say it shorter");
            return Err(FlowError::invalid("text", reason));
        }
        let report = self.state().report(case).map(Arc::clone);
        let report = report.filter(|it| it.account.as_ref() == Some(&by.account));
        let report = report.ok_or_else(|| FlowError::unknown("case", case))?;
        if !report.is_kept() {
            let reason = "its message was deleted, so nobody can look again; report it anew";
            return Err(FlowError::Conflict(reason.into()));
        }
        let at = self.house.now();
        match self.put_contest(&report, said, (&Cover::default(), by.language), at)? {
            Heard::Kept => Ok(()),
            Heard::TooOften => {
                let reason = format!("{OFTEN} within the hour are enough; wait, or call the room");
                Err(FlowError::Conflict(reason))
            }
        }
    }

    /// Puts a case before an analyst again, with what its reporter says.
    pub(crate) fn contest(
        &self,
        report: &Report,
        said: &str,
        origin: &Origin<'_>,
    ) -> Result<Heard, FlowError> {
        let Origin { who, outer, at, .. } = *origin;
        let cover = Cover { mailbox: who.mailbox.clone(), message_id: outer.message_id.clone() };
        self.put_contest(report, said, (&cover, who.language), at)
    }

    fn put_contest(
        &self,
        report: &Report,
        said: &str,
        (cover, language): (&Cover, Language),
        at: Instant,
    ) -> Result<Heard, FlowError> {
        let name = contested(&report.case);
        let mut state = self.state();
        let before = self.unsealed(&name)?.map(|(_, before)| before).unwrap_or_default();
        let before = String::from_utf8_lossy(&before);
        // It came again and waits for an analyst still; after a ruling the same words are said of that.
        let known = state.report(&report.case).map(Arc::clone);
        let waits = known.is_some_and(|it| {
            let ruled = it.ruling.as_ref().map(|ruling| ruling.at);
            it.contest.as_ref().is_some_and(|contest| ruled.is_none_or(|ruled| contest.at > ruled))
        });
        let said = said.trim();
        let said_before =
            said.is_empty() || format!("\n\n{before}\n\n").contains(&format!("\n\n{said}\n\n"));
        if waits && said_before {
            return Ok(Heard::Kept);
        }
        if !state.within(&format!("contest {}", report.reporter), OFTEN, at) {
            return Ok(Heard::TooOften);
        }
        let room = LONGEST.saturating_sub(before.chars().count());
        if cover.mailbox.is_empty() && !said_before && said.chars().count() > room {
            let reason = "there is no room for more than was said of it before; call the room";
            return Err(FlowError::Conflict(reason.into()));
        }
        // A letter is not refused: what has no room goes, never what was said before.
        let kept: String = match said_before {
            true => String::new(),
            false => said.chars().take(room).collect(),
        };
        let whole = format!("{kept}\n\n{before}");
        let sealed = self.sealed(&name, (cover, whole.trim().as_bytes()))?;
        let report = state.report(&report.case).map(Arc::clone);
        let report = report.filter(|report| report.is_kept());
        let report = report.ok_or_else(|| FlowError::unknown("case", &name))?;
        let report = Report { contest: Some(Contest { at }), ..Report::clone(&report) };
        let report = Arc::new(report);
        state.put(Arc::clone(&report));
        let thanked =
            !cover.mailbox.is_empty() && state.within(&report.reporter, self.settings.answers, at);
        let task = thanked.then(|| Task::heard(&name, &heard(language, &report.case), at));
        let written = self.house.write(move |unit| {
            put(unit, RecordKind::MailReport, &report.case, &*report, STEP)?;
            sealed.keep(unit, &name)?;
            task.as_ref().map_or(Ok(()), |task| task.enqueue(unit, at))
        });
        drop(state);
        if written.is_err() {
            self.reread();
        }
        written?;
        Ok(Heard::Kept)
    }
}

/// The numbers of cases in a text, in capitals.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('M').filter_map(move |(at, _)| {
        let number = text.get(at..at + 13)?;
        let (day, letters) = number.get(1..)?.split_once('-')?;
        let whole = day.len() == 6
            && day.bytes().all(|it| it.is_ascii_digit())
            && letters.bytes().all(|it| it.is_ascii_alphanumeric());
        whole.then_some(number)
    })
}

/// That a person will read it.
fn heard(language: Language, case: &str) -> Reply {
    let (subject, text) = match language {
        Language::It => (
            format!("[{case}] La sua risposta"),
            "Grazie, abbiamo ricevuto la sua risposta: la leggerà una persona.\n\n\
             Se ha pagato, scritto una password o aperto un allegato, non aspetti: avvisi subito la sua banca e il suo \
             ufficio informatico.\n",
        ),
        Language::En => (
            format!("[{case}] Your answer"),
            "Thank you, we have your answer: a person will read it.\n\n\
             If you paid, typed a password or opened a file, do not wait: tell your bank and your IT office at once.\n",
        ),
    };
    Reply { subject, text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn numbers_of_cases_are_found_where_they_are_written() {
        let text = "<M260302-ABCDE.A@X> RE: [M260303-22345] M26030-ABCDEF MÈ M260304-ABCD";
        assert_eq!(numbers(text).collect::<Vec<_>>(), ["M260302-ABCDE", "M260303-22345"]);
    }
}
