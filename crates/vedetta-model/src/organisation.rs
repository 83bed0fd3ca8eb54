//! A party of the network, and its place in the tree.

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::id::{ItemId, OrganisationId};

/// The namespace of the identities that nodes make for organisations (UUIDv5 of the identifier).
const IDENTITIES: Uuid = Uuid::from_u128(0x3d0c_6f0e_92a1_5b0f_8a57_51f1_6d0b_9c42);

/// A party of the network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its identifier, e.g. `comune-054039`.
    pub id: OrganisationId,
    /// Its name as people say it.
    pub name: String,
    /// Other names by which it is known; redaction hides them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: OrganisationKind,
    /// The organisation above it in the tree (a section's centre, a municipality's association).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<OrganisationId>,
    /// Region, by its Italian name, e.g. `Umbria`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Province, by its two-letter code, e.g. `PG`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    /// Residents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<u32>,
    /// Sector of the NIS2 directive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<Sector>,
    /// Whether its infrastructure is critical, and for whom.
    #[serde(default)]
    pub criticality: Criticality,
    /// The organisations it is a client of: TLP:AMBER that reaches them reaches it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_of: Vec<OrganisationId>,
}

/// What an organisation is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganisationKind {
    /// The national centre (CNAIPIC).
    NationalCentre,
    /// A regional centre (COSC).
    RegionalCentre,
    /// A provincial section (SOSC).
    Section,
    /// An agency with its own response team.
    Agency,
    /// An association of administrations (ANCI and the regional ones).
    Association,
    /// A municipality.
    Municipality,
    /// A province or metropolitan city.
    Province,
    /// A region or autonomous province.
    Region,
    /// Any other public administration.
    Administration,
    /// An operator of infrastructure or services.
    Operator,
    /// A partner abroad or international body.
    Partner,
}

/// The 18 sectors of Directive (EU) 2022/2555, annexes I and II.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sector {
    /// Annex I (1).
    Energy,
    /// Annex I (2).
    Transport,
    /// Annex I (3).
    Banking,
    /// Annex I (4).
    FinancialMarketInfrastructures,
    /// Annex I (5).
    Health,
    /// Annex I (6).
    DrinkingWater,
    /// Annex I (7).
    WasteWater,
    /// Annex I (8).
    DigitalInfrastructure,
    /// Annex I (9).
    IctServiceManagement,
    /// Annex I (10).
    PublicAdministration,
    /// Annex I (11).
    Space,
    /// Annex II (1).
    PostalAndCourier,
    /// Annex II (2).
    WasteManagement,
    /// Annex II (3).
    Chemicals,
    /// Annex II (4).
    Food,
    /// Annex II (5).
    Manufacturing,
    /// Annex II (6).
    DigitalProviders,
    /// Annex II (7).
    Research,
}

/// Whether an organisation's infrastructure is critical.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Criticality {
    /// Not critical.
    #[default]
    None,
    /// Critical for a region.
    Regional,
    /// Critical for the country.
    National,
}

impl OrganisationId {
    /// The STIX identity of the organisation, the same at every node.
    #[must_use]
    pub fn identity(&self) -> ItemId {
        let uuid = Uuid::new_v5(&IDENTITIES, self.as_str().as_bytes());
        ItemId::of("identity", uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_the_same_everywhere() {
        let identity = OrganisationId::new("cnaipic").unwrap().identity();
        assert_eq!(identity.kind(), "identity");
        assert_eq!(identity, OrganisationId::new("cnaipic").unwrap().identity());
        assert_ne!(identity, OrganisationId::new("anci").unwrap().identity());
    }
}
