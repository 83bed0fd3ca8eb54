//! Passkeys and identities of an account: listed, added, removed.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::keys::no_keyring;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::credentials::EMERGENCY;
use vedetta_flow::{FlowError, House};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::refused::{once_more, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::{ATTEMPT, Signed, set};
use vedetta_keyring::webauthn::{ALGORITHMS, Made};
use vedetta_keyring::{Aim, Keyring};
use vedetta_model::{AccountId, Actor};

use super::account::Account;
use super::sign_in::party;
use super::sign_in_otherwise::lead;

/// The keys of an account, and what may be added.
#[derive(Default)]
pub(super) struct Keys {
    /// The address of the page.
    pub(super) at: String,
    pub(super) rows: Vec<Row>,
    /// What the browser is asked to make, where passkeys are taken.
    pub(super) make: Option<Make>,
    /// Providers: name and label.
    pub(super) providers: Vec<(String, String)>,
}

/// A passkey or an identity.
pub(super) struct Row {
    /// Its identifier.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) is_passkey: bool,
    pub(super) backed_up: bool,
    pub(super) since: Moment,
    pub(super) used: Option<Moment>,
    /// Who tied it, when it was not the account itself.
    pub(super) by: Option<String>,
}

/// What a new passkey is made with.
pub(super) struct Make {
    pub(super) party: String,
    pub(super) challenge: String,
    pub(super) user: String,
    pub(super) known: String,
    pub(super) algorithms: String,
}

impl Keys {
    /// Of an account, as somebody sees them on a page. A passkey is made for oneself only.
    pub(super) async fn of(
        console: &Console,
        signed: &Signed,
        (account, at): (&AccountId, String),
    ) -> Result<Self, Problem> {
        // Nothing but its code opens the sealed account.
        let keyring = console.api().keyring().filter(|_| account.as_str() != EMERGENCY);
        let Some(keyring) = keyring else { return Ok(Self::default()) };
        let (by, of) = (signed.actor(), account.clone());
        let (passkeys, identities) = console
            .api()
            .ask_keys(move |keys| Ok((keys.passkeys_of(&by, &of)?, keys.identities_of(&by, &of)?)))
            .await?;
        let w = signed.words();
        let known: Vec<_> = passkeys.iter().map(|(_, it, _)| it.credential.id.clone()).collect();
        let passkeys = passkeys.into_iter().map(|(id, passkey, at)| Row {
            key: id,
            name: passkey.name,
            is_passkey: true,
            backed_up: passkey.used.backed_up,
            since: Moment::of(passkey.since, w),
            used: Some(Moment::of(at, w)),
            by: None,
        });
        let label =
            |name: &str| keyring.provider(name).map_or(name, |it| it.label.as_str()).to_owned();
        let identities = identities.into_iter().map(|(id, identity)| Row {
            key: id,
            name: label(&identity.provider),
            is_passkey: false,
            backed_up: false,
            since: Moment::of(identity.since, w),
            used: None,
            by: identity.by.map(|by| by.to_string()),
        });
        let make = party(console, &signed.visit).and_then(|(keyring, party)| {
            Some(Make {
                party: party.to_owned(),
                challenge: keyring.challenge(&signed.visit.holder())?,
                user: keyring.user(account),
                known: known.join(" "),
                algorithms: ALGORITHMS.map(|it| it.to_string()).join(" "),
            })
        });
        let providers = keyring.providers().iter();
        Ok(Self {
            at,
            rows: passkeys.chain(identities).collect(),
            make,
            providers: providers.map(|it| (it.name.clone(), it.label.clone())).collect(),
        })
    }
}

pub(super) async fn add_passkey(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (name, holder) = (sent.text("name").to_owned(), signed.visit.holder());
    let made = Made {
        client_data: sent.text("client-data").to_owned(),
        attestation: sent.text("attestation").to_owned(),
    };
    let session = signed.person.session.clone();
    let add =
        move |keys: &Keyring, by: &Actor| keys.add_passkey((by, &session), &name, (&made, &holder));
    let done = keyed(&console, &signed, &sent, add).await;
    told(&console, &signed, done, Said::PasskeyAdded).await
}

pub(super) async fn remove(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let account = signed.actor().account;
    let done = remove_of(&console, &signed, &sent, account).await;
    told(&console, &signed, done, Said::Removed).await
}

/// Removes a key of an account; who does it stays signed in.
pub(super) async fn remove_of(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    account: AccountId,
) -> Result<Result<(), String>, Problem> {
    let (key, session) = (sent.text("key").to_owned(), signed.person.session.clone());
    let remove = move |keys: &Keyring, by: &Actor| keys.remove(by, (&account, &key), &session);
    keyed(console, signed, sent, remove).await
}

/// Leads to a provider, to come back and tie the identity: a page that goes on by itself, since a form may
/// lead nowhere else.
pub(super) async fn begin_tie(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let proven = keyed(&console, &signed, &sent, |_, _| Ok(())).await;
    if !matches!(proven, Ok(Ok(()))) {
        return told(&console, &signed, proven, Said::IdentityTied).await;
    }
    let aim = Aim::Tie(signed.actor().account);
    let (address, kept) = lead(&console, sent.text("provider"), aim).await?;
    let mut response = once_more(&address);
    set(&mut response, ATTEMPT, &kept, "Strict; Max-Age=600");
    Ok(response)
}

/// Does what needs one's own password anew with the keyring.
pub(super) async fn keyed<T: Send + 'static>(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    act: impl FnOnce(&Keyring, &Actor) -> Result<T, FlowError> + Send + 'static,
) -> Result<Result<T, String>, Problem> {
    let keyring = console.api().keyring().cloned().ok_or_else(no_keyring)?;
    let act = move |_: &House, by: &Actor| act(&keyring, by);
    match super::proven(console, signed, sent, act).await {
        // Told beside what was typed.
        Err(problem) if told_on_form(&problem) && problem.kind != Kind::Unknown => {
            Ok(Err(whole(signed.words(), &problem)))
        }
        done => done,
    }
}

async fn told(
    console: &Console,
    signed: &Signed,
    done: Result<Result<(), String>, Problem>,
    said: Said,
) -> Result<Response, Problem> {
    match done? {
        Ok(()) => Ok(Done::to("/account").said(said).into_response()),
        Err(fault) => Account::again(console, signed, fault).await,
    }
}
