//! The accounts: who may do what; made, changed and closed by administrators.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{FlowError, House};
use vedetta_frame::console::Console;
use vedetta_frame::fields::code;
use vedetta_frame::forms::{Done, Sent, escaped};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, fold};
use vedetta_frame::visit::Signed;
use vedetta_keyring::Keyring;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};
use vedetta_watch::Emergency;

use super::account_keys::{Keys, keyed, remove_of};
use super::edit_seen::{self, put_account};

/// Which ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    text: String,
    after: String,
}

struct Row {
    id: String,
    name: String,
    organisation: String,
    roles: String,
    closed: bool,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct Accounts {
    frame: Frame,
    asked: Asked,
    rows: Vec<Row>,
    next: Option<String>,
    may_change: bool,
    emergency: Emergency,
    uses: Vec<(Moment, String)>,
}

/// What is typed of an account.
#[derive(Default)]
struct Typed {
    id: String,
    name: String,
    organisation: String,
    roles: Vec<(String, &'static str, bool)>,
    english: bool,
    closed: bool,
}

#[derive(Template)]
#[template(path = "account_edit.html")]
struct Edit {
    frame: Frame,
    fault: Option<String>,
    new: bool,
    typed: Typed,
    seen: String,
    password: Option<String>,
    keys: Keys,
}

/// Accounts on a page.
const PAGE: usize = 50;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, standing) = (signed.words(), console.house().standing());
    let text = fold(&asked.text);
    let mut found: Vec<_> = standing
        .directory
        .accounts()
        .iter()
        .filter(|it| it.id.as_str() > asked.after.as_str())
        .filter(|it| {
            let fields = [it.id.as_str(), &it.name, it.organisation.as_str()];
            text.is_empty() || fields.iter().any(|field| fold(field).contains(&text))
        })
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|last| {
        format!("/accounts?after={}&text={}", escaped(last.id.as_str()), escaped(&asked.text))
    });
    let rows = found.into_iter().map(|it| Row {
        id: it.id.to_string(),
        name: it.name.clone(),
        organisation: standing
            .directory
            .organisation(&it.organisation)
            .map_or_else(|| it.organisation.to_string(), |it| it.name.clone()),
        roles: it.roles.iter().map(|role| w.role(*role)).collect::<Vec<_>>().join(", "),
        closed: it.state == AccountState::Closed,
    });
    let rows = rows.collect();
    let may_change = console.house().is_of_the_room(&signed.person.actor, &[]);
    let frame = Frame::of(&console, &signed.visit, w.accounts_title(), Section::Accounts);
    let by = signed.actor();
    let emergency = console.watch(move |watch| watch.emergency(&by)).await?;
    let uses = emergency.used.iter().map(|it| (Moment::of(it.at, w), it.reason.clone())).collect();
    page(&Accounts { frame, asked, rows, next, may_change, emergency, uses })
}

pub(super) async fn fresh(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let typed = Typed { roles: roles(&signed, &BTreeSet::new()), ..Typed::default() };
    page(&edit(&console, &signed, typed, None))
}

pub(super) async fn edit_one(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let account = known(&console, &id)?;
    let typed = Typed::of(&signed, &account);
    let keys = keys(&console, &signed, &account).await?;
    page(&Edit { keys, ..edit(&console, &signed, typed, Some(&account)) })
}

/// Ties an identity at a provider to an account, by the person's name there.
pub(super) async fn tie(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = known(&console, &id)?.id;
    let (provider, subject) = (sent.text("provider").to_owned(), sent.text("subject").to_owned());
    let tie = move |keys: &Keyring, by: &Actor| {
        let known = keys.provider(&provider);
        let known = known.ok_or_else(|| FlowError::unknown("provider", &provider))?;
        keys.tie(by, &account, (known, &subject))
    };
    let Err(fault) = keyed(&console, &signed, &sent, tie).await? else {
        let to = format!("/accounts/{}", escaped(&id));
        return Ok(Done::to(to).said(Said::IdentityTied).into_response());
    };
    keys_again(&console, &signed, &id, fault).await
}

/// The account with its keys again, and what was wrong.
async fn keys_again(
    console: &Console,
    signed: &Signed,
    id: &str,
    fault: String,
) -> Result<Response, Problem> {
    let account = known(console, id)?;
    let keys = keys(console, signed, &account).await?;
    let edit = edit(console, signed, Typed::of(signed, &account), Some(&account));
    let told = Edit { fault: Some(fault), keys, ..edit };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &told)
}

async fn keys(console: &Console, signed: &Signed, account: &Account) -> Result<Keys, Problem> {
    let at = format!("/accounts/{}", escaped(account.id.as_str()));
    Keys::of(console, signed, (&account.id, at)).await
}

pub(super) async fn remove_key(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = known(&console, &id)?.id;
    if let Err(fault) = remove_of(&console, &signed, &sent, account).await? {
        return keys_again(&console, &signed, &id, fault).await;
    }
    Ok(Done::to(format!("/accounts/{}", escaped(&id))).said(Said::Removed).into_response())
}

pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let w = signed.words();
    let account = match read(&sent) {
        Ok(account) => account,
        Err(reason) => return again(&console, &signed, &sent, (Kind::Invalid, reason)),
    };
    let seen = sent.text("seen").to_owned();
    let standing = console.house().standing();
    let there = standing.directory.account(&account.id);
    if seen.is_empty() && there.is_some() {
        let told = (Kind::Conflict, w.account_there().to_owned());
        return again(&console, &signed, &sent, told);
    }
    let act = async {
        let to = format!("/accounts?text={}", escaped(account.id.as_str()));
        let (raises, by) = (console.api().raises(&account), signed.actor());
        let edit = move |house: &House, by: &Actor| put_account(house, by, &account, &seen);
        if raises {
            let edited = super::proven(&console, &signed, &sent, edit).await?;
            edited.map_err(|wrong| Problem::new(Kind::Invalid, wrong))?;
        } else {
            console.ask(move |house| edit(house, &by)).await?;
        }
        Ok::<_, Problem>(Done::to(to).said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if vedetta_frame::refused::told_on_form(&problem) => again(
            &console,
            &signed,
            &sent,
            (problem.kind, vedetta_frame::refused::whole(w, &problem)),
        ),
        Err(problem) => Err(problem),
    }
}

/// Gives an account a first password, shown once.
pub(super) async fn password(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = known(&console, &id)?;
    let fresh = format!("{}-{}", console.nonce(), console.nonce());
    let (password, of) = (fresh.clone(), account.id.clone());
    let set = move |house: &House, by: &Actor| house.set_password(by, &of, &password);
    let set = super::proven(&console, &signed, &sent, set).await?;
    let typed = Typed::of(&signed, &account);
    let edit = edit(&console, &signed, typed, Some(&account));
    if let Err(wrong) = set {
        return page_with(StatusCode::FORBIDDEN, &Edit { fault: Some(wrong), ..edit });
    }
    page(&Edit { new: false, password: Some(fresh), ..edit })
}

fn known(console: &Console, id: &str) -> Result<Account, Problem> {
    let unknown = || Problem::new(Kind::Unknown, "there is no such account; check the address");
    let id = AccountId::new(id).map_err(|_| unknown())?;
    console.house().standing().directory.account(&id).cloned().ok_or_else(unknown)
}

fn edit(console: &Console, signed: &Signed, typed: Typed, before: Option<&Account>) -> Edit {
    let w = signed.words();
    let title = if before.is_some() { w.account_edit() } else { w.account_new() };
    let frame = Frame::of(console, &signed.visit, title, Section::Accounts);
    let seen = before.map(edit_seen::seen).unwrap_or_default();
    Edit {
        frame,
        fault: None,
        new: before.is_none(),
        typed,
        seen,
        password: None,
        keys: Keys::default(),
    }
}

/// The form with what was typed, and why it was refused.
fn again(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    (kind, fault): (Kind, String),
) -> Result<Response, Problem> {
    let chosen = sent.all("role").filter_map(role).collect();
    let typed = Typed {
        id: sent.text("id").to_owned(),
        name: sent.text("name").to_owned(),
        organisation: sent.text("organisation").to_owned(),
        roles: roles(signed, &chosen),
        english: sent.text("language") == "en",
        closed: sent.given("closed").is_some(),
    };
    let before = known(console, sent.text("id")).ok().filter(|_| sent.given("seen").is_some());
    let form = edit(console, signed, typed, before.as_ref());
    // After a conflict the form knows what stands now: sending it again means it.
    page_with(vedetta_frame::refused::refusal_status(kind), &Edit { fault: Some(fault), ..form })
}

fn read(sent: &Sent) -> Result<Account, String> {
    Ok(Account {
        id: AccountId::new(sent.text("id")).map_err(|error| error.to_string())?,
        name: sent.text("name").to_owned(),
        organisation: OrganisationId::new(sent.text("organisation"))
            .map_err(|error| error.to_string())?,
        roles: sent.all("role").filter_map(role).collect(),
        language: if sent.text("language") == "en" { Language::En } else { Language::It },
        state: match sent.given("closed") {
            Some(_) => AccountState::Closed,
            None => AccountState::Active,
        },
    })
}

fn role(text: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|role| code(role) == text)
}

fn roles(signed: &Signed, chosen: &BTreeSet<Role>) -> Vec<(String, &'static str, bool)> {
    let w = signed.words();
    let roles = Role::ALL.into_iter();
    roles.map(|role| (code(role), w.role(role), chosen.contains(&role))).collect()
}

impl Typed {
    fn of(signed: &Signed, account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            organisation: account.organisation.to_string(),
            roles: roles(signed, &account.roles),
            english: account.language == Language::En,
            closed: account.state == AccountState::Closed,
        }
    }
}
