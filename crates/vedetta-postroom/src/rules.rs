//! When a campaign is released without an analyst: as the agreements say under which the
//! organisations report whose people reported it, and for those under none as the node says.

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
    /// An analyst decides: an agreement wants it, or nothing speaks for all who reported it.
    Analyst,
    /// It is released when the rules that there are let it go.
    Automatic {
        /// Those of agreements, each counting the organisations of its parties.
        agreements: Vec<(CampaignTerms, BTreeSet<OrganisationId>)>,
        /// The node's own, where one of the organisations is under no agreement that says anything.
        node: Option<ReleaseRule>,
    },
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
        let mut said: BTreeMap<AgreementId, (CampaignTerms, BTreeSet<OrganisationId>)> =
            BTreeMap::new();
        let mut all_said = true;
        for organisation in organisations {
            let desk = snapshot.own.as_ref();
            let terms = desk.map(|it| snapshot.network.campaign_terms(organisation, it));
            let terms = terms.unwrap_or_default();
            all_said &= !terms.is_empty();
            for terms in terms {
                let id = terms.agreement.id.clone();
                let (_, parties) = said.entry(id).or_insert_with(|| (terms, BTreeSet::new()));
                parties.insert(organisation.clone());
            }
        }
        let proposed = |(it, _): &(CampaignTerms, _)| it.terms.release == CampaignRelease::Proposed;
        let all_said = all_said && !said.is_empty();
        if said.values().any(proposed) || !all_said && node.is_none() {
            return Self::Analyst;
        }
        let agreements = said.into_values().collect();
        Self::Automatic { agreements, node: node.filter(|_| !all_said) }
    }

    /// How far the campaign may go by itself now; nothing when an analyst decides.
    pub(crate) fn marking(&self, reports: &[Arc<Report>], verdict: Verdict) -> Option<Tlp> {
        let Self::Automatic { agreements, node } = self else { return None };
        let of_agreements = agreements.is_empty()
            || agreements.iter().any(|(it, parties)| {
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
        let of_node = node.is_none_or(|rule| {
            let (reporters, organisations) = extent(reports.iter());
            verdict == Verdict::Malicious
                && reporters >= rule.reporters.max(1)
                && organisations >= rule.organisations
        });
        // What several brought together goes no further than the strictest of them lets it.
        let markings = agreements.iter().map(|(it, _)| it.tlp()).chain(node.map(|it| it.tlp));
        markings.max().filter(|_| of_agreements && of_node)
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
