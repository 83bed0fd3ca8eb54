//! The other nodes: how their links do, and which way an item came.

use std::sync::Arc;

use http::StatusCode;
use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::cards::Vouches;
use vedetta_federation::envelope::Envelope;
use vedetta_federation::exchange::{Signer, fetch, take};
use vedetta_federation::frame::{Batch, Told};
use vedetta_federation::link::Taking;
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::{Ask, Lane, Shelf as _};
use vedetta_mesh::{Flown, Nodes, Terms};
use vedetta_model::{OrganisationId, Role};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::browser::Node;

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

/// A house as the node of an organisation.
fn run_by(test: TestHouse, organisation: &str) -> TestHouse {
    test.house.set_own(&id(organisation)).unwrap();
    test.house.establish_node(&Scope::below(id(organisation)), None).unwrap();
    test
}

/// The node of the national centre over a house, paired with Umbria's: what it brings is everything
/// in its ledger, and one envelope that is for nobody here.
async fn with_umbria(umbria: TestHouse) -> Node {
    let node = Node::over(run_by(TestHouse::small(), "cnaipic"));
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    let (umbria, admin) = (run_by(umbria, "cosc-umbria"), node.admin.clone());
    let pair_and_bring = move |national: &Nodes| {
        let theirs = umbria.administrator_of("cosc-umbria");
        let umbria = Nodes::new(Arc::new(umbria.house));
        let terms = |of: &str| Terms { serves: Scope::below(id(of)), vouches: Vouches::Below };
        let (act, address) = ("act".parse().unwrap(), "umbria.example.org:8444");
        let invited = umbria.invite_node(&theirs, &id("cnaipic"), &act, &terms("cnaipic"), address);
        let code = invited.unwrap();
        let key = |nodes: &Nodes| nodes.house().mesh().unwrap().key.public();
        let (inviting, accepting) = (key(&umbria), key(national));
        let proposal = national.propose_pairing(&admin, &code, &inviting).unwrap();
        let answer = umbria.answer_proposal(&accepting, &proposal).unwrap();
        let of = (&inviting, &answer);
        national.accept_node(&admin, &code, of, &terms("cosc-umbria")).unwrap();
        bring(&umbria, national);
        Ok(())
    };
    node.console.api().ask_nodes(pair_and_bring).await.unwrap();
    node
}

fn bring(umbria: &Nodes, national: &Nodes) {
    let (mesh, now) = (umbria.house().mesh().unwrap(), national.house().now());
    let signer = Signer { node: &mesh.me, key: &mesh.key };
    let span = Span { after: 0, upto: umbria.head().unwrap().place };
    let ask = Ask { lane: Lane::Backlog, span, envelopes: 500, octets: 1 << 20, echo: 0 };
    let fetched = fetch(umbria, signer, &id("cnaipic"), &ask, now).unwrap();
    let Mark { hash, .. } = fetched.upto;
    let mut envelopes = fetched.envelopes;
    let strays = envelopes.iter().take(1).map(|it| Envelope { hops: Vec::new(), ..it.clone() });
    envelopes.extend(strays.collect::<Vec<_>>());
    let batch = Box::new(Batch { number: 1, lane: Lane::Live, span, hash, envelopes });
    let taking = Taking { batch, bookmark: Bookmark::default() };
    let trust = Arc::clone(&national.house().mesh().unwrap().trust);
    let refused = taking.batch.envelopes[0].clone();
    take(national, &trust, &mesh.me, taking, now).unwrap();
    // And it refuses the first, which came back.
    let leaf = refused.leaf();
    let mut flown = Flown::default();
    flown.sent(Batch { number: 1, lane: Lane::Live, span, hash, envelopes: vec![refused] });
    let told = Told { leaf, why: "widened".into(), says: "who gave you that?".into() };
    national.refused_there(&mesh.me, &[told], &mut flown);
}

#[tokio::test]
async fn how_each_link_does_is_shown_to_the_room_alone() {
    let alone = Node::over(run_by(TestHouse::small(), "cnaipic"));
    alone.account("turno", "cnaipic", &[Role::DutyOfficer]);
    let none = alone.browser("turno").open("/links").await.text;
    assert!(none.contains("non è collegato ad altri"), "{none}");
    let umbria = TestHouse::small();
    umbria.bring("cosc-umbria", &[TestItem::indicator(1).tlp("GREEN")]);
    let node = with_umbria(umbria).await;
    let page = node.browser("turno").open("/links").await.text;
    let item = TestItem::indicator(1).id();
    let refused = format!("<a href=\"/items/{item}\"");
    for shown in [
        "COSC Umbria</a>",
        "mai tentato",
        "in uso",
        "1 qui, 1 là",
        "Gli ultimi rifiuti",
        "widened: who gave you that?",
        "Quanto impiega ad arrivare",
        &refused,
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(page.contains("the trail does not lead from cosc-umbria to here"), "{page}");
    let town = node.browser("perugia").open("/links").await;
    assert_eq!(town.status, StatusCode::FORBIDDEN);
    assert!(!town.text.contains("Gli ultimi rifiuti"));
}

#[tokio::test]
async fn an_items_page_says_to_the_room_by_which_nodes_it_came() {
    let (umbria, item) = (TestHouse::small(), TestItem::indicator(1).tlp("GREEN"));
    umbria.bring("cosc-umbria", std::slice::from_ref(&item));
    let node = with_umbria(umbria).await;
    let page = format!("/items/{}", item.id());
    let seen = node.browser("turno").open(&page).await.text;
    assert!(
        seen.contains("Come è arrivato qui") && seen.contains("<li>COSC Umbria</li>"),
        "{seen}"
    );
    assert!(
        seen.contains("Rifiutata da") && seen.contains("widened: who gave you that?"),
        "{seen}"
    );
    let town = node.browser("perugia").open(&page).await.text;
    assert!(town.contains(item.id().as_str()) && !town.contains("Come è arrivato"), "{town}");
    assert!(!town.contains("Rifiutata da"), "{town}");
}
