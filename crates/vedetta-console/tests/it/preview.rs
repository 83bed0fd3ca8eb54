//! Whom something would reach, before it is published: a sentence once, and what would have to change.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_model::{Category, Handling, OrganisationId, Pap, Tlp};
use vedetta_testkit::TestHouse;

use crate::browser::Node;

#[tokio::test]
async fn whoever_has_nothing_is_told_with_what_would_have_to_change() {
    let node = Node::over(TestHouse::small());
    let mut browser = node.browser("perugia");
    let mut preview = async |what: &str, tlp: &str| {
        let fields = [("what", what), ("tlp", tlp), ("title", "Prova"), ("step", "preview")];
        browser.fill("/publish", "/publish", &fields).await.text
    };
    let report = preview("report", "AMBER").await;
    let category = "Per farla arrivare: aggiungi allerte precoci a ciò che Comune di Perugia può darle, o \
                    proponi un protocollo tra Comune di Perugia e lei.";
    assert_eq!(report.matches(category).count(), 1, "{report}");
    let strict = preview("incident", "AMBER+STRICT").await;
    let clients = "Per farla arrivare: scegli TLP:AMBER, che si estende ai clienti.";
    assert_eq!(strict.matches(clients).count(), 1, "{strict}");
    let amber = preview("incident", "AMBER").await;
    assert!(!amber.contains(clients), "it is there already: {amber}");
    let stranger = "Per farla arrivare: proponi un protocollo tra Comune di Perugia e lei.";
    assert_eq!(amber.matches(stranger).count(), 1, "{amber}");
}

#[test]
fn what_many_agreements_say_alike_is_said_once() {
    let test = TestHouse::italy();
    let producer = OrganisationId::new("comune-055032").unwrap();
    let handling = Arc::new(Handling {
        producer: producer.clone(),
        category: Category::Indicator,
        tlp: Tlp::Green,
        pap: Pap::Green,
        victims: BTreeSet::new(),
        named: BTreeSet::new(),
        only_under: BTreeSet::new(),
        exercise: None,
        via: BTreeSet::new(),
    });
    let preview = test.house.preview(&test.person("comune-055032"), &handling).unwrap();
    let refused = || preview.groups.iter().filter(|group| group.form.is_none());
    let told: BTreeSet<_> = preview.groups.iter().map(|group| &group.reason_it).collect();
    assert_eq!(told.len(), preview.groups.len());
    let alike: Vec<_> =
        refused().filter(|it| it.reason_it.contains("non prevede che CNAIPIC le dia")).collect();
    assert_eq!(alike.len(), 1, "{:?}", refused().map(|it| &it.reason_it).collect::<Vec<_>>());
    assert!(alike[0].count > 20 && alike[0].reason_en.contains("others"), "{}", alike[0].reason_en);
    for group in &preview.groups {
        assert_eq!(group.remedy.is_some(), group.form.is_none(), "{}", group.reason_it);
        assert_eq!(group.organisations.len(), group.count);
    }
}
