//! What is on the desk's table: reports and campaigns, whole in memory, as the ledger has them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use vedetta_mail::{Sample, Traces, Verdict, Waves};
use vedetta_model::{AccountId, Instant, OrganisationId};
use vedetta_store::{Reader, RecordKind, StoreError};

use crate::campaign::Campaign;
use crate::overrule::Reach;
use crate::questions::Told;
use crate::report::{Report, Ruling, Standing};
use crate::sealing::{MasterKey, Sealed};

/// The table.
#[derive(Default)]
pub(crate) struct State {
    reports: BTreeMap<String, Arc<Report>>,
    campaigns: BTreeMap<String, Campaign>,
    members: HashMap<String, Vec<Arc<Report>>>,
    waves: Waves,
    /// The campaign of each wave, by its number.
    names: Vec<String>,
    hours: HashMap<String, VecDeque<Instant>>,
    /// How campaigns show, as it is kept beside the ledger.
    samples: HashMap<String, Sample>,
    /// The cases of each handing-in, by its name.
    handed: HashMap<String, Vec<String>>,
    /// What organisations said of campaigns.
    told: HashMap<String, BTreeMap<OrganisationId, Told>>,
    /// The cases of each account.
    own: HashMap<AccountId, BTreeSet<String>>,
}

/// How many a campaign has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Extent {
    pub(crate) reports: usize,
    pub(crate) reporters: usize,
}

const HOUR: Duration = Duration::from_hours(1);
/// Names counted by the hour at once.
const MOST_COUNTED: usize = 20_000;

impl State {
    pub(crate) fn load(reader: &mut dyn Reader, master: &MasterKey) -> Result<Self, StoreError> {
        let mut state = Self::default();
        for record in reader.records(RecordKind::Campaign)? {
            if let Some((campaign, organisation)) = record.id.split_once('/') {
                if let Ok(organisation) = OrganisationId::new(organisation) {
                    state.put_told(campaign, organisation, read(&record.body)?);
                }
                continue;
            }
            let campaign: Campaign = read(&record.body)?;
            let kept = if campaign.sample_of.is_some() {
                Sealed::kept(reader, campaign.id.as_str())?
            } else {
                None
            };
            let opened = kept.and_then(|it| it.open(master, campaign.id.as_str()));
            if let Some(sample) = opened.and_then(|(_, sample)| read(&sample).ok()) {
                state.samples.insert(campaign.id.to_string(), sample);
            }
            state.campaigns.insert(campaign.id.to_string(), campaign);
        }
        let mut reports = Vec::new();
        for record in reader.records(RecordKind::MailReport)? {
            reports.push(Arc::new(read::<Report>(&record.body)?));
        }
        reports.sort_by(|a, b| (a.at, &a.case).cmp(&(b.at, &b.case)));
        for report in reports {
            let wave = state.names.iter().position(|name| *name == report.campaign);
            let wave = wave.unwrap_or_else(|| state.begin(&report.campaign));
            state.waves.put(&report.traces, wave);
            state.put(report);
        }
        Ok(state)
    }

    /// The campaign that a message belongs to.
    pub(crate) fn campaign_of(&self, traces: &Traces) -> Option<String> {
        let (wave, _) = self.waves.nearest(traces)?;
        self.names.get(wave).cloned()
    }

    fn begin(&mut self, name: &str) -> usize {
        self.names.push(name.to_owned());
        self.waves.begin()
    }

    /// Puts a new report on the table, among its campaign's.
    pub(crate) fn add(&mut self, report: Arc<Report>) {
        let wave = self.names.iter().rposition(|name| *name == report.campaign);
        let wave = wave.unwrap_or_else(|| self.begin(&report.campaign));
        self.waves.put(&report.traces, wave);
        self.put(report);
    }

    /// Puts a report, or a changed one in its place.
    pub(crate) fn put(&mut self, report: Arc<Report>) {
        let members = self.members.entry(report.campaign.clone()).or_default();
        match members.iter_mut().find(|member| member.case == report.case) {
            Some(member) => *member = Arc::clone(&report),
            None => {
                members.push(Arc::clone(&report));
                let handed = self.handed.entry(report.handing.clone()).or_default();
                handed.push(report.case.clone());
                if let Some(account) = &report.account {
                    self.own.entry(account.clone()).or_default().insert(report.case.clone());
                }
            }
        }
        self.reports.insert(report.case.clone(), report);
    }

    /// Takes a report off the table; what its campaign learnt stays.
    pub(crate) fn remove(&mut self, case: &str) {
        if let Some(report) = self.reports.remove(case)
            && let Some(members) = self.members.get_mut(&report.campaign)
        {
            members.retain(|member| member.case != case);
            if let Some(own) = report.account.as_ref().and_then(|it| self.own.get_mut(it)) {
                own.remove(case);
            }
            if let Some(cases) = self.handed.get_mut(&report.handing) {
                cases.retain(|one| one != case);
                if cases.is_empty() {
                    self.handed.remove(&report.handing);
                }
            }
        }
    }

    /// The reports of a handing-in that came before, those whose messages are still here.
    pub(crate) fn handed(&self, name: &str) -> Option<Vec<Arc<Report>>> {
        let cases = self.handed.get(name)?.iter().filter_map(|case| self.reports.get(case));
        let kept: Vec<_> = cases.filter(|report| report.is_kept()).cloned().collect();
        (!kept.is_empty()).then_some(kept)
    }

    /// What organisations said of a campaign.
    pub(crate) fn told(&self, campaign: &str) -> Option<&BTreeMap<OrganisationId, Told>> {
        self.told.get(campaign)
    }

    pub(crate) fn put_told(&mut self, campaign: &str, organisation: OrganisationId, told: Told) {
        self.told.entry(campaign.to_owned()).or_default().insert(organisation, told);
    }

    /// What an account reported.
    pub(crate) fn own(&self, account: &AccountId) -> impl Iterator<Item = &Arc<Report>> {
        let cases = self.own.get(account).into_iter().flatten();
        cases.filter_map(move |case| self.reports.get(case))
    }

    /// How a campaign shows.
    pub(crate) fn sample(&self, campaign: &str) -> Option<&Sample> {
        self.samples.get(campaign)
    }

    pub(crate) fn put_sample(&mut self, campaign: &str, sample: Sample) {
        self.samples.insert(campaign.to_owned(), sample);
    }

    /// Lets the campaign that a message shows show it no longer: it is deleted.
    pub(crate) fn unshow(&mut self, report: &Report) -> Option<Campaign> {
        let campaign = self.campaigns.get_mut(&report.campaign)?;
        if campaign.sample_of.as_ref() != Some(&report.case) {
            return None;
        }
        campaign.sample_of = None;
        self.samples.remove(&report.campaign);
        Some(campaign.clone())
    }

    pub(crate) fn report(&self, case: &str) -> Option<&Arc<Report>> {
        self.reports.get(case)
    }

    pub(crate) fn reports(&self) -> impl Iterator<Item = &Arc<Report>> {
        self.reports.values()
    }

    pub(crate) fn campaign(&self, id: &str) -> Option<&Campaign> {
        self.campaigns.get(id)
    }

    pub(crate) fn campaigns(&self) -> impl Iterator<Item = &Campaign> {
        self.campaigns.values()
    }

    pub(crate) fn put_campaign(&mut self, campaign: Campaign) {
        self.campaigns.insert(campaign.id.to_string(), campaign);
    }

    /// The reports of a campaign, the first first.
    pub(crate) fn members(&self, campaign: &str) -> &[Arc<Report>] {
        self.members.get(campaign).map_or(&[], Vec::as_slice)
    }

    /// The reports of a campaign by those who proved who they are, the first first: anybody can
    /// write in another's name, and often.
    pub(crate) fn proven(&self, campaign: &str) -> impl Iterator<Item = &Arc<Report>> {
        let enrolled = |member: &&Arc<Report>| member.standing == Standing::Enrolled;
        self.members(campaign).iter().filter(enrolled)
    }

    /// How many reporters of a campaign there are besides one.
    pub(crate) fn others(&self, campaign: &str, reporter: &str) -> usize {
        let all = self.proven(campaign).map(|member| member.reporter.as_str());
        all.filter(|name| *name != reporter).collect::<BTreeSet<_>>().len()
    }

    /// What decides what becomes of a campaign: reports by those who proved who they are, without
    /// those that an analyst took out of it by ruling on them alone.
    pub(crate) fn counting(&self, campaign: &str) -> impl Iterator<Item = &Arc<Report>> {
        let with_it = |ruling: &Ruling| ruling.of == Reach::Campaign;
        self.proven(campaign).filter(move |member| member.ruling.as_ref().is_none_or(with_it))
    }

    /// How many a campaign has, of those that count in it.
    pub(crate) fn extent(&self, campaign: &str) -> Extent {
        let reporters: BTreeSet<&str> =
            self.counting(campaign).map(|member| member.reporter.as_str()).collect();
        Extent { reports: self.counting(campaign).count(), reporters: reporters.len() }
    }

    /// What an analyst said of a campaign, else the worst that the room said of what counts in it.
    /// Of what only strangers reported nothing is said: anybody can write a lure and hand it in.
    pub(crate) fn verdict(&self, campaign: &str) -> Verdict {
        if let Some(ruling) = self.campaign(campaign).and_then(|it| it.ruling.as_ref()) {
            return ruling.verdict;
        }
        let worst = self.counting(campaign).map(|member| member.verdict).min();
        worst.unwrap_or(Verdict::Undetermined)
    }

    /// Counts one more for a name, unless it had as many within the hour. Of too many names those that
    /// were counted longest ago are forgotten.
    pub(crate) fn within(&mut self, name: &str, most: usize, now: Instant) -> bool {
        if !self.has_room(name, most, now) {
            return false;
        }
        if self.hours.len() >= MOST_COUNTED && !self.hours.contains_key(name) {
            let mut last: Vec<_> =
                self.hours.values().filter_map(VecDeque::back).copied().collect();
            let (_, since, _) = last.select_nth_unstable(MOST_COUNTED / 16);
            let since = *since;
            self.hours.retain(|_, past| past.back().is_some_and(|last| *last > since));
        }
        let past = self.hours.entry(name.to_owned()).or_default();
        past.drain(..past.partition_point(|at| now.since(*at) >= HOUR));
        past.push_back(now);
        true
    }

    /// Whether a name may be counted once more, without counting it.
    pub(crate) fn has_room(&self, name: &str, most: usize, now: Instant) -> bool {
        let within = |past: &VecDeque<Instant>| {
            past.len() - past.partition_point(|at| now.since(*at) >= HOUR)
        };
        self.hours.get(name).map_or(0, within) < most
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(body).map_err(|error| StoreError::Refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_up_to_a_bound_and_the_oldest_are_forgotten() {
        let mut state = State::default();
        let at = |n: usize| Instant::from_micros(i64::try_from(n).unwrap());
        let most = 2 * MOST_COUNTED;
        for n in 0..most {
            assert!(state.within(&format!("domain d{n}.invalid"), 1, at(n)));
            assert!(state.within("all domains", most, at(n)));
        }
        assert!(state.hours.len() <= MOST_COUNTED, "{}", state.hours.len());
        let last = format!("domain d{}.invalid", most - 1);
        assert!(!state.within(&last, 1, at(most)), "who came last is known");
        assert!(!state.within("all domains", most, at(most)), "and what is counted all the time");
        assert!(!state.within("nobody", 0, at(most)) && !state.hours.contains_key("nobody"));
    }
}
