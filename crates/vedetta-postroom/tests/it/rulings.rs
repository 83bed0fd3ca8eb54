//! Whose word moves a wave, and how far an analyst's word reaches.

use vedetta_mail::Verdict;
use vedetta_model::Tlp;
use vedetta_postroom::{CampaignView, Overruling, Reach, ReleaseRule, Settings};

use super::desk::{ADA, Desk, SITE, analyst, desk, desk_with, everything, settings};
use super::letters::{lure, worse};

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
    let first = desk.report(ADA, &lure(1, SITE));
    assert_eq!(first.verdict, Verdict::Suspicious, "{first:?}");
    desk.report(LUCA, &lure(2, SITE));
    desk.by_mail("x@altrove.example", "", &worse(3, SITE));
    desk.by_mail(LUCA, "mx.comune.example; dmarc=fail", &worse(4, SITE));
    desk.report("eva@comune.terni.example", &lure(5, SITE));
    let queue = desk.room.queue(&analyst(), &everything()).unwrap();
    let worst = queue.items.iter().filter(|it| it.verdict == Verdict::Malicious).count();
    assert_eq!(worst, 2, "the room says it of what the two handed in");
    assert_eq!((wave(&desk).reports, wave(&desk).verdict), (5, Verdict::Suspicious));
    assert!(desk.reads("foligno").is_empty());
    desk.report("eva@comune.perugia.example", &worse(6, SITE));
    assert!(!desk.reads("foligno").is_empty(), "whoever is proven moves it");
}

#[test]
fn a_word_on_one_message_rules_no_other() {
    let desk = ruled_by_two();
    let first = desk.report(ADA, &lure(1, SITE));
    desk.report(LUCA, &lure(2, SITE));
    let alone = ruling(Verdict::ProbablyLegitimate, Reach::Report);
    assert_eq!(desk.room.overrule(&analyst(), &first.case, &alone).unwrap(), 1);
    assert_eq!(wave(&desk).verdict, Verdict::Suspicious, "the wave is as it was");
    assert_eq!(
        desk.report("eva@comune.terni.example", &lure(3, SITE)).verdict,
        Verdict::Suspicious
    );
    let alone = ruling(Verdict::Malicious, Reach::Report);
    desk.room.overrule(&analyst(), &first.case, &alone).unwrap();
    desk.by_mail("x@altrove.example", "", &lure(4, SITE));
    assert_eq!(wave(&desk).verdict, Verdict::Suspicious);
    assert!(desk.reads("foligno").is_empty(), "nor does it release the wave");
    let whole = ruling(Verdict::Malicious, Reach::Campaign);
    assert_eq!(desk.room.overrule(&analyst(), &first.case, &whole).unwrap(), 4);
    assert_eq!(desk.report("pia@comune.terni.example", &lure(5, SITE)).verdict, Verdict::Malicious);
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
