//! What one node is given reaches everyone entitled at every other, once, by whatever ways.

use serde_json::json;
use vedetta_model::agreement::History;
use vedetta_model::{Actor, Agreement, Role};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements, id, party};
use super::scopes::{closed, narrow, passing_nothing_on};
use super::wire::{Wire, pair, settle};

/// The agreements that a regional node holds: the framework and its own act.
fn of_region(act: &str) -> Vec<Agreement> {
    agreements().into_iter().filter(|it| ["pro-c2si", act].contains(&it.id.as_str())).collect()
}

#[test]
fn from_a_municipality_by_three_nodes_to_another_region() {
    let umbria = Node::new("cosc-umbria", of_region("umbria"));
    let national = Node::new("cnaipic", of_region("none"));
    let liguria = Node::new("cosc-liguria", of_region("liguria"));
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    let items: Vec<_> = (0..50).map(|n| TestItem::indicator(n).tlp("AMBER")).collect();
    umbria.bring("perugia", &items);
    settle(&mut wires);
    for item in &items {
        let id = item.id();
        assert!(umbria.reads("cosc-umbria", &id) && national.reads("cnaipic", &id));
        assert!(liguria.reads("cosc-liguria", &id) && liguria.reads("genova", &id));
        assert!(!national.reads("poli-cert", &id) && !liguria.reads("poli-cert", &id));
    }
    assert_eq!(liguria.read_by("genova").len(), items.len(), "each once");
    let genova = id("genova");
    let why = liguria.house.explain_any(&items[0].id(), &genova).unwrap();
    assert!(why.allowed, "{}", why.reason_en);
    let why = liguria.house.explain_any(&items[0].id(), &id("cosc-liguria")).unwrap();
    assert!(why.reason_en.contains("brought by CNAIPIC under “Act pro-c2si”"), "{}", why.reason_en);
    // Quiet again: nothing goes round.
    settle(&mut wires);
    let again = Wire::between(&national, &liguria).carry();
    assert!(again, "they greet each other");
    assert_eq!(liguria.read_by("genova").len(), items.len());
}

/// The centre links two regions. Posts give to desks and desks to posts; one desk is the centre's to
/// speak for, or none is.
fn between_two_regions(desks: &[&str]) -> (bool, Vec<String>) {
    let posts = json!([party("posts", &["perugia", "genova"]), party("desks", desks)]);
    let reports = json!([party("post", &["perugia"]), party("agency", &["poli-cert"])]);
    let held = || {
        let corps = agreement("corps", None, ("named", "lineage"), &posts);
        let reports = agreement("reports", None, ("named", "none"), &reports);
        agreements().into_iter().take(1).chain([corps, reports]).collect::<Vec<_>>()
    };
    let umbria = Node::new("cosc-umbria", held());
    let national = Node::new("cnaipic", held());
    let liguria = Node::new("cosc-liguria", held());
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    let limits = json!(["corps", "reports"]);
    let item = TestItem::indicator(1).tlp("AMBER").handled("only_under", limits);
    umbria.bring("perugia", std::slice::from_ref(&item));
    settle(&mut wires);
    assert!(national.reads("poli-cert", &item.id()) && !national.reads("cnaipic", &item.id()));
    let [_, last] = wires;
    (liguria.reads("genova", &item.id()), last.seen)
}

#[test]
fn of_many_who_may_give_a_node_names_one_for_whom_it_speaks() {
    // The desk that comes first is another node's.
    let (read, seen) = between_two_regions(&["cosc-liguria", "poli-cert"]);
    assert!(read && seen.iter().any(|frame| frame.contains("Passage { giver: poli-cert,")));
}

#[test]
fn who_is_entitled_has_it_by_a_node_that_speaks_for_nobody_who_gives_it() {
    let (read, _) = between_two_regions(&["cosc-umbria"]);
    assert!(read);
}

#[test]
fn a_limit_or_a_marking_stops_it_at_the_node_where_it_stops() {
    let umbria = Node::new("cosc-umbria", agreements());
    let national = Node::new("cnaipic", agreements());
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    let limited =
        TestItem::indicator(1).tlp("AMBER").handled("only_under", serde_json::json!(["umbria"]));
    let free = TestItem::indicator(2).tlp("AMBER");
    umbria.bring("perugia", &[limited.clone(), free.clone()]);
    settle(&mut wires);
    assert!(umbria.reads("cosc-umbria", &limited.id()));
    assert!(national.reads("cnaipic", &free.id()));
    assert!(!national.reads("cnaipic", &limited.id()));
    assert!(!wires[0].seen.iter().any(|frame| frame.contains(limited.id().as_str())));
}

#[test]
fn in_a_ring_one_item_has_all_its_ways_in_its_provenance() {
    let regional = agreement(
        "regions",
        Some("pro-c2si"),
        ("named", "lineage"),
        &serde_json::json!([party("one", &["cosc-umbria"]), party("two", &["cosc-liguria"]),]),
    );
    let all = || agreements().into_iter().chain([regional.clone()]).collect::<Vec<_>>();
    let umbria = Node::new("cosc-umbria", all());
    let national = Node::new("cnaipic", all());
    let liguria = Node::new("cosc-liguria", all());
    pair(&national, &umbria);
    pair(&national, &liguria);
    pair(&umbria, &liguria);
    let mut wires = [
        Wire::between(&national, &umbria),
        Wire::between(&national, &liguria),
        Wire::between(&umbria, &liguria),
    ];
    let items: Vec<_> = (0..5).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    umbria.bring("cosc-umbria", &items);
    settle(&mut wires);
    for (node, reader) in [(&umbria, "cosc-umbria"), (&national, "cnaipic"), (&liguria, "genova")] {
        assert_eq!(node.read_by(reader).len(), items.len(), "each once, at {}", node.name);
    }
    let ways = |node: &Node| node.deeds().iter().filter(|deed| deed["deed"] == "path").count();
    assert_eq!(ways(&national), items.len(), "straight from Umbria, and by Liguria");
    assert_eq!(ways(&liguria), items.len(), "straight from Umbria, and by the national centre");
    assert_eq!(ways(&umbria), 0, "nothing comes back");
    let paths = |node: &Node, by: &vedetta_model::Actor| {
        let answer = node.house.explain(by, &items[0].id(), &by.organisation).unwrap();
        let mut paths = answer.paths;
        paths.sort();
        paths.iter().map(|it| it.iter().map(ToString::to_string).collect()).collect::<Vec<Vec<_>>>()
    };
    let both = [vec!["cosc-umbria"], vec!["cosc-umbria", "cosc-liguria"]];
    assert_eq!(paths(&national, &national.administrator()), both);
    assert!(paths(&umbria, &umbria.administrator()).is_empty(), "it is its own");
    assert!(paths(&liguria, &liguria.person("genova")).is_empty(), "that is for the room");
    // When one way falls, the other still stands.
    let (way, by) = ("regions".parse().unwrap(), umbria.administrator());
    let suspend = vedetta_flow::Step::Suspend { reason: "review".into() };
    umbria.house.step_agreement(&by, &way, &suspend).unwrap();
    settle(&mut wires);
    for (node, reader) in [(&national, "cnaipic"), (&liguria, "cosc-liguria")] {
        node.house.clear_newcomers().unwrap();
        settle(&mut wires);
        assert_eq!(node.read_by(reader).len(), items.len(), "each once, at {}", node.name);
    }
}

#[test]
fn who_has_it_by_two_ways_keeps_it_when_the_first_falls_though_nothing_of_the_past_is_given() {
    let act = |name: &str, one: &str, two: &str| {
        let parties = json!([party("one", &[one]), party("two", &[two])]);
        agreement(name, Some("pro-c2si"), ("named", "lineage"), &parties)
    };
    let held = |acts: &[&str]| {
        let acts = acts.iter().map(|name| match *name {
            "left" => act(name, "poli-cert", "cosc-umbria"),
            "right" => act(name, "poli-cert", "cosc-liguria"),
            _ => act(name, "cnaipic", "perugia"),
        });
        let mut held: Vec<_> = agreements().into_iter().take(1).chain(acts).collect();
        held.iter_mut().for_each(|it| it.handling.history = History::None);
        held
    };
    let agency = Node::new("poli-cert", held(&["left", "right"]));
    let umbria = Node::new("cosc-umbria", held(&["left"]));
    let liguria = Node::new("cosc-liguria", held(&["right"]));
    let [national, town] = ["cnaipic", "perugia"].map(|name| Node::new(name, held(&["town"])));
    for other in [&umbria, &liguria, &agency, &town] {
        pair(&national, other);
    }
    pair(&umbria, &agency);
    pair(&liguria, &agency);
    let item = TestItem::indicator(1).tlp("AMBER");
    agency.bring("poli-cert", &[item.clone()]);
    let mut wires = [
        Wire::between(&umbria, &agency),
        Wire::between(&national, &umbria),
        Wire::between(&national, &town),
        Wire::between(&liguria, &agency),
        Wire::between(&national, &liguria),
    ];
    settle(&mut wires[..3]);
    settle(&mut wires);
    let look = |wires: &mut [Wire<'_>]| {
        for (node, reader) in [(&national, "cnaipic"), (&town, "perugia")] {
            node.house.clear_newcomers().unwrap();
            settle(wires);
            assert!(node.reads(reader, &item.id()), "{reader}");
        }
    };
    look(&mut wires);
    let (way, by) = ("left".parse().unwrap(), agency.administrator());
    let suspend = vedetta_flow::Step::Suspend { reason: "review".into() };
    agency.house.step_agreement(&by, &way, &suspend).unwrap();
    settle(&mut wires);
    look(&mut wires);
    agency.house.step_agreement(&by, &way, &vedetta_flow::Step::Resume).unwrap();
    settle(&mut wires);
    look(&mut wires);
}

#[test]
fn who_has_seen_it_is_known_to_who_gave_it() {
    let umbria = Node::new("cosc-umbria", agreements());
    let national = Node::new("cnaipic", agreements());
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut wires);
    umbria.clock.advance(std::time::Duration::from_secs(60));
    national.clock.advance(std::time::Duration::from_secs(60));
    let by = national.person("cnaipic");
    national.house.acknowledge(&by, &item.id(), Some("seen".into())).unwrap();
    settle(&mut wires);
    let mut by = umbria.administrator();
    by.roles.insert(Role::Auditor);
    let deliveries = umbria.deliveries(&by, &item.id());
    let theirs = deliveries.iter().find(|it| it.organisation == id("cnaipic")).unwrap();
    assert_eq!(theirs.door, Some(vedetta_flow::Door::Peer));
    let seen = theirs.acknowledged.as_ref().map(|it| (it.at, it.by.as_str()));
    assert_eq!(seen, Some((national.house.now(), "cnaipic")), "as its node tells");
    let pace = vedetta_timeliness::Timeliness::of(&umbria.house)
        .pace(&by, vedetta_flow::Sequence::START)
        .unwrap();
    assert!(pace.iter().any(|it| it.agreement.as_str() == "pro-c2si" && it.acknowledge.count == 1));
    let arriving = national.nodes.arriving(&national.administrator()).unwrap();
    assert_eq!(arriving.len(), 1);
    assert_eq!(arriving[0].agreement.as_str(), "pro-c2si");
}

#[test]
fn who_has_seen_it_beyond_the_next_node_is_known_where_it_came_from_and_nowhere_else() {
    let names = ["cosc-umbria", "cnaipic", "cosc-liguria", "poli-cert"];
    let mut held = agreements();
    held.push(closed("agency", "cosc-umbria", "poli-cert"));
    let [umbria, national, liguria, agency] = names.map(|name| Node::new(name, held.clone()));
    for other in [&umbria, &liguria, &agency] {
        pair(&national, other);
    }
    let mut wires = [&umbria, &liguria, &agency].map(|other| Wire::between(&national, other));
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut wires);
    for node in [&umbria, &national, &liguria, &agency] {
        node.clock.advance(std::time::Duration::from_secs(60));
    }
    assert!(agency.reads("poli-cert", &item.id()));
    let before: Vec<_> = wires.iter().map(|wire| wire.seen.len()).collect();
    liguria.house.acknowledge(&liguria.person("genova"), &item.id(), None).unwrap();
    settle(&mut wires);
    for node in [&national, &umbria] {
        let by = Actor { roles: [Role::Auditor].into(), ..node.administrator() };
        let deliveries = node.deliveries(&by, &item.id());
        let theirs = deliveries.iter().find(|it| it.organisation == id("genova")).unwrap();
        let seen = theirs.acknowledged.as_ref().map(|it| it.at);
        assert_eq!(seen, Some(liguria.house.now()), "at {}", node.name);
    }
    let told = |wire: usize| {
        let since = &wires[wire].seen[before[wire]..];
        since.iter().filter(|frame| frame.contains("Acknowledgement(")).count()
    };
    assert_eq!([told(0), told(1), told(2)], [1, 1, 0], "once, and back on the way alone");
}

#[test]
fn of_two_that_made_one_identifier_the_same_is_given_everywhere() {
    let (umbria, liguria) =
        (Node::new("cosc-umbria", agreements()), Node::new("cosc-liguria", agreements()));
    let national = Node::new("cnaipic", agreements());
    pair(&national, &umbria);
    pair(&national, &liguria);
    let item = TestItem::indicator(1).tlp("GREEN");
    let (one, two) = (
        item.clone().with("name", "as Umbria says".into()),
        item.clone().with("name", "as Liguria says".into()),
    );
    umbria.bring("cosc-umbria", &[one]);
    liguria.bring("cosc-liguria", &[two]);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    let said = |node: &Node, reader: &str| {
        let read = node.house.item(&node.person(reader), &item.id()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&read.body).unwrap();
        value["name"].as_str().unwrap().to_owned()
    };
    let everywhere =
        [said(&national, "cnaipic"), said(&umbria, "cosc-umbria"), said(&liguria, "cosc-liguria")];
    assert!(everywhere.iter().all(|it| *it == everywhere[0]), "{everywhere:?}");
    let told = wires[1].seen.iter().any(|frame| frame.contains("gave-way"));
    assert!(!told, "nothing gives way to what another brought");
    assert_eq!(umbria.read_by("cosc-umbria").len(), 2, "who asks for all has both");
    for node in [&national, &umbria, &liguria] {
        let mut sound = None;
        node.store
            .read(&mut |reader| {
                sound = Some(vedetta_store::verify(reader)?);
                Ok(())
            })
            .unwrap();
        assert!(matches!(sound, Some(vedetta_store::Verification::Sound { .. })), "{sound:?}");
    }
}

#[test]
fn what_comes_again_is_known_and_writes_nothing() {
    let umbria = Node::new("cosc-umbria", agreements());
    let national = Node::new("cnaipic", agreements());
    pair(&national, &umbria);
    let items: Vec<_> = (0..20).map(|n| TestItem::indicator(n).tlp("AMBER")).collect();
    umbria.bring("perugia", &items);
    let withdrawn = items[3].id();
    umbria.house.withdraw(&umbria.person("perugia"), &withdrawn, "a mistake").unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    let places = || vedetta_federation::shelf::Shelf::head(&national.nodes).unwrap().place;
    let before = places();
    let forgotten = vedetta_federation::bookmark::Bookmark::default();
    let peer = id("cosc-umbria");
    vedetta_federation::shelf::Shelf::set_bookmark(&national.nodes, &peer, &forgotten).unwrap();
    umbria.clock.advance(std::time::Duration::from_micros(1));
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(wires[0].seen.iter().any(|frame| frame.contains(items[0].id().as_str())), "it came");
    assert_eq!(places(), before);
    assert_eq!(national.read_by("cnaipic").len(), items.len() - 1);
}

#[test]
fn what_somebody_here_brings_too_goes_out_by_its_right_too() {
    let [umbria, national, liguria] = passing_nothing_on();
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut wires);
    assert!(national.reads("cnaipic", &item.id()));
    assert!(!liguria.reads("cosc-liguria", &item.id()), "who got it may not pass it on");
    national.bring("poli-cert", &[item.clone()]);
    settle(&mut wires);
    assert!(liguria.reads("cosc-liguria", &item.id()));
}

/// The agency's agreement with some, by which they may pass on within the framework or not at all.
fn of_the_agency(parent: Option<&str>, redistribution: &str, others: &[&str]) -> Agreement {
    let parties = json!([party("one", &["poli-cert"]), party("two", others)]);
    agreement("agency", parent, ("named", redistribution), &parties)
}

#[test]
fn what_a_peer_refuses_for_its_way_is_offered_by_the_other() {
    let regions = ["cosc-umbria", "cosc-liguria"];
    refused_for_its_way(
        &of_the_agency(Some("pro-c2si"), "lineage", &regions),
        (revoke, "revoked-key"),
    );
}

#[test]
fn it_is_so_where_a_node_on_its_way_is_not_known_to_speak_for_who_gives_it() {
    let regions = ["cosc-umbria", "cosc-liguria"];
    let narrow = |town: &Node, _: &Node| {
        narrow(town, "cnaipic", &["cnaipic", "cosc-liguria", "poli-cert"]);
    };
    refused_for_its_way(
        &of_the_agency(Some("pro-c2si"), "lineage", &regions),
        (narrow, "not-speaking"),
    );
}

#[test]
fn it_is_so_of_ways_by_which_nobody_gives_more_than_by_the_other() {
    let all = ["cosc-umbria", "cosc-liguria", "cnaipic", "perugia"];
    refused_for_its_way(&of_the_agency(None, "none", &all), (revoke, "revoked-key"));
}

#[test]
fn of_whom_nothing_was_heard_the_one_above_speaks() {
    let agency = of_the_agency(None, "none", &["cosc-umbria"]);
    let held = || agreements().into_iter().chain([agency.clone()]).collect();
    let [national, umbria, agency] =
        ["cnaipic", "cosc-umbria", "poli-cert"].map(|it| Node::new(it, held()));
    pair(&national, &umbria);
    pair(&national, &agency);
    let only = |n| TestItem::indicator(n).tlp("AMBER").handled("only_under", json!(["agency"]));
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &agency)];
    umbria.bring("cosc-umbria", &[only(1)]);
    settle(&mut wires);
    assert!(agency.reads("poli-cert", &only(1).id()), "the centre was accepted for everyone");
    assert!(!national.reads("cnaipic", &only(1).id()), "and reads nothing of it");
    let heard = TestItem::indicator(2).tlp("CLEAR");
    agency.bring("poli-cert", &[heard.clone()]);
    settle(&mut wires);
    assert!(umbria.reads("cosc-umbria", &heard.id()));
    umbria.bring("cosc-umbria", &[only(3)]);
    settle(&mut wires);
    assert!(!agency.reads("poli-cert", &only(3).id()));
    let seen = |wire: &Wire<'_>| wire.seen.iter().any(|it| it.contains(only(3).id().as_str()));
    assert!(!wires.iter().any(seen), "it is for nobody at the centre");
}

/// Has a node believe the key of another no more.
fn revoke(node: &Node, other: &Node) {
    let key = other.house.mesh().unwrap().key.public().id();
    node.nodes.revoke_key(&node.administrator(), key, "not believed here").unwrap();
}

#[test]
fn it_is_so_of_more_than_fit_a_notice_or_are_told_apart() {
    let regions = ["cosc-umbria", "cosc-liguria"];
    refused_for_their_way(
        &of_the_agency(Some("pro-c2si"), "lineage", &regions),
        (revoke, "revoked-key"),
        300,
    );
}

/// What comes to the national centre by two regions, of which a municipality believes one no more.
fn refused_for_its_way(agency: &Agreement, disbelief: (impl Fn(&Node, &Node), &str)) {
    refused_for_their_way(agency, disbelief, 1);
}

/// The national centre, two regions, the agency paired with all of them, and a town with the centre.
fn two_ways(agency: &Agreement) -> [Node; 5] {
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria", "poli-cert", "perugia"];
    let regions = ["cosc-umbria", "cosc-liguria"];
    let held = |name: &str| {
        // Those for whom others speak by now give nothing at the regions' nodes.
        let parties = json!([party("one", &["cnaipic"]), party("two", &["perugia"])]);
        let town = agreement("town", Some("pro-c2si"), ("named", "lineage"), &parties);
        let town = (!regions.contains(&name)).then_some(town);
        agreements().into_iter().chain([agency.clone()]).chain(town).collect()
    };
    let nodes = names.map(|it| Node::new(it, held(it)));
    for [one, other] in [[0, 1], [0, 2], [0, 3], [0, 4], [1, 3], [2, 3]] {
        pair(&nodes[one], &nodes[other]);
    }
    nodes
}

/// The same of so many items.
fn refused_for_their_way(
    agency: &Agreement,
    (disbelieve, why): (impl Fn(&Node, &Node), &str),
    many: u32,
) {
    let [national, umbria, liguria, agency, town] = two_ways(agency);
    let mut start = [Wire::between(&national, &umbria), Wire::between(&national, &town)];
    let first = TestItem::indicator(1).tlp("CLEAR");
    umbria.bring("cosc-umbria", &[first.clone()]);
    settle(&mut start);
    assert!(town.reads("perugia", &first.id()));
    drop(start);
    disbelieve(&town, &umbria);
    let bring = |first: u32| {
        let items: Vec<_> =
            (first..first + many).map(|n| TestItem::indicator(n).tlp("AMBER")).collect();
        agency.bring("poli-cert", &items);
        settle(&mut [Wire::between(&umbria, &agency), Wire::between(&liguria, &agency)]);
        items
    };
    let reads =
        |items: &[TestItem]| items.iter().filter(|it| town.reads("perugia", &it.id())).count();
    let pass_on = |relay| settle(&mut [Wire::between(&national, relay)]);
    let relayed = || [&umbria, &liguria].into_iter().for_each(pass_on);
    // Both ways are there when it is offered, or the second comes once the first was refused.
    let items = bring(2);
    relayed();
    let mut last = [Wire::between(&national, &town)];
    settle(&mut last);
    assert_eq!(reads(&items), items.len());
    let items = bring(2 + many);
    for relay in [&umbria, &liguria] {
        assert_eq!(reads(&items), 0);
        pass_on(relay);
        settle(&mut last);
    }
    assert_eq!(reads(&items), items.len());
    assert!(last[0].seen.iter().any(|frame| frame.contains(why)));
    let before = last[0].seen.len();
    settle(&mut last);
    assert_eq!(last[0].seen.len(), before, "and then all is said");
    drop(last);
    // What is said of it is lost with its connection: the next says it again.
    let items = bring(2 + 2 * many);
    relayed();
    let mut lost = Wire::between(&national, &town);
    while town.nodes.untold(&id("cnaipic")).unwrap().iter().filter(|it| it.why == why).count()
        < items.len()
    {
        lost.carry_until(0, "Batch");
    }
    drop(lost);
    assert_eq!(reads(&items), 0);
    let mut last = [Wire::between(&national, &town)];
    settle(&mut last);
    assert_eq!(reads(&items), items.len());
    if many > 1 {
        // Of what is refused by every way nothing comes, and that has an end too.
        disbelieve(&town, &liguria);
        let items = bring(2 + 3 * many);
        relayed();
        settle(&mut last);
        assert_eq!(reads(&items), 0);
    }
}

#[test]
fn what_goes_on_by_nobodys_right_is_recorded_for_nobody_whom_it_does_not_reach_there() {
    let act = |name: &str, one: &str, two: &[&str]| {
        let parties = json!([party("one", &[one]), party("two", two)]);
        agreement(name, Some("pro-c2si"), ("named", "lineage"), &parties)
    };
    let held = |some: &[&str]| {
        let agency = act("agency", "cosc-umbria", &["poli-cert"]);
        let further = act("further", "poli-cert", &["cosc-liguria", "cnaipic"]);
        let all = agreements().into_iter().chain([agency, further]);
        all.filter(|it| some.contains(&it.id.as_str())).collect::<Vec<_>>()
    };
    let umbria = Node::new("cosc-umbria", held(&["pro-c2si", "umbria", "agency", "further"]));
    let [national, liguria, agency] = ["cnaipic", "cosc-liguria", "poli-cert"]
        .map(|name| Node::new(name, held(&["pro-c2si", "agency", "further"])));
    for other in [&umbria, &liguria, &agency] {
        pair(&national, other);
    }
    let limits = json!(["umbria", "agency", "further"]);
    let item = TestItem::indicator(1).tlp("AMBER").handled("only_under", limits);
    umbria.bring("perugia", &[item.clone()]);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    // The agency gives it to both, and only its own node may say so.
    assert!(national.reads("cnaipic", &item.id()) && !liguria.reads("cosc-liguria", &item.id()));
    assert!(wires[1].seen.iter().any(|frame| frame.contains(item.id().as_str())));
    let by = Actor { roles: [Role::Auditor].into(), ..national.administrator() };
    let deliveries = national.deliveries(&by, &item.id());
    assert!(deliveries.iter().all(|it| it.door.is_none() || it.organisation != id("cosc-liguria")));
}
