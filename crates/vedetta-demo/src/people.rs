//! The people whom the demonstration adds to the network's: shifts of every centre, those who answer
//! for some towns, and an auditor. They are named by what they do.

use std::collections::BTreeSet;

use vedetta_directory::directory::Records;
use vedetta_flow::{FlowError, House};
use vedetta_model::account::AccountState;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};

use crate::organisation;

/// Towns that report and answer.
const TOWNS: [&str; 6] = [
    "comune-010025",
    "comune-037006",
    "comune-054018",
    "comune-055032",
    "comune-054039",
    "comune-058091",
];
/// The teams of a centre.
pub(crate) const TEAMS: [&str; 3] = ["a", "b", "c"];

/// The centres with a room: the national one and those of the regions, by identifier.
pub(crate) fn centres(house: &House) -> Vec<OrganisationId> {
    use OrganisationKind::{NationalCentre, RegionalCentre};
    let standing = house.standing();
    let members = standing.directory.members().iter().map(|it| &it.organisation);
    let rooms = members.filter(|it| matches!(it.kind, NationalCentre | RegionalCentre));
    let mut rooms: Vec<_> = rooms.map(|it| it.id.clone()).collect();
    rooms.sort();
    rooms
}

/// The account of a centre's team.
pub(crate) fn of_team(centre: &OrganisationId, team: &str) -> Result<AccountId, FlowError> {
    Ok(AccountId::new(&match team {
        "a" => format!("turno-{centre}"),
        team => format!("turno-{centre}-{team}"),
    })?)
}

/// Makes those who are not there yet.
pub(crate) fn ready(house: &House) -> Result<(), FlowError> {
    let standing = house.standing();
    let known = |id: &AccountId| standing.directory.account(id).is_some();
    let mut accounts = Vec::new();
    for centre in centres(house) {
        let name = standing.directory.organisation(&centre).map_or("", |it| it.name.as_str());
        for team in TEAMS {
            let title = format!("{name}, squadra {}", team.to_uppercase());
            let roles = BTreeSet::from([Role::DutyOfficer, Role::Analyst]);
            accounts.push(account(of_team(&centre, team)?, title, centre.clone(), roles));
        }
    }
    for town in TOWNS {
        let town = organisation(town)?;
        let Some(of) = standing.directory.organisation(&town) else { continue };
        let id = AccountId::new(&format!("referente-{town}"))?;
        let title = format!("Referente di {}", of.name);
        accounts.push(account(id, title, town.clone(), BTreeSet::from([Role::Liaison])));
    }
    let (auditor, own) = (AccountId::new("revisore")?, organisation("cnaipic")?);
    let roles = BTreeSet::from([Role::Auditor]);
    accounts.push(account(auditor, "Revisore di CNAIPIC".into(), own, roles));
    accounts.retain(|it| !known(&it.id));
    if accounts.is_empty() {
        return Ok(());
    }
    let keeper = house.keeper(&organisation("cnaipic")?);
    let keeper = keeper.ok_or_else(|| FlowError::unknown("organisation", "cnaipic"))?;
    house.put_records(&keeper, Records { accounts, ..Records::default() })
}

fn account(
    id: AccountId,
    name: String,
    organisation: OrganisationId,
    roles: BTreeSet<Role>,
) -> Account {
    Account { id, name, organisation, roles, language: Language::It, state: AccountState::Active }
}

/// Somebody of the network, as one who acts.
pub(crate) fn actor(house: &House, id: &str) -> Option<Actor> {
    let id = AccountId::new(id).ok()?;
    let standing = house.standing();
    let account = standing.directory.account(&id)?;
    Some(Actor {
        account: account.id.clone(),
        organisation: account.organisation.clone(),
        roles: account.roles.clone(),
        language: account.language,
        way: vedetta_model::Way::InPerson,
    })
}
