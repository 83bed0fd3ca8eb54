//! What took something from those who had it, and how much deciding that takes.

use std::sync::Arc;

use serde_json::{Value, json};
use vedetta_model::agreement::Redistribution;
use vedetta_model::{Agreement, Audience, Handling, Instant, OrganisationNumber};
use vedetta_policy::{Clearance, Form, Lapse, Lapses, Lost, Network, Outlook, Roll, TakenBy};

use crate::worlds::World;

fn now() -> Instant {
    "2026-06-01T08:00:00Z".parse().unwrap()
}

/// An agreement that ended.
fn ended(id: &str, parent: Option<&str>, parties: Value) -> Agreement {
    let agreement = json!({
        "id": id, "title": id, "parent": parent, "party": parties,
        "stage": { "is": "expired", "since": "2026-05-01T00:00:00Z" },
        "term": { "from": "2025-01-01", "until": "2027-12-31" },
        "handling": { "highest_tlp": "RED", "redistribution": "none" },
    });
    serde_json::from_value(agreement).unwrap()
}

/// By which the centre gave indicators to one.
fn gave(id: &str, to: &str) -> Agreement {
    let parties = json!([
        { "name": "giver", "organisations": ["centre"], "gives": ["indicator"] },
        { "name": "taker", "organisations": [to], "receives": ["indicator"] },
    ]);
    ended(id, None, parties)
}

/// Some organisations, the centre first, each with whose client it is.
fn world(organisations: &[(String, Vec<&str>)], agreements: Vec<Agreement>) -> World {
    let organisation = |(id, client_of): &(String, Vec<&str>)| {
        let it = json!({ "id": id, "name": id, "kind": "municipality", "client_of": client_of });
        Arc::new(serde_json::from_value(it).unwrap())
    };
    let organisations = organisations.iter().map(organisation).zip(0..);
    World {
        organisations: organisations.map(|(it, n)| (OrganisationNumber(n), it)).collect(),
        agreements: agreements.into_iter().map(Arc::new).collect(),
        holds: Vec::new(),
    }
}

/// Everything that ended lapsed.
fn lapses(world: &World) -> Lapses {
    let (organisations, agreements) = (&world.organisations, &world.agreements);
    let lapse = |it: &Arc<Agreement>| Lapse {
        agreement: it.id.clone(),
        since: "2026-05-01T00:00:00Z".parse().unwrap(),
        outlook: Outlook::Over,
    };
    let ended = agreements.iter().filter(|it| it.stage.name() == "expired").map(lapse);
    let roll = Roll { organisations, agreements, holds: &[] };
    Lapses::of(roll, &Network::compile(roll, now()), ended)
}

/// What the centre gave to some and they lost.
fn lost(handling: Value, whom: &Audience) -> Lost {
    let mut whole = json!({ "producer": "centre", "category": "indicator", "pap": "GREEN" });
    whole.as_object_mut().unwrap().extend(handling.as_object().unwrap().clone());
    let handling: Arc<Handling> = Arc::new(serde_json::from_value(whole).unwrap());
    let audience = Arc::new(whom.clone());
    let clearance = Arc::new(Clearance { handling, form: Form::Full, audience });
    Lost { clearance, whom: whom.clone() }
}

fn numbers(all: impl IntoIterator<Item = u32>) -> Audience {
    all.into_iter().map(OrganisationNumber).collect()
}

fn named(taken: &[TakenBy]) -> Vec<(&str, Audience)> {
    taken.iter().map(|it| (it.agreement.as_str(), it.lately.clone())).collect()
}

#[test]
fn whom_an_adhesion_gave_it_through_the_adherent_lost_it_with_the_adhesion_however_many_lapsed() {
    let organisations = [
        ("centre".to_owned(), vec![]),
        ("town".to_owned(), vec![]),
        ("client".to_owned(), vec!["town"]),
        ("agency".to_owned(), vec![]),
        ("village".to_owned(), vec![]),
    ];
    let mut act = ended(
        "act",
        None,
        json!([
            { "name": "giver", "organisations": ["centre"], "gives": ["indicator"] },
            { "name": "towns", "select": { "kinds": ["municipality"], "adhesion": "required" },
              "receives": ["indicator"] },
        ]),
    );
    let in_force = json!({ "is": "in-force", "since": "2025-01-01T00:00:00Z", "by": "director" });
    act.stage = serde_json::from_value(in_force.clone()).unwrap();
    let adhesion = |of: &str| {
        let adhesion = json!({ "party": "towns", "organisation": of });
        let adhesion = Some(serde_json::from_value(adhesion).unwrap());
        Agreement { adhesion, ..ended(&format!("act-{of}"), Some("act"), json!([])) }
    };
    let mut agreements = vec![act, adhesion("town"), adhesion("village"), gave("other", "agency")];
    let item = json!({ "tlp": "AMBER" });
    let all = world(&organisations, agreements.clone());
    let causes = lapses(&all).causes(&[lost(item.clone(), &numbers(1..5))]);
    let with_the_adhesion = ("act-town", numbers([1, 2]));
    let expected =
        [with_the_adhesion.clone(), ("act-village", numbers([4])), ("other", numbers([3]))];
    assert_eq!(named(&causes.taken[0]), expected);
    // The same of who lost it when nothing else lapsed.
    for it in &mut agreements[2..] {
        it.stage = serde_json::from_value(in_force.clone()).unwrap();
    }
    let one = world(&organisations, agreements);
    let causes = lapses(&one).causes(&[lost(item, &numbers(1..3))]);
    assert_eq!(named(&causes.taken[0]), [with_the_adhesion]);
}

/// Ten agreements, each with one, that all ended.
fn ten() -> World {
    let towns: Vec<_> = (0..10).map(|town| format!("town-{town}")).collect();
    let agreements = towns.iter().map(|town| gave(&format!("with-{town}"), town)).collect();
    let organisations = [vec!["centre".to_owned()], towns].concat();
    let organisations: Vec<_> = organisations.into_iter().map(|it| (it, vec![])).collect();
    world(&organisations, agreements)
}

#[test]
fn whoever_names_others_in_each_item_makes_nobody_decide_more() {
    let one = |n: usize| {
        let person = |town: usize| {
            let account = if town == 0 { format!("person-{n}") } else { "officer".into() };
            json!(format!("{account}@town-{town}"))
        };
        let named: Vec<_> = (0..10).map(person).collect();
        lost(json!({ "tlp": "RED", "named": named }), &numbers(1..11))
    };
    let many: Vec<_> = (0..5_000).map(one).collect();
    let causes = lapses(&ten()).causes(&many);
    assert_eq!(causes.decisions, 5_000 + 10, "one for each item, and one for each agreement");
    for taken in &causes.taken {
        let expected = (0..10).map(|town| (format!("with-town-{town}"), numbers([town + 1])));
        let taken = named(taken).into_iter().map(|(id, whom)| (id.to_owned(), whom));
        assert!(taken.eq(expected));
    }
}

#[test]
fn so_many_ways_to_limit_items_are_looked_into_and_no_more() {
    let several = (0..1_024_u32).filter(|set| set.count_ones() > 1);
    let one = |set: u32| {
        let towns = (0..10).filter(|town| set & (1 << town) != 0);
        let only_under: Vec<_> = towns.clone().map(|town| format!("with-town-{town}")).collect();
        let item = json!({ "tlp": "AMBER", "only_under": only_under });
        lost(item, &numbers(towns.map(|town| town + 1)))
    };
    let many: Vec<_> = several.map(one).collect();
    let causes = lapses(&ten()).causes(&many);
    let looked_into = causes.taken.iter().filter(|taken| !taken.is_empty()).count();
    assert_eq!((many.len(), looked_into), (1_013, 256));
    assert!(causes.decisions <= 1_013 + 256 * 10, "{}", causes.decisions);
    assert!(causes.taken.iter().take(256).all(|taken| !taken.is_empty()), "the first of them");
}

#[test]
fn who_gives_on_for_many_is_looked_into_for_each_of_them() {
    let several = (0..1_024_u32).filter(|set| set.count_ones() > 1);
    let sets: Vec<_> = several.take(200).collect();
    let mut world = ten();
    let producers = (0..22).map(|n| (format!("producer-{n}"), vec![]));
    let producers = crate::lapses::world(&producers.collect::<Vec<_>>(), vec![]).organisations;
    let numbered =
        producers.into_iter().map(|(number, it)| (OrganisationNumber(number.0 + 100), it));
    world.organisations.extend(numbered);
    for agreement in &mut world.agreements {
        Arc::make_mut(agreement).handling.redistribution = Redistribution::Any;
    }
    let of = |producer: usize, set: u32| {
        let towns = (0..10).filter(|town| set & (1 << town) != 0);
        let only_under: Vec<_> = towns.clone().map(|town| format!("with-town-{town}")).collect();
        let item = json!({
            "producer": format!("producer-{producer}"), "tlp": "AMBER", "only_under": only_under,
            "via": [{ "giver": "centre", "right": "any" }],
        });
        lost(item, &numbers(towns.map(|town| town + 1)))
    };
    let looked_into = |producers: usize| {
        let many = (0..producers).flat_map(|producer| sets.iter().map(move |set| (producer, *set)));
        let many: Vec<_> = many.map(|(producer, set)| of(producer, set)).collect();
        let causes = lapses(&world).causes(&many);
        causes.taken.iter().filter(|taken| !taken.is_empty()).count()
    };
    assert_eq!(looked_into(3), 600, "each has fewer than it may");
    assert_eq!(looked_into(22), 4_096, "and all together cost no more than so many");
}
