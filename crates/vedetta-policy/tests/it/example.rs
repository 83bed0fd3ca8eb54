//! The worked example of the crate's documentation, and its sentences.

use std::sync::Arc;

use serde_json::{Value, json};
use vedetta_model::{Agreement, Audience, Given, Handling, Instant, OrganisationNumber};
use vedetta_policy::{Deed, Explanation, Form, expire, suspend};

use crate::worlds::{World, item};

const PLACES: [&str; 7] =
    ["cnaipic", "cosc-umbria", "perugia", "terni", "todi", "umbria-digitale", "x"];

fn world() -> World {
    let organisation = |id: &str, name: &str, kind: &str, client_of: &[&str]| {
        let region = "Umbria";
        json!({ "id": id, "name": name, "kind": kind, "region": region, "client_of": client_of })
    };
    let organisations = [
        organisation("cnaipic", "CNAIPIC", "national-centre", &[]),
        organisation("cosc-umbria", "COSC Umbria", "regional-centre", &[]),
        organisation("perugia", "Comune di Perugia", "municipality", &[]),
        organisation("terni", "Comune di Terni", "municipality", &[]),
        organisation("todi", "Comune di Todi", "municipality", &[]),
        organisation("umbria-digitale", "Umbria Digitale", "operator", &["perugia"]),
        organisation("x", "Estranea", "operator", &[]),
    ];
    let organisations = organisations.into_iter().zip(0..);
    let agreements = [
        agreement(
            "pro-c2si",
            "PRO-C2SI",
            None,
            ("named", "lineage"),
            json!([
                { "name": "one", "organisations": ["cnaipic"], "receives": ["incident"], "gives": ["incident"] },
                { "name": "two", "organisations": ["cosc-umbria"], "gives": ["incident"], "receives": ["incident"] }
            ]),
        ),
        agreement(
            "umbria",
            "Atto Umbria",
            Some("pro-c2si"),
            ("hidden", "lineage"),
            json!([
                { "name": "centre", "organisations": ["cosc-umbria"], "receives": ["incident"], "gives": ["indicator"] },
                { "name": "towns", "select": { "kinds": ["municipality"], "adhesion": "required" },
                  "gives": ["incident"], "receives": ["indicator"] }
            ]),
        ),
        adhesion("umbria-perugia", "Adesione di Perugia", "perugia"),
        adhesion("umbria-terni", "Adesione di Terni", "terni"),
    ];
    World {
        organisations: organisations
            .map(|(it, n)| (OrganisationNumber(n), Arc::new(serde_json::from_value(it).unwrap())))
            .collect(),
        agreements: agreements.into_iter().map(Arc::new).collect(),
        holds: Vec::new(),
    }
}

fn agreement(
    id: &str,
    title: &str,
    parent: Option<&str>,
    (victim, redistribution): (&str, &str),
    parties: Value,
) -> Agreement {
    let agreement = json!({
        "id": id, "title": title, "parent": parent, "party": parties,
        "stage": { "is": "in-force", "since": "2025-01-01T00:00:00Z", "by": "director" },
        "term": { "from": "2025-01-01", "until": "2027-12-31" },
        "handling": { "victim": victim, "redistribution": redistribution },
    });
    serde_json::from_value(agreement).unwrap()
}

fn adhesion(id: &str, title: &str, organisation: &str) -> Agreement {
    let mut agreement = agreement(id, title, Some("umbria"), ("hidden", "none"), json!([]));
    let organisation = organisation.parse().unwrap();
    agreement.adhesion =
        Some(vedetta_model::agreement::Adhesion { party: "towns".into(), organisation });
    agreement
}

fn handling(category: &str, tlp: &str, victims: &[&str]) -> Arc<Handling> {
    let handling = json!({
        "producer": "perugia", "category": category, "tlp": tlp, "pap": "GREEN", "victims": victims
    });
    Arc::new(serde_json::from_value(handling).unwrap())
}

fn now() -> Instant {
    "2026-06-01T08:00:00Z".parse().unwrap()
}

fn said(world: &World, handling: &Arc<Handling>, place: &str) -> Explanation {
    let number = PLACES.iter().position(|it| *it == place).unwrap();
    let number = OrganisationNumber(u32::try_from(number).unwrap());
    world.network(now()).explain(handling, &item(0), number)
}

#[test]
fn an_incident_of_perugia() {
    let world = world();
    let incident = handling("incident", "AMBER", &["perugia"]);
    for (place, form, it, en) in [
        (
            "perugia",
            Some(Form::Full),
            "Comune di Perugia la riceve perché l'ha prodotta.",
            "Comune di Perugia receives it because it produced it.",
        ),
        (
            "cosc-umbria",
            Some(Form::Redacted),
            "COSC Umbria la riceve senza i dati della vittima da Comune di Perugia in base a \
             «Atto Umbria»; «Atto Umbria» non rivela la vittima.",
            "COSC Umbria receives it without the victim from Comune di Perugia under \
             “Atto Umbria”; “Atto Umbria” does not tell the victim.",
        ),
        (
            "cnaipic",
            Some(Form::Redacted),
            "CNAIPIC la riceve senza i dati della vittima da COSC Umbria in base a «PRO-C2SI»; \
             COSC Umbria l'ha da Comune di Perugia in base a «Atto Umbria»; «Atto Umbria» non \
             rivela la vittima.",
            "CNAIPIC receives it without the victim from COSC Umbria under “PRO-C2SI”; \
             COSC Umbria has it from Comune di Perugia under “Atto Umbria”; “Atto Umbria” does \
             not tell the victim.",
        ),
        (
            "umbria-digitale",
            Some(Form::Redacted),
            "Umbria Digitale la riceve senza i dati della vittima come cliente di Comune di \
             Perugia (TLP:AMBER si estende ai clienti); Comune di Perugia l'ha prodotta; ai \
             clienti la vittima non si rivela.",
            "Umbria Digitale receives it without the victim as a client of Comune di Perugia \
             (TLP:AMBER extends to clients); Comune di Perugia produced it; clients are not told \
             the victim.",
        ),
        (
            "x",
            None,
            "Estranea non la riceve: nessun protocollo la porta da Comune di Perugia fino a lei, \
             né è cliente di chi l'ha.",
            "Estranea does not receive it: no agreement takes it there from Comune di Perugia, \
             nor is it a client of a holder.",
        ),
    ] {
        let explanation = said(&world, &incident, place);
        assert_eq!(explanation.form, form, "{place}");
        assert_eq!((explanation.reason.it.as_str(), explanation.reason.en.as_str()), (it, en));
    }
    let told = |place: &str| said(&world, &incident, place).told.it;
    assert_eq!(
        told("cosc-umbria"),
        "COSC Umbria la riceve senza i dati della vittima da [omissis] in base a «Atto Umbria»; \
         «Atto Umbria» non rivela la vittima."
    );
    assert!(told("perugia").contains("Perugia") && !told("x").contains("Perugia"));
    let path = said(&world, &incident, "cnaipic").path;
    let path: Vec<_> = path.iter().map(|hop| (hop.from.as_str(), hop.to.as_str())).collect();
    assert_eq!(path, [("perugia", "cosc-umbria"), ("cosc-umbria", "cnaipic")]);
}

#[test]
fn the_nearest_reason_of_a_refusal() {
    let reason = |world: &World, handling: &Arc<Handling>, place: &str| {
        said(world, handling, place).reason.it.split_once(": ").unwrap().1.to_owned()
    };
    let mut world = world();
    let indicator = handling("indicator", "AMBER", &[]);
    assert_eq!(
        reason(&world, &indicator, "cosc-umbria"),
        "«Atto Umbria» non prevede che Comune di Perugia le dia indicatori."
    );
    let strict = handling("incident", "AMBER+STRICT", &[]);
    assert_eq!(
        reason(&world, &strict, "umbria-digitale"),
        "è cliente di Comune di Perugia, ma TLP:AMBER+STRICT non si estende ai clienti."
    );
    let red = handling("incident", "RED", &[]);
    assert_eq!(
        reason(&world, &red, "cosc-umbria"),
        "TLP:RED è più stretto di TLP:AMBER+STRICT, il massimo di «Atto Umbria»."
    );
    let incident = handling("incident", "AMBER", &[]);
    let deed = || Deed { by: "director".parse().unwrap(), at: now() };
    let changed = |world: &mut World, place: usize, agreement: Agreement| {
        world.agreements[place] = Arc::new(agreement);
    };
    let framework = world.agreements[0].as_ref().clone();
    let act = world.agreements[1].as_ref().clone();
    let mut closed = act.clone();
    closed.handling.redistribution = vedetta_model::agreement::Redistribution::None;
    changed(&mut world, 1, closed);
    assert_eq!(
        reason(&world, &incident, "cnaipic"),
        "«Atto Umbria» non consente a COSC Umbria di passarla ad altri."
    );
    changed(&mut world, 1, suspend(act.clone(), "verifica", deed()).unwrap());
    assert_eq!(
        reason(&world, &incident, "cosc-umbria"),
        "«Atto Umbria» è sospeso dal 1/6/2026 (da director)."
    );
    changed(&mut world, 1, act.clone());
    changed(&mut world, 0, expire(framework.clone(), deed()).unwrap());
    assert_eq!(
        reason(&world, &incident, "cosc-umbria"),
        "«Atto Umbria» dipende da «PRO-C2SI», che è cessato il 1/6/2026 (chiuso da director)."
    );
    changed(&mut world, 0, framework);
    let adhesion = world.agreements[2].as_ref().clone();
    changed(&mut world, 2, suspend(adhesion, "verifica", deed()).unwrap());
    assert_eq!(
        reason(&world, &incident, "cosc-umbria"),
        "Comune di Perugia, da cui l'avrebbe, non ha un'adesione in vigore a «Atto Umbria»."
    );
}

/// Who took it away is the answer, not what another agreement would never have given.
#[test]
fn what_was_suspended_is_named_before_what_the_terms_never_gave() {
    let mut world = world();
    let mut given = Handling::clone(&handling("indicator", "AMBER", &[]));
    given.producer = "cosc-umbria".parse().unwrap();
    let given = Arc::new(given);
    let parties = json!([
        { "name": "centre", "organisations": ["cosc-umbria"], "receives": ["incident"] },
        { "name": "towns", "select": { "kinds": ["municipality"] }, "gives": ["incident"] }
    ]);
    let terms = ("hidden", "lineage");
    let reports = agreement("reports", "Segnalazioni", Some("pro-c2si"), terms, parties);
    world.agreements.push(Arc::new(reports));
    let deed = Deed { by: "director".parse().unwrap(), at: now() };
    let act = world.agreements[1].as_ref().clone();
    world.agreements[1] = Arc::new(suspend(act, "verifica", deed).unwrap());
    assert_eq!(
        said(&world, &given, "terni").reason.it,
        "Comune di Terni non la riceve: «Atto Umbria» è sospeso dal 1/6/2026 (da director)."
    );
}

#[test]
fn what_a_centre_gives_reaches_who_adhered() {
    let world = world();
    let mut given = Handling::clone(&handling("indicator", "AMBER", &[]));
    given.producer = "cosc-umbria".parse().unwrap();
    let given = Arc::new(given);
    assert_eq!(
        said(&world, &given, "terni").reason.it,
        "Comune di Terni la riceve in forma integrale da COSC Umbria in base a «Atto Umbria», per \
         adesione («Adesione di Terni»)."
    );
    assert_eq!(
        said(&world, &given, "todi").reason.it,
        "Comune di Todi non la riceve: non ha aderito a «Atto Umbria»."
    );
}

/// As the national node decides on what Umbria's node brought it.
#[test]
fn an_incident_brought_by_another_node() {
    let world = world();
    let national = vedetta_model::Audience::from_iter([OrganisationNumber(0)]);
    let here = handling("incident", "AMBER", &["perugia"]);
    let network = world.network(now());
    let passages = network.passages(&here, Form::Redacted, &national, &Audience::nobody());
    assert_eq!(
        json!(passages),
        json!([{ "giver": "cosc-umbria", "right": { "lineages": ["pro-c2si"] },
            "under": "pro-c2si", "root": "pro-c2si", "gives": "lineage",
            "on": ["pro-c2si", "umbria"] }])
    );
    let brought = json!({
        "producer": "cosc-umbria", "category": "incident", "tlp": "AMBER", "pap": "GREEN",
        "via": [passages[0].given()]
    });
    let brought: Arc<Handling> = Arc::new(serde_json::from_value(brought).unwrap());
    let explanation = said(&world, &brought, "cnaipic");
    assert_eq!(
        explanation.reason.it,
        "CNAIPIC la riceve in forma integrale, portata da COSC Umbria in base a «PRO-C2SI»."
    );
    assert_eq!(
        explanation.reason.en,
        "CNAIPIC receives it in full, brought by COSC Umbria under “PRO-C2SI”."
    );
    assert!(!said(&world, &brought, "x").allowed);

    // What rests on an agreement falls with it, also where nobody here has read it.
    let mut suspended = world;
    let by = Deed { by: "director".parse().unwrap(), at: now() };
    let act = suspended.agreements.iter_mut().find(|it| it.id.as_str() == "umbria").unwrap();
    *act = Arc::new(suspend(Agreement::clone(act), "review", by).unwrap());
    assert!(!said(&suspended, &brought, "cnaipic").allowed);
    suspended.agreements.retain(|it| it.id.as_str() == "pro-c2si");
    assert!(said(&suspended, &brought, "cnaipic").allowed);
    let lapsed = std::collections::BTreeSet::from(["umbria".parse().unwrap()]);
    let network = suspended.network(now()).with_lapsed(lapsed);
    assert_eq!(network.decide(&brought).form(OrganisationNumber(0)), None);

    // So does what came through one that left, until it is there again.
    let through = |id: &str| {
        let via = brought.via.iter().cloned();
        let through = |it| Given { through: [id.parse().unwrap()].into(), ..it };
        Arc::new(Handling { via: via.map(through).collect(), ..Handling::clone(&brought) })
    };
    let left = ["x-left", "terni"].map(|it| it.parse().unwrap());
    let network = suspended.network(now()).with_left(left.into());
    let read =
        |handling: Arc<Handling>| network.decide(&handling).form(OrganisationNumber(0)).is_some();
    assert!(!read(through("x-left")));
    assert!(read(through("x-unheard-of")) && read(through("terni")));
}

#[test]
fn who_is_too_small_for_what_is_given_is_told_so() {
    let mut world = world();
    for (number, organisation) in &mut world.organisations {
        let residents = [None, None, Some(160_000), Some(106_000), Some(15_682), None, None];
        Arc::make_mut(organisation).population = residents[number.0 as usize];
    }
    let act = world.agreements.iter_mut().find(|it| it.id.as_str() == "umbria").unwrap();
    Arc::make_mut(act).parties[1].select.as_mut().unwrap().population_above = Some(20_000);
    // Another agreement has the centre and the towns, and gives no indicators to them.
    let reports = agreement(
        "reports",
        "Segnalazioni",
        None,
        ("named", "none"),
        json!([
            { "name": "towns", "select": { "kinds": ["municipality"] }, "gives": ["incident"] },
            { "name": "centre", "organisations": ["cosc-umbria"], "receives": ["incident"] },
        ]),
    );
    world.agreements.insert(0, Arc::new(reports));
    let mut indicator = Handling::clone(&handling("indicator", "AMBER", &[]));
    indicator.producer = "cosc-umbria".parse().unwrap();
    let indicator = Arc::new(indicator);
    assert!(said(&world, &indicator, "terni").allowed);
    let todi = said(&world, &indicator, "todi");
    assert_eq!(
        (todi.reason.it.as_str(), todi.reason.en.as_str()),
        (
            "Comune di Todi non la riceve: non è parte di «Atto Umbria», che chiede un'adesione e \
             più di 20.000 residenti: ne ha 15.682.",
            "Comune di Todi does not receive it: it is no party to “Atto Umbria”, which asks for an \
             adhesion and more than 20,000 residents: it has 15,682.",
        )
    );
    assert_eq!(todi.agreement.unwrap().as_str(), "umbria");
}
