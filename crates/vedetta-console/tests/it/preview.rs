//! Whom something would reach, before it is published: a sentence once, and what would have to change.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::StatusCode;
use vedetta_model::{Category, Handling, OrganisationId, Pap, Role, Tlp};
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

#[tokio::test]
async fn while_an_exercise_holds_who_takes_part_says_whether_it_is_real() {
    let node = Node::over(TestHouse::small());
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    let mut officer = node.browser("sala");
    let exercise = [
        ("kind", "exercise"),
        ("name", "Ponte"),
        ("reason", "prova"),
        ("participants", "perugia\nterni"),
    ];
    let declared = officer.fill("/postures", "/postures", &exercise).await;
    assert_eq!(declared.status, StatusCode::SEE_OTHER, "{}", declared.text);
    let mut browser = node.browser("perugia");
    let form = browser.open("/publish").await.text;
    let id = form.split("<option value=\"").find(|it| it.contains(">Ponte<")).unwrap();
    let id = id.split('"').next().unwrap().to_owned();
    let mut publish = async |exercise: &str, step: &str| {
        let fields = [
            ("what", "domain"),
            ("value", "esca.example"),
            ("tlp", "CLEAR"),
            ("title", "Esca"),
            ("exercise", exercise),
            ("step", step),
        ];
        browser.fill("/publish", "/publish", &fields).await
    };
    let silent = publish("", "publish").await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.text);
    assert!(silent.text.contains("se ne fa parte o se è reale"), "{}", silent.text);
    assert!(silent.text.contains("value=\"esca.example\""), "nothing typed is lost");
    let preview = publish(&id, "preview").await.text;
    assert!(
        preview.contains("fa parte dell'esercitazione «Ponte», a cui non partecipa")
            || preview.contains("fa parte dell&#39;esercitazione «Ponte», a cui non partecipa"),
        "{preview}"
    );
    let done = publish(&id, "publish").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let item = done.header("location").split('?').next().unwrap().to_owned();
    let seen = node.browser("terni").open(&item).await;
    assert!(
        seen.status == StatusCode::OK && seen.text.contains("ESERCITAZIONE · Esca"),
        "{}",
        seen.text
    );
    for outside in ["foligno", "stranger"] {
        assert_eq!(node.browser(outside).open(&item).await.status, StatusCode::NOT_FOUND);
    }
    let real = publish("real", "publish").await;
    let item = real.header("location").split('?').next().unwrap().to_owned();
    let seen = node.browser("foligno").open(&item).await.text;
    assert!(seen.contains("Esca") && !seen.contains("ESERCITAZIONE"), "{seen}");
}
