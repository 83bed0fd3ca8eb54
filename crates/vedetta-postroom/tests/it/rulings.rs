//! Whose word moves a wave, and how far an analyst's word reaches.

use std::sync::Arc;

use serde_json::json;
use vedetta_flow::House;
use vedetta_mail::Verdict;
use vedetta_model::{Role, Tlp};
use vedetta_postroom::{
    CampaignStep, CampaignView, Handed, Overruling, Reach, Received, ReleaseRule, Reporter,
    Settings, Stage, Telling,
};
use vedetta_store::UnitOfWork;
use vedetta_store::item::{Claim, ItemDraft, ItemState};
use vedetta_testkit::items::TestItem;

use super::desk::{ADA, Desk, SITE, analyst, desk, desk_with, everything, over, person, settings};
use super::letters::{lure, milder};

const LUCA: &str = "luca@comune.terni.example";

fn ruling(verdict: Verdict, of: Reach) -> Overruling {
    Overruling { verdict, note: String::new(), of }
}

/// The only wave there is.
fn wave(desk: &Desk) -> CampaignView {
    let mut waves = desk.room.campaigns(&analyst()).unwrap();
    assert_eq!(waves.len(), 1, "{waves:?}");
    waves.remove(0)
}

/// Two reporters, of two organisations, release a wave.
fn ruled_by_two() -> Desk {
    let rule = ReleaseRule { reporters: 2, organisations: 2, tlp: Tlp::Green };
    desk_with(Settings { release: Some(rule), ..settings() })
}

#[test]
fn what_strangers_hand_in_moves_no_wave_to_release() {
    let desk = ruled_by_two();
    let first = desk.report(ADA, &milder(1, SITE));
    assert_eq!(first.verdict, Verdict::Suspicious, "{first:?}");
    desk.report(LUCA, &milder(2, SITE));
    desk.by_mail("x@altrove.example", "", &lure(3, SITE));
    desk.by_mail(LUCA, "mx.comune.example; dmarc=fail", &lure(4, SITE));
    desk.report("eva@comune.terni.example", &milder(5, SITE));
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    let worst = queue.items.iter().filter(|it| it.verdict == Verdict::Malicious).count();
    assert_eq!(worst, 2, "the room says it of what the two handed in");
    assert_eq!((wave(&desk).reports, wave(&desk).verdict), (5, Verdict::Suspicious));
    assert!(desk.reads("foligno").is_empty());
    desk.report("eva@comune.perugia.example", &lure(6, SITE));
    assert!(!desk.reads("foligno").is_empty(), "whoever is proven moves it");
}

#[test]
fn a_word_on_one_message_rules_no_other() {
    let desk = ruled_by_two();
    let first = desk.report(ADA, &milder(1, SITE));
    desk.report(LUCA, &milder(2, SITE));
    let alone = ruling(Verdict::ProbablyLegitimate, Reach::Report);
    assert_eq!(desk.room.overrule(&analyst(), &first.case, &alone).unwrap(), 1);
    assert_eq!(wave(&desk).verdict, Verdict::Suspicious, "the wave is as it was");
    assert_eq!(
        desk.report("eva@comune.terni.example", &milder(3, SITE)).verdict,
        Verdict::Suspicious
    );
    let alone = ruling(Verdict::Malicious, Reach::Report);
    desk.room.overrule(&analyst(), &first.case, &alone).unwrap();
    desk.by_mail("x@altrove.example", "", &milder(4, SITE));
    assert_eq!(wave(&desk).verdict, Verdict::Suspicious);
    assert!(desk.reads("foligno").is_empty(), "nor does it release the wave");
    let whole = ruling(Verdict::Malicious, Reach::Campaign);
    assert_eq!(desk.room.overrule(&analyst(), &first.case, &whole).unwrap(), 4);
    assert_eq!(
        desk.report("pia@comune.terni.example", &milder(5, SITE)).verdict,
        Verdict::Malicious
    );
}

#[test]
fn a_word_on_a_wave_outlasts_a_word_on_its_only_message() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    for said in [ruling(Verdict::Spam, Reach::Campaign), ruling(Verdict::Malicious, Reach::Report)]
    {
        desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    }
    assert_eq!(desk.report(LUCA, &lure(2, SITE)).verdict, Verdict::Spam);
}

#[test]
fn what_is_refuted_is_withdrawn_and_may_come_again() {
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.report(LUCA, &lure(2, SITE));
    let id = wave(&desk).campaign.id.to_string();
    let release = CampaignStep::Release { tlp: Tlp::Amber };
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    let released = desk.reads("foligno").len();
    assert!(released > 1);
    let dismissed = desk.room.step_campaign(&analyst(), &id, &CampaignStep::Dismiss);
    assert!(dismissed.is_err(), "what is out is not only put aside");
    let harmless = ruling(Verdict::ProbablyLegitimate, Reach::Campaign);
    desk.room.overrule(&analyst(), &first.case, &harmless).unwrap();
    assert!(desk.reads("foligno").is_empty());
    assert!(matches!(wave(&desk).campaign.stage, Stage::Withdrawn { .. }));
    assert!(desk.room.step_campaign(&analyst(), &id, &release).is_err(), "not against that word");
    let malicious = ruling(Verdict::Malicious, Reach::Campaign);
    desk.room.overrule(&analyst(), &first.case, &malicious).unwrap();
    assert!(matches!(wave(&desk).campaign.stage, Stage::Proposed { .. }));
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert_eq!(desk.reads("foligno").len(), released, "under other names it is served again");
}

#[test]
fn what_is_out_of_a_message_that_is_taken_out_is_withdrawn() {
    let desk = desk();
    desk.report(ADA, &lure(1, SITE));
    let more = "<a href=\"http://altra-banca.invalid/entra\">https://www.poste.it/altro</a></body>";
    let second = desk.report(LUCA, &lure(2, SITE).replace("</body>", more));
    let id = wave(&desk).campaign.id.to_string();
    let release = CampaignStep::Release { tlp: Tlp::Amber };
    let names = |value: &str| desk.reads("foligno").concat().contains(value);
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(names("altra-banca.invalid"));
    let alone = ruling(Verdict::ProbablyLegitimate, Reach::Report);
    desk.room.overrule(&analyst(), &second.case, &alone).unwrap();
    assert!(!names("altra-banca.invalid") && names(SITE), "the rest stays out");
    let campaign = wave(&desk).campaign;
    assert!(matches!(campaign.stage, Stage::Proposed { .. }), "to be released as it is now");
    assert_eq!(campaign.items.len(), desk.reads("foligno").len());
    desk.clock.advance(std::time::Duration::from_mins(1));
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(!names("altra-banca.invalid") && names(SITE));
    let malicious = ruling(Verdict::Malicious, Reach::Campaign);
    desk.room.overrule(&analyst(), &second.case, &malicious).unwrap();
    desk.clock.advance(std::time::Duration::from_mins(1));
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(names("altra-banca.invalid"), "under another name it is served again");
    desk.room.overrule(&analyst(), &second.case, &ruling(Verdict::Spam, Reach::Campaign)).unwrap();
    assert!(desk.reads("foligno").is_empty());
}

#[test]
fn a_campaign_that_showed_a_message_that_is_taken_out_goes_whole() {
    let desk = desk();
    let cases = [(ADA, 1), (LUCA, 2)].map(|(who, n)| desk.report(who, &lure(n, SITE)).case);
    let id = wave(&desk).campaign.id.to_string();
    let release = CampaignStep::Release { tlp: Tlp::Amber };
    let kept = || {
        let mut kept = 0;
        let mut read = |reader: &mut dyn vedetta_store::Reader| {
            kept = reader.bookmark(&format!("mail:{id}"))?.unwrap_or_default().len();
            Ok(())
        };
        desk.store.read(&mut read).unwrap();
        kept
    };
    let alone = ruling(Verdict::ProbablyLegitimate, Reach::Report);
    assert_eq!(wave(&desk).campaign.sample_of.as_ref(), Some(&cases[0]));
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(kept() > 0 && !desk.reads("foligno").is_empty());
    desk.room.overrule(&analyst(), &cases[0], &alone).unwrap();
    assert_eq!((kept(), desk.reads("foligno").len()), (0, 0), "its words went with it");
    assert!(matches!(wave(&desk).campaign.stage, Stage::Proposed { .. }));
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(!desk.reads("foligno").is_empty(), "what the other brought may go");
    desk.room.overrule(&analyst(), &cases[1], &alone).unwrap();
    assert!(desk.reads("foligno").is_empty(), "and nothing is left of it");
    assert!(matches!(wave(&desk).campaign.stage, Stage::Withdrawn { .. }));
}

#[test]
fn what_is_ruled_malicious_is_proposed_or_released_by_the_rule() {
    let (malicious, harmless) =
        (ruling(Verdict::Malicious, Reach::Campaign), ruling(Verdict::Spam, Reach::Campaign));
    let desk = desk();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.room.overrule(&analyst(), &first.case, &harmless).unwrap();
    assert!(matches!(wave(&desk).campaign.stage, Stage::Dismissed { .. }));
    desk.room.overrule(&analyst(), &first.case, &malicious).unwrap();
    assert!(matches!(wave(&desk).campaign.stage, Stage::Proposed { .. }));
    assert!(wave(&desk).sample.is_some_and(|it| it.text.contains("giacenza")));
    let desk = ruled_by_two();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.room.overrule(&analyst(), &first.case, &harmless).unwrap();
    desk.report(LUCA, &lure(2, SITE));
    assert!(desk.reads("foligno").is_empty());
    desk.room.overrule(&analyst(), &first.case, &malicious).unwrap();
    assert!(!desk.reads("foligno").is_empty(), "the rule asks for no report more");
    desk.room.overrule(&analyst(), &first.case, &harmless).unwrap();
    desk.room.settle_campaigns().unwrap();
    assert!(desk.reads("foligno").is_empty());
}

#[test]
fn who_else_received_it_is_asked_of_those_it_went_to() {
    let desk = desk();
    desk.report(ADA, &lure(1, SITE));
    desk.report(LUCA, &lure(2, SITE));
    let id = wave(&desk).campaign.id.to_string();
    let (foligno, stranger) = (person("foligno", Role::Liaison), person("stranger", Role::Liaison));
    assert!(desk.room.questions(&foligno).is_empty());
    let release = CampaignStep::Release { tlp: Tlp::Amber };
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    assert!(desk.reads("foligno").iter().any(|item| item.contains("Vi è arrivata?")));
    let asked = desk.room.questions(&foligno);
    assert_eq!((asked.len(), asked[0].campaign.as_str(), &asked[0].told), (1, id.as_str(), &None));
    assert!(desk.room.questions(&stranger).is_empty(), "only who may read it is asked");
    let said = Telling { received: true, mailboxes: Some(12), note: "in tre uffici".into() };
    assert!(desk.room.answer_question(&stranger, &id, &said).is_err());
    assert!(desk.room.answer_question(&person("foligno", Role::Auditor), &id, &said).is_err());
    desk.room.answer_question(&foligno, &id, &said).unwrap();
    let told = |desk: &Desk| wave(desk).told.values().map(|it| it.mailboxes).collect::<Vec<_>>();
    assert_eq!(told(&desk), [Some(12)]);
    assert_eq!(desk.room.questions(&foligno)[0].told.as_ref().unwrap().note, "in tre uffici");
    let Desk { room, clock, store } = desk;
    drop(room);
    let desk = over(store, clock, settings());
    assert_eq!(told(&desk), [Some(12)], "it is there after a restart");
    let first = desk.room.queue(&analyst(), &everything()).unwrap().items[0].case.clone();
    let harmless = ruling(Verdict::Spam, Reach::Campaign);
    desk.room.overrule(&analyst(), &first, &harmless).unwrap();
    assert!(desk.room.questions(&foligno).is_empty(), "what was withdrawn asks nothing");
}

#[test]
fn who_uploaded_is_told_of_a_changed_verdict() {
    let desk = desk();
    let perugia = person("perugia", Role::Liaison);
    let by = Reporter::Account(perugia.clone());
    let received = desk.room.take(&Handed { bytes: milder(1, SITE).as_bytes(), by }).unwrap();
    let Received::Taken(answers) = received else { panic!("not taken") };
    let (before, began) = (desk.room.overrulings(), desk.room.house().now());
    assert!(desk.room.changed_answers(&perugia, began).is_empty());
    desk.clock.advance(std::time::Duration::from_mins(1));
    let malicious = ruling(Verdict::Malicious, Reach::Campaign);
    desk.room.overrule(&analyst(), &answers[0].case, &malicious).unwrap();
    assert!(desk.room.overrulings() > before);
    let changed = desk.room.changed_answers(&perugia, began);
    assert_eq!(changed.len(), 1);
    assert_eq!(
        (changed[0].verdict, changed[0].before),
        (Verdict::Malicious, Some(answers[0].verdict))
    );
    assert!(desk.room.changed_answers(&person("terni", Role::Liaison), began).is_empty());
    assert!(desk.room.changed_answers(&perugia, desk.room.house().now()).is_empty());
}

#[test]
fn what_somebody_brings_under_the_name_of_a_wave_opens_no_question() {
    let desk = desk();
    desk.report(ADA, &lure(1, SITE));
    desk.report(LUCA, &lure(2, SITE));
    let id = wave(&desk).campaign.id.to_string();
    let release = CampaignStep::Release { tlp: Tlp::Amber };
    desk.room.step_campaign(&analyst(), &id, &release).unwrap();
    let asked = desk.room.questions(&person("foligno", Role::Liaison)).remove(0).item;
    let Desk { room, clock, store } = desk;
    drop(room);
    let entropy = Arc::new(vedetta_testkit::SeededEntropy::new(5));
    let house = House::open(Arc::clone(&store), clock.clone(), entropy).unwrap();
    let (stranger, own) = (person("stranger", Role::Liaison), TestItem::indicator(1));
    vedetta_testkit::bring(&house, &stranger, std::slice::from_ref(&own));
    let producer = house.number_of(&stranger.organisation).unwrap();
    // As a peer would bring it.
    let (template, name) = (own.id(), asked.clone());
    let body = own.with("type", json!("report")).with("id", json!(asked.as_str())).json();
    let beside = move |unit: &mut dyn UnitOfWork| {
        let clearance = unit.releases(&template)?[0].clearance;
        let draft = ItemDraft {
            id: &name,
            version: "2027-03-01T00:00:00Z".parse().unwrap(),
            producer,
            claim: Claim::Own,
            clearance,
            state: ItemState::Live,
            actor: "peer:cosc-umbria",
            facts: "{}",
            body: body.as_bytes(),
        };
        unit.place_items(&[draft]).map(drop)
    };
    house.write(beside).unwrap();
    assert!(house.item(&stranger, &asked).is_ok(), "its own line");
    drop(house);
    let desk = over(store, clock, settings());
    assert!(desk.room.questions(&stranger).is_empty());
    let said = Telling { received: true, mailboxes: None, note: String::new() };
    assert!(desk.room.answer_question(&stranger, &id, &said).is_err());
}
