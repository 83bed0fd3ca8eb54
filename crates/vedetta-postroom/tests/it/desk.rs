//! What reporters and analysts would miss.

use std::sync::Arc;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_flow::{FlowError, House, Sequence, VersionFilter, Wish};
use vedetta_mail::{Evidence, Limits, Published, Verdict};
use vedetta_model::asset::AssetValue;
use vedetta_model::{Actor, Asset, AssetId, OrganisationId, Role, Tlp};
use vedetta_postroom::{
    Answer, CampaignStep, Handed, Hope, MasterKey, Overruling, Postroom, QueueWish, Reach,
    Received, ReleaseRule, Reporter, Settings, Stage, Standing,
};
use vedetta_store::Store;
use vedetta_testkit::{MockClock, SeededEntropy, TestHouse};

use super::letters::{PROVEN, handing_on, harmless, lure};

pub(crate) struct Desk {
    pub(crate) room: Postroom,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) store: Arc<dyn Store>,
}

pub(crate) const ADA: &str = "ada.bianchi@comune.perugia.example";
pub(crate) const SITE: &str = "pacco-giacenza.invalid";

pub(crate) fn settings() -> Settings {
    Settings {
        mailbox: "segnalazioni@vedetta.example".into(),
        receivers: vec!["mx.comune.example".into()],
        ..Settings::default()
    }
}

pub(crate) fn over(store: Arc<dyn Store>, clock: Arc<MockClock>, settings: Settings) -> Desk {
    let entropy = Arc::new(SeededEntropy::new(11));
    let house = Arc::new(House::open(Arc::clone(&store), clock.clone(), entropy).unwrap());
    let room =
        Postroom::open(house, settings, MasterKey::new([7; 32]), Published::default()).unwrap();
    Desk { room, clock, store }
}

/// The small network, with mail domains for Perugia and Terni.
pub(crate) fn desk_with(settings: Settings) -> Desk {
    let test = TestHouse::small();
    let domain = |organisation: &str| Asset {
        id: AssetId::new(&format!("{organisation}-mail")).unwrap(),
        organisation: OrganisationId::new(organisation).unwrap(),
        what: AssetValue::MailDomain(format!("comune.{organisation}.example")),
        note: None,
    };
    let assets = vec![domain("perugia"), domain("terni")];
    let own = OrganisationId::new("cnaipic").unwrap();
    let keeper = test.house.keeper(&own).unwrap();
    test.house.put_records(&keeper, Records { assets, ..Records::default() }).unwrap();
    test.house.set_own(&own).unwrap();
    let TestHouse { house, clock, store } = test;
    drop(house);
    over(store, clock, settings)
}

pub(crate) fn desk() -> Desk {
    desk_with(settings())
}

impl Desk {
    pub(crate) fn by_mail(&self, from: &str, recorded: &str, message: &str) -> Received {
        let bytes = handing_on(from, recorded, message);
        let by = Reporter::Mailbox(Some(from.into()));
        self.room.take(&Handed { bytes: &bytes, by }).unwrap()
    }

    pub(crate) fn report(&self, from: &str, message: &str) -> Answer {
        match self.by_mail(from, &proven(from), message) {
            Received::Taken(mut answers) => answers.remove(0),
            other => panic!("{other:?}"),
        }
    }

    /// What waits to be sent, sent: (to whom, text).
    pub(crate) fn sent(&self) -> Vec<(String, String)> {
        let due = self.room.due_answers(50).unwrap();
        let sent = due.into_iter().map(|answer| {
            self.room.answer_sent(answer.lease).unwrap();
            let read = Evidence::read(&answer.letter, &Limits::default());
            (answer.to, format!("{}\n{}", read.subject, read.text))
        });
        sent.collect()
    }

    pub(crate) fn reads(&self, who: &str) -> Vec<String> {
        let actor = person(who, Role::Liaison);
        let page = self.room.house().page(&actor, &Wish::all(Sequence::START, VersionFilter::Last));
        let body = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        page.unwrap().items.iter().map(|item| body(&item.body)).collect()
    }
}

/// What the receiver records of a letter that its sender's domain vouches for.
pub(crate) fn proven(from: &str) -> String {
    let domain = from.rsplit('@').next().unwrap();
    format!("mx.comune.example; dmarc=pass header.from={domain}")
}

pub(crate) fn person(organisation: &str, role: Role) -> Actor {
    Actor {
        account: vedetta_model::AccountId::new(organisation).unwrap(),
        organisation: OrganisationId::new(organisation).unwrap(),
        roles: std::collections::BTreeSet::from([role]),
        language: vedetta_model::Language::It,
        way: vedetta_model::Way::InPerson,
    }
}

pub(crate) fn analyst() -> Actor {
    person("cnaipic", Role::Analyst)
}

pub(crate) fn everything() -> QueueWish {
    QueueWish { limit: 100, ..QueueWish::default() }
}

#[test]
fn a_known_reporter_is_answered_once_and_the_second_hears_of_the_first() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    assert!(first.verdict <= Verdict::Suspicious, "{first:?}");
    desk.clock.advance(Duration::from_mins(7));
    let second = desk.report("luca@comune.terni.example", &lure(2, SITE));
    assert_eq!(second.others, 1);
    assert!(
        second.text.contains("È noto dalle 09:00: l'ha segnalato un'altra persona."),
        "{}",
        second.text
    );
    desk.clock.advance(Duration::from_hours(24));
    let third = desk.report("eva@comune.terni.example", &lure(3, SITE));
    assert!(
        third.text.contains("dalle 09:00 del 2 marzo: l'hanno segnalato altre 2"),
        "{}",
        third.text
    );
    let sent = desk.sent();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0].0, ADA);
    assert!(sent[0].1.contains(&first.case) && !sent[0].1.contains("http://"), "{}", sent[0].1);
    desk.clock.advance(Duration::from_hours(24));
    assert!(desk.sent().is_empty(), "an answer is sent once");
}

#[test]
fn only_those_who_prove_themselves_are_answered() {
    let desk = desk();
    let unproven = desk.by_mail(ADA, "mx.comune.example; dmarc=fail", &lure(1, SITE));
    let stranger =
        desk.by_mail("x@altrove.example", "mx.comune.example; dmarc=pass", &lure(2, SITE));
    assert!(matches!((&unproven, &stranger), (Received::Taken(_), Received::Taken(_))));
    // Mallory's own domain vouches for Mallory, whoever the letter says it is from.
    let posing = "x@evil.invalid (<luca@comune.terni.example>)";
    for (n, (from, recorded)) in (20..).zip([
        ("luca@comune.terni.example", "mx.comune.example; dmarc=pass header.from=evil.invalid"),
        ("luca@comune.terni.example", "mx.comune.example; auth=pass smtp.auth=x@evil.invalid"),
        (posing, "mx.comune.example; dmarc=pass header.from=comune.terni.example"),
    ]) {
        let bytes = handing_on(from, recorded, &lure(n, SITE));
        let by = Reporter::Mailbox(Some("luca@comune.terni.example".into()));
        desk.room.take(&Handed { bytes: &bytes, by }).unwrap();
    }
    // Ada's letter under another's envelope: the answer would go to whom nobody asked.
    let bytes = handing_on(ADA, PROVEN, &lure(3, SITE));
    let by = Reporter::Mailbox(Some("luca@comune.terni.example".into()));
    desk.room.take(&Handed { bytes: &bytes, by }).unwrap();
    assert!(desk.sent().is_empty());
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    let standings: Vec<Standing> = queue.items.iter().map(|report| report.standing).collect();
    assert_eq!(standings.len(), 6);
    assert!(!standings.contains(&Standing::Enrolled), "{standings:?}");
}

#[test]
fn strangers_have_a_limit_and_loops_end_at_the_door() {
    let desk = desk_with(Settings { strangers: 2, answers: 1, ..settings() });
    let stranger = |n| desk.by_mail(&format!("a{n}@altrove.example"), "", &lure(n, SITE));
    assert!(matches!(stranger(1), Received::Taken(_)));
    assert!(matches!(stranger(2), Received::Taken(_)));
    assert!(matches!(stranger(3), Received::Limited));
    desk.clock.advance(Duration::from_hours(1));
    assert!(matches!(stranger(4), Received::Taken(_)));
    let letter = handing_on(ADA, PROVEN, &lure(5, SITE));
    let passed = |bytes: &[u8], from: Option<&str>| {
        let by = Reporter::Mailbox(from.map(ToOwned::to_owned));
        matches!(desk.room.take(&Handed { bytes, by }).unwrap(), Received::Passed)
    };
    assert!(passed(&letter, None), "what failed to be delivered is no report");
    let automatic = [b"Auto-Submitted: auto-replied\r\n", letter.as_slice()].concat();
    assert!(passed(&automatic, Some(ADA)));
    let own = handing_on("segnalazioni@vedetta.example", PROVEN, &lure(6, SITE));
    assert!(passed(&own, Some("x@comune.terni.example")));
    desk.report(ADA, &lure(7, SITE));
    desk.report(ADA, &lure(8, SITE));
    assert_eq!(desk.sent().len(), 1, "beyond the hour's answers reports are taken in silently");
}

#[test]
fn the_limit_of_who_proves_nothing_tells_nobody_who_is_in_the_directory() {
    let desk = desk_with(Settings { strangers: 2, ..settings() });
    let taken = |domain: &str| {
        let from = |n: usize| format!("a{n}@{domain}");
        let fails = "mx.comune.example; dmarc=fail";
        let received = (0..4).map(|n| desk.by_mail(&from(n), fails, &lure(n, SITE)));
        received.map(|it| matches!(it, Received::Taken(_))).collect::<Vec<_>>()
    };
    let known = taken("comune.perugia.example");
    assert_eq!(known, [true, true, false, false]);
    assert_eq!(known, taken("altrove.example"));
    desk.report(ADA, &lure(9, SITE));
    let many = (0..60).map(|n| taken(&format!("d{n}.invalid")));
    let all = many.flatten().filter(|taken| *taken).count();
    assert_eq!(all, 2 * 20 - 4, "and so many domains are no way around it");
    desk.report(ADA, &lure(10, SITE));
}

#[test]
fn a_domain_is_not_charged_when_all_of_them_have_no_room() {
    let desk = desk_with(Settings { strangers: 1, ..settings() });
    let taken = |domain: &str, n: usize| {
        matches!(desk.by_mail(&format!("a@{domain}"), "", &lure(n, SITE)), Received::Taken(_))
    };
    assert!((0..20).all(|n| taken(&format!("d{n}.invalid"), n)));
    desk.clock.advance(Duration::from_mins(30));
    assert!(!taken("altrove.example", 20));
    desk.clock.advance(Duration::from_mins(30));
    assert!(taken("altrove.example", 20), "all of them have room again, and it had none taken");
}

#[test]
fn who_attaches_nothing_is_told_how() {
    let desk = desk();
    let note = format!(
        "Authentication-Results: {PROVEN}\r\nFrom: Ada <{ADA}>\r\nTo: segnalazioni@vedetta.example\r\n\
         Subject: aiuto\r\n\r\nHo ricevuto una mail strana, che faccio?\r\n"
    );
    let by = Reporter::Mailbox(Some(ADA.into()));
    let received = desk.room.take(&Handed { bytes: note.as_bytes(), by }).unwrap();
    assert!(matches!(received, Received::Empty));
    let sent = desk.sent();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].1.contains("Inoltra come allegato"), "{}", sent[0].1);
    assert!(desk.room.queue(&analyst(), &everything()).unwrap().items.is_empty());
}

#[test]
fn nothing_of_a_message_is_in_the_ledger_and_deleted_is_gone() {
    let desk = desk();
    let case = desk.report(ADA, &lure(1, SITE)).case;
    desk.store
        .read(&mut |reader| {
            let entries = reader.entries(Sequence::START, 10_000)?;
            let bookmark = reader.bookmark(&format!("mail:{case}"))?.unwrap_or_default();
            assert!(bookmark.len() > 1000);
            let ledger: Vec<u8> = entries
                .iter()
                .flat_map(|entry| [entry.body.to_vec(), entry.facts.clone().into_bytes()].concat())
                .collect();
            for told in ["giacenza presso", "Ada", "ada.bianchi", "lettera-1", "mancano le spese"] {
                for bytes in [&ledger, &bookmark] {
                    assert!(
                        !bytes.windows(told.len()).any(|some| some == told.as_bytes()),
                        "{told}"
                    );
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(desk.room.message(&analyst(), &case).unwrap().len() > 1000);
    desk.room.delete_message(&analyst(), &case, "asked by the reporter").unwrap();
    assert!(matches!(desk.room.message(&analyst(), &case), Err(FlowError::Unknown { .. })));
    assert!(matches!(desk.room.delete_message(&analyst(), &case, ""), Err(FlowError::Conflict(_))));
    assert!(desk.sent().is_empty(), "whom to answer went with the message");
    desk.store
        .read(&mut |reader| {
            let body = reader.bookmark(&format!("mail:{case}"))?.unwrap_or_default();
            let entries = reader.entries(Sequence::START, 10_000)?;
            assert!(body.is_empty());
            assert!(entries.iter().any(|entry| entry.facts.contains("message-deleted")));
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_analyst_overrules_a_wave_and_those_who_were_told_otherwise_are_told() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.report("luca@comune.terni.example", &lure(2, SITE));
    desk.by_mail("x@altrove.example", "", &lure(3, SITE));
    desk.sent();
    let said = Overruling {
        verdict: Verdict::ProbablyLegitimate,
        note: "un'esercitazione".into(),
        of: Reach::Campaign,
    };
    assert!(matches!(
        desk.room.overrule(&person("perugia", Role::Liaison), &first.case, &said),
        Err(FlowError::Forbidden { .. })
    ));
    assert_eq!(desk.room.overrule(&analyst(), &first.case, &said).unwrap(), 3);
    let told = desk.sent();
    assert_eq!(told.len(), 2, "not the stranger");
    assert!(told.iter().all(|(_, text)| text.contains("Un analista ha rivisto")), "{told:?}");
    assert!(told[0].1.contains("PROBABILMENTE LEGITTIMO"), "{}", told[0].1);
    let next = desk.report("eva@comune.terni.example", &lure(4, SITE));
    assert_eq!(
        next.verdict,
        Verdict::ProbablyLegitimate,
        "what was said holds for those that come"
    );
}

#[test]
fn what_an_analyst_calls_malicious_is_known_in_other_messages() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    let said = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Campaign };
    desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    let other = format!("{}\r\nVedi anche http://{SITE}/altro\r\n", harmless());
    let found = desk.report("luca@comune.terni.example", &other);
    assert_eq!(found.verdict, Verdict::Suspicious, "a host alone is often everybody's");
    assert!(found.text.contains("già segnalati come pericolosi"), "{}", found.text);
}

#[test]
fn a_campaign_becomes_items_that_tell_nobody_who_received_it() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    let said = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Campaign };
    desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    desk.report("luca@comune.terni.example", &lure(2, SITE));
    let campaigns = desk.room.campaigns(&analyst()).unwrap();
    let id = campaigns[0].campaign.id.to_string();
    assert!(matches!(campaigns[0].campaign.stage, Stage::Proposed { .. }));
    assert!(desk.reads("foligno").is_empty());
    let release = CampaignStep::Release { tlp: Tlp::Amber };
    let released = desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(matches!(released.stage, Stage::Released { .. }));
    let items = desk.reads("foligno");
    let all = items.join("\n").to_lowercase();
    assert!(all.contains(&format!("[domain-name:value = '{SITE}']")), "{all}");
    assert!(items.iter().any(|item| item.contains("\"report\"") && item.contains("giacenza")));
    for told in ["ada", "bianchi", "perugia", "terni"] {
        let words = all.split(|c: char| !c.is_alphanumeric());
        assert!(!words.into_iter().any(|word| word == told), "{told}: {all}");
    }
    assert!(desk.reads("stranger").is_empty());
    // Once more adds nothing.
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert_eq!(desk.reads("foligno").len(), items.len());
}

#[test]
fn the_rule_releases_when_enough_of_enough_organisations_report() {
    let rule = ReleaseRule { reporters: 2, organisations: 2, tlp: Tlp::Green };
    let desk = desk_with(Settings { release: Some(rule), ..settings() });
    let first = desk.report(ADA, &lure(1, SITE));
    let said = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Campaign };
    desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    desk.report("eva@comune.perugia.example", &lure(2, SITE));
    desk.by_mail("x@altrove.example", "", &lure(3, SITE));
    desk.by_mail("luca@comune.terni.example", "mx.comune.example; dmarc=fail", &lure(4, SITE));
    assert!(
        desk.reads("foligno").is_empty(),
        "two of one organisation, a stranger, a borrowed name"
    );
    desk.report("luca@comune.terni.example", &lure(5, SITE));
    assert!(!desk.reads("foligno").is_empty());
}

#[test]
fn time_takes_messages_and_a_restart_takes_nothing() {
    let desk = desk_with(Settings { keep: Duration::from_hours(48), ..settings() });
    let first = desk.report(ADA, &lure(1, SITE));
    desk.clock.advance(Duration::from_hours(47));
    assert_eq!(desk.room.expire_messages().unwrap(), 0);
    let Desk { room, clock, store } = desk;
    drop(room);
    let desk = over(store, clock, settings());
    let second = desk.report("luca@comune.terni.example", &lure(2, SITE));
    assert_eq!(second.others, 1, "the wave is known after a restart");
    desk.clock.advance(Duration::from_hours(2));
    assert_eq!(desk.room.expire_messages().unwrap(), 1);
    assert!(desk.room.message(&analyst(), &first.case).is_err());
    assert!(desk.room.message(&analyst(), &second.case).is_ok());
    assert!(desk.room.dissect(&analyst(), &first.case).unwrap().evidence.is_none());
    desk.clock.advance(Duration::from_hours(24 * 731));
    while desk.room.expire_messages().unwrap() > 0 {}
    assert!(desk.room.queue(&analyst(), &everything()).unwrap().items.is_empty());
}

#[test]
fn an_account_sees_its_own_and_figures_are_by_organisation() {
    let desk = desk();
    let perugia = person("perugia", Role::Liaison);
    let bytes = lure(1, SITE).into_bytes();
    let by = Reporter::Account(perugia.clone());
    let Received::Taken(answers) = desk.room.take(&Handed { bytes: &bytes, by }).unwrap() else {
        panic!("not taken")
    };
    desk.report(ADA, &harmless());
    let own = desk.room.own_answers(&perugia).unwrap();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].case, answers[0].case);
    assert!(desk.room.queue(&perugia, &everything()).is_err());
    assert!(desk.room.statistics(&perugia, 30).is_err());
    desk.room.delete_message(&perugia, &answers[0].case, "mine").unwrap();
    let figures = desk.room.statistics(&analyst(), 30).unwrap();
    assert_eq!(figures.total.reports, 2);
    let tally = &figures.organisations[&perugia.organisation];
    assert_eq!((tally.reports, tally.reporters), (2, 2));
}

#[test]
fn an_answer_that_the_relay_refuses_is_given_up_where_it_is_seen() {
    let desk = desk();
    desk.report(ADA, &lure(1, SITE));
    let due = desk.room.due_answers(10).unwrap().remove(0);
    desk.room.answer_failed(due.lease, "450 busy".into(), Hope::Later).unwrap();
    assert!(desk.room.due_answers(10).unwrap().is_empty());
    desk.clock.advance(Duration::from_mins(1));
    let due = desk.room.due_answers(10).unwrap().remove(0);
    desk.room.answer_failed(due.lease, "550 no such user".into(), Hope::None).unwrap();
    let dead = desk.room.house().dead_letters(&analyst()).unwrap();
    assert_eq!(dead.len(), 1);
    assert!(!dead[0].task.contains("ada.bianchi"), "{}", dead[0].task);
}
