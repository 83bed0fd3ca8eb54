//! What is as large as a door takes it.

use serde_json::json;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

/// Text that hardly compresses, and is JSON as it stands.
fn noise(octets: usize) -> String {
    let mut state: u64 = 88_172_645_463_325_252;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // From a space to a tilde, without what JSON writes otherwise.
        char::from(u8::try_from(b'#' as u64 + state % 56).unwrap())
    };
    std::iter::repeat_with(next).take(octets).collect()
}

#[test]
fn an_item_as_large_as_any_door_takes_comes_to_who_is_entitled() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|it| Node::new(it, agreements()));
    pair(&national, &umbria);
    let large = |n| {
        let text = noise(4_150_000);
        let item = TestItem::indicator(n).tlp("AMBER").with("description", json!(&text));
        item.with("x_more", json!(text))
    };
    let small = TestItem::indicator(3).tlp("AMBER");
    national.bring("cnaipic", &[large(1)]);
    national.bring("cnaipic", &[large(2), small.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    for item in [large(1), large(2), small] {
        assert!(umbria.reads("cosc-umbria", &item.id()), "{}", item.id());
        let person = national.person("cnaipic");
        let had = national.deliveries(&person, &item.id());
        assert!(had.iter().any(|it| it.organisation == id("cosc-umbria") && it.at.is_some()));
    }
    assert_eq!(national.nodes.too_far(&id("cosc-umbria")), 0);
}
