//! The sealed way in: what opens it, and that nothing else does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_flow::FlowError;
use vedetta_flow::actions::manage_accounts::Certificate;
use vedetta_model::{AccountId, Role};
use vedetta_store::{RecordKind, UnitOfWork};
use vedetta_testkit::TestHouse;
use vedetta_testkit::disk::Disk;

const REASON: &str = "nessun amministratore raggiungibile";
const DAY: Duration = Duration::from_secs(86_400);

fn emergency() -> AccountId {
    AccountId::new("emergency").unwrap()
}

#[test]
fn a_seal_is_broken_wholly_or_not_at_all() {
    let disk = Disk::under(TestHouse::ledger());
    let test = TestHouse::over(Arc::clone(&disk) as _).with_small_network();
    let code = test.house.seal_emergency(&test.administrator()).unwrap();
    disk.fill_after(0);
    assert!(test.house.break_seal(&code, REASON).is_err());
    disk.fill_after(1);
    let session = test.house.break_seal(&code, REASON).unwrap();
    disk.clear();
    let actor = test.house.actor_by_token(session.token.reveal()).unwrap();
    assert!(actor.is(Role::Administrator));
    assert!(matches!(test.house.break_seal(&code, REASON), Err(FlowError::Unproven(_))));
}

#[test]
fn what_the_code_is_used_for_is_asked_of_whoever_has_it() {
    let test = TestHouse::small();
    let code = test.house.seal_emergency(&test.administrator()).unwrap();
    let wrong = test.house.break_seal("wrong", "x");
    assert!(matches!(wrong, Err(FlowError::Unproven(_))), "{wrong:?}");
    let short = test.house.break_seal(&code, "x");
    assert!(matches!(short, Err(FlowError::Invalid { .. })), "{short:?}");
    test.house.break_seal(&code, REASON).unwrap();
}

#[test]
fn nothing_but_the_code_opens_the_emergency_account() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let code = test.house.seal_emergency(&admin).unwrap();
    let session = test.house.break_seal(&code, REASON).unwrap();
    let broke = test.house.actor_by_token(session.token.reveal()).unwrap();
    test.house.confirm(&broke, "").unwrap();
    let forbidden = |it: Result<(), FlowError>| matches!(it, Err(FlowError::Forbidden { .. }));
    for by in [&admin, &broke] {
        let (house, id) = (&test.house, emergency());
        assert!(forbidden(house.set_password(by, &id, "una frase lunga")));
        assert!(forbidden(house.enrol_totp(by, &id).map(drop)));
        assert!(forbidden(house.issue_token(by, &id, "siem", BTreeSet::new(), DAY).map(drop)));
        let (fingerprint, expires) = ("e".repeat(64), test.house.now().after(DAY));
        let certificate = Certificate { fingerprint, account: id, expires };
        assert!(forbidden(house.tie_certificate(by, &certificate)));
    }
    // Whoever broke it sets others' passwords, which is what it is for, and seals it anew.
    test.house.set_password(&broke, &test.person("perugia").account, "una frase lunga").unwrap();
    test.house.seal_emergency(&broke).unwrap();
    assert!(test.house.actor_by_token(session.token.reveal()).is_ok(), "for the two hours");
}

#[test]
fn who_had_the_name_before_it_was_reserved_keeps_nothing() {
    let test = TestHouse::small();
    let admin = test.administrator();
    let named = AccountId::new("cnaipic").unwrap();
    let mut other = test.house.standing().directory.account(&named).unwrap().clone();
    other.id = emergency();
    let refused = test.house.put_account(&admin, &other);
    assert!(matches!(refused, Err(FlowError::Invalid { .. })), "{refused:?}");
    let records = Records { accounts: vec![other.clone()], ..Records::default() };
    assert!(test.house.put_records(&admin, records).is_err(), "by import");
    // As an older ledger may have it.
    let perugia = test.person("perugia").account;
    test.house.set_password(&admin, &perugia, "una frase lunga").unwrap();
    let token = test.house.issue_token(&admin, &perugia, "siem", BTreeSet::new(), DAY).unwrap();
    let (body, kept) = (serde_json::to_vec(&other).unwrap(), token.record.clone());
    test.house.write(move |unit| rename(unit, &body, &kept)).unwrap();
    let test = TestHouse::over(Arc::clone(&test.store));
    let had = test.house.actor_by_token(token.token.reveal()).unwrap();
    let asked = test.house.confirm(&had, "");
    assert!(matches!(asked, Err(FlowError::Unproven(_))), "its name alone frees it of nothing");
    test.house.seal_emergency(&admin).unwrap();
    assert!(test.house.actor_by_token(token.token.reveal()).is_err());
    assert!(matches!(
        test.house.enrol_by_password("emergency", "una frase lunga"),
        Err(FlowError::Unproven(_))
    ));
}

/// Makes the account of an older ledger, with a password and a token.
fn rename(
    unit: &mut dyn UnitOfWork,
    account: &[u8],
    token: &vedetta_flow::Token,
) -> Result<(), vedetta_store::StoreError> {
    use vedetta_store::SecretKind::Password;
    let password = unit.secret(Password, token.account.as_str())?.unwrap();
    unit.put_record(RecordKind::Account, "emergency", account, "admin")?;
    unit.put_secret(Password, "emergency", &password)?;
    let token = vedetta_flow::Token { account: emergency(), ..token.clone() };
    let body = serde_json::to_vec(&token).unwrap();
    unit.put_record(RecordKind::Token, &token.id, &body, "admin").map(drop)
}
