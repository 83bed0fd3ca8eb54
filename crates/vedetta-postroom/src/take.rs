//! Taking a report in: who reports, what the message is, where it belongs; written once.

use std::sync::Arc;

use serde::Serialize;
use vedetta_flow::FlowError;
use vedetta_mail::{
    Case, Desk, Evidence, Form, Limits, Model, Opinion, Outer, Reply, Traces, Verdict, Wave,
    letters,
};
use vedetta_model::chance::uuid;
use vedetta_model::{Instant, ItemId, Language};
use vedetta_store::{NewJob, RecordKind, StoreError, UnitOfWork};

use crate::acquainted::Knowing;
use crate::campaign::{Campaign, Stage};
use crate::outbox::{STEP, Task};
use crate::postroom::{Postroom, Surroundings};
use crate::report::{Door, Keeping, Report, Standing, Weighed};
use crate::reporter::{Acquainted, Reporter};
use crate::sealing::{Cover, Sealed};
use crate::{bundle, see};

/// A message as it was handed in, or several.
pub struct Handed<'a> {
    /// The octets.
    pub bytes: &'a [u8],
    /// Who.
    pub by: Reporter,
}

/// What became of what was handed in.
#[derive(Debug)]
pub enum Received {
    /// It is taken in, a case for each message.
    Taken(Vec<Answer>),
    /// It is no report: an automatic answer, a failure, or our own letter. Nothing is kept.
    Passed,
    /// There was no message in it; who wrote is told how to hand one on, if they may be.
    Empty,
    /// More came from its sender's domain, or from all, than is taken of who does not prove who they
    /// are; later, perhaps.
    Limited,
}

/// What the reporter is told of one message.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The number of the case.
    pub case: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Its word in the reporter's language.
    pub word: String,
    /// How probable it is that the message is not legitimate.
    pub probability: f32,
    /// The answer for people: what was noticed, what to do now.
    pub text: String,
    /// When it was first known, when others reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_since: Option<Instant>,
    /// How many others reported it.
    pub others: usize,
}

/// What the room found in one message.
struct Found {
    evidence: Evidence,
    opinion: Opinion,
    traces: Traces,
}

/// As many domains at their limit as are taken from in an hour, together.
const DOMAINS: usize = 20;
/// Messages of one hand-over.
const MOST_AT_ONCE: usize = 20;

impl Postroom {
    /// Takes in what was handed in, and asks the room. When this returns, reports are durable, and
    /// answers by mail wait to be sent.
    ///
    /// # Errors
    /// What the ledger said: nothing of it was kept.
    pub fn take(&self, handed: &Handed<'_>) -> Result<Received, FlowError> {
        let outer = Outer::read(handed.bytes);
        if self.is_no_report(&handed.by, &outer) {
            return Ok(Received::Passed);
        }
        let around = self.around();
        let who = Acquainted::of(&handed.by, &outer, &around.mailboxes, &self.settings);
        let now = self.house.now();
        if who.standing != Standing::Enrolled && !self.has_room_for(&who.mailbox, now) {
            return Ok(Received::Limited);
        }
        let mut answers = Vec::new();
        for letter in letters(handed.bytes).iter().take(MOST_AT_ONCE) {
            let found = self.look_at(letter, &who, &around);
            if is_only_a_note(&found.evidence, &who) {
                continue;
            }
            answers.push(self.enter(letter, found, (&who, &outer), now)?);
        }
        if answers.is_empty() {
            self.explain_how(&who, &outer, now)?;
            return Ok(Received::Empty);
        }
        Ok(Received::Taken(answers))
    }

    /// Letters that nobody waits for an answer to, and our own that come back (RFC 3834 §2).
    fn is_no_report(&self, by: &Reporter, outer: &Outer) -> bool {
        let Reporter::Mailbox(envelope) = by else { return false };
        let own = |address: &str| address.eq_ignore_ascii_case(&self.settings.mailbox);
        envelope.is_none()
            || envelope.as_deref().is_some_and(own)
            || outer.from.iter().any(|from| own(&from.address))
            || outer.automatic
    }

    /// One limit for all who do not prove who they are, in the directory or not: what is answered
    /// tells nobody who is in it.
    fn has_room_for(&self, mailbox: &str, now: Instant) -> bool {
        let domain = mailbox.rsplit('@').next().unwrap_or_default();
        let (most, mut state) = (self.settings.strangers, self.state());
        state.within(&format!("domain {domain}"), most, now)
            && state.within("all domains", most.saturating_mul(DOMAINS), now)
    }

    fn look_at(&self, letter: &[u8], who: &Acquainted, around: &Surroundings) -> Found {
        let own = own_domains(who, around);
        let known = Knowing::of(self);
        let desk = Desk {
            brands: &around.brands,
            own_domains: &own,
            receivers: &self.settings.receivers,
            known: &known,
            model: Model::shipped(),
            limits: Limits::default(),
        };
        let read = Evidence::read_with(letter, &desk.limits, self.published());
        let (evidence, opinion) = read.judged(&desk);
        let traces = Traces::of(&evidence, &around.brands).named(|value| self.named(value));
        Found { evidence, opinion, traces }
    }

    /// Enters a report, its campaign and its answer, in one unit of work.
    fn enter(
        &self,
        letter: &[u8],
        found: Found,
        (who, outer): (&Acquainted, &Outer),
        now: Instant,
    ) -> Result<Answer, FlowError> {
        let reporter = self.named(&who.name());
        let case = self.number(now);
        let cover = Cover { mailbox: who.mailbox.clone(), message_id: outer.message_id.clone() };
        let sealed = Sealed::new(&self.master, self.house.entropy(), &case, (&cover, letter));
        let sealed = sealed.ok_or_else(|| StoreError::Refused("it does not seal".into()))?;
        let mut state = self.state();
        let campaign = state.campaign_of(&found.traces).unwrap_or_else(|| self.fresh_campaign());
        let others = state.others(&campaign, &reporter);
        let ruling = state.campaign(&campaign).and_then(|it| it.ruling.clone());
        let report = Arc::new(self.report(&found, who, (case, campaign.clone()), now));
        let report = Arc::new(Report { reporter, ruling, ..Arc::unwrap_or_clone(report) });
        state.add(Arc::clone(&report));
        let victims = see::victims(&self.house.standing(), who);
        let changed = grown(&state, &report, (&found, &victims), now);
        if let Some(campaign) = &changed {
            state.put_campaign(campaign.clone());
        }
        let since = state.proven(&campaign).next().map_or(now, |first| first.at);
        let wave = (others > 0).then(|| Wave { since: clock(since, now, who.language), others });
        let said = Case { number: report.case.clone(), wave, before: None };
        let opinion = Opinion { verdict: report.holds(), ..found.opinion };
        let reply = Reply::new(&opinion, &found.evidence, who.language, &said);
        let answered = who.standing == Standing::Enrolled
            && !who.mailbox.is_empty()
            && state.within(&report.reporter, self.settings.answers, now);
        let task = answered.then(|| Task::answer(&report.case, &reply));
        let written = self.write_report(&report, changed, sealed, task);
        drop(state);
        if let Err(error) = written {
            self.reread();
            return Err(error.into());
        }
        self.release_by_rule(&campaign);
        Ok(Answer {
            case: report.case.clone(),
            verdict: report.holds(),
            word: report.holds().word().to(who.language).to_owned(),
            probability: report.probability,
            text: reply.text,
            known_since: (others > 0).then_some(since),
            others,
        })
    }

    fn report(
        &self,
        found: &Found,
        who: &Acquainted,
        (case, campaign): (String, String),
        now: Instant,
    ) -> Report {
        let Found { evidence, opinion, traces } = found;
        let weighed = opinion.reasons.iter().filter(|reason| reason.weight.abs() > 0.05);
        let weighed = weighed
            .map(|reason| Weighed { check: reason.finding.slug.to_owned(), weight: reason.weight });
        let around = self.around();
        let door = if who.account.is_some() { Door::Api } else { Door::Mail };
        Report {
            case,
            at: now,
            door,
            organisation: who.organisation.clone(),
            account: who.account.clone(),
            standing: who.standing,
            reporter: String::new(),
            language: who.language,
            forms: evidence.forms.clone(),
            verdict: opinion.verdict,
            probability: opinion.probability,
            reasons: weighed.collect(),
            unread: evidence.unread.len(),
            model: opinion.model.clone(),
            campaign,
            traces: traces.clone(),
            indicators: bundle::shareable(
                evidence,
                &around.brands,
                (&own_domains(who, &around), &self.settings.receivers),
            ),
            ruling: None,
            keeping: Keeping::Kept { until: now.after(self.settings.keep) },
        }
    }

    fn write_report(
        &self,
        report: &Arc<Report>,
        campaign: Option<Campaign>,
        sealed: Sealed,
        task: Option<Task>,
    ) -> Result<(), StoreError> {
        let (report, actor) = (Arc::clone(report), actor(report));
        self.house.write(move |unit| {
            put(unit, RecordKind::MailReport, &report.case, &*report, &actor)?;
            if let Some(campaign) = &campaign {
                put(unit, RecordKind::Campaign, campaign.id.as_str(), campaign, &actor)?;
            }
            sealed.keep(unit, &report.case)?;
            task.as_ref().map_or(Ok(()), |task| task.enqueue(unit, report.at))
        })
    }

    /// Whoever wrote without a message in it is told how to hand one on.
    fn explain_how(&self, who: &Acquainted, outer: &Outer, now: Instant) -> Result<(), FlowError> {
        let name = self.named(&who.name());
        if who.standing != Standing::Enrolled
            || who.mailbox.is_empty()
            || !self.state().within(&name, self.settings.answers, now)
        {
            return Ok(());
        }
        let case = self.number(now);
        let cover = Cover { mailbox: who.mailbox.clone(), message_id: outer.message_id.clone() };
        let sealed = Sealed::new(&self.master, self.house.entropy(), &case, (&cover, b""));
        let sealed = sealed.ok_or_else(|| StoreError::Refused("it does not seal".into()))?;
        let task = Task::explanation(&case, &Reply::nothing_in_it(who.language));
        self.house.write(move |unit| {
            sealed.keep(unit, &case)?;
            task.enqueue(unit, now)
        })?;
        Ok(())
    }

    /// A number that nobody has: the day, and four letters at random.
    fn number(&self, now: Instant) -> String {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let day = now.day();
        loop {
            let mut chance = [0; 5];
            self.house.entropy().fill(&mut chance);
            let letters = chance.iter().map(|octet| LETTERS.get(usize::from(octet % 32)));
            let letters: String = letters.flatten().map(|letter| char::from(*letter)).collect();
            let (year, month, date) = (day.year() % 100, day.month(), day.day());
            let number = format!("M{year:02}{month:02}{date:02}-{letters}");
            if self.state().report(&number).is_none() {
                return number;
            }
        }
    }

    fn fresh_campaign(&self) -> String {
        ItemId::of("campaign", uuid(self.house.entropy())).to_string()
    }
}

/// The mail domains of the reporter's organisation.
fn own_domains(who: &Acquainted, around: &Surroundings) -> Vec<String> {
    let own = who.organisation.as_ref().map(|own| around.mailboxes.domains_of(own));
    own.unwrap_or_default()
}

/// Whether what came by mail is what the reporter wrote, with no message in it.
fn is_only_a_note(evidence: &Evidence, who: &Acquainted) -> bool {
    let own = |address: &str| address.eq_ignore_ascii_case(&who.mailbox);
    who.account.is_none()
        && evidence.form() == Form::Direct
        && evidence.layers.is_empty()
        && evidence.sender().is_some_and(|sender| own(&sender.address))
}

/// The campaign of a report, when the report changes it or begins it.
fn grown(
    state: &crate::state::State,
    report: &Report,
    (found, victims): (&Found, &[String]),
    now: Instant,
) -> Option<Campaign> {
    let before = state.campaign(&report.campaign);
    let mut campaign = before.cloned().or_else(|| {
        Some(Campaign {
            id: ItemId::new(&report.campaign).ok()?,
            since: report.at,
            sample: None,
            indicators: std::collections::BTreeSet::new(),
            items: Vec::new(),
            ruling: None,
            stage: Stage::Open,
        })
    })?;
    let verdict = state.verdict(&report.campaign);
    let several = state.extent(&report.campaign).reporters > 1;
    let worth = verdict == Verdict::Malicious || verdict == Verdict::Suspicious && several;
    let known = report.standing == Standing::Enrolled && report.organisation.is_some();
    if worth && known && campaign.indicators.len() < MOST_INDICATORS {
        campaign.indicators.extend(report.indicators.iter().cloned());
    }
    let more = before.is_none_or(|before| before.indicators != campaign.indicators);
    if worth && known {
        let sample = || vedetta_mail::sample(&found.evidence, victims);
        campaign.sample.get_or_insert_with(sample);
        if more && !matches!(campaign.stage, Stage::Dismissed { .. }) {
            campaign.stage = Stage::Proposed { at: now };
        }
    }
    (before != Some(&campaign)).then_some(campaign)
}

/// Indicators of one campaign.
const MOST_INDICATORS: usize = 500;

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

/// Puts a record as JSON.
pub(crate) fn put<T: Serialize>(
    unit: &mut dyn UnitOfWork,
    kind: RecordKind,
    id: &str,
    value: &T,
    actor: &str,
) -> Result<(), StoreError> {
    let body = serde_json::to_vec(value).map_err(|it| StoreError::Refused(it.to_string()))?;
    unit.put_record(kind, id, &body, actor).map(drop)
}

impl Task {
    /// Queues it, once a case and kind.
    pub(crate) fn enqueue(
        &self,
        unit: &mut dyn UnitOfWork,
        due: Instant,
    ) -> Result<(), StoreError> {
        let task = serde_json::to_string(self).map_err(|it| StoreError::Refused(it.to_string()))?;
        unit.enqueue(&NewJob { step: STEP, key: &self.key(), task: &task, due })
    }
}
