//! Organisations as pages name them.

use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::Standing;
use vedetta_model::OrganisationId;
use vedetta_model::organisation::Sector;

/// The sectors, in the order of the directive.
pub const SECTORS: [Sector; 18] = [
    Sector::Energy,
    Sector::Transport,
    Sector::Banking,
    Sector::FinancialMarketInfrastructures,
    Sector::Health,
    Sector::DrinkingWater,
    Sector::WasteWater,
    Sector::DigitalInfrastructure,
    Sector::IctServiceManagement,
    Sector::PublicAdministration,
    Sector::Space,
    Sector::PostalAndCourier,
    Sector::WasteManagement,
    Sector::Chemicals,
    Sector::Food,
    Sector::Manufacturing,
    Sector::DigitalProviders,
    Sector::Research,
];

/// The name of an organisation, or its identifier when it is gone.
pub fn name(standing: &Standing, id: &OrganisationId) -> String {
    standing.directory.organisation(id).map_or_else(|| id.to_string(), |it| it.name.clone())
}

/// The identifier in an address; what is none is nobody's.
pub fn named(id: &str) -> Result<OrganisationId, Problem> {
    OrganisationId::new(id).map_err(|error| {
        let italian = "non è l'identificativo di un'organizzazione: controllalo";
        Problem::new(Kind::Unknown, error.to_string()).in_italian(Some(italian))
    })
}
