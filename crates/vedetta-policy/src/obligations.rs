//! What exchange policies (FIRST Information Exchange Policy 2.0) oblige a recipient to.
//!
//! Of several policies the strictest word of each counts: together they narrow, and none widens.

use serde::Serialize;
use vedetta_model::{AgreementId, Iep, Instant, Pap};

use crate::network::Network;
use crate::pact::Pact;

/// What binds whoever receives an item, as IEP words it; what no policy speaks of is left out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Obligations {
    /// `must` or `may`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypt_in_transit: Option<&'static str>,
    /// What may be done with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permitted_actions: Option<&'static str>,
    /// `may` or `must not`: telling those whom it affects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affected_party_notifications: Option<&'static str>,
    /// `may`, `must` or `must not`: naming its provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<&'static str>,
    /// `may` or `must not`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmodified_resale: Option<&'static str>,
    /// The policies: left out where the item is without its victim, whom the name of a policy might tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyName>,
}

/// Which policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PolicyName {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The words of a statement, the strictest first.
type Words = &'static [&'static str];

const ENCRYPT: Words = &["must", "may"];
const ACTIONS: Words = &[
    NO_ACTION,
    CONTACT_FIRST,
    "internally visible actions",
    "externally visible indirect actions",
    "externally visible direct actions",
];
const NO_ACTION: &str = "none";
const CONTACT_FIRST: &str = "contact for instruction";
const TELLING: Words = &["must not", "may"];
/// Who must not be told whose it is, is not told, whatever another policy wants.
const ATTRIBUTION: Words = &["must not", "must", "may"];

/// The statements of a policy: the member, the words that it knows, and what the policy says.
pub(crate) fn statements(iep: &Iep) -> [(&'static str, Words, Option<&str>); 5] {
    [
        ("encrypt_in_transit", ENCRYPT, iep.encrypt_in_transit.as_deref()),
        ("permitted_actions", ACTIONS, iep.permitted_actions.as_deref()),
        ("affected_party_notifications", TELLING, iep.affected_party_notifications.as_deref()),
        ("attribution", ATTRIBUTION, iep.attribution.as_deref()),
        ("unmodified_resale", TELLING, iep.unmodified_resale.as_deref()),
    ]
}

/// The word as it is written here; one that is not known counts as the strictest.
fn read(words: Words, said: &str) -> &'static str {
    let known = words.iter().find(|word| word.eq_ignore_ascii_case(said.trim()));
    known.or(words.first()).copied().unwrap_or_default()
}

impl Obligations {
    /// Those of several policies together; nothing when there is none.
    fn of<'a>(policies: impl Iterator<Item = &'a Iep>) -> Option<Self> {
        let mut all: Option<Self> = None;
        for iep in policies {
            all.get_or_insert_default().add(iep);
        }
        all
    }

    fn add(&mut self, iep: &Iep) {
        let known = [
            &mut self.encrypt_in_transit,
            &mut self.permitted_actions,
            &mut self.affected_party_notifications,
            &mut self.attribution,
            &mut self.unmodified_resale,
        ];
        for (known, (_, words, said)) in known.into_iter().zip(statements(iep)) {
            let said = said.map(|said| read(words, said));
            let stricter = |word: &&&str| Some(**word) == *known || Some(**word) == said;
            *known = words.iter().find(stricter).copied();
        }
        let name = PolicyName { id: iep.id.clone(), name: iep.name.clone() };
        if !self.policies.contains(&name) {
            self.policies.push(name);
        }
    }

    /// What its permitted actions mean as PAP: internally visible ones are passive, direct ones active.
    #[must_use]
    pub fn pap(&self) -> Pap {
        let place =
            self.permitted_actions.and_then(|it| ACTIONS.iter().position(|word| *word == it));
        match place {
            Some(..=2) => Pap::Red,
            Some(3) => Pap::Amber,
            _ => Pap::Clear,
        }
    }

    /// Whether nothing may be done with it unasked: it is to be known, and in no feed.
    #[must_use]
    pub fn forbids_acting(&self) -> bool {
        matches!(self.permitted_actions, Some(NO_ACTION | CONTACT_FIRST))
    }

    /// The same for whoever may not know the victim.
    #[must_use]
    pub fn without_names(self) -> Self {
        Self { policies: Vec::new(), ..self }
    }
}

impl Network {
    /// Whether any agreement in force has a policy.
    #[must_use]
    pub fn has_policies(&self) -> bool {
        let with_one = |pact: &Pact| pact.agreement.handling.iep.is_some();
        self.pacts.iter().any(|pact| pact.standing.is_in_force() && with_one(pact))
    }

    /// What binds whoever receives what was released under agreements, at a moment: the policies of those
    /// that are in force, within their dates.
    #[must_use]
    pub fn obligations<'a>(
        &self,
        under: impl IntoIterator<Item = &'a AgreementId>,
        now: Instant,
    ) -> Option<Obligations> {
        let in_force = |id: &&AgreementId| self.standing(id).is_some_and(|it| it.is_in_force());
        let agreements = under.into_iter().filter(in_force).filter_map(|id| self.agreement(id));
        let policies = agreements.filter_map(|it| it.handling.iep.as_ref());
        let binds = |iep: &&Iep| {
            iep.start_date.is_none_or(|start| start <= now)
                && iep.end_date.is_none_or(|end| now <= end)
        };
        Obligations::of(policies.filter(binds))
    }
}
