//! What agreements say of the campaigns that a mail desk gathers: proposed to an analyst, or released
//! without one. It changes nothing of who may receive what.

use std::sync::Arc;

use vedetta_model::agreement::{Agreement, MailTerms};
use vedetta_model::{OrganisationId, OrganisationNumber, Tlp};

use crate::network::Network;
use crate::pact::Pact;

/// What an agreement in force says of the campaigns that its parties report.
#[derive(Clone, Debug)]
pub struct CampaignTerms {
    /// The agreement.
    pub agreement: Arc<Agreement>,
    /// What it says.
    pub terms: MailTerms,
}

impl CampaignTerms {
    /// The marking of what is released by it.
    #[must_use]
    pub fn tlp(&self) -> Tlp {
        self.terms.tlp.unwrap_or(self.agreement.handling.default_tlp)
    }
}

impl Network {
    /// What agreements in force say of campaigns that people of an organisation report to the desk of
    /// another: those to which both are parties. Nothing where none says anything.
    #[must_use]
    pub fn campaign_terms(
        &self,
        reporter: &OrganisationId,
        desk: &OrganisationId,
    ) -> Vec<CampaignTerms> {
        let (Some(reporter), Some(desk)) = (self.number(reporter), self.number(desk)) else {
            return Vec::new();
        };
        let binding = self.pacts.iter().filter(|pact| pact.standing.is_in_force());
        let between = binding.filter(|pact| is_party(pact, reporter) && is_party(pact, desk));
        let said = between.filter_map(|pact| {
            let (agreement, terms) = (Arc::clone(&pact.agreement), pact.agreement.mail?);
            Some(CampaignTerms { agreement, terms })
        });
        said.collect()
    }
}

fn is_party(pact: &Pact, organisation: OrganisationNumber) -> bool {
    pact.sides.iter().any(|side| side.members.contains(organisation))
}
