//! When a campaign is released without an analyst: as the agreements say.

use vedetta_flow::Step;
use vedetta_mail::Verdict;
use vedetta_model::Agreement;
use vedetta_postroom::{Overruling, Reach, ReleaseRule, Settings};

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
    let administrator = person("cnaipic", vedetta_model::Role::Administrator);
    for it in agreements {
        let house = desk.room.house();
        house.put_draft(&administrator, it).unwrap();
        house.step_agreement(&administrator, &it.id, &Step::PutInForce).unwrap();
    }
    desk
}

fn node() -> Option<ReleaseRule> {
    Some(ReleaseRule { reporters: 1, organisations: 1, tlp: vedetta_model::Tlp::Green })
}

/// Whether a wave that an analyst called malicious is out, once Perugia and Terni reported it.
fn is_out(desk: &Desk) -> bool {
    let first = desk.report(ADA, &lure(1, SITE));
    let said = Overruling { verdict: Verdict::Malicious, note: String::new(), of: Reach::Campaign };
    desk.room.overrule(&analyst(), &first.case, &said).unwrap();
    desk.report(LUCA, &lure(2, SITE));
    !desk.reads("foligno").is_empty()
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
