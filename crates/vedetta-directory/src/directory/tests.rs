use vedetta_model::asset::AssetValue;
use vedetta_model::organisation::Criticality;

use super::*;

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

fn organisation(text: &str, name: &str) -> Organisation {
    Organisation {
        id: id(text),
        name: name.into(),
        aliases: Vec::new(),
        kind: OrganisationKind::Municipality,
        parent: None,
        region: Some("Umbria".into()),
        province: None,
        population: None,
        sector: None,
        criticality: Criticality::None,
        client_of: Vec::new(),
    }
}

fn asset(text: &str, owner: &str) -> Asset {
    let what = AssetValue::Domain(format!("{text}.example"));
    Asset { id: AssetId::new(text).unwrap(), organisation: id(owner), what, note: None }
}

fn count() -> impl FnMut(&OrganisationId) -> OrganisationNumber {
    let mut next = 0;
    move |_| {
        next += 1;
        OrganisationNumber(next)
    }
}

fn three() -> Records {
    let mut child = organisation("comune-b", "Comune di Forlì");
    child.parent = Some(id("anci"));
    child.client_of = vec![id("comune-a")];
    Records {
        organisations: vec![
            organisation("comune-a", "Comune di Terni"),
            organisation("anci", "ANCI"),
            child,
        ],
        assets: vec![asset("b", "comune-b"), asset("a", "comune-a")],
        ..Records::default()
    }
}

#[test]
fn everything_is_found() {
    let directory = Directory::build(three(), count()).unwrap();
    assert_eq!(directory.number(&id("anci")), Some(OrganisationNumber(2)));
    assert_eq!(directory.numbered(OrganisationNumber(3)).unwrap().id, id("comune-b"));
    assert!(directory.numbered(OrganisationNumber(4)).is_none());
    let ids = |members: &mut dyn Iterator<Item = &Member>| -> Vec<String> {
        members.map(|member| member.organisation.id.to_string()).collect()
    };
    assert_eq!(ids(&mut directory.children(&id("anci"))), ["comune-b"]);
    assert_eq!(ids(&mut directory.clients(&id("comune-a"))), ["comune-b"]);
    assert_eq!(ids(&mut directory.above(&id("comune-b"))), ["anci"]);
    assert_eq!(directory.in_region("UMBRIA").len(), 3);
    assert_eq!(directory.of_kind(OrganisationKind::Agency).len(), 0);
    assert_eq!(directory.assets_of(&id("comune-a"))[0].id.as_str(), "a");
}

#[test]
fn a_name_is_found_without_accents_the_best_first() {
    let mut records = three();
    records.organisations.push(organisation("comune-c", "Forlimpopoli"));
    records.organisations.push(organisation("comune-d", "Forli"));
    let directory = Directory::build(records, count()).unwrap();
    let found = |text: &str| -> Vec<&str> {
        directory.search(text, 9).iter().map(|member| member.organisation.id.as_str()).collect()
    };
    assert_eq!(found("FORLÌ"), ["comune-d", "comune-c", "comune-b"]);
    assert_eq!(found("comune-b"), ["comune-b"]);
    assert_eq!(directory.search("comune", 2).len(), 2);
    assert!(found(" ").is_empty() && found("zzz").is_empty());
}

#[test]
fn what_contradicts_itself_is_refused() {
    let same = |_: &OrganisationId| OrganisationNumber(1);
    assert!(matches!(Directory::build(three(), same), Err(DirectoryError::NumberTwice { .. })));
    let mut twice = three();
    twice.organisations.push(organisation("anci", "ANCI"));
    let error = Directory::build(twice, count()).unwrap_err();
    assert_eq!(error, DirectoryError::OrganisationTwice(id("anci")));
    let mut twice = three();
    twice.assets.push(asset("a", "comune-b"));
    let error = Directory::build(twice, count()).unwrap_err();
    assert_eq!(error.to_string(), "asset a is there twice");
    let mut stray = three();
    stray.assets.push(asset("c", "nobody"));
    let error = Directory::build(stray, count()).unwrap_err();
    assert_eq!(error.to_string(), "asset c belongs to nobody, which is not in the directory");
}

#[test]
fn a_change_makes_another_snapshot() {
    let before = Directory::build(three(), count()).unwrap();
    let changes = Records {
        organisations: vec![organisation("anci", "Anci nuova"), organisation("comune-z", "Zeta")],
        assets: vec![asset("a", "comune-b"), asset("z", "comune-z")],
        ..Records::default()
    };
    let after = before.with(changes, |_| OrganisationNumber(9)).unwrap();
    assert_eq!(before.members().len(), 3);
    assert_eq!(after.number(&id("anci")), Some(OrganisationNumber(2)));
    assert_eq!(after.organisation(&id("anci")).unwrap().name, "Anci nuova");
    assert_eq!(after.number(&id("comune-z")), Some(OrganisationNumber(9)));
    assert_eq!(after.assets_of(&id("comune-b")).len(), 2);
    assert!(after.assets_of(&id("comune-a")).is_empty());
}

#[test]
fn a_loop_above_ends() {
    let mut records = three();
    records.organisations[1].parent = Some(id("comune-b"));
    let directory = Directory::build(records, count()).unwrap();
    assert_eq!(directory.above(&id("anci")).count(), 3);
}

#[test]
fn a_name_stands_in_a_text_by_itself() {
    let mut records = three();
    records.organisations.push(organisation("comune-c", "Forlì-Forlì"));
    records.organisations.push(organisation("comune-d", "Forlì"));
    records.organisations.push(organisation("comune-e", "COMUNE DI FORLI"));
    records.organisations.push(organisation("comune-f", "Bari"));
    let directory = Directory::build(records, count()).unwrap();
    let named = |text: &str| -> Vec<&str> {
        directory.named_in(text).iter().map(|member| member.organisation.id.as_str()).collect()
    };
    // One within another, and two of one name.
    assert_eq!(named("Il Comune di Forlì, oggi"), ["comune-b", "comune-d", "comune-e"]);
    assert!(named("comune di terninfa e Forlimpopoli").is_empty());
    assert_eq!(named("àcomune di terni; (COMUNE DI TERNI)"), ["comune-a"]);
    assert_eq!(named("xforli-forli-forli"), ["comune-c", "comune-d"], "one over another");
    assert!(named("Bari").is_empty(), "it is short");
    assert!(named("").is_empty());
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
#[test]
fn a_text_is_looked_through_once_however_many_names_there_are() {
    let with = |names: usize| {
        let named = |n| organisation(&format!("o-{n}"), &format!("Comune di Borgo {n} Alto"));
        let organisations = (0..names).map(named).collect();
        Directory::build(Records { organisations, ..Records::default() }, count()).unwrap()
    };
    let text = "Il comune di Borgo vecchio ".repeat(1 << 10) + "comune di borgo 7 alto";
    let least = |directory: &Directory| {
        let takes = |_| {
            let begun = std::time::Instant::now();
            assert_eq!(directory.named_in(&text).len(), 1);
            begun.elapsed()
        };
        (0..5).map(takes).min().unwrap()
    };
    let (few, many) = (least(&with(40)), least(&with(8_000)));
    assert!(many < few * 20, "{many:?} for 8,000 names, {few:?} for 40");
}
