//! Many machines enrolled at once: an account and a token each, in one unit of work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_flow::actions::issue_tokens::LONGEST_TOKEN;
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_flow::corridor::put_all;
use vedetta_flow::{FlowError, House, TokenText};
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};

/// A machine just enrolled.
#[derive(Debug)]
pub struct EnrolledMachine {
    /// Its organisation.
    pub organisation: OrganisationId,
    /// Its account, `<organisation>.<purpose>`.
    pub account: AccountId,
    /// Its token, shown once.
    pub token: TokenText,
}

/// Enrols a machine in each of some organisations. One that was enrolled before for the same
/// purpose keeps its account and gets another token.
///
/// # Errors
/// Forbidden, an unknown organisation, a purpose that is no identifier, or too long a life.
pub fn enrol_machines(
    house: &House,
    by: &Actor,
    organisations: &[OrganisationId],
    (purpose, lasts): (&str, Duration),
) -> Result<Vec<EnrolledMachine>, FlowError> {
    house.require_room(by, ADMINISTRATORS, "enrol machines")?;
    let _one_at_a_time = house.change();
    if lasts.is_zero() || lasts > LONGEST_TOKEN {
        return Err(FlowError::invalid("lasts", "between a second and 366 days"));
    }
    let (mut enrolled, mut tokens, mut records) = (Vec::new(), Vec::new(), Records::default());
    for organisation in organisations {
        house.number_of(organisation)?;
        let account =
            machine(AccountId::new(&format!("{organisation}.{purpose}"))?, (purpose, organisation));
        let (session, new) = house.new_token(by, &account, purpose, BTreeSet::new(), lasts);
        let (organisation, token) = (organisation.clone(), session.token);
        enrolled.push(EnrolledMachine { organisation, account: account.id.clone(), token });
        tokens.push(new);
        records.accounts.push(account);
    }
    let (shared, actor) = (Arc::clone(house.shared()), by.account.to_string());
    house.write(move |unit| {
        put_all(unit, &shared, &records, &actor)?;
        tokens.iter().try_for_each(|new| new.put(unit).map(drop))
    })?;
    Ok(enrolled)
}

fn machine(id: AccountId, (purpose, organisation): (&str, &OrganisationId)) -> Account {
    Account {
        id,
        name: purpose.to_owned(),
        organisation: organisation.clone(),
        roles: BTreeSet::from([Role::Machine]),
        language: Language::default(),
        state: AccountState::Active,
    }
}
