//! When a campaign is released without an analyst: as the agreements say.

use vedetta_flow::Step;
use vedetta_intake::written::marking;
use vedetta_mail::Verdict;
use vedetta_model::{Agreement, Role, Tlp};
use vedetta_postroom::{
    CampaignStep, Handed, Overruling, Reach, Received, ReleaseRule, Reporter, Settings, Stage,
};

use super::desk::{ADA, Desk, SITE, analyst, desk_with, person, settings};
use super::letters::lure;

const LUCA: &str = "luca@comune.terni.example";

/// An agreement between the desk and the towns, with what it says of campaigns.
fn agreement(id: &str, towns: &str, mail: &str) -> Agreement {
    let text = format!(
        "id = \"{id}\"\ntitle = \"Posta\"\n[term]\nfrom = \"2020-01-01\"\nuntil = \"2039-12-31\"\n\
         [[party]]\nname = \"desk\"\norganisations = [\"cnaipic\"]\ngives = [\"indicator\"]\n\
         [[party]]\nname = \"towns\"\norganisations = [{towns}]\nreceives = [\"indicator\"]\n{mail}"
    );
    vedetta_policy::read_agreement(&text, vedetta_policy::Notation::Toml).unwrap()
}

fn desk_under(agreements: &[Agreement], node: Option<ReleaseRule>) -> Desk {
    let desk = desk_with(Settings { release: node, ..settings() });
    let administrator = person("cnaipic", Role::Administrator);
    for it in agreements {
        let house = desk.room.house();
        house.put_draft(&administrator, it).unwrap();
        house.step_agreement(&administrator, &it.id, &Step::PutInForce).unwrap();
    }
    desk
}

fn node() -> Option<ReleaseRule> {
    Some(ReleaseRule { reporters: 2, organisations: 2, tlp: Tlp::Amber })
}

/// Whether a wave that an analyst called malicious is out, once Perugia and Terni reported it.
fn is_out(desk: &Desk) -> bool {
    let first = desk.report(ADA, &lure(1, SITE));
    malicious(desk, &first.case);
    desk.report(LUCA, &lure(2, SITE));
    !desk.reads("foligno").is_empty()
}

fn malicious(desk: &Desk, case: &str) {
    let said = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Campaign };
    desk.room.overrule(&analyst(), case, &said).unwrap();
}

const BOTH: &str = "\"perugia\", \"terni\"";
const AUTOMATIC: &str =
    "[mail]\nrelease = \"automatic\"\nreporters = 2\norganisations = 2\ntlp = \"GREEN\"\n";

#[test]
fn an_agreement_releases_by_itself_what_its_parties_report() {
    assert!(is_out(&desk_under(&[agreement("posta", BOTH, AUTOMATIC)], None)));
    let one = agreement("posta", "\"perugia\"", AUTOMATIC);
    assert!(!is_out(&desk_under(&[one], None)), "one organisation of its parties");
    let more = AUTOMATIC.replace("reporters = 2", "reporters = 3");
    assert!(!is_out(&desk_under(&[agreement("posta", BOTH, &more)], None)));
}

#[test]
fn where_an_agreement_wants_an_analyst_nothing_goes_by_itself() {
    let proposed = agreement("posta", "\"terni\"", "[mail]\nrelease = \"proposed\"\n");
    assert!(!is_out(&desk_under(std::slice::from_ref(&proposed), node())));
    let other = agreement("altra", BOTH, AUTOMATIC);
    assert!(!is_out(&desk_under(&[proposed, other], None)), "one of those who reported says no");
}

#[test]
fn who_is_under_no_agreement_is_under_the_rule_of_the_node() {
    let out = |node: Option<ReleaseRule>| {
        let desk = desk_under(&[agreement("posta", BOTH, AUTOMATIC)], node);
        let by = Reporter::Account(person("foligno", Role::Liaison));
        desk.room.take(&Handed { bytes: lure(3, SITE).as_bytes(), by }).unwrap();
        let out = is_out(&desk);
        assert_eq!(desk.room.campaigns(&analyst()).unwrap()[0].organisations.len(), 3);
        (out, desk.reads("foligno").concat())
    };
    assert!(!out(None).0, "nothing speaks for Foligno");
    let more = node().map(|rule| ReleaseRule { reporters: 4, ..rule });
    assert!(!out(more).0);
    let (is_out, items) = out(node());
    assert!(is_out && items.contains(&marking(Tlp::Amber)), "the stricter label: {items}");
}

#[test]
fn what_an_analyst_took_out_stays_in() {
    let desk = desk_under(&[agreement("posta", BOTH, AUTOMATIC)], None);
    let first = desk.report(ADA, &lure(1, SITE));
    malicious(&desk, &first.case);
    let by = Reporter::Account(person("foligno", Role::Liaison));
    let more =
        "<a href=\"http://solo-foligno.invalid/entra\">https://www.poste.it/altro</a></body>";
    let letter = lure(3, SITE).replace("</body>", more);
    let taken = desk.room.take(&Handed { bytes: letter.as_bytes(), by }).unwrap();
    let Received::Taken(answers) = taken else { panic!("{taken:?}") };
    let learned = || {
        let waves = desk.room.campaigns(&analyst()).unwrap();
        waves[0].campaign.indicators.iter().any(|it| it.value.contains("solo-foligno"))
    };
    assert!(learned());
    let alone = Overruling { verdict: Verdict::Spam, note: String::new(), of: Reach::Report };
    desk.room.overrule(&analyst(), &answers[0].case, &alone).unwrap();
    assert!(!learned());
    desk.report(LUCA, &lure(2, SITE));
    let out = desk.reads("foligno").concat();
    assert!(out.contains("pacco-giacenza") && !out.contains("solo-foligno"), "{out}");
}

#[test]
fn what_is_out_grows_only_by_an_analyst() {
    let desk = desk_under(&[agreement("posta", BOTH, AUTOMATIC)], None);
    assert!(is_out(&desk));
    let more = "<a href=\"http://altra-banca.invalid/entra\">https://www.poste.it/altro</a></body>";
    desk.report("eva@comune.terni.example", &lure(4, SITE).replace("</body>", more));
    let waves = desk.room.campaigns(&analyst()).unwrap();
    assert_eq!(waves.len(), 1);
    assert!(matches!(waves[0].campaign.stage, Stage::Proposed { .. }), "{waves:?}");
    desk.room.settle_campaigns().unwrap();
    let knows = || desk.reads("foligno").concat().contains("altra-banca.invalid");
    assert!(!knows(), "one person brought it");
    desk.clock.advance(std::time::Duration::from_mins(1));
    let release = CampaignStep::Release { tlp: Tlp::Green };
    desk.room.step_campaign(&analyst(), waves[0].campaign.id.as_str(), &release).unwrap();
    assert!(knows());
}

#[test]
fn where_agreements_are_silent_the_node_has_its_own_rule() {
    let silent = agreement("posta", BOTH, "");
    assert!(is_out(&desk_under(std::slice::from_ref(&silent), node())));
    assert!(!is_out(&desk_under(&[silent], None)));
}

#[test]
fn what_an_agreement_lets_go_by_itself_may_be_only_suspicious() {
    let suspicious = format!("{AUTOMATIC}verdict = \"suspicious\"\n");
    let desk = desk_under(&[agreement("posta", BOTH, &suspicious)], None);
    let first = desk.report(ADA, &lure(1, SITE));
    let said =
        Overruling { verdict: Verdict::Suspicious, note: String::new(), of: Reach::Campaign };
    desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    desk.report(LUCA, &lure(2, SITE));
    assert!(!desk.reads("foligno").is_empty());
}
