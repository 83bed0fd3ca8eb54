//! An agreement proposed on one node and accepted on the other: both hold the same signed text.

use serde_json::json;
use vedetta_model::agreement::Stage;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements};
use super::wire::{Wire, pair, settle};

#[test]
fn it_binds_once_both_have_signed_it() {
    let umbria = Node::new("cosc-umbria", agreements());
    let national = Node::new("cnaipic", agreements());
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    let parties = json!([
        { "name": "one", "organisations": ["cosc-umbria"], "gives": ["awareness"] },
        { "name": "two", "organisations": ["cnaipic"], "receives": ["awareness"] },
    ]);
    let mut draft = agreement("training", None, ("hidden", "none"), &parties);
    draft.stage = Stage::Draft;
    let id = draft.id.clone();
    umbria.house.put_draft(&umbria.administrator(), &draft).unwrap();
    umbria.nodes.propose_agreement(&umbria.administrator(), &id).unwrap();
    settle(&mut wires);
    let stage = |node: &Node| {
        let standing = node.house.standing();
        standing.network.agreement(&id).map(|it| it.stage.name().to_owned())
    };
    assert_eq!(stage(&national).as_deref(), Some("draft"), "it arrived, and binds nobody");
    assert_eq!(stage(&umbria).as_deref(), Some("draft"));
    let read = national.nodes.signed_agreement(&national.administrator(), &id).unwrap();
    let other = vedetta_federation::digest::digest(&[b"another"]);
    let unread = national.nodes.accept_agreement(&national.administrator(), &id, &other);
    assert!(matches!(unread, Err(vedetta_flow::FlowError::Conflict(_))), "not what was read");
    national.nodes.accept_agreement(&national.administrator(), &id, &read.digest()).unwrap();
    settle(&mut wires);
    assert_eq!([stage(&umbria), stage(&national)].map(Option::unwrap), ["in-force", "in-force"]);
    let signed = |node: &Node| node.nodes.signed_agreement(&node.administrator(), &id).unwrap();
    let (here, there) = (signed(&umbria), signed(&national));
    assert_eq!((&here.text, here.signatures.len()), (&there.text, 2));
    let lesson = TestItem::indicator(1).tlp("AMBER").handled("category", json!("awareness"));
    umbria.bring("cosc-umbria", &[lesson.clone()]);
    settle(&mut wires);
    assert!(national.reads("cnaipic", &lesson.id()));
}
