//! What the desk shows: the queue, one case, campaigns, figures by organisation; and to a reporter,
//! what became of their own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_flow::FlowError;
use vedetta_flow::Standing as Snapshot;
use vedetta_flow::authority::{ROOM, ROOM_AND_AUDITORS};
use vedetta_mail::{Desk, Evidence, Opinion, Reason, Sample, Verdict, sample};
use vedetta_model::{Actor, Instant, OrganisationId};

use crate::acquainted::Knowing;
use crate::campaign::Campaign;
use crate::contest::contested;
use crate::enter::answer_name;
use crate::postroom::Postroom;
use crate::questions::Told;
use crate::report::Report;

/// Which reports of the queue.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct QueueWish {
    /// Older than this case.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
    /// Only with this verdict.
    pub verdict: Option<Verdict>,
    /// Only of this campaign.
    pub campaign: Option<String>,
    /// Only of this organisation.
    pub organisation: Option<OrganisationId>,
    /// Only those whose reporters disagree, and no analyst ruled since.
    pub contested: bool,
}

/// A page of the queue, first what last came or was contested.
#[derive(Debug, Serialize)]
pub struct QueuePage {
    /// The reports.
    pub items: Vec<Arc<Report>>,
    /// The `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A message taken apart again, for an analyst.
#[derive(Debug, Serialize)]
pub struct Dissected {
    /// What was found when it came.
    pub report: Arc<Report>,
    /// What the room finds now; absent when the message is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
    /// What weighs, with the notes for an analyst.
    pub reasons: Vec<Reason>,
    /// What could be shown to others of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// What its reporter was told when it came, as it was told; absent when nobody was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What its reporter answered to our answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contest: Option<String>,
}

/// What a reporter sees of an own report.
#[derive(Debug, Serialize)]
pub struct OwnAnswer {
    /// The number of the case.
    pub case: String,
    /// When it was reported.
    pub at: Instant,
    /// The verdict that holds.
    pub verdict: Verdict,
    /// Its word in the reader's language.
    pub word: String,
    /// When an analyst looked at it, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Instant>,
    /// The verdict that was told before, when the analyst changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Verdict>,
    /// The answer as it was given, of the newest while their messages are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When its reporter last contested it, and no analyst ruled since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contested: Option<Instant>,
    /// Whether the message is still here: only then it can be contested.
    #[serde(skip)]
    pub kept: bool,
}

/// A campaign with its extent.
#[derive(Debug, Serialize)]
pub struct CampaignView {
    /// The campaign.
    #[serde(flatten)]
    pub campaign: Campaign,
    /// A redacted message of it, once it is worth showing, while that message is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// The verdict that holds.
    pub verdict: Verdict,
    /// How many reports.
    pub reports: usize,
    /// Of how many known reporters.
    pub reporters: usize,
    /// The organisations whose people reported it.
    pub organisations: Vec<OrganisationId>,
    /// What organisations that it was released to say of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<OrganisationId, Told>,
    /// When it was last reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Instant>,
}

/// Figures over a time.
#[derive(Debug, Serialize)]
pub struct Statistics {
    /// Over so many past days.
    pub days: u16,
    /// All together.
    pub total: Tally,
    /// By organisation; strangers are not among them.
    pub organisations: BTreeMap<OrganisationId, Tally>,
}

/// How many reports of which verdict.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Reports.
    pub reports: usize,
    /// By the verdict that holds.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// Overruled by an analyst.
    pub overruled: usize,
    /// Reporters.
    pub reporters: usize,
}

impl Postroom {
    /// A page of the queue.
    ///
    /// # Errors
    /// Forbidden.
    pub fn queue(&self, by: &Actor, wish: &QueueWish) -> Result<QueuePage, FlowError> {
        self.house.require_room(by, ROOM, "see the mail desk")?;
        let state = self.state();
        let before = wish.after.as_deref().and_then(|case| state.report(case)).map(key);
        let wanted = |report: &&Arc<Report>| {
            before.as_ref().is_none_or(|before| key(report) < *before)
                && wish.verdict.is_none_or(|verdict| report.holds() == verdict)
                && wish.campaign.as_ref().is_none_or(|campaign| report.campaign == *campaign)
                && wish.organisation.is_none() | (wish.organisation == report.organisation)
                && (!wish.contested || report.is_contested())
        };
        let mut items: Vec<Arc<Report>> = state.reports().filter(wanted).cloned().collect();
        drop(state);
        items.sort_by_key(|report| std::cmp::Reverse(key(report)));
        let more = items.len() > wish.limit;
        items.truncate(wish.limit);
        let next = items.last().filter(|_| more).map(|last| last.case.clone());
        Ok(QueuePage { items, next })
    }

    /// A case, its message taken apart again. That somebody looked is noted.
    ///
    /// # Errors
    /// Forbidden, unknown, or what the ledger said.
    pub fn dissect(&self, by: &Actor, case: &str) -> Result<Dissected, FlowError> {
        let report = self.case(by, case)?;
        let Some((_, letter)) = self.unsealed(case)? else {
            let reasons = Vec::new();
            let (evidence, sample, answer, contest) = (None, None, None, None);
            return Ok(Dissected { report, evidence, reasons, sample, answer, contest });
        };
        let contest = report.contest.map(|_| self.said(&contested(case))).transpose()?.flatten();
        let answer = self.said(&answer_name(case))?;
        self.note_reading(by, case)?;
        let around = self.around();
        let known = Knowing::of(self);
        let limits = self.limits();
        let desk = Desk { brands: &around.brands, known: &known, limits, ..Desk::shipped() };
        let read = Evidence::read_with(&letter, &desk.limits, self.published());
        let (evidence, Opinion { reasons, .. }) = read.judged(&desk);
        let sample = sample(&evidence, &words_of(&self.house.standing(), &report.organisation));
        let (evidence, sample) = (Some(Box::new(evidence)), Some(sample));
        Ok(Dissected { report, evidence, reasons, sample, answer, contest })
    }

    /// A text that is kept with a message.
    fn said(&self, name: &str) -> Result<Option<String>, FlowError> {
        let said = self.unsealed(name)?;
        Ok(said.map(|(_, said)| String::from_utf8_lossy(&said).into_owned()))
    }

    /// The message of a case, as it was handed in. That somebody read it is noted.
    ///
    /// # Errors
    /// Forbidden, unknown or gone, or what the ledger said.
    pub fn message(&self, by: &Actor, case: &str) -> Result<Vec<u8>, FlowError> {
        self.case(by, case)?;
        let opened = self.unsealed(case)?;
        let (_, letter) = opened.ok_or_else(|| FlowError::unknown("message of case", case))?;
        self.note_reading(by, case)?;
        Ok(letter)
    }

    fn case(&self, by: &Actor, case: &str) -> Result<Arc<Report>, FlowError> {
        self.house.require_room(by, ROOM, "see the mail desk")?;
        let report = self.state().report(case).cloned();
        report.ok_or_else(|| FlowError::unknown("case", case))
    }

    fn note_reading(&self, by: &Actor, case: &str) -> Result<(), FlowError> {
        let facts = r#"{"deed":"message-read"}"#.to_owned();
        Ok(self.house.note_deed(by.account.as_str(), case, facts)?)
    }

    /// What became of what an account reported, the newest first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn own_answers(&self, by: &Actor) -> Result<Vec<OwnAnswer>, FlowError> {
        let mut own = self.own_in_short(by);
        for answer in own.iter_mut().filter(|it| it.kept).take(MOST_TOLD) {
            answer.text = self.said(&answer_name(&answer.case))?;
        }
        Ok(own)
    }

    fn own_in_short(&self, by: &Actor) -> Vec<OwnAnswer> {
        let state = self.state();
        let mut own: Vec<&Arc<Report>> = state.own(&by.account).collect();
        own.sort_by_key(|report| std::cmp::Reverse(key(report)));
        let answer = |report: &Arc<Report>| OwnAnswer {
            case: report.case.clone(),
            at: report.at,
            verdict: report.holds(),
            word: report.holds().word().to(by.language).to_owned(),
            reviewed: report.ruling.as_ref().map(|ruling| ruling.at),
            before: report.changed_from(),
            text: None,
            contested: report.contest.filter(|_| report.is_contested()).map(|it| it.at),
            kept: report.is_kept(),
        };
        own.into_iter().take(MOST_OWN).map(answer).collect()
    }

    /// Of what an account reported, the verdicts that changed after a moment, the newest report first.
    #[must_use]
    pub fn changed_answers(&self, by: &Actor, after: Instant) -> Vec<OwnAnswer> {
        let changed = |it: &OwnAnswer| it.before.is_some() && it.reviewed > Some(after);
        self.own_in_short(by).into_iter().filter(changed).collect()
    }

    /// How often analysts overruled, since the node began: a sign to ask for what changed.
    #[must_use]
    pub fn overrulings(&self) -> u64 {
        self.overrulings.load(Ordering::Acquire)
    }

    /// Every campaign that somebody known reported, the last one first.
    ///
    /// # Errors
    /// Forbidden.
    pub fn campaigns(&self, by: &Actor) -> Result<Vec<CampaignView>, FlowError> {
        self.house.require_room(by, ROOM, "see the mail desk")?;
        let state = self.state();
        let mut views: Vec<CampaignView> = state.campaigns().map(|it| view(&state, it)).collect();
        views.sort_by_key(|view| std::cmp::Reverse((view.last, view.campaign.since)));
        Ok(views)
    }

    /// One campaign.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn campaign(&self, by: &Actor, id: &str) -> Result<CampaignView, FlowError> {
        self.house.require_room(by, ROOM, "see the mail desk")?;
        let state = self.state();
        let campaign = state.campaign(id).ok_or_else(|| FlowError::unknown("campaign", id))?;
        Ok(view(&state, campaign))
    }

    /// Figures by organisation over some past days.
    ///
    /// # Errors
    /// Forbidden.
    pub fn statistics(&self, by: &Actor, days: u16) -> Result<Statistics, FlowError> {
        self.house.require_room(by, ROOM_AND_AUDITORS, "see the figures of the mail desk")?;
        let since = self.house.now().before(Duration::from_hours(24 * u64::from(days)));
        let state = self.state();
        let recent: Vec<&Arc<Report>> = state.reports().filter(|it| it.at >= since).collect();
        let mut by_organisation: BTreeMap<OrganisationId, Vec<&Arc<Report>>> = BTreeMap::new();
        for report in &recent {
            if let Some(organisation) = &report.organisation {
                by_organisation.entry(organisation.clone()).or_default().push(report);
            }
        }
        let organisations =
            by_organisation.into_iter().map(|(id, reports)| (id, tally(&reports))).collect();
        Ok(Statistics { days, total: tally(&recent), organisations })
    }
}

/// Own answers shown at most, and those shown whole.
const MOST_OWN: usize = 500;
const MOST_TOLD: usize = 20;

fn key(report: &Arc<Report>) -> (Instant, String) {
    (report.moved(), report.case.clone())
}

fn view(state: &crate::state::State, campaign: &Campaign) -> CampaignView {
    let id = campaign.id.as_str();
    let members = state.members(id);
    let extent = state.extent(id);
    let mut organisations: Vec<OrganisationId> =
        members.iter().filter_map(|member| member.organisation.clone()).collect();
    organisations.sort();
    organisations.dedup();
    CampaignView {
        campaign: campaign.clone(),
        sample: state.sample(id).cloned(),
        verdict: state.verdict(id),
        reports: members.len(),
        reporters: extent.reporters,
        organisations,
        told: state.told(id).cloned().unwrap_or_default(),
        last: members.iter().map(|member| member.at).max(),
    }
}

fn tally(reports: &[&Arc<Report>]) -> Tally {
    let mut tally = Tally { reports: reports.len(), ..Tally::default() };
    let mut reporters = std::collections::BTreeSet::new();
    for report in reports {
        *tally.verdicts.entry(report.holds()).or_default() += 1;
        tally.overruled += usize::from(report.ruling.is_some());
        reporters.insert(report.reporter.as_str());
    }
    tally.reporters = reporters.len();
    tally
}

/// The words that tell who received a message: the reporter's mailbox and organisation.
pub(crate) fn victims(
    snapshot: &Snapshot,
    organisation: &Option<OrganisationId>,
    mailbox: &str,
) -> Vec<String> {
    let mut words = words_of(snapshot, organisation);
    if !mailbox.is_empty() {
        words.push(mailbox.to_owned());
        words.extend(mailbox.split(['@', '.']).map(ToOwned::to_owned));
    }
    words
}

fn words_of(snapshot: &Snapshot, organisation: &Option<OrganisationId>) -> Vec<String> {
    let Some(id) = organisation else { return Vec::new() };
    let directory = &snapshot.directory;
    let mut words: Vec<String> = Vec::new();
    if let Some(known) = directory.organisation(id) {
        words.push(known.name.clone());
        words.extend(known.aliases.iter().cloned());
    }
    for asset in directory.assets_of(id) {
        if let vedetta_model::asset::AssetValue::Domain(domain)
        | vedetta_model::asset::AssetValue::MailDomain(domain) = &asset.what
        {
            words.push(domain.clone());
        }
    }
    words
}
