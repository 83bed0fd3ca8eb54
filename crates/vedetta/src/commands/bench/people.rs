//! People who are signed in, and what they reported before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vedetta_desk::Change;
use vedetta_desk::incident::Channel;
use vedetta_directory::directory::Records;
use vedetta_flow::credentials::SESSION;
use vedetta_flow::{House, Token, TokenText};
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role, Way};
use vedetta_store::{RecordKind, SecretKind};
use vedetta_watch::{Edit, NewReport, Watch};

use super::scene;
use crate::outcome::Failure;
use crate::progress::Progress;

/// Officers and liaisons, each with the token of a session.
pub(super) struct People {
    pub(super) officers: Vec<(Actor, String)>,
    pub(super) liaisons: Vec<(Actor, String)>,
}

/// How long their sessions last.
const LASTS: Duration = Duration::from_secs(86_400);
/// Who stores cases at once.
const AT_ONCE: u32 = 16;
/// Of so many cases that are stored one stays open.
const ONE_OPEN: u32 = 50;

impl People {
    /// Accounts for as many officers of the operations room, and for a liaison of each of as many other
    /// organisations, all of them signed in.
    pub(super) fn join(house: &House, officers: usize, liaisons: usize) -> Result<Self, Failure> {
        let keeper = scene::keeper(house)?;
        let standing = house.standing();
        let others = standing.directory.members().iter().map(|it| it.organisation.id.clone());
        let others: Vec<_> =
            others.filter(|id| *id != keeper.organisation).take(liaisons).collect();
        if others.len() < liaisons {
            let reason = format!("the network has {} other organisations", others.len());
            return Err(Failure::Usage(reason));
        }
        let officer = |place| {
            let id = format!("{}.officer-{place}", keeper.organisation);
            account(&id, &keeper.organisation, Role::DutyOfficer)
        };
        let officers: Result<Vec<_>, _> = (0..officers).map(officer).collect();
        let liaison = |of: &OrganisationId| account(&format!("{of}.liaison"), of, Role::Liaison);
        let liaisons: Result<Vec<_>, _> = others.iter().map(liaison).collect();
        let (officers, liaisons) = (officers?, liaisons?);
        let accounts = officers.iter().chain(&liaisons).cloned().collect();
        house.put_records(&keeper, Records { accounts, ..Records::default() })?;
        Ok(Self { officers: signed_in(house, &officers)?, liaisons: signed_in(house, &liaisons)? })
    }

    /// Has the liaisons report so many cases, most of which an officer dismisses.
    pub(super) async fn store(&self, watch: &Arc<Watch>, count: u32) -> Result<(), Failure> {
        let progress = Arc::new(Progress::things(u64::from(count)));
        progress.step("storing cases");
        let (mut tasks, officer) = (tokio::task::JoinSet::new(), &self.officers[0].0);
        for first in 0..AT_ONCE {
            let (watch, officer, progress) =
                (Arc::clone(watch), officer.clone(), Arc::clone(&progress));
            let turns = (first..count).step_by(AT_ONCE as usize);
            let reporters: Vec<_> = turns
                .map(|turn| (turn, self.liaisons[turn as usize % self.liaisons.len()].0.clone()))
                .collect();
            tasks.spawn_blocking(move || {
                reporters.into_iter().try_for_each(|(turn, by)| {
                    progress.more(1);
                    store(&watch, &officer, (&by, turn))
                })
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(|error| Failure::system("storing cases", error))??;
        }
        Ok(())
    }
}

/// What somebody reports: each in other words, as people do.
pub(super) fn report(title: String, turn: u32, organisation: OrganisationId) -> NewReport {
    let words = (0..12).map(|word| format!("w{}", (turn.wrapping_mul(7_919) >> word) % 997));
    NewReport {
        channel: Channel::Portal,
        organisation: Some(organisation),
        title,
        words: words.collect::<Vec<_>>().join(" "),
        contact: None,
        awareness: None,
        items: BTreeSet::new(),
        services: BTreeSet::new(),
        key: None,
        exercise: None,
    }
}

fn store(watch: &Watch, officer: &Actor, (by, turn): (&Actor, u32)) -> Result<(), Failure> {
    let failed = |error| Failure::system("storing a case", error);
    let new = report(format!("flood {turn}"), turn, by.organisation.clone());
    let number = watch.report(by, new).map_err(failed)?.number.to_string();
    if turn % ONE_OPEN == 0 {
        return Ok(());
    }
    let version = watch.case(officer, &number).map_err(failed)?.version;
    let change = Change::Dismiss { reason: "an exercise".into() };
    watch.change_case(officer, &number, Edit { version, change }).map(drop).map_err(failed)
}

/// Keeps a session of each, as signing in does.
fn signed_in(house: &House, accounts: &[Account]) -> Result<Vec<(Actor, String)>, Failure> {
    let mut people = Vec::with_capacity(accounts.len());
    let mut sessions = Vec::with_capacity(accounts.len());
    for account in accounts {
        let (id, text, digest) = TokenText::make(house.entropy());
        let token = Token {
            id: id.clone(),
            account: account.id.clone(),
            purpose: SESSION.into(),
            scope: BTreeSet::new(),
            expires: house.now().after(LASTS),
            issued_by: account.id.clone(),
        };
        let body = serde_json::to_vec(&token);
        let body = body.map_err(|error| Failure::system("a session", error))?;
        sessions.push((id, body, digest));
        let actor = Actor {
            account: account.id.clone(),
            organisation: account.organisation.clone(),
            roles: account.roles.clone(),
            language: account.language,
            way: Way::InPerson,
        };
        people.push((actor, text.reveal().to_owned()));
    }
    house.write(move |unit| {
        sessions.iter().try_for_each(|(id, body, digest)| {
            unit.put_record(RecordKind::Token, id, body, "bench")?;
            unit.put_secret(SecretKind::Token, id, digest)
        })
    })?;
    Ok(people)
}

fn account(id: &str, organisation: &OrganisationId, role: Role) -> Result<Account, Failure> {
    Ok(Account {
        id: AccountId::new(id).map_err(vedetta_flow::FlowError::from)?,
        name: id.to_owned(),
        organisation: organisation.clone(),
        roles: BTreeSet::from([role]),
        language: Language::It,
        state: AccountState::Active,
    })
}
