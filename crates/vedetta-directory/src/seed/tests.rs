use std::collections::{HashMap, HashSet};

use vedetta_model::OrganisationNumber;
use vedetta_model::agreement::Stage;

use super::*;
use crate::Directory;

fn directory(seed: &Seed) -> Directory {
    let mut next = 0;
    Directory::build(seed.records(), |_| {
        next += 1;
        OrganisationNumber(next)
    })
    .unwrap()
}

#[test]
fn the_whole_network_is_there() {
    let seed = italy().unwrap();
    let directory = directory(&seed);
    let count = |kind| directory.of_kind(kind).len();
    assert_eq!(count(OrganisationKind::NationalCentre), 1);
    assert_eq!(count(OrganisationKind::RegionalCentre), 18);
    assert_eq!(count(OrganisationKind::Section), 82);
    assert_eq!(count(OrganisationKind::Association), 21);
    assert_eq!(count(OrganisationKind::Municipality), 7_899);
    assert_eq!(count(OrganisationKind::Agency), 4);
    let adhesions: Vec<_> =
        seed.agreements.iter().filter_map(|a| a.parent.as_ref().zip(a.adhesion.as_ref())).collect();
    assert_eq!(adhesions.len(), 509);
    let under = |act: &str| adhesions.iter().filter(|(parent, _)| parent.as_str() == act).count();
    assert_eq!(
        (under("pro-c2si-umbria"), under("pro-c2si-liguria"), under("pro-c2si")),
        (9, 10, 490)
    );
    assert_eq!(directory.search("comune di forlì", 1)[0].organisation.id.as_str(), "comune-040012");
}

#[test]
fn every_reference_resolves_and_nothing_goes_in_circles() {
    let seed = italy().unwrap();
    let directory = directory(&seed);
    for organisation in &seed.organisations {
        for other in organisation.parent.iter().chain(&organisation.client_of) {
            assert!(directory.organisation(other).is_some(), "{}: {other}", organisation.id);
        }
        let steps = directory.above(&organisation.id).count();
        assert!(steps <= 2, "{} is {steps} steps deep", organisation.id);
    }
    for contact in &seed.contacts {
        assert!(contact.account.as_ref().is_none_or(|id| directory.account(id).is_some()));
        assert!(contact.phone_24h.as_ref().is_some_and(|phone| phone.starts_with("+39 555 ")));
        let behind = contact.substitute.as_ref();
        assert!(behind.is_none_or(|id| *id != contact.id && directory.contact(id).is_some()));
        assert!(contact.last_verified.is_some());
    }
    assert!(seed.accounts.iter().all(|account| !account.roles.is_empty()));
    let (_, refused) = directory.relevance();
    assert_eq!(refused, []);
}

#[test]
fn the_agreements_bind_somebody() {
    let seed = italy().unwrap();
    let directory = directory(&seed);
    let mut known = HashMap::new();
    for agreement in &seed.agreements {
        let id = &agreement.id;
        assert!(known.insert(id.clone(), agreement).is_none(), "{id} twice");
        if let Some(parent) = &agreement.parent {
            assert!(known.contains_key(parent), "{id}: {parent} must come before it");
        }
        let Stage::InForce { by, .. } = &agreement.stage else { panic!("{id} is not in force") };
        assert!(directory.account(by).is_some());
        for party in &agreement.parties {
            let select = party.select.as_ref();
            let named = party.organisations.iter().all(|id| directory.organisation(id).is_some());
            assert!(named, "{id}: {}", party.name);
            assert!(!party.organisations.is_empty() || select.is_some(), "{id}: {}", party.name);
            for contact in &party.contacts {
                let known = directory.contact(contact);
                assert!(known.is_some_and(|it| it.substitute.is_some()), "{id}: {contact}");
            }
        }
        match &agreement.adhesion {
            None => assert!(agreement.parties.len() >= 2, "{id}"),
            Some(adhesion) => {
                let parent = known[agreement.parent.as_ref().unwrap()];
                assert!(parent.parties.iter().any(|party| party.name == adhesion.party), "{id}");
            }
        }
    }
}

#[test]
fn every_province_is_served_once_and_raci_names_parties() {
    let seed = italy().unwrap();
    let provinces: HashSet<_> = seed
        .organisations
        .iter()
        .filter_map(|organisation| organisation.province.clone())
        .collect();
    let mut served = HashSet::new();
    for act in &seed.agreements {
        let names: HashSet<_> = act.parties.iter().map(|party| &party.name).collect();
        for line in &act.raci {
            let said = [&line.responsible, &line.accountable, &line.consulted, &line.informed];
            assert!(said.into_iter().flatten().all(|name| names.contains(name)), "{}", act.id);
        }
        for select in act.parties.iter().filter_map(|party| party.select.as_ref()) {
            assert!(select.provinces.iter().all(|province| served.insert(province.clone())));
        }
    }
    assert_eq!(served, provinces);
    assert_eq!(served.len(), 107);
}
