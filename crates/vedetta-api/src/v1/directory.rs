//! Organisations, their assets, contacts and accounts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use vedetta_directory::directory::{Owned, Records};
use vedetta_flow::credentials::{self, Keys};
use vedetta_flow::views::see_agreements::Sight;
use vedetta_flow::{House, Standing};
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{
    Account, AccountId, Actor, Asset, AssetId, Contact, ContactId, Organisation, OrganisationId,
};

use super::{Answer, Page, SEES_ALL, page_limit};
use crate::api::Api;
use crate::extract::{Asked, Given, Params, Proven};
use crate::gate::{Address, Caller};
use crate::problem::{Kind, Problem};

/// Which organisations.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    after: Option<String>,
    limit: Option<usize>,
    kind: Option<OrganisationKind>,
    region: Option<String>,
    text: Option<String>,
}

/// Records of which organisation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whose {
    after: Option<String>,
    limit: Option<usize>,
    organisation: Option<OrganisationId>,
}

/// A new password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    password: String,
    /// That of who asks.
    #[serde(default)]
    own_password: String,
    /// Whether one's own passkeys and identities stay.
    #[serde(default)]
    keep_keys: bool,
}

/// The password of who asks, unless it is a machine or the operator.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnPassword {
    #[serde(default)]
    pub(super) own_password: String,
}

/// How to set up an authenticator application.
#[derive(Serialize)]
pub(super) struct Enrolment {
    /// The `otpauth:` address, told once.
    pub(super) address: String,
}

pub(super) async fn organisations(
    State(api): State<Api>,
    Asked(which): Asked<Which>,
) -> Answer<Page<Organisation>> {
    Ok(Json(api.ask(move |house| Ok(which.page(&house.standing()))).await?))
}

pub(super) async fn organisation(State(api): State<Api>, params: Params) -> Answer<Organisation> {
    let id: OrganisationId = params.get("organisation")?;
    let standing = api.house().standing();
    let found = standing.directory.organisation(&id).cloned();
    found.map(Json).ok_or_else(|| {
        Problem::new(Kind::Unknown, format!("there is no organisation {id}; check the identifier"))
    })
}

pub(super) async fn assets(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(whose): Asked<Whose>,
) -> Answer<Page<Asset>> {
    let whose = whose.narrowed(api.house(), &actor)?;
    Ok(Json(whose.page(&api.house().standing(), &Sight::Everyone, |it| it.directory.assets())))
}

pub(super) async fn contacts(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(whose): Asked<Whose>,
) -> Json<Page<Contact>> {
    let sight = api.house().sight(&actor);
    Json(whose.page(&api.house().standing(), &sight, |it| it.directory.contacts()))
}

pub(super) async fn accounts(
    State(api): State<Api>,
    Asked(whose): Asked<Whose>,
) -> Json<Page<Account>> {
    Json(whose.page(&api.house().standing(), &Sight::Everyone, |it| it.directory.accounts()))
}

pub(super) async fn put_organisation(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(it): Given<Organisation>,
) -> Answer<Organisation> {
    same(&params.get::<OrganisationId>("organisation")?, &it.id)?;
    let records = Records { organisations: vec![it.clone()], ..Records::default() };
    api.ask(move |house| house.put_records(&actor, records)).await?;
    Ok(Json(it))
}

pub(super) async fn put_asset(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(it): Given<Asset>,
) -> Answer<Asset> {
    same(&params.get::<AssetId>("asset")?, &it.id)?;
    let records = Records { assets: vec![it.clone()], ..Records::default() };
    api.ask(move |house| house.put_records(&actor, records)).await?;
    Ok(Json(it))
}

pub(super) async fn put_contact(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(it): Given<Contact>,
) -> Answer<Contact> {
    same(&params.get::<ContactId>("contact")?, &it.id)?;
    let records = Records { contacts: vec![it.clone()], ..Records::default() };
    api.ask(move |house| house.put_records(&actor, records)).await?;
    Ok(Json(it))
}

pub(super) async fn remove_organisation(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: OrganisationId = params.get("organisation")?;
    api.ask(move |house| house.remove_organisation(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_asset(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: AssetId = params.get("asset")?;
    api.ask(move |house| house.remove_asset(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_contact(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: ContactId = params.get("contact")?;
    api.ask(move |house| house.remove_contact(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn put_account(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    params: Params,
    Given(proven): Given<Proven<Account>>,
) -> Answer<Account> {
    let Proven { what: account, own_password } = proven;
    same(&params.get::<AccountId>("account")?, &account.id)?;
    let raises = api.raises(&account);
    let put = move |house: &House, by: &Actor| house.put_account(by, &account).map(|()| account);
    let put = if raises {
        api.confirmed_now((actor, own_password), address, put).await?
    } else {
        api.ask(move |house| put(house, &actor)).await?
    };
    Ok(Json(put))
}

pub(super) async fn set_password(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    params: Params,
    Given(new): Given<NewPassword>,
) -> Result<StatusCode, Problem> {
    let account: AccountId = params.get("account")?;
    let keys = if new.keep_keys { Keys::Stay } else { Keys::End };
    let setting = move |house: &House, by: &Actor| {
        house.set_password(by, &account, credentials::NewPassword { text: &new.password, keys })
    };
    api.confirmed((actor, new.own_password), address, setting).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn enrol_totp(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    params: Params,
    Given(proof): Given<OwnPassword>,
) -> Answer<Enrolment> {
    let account: AccountId = params.get("account")?;
    let enrol = move |house: &House, by: &Actor| house.enrol_totp(by, &account);
    let address = api.confirmed((actor, proof.own_password), address, enrol).await?;
    Ok(Json(Enrolment { address }))
}

/// Refuses a record that is put under another identifier than its own.
fn same<T: PartialEq>(address: &T, own: &T) -> Result<(), Problem> {
    if address == own {
        return Ok(());
    }
    let sentence = "its id is not that of the address; make them the same";
    Err(Problem::new(Kind::Invalid, sentence).at("id"))
}

impl Which {
    /// By identifier, page by page; with a text the best that fit, on one page.
    fn page(&self, standing: &Standing) -> Page<Organisation> {
        let limit = page_limit(self.limit);
        if let Some(text) = &self.text {
            let found = standing.directory.search(text, 1_000).into_iter();
            let found = found.map(|member| &member.organisation).filter(|it| self.fits(it));
            let items = found.take(limit).map(|it| Organisation::clone(it)).collect();
            return Page { items, next: None };
        }
        let members = standing.directory.members().iter().map(|member| &member.organisation);
        let mut found: Vec<_> = members.filter(|it| self.fits(it)).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        let page = found.into_iter().take(limit + 1).map(|it| Organisation::clone(it)).collect();
        Page::cut(page, limit, |organisation| organisation.id.to_string())
    }

    fn fits(&self, organisation: &Organisation) -> bool {
        let after = self.text.is_some()
            || self.after.as_deref().is_none_or(|after| organisation.id.as_str() > after);
        let kind = self.kind.is_none_or(|kind| organisation.kind == kind);
        let region = self.region.is_none() || organisation.region == self.region;
        after && kind && region
    }
}

impl Whose {
    /// What an organisation owns shows where it can be attacked: the room sees everyone's, others
    /// their own.
    fn narrowed(mut self, house: &House, actor: &Actor) -> Result<Self, Problem> {
        if house.is_of_the_room(actor, SEES_ALL) {
            return Ok(self);
        }
        if self.organisation.as_ref().is_some_and(|asked| *asked != actor.organisation) {
            let sentence = "assets of another organisation; ask for those of your own";
            return Err(Problem::new(Kind::Forbidden, sentence).at("organisation"));
        }
        self.organisation = Some(actor.organisation.clone());
        Ok(self)
    }

    fn page<T: Owned + Clone>(
        &self,
        standing: &Standing,
        sight: &Sight,
        rows: impl Fn(&Standing) -> &[Arc<T>],
    ) -> Page<T> {
        let limit = page_limit(self.limit);
        let after = self.after.as_deref();
        let mut found: Vec<&Arc<T>> = rows(standing)
            .iter()
            .filter(|row| self.organisation.as_ref().is_none_or(|own| row.organisation() == own))
            .filter(|row| sight.reaches(row.organisation()))
            .filter(|row| after.is_none_or(|after| row.id().to_string().as_str() > after))
            .collect();
        found.sort_by(|a, b| a.id().cmp(b.id()));
        let page = found.into_iter().take(limit + 1).map(|row| T::clone(row)).collect();
        Page::cut(page, limit, |row| row.id().to_string())
    }
}
