//! Proving who one is.

// Set-up that fails should stop the test at once; items are cheap to clone and read better so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_flow::actions::manage_accounts::Certificate;
use vedetta_flow::{FlowError, Session};
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, OrganisationId, Role, part};
use vedetta_store::{EntryKind, Sequence};
use vedetta_testkit::TestHouse;

fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

#[test]
fn a_password_opens_a_session_until_it_expires() {
    let test = TestHouse::small();
    let perugia = test.person("perugia");
    test.house.set_password(&perugia, &account("perugia"), "una frase lunga").unwrap();
    assert!(matches!(
        test.house.sign_in("perugia", "un'altra frase", None),
        Err(FlowError::Unproven(_))
    ));
    let alone = test.house.sign_in("perugia", "una frase lunga", None);
    assert!(matches!(alone, Err(FlowError::MustEnrol)), "the password alone opens nothing");
    let session = enter(&test, "perugia");
    let actor = test.house.actor_by_token(session.token.reveal()).unwrap();
    assert_eq!(actor.organisation, perugia.organisation);
    test.clock.advance(Duration::from_secs(12 * 3600));
    assert!(test.house.actor_by_token(session.token.reveal()).is_err());
}

#[test]
fn a_token_carries_its_scope_and_dies_when_revoked() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let bot = account("perugia.bot");
    let scope = BTreeSet::from([Role::Machine]);
    let day = Duration::from_secs(86_400);
    let beyond = BTreeSet::from([Role::Administrator]);
    assert!(test.house.issue_token(&admin, &bot, "siem", beyond, day).is_err());
    let token = test.house.issue_token(&admin, &bot, "siem", scope.clone(), day).unwrap();
    let actor = test.house.actor_by_token(token.token.reveal()).unwrap();
    assert_eq!(actor.roles, scope);
    test.house.revoke_token(&admin, &token.record.id).unwrap();
    assert!(test.house.actor_by_token(token.token.reveal()).is_err());
}

#[test]
fn a_narrow_token_stays_narrow() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let mut both = test.house.standing().directory.account(&account("perugia")).unwrap().clone();
    both.roles = BTreeSet::from([Role::Liaison, Role::Machine]);
    test.house.put_account(&admin, &both).unwrap();
    let (id, scope) = (account("perugia"), BTreeSet::from([Role::Machine]));
    let day = Duration::from_secs(86_400);
    let narrow = test.house.issue_token(&admin, &id, "siem", scope.clone(), day).unwrap();
    let actor = test.house.actor_by_token(narrow.token.reveal()).unwrap();
    let forbidden = |it: Result<(), FlowError>| matches!(it, Err(FlowError::Forbidden { .. }));
    assert!(forbidden(test.house.set_password(&actor, &id, "una frase lunga")));
    assert!(forbidden(test.house.enrol_totp(&actor, &id).map(drop)));
    assert!(forbidden(test.house.issue_token(&actor, &id, "more", scope, day).map(drop)));
}

#[test]
fn a_new_password_ends_every_token_of_its_account() {
    let test = TestHouse::small();
    let (admin, id) = (test.administrator(), account("perugia"));
    let issue = |id: &AccountId| {
        let day = Duration::from_secs(86_400);
        test.house.issue_token(&admin, id, "test", BTreeSet::new(), day).unwrap()
    };
    let (own, other) = (issue(&id), issue(&account("terni")));
    test.house.set_password(&test.person("perugia"), &id, "una frase lunga").unwrap();
    assert!(test.house.actor_by_token(own.token.reveal()).is_err());
    test.house.actor_by_token(other.token.reveal()).unwrap();
    let tokens = test.house.tokens_of(&admin).unwrap();
    assert!(tokens.iter().all(|token| token.account != id));
}

#[test]
fn short_passwords_and_other_peoples_are_refused() {
    let test = TestHouse::small();
    let perugia = test.person("perugia");
    assert!(test.house.set_password(&perugia, &account("perugia"), "short").is_err());
    let other = test.house.set_password(&perugia, &account("terni"), "una frase lunga");
    assert!(matches!(other, Err(FlowError::Forbidden { .. })));
}

#[test]
fn an_enrolled_authenticator_is_then_required() {
    let test = TestHouse::small();
    let perugia = test.person("perugia");
    test.house.set_password(&perugia, &account("perugia"), "una frase lunga").unwrap();
    let address = test.house.enrol_totp(&perugia, &account("perugia")).unwrap();
    assert!(address.starts_with("otpauth://totp/"));
    assert!(test.house.sign_in("perugia", "una frase lunga", None).is_err());
    assert!(test.house.sign_in("perugia", "una frase lunga", Some("000000")).is_err());
}

/// A session of who has the password and enrols a first authenticator.
fn enter(test: &TestHouse, account: &str) -> Session {
    let address = test.house.enrol_by_password(account, "una frase lunga").unwrap();
    test.house.sign_in(account, "una frase lunga", Some(&code(test, &address))).unwrap()
}

/// The code of an `otpauth:` address at the house's present.
fn code(test: &TestHouse, address: &str) -> String {
    let secret = address.split(['=', '&']).nth(1).unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret.as_bytes().to_vec()).build().unwrap();
    totp.generate(u64::try_from(test.house.now().micros() / 1_000_000).unwrap()).to_string()
}

#[test]
fn who_runs_the_node_signs_in_with_a_code_or_not_at_all() {
    const PASSWORD: &str = "una frase lunga";
    let test = TestHouse::small();
    let (admin, own) = (account("primo"), OrganisationId::new("cnaipic").unwrap());
    test.house.first_administrator(&admin, &own, PASSWORD).unwrap();
    let must = |code: Option<&str>| {
        matches!(test.house.sign_in("primo", PASSWORD, code), Err(FlowError::MustEnrol))
    };
    assert!(must(None) && must(Some("000000")), "the password alone opens nothing");
    assert!(matches!(
        test.house.enrol_by_password("primo", "un'altra frase"),
        Err(FlowError::Unproven(_))
    ));
    let enrol = || test.house.enrol_by_password("primo", PASSWORD).unwrap();
    let lost = enrol();
    test.clock.advance(Duration::from_secs(899));
    assert!(must(None));
    assert_eq!(enrol(), lost, "what was scanned counts, though the page is opened anew");
    // It was not scanned: after a quarter of an hour the next counts.
    test.clock.advance(Duration::from_secs(1));
    let address = enrol();
    assert!(must(None));
    let wrong = test.house.sign_in("primo", PASSWORD, Some(&code(&test, &lost)));
    assert!(matches!(wrong, Err(FlowError::Unproven(_))));
    let session = test.house.sign_in("primo", PASSWORD, Some(&code(&test, &address))).unwrap();
    let actor = test.house.actor_by_token(session.token.reveal()).unwrap();
    assert!(actor.is(Role::Administrator));
    // From now on the password alone neither signs in nor changes the authenticator.
    let again = test.house.enrol_by_password("primo", PASSWORD);
    assert!(matches!(again, Err(FlowError::Conflict(_))));
    assert!(matches!(test.house.sign_in("primo", PASSWORD, None), Err(FlowError::Unproven(_))));
    // A token of a machine in the same hands is what it was.
    let day = Duration::from_secs(86_400);
    let token = test.house.issue_token(&actor, &admin, "script", [].into(), day).unwrap();
    assert!(test.house.actor_by_token(token.token.reveal()).is_ok());
}

#[test]
fn what_was_shown_to_who_had_the_password_is_not_shown_with_the_next() {
    const BEFORE: &str = "una frase lunga";
    const NOW: &str = "un'altra frase lunga";
    let test = TestHouse::small();
    let (admin, perugia) = (test.administrator(), account("perugia"));
    test.house.set_password(&admin, &perugia, BEFORE).unwrap();
    let shown = test.house.enrol_by_password("perugia", BEFORE).unwrap();
    test.house.set_password(&admin, &perugia, NOW).unwrap();
    let address = test.house.enrol_by_password("perugia", NOW).unwrap();
    let enters =
        |address: &str| test.house.sign_in("perugia", NOW, Some(&code(&test, address))).map(drop);
    assert!(matches!(enters(&shown), Err(FlowError::Unproven(_))));
    enters(&address).unwrap();
    // One that is in use outlives the password.
    test.house.set_password(&admin, &perugia, BEFORE).unwrap();
    assert!(matches!(test.house.enrol_by_password("perugia", BEFORE), Err(FlowError::Conflict(_))));
}

#[test]
fn what_an_administrator_enrolled_is_not_changed_with_a_password() {
    let test = TestHouse::small();
    let perugia = account("perugia");
    test.house.set_password(&test.administrator(), &perugia, "una frase lunga").unwrap();
    test.house.enrol_totp(&test.administrator(), &perugia).unwrap();
    let again = test.house.enrol_by_password("perugia", "una frase lunga");
    assert!(matches!(again, Err(FlowError::Conflict(_))));
}

#[test]
fn a_secret_of_the_node_outlives_it() {
    let test = TestHouse::small();
    let pages = test.house.node_secret("pages").unwrap();
    assert_eq!(pages.len(), 32);
    assert_ne!(pages, test.house.node_secret("other").unwrap());
    let again = TestHouse::over(std::sync::Arc::clone(&test.store));
    assert_eq!(again.house.node_secret("pages").unwrap(), pages);
}

#[test]
fn nobody_has_a_name_of_the_node_itself() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let mut posing = test.house.standing().directory.account(&account("perugia")).unwrap().clone();
    let told = include_str!("../../../docs/administrators/access.md");
    for name in part::ALL {
        assert!(told.contains(&format!("`{name}`")), "{name} is not told");
        posing.id = account(name);
        let refused = test.house.put_account(&admin, &posing);
        assert!(matches!(refused, Err(FlowError::Invalid { .. })), "{name}: {refused:?}");
        let records = Records { accounts: vec![posing.clone()], ..Records::default() };
        assert!(test.house.check_records(&admin, &records).is_err(), "{name}, by a dry run");
        assert!(test.house.put_records(&admin, records).is_err(), "{name}, by import");
        assert!(test.house.sign_in(name, "una frase lunga", None).is_err());
    }
    let entries = test.house.entries(&admin, Sequence::START, 1000).unwrap();
    let posed = entries.iter().filter(|it| it.actor == "vedetta" && it.kind == EntryKind::Deed);
    assert_eq!(posed.count(), 0, "a refused session is not the operator's deed");
}

#[test]
fn a_name_given_anew_opens_nothing_of_who_had_it() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let stranger = test.person("stranger");
    let id = stranger.account.clone();
    let had = test.house.standing().directory.account(&id).unwrap().clone();
    test.house.set_password(&admin, &id, "una frase lunga").unwrap();
    let session = enter(&test, id.as_str());
    test.house.remove_organisation(&admin, &stranger.organisation).unwrap();
    let perugia = test.person("perugia").organisation;
    let anew = vedetta_model::Account { organisation: perugia, ..had };
    test.house.put_account(&admin, &anew).unwrap();
    assert!(test.house.actor_by_token(session.token.reveal()).is_err());
    assert!(test.house.sign_in(id.as_str(), "una frase lunga", None).is_err());
}

#[test]
fn a_person_who_is_signed_in_proves_it_anew_to_change_the_proof() {
    let test = TestHouse::small();
    let (admin, perugia) = (test.administrator(), test.person("perugia"));
    test.house.set_password(&admin, &perugia.account, "una frase lunga").unwrap();
    test.house.confirm(&perugia, "una frase lunga").unwrap();
    for (actor, password) in [(&perugia, "un'altra frase"), (&perugia, ""), (&admin, "")] {
        let refused = test.house.confirm(actor, password);
        assert!(matches!(refused, Err(FlowError::Unproven(_))), "{}", actor.account);
    }
    test.house.confirm(&test.machine("perugia"), "").unwrap();
    test.house.confirm(&test.house.operator().unwrap(), "").unwrap();
}

#[test]
fn what_was_issued_for_less_ends_where_a_role_is_gained() {
    let test = TestHouse::small();
    let (admin, id, day) = (test.administrator(), account("cnaipic"), Duration::from_secs(86_400));
    let was = test.house.standing().directory.account(&id).unwrap().clone();
    let with = |roles: &[Role]| Account { roles: roles.iter().copied().collect(), ..was.clone() };
    let (fingerprint, expires) = ("0".repeat(64), test.house.now().after(day));
    let certificate = Certificate { fingerprint, account: id.clone(), expires };
    let issue = |scope: &[Role]| {
        let scope = scope.iter().copied().collect();
        test.house.issue_token(&admin, &id, "siem", scope, day).unwrap()
    };
    let lives = |it: &Session| test.house.actor_by_token(it.token.reveal()).is_ok();
    test.house.put_account(&admin, &with(&[Role::Liaison, Role::Machine])).unwrap();
    test.house.tie_certificate(&admin, &certificate).unwrap();
    let proven = test.house.actor_by_certificate(&certificate.fingerprint).unwrap();
    assert_eq!(proven.roles, [Role::Machine].into(), "whatever else the account is");
    let (whole, narrow) = (issue(&[]), issue(&[Role::Machine]));
    test.house.put_account(&admin, &with(&[Role::Machine])).unwrap();
    assert!(lives(&whole) && lives(&narrow), "nothing is gained");
    let officer = with(&[Role::Machine, Role::DutyOfficer]);
    let records = Records { accounts: vec![officer], ..Records::default() };
    test.house.put_records(&admin, records).unwrap();
    assert!(!lives(&whole), "gained, by import");
    assert!(lives(&narrow), "it carries what it carried");
    assert!(test.house.actor_by_certificate(&certificate.fingerprint).is_err());
    // A role that was lost and comes back is gained as well.
    test.house.put_account(&admin, &with(&[Role::DutyOfficer])).unwrap();
    test.house.put_account(&admin, &with(&[Role::Machine, Role::DutyOfficer])).unwrap();
    assert!(!lives(&narrow));
}

#[test]
fn nobody_orders_a_session_and_a_hundred_tokens_are_counted_where_they_are_kept() {
    let test = TestHouse::small();
    let (bot, day) = (test.machine("perugia"), Duration::from_secs(86_400));
    let issue = |purpose: &str| {
        test.house.issue_token(&bot, &bot.account, purpose, BTreeSet::new(), day).map(drop)
    };
    for purpose in ["session", "emergency"] {
        assert!(matches!(issue(purpose), Err(FlowError::Invalid { .. })), "{purpose}");
    }
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let order = || (0..30).map(|_| issue("siem")).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(order)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 100);
    assert!(outcomes.iter().all(|it| matches!(it, Ok(()) | Err(FlowError::Conflict(_)))));
}

#[test]
fn what_ended_with_an_account_does_not_come_back_with_it() {
    let test = TestHouse::small();
    let (admin, id) = (test.administrator(), account("perugia.bot"));
    let day = Duration::from_secs(86_400);
    let was = test.house.standing().directory.account(&id).unwrap().clone();
    let terni = test.person("terni").organisation;
    let closed = Account { state: AccountState::Closed, ..Account::clone(&was) };
    let moved = Account { organisation: terni, ..Account::clone(&was) };
    for change in [closed, moved] {
        let fingerprint = "1".repeat(64);
        let expires = test.house.now().after(day);
        let certificate = Certificate { fingerprint, account: id.clone(), expires };
        test.house.tie_certificate(&admin, &certificate).unwrap();
        let token = test.house.issue_token(&admin, &id, "siem", [].into(), day).unwrap();
        test.house.put_account(&admin, &change).unwrap();
        test.house.put_account(&admin, &was).unwrap();
        assert!(test.house.actor_by_token(token.token.reveal()).is_err());
        assert!(test.house.actor_by_certificate(&certificate.fingerprint).is_err());
    }
}

#[test]
fn a_certificate_is_a_machines_alone() {
    let test = TestHouse::small();
    let (admin, id) = (test.administrator(), account("perugia"));
    let expires = test.house.now().after(Duration::from_secs(86_400));
    let certificate = Certificate { fingerprint: "2".repeat(64), account: id.clone(), expires };
    let refused = test.house.tie_certificate(&admin, &certificate);
    assert!(matches!(refused, Err(FlowError::Invalid { .. })), "{refused:?}");
    let person = test.house.standing().directory.account(&id).unwrap().clone();
    let as_machine = Account { roles: [Role::Machine].into(), ..person.clone() };
    test.house.put_account(&admin, &as_machine).unwrap();
    test.house.tie_certificate(&admin, &certificate).unwrap();
    // What loses a role keeps its certificates, and what is no machine any more proves nothing by them.
    let both = [Role::Machine, Role::Liaison].into();
    test.house.put_account(&admin, &Account { roles: both, ..person.clone() }).unwrap();
    test.house.tie_certificate(&admin, &certificate).unwrap();
    test.house.put_account(&admin, &person).unwrap();
    assert!(test.house.certificates_of(&admin).unwrap().contains(&certificate));
    assert!(test.house.actor_by_certificate(&certificate.fingerprint).is_err());
}

#[test]
fn certificates_are_seen_by_whose_they_are_and_by_who_runs_the_node() {
    let test = TestHouse::small();
    let admin = test.administrator();
    for (digit, id) in [("a", "perugia.bot"), ("b", "terni.bot")] {
        let (fingerprint, expires) = (digit.repeat(64), test.house.now());
        let certificate = Certificate { fingerprint, account: account(id), expires };
        test.house.tie_certificate(&admin, &certificate).unwrap();
    }
    let seen = |by: &vedetta_model::Actor| {
        let tied = test.house.certificates_of(by).unwrap();
        tied.into_iter().map(|it| it.account.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(seen(&admin), ["perugia.bot", "terni.bot"]);
    assert_eq!(seen(&test.machine("perugia")), ["perugia.bot"]);
    assert_eq!(seen(&test.person("perugia")), Vec::<String>::new());
}

#[test]
fn what_has_expired_is_removed() {
    let test = TestHouse::small();
    let (admin, id) = (test.administrator(), account("perugia.bot"));
    let issue = |days: u64| {
        let lasts = Duration::from_secs(days * 86_400);
        test.house.issue_token(&admin, &id, "siem", [].into(), lasts).unwrap()
    };
    let (short, long) = (issue(1), issue(3));
    let (fingerprint, expires) = ("c".repeat(64), test.house.now());
    let certificate = Certificate { fingerprint, account: id.clone(), expires };
    test.house.tie_certificate(&admin, &certificate).unwrap();
    test.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(test.house.remove_expired().unwrap(), 2);
    assert_eq!(test.house.remove_expired().unwrap(), 0);
    let left: Vec<_> = test.house.tokens_of(&admin).unwrap();
    assert_eq!(left, [long.record.clone()], "and not {:?}", short.record);
    assert!(test.house.certificates_of(&admin).unwrap().is_empty());
    assert!(test.house.actor_by_token(long.token.reveal()).is_ok());
}
