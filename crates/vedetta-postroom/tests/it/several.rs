//! Several messages at once, files by themselves, and what an account is told and answers.

use vedetta_mail::{Form, Verdict};
use vedetta_model::Role;
use vedetta_postroom::{Answer, Contesting, Handed, Overruling, Reach, Received, Reporter};

use super::desk::{Desk, SITE, analyst, desk, everything, person};
use super::letters::{harmless, lure};

fn upload(desk: &Desk, bytes: &[u8]) -> Vec<Answer> {
    let by = Reporter::Account(person("perugia", Role::Liaison));
    match desk.room.take(&Handed { bytes, by }).unwrap() {
        Received::Taken(answers) => answers,
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_more_than_twenty_the_answer_says_how_many_nobody_looked_at() {
    let desk = desk();
    let one =
        |n: usize| format!("From a@x.example Mon Nov 17 10:00:00 2025\n{}\n\n", lure(n, SITE));
    let mailbox: String = (0..27).map(one).collect();
    let answers = upload(&desk, mailbox.as_bytes());
    assert_eq!(answers.len(), 20);
    for answer in &answers {
        assert_eq!(answer.left_out, 7);
        assert!(answer.text.contains("altri 7, che NON abbiamo guardato"), "{}", answer.text);
    }
    let again = upload(&desk, mailbox.as_bytes());
    assert!(again.iter().all(|answer| answer.left_out == 7), "told the same again");
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    assert!(queue.items.iter().all(|report| report.left_out == 7));
    let few = upload(&desk, lure(40, SITE).as_bytes());
    assert!(few[0].left_out == 0 && !few[0].text.contains("NON abbiamo guardato"));
}

#[test]
fn a_file_by_itself_is_answered_and_never_called_legitimate() {
    let desk = desk();
    let pdf = b"%PDF-1.4\n1 0 obj\n<< /A << /URI (https://documento.invalid/a) >> >>\nendobj\n";
    let answers = upload(&desk, pdf);
    assert_eq!(answers[0].verdict, Verdict::Undetermined);
    assert!(answers[0].text.contains("è un file da solo"), "{}", answers[0].text);
    let seen = desk.room.dissect(&analyst(), &answers[0].case).unwrap();
    assert_eq!(seen.report.forms, [Form::File]);
    let evidence = seen.evidence.unwrap();
    assert_eq!(evidence.links[0].target.host, "documento.invalid");
    assert_eq!(evidence.attachments[0].sha256.len(), 64);
}

#[test]
fn the_answer_that_was_given_is_seen_by_who_had_it_and_by_the_analyst() {
    let desk = desk();
    let perugia = person("perugia", Role::Liaison);
    let answer = upload(&desk, lure(1, SITE).as_bytes()).remove(0);
    let own = desk.room.own_answers(&perugia).unwrap();
    assert_eq!(own[0].text.as_ref(), Some(&answer.text));
    let seen = desk.room.dissect(&analyst(), &answer.case).unwrap();
    assert_eq!(seen.answer, Some(answer.text));
    // Who is not answered was told nothing.
    desk.by_mail("x@altrove.example", "", &lure(2, SITE));
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    let stranger = queue.items.iter().find(|it| it.account.is_none()).unwrap();
    assert_eq!(desk.room.dissect(&analyst(), &stranger.case).unwrap().answer, None);
    desk.room.delete_message(&perugia, &answer.case, "mine").unwrap();
    assert_eq!(desk.room.own_answers(&perugia).unwrap()[0].text, None, "it goes with the message");
}

#[test]
fn who_uploaded_contests_an_answer_as_who_wrote_does() {
    let desk = desk();
    let (perugia, terni) = (person("perugia", Role::Liaison), person("terni", Role::Liaison));
    let answer = upload(&desk, harmless().as_bytes()).remove(0);
    let said = |text: &str| Contesting { text: text.into() };
    let contest = |by, text: &str| desk.room.contest_own(by, &answer.case, &said(text));
    assert!(contest(&terni, "non è mio").is_err(), "another's case does not exist");
    assert!(contest(&perugia, " \n").is_err());
    contest(&perugia, "Luca non l'ha mai scritto").unwrap();
    let wish = vedetta_postroom::QueueWish { contested: true, ..everything() };
    assert_eq!(desk.room.queue(&analyst(), &wish).unwrap().items[0].case, answer.case);
    let seen = desk.room.dissect(&analyst(), &answer.case).unwrap();
    assert_eq!(seen.contest.as_deref(), Some("Luca non l'ha mai scritto"));
    assert!(desk.room.own_answers(&perugia).unwrap()[0].contested.is_some());
    assert!(desk.sent().is_empty(), "there is no mailbox to thank");
    desk.clock.advance(std::time::Duration::from_mins(1));
    let ruled = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Report };
    desk.room.overrule(&analyst(), &answer.case, &ruled).unwrap();
    assert!(desk.room.queue(&analyst(), &wish).unwrap().items.is_empty());
    assert_eq!(desk.room.own_answers(&perugia).unwrap()[0].contested, None);
    desk.room.delete_message(&perugia, &answer.case, "mine").unwrap();
    assert!(contest(&perugia, "ancora").is_err(), "nobody can look again");
}

#[test]
fn what_is_said_later_erases_nothing_and_has_a_limit() {
    let desk = desk();
    let perugia = person("perugia", Role::Liaison);
    let answer = upload(&desk, harmless().as_bytes()).remove(0);
    let contest = |text: &str| {
        desk.room.contest_own(&perugia, &answer.case, &Contesting { text: text.into() })
    };
    let kept = || desk.room.dissect(&analyst(), &answer.case).unwrap().contest.unwrap();
    contest("ho pagato 900 euro").unwrap();
    assert!(contest(&"è".repeat(20_001)).is_err());
    assert!(contest(&"è".repeat(19_990)).is_err(), "with what was said before it is too much");
    assert_eq!(kept(), "ho pagato 900 euro");
    for n in 0..17 {
        contest(&format!("e poi {n}")).unwrap();
    }
    assert!(kept().contains("e poi 16") && kept().contains("900 euro"));
    contest("la ventesima").unwrap();
    assert!(contest("troppe in un'ora").is_err());
    desk.clock.advance(std::time::Duration::from_hours(1));
    contest("un'ora dopo").unwrap();
}
