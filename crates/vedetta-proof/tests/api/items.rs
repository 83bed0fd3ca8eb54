//! The JSON interface over items, and its errors.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use vedetta_api::live;
use vedetta_flow::{DeliveryBatch, Door as Out};
use vedetta_model::{OrganisationId, Places, Role};
use vedetta_testkit::items::TestItem;

use crate::door::Door;
use crate::stream::{bring, open, read};

const JSON: &str = "application/json";

#[tokio::test]
async fn an_item_goes_its_way() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia"), door.session("cosc-umbria"));
    let brought = door
        .ask(
            &perugia,
            "POST /api/v1/items",
            Some((JSON, &TestItem::indicator(1).tlp("AMBER").json())),
        )
        .await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    let id = TestItem::indicator(1).id().to_string();
    assert_eq!(brought.json()["accepted"][0]["id"], json!(id));

    let page = door.get(&centre, "/api/v1/items").await;
    assert_eq!(page["items"][0]["object"]["name"], "scanner 1");
    assert_eq!(page["items"][0]["tlp"], "AMBER");
    let one = door.ask(&centre, &format!("GET /api/v1/items/{id}"), None).await;
    assert_eq!(one.header("content-type"), taxii::STIX);
    assert_eq!(one.body, TestItem::indicator(1).tlp("AMBER").json().into_bytes());

    let line = format!("POST /api/v1/items/{id}/acknowledgement");
    for first in [true, false] {
        let done = door.ask(&centre, &line, Some((JSON, r#"{"note":"visto"}"#))).await;
        assert_eq!(done.json(), json!({ "first": first }));
    }
    let why = door.get(&centre, &format!("/api/v1/items/{id}/explanation")).await;
    assert_eq!(why["allowed"], true);
    assert!(why["reason_it"].as_str().is_some_and(|text| !text.is_empty()));
    let other = format!("/api/v1/items/{id}/explanation?organisation=stranger");
    let refused = door.ask(&centre, &format!("GET {other}"), None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let why_not = door.get(&door.token("admin"), &other).await;
    assert_eq!(why_not["allowed"], false);
    let by_name = other.replace("=stranger", "=Comune%20di%20Terni");
    assert_eq!(door.get(&door.token("admin"), &by_name).await["allowed"], true);
}

#[tokio::test]
async fn red_is_for_whom_it_names_in_session_and_for_no_program() {
    let door = Door::new();
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (session, token) = (door.session("terni"), door.token("terni"));
    let red = TestItem::indicator(1).tlp("RED").handled("named", json!(["terni"]));
    let perugia = door.token("perugia");
    door.ask(&perugia, "POST /api/v1/items", Some((JSON, &red.json()))).await;
    bring(&door, &perugia, 2).await;

    let (id, cleared) = (red.id(), "/taxii2/root/collections/cleared/objects/");
    for uri in [
        format!("/api/v1/items/{id}"),
        format!("/api/v1/items/{id}/explanation"),
        format!("/api/v1/items/{id}/sightings"),
        format!("{cleared}{id}/"),
    ] {
        let line = format!("GET {uri}");
        assert_eq!(door.ask(&session, &line, None).await.status, StatusCode::OK, "{line}");
        assert_eq!(door.ask(&token, &line, None).await.status, StatusCode::NOT_FOUND, "{line}");
    }
    let why = door.get(&session, &format!("/api/v1/items/{id}/explanation")).await;
    let reason = why["reason_it"].as_str().unwrap();
    assert!(reason.contains("dopo l'accesso, e nessun programma"), "{reason}");
    let many = async |token: &str, uri: &str, list: &str| {
        door.get(token, uri).await[list].as_array().map(Vec::len)
    };
    for (uri, list) in [("/api/v1/items", "items"), (cleared, "objects")] {
        assert_eq!(many(&session, uri, list).await, Some(2), "{uri}");
        assert_eq!(many(&token, uri, list).await, Some(1), "{uri}");
    }
    let (both, one) = (["scanner 1", "scanner 2"], ["scanner 2"]);
    assert_eq!(read(&mut open(&door, &session, "0").await, 2).await.0, both);
    assert_eq!(read(&mut open(&door, &token, "0").await, 1).await.0, one);
    let own = door.ask(&perugia, &format!("GET /api/v1/items/{id}"), None).await;
    assert_eq!(own.status, StatusCode::OK, "its producer's program brought it");

    let taken = door.ask(&perugia, &format!("DELETE /api/v1/items/{id}?reason=errore"), None).await;
    assert!(taken.status.is_success(), "{taken:?}");
    assert_eq!(many(&session, "/api/v1/withdrawals", "notices").await, Some(1));
    assert_eq!(many(&token, "/api/v1/withdrawals", "notices").await, Some(0));
    worker.abort();
}

#[tokio::test]
async fn a_table_of_indicators() {
    let door = Door::new();
    let token = door.token("perugia");
    let table = "type,value,tlp\nipv4,203.0.113.9,GREEN\nipv4,999.0.0.1,GREEN\n";
    let brought = door.ask(&token, "POST /api/v1/items", Some(("text/csv", table))).await;
    assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    let receipt = brought.json();
    assert_eq!(receipt["accepted"].as_array().unwrap().len(), 1);
    assert_eq!(receipt["rejected"].as_array().unwrap().len(), 1, "{receipt}");
}

#[tokio::test]
async fn who_would_have_it() {
    let door = Door::new();
    let token = door.token("perugia");
    let handling = r#"{"category":"indicator","tlp":"AMBER"}"#;
    let preview = door.ask(&token, "POST /api/v1/preview", Some((JSON, handling))).await;
    let preview = preview.json();
    let total = ["full", "redacted", "nobody"].map(|key| preview[key].as_u64().unwrap());
    assert_eq!(total.iter().sum::<u64>(), 7, "{preview}");
    let red = r#"{"category":"indicator","tlp":"RED","named":["terni"]}"#;
    let preview = door.ask(&token, "POST /api/v1/preview", Some((JSON, red))).await;
    let item = TestItem::indicator(1).tlp("RED").handled("named", json!(["terni"]));
    let brought = door.ask(&token, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    let audience = &brought.json()["accepted"][0]["audience"];
    assert_eq!((&preview.json()["full"], audience), (&json!(2), &json!(2)), "whom a release names");
    let of = |victim| json!({ "category": "incident", "tlp": "AMBER", "victims": [victim] });
    let line = "POST /api/v1/preview";
    let mistyped = door.ask(&token, line, Some((JSON, &of("ternii").to_string()))).await;
    assert_eq!(mistyped.status, StatusCode::UNPROCESSABLE_ENTITY, "{mistyped:?}");
    assert!(mistyped.json().to_string().contains("terni (Comune di Terni)"), "{mistyped:?}");
    let named = door.ask(&token, line, Some((JSON, &of("Comune di Terni").to_string()))).await;
    assert_eq!(named.status, StatusCode::OK, "{named:?}");
    let mut whole = of("terni");
    whole["object"] = serde_json::from_str(&TestItem::indicator(1).json()).unwrap();
    let seen = door.ask(&token, line, Some((JSON, &whole.to_string()))).await;
    assert_eq!(seen.json()["full"], named.json()["full"], "{seen:?}");
    let spellings: Vec<_> = (0..101).map(|n| format!("{}terni", " ".repeat(n))).collect();
    let mut many = of("terni");
    many["victims"] = json!(spellings);
    let refused = door.ask(&token, line, Some((JSON, &many.to_string()))).await;
    assert_eq!(
        (refused.status, &refused.json()["where"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("victims"))
    );
    let other = r#"{"category":"indicator","tlp":"AMBER","producer":"terni"}"#;
    let refused = door.ask(&token, "POST /api/v1/preview", Some((JSON, other))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn items_are_previewed_as_they_would_be_taken_in() {
    let door = Door::new();
    let token = door.token("perugia");
    let ask =
        async |line: &str, body: &str| door.ask(&token, line, Some((taxii::STIX, body))).await;
    let terni = OrganisationId::new("terni").unwrap().identity();
    let first = TestItem::incident(1, "attack").handled("victim_refs", json!([terni]));
    door.ask(&token, "POST /api/v1/items", Some((JSON, &first.json()))).await;
    // Neither label nor victim: the agreement says the one; its producer is the other, and whom the version
    // before told.
    let next = TestItem::incident(1, "attack, more").modified("2026-03-01T12:00:00.000Z").json();
    let unknown = "marking-definition--00000000-0000-4000-8000-0000000000aa";
    let unknown = TestItem::indicator(2).with("object_marking_refs", json!([unknown])).json();
    let told = ask("POST /api/v1/preview", &format!("[{next},{unknown}]")).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    let told = told.json();
    let [preview] = &told["previews"].as_array().unwrap()[..] else { panic!("{told}") };
    assert_eq!(preview["items"], json!([first.id()]));
    assert_eq!(preview["handling"]["tlp"], "AMBER");
    assert_eq!(preview["handling"]["victims"], json!(["perugia", "terni"]));
    assert_eq!(told["rejected"][0]["rule"], "unknown-marking");
    let kept = door.get(&token, &format!("/api/v1/items/{}", first.id())).await;
    assert_eq!(kept["name"], "attack", "a preview keeps nothing");
    let brought = door.ask(&token, "POST /api/v1/items", Some((JSON, &next))).await.json();
    let reached = preview["full"].as_u64().unwrap() + preview["redacted"].as_u64().unwrap();
    assert_eq!(brought["accepted"][0]["audience"], reached, "{preview}");

    let labels = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];
    let ways = labels.iter().flat_map(|tlp| labels.map(|pap| (*tlp, pap)));
    let ways = ways.filter(|(_, pap)| *pap != "AMBER+STRICT").zip(10..);
    let many = ways
        .map(|((tlp, pap), n)| TestItem::indicator(n).tlp(tlp).handled("pap", json!(pap)).json());
    let many = many.collect::<Vec<_>>().join(",");
    let refused = ask("POST /api/v1/preview", &format!("[{many}]")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("20 different ways"), "{refused:?}");
    assert_eq!(ask("POST /api/v1/preview", "{").await.json()["previews"], json!([]));
}

#[tokio::test]
async fn errors_say_what_where_and_what_to_do() {
    let door = Door::new();
    let admin = door.token("admin");
    let wrong = "{\n \"id\": \"x\",\n \"name\": 3 }";
    let line = "PUT /api/v1/organisations/x";
    let refused = door.ask(&admin, line, Some((JSON, wrong))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let problem = refused.json();
    assert_eq!(problem["where"], "line 3 column 10");
    assert_eq!(problem["instance"], "/api/v1/organisations/x");
    assert!(problem["what_to_do"].is_string());
    for (line, status) in [
        ("GET /api/v1/nothing", 404),
        ("PATCH /api/v1/items", 405),
        ("GET /api/v1/items?limit=many", 400),
        ("GET /api/v1/items?after=x", 400),
        ("GET /api/v1/items/not-an-item", 404),
        ("GET /api/v1/relevance?of=", 422),
        ("GET /api/v1/relevance", 400),
    ] {
        let answer = door.ask(&admin, line, None).await;
        assert_eq!(answer.status.as_u16(), status, "{line}: {answer:?}");
        assert_eq!(answer.json()["status"], status);
        assert!(answer.json()["detail"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let media = door.ask(&admin, line, Some(("text/plain", "{}"))).await;
    assert_eq!(media.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_product_and_a_supplier_concern_whoever_has_them() {
    let door = Door::new();
    let [admin, perugia, terni] = ["admin", "perugia.bot", "terni.bot"].map(|who| door.token(who));
    for (id, kind, value) in [
        ("mailer", "product", "cpe:2.3:a:example:mailer:2.*:*:*:*:*:*:*:*"),
        ("hosting", "supplier", "Esempio Hosting S.r.l."),
    ] {
        let line = format!("PUT /api/v1/assets/{id}");
        let asset = json!({ "id": id, "organisation": "perugia", "kind": kind, "value": value });
        let put = door.ask(&admin, &line, Some((JSON, &asset.to_string()))).await;
        assert_eq!(put.status, StatusCode::OK, "{put:?}");
    }
    for (asked, concerned) in [
        ("cpe:2.3:a:example:mailer:2.4:*:*:*:*:*:*:*", true),
        ("cpe:2.3:a:example:mailer:3.0:*:*:*:*:*:*:*", false),
        ("esempio%20hosting", true),
        ("esempio%20posta", false),
    ] {
        for (token, sees) in [(&admin, true), (&perugia, true), (&terni, false)] {
            let found = door.get(token, &format!("/api/v1/relevance?of={asked}")).await;
            let expected = if concerned && sees { json!(["perugia"]) } else { json!([]) };
            assert_eq!(found["organisations"], expected, "{asked}");
        }
    }
}

#[tokio::test]
async fn records_and_agreements_are_kept() {
    let door = Door::new();
    let admin = door.token("admin");
    let assisi =
        r#"{"id":"assisi","name":"Comune di Assisi","kind":"municipality","region":"Umbria"}"#;
    let put = door.ask(&admin, "PUT /api/v1/organisations/assisi", Some((JSON, assisi))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let asset =
        r#"{"id":"assisi-net","organisation":"assisi","kind":"network","value":"198.51.100.0/24"}"#;
    let put = door.ask(&admin, "PUT /api/v1/assets/assisi-net", Some((JSON, asset))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let relevance = door.get(&admin, "/api/v1/relevance?of=198.51.100.7").await;
    assert_eq!(relevance["organisations"], json!(["assisi"]));
    let list = door.get(&admin, "/api/v1/organisations?region=Umbria").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let page = door.get(&admin, "/api/v1/organisations?limit=3").await;
    let after = page["next"].as_str().unwrap();
    let rest = door.get(&admin, &format!("/api/v1/organisations?after={after}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 5);

    let draft = json!({ "id": "second", "title": "Second", "term": { "from": "2026-01-01",
        "until": "2026-03-20" }, "party": [
        { "name": "a", "organisations": ["assisi"], "gives": ["indicator"], "receives": ["indicator"] },
        { "name": "b", "organisations": ["stranger"], "gives": ["indicator"], "receives": ["indicator"] }] });
    let line = "PUT /api/v1/agreements/second";
    let put = door.ask(&admin, line, Some((JSON, &draft.to_string()))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let stage = put.json()["stage"].clone();
    assert_eq!((&stage["is"], &stage["by"]), (&json!("draft"), &json!("admin")), "{stage}");
    assert!(stage["since"].is_string(), "{stage}");
    let shown = door.get(&admin, "/api/v1/agreements/second").await;
    assert_eq!(shown["stage"], stage);
    let drafts = door.get(&admin, "/api/v1/agreements?stage=draft").await;
    assert_eq!(drafts["items"], json!([shown]));
    let again = door.ask(&admin, line, Some((JSON, &shown.to_string()))).await;
    assert_eq!(again.status, StatusCode::OK, "what was read can be written: {again:?}");
    let step = |step: &'static str| {
        let (door, admin) = (&door, &admin);
        async move { door.ask(admin, "POST /api/v1/agreements/second/steps", Some((JSON, step))).await }
    };
    assert_eq!(step(r#"{"step":"resume"}"#).await.status, StatusCode::CONFLICT);
    let in_force = step(r#"{"step":"put-in-force"}"#).await;
    assert_eq!(in_force.json()["stage"]["is"], "in-force", "{in_force:?}");
    assert_eq!(in_force.json()["stage"]["by"], "admin");
    let ending = door.get(&admin, "/api/v1/agreements?ends_within_days=30").await;
    assert_eq!(ending["items"][0]["id"], "second");
    let suspended = step(r#"{"step":"suspend","reason":"revisione"}"#).await;
    assert_eq!(suspended.json()["stage"]["reason"], "revisione");
}

#[tokio::test]
async fn auditors_read_what_was_done_and_prove_it() {
    let door = Door::new();
    door.account("corte", "cnaipic", &[Role::Auditor]);
    let token = door.token("corte");
    let entries = door.get(&token, "/api/v1/ledger/entries?limit=5").await;
    assert_eq!(entries["items"].as_array().unwrap().len(), 5);
    let next = entries["next"].as_str().unwrap();
    let more = door.get(&token, &format!("/api/v1/ledger/entries?after={next}&limit=1")).await;
    assert_eq!(more["items"][0]["seq"], 6);
    let narrowed = "/api/v1/ledger/entries?subject=corte&kind=put";
    let about = door.get(&token, narrowed).await;
    assert_eq!(about["items"].as_array().map(Vec::len), Some(1), "{about}");
    assert_eq!((&about["items"][0]["subject"], about.get("next")), (&json!("corte"), None));
    let later = door.get(&token, &format!("{narrowed}&since=2999-01-01T00:00:00Z")).await;
    assert_eq!(later["items"], json!([]));
    let proof = door.get(&token, "/api/v1/ledger/verification").await;
    assert_eq!(proof["sound"], true);
    let figures = door.ask(&token, "GET /metrics", None).await;
    let figures = String::from_utf8(figures.body).unwrap();
    assert!(figures.contains("vedetta_http_requests_total"), "{figures}");
    // Midnight in Rome after its last day.
    let ends = "vedetta_agreement_ends_seconds{agreement=\"act\"} 1861916400\n";
    assert!(figures.contains(ends), "{figures}");
    door.account("prometheus", "cnaipic", &[Role::Machine]);
    let scraper = door.token("prometheus");
    assert_eq!(door.ask(&scraper, "GET /metrics", None).await.status, StatusCode::OK);
    let beyond = door.ask(&scraper, "GET /api/v1/ledger/entries", None).await;
    assert_eq!(beyond.status, StatusCode::FORBIDDEN, "a scraper reads no ledger");
    let elsewhere = door.ask(&door.token("perugia.bot"), "GET /metrics", None).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    let document = door.get("", "/api/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(door.get("", "/ready").await, json!({ "status": "ok" }));
}

#[tokio::test]
async fn who_looked_is_in_the_ledger() {
    let door = Door::new();
    let (admin, town) = (door.token("admin"), door.token("perugia"));
    let item = TestItem::indicator(1);
    let brought = door.ask(&town, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    let id = brought.json()["accepted"][0]["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        door.get(&admin, &format!("/api/v1/items/{id}/explanation?organisation=terni")).await;
        door.get(&town, &format!("/api/v1/items/{id}/explanation")).await;
        let would = r#"{"category":"indicator","tlp":"AMBER"}"#;
        door.ask(&town, "POST /api/v1/preview", Some((JSON, would))).await;
        door.get(&admin, "/api/v1/ledger/entries?subject=terni&kind=put").await;
        let refused = door.ask(&town, "GET /api/v1/ledger/entries", None).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        door.ask("vdt_nobody", "GET /api/v1/ledger/entries", None).await;
    }
    let deeds = || async {
        let entries = door.get(&admin, "/api/v1/ledger/entries?kind=deed&limit=1000").await;
        let entries = entries["items"].as_array().unwrap().clone();
        let told = entries.iter().map(|it| json!([it["actor"], it["subject"], it["facts"]]));
        told.filter(|it| it.to_string().contains("deed")).collect::<Vec<_>>()
    };
    let looked = [
        json!(["admin", id, { "deed": "explained", "organisation": "terni" }]),
        json!(["perugia", "perugia", { "deed": "previewed" }]),
        json!(["admin", "admin", { "deed": "ledger-read", "subject": "terni", "kind": "put" }]),
        json!(["perugia", "GET /api/v1/ledger/entries", { "deed": "refused" }]),
    ];
    assert_eq!(deeds().await, looked, "each once");
    door.clock.advance(Duration::from_hours(1));
    door.get(&admin, &format!("/api/v1/items/{id}/explanation?organisation=terni")).await;
    assert_eq!(deeds().await.last(), Some(&looked[0]), "an hour later again");
    // A name that several have, as far as the clock goes that is asked for.
    let several = "/api/v1/ledger/entries?actor=Comune%20di%20Perugia&until=2026-03-01T00:00:00Z";
    door.get(&admin, several).await;
    let typed = json!({ "deed": "ledger-read", "actor": "Comune di Perugia",
        "until": "2026-03-01T00:00:00.000000Z" });
    assert_eq!(deeds().await.last(), Some(&json!(["admin", "admin", typed])), "as it was typed");
}

#[tokio::test]
async fn a_parameter_that_is_not_there_is_not_passed_over() {
    let door = Door::new();
    let (admin, perugia) = (door.token("admin"), door.token("perugia"));
    for (token, line, name, says) in [
        (&perugia, "GET /api/v1/items?kinds=indicator", "kinds", "after, limit, kind"),
        (&perugia, "GET /api/v1/items?limit=1&%6cimits=2", "limits", "limit"),
        (&perugia, "GET /api/v1/stream?from=3", "from", "since"),
        (&perugia, "GET /feeds/all.txt?format=csv", "format", "takes none"),
        (&admin, "POST /api/v1/imports?dryrun=true", "dryrun", "dry_run"),
        (&perugia, "GET /api/v1/items?limit=abc", "limit", "see the parameters"),
    ] {
        let refused = door.ask(token, line, None).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{line}: {refused:?}");
        let problem = refused.json();
        assert_eq!(problem["where"], name, "{problem}");
        assert!(problem["what_to_do"].as_str().unwrap().contains(says), "{problem}");
    }
    let kind = door.ask(&perugia, "GET /api/v1/items?kind=indicators", None).await;
    assert_eq!(kind.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(kind.json()["what_to_do"], "write indicator");
    let nobody = door.ask("", "GET /api/v1/items?kinds=indicator", None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "who asks is proven first");
}

#[tokio::test]
async fn what_is_refused_whole_is_a_problem_that_names_each() {
    let door = Door::new();
    let perugia = door.token("perugia");
    let table = "type,value\nipv4,999.0.0.1\nipv4,999.0.0.2\n";
    let refused = door.ask(&perugia, "POST /api/v1/items", Some(("text/csv", table))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let problem = refused.json();
    assert_eq!(problem["status"], 422);
    assert!(problem["detail"].as_str().unwrap().contains("none of 2"), "{problem}");
    assert_eq!(problem["rejected"][1]["place"], "line 3");
    let one = "type,value\nipv4,999.0.0.1\n";
    let refused = door.ask(&perugia, "POST /api/v1/items", Some(("text/csv", one))).await.json();
    assert_eq!(refused["where"], "line 2", "{refused}");
}

#[tokio::test]
async fn the_ledger_is_told_by_names() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia"), door.session("cosc-umbria"));
    let admin = door.token("admin");
    let body = TestItem::indicator(1).tlp("AMBER").json();
    let brought = door.ask(&perugia, "POST /api/v1/items", Some((JSON, &body))).await.json();
    let (id, place) = (TestItem::indicator(1).id(), &brought["accepted"][0]["stamp"]["seq"]);
    let line = format!("POST /api/v1/items/{id}/acknowledgement");
    let note = r#"{"note":"bloccato"}"#;
    assert_eq!(door.ask(&centre, &line, Some((JSON, note))).await.status, StatusCode::OK);
    let house = door.api.house();
    let number = house.standing().directory.number(&OrganisationId::new("terni").unwrap());
    let place = place.as_u64().unwrap();
    let (releases, at) = (Places::between(place, place), house.now());
    let audience = number.into_iter().collect();
    let batch = DeliveryBatch { releases, door: Out::Feed, at, audience };
    house.record_deliveries(vec![batch]).unwrap();
    let of = async |asked: &str| {
        let page = door.get(&admin, &format!("/api/v1/ledger/entries?{asked}")).await;
        page["items"].as_array().unwrap().last().unwrap().clone()
    };

    let item = of("kind=item&actor=perugia%40perugia").await;
    assert_eq!((&item["by"], &item["actor"]), (&json!("perugia@perugia"), &json!("perugia")));
    let told = &item["told"];
    assert_eq!(
        (&told["producer"], &told["clearance"]["tlp"]),
        (&json!("perugia"), &json!("AMBER"))
    );
    assert_eq!(told["clearance"]["under"], json!(["act"]), "{item}");
    assert!(told["version"].as_str().is_some_and(|it| it.starts_with("20")), "{item}");
    assert!(item["facts"]["producer"].is_u64(), "over which the chain is computed");
    let had = of("kind=delivered").await;
    let had = &had["told"]["deliveries"][0];
    assert_eq!((&had["door"], &had["items"]), (&json!("feed"), &json!([id])), "{had}");
    assert_eq!(had["organisations"], json!(["terni"]), "{had}");
    let read = of("kind=acknowledged").await;
    assert_eq!(read["by"], "cosc-umbria@cosc-umbria");
    assert_eq!(read["told"], json!({ "organisation": "cosc-umbria", "note": "bloccato" }));
    let put = of("kind=put&subject=admin").await;
    assert_eq!(
        (&put["told"]["record"], &put["told"]["account"]),
        (&json!("account"), &json!("admin@cnaipic"))
    );
    assert_eq!(put["told"]["roles"], json!(["administrator"]), "{put}");
}

#[tokio::test]
async fn the_ledger_tells_what_was_done_to_agreements_tokens_and_settings() {
    let door = Door::new();
    let admin = door.token("admin");
    let of = async |asked: &str| {
        let page = door.get(&admin, &format!("/api/v1/ledger/entries?{asked}")).await;
        page["items"].as_array().unwrap().last().unwrap()["told"].clone()
    };
    let step = r#"{"step":"suspend","reason":"verifica delle parti"}"#;
    let line = "POST /api/v1/agreements/act/steps";
    assert_eq!(door.ask(&admin, line, Some((JSON, step))).await.status, StatusCode::OK);
    let suspended = of("kind=put&subject=act").await;
    assert_eq!(
        (&suspended["title"], &suspended["stage"], &suspended["reason"]),
        (&json!("Act of Umbria"), &json!("suspended"), &json!("verifica delle parti"))
    );
    let said = of("kind=deed&subject=act").await;
    assert_eq!(
        (&said["said"], &said["stands"], &said["reason"]),
        (&json!("standing"), &json!("suspended"), &json!("verifica delle parti")),
        "{said}"
    );
    door.token("terni");
    let token = of("kind=put&actor=admin").await;
    assert_eq!(
        (&token["record"], &token["account"], &token["purpose"], &token["scope"]),
        (&json!("token"), &json!("terni@terni"), &json!("test"), &json!("all"))
    );
    assert!(token["until"].as_str().is_some_and(|it| it.starts_with("20")), "{token}");
    door.api.house().set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
    let own = of("kind=put&subject=own-organisation").await;
    assert_eq!((&own["record"], &own["value"]), (&json!("setting"), &json!("cnaipic")), "{own}");
}

#[tokio::test]
async fn objects_are_counted_and_not_their_faults() {
    let door = Door::new();
    let perugia = door.token("perugia");
    let broken = |n: u8| {
        json!({ "type": "indicator", "spec_version": "2.1", "pattern_type": "stix",
            "id": format!("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd{n:02x}"),
            "created": "yesterday", "modified": "2026-04-06T20:03:48.000Z" })
    };
    let send = async |body: Value| {
        let body = body.to_string();
        door.ask(&perugia, "POST /api/v1/items", Some((JSON, &body))).await.json()
    };
    let two = send(json!([broken(1), broken(2)])).await;
    let faults = two["rejected"].as_array().unwrap().len();
    assert!(faults > 2, "{two}");
    assert_eq!((&two["rejected_count"], &two["faults_count"]), (&json!(2), &json!(faults)));
    assert_eq!(two["detail"], "none of 2 was accepted", "{two}");
    let one = send(broken(1)).await;
    let faults = one["faults_count"].as_u64().unwrap();
    assert_eq!(one["detail"], format!("it has {faults} faults and was not accepted"), "{one}");
}

#[tokio::test]
async fn a_suspension_says_why_and_a_webhook_of_what() {
    let door = Door::new();
    let admin = door.token("admin");
    for step in [r#"{"step":"suspend"}"#, r#"{"step":"suspend","reason":" "}"#] {
        let refused =
            door.ask(&admin, "POST /api/v1/agreements/act/steps", Some((JSON, step))).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["where"], "reason");
    }
    let step = r#"{"step":"suspended","reason":"x"}"#;
    let refused = door.ask(&admin, "POST /api/v1/agreements/act/steps", Some((JSON, step))).await;
    assert!(!refused.json().to_string().contains("line 0"), "{refused:?}");
    let hook = r#"{"url":"https://soc.comune.example/hook","kinds":["incidents"]}"#;
    let refused = door.ask(&admin, "PUT /api/v1/webhooks/soc", Some((JSON, hook))).await.json();
    assert_eq!(
        (&refused["where"], &refused["what_to_do"]),
        (&json!("kinds"), &json!("write incident"))
    );
    let hook = r#"{"url":"https://soc.comune.example/hook","kinds":["report","x-acme-thing"]}"#;
    let put = door.ask(&admin, "PUT /api/v1/webhooks/soc", Some((JSON, hook))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
}

#[tokio::test]
async fn one_request_brings_ten_thousand_at_most() {
    let door = Door::new();
    let perugia = door.token("perugia");
    let table = |rows: usize| format!("type,value\n{}", "ipv4,999.0.0.1\n".repeat(rows));
    let bundle = |objects: usize| {
        let objects = vec!["{}"; objects].join(",");
        format!(
            r#"{{"type":"bundle","id":"bundle--8b8f1f3c-3a0e-4c38-9d0a-1c1a5f7e1a4d","objects":[{objects}]}}"#
        )
    };
    let full = [("text/csv", table(10_000), 10_000), (JSON, bundle(9_000), 9_000)];
    for (media, body, many) in &full {
        let refused = door.ask(&perugia, "POST /api/v1/items", Some((media, body))).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let problem = refused.json();
        assert!(problem["rejected_count"].as_u64().unwrap() >= *many, "{}", problem["detail"]);
        assert_eq!(problem["rejected"].as_array().unwrap().len(), 1_000, "{media}");
    }
    let over = [("text/csv", table(10_001)), (JSON, bundle(10_001))];
    for (media, body) in &over {
        let refused = door.ask(&perugia, "POST /api/v1/items", Some((media, body))).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "{media}");
        let advice = refused.json()["what_to_do"].to_string();
        assert!(advice.contains("in parts") && advice.contains("vedetta import"), "{advice}");
    }
}

#[tokio::test]
async fn what_is_overdue_is_told_with_whom_to_call_page_by_page_and_counted() {
    let door = Door::new();
    let agreement = json!({
        "id": "hour", "title": "Hour", "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["indicator"] },
            { "name": "towns", "organisations": ["perugia", "terni"], "receives": ["indicator"] },
        ],
        "duties": { "acknowledge_minutes": 60 },
    });
    let admin = door.token("admin");
    let put = "PUT /api/v1/agreements/hour";
    let put = door.ask(&admin, put, Some((JSON, &agreement.to_string()))).await;
    assert_eq!(put.status, StatusCode::OK, "{put:?}");
    let step = "POST /api/v1/agreements/hour/steps";
    door.ask(&admin, step, Some((JSON, r#"{"step":"put-in-force"}"#))).await;
    let contact = json!({ "id": "ced", "organisation": "terni", "role": "turno", "name": "CED" });
    let put = "PUT /api/v1/contacts/ced";
    door.ask(&admin, put, Some((JSON, &contact.to_string()))).await;
    let item = TestItem::indicator(1).tlp("GREEN");
    door.ask(&admin, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    let house = door.api.house();
    let standing = house.standing();
    let number = |id: &str| standing.directory.number(&OrganisationId::new(id).unwrap());
    let seq = house.bell().last().0;
    let batch = DeliveryBatch {
        releases: Places::between(seq, seq),
        door: Out::Stream,
        at: house.now(),
        audience: ["perugia", "terni"].into_iter().filter_map(number).collect(),
    };
    house.record_deliveries(vec![batch]).unwrap();
    door.clock.advance(std::time::Duration::from_secs(3_700));
    let path = "/api/v1/acknowledgements/overdue";
    let first = door.get(&admin, &format!("{path}?limit=1")).await;
    assert_eq!(first["items"][0]["organisation"], "perugia");
    let next = first["next"].as_str().unwrap();
    let second = door.get(&admin, &format!("{path}?limit=1&after={next}")).await;
    let terni = &second["items"][0];
    assert_eq!((&terni["organisation"], &terni["agreement"]), (&json!("terni"), &json!("hour")));
    assert_eq!(terni["contacts"][0]["name"], "CED");
    assert!(second.get("next").is_none());
    let own = door.get(&door.token("terni"), path).await;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "others see what they owe");
    let wrong = door.ask(&admin, &format!("GET {path}?after=nowhere"), None).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let metrics = door.ask(&admin, "GET /metrics", None).await.text();
    assert!(
        metrics.contains(r#"vedetta_acknowledgements{agreement="hour",state="overdue"} 2"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_machine_asks_whether_a_value_is_known() {
    let door = Door::new();
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    let bring = async |table: &str| {
        let brought = door.ask(&perugia, "POST /api/v1/items", Some(("text/csv", table))).await;
        assert_eq!(brought.status, StatusCode::OK, "{brought:?}");
    };
    bring("type,value\nipv4,203.0.113.77\nipv4,203.0.113.7\ndomain,accesso.example\n").await;
    let known = async |asked: &str| {
        let page = door.get(&centre, &format!("/api/v1/items?{asked}")).await;
        let items = page["items"].as_array().unwrap().clone();
        let patterns = items.iter().map(|it| it["object"]["pattern"].as_str().unwrap().to_owned());
        (patterns.collect::<Vec<_>>(), page["next"].as_str().map(str::to_owned))
    };
    let one = |value: &str| vec![format!("[ipv4-addr:value = '{value}']")];
    assert_eq!(known("value=203.0.113.7").await.0, one("203.0.113.7"));
    assert_eq!(known("value=198.51.100.7").await.0, Vec::<String>::new());
    // Newest first, in pages that what comes meanwhile does not move.
    let (first, next) = known("order=newest&limit=2").await;
    bring("type,value\nipv4,203.0.113.9\n").await;
    let (second, _) = known(&format!("order=newest&limit=2&after={}", next.unwrap())).await;
    let (mut paged, (mut oldest, _)) = ([first, second].concat(), known("limit=3").await);
    oldest.reverse();
    assert_eq!(paged, oldest);
    paged.insert(0, one("203.0.113.9").remove(0));
    assert_eq!(known("order=newest").await.0, paged);
    for (asked, place) in [
        ("value=", "value"),
        ("value=a.example&order=oldest", "order"),
        ("order=newest&versions=all", "versions"),
    ] {
        let refused = door.ask(&centre, &format!("GET /api/v1/items?{asked}"), None).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["where"]), (400, &json!(place)));
    }
}

#[tokio::test]
async fn refusals_name_what_is_wrong() {
    let door = Door::new();
    let (perugia, admin) = (door.token("perugia"), door.token("admin"));
    for (line, body, property) in [
        ("POST /api/v1/preview", r#"{"category":"boh","tlp":"AMBER"}"#, "category"),
        ("POST /api/v1/agreements/act/steps", r#"{"step":"boh"}"#, "step"),
    ] {
        let refused = door.ask(&admin, line, Some((JSON, body))).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(&format!("{property}: unknown variant `boh`")), "{detail}");
    }
    let wrong = r#"{"account":"admin","password":"wrong","code":"000000"}"#;
    let refused = door.ask("", "POST /api/v1/sessions", Some((JSON, wrong))).await;
    let advice = refused.json()["what_to_do"].as_str().unwrap().to_owned();
    assert!(advice.contains("a code works once"), "{advice}");
    let item = TestItem::indicator(1);
    door.ask(&perugia, "POST /api/v1/items", Some((JSON, &item.json()))).await;
    for (query, status) in [("", 422), ("?reason=%20", 422), ("?reason=errore", 204)] {
        let line = format!("DELETE /api/v1/items/{}{query}", item.id());
        let answer = door.ask(&perugia, &line, None).await;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert!(status == 204 || answer.json()["where"] == "reason", "{answer:?}");
    }
}
