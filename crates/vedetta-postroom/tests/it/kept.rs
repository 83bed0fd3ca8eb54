//! What is kept, for how long, and what deletion leaves; and what goes out only signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vedetta_mail::{KeyFault, Verdict};
use vedetta_postroom::{Handed, Hope, Overruling, Reach, Received, Reporter, Settings, Signs};
use vedetta_store::{RecordKind, SecretKind, Sequence};

use super::desk::{ADA, Desk, SITE, analyst, desk, desk_with, over, proven, settings};
use super::letters::lure;

/// Everything that the ledger has, as text.
fn ledger(desk: &Desk) -> String {
    let mut all = String::new();
    desk.store
        .read(&mut |reader| {
            for entry in reader.entries(Sequence::START, 10_000)? {
                all.push_str(&entry.facts);
                all.push_str(&String::from_utf8_lossy(&entry.body));
            }
            Ok(())
        })
        .unwrap();
    all
}

fn malicious() -> Overruling {
    Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Campaign }
}

fn sample(desk: &Desk) -> Option<String> {
    let wave = desk.room.campaigns(&analyst()).unwrap().remove(0);
    wave.sample.map(|sample| sample.text)
}

#[test]
fn how_a_campaign_shows_is_no_entry_and_goes_with_its_message() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.room.overrule(&analyst(), &first.case, &malicious()).unwrap();
    assert!(sample(&desk).unwrap().contains("deposito"));
    assert!(!ledger(&desk).contains("deposito"), "no word of the message is in the ledger");
    let Desk { room, clock, store } = desk;
    drop(room);
    let desk = over(store, clock, settings());
    assert!(sample(&desk).unwrap().contains("deposito"), "it is there after a restart");
    desk.room.delete_message(&analyst(), &first.case, "asked").unwrap();
    assert_eq!(sample(&desk), None);
    desk.store
        .read(&mut |reader| {
            for record in reader.records(RecordKind::Campaign)? {
                assert!(reader.secret(SecretKind::MailKey, &record.id)?.is_none());
                let kept = reader.bookmark(&format!("mail:{}", record.id))?;
                assert!(kept.is_none_or(|kept| kept.is_empty()));
            }
            Ok(())
        })
        .unwrap();
    desk.report("luca@comune.terni.example", &lure(2, SITE));
    assert!(sample(&desk).unwrap().contains("deposito"), "the next that is kept shows it");
}

#[test]
fn time_takes_how_a_campaign_shows_too() {
    let desk = desk_with(Settings { keep: Duration::from_hours(48), ..settings() });
    let first = desk.report(ADA, &lure(1, SITE));
    desk.room.overrule(&analyst(), &first.case, &malicious()).unwrap();
    desk.clock.advance(Duration::from_hours(49));
    desk.room.expire_messages().unwrap();
    assert_eq!(sample(&desk), None);
}

#[test]
fn whom_an_explanation_was_for_is_forgotten_when_it_is_given_up() {
    let desk = desk();
    let note = format!(
        "Authentication-Results: {}\r\nFrom: Ada <{ADA}>\r\nSubject: aiuto\r\n\r\nChe faccio?\r\n",
        proven(ADA)
    );
    let by = Reporter::Mailbox(Some(ADA.into()));
    let received = desk.room.take(&Handed { bytes: note.as_bytes(), by }).unwrap();
    assert!(matches!(received, Received::Empty));
    let due = desk.room.due_answers(10).unwrap().remove(0);
    let task: serde_json::Value = serde_json::from_str(&due.lease.job.task).unwrap();
    let case = task["case"].as_str().unwrap();
    let key = || {
        let mut key = None;
        desk.store
            .read(&mut |reader| {
                key = reader.secret(SecretKind::MailKey, case)?;
                Ok(())
            })
            .unwrap();
        key
    };
    assert!(key().is_some());
    desk.room.answer_failed(due.lease, "550 no such user".into(), Hope::None).unwrap();
    assert!(key().is_none());
}

/// A key that works when it is let.
struct Key(Arc<AtomicBool>);

impl Signs for Key {
    fn field(&self, _letter: &[u8], _seconds: i64) -> Result<String, KeyFault> {
        match self.0.load(Ordering::SeqCst) {
            true => Ok("DKIM-Signature: v=1\r\n".into()),
            false => Err(KeyFault("the key is broken".into())),
        }
    }
}

#[test]
fn what_cannot_be_signed_waits_and_is_told() {
    let works = Arc::new(AtomicBool::new(false));
    let signer: Option<Box<dyn Signs>> = Some(Box::new(Key(Arc::clone(&works))));
    let desk = desk_with(Settings { signer, ..settings() });
    desk.report(ADA, &lure(1, SITE));
    assert_eq!(desk.room.unsigned(), None);
    // More often than what a relay refuses is tried.
    for _ in 0..20 {
        assert!(desk.room.due_answers(10).unwrap().is_empty(), "it does not go out unsigned");
        assert!(desk.room.unsigned().is_some_and(|told| told.contains("broken")));
        desk.clock.advance(Duration::from_hours(6));
    }
    assert!(desk.room.house().dead_letters(&analyst()).unwrap().is_empty(), "nor is it given up");
    let letter = ("subject".to_owned(), "text".to_owned());
    assert!(desk.room.compose(ADA, "call", letter).is_err());
    works.store(true, Ordering::SeqCst);
    let due = desk.room.due_answers(10).unwrap();
    assert!(due[0].letter.starts_with(b"DKIM-Signature"));
    assert_eq!(desk.room.unsigned(), None);
}
