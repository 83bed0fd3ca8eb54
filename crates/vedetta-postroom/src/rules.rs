//! When a campaign is released without an analyst: as the agreements say under which the
//! organisations report whose people reported it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vedetta_flow::Standing as Snapshot;
use vedetta_mail::Verdict;
use vedetta_model::agreement::{CampaignRelease, CampaignVerdict};
use vedetta_model::{AgreementId, OrganisationId, Tlp};
use vedetta_policy::CampaignTerms;

use crate::report::Report;
use crate::settings::ReleaseRule;

/// What is said of a campaign by those who may say it.
pub(crate) enum Rules {
    /// An agreement wants an analyst to decide.
    Analyst,
    /// Agreements release by themselves, each counting the organisations of its parties.
    Agreements(Vec<(CampaignTerms, BTreeSet<OrganisationId>)>),
    /// No agreement says anything: the node's own rule, if it has one.
    Node(Option<ReleaseRule>),
}

impl Rules {
    /// The rules for a campaign that these reports make.
    pub(crate) fn of(
        snapshot: &Snapshot,
        reports: &[Arc<Report>],
        node: Option<ReleaseRule>,
    ) -> Self {
        let organisations: BTreeSet<&OrganisationId> =
            reports.iter().filter_map(|report| report.organisation.as_ref()).collect();
        let Some(desk) = &snapshot.own else { return Self::Node(node) };
        let mut said: BTreeMap<AgreementId, (CampaignTerms, BTreeSet<OrganisationId>)> =
            BTreeMap::new();
        for organisation in organisations {
            for terms in snapshot.network.campaign_terms(organisation, desk) {
                let id = terms.agreement.id.clone();
                let (_, parties) = said.entry(id).or_insert_with(|| (terms, BTreeSet::new()));
                parties.insert(organisation.clone());
            }
        }
        let proposed = |(it, _): &(CampaignTerms, _)| it.terms.release == CampaignRelease::Proposed;
        if said.values().any(proposed) {
            Self::Analyst
        } else if said.is_empty() {
            Self::Node(node)
        } else {
            Self::Agreements(said.into_values().collect())
        }
    }

    /// How far the campaign may go by itself now; nothing when an analyst decides.
    pub(crate) fn marking(&self, reports: &[Arc<Report>], verdict: Verdict) -> Option<Tlp> {
        match self {
            Self::Analyst => None,
            Self::Node(rule) => {
                let rule = (*rule)?;
                let (reporters, organisations) = extent(reports.iter());
                let due = verdict == Verdict::Malicious
                    && reporters >= rule.reporters.max(1)
                    && organisations >= rule.organisations;
                due.then_some(rule.tlp)
            }
            Self::Agreements(rules) => {
                let due = rules.iter().any(|(it, parties)| {
                    let of = |report: &&Arc<Report>| {
                        report.organisation.as_ref().is_some_and(|of| parties.contains(of))
                    };
                    let (reporters, organisations) = extent(reports.iter().filter(of));
                    let enough = |has: usize, wanted: u32| {
                        has >= usize::try_from(wanted.max(1)).unwrap_or(usize::MAX)
                    };
                    enough(reporters, it.terms.reporters)
                        && enough(organisations, it.terms.organisations)
                        && is_so(verdict, it.terms.verdict)
                });
                // What several brought together goes no further than the strictest of them lets it.
                rules.iter().map(|(it, _)| it.tlp()).max().filter(|_| due)
            }
        }
    }
}

fn extent<'r>(reports: impl Iterator<Item = &'r Arc<Report>>) -> (usize, usize) {
    let (mut reporters, mut organisations) = (BTreeSet::new(), BTreeSet::new());
    for report in reports {
        reporters.insert(report.reporter.as_str());
        organisations.extend(report.organisation.as_ref());
    }
    (reporters.len(), organisations.len())
}

const fn is_so(verdict: Verdict, least: CampaignVerdict) -> bool {
    match least {
        CampaignVerdict::Malicious => matches!(verdict, Verdict::Malicious),
        CampaignVerdict::Suspicious => {
            matches!(verdict, Verdict::Malicious | Verdict::Suspicious)
        }
    }
}
