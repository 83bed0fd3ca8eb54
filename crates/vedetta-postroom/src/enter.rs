//! Entering what was handed in: its reports, their campaigns and their answers, all or nothing, and
//! once: what comes again is told the same again.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use vedetta_flow::FlowError;
use vedetta_mail::{Case, Evidence, Opinion, Outer, Reply, Sample, Verdict, Wave};
use vedetta_model::{Instant, ItemId, Language};
use vedetta_store::{RecordKind, StoreError};

use crate::campaign::{Campaign, Stage};
use crate::outbox::{STEP, Task};
use crate::postroom::Postroom;
use crate::report::{Door, Keeping, Report, Standing, Weighed};
use crate::reporter::Acquainted;
use crate::sealing::{Cover, Sealed};
use crate::state::State;
use crate::take::{Answer, Found, own_domains, put};
use crate::{bundle, see};

/// Where what is handed in comes from, and when.
pub(crate) struct Origin<'a> {
    pub(crate) who: &'a Acquainted,
    pub(crate) outer: &'a Outer,
    /// A name for the handing-in: equal when it comes again.
    pub(crate) handing: String,
    /// How many messages of it are not looked at.
    pub(crate) left_out: usize,
    pub(crate) at: Instant,
}

/// A message that was looked at and sealed, and is nowhere yet.
struct Prepared {
    report: Report,
    evidence: Evidence,
    opinion: Opinion,
    /// How it can be shown to others, when it may become the sample of its campaign.
    sample: Option<Sample>,
    sealed: Sealed,
}

/// What is written of one message.
struct Entry {
    report: Arc<Report>,
    sealed: Sealed,
    campaign: Option<Campaign>,
    sample: Option<Sealed>,
    /// What its reporter is told, where they are told anything.
    told: Option<Sealed>,
    task: Option<Task>,
}

impl Postroom {
    /// A name for a handing-in. A letter keeps its number and its body when it is sent again, and is
    /// given other fields by the way; a file is the same.
    pub(crate) fn handing(&self, bytes: &[u8], who: &Acquainted, outer: &Outer) -> String {
        let body = match who.account {
            None => body(bytes),
            Some(_) => bytes,
        };
        let digest: String =
            Sha256::digest(body).iter().map(|octet| format!("{octet:02x}")).collect();
        let (name, number) = (who.name(), &outer.message_id);
        self.named(&format!("handing {name} {:?} {number} {digest}", who.standing))
    }

    /// Enters what was found in messages, with their campaigns and answers, in one unit of work.
    pub(crate) fn enter(
        &self,
        found: Vec<(&[u8], Found)>,
        origin: &Origin<'_>,
    ) -> Result<Vec<Answer>, FlowError> {
        let prepared = found.into_iter().map(|(letter, found)| self.prepare(letter, found, origin));
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        let mut state = self.state();
        // The same may have come by another connection meanwhile.
        if let Some(before) = state.handed(&origin.handing) {
            drop(state);
            return self.again(&before, origin.who);
        }
        let placed = prepared.into_iter().map(|it| self.place(&mut state, it, origin));
        let written = placed.collect::<Result<Vec<_>, _>>().and_then(|placed| {
            let (entries, answers): (Vec<Entry>, Vec<Answer>) = placed.into_iter().unzip();
            let campaigns: BTreeSet<String> =
                entries.iter().map(|it| it.report.campaign.clone()).collect();
            self.write_entries(entries)?;
            Ok((answers, campaigns))
        });
        drop(state);
        let (answers, campaigns) = match written {
            Ok(written) => written,
            Err(error) => {
                self.reread();
                return Err(error.into());
            }
        };
        campaigns.iter().for_each(|campaign| self.release_by_rule(campaign));
        Ok(answers)
    }

    /// What was said of reports that came before, once more: nothing is counted, sent or written.
    pub(crate) fn again(
        &self,
        before: &[Arc<Report>],
        who: &Acquainted,
    ) -> Result<Vec<Answer>, FlowError> {
        let around = self.around();
        let told = |report: &Arc<Report>| {
            let letter = self.unsealed(&report.case)?.map(|(_, letter)| letter);
            let found = self.look_at(&letter.unwrap_or_default(), who, &around);
            let (others, since) = {
                let state = self.state();
                let others = state.others(&report.campaign, &report.reporter);
                let since = state.proven(&report.campaign).next().map(|first| first.at);
                (others, since.unwrap_or(report.at))
            };
            let opinion = (found.opinion, &found.evidence);
            let (_, answer) = answer(report, opinion, (others, since), self.house.now());
            Ok::<_, FlowError>(answer)
        };
        before.iter().map(told).collect()
    }

    fn prepare(
        &self,
        letter: &[u8],
        found: Found,
        origin: &Origin<'_>,
    ) -> Result<Prepared, FlowError> {
        let Origin { who, outer, .. } = origin;
        let report = self.report(&found, origin);
        let known = report.standing == Standing::Enrolled && report.organisation.is_some();
        let sample = known.then(|| {
            let words = see::victims(&self.house.standing(), &who.organisation, &who.mailbox);
            vedetta_mail::sample(&found.evidence, &words)
        });
        let cover = Cover { mailbox: who.mailbox.clone(), message_id: outer.message_id.clone() };
        let sealed = self.sealed(&report.case, (&cover, letter))?;
        let Found { evidence, opinion, .. } = found;
        Ok(Prepared { report, evidence, opinion, sample, sealed })
    }

    /// Puts a report on the table, in its campaign: what is to be written of it, and its answer.
    fn place(
        &self,
        state: &mut State,
        ready: Prepared,
        origin: &Origin<'_>,
    ) -> Result<(Entry, Answer), StoreError> {
        let Origin { who, at: now, .. } = *origin;
        let Prepared { report, evidence, opinion, sample, sealed } = ready;
        let campaign = state.campaign_of(&report.traces).unwrap_or_else(|| self.fresh_campaign());
        let others = state.others(&campaign, &report.reporter);
        let ruling = state.campaign(&campaign).and_then(|it| it.ruling.clone());
        let told = ruling.as_ref().map(|ruling| ruling.verdict);
        let report = Arc::new(Report { campaign, ruling, told, ..report });
        state.add(Arc::clone(&report));
        let changed = grown(state, &report, sample.as_ref(), now);
        let shows = changed.as_ref().and_then(|it| it.sample_of.as_ref()) == Some(&report.case);
        let sample = match sample.filter(|_| shows) {
            Some(sample) => {
                let sealed = self.sealed_sample(&report.campaign, &sample)?;
                state.put_sample(&report.campaign, sample);
                Some(sealed)
            }
            None => None,
        };
        if let Some(campaign) = &changed {
            state.put_campaign(campaign.clone());
        }
        let since = state.proven(&report.campaign).next().map_or(now, |first| first.at);
        let (reply, answer) = answer(&report, (opinion, &evidence), (others, since), now);
        let answered = who.standing == Standing::Enrolled
            && !who.mailbox.is_empty()
            && state.within(&report.reporter, self.settings.answers, now);
        let task = answered.then(|| Task::answer(&report.case, &reply));
        let name = (answered || who.account.is_some()).then(|| answer_name(&report.case));
        let text = (&Cover::default(), reply.text.as_bytes());
        let told = name.map(|name| self.sealed(&name, text)).transpose()?;
        Ok((Entry { report, sealed, campaign: changed, sample, told, task }, answer))
    }

    fn report(&self, found: &Found, origin: &Origin<'_>) -> Report {
        let Origin { who, at: now, handing, left_out, .. } = origin;
        let Found { evidence, opinion, traces } = found;
        let weighed = opinion.reasons.iter().filter(|reason| reason.weight.abs() > 0.05);
        let weighed = weighed
            .map(|reason| Weighed { check: reason.finding.slug.to_owned(), weight: reason.weight });
        let around = self.around();
        Report {
            case: self.number(*now),
            at: *now,
            door: if who.account.is_some() { Door::Api } else { Door::Mail },
            organisation: who.organisation.clone(),
            account: who.account.clone(),
            standing: who.standing,
            reporter: self.named(&who.name()),
            handing: handing.clone(),
            language: who.language,
            forms: evidence.forms.clone(),
            verdict: opinion.verdict,
            told: None,
            probability: opinion.probability,
            reasons: weighed.collect(),
            unread: evidence.unread.iter().map(|it| it.count).sum(),
            left_out: *left_out,
            model: opinion.model.clone(),
            campaign: String::new(),
            traces: traces.clone(),
            indicators: bundle::shareable(
                evidence,
                &around.brands,
                (&own_domains(who, &around), &self.settings.receivers),
            ),
            ruling: None,
            contest: None,
            keeping: Keeping::Kept { until: now.after(self.settings.keep) },
        }
    }

    fn write_entries(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.house.write(move |unit| {
            for entry in &entries {
                let Entry { report, sealed, campaign, sample, told, task } = entry;
                let actor = actor(report);
                put(unit, RecordKind::MailReport, &report.case, &**report, &actor)?;
                if let Some(campaign) = campaign {
                    put(unit, RecordKind::Campaign, campaign.id.as_str(), campaign, &actor)?;
                }
                sealed.keep(unit, &report.case)?;
                told.as_ref().map_or(Ok(()), |it| it.keep(unit, &answer_name(&report.case)))?;
                sample.as_ref().map_or(Ok(()), |it| it.keep(unit, &report.campaign))?;
                task.as_ref().map_or(Ok(()), |task| task.enqueue(unit, report.at))?;
            }
            Ok(())
        })
    }
}

/// The name under which it is sealed what the reporter of a case was told.
pub(crate) fn answer_name(case: &str) -> String {
    format!("{case}.told")
}

/// What follows the header of a letter; all of it when it has no end.
fn body(letter: &[u8]) -> &[u8] {
    let mut header = 0;
    for line in letter.split_inclusive(|octet| *octet == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return letter.get(header..).unwrap_or(letter);
        }
        header += line.len();
    }
    letter
}

/// What a reporter is told of a report: as a letter says it, and as the door answers it.
fn answer(
    report: &Report,
    (opinion, evidence): (Opinion, &Evidence),
    (others, since): (usize, Instant),
    now: Instant,
) -> (Reply, Answer) {
    let wave = (others > 0).then(|| Wave { since: clock(since, now, report.language), others });
    let (number, left_out) = (report.case.clone(), report.left_out);
    let said = Case { number, wave, before: None, left_out };
    let opinion = Opinion { verdict: report.holds(), ..opinion };
    let reply = Reply::new(&opinion, evidence, report.language, &said);
    let answer = Answer {
        case: report.case.clone(),
        verdict: report.holds(),
        word: report.holds().word().to(report.language).to_owned(),
        probability: report.probability,
        text: reply.text.clone(),
        known_since: (others > 0).then_some(since),
        others,
        left_out,
    };
    (reply, answer)
}

/// The campaign of a report, when the report changes it or begins it. With `sample` the report may
/// show it.
fn grown(
    state: &State,
    report: &Report,
    sample: Option<&Sample>,
    now: Instant,
) -> Option<Campaign> {
    let before = state.campaign(&report.campaign);
    let mut campaign = match before {
        Some(before) => before.clone(),
        None => Campaign::begun(ItemId::new(&report.campaign).ok()?, report.at),
    };
    let known = report.standing == Standing::Enrolled && report.organisation.is_some();
    if known && is_worth(state, &report.campaign) {
        campaign.learn(&report.indicators);
        if sample.is_some() && campaign.sample_of.is_none() {
            campaign.sample_of = Some(report.case.clone());
        }
        let more = before.is_none_or(|before| before.indicators != campaign.indicators);
        if more && !matches!(campaign.stage, Stage::Dismissed { .. }) {
            campaign.stage = Stage::Proposed { at: now };
        }
    }
    (before != Some(&campaign)).then_some(campaign)
}

/// Whether a campaign is worth an analyst's look.
pub(crate) fn is_worth(state: &State, campaign: &str) -> bool {
    match state.verdict(campaign) {
        Verdict::Malicious => true,
        Verdict::Suspicious => state.extent(campaign).reporters > 1,
        _ => false,
    }
}

/// The moment on the reporter's clock: the hour, and the day when it is another.
fn clock(since: Instant, now: Instant, language: Language) -> String {
    const MONTHS: [&str; 12] = [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ];
    let Ok(moment) = jiff::Timestamp::from_microsecond(since.micros()) else {
        return String::new();
    };
    let rome = jiff::tz::TimeZone::get("Europe/Rome").unwrap_or(jiff::tz::TimeZone::UTC);
    let moment = moment.to_zoned(rome);
    let hour = moment.strftime("%H:%M").to_string();
    if since.day() == now.day() {
        return hour;
    }
    let month = usize::try_from(moment.month() - 1).unwrap_or(0);
    match language {
        Language::It => {
            format!("{hour} del {} {}", moment.day(), MONTHS.get(month).unwrap_or(&""))
        }
        Language::En => format!("{hour} on {}", moment.strftime("%-d %B")),
    }
}

/// Who the ledger says did it: the account, else the desk.
fn actor(report: &Report) -> String {
    report.account.as_ref().map_or_else(|| STEP.to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn the_body_is_what_follows_the_header() {
        assert_eq!(body(b"A: b\r\nC: d\r\n\r\nx\n\ny"), b"\r\nx\n\ny");
        assert_eq!(body(b"A: b\n\nx\r\n\r\ny"), b"\nx\r\n\r\ny");
        assert_eq!(body(b"no header"), b"no header");
    }
}
