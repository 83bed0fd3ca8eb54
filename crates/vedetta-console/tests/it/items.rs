//! Items as people see them.

use http::StatusCode;
use vedetta_model::Role;
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use crate::browser::Node;

#[tokio::test]
async fn the_newest_comes_first_and_filters_narrow() {
    let test = TestHouse::small();
    let items: Vec<_> = (1..=90).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    test.bring("cnaipic", &items);
    test.bring(
        "cnaipic",
        &[TestItem::incident(7, "Ondata <script>alert(1)</script>").tlp("AMBER")],
    );
    let node = Node::over(test);
    let mut browser = node.browser("perugia");
    let all = browser.open("/items").await;
    let at = |text: &str| all.text.find(text);
    assert!(at("Ondata &#60;script&#62;").unwrap() < at("scanner 90").unwrap(), "the newest first");
    assert!(!all.text.contains("<script>alert"), "what an item says is shown, not run");
    assert!(at("scanner 90").unwrap() < at("scanner 89").unwrap());
    assert!(at("scanner 40").is_none(), "a page has an end");
    let older = all.text.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let older = older.split('"').next().unwrap().replace("&#38;", "&");
    assert!(browser.open(&older).await.text.contains("scanner 50"));
    let found = browser.open("/items?text=203.0.113.17%27").await;
    assert!(found.text.contains("scanner 17") && !found.text.contains("scanner 18"));
    let none = browser.open("/items?kind=incident&tlp=GREEN").await;
    assert!(!none.text.contains("class=\"line\""));
}

#[tokio::test]
async fn who_may_not_read_an_item_is_told_that_there_is_none() {
    let test = TestHouse::small();
    let item = TestItem::incident(1, "Riservato").tlp("AMBER+STRICT");
    test.bring("cnaipic", std::slice::from_ref(&item));
    let node = Node::over(test);
    let page = format!("/items/{}", item.id());
    assert!(node.browser("perugia").open(&page).await.text.contains("Riservato"));
    let hidden = node.browser("stranger").open(&page).await;
    let nothing = node.browser("stranger").open(&page.replace("-8000-", "-9000-")).await;
    assert_eq!((hidden.status, nothing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    let unknown = node.browser("perugia").open("/agreements/nessuno").await.text;
    assert!(unknown.contains("<q lang=\"it\">"), "{unknown}");
}

#[tokio::test]
async fn reading_a_page_delivers_and_the_room_sees_it() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("cnaipic", std::slice::from_ref(&item));
    let node = Node::over(test);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    let page = format!("/items/{}", item.id());
    node.browser("perugia").open(&page).await;
    vedetta_api::live::record(node.console.api()).await;
    let mut room = node.browser("turno");
    let seen = room.open(&page).await.text;
    assert!(seen.contains("Comune di Perugia") && seen.contains("pagina della sala"), "{seen}");
    let why = room.open(&format!("{page}/why?organisation=stranger")).await.text;
    assert!(why.contains("Non la riceve"), "{why}");
    let mut english = node.browser("turno");
    english.cookies.insert("__Host-vedetta-language".into(), "en".into());
    let why = english.open(&format!("{page}/why?organisation=perugia")).await.text;
    assert!(why.contains("<html lang=\"en\"") && why.contains("Receives it"), "{why}");
}

#[tokio::test]
async fn whose_line_is_not_shown_sees_who_has_it_all_the_same() {
    let test = TestHouse::small();
    let address = TestItem::address(7).tlp("GREEN");
    for who in ["cnaipic", "perugia"] {
        test.bring(who, std::slice::from_ref(&address));
    }
    let node = Node::over(test);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    let (mut told, page) = (0, format!("/items/{}", address.id()));
    for who in ["turno", "perugia"] {
        let seen = node.browser(who).open(&page).await.text;
        told += usize::from(seen.contains("Chi ha ciò che avete portato voi"));
    }
    assert_eq!(told, 1, "one of the two lines is shown, and the other's bringer is told of theirs");
}

#[tokio::test]
async fn a_town_sees_what_concerns_it_and_acknowledges_with_one_button() {
    use serde_json::json;
    let test = TestHouse::small();
    let asset = json!({ "id": "rete", "organisation": "perugia", "kind": "network", "value": "203.0.113.0/24" });
    let ced = json!({ "id": "ced", "organisation": "perugia", "role": "turno", "name": "CED", "account": "perugia" });
    let records = vedetta_directory::directory::Records {
        assets: vec![serde_json::from_value(asset).unwrap()],
        contacts: vec![serde_json::from_value(ced).unwrap()],
        ..Default::default()
    };
    test.house.put_records(&test.administrator(), records).unwrap();
    let ours = TestItem::indicator(7).tlp("GREEN");
    let other = TestItem::indicator(8)
        .tlp("GREEN")
        .with("pattern", json!("[ipv4-addr:value = '192.0.2.8']"));
    test.bring("cnaipic", &[ours.clone(), other]);
    let node = Node::over(test);
    let mut town = node.browser("perugia");
    let page = town.open("/concerns").await.text;
    assert!(page.contains("scanner 7") && page.contains("203.0.113.7, che è vostro"), "{page}");
    assert!(!page.contains("scanner 8"), "what does not concern it is not there");
    vedetta_api::live::record(node.console.api()).await;
    let had = node.browser("admin").open(&format!("/items/{}", ours.id())).await.text;
    assert!(had.contains("Comune di Perugia"), "what it read there it has received: {had}");
    let to = format!("/items/{}/acknowledgement", ours.id());
    let done = town.fill("/concerns", &to, &[("to", "/concerns")]).await;
    assert_eq!(done.header("location"), "/concerns?said=acknowledged");
    assert!(town.open("/concerns").await.text.contains("✓ Presa visione"));
    assert!(!node.browser("terni").open("/concerns").await.text.contains("scanner 7"));
    let page = format!("/items/{}", ours.id());
    for (who, sees) in [("perugia", true), ("admin", true), ("terni", false)] {
        let seen = node.browser(who).open(&page).await.text;
        assert_eq!(seen.contains("da CED (turno)"), sees, "{who}: {seen}");
    }
}

#[tokio::test]
async fn an_agreement_says_whom_to_call_who_does_what_and_until_when() {
    use serde_json::json;
    let test = TestHouse::small();
    let desk = json!({ "id": "sala", "organisation": "cnaipic", "role": "desk", "name": "Sala Uno", "substitute": "vice" });
    let vice =
        json!({ "id": "vice", "organisation": "cnaipic", "role": "desk", "name": "Capoturno" });
    let contacts = [desk, vice].map(|it| serde_json::from_value(it).unwrap()).to_vec();
    let records = vedetta_directory::directory::Records { contacts, ..Default::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    let mut act = serde_json::to_value(vedetta_testkit::house::act()).unwrap();
    act["id"] = json!("quadro");
    act["stage"] = json!({ "is": "draft" });
    act["term"] = json!({ "from": "2025-01-01", "until": "2025-12-31", "renewal": "tacit" });
    act["party"][0]["contacts"] = json!(["sala"]);
    act["raci"] = json!([{ "activity": "ransomware", "responsible": ["municipalities"], "accountable": ["centres"] }]);
    act["party"].as_array_mut().unwrap().push(json!({
        "name": "operators", "select": { "kinds": ["operator"] }, "receives": ["indicator"] }));
    act["raci"][0]["informed"] = json!(["operators"]);
    act["handling"]["iep"] = json!({ "id": "i", "name": "Regola", "attribution": "must not" });
    act["duties"] = json!({ "training": "Una giornata" });
    let admin = test.administrator();
    test.house.put_draft(&admin, &serde_json::from_value(act).unwrap()).unwrap();
    let node = Node::over(test);
    let page = node.browser("admin").open("/agreements/quadro").await.text;
    let said =
        ["Sala Uno", "nessuno ha verificato", "ransomware", "Regola", "must not", "giornata"];
    for said in said.into_iter().chain([
        "AMBER",
        "31/12/2026",
        "<dt>Da</dt><dd>",
        "(Persona admin)",
        "Capoturno <code>vice</code>",
        "si rinnova da sé",
        "<td>Comune di Foligno, Comune di Perugia, Comune di Terni</td>",
        "<td>Operatori</td>",
        "Citare la fonte: non si deve (<code>attribution</code>: <code>must not</code>)",
    ]) {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(node.browser("admin").open("/agreements").await.text.contains(">31/12/2026</td>"));
    let mut english = node.browser("admin");
    english.cookies.insert("__Host-vedetta-language".into(), "en".into());
    assert!(english.open("/agreements").await.text.contains(">2026-12-31</td>"));
    let lapses = node.browser("admin").open("/lapses").await;
    assert!(lapses.text.contains("Non più condiviso"), "{}", lapses.text);
}

#[tokio::test]
async fn what_lapsed_is_listed_though_it_is_far_behind_what_was_never_had() {
    use vedetta_flow::{DeliveryBatch, Door, Step};
    use vedetta_model::{AgreementId, Audience, Places};
    let test = TestHouse::small();
    let never: Vec<_> = (1..=1_000).map(|n| TestItem::indicator(n).tlp("AMBER")).collect();
    test.bring("perugia", &never);
    let had: Vec<_> = (1_001..=1_051).map(|n| TestItem::indicator(n).tlp("AMBER")).collect();
    let before = test.house.bell().last().0;
    test.bring("perugia", &had);
    let terni = vedetta_model::OrganisationId::new("terni").unwrap();
    let number = test.house.standing().directory.number(&terni).unwrap();
    let batch = DeliveryBatch {
        releases: Places::between(before + 1, test.house.bell().last().0),
        door: Door::Taxii,
        at: test.house.now(),
        audience: Audience::from_iter([number]),
    };
    test.house.record_deliveries(vec![batch]).unwrap();
    test.clock.advance(std::time::Duration::from_secs(3_600));
    let act = AgreementId::new("act").unwrap();
    let reason = "una violazione al centro".to_owned();
    test.house.step_agreement(&test.administrator(), &act, &Step::Suspend { reason }).unwrap();
    test.house.tell_lapses().unwrap();
    let node = Node::over(test);
    let mut browser = node.browser("terni");
    browser.cookies.insert("__Host-vedetta-language".into(), "en".into());
    let english = browser.open("/lapses").await.text;
    assert!(english.contains("Stop using what") && !english.contains("Non usare più"), "{english}");
    browser.cookies.insert("__Host-vedetta-language".into(), "it".into());
    let page = browser.open("/lapses").await.text;
    let listed = |item: &TestItem| page.contains(item.id().as_str());
    assert!(had[..50].iter().all(listed) && !never.iter().any(listed), "{page}");
    assert!(page.contains("Non usare più ciò che è elencato"), "{page}");
    assert!(!listed(&had[50]) && page.contains("/api/v1/lapses/items?agreement=act"), "{page}");
}

#[tokio::test]
async fn a_stone_says_that_something_is_not_told_only_to_those_whom_it_is_not_told() {
    use vedetta_flow::{Sequence, VersionFilter, Wish};
    let test = TestHouse::small();
    test.hide_victims("none");
    let item = TestItem::incident(1, "Ransomware at Comune di Perugia").tlp("AMBER");
    test.bring("perugia", std::slice::from_ref(&item));
    let all = Wish::all(Sequence::START, VersionFilter::Last);
    let form = test.house.page(&test.person("stranger"), &all).unwrap().items[0].id.clone();
    let node = Node::over(test);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    let page = format!("/items/{form}");
    assert_eq!(node.browser("stranger").open(&page).await.status, StatusCode::OK);
    vedetta_api::live::record(node.console.api()).await;
    let house = node.console.house();
    house.withdraw(&node.admin, &item.id(), "Era un falso allarme").unwrap();
    for (who, untold) in [("stranger", true), ("turno", false)] {
        let left = node.browser(who).open(&page).await;
        assert_eq!(left.status, StatusCode::GONE, "{who}: {}", left.text);
        let said = left.text.contains("non si dice a chi ha la forma senza la vittima");
        assert_eq!(said, untold, "{who}: {}", left.text);
    }
    let why = format!("/items/{}/why?organisation=stranger", item.id());
    let why = node.browser("turno").open(&why).await;
    assert_eq!(why.status, StatusCode::OK, "{}", why.text);
    assert!(why.text.contains("Fino ad allora valeva questo: Stranger la riceve"), "{}", why.text);
}

#[tokio::test]
async fn what_a_page_previews_counts_as_brought() {
    let settings = vedetta_api::Settings { octets_a_day: 2_500, ..Default::default() };
    let node = Node::with(TestHouse::small(), settings);
    let mut browser = node.browser("perugia");
    let text = "x".repeat(1_000);
    for (step, refused) in [("preview", false), ("preview", true), ("publish", true)] {
        let of = [("what", "report"), ("title", "Lungo"), ("text", &*text), ("step", step)];
        let fields = [&of[..], &[("tlp", "AMBER"), ("pap", "GREEN")]].concat();
        let answer = browser.fill("/publish", "/publish", &fields).await;
        let status = if refused { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        assert_eq!(answer.status, status, "{step}: {}", answer.text);
        let told = answer.text.contains("ha portato quanto può in un giorno");
        assert_eq!(told, refused, "{step}: {}", answer.text);
    }
}

#[tokio::test]
async fn victims_and_values_are_known_before_anything_is_published() {
    let node = Node::over(TestHouse::small());
    let mut browser = node.browser("perugia");
    let form = browser.open("/publish").await.text;
    assert!(form.contains("<option value=\"Comune di Perugia\">perugia</option>"), "{form}");
    let page = async |browser: &mut crate::browser::Browser, fields: &[(&str, &str)]| {
        let all = [("title", "Contro il Comune di Terni"), ("tlp", "AMBER"), ("pap", "GREEN")];
        browser.fill("/publish", "/publish", &[&all, fields].concat()).await
    };
    for (victims, says) in [("ternii", "terni"), ("Comune", "una di queste"), ("zzz", "nessuna")] {
        for step in ["preview", "publish"] {
            let fields = [("what", "incident"), ("victims", victims), ("step", step)];
            let refused = page(&mut browser, &fields).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{victims}");
            assert!(refused.text.contains(says) && refused.text.contains(victims), "{victims}");
        }
    }
    let many = "Comune di Terni,".repeat(101);
    let many = [("what", "incident"), ("victims", &*many), ("step", "preview")];
    let refused = page(&mut browser, &many).await;
    assert!(refused.text.contains("al più 100 per volta"), "{}", refused.text);
    let foreign = [("what", "incident"), ("victims", "Comune di Terni"), ("step", "preview")];
    let told = page(&mut browser, &foreign).await.text;
    assert!(told.contains("Lo si sa una volta pubblicato"), "{told}");
    let named = [("what", "report"), ("victims", ""), ("step", "preview")];
    let told = page(&mut browser, &named).await.text;
    assert!(told.contains("Il testo nomina Comune di Terni"), "{told}");
    let fields = [("what", "report"), ("victims", "Comune di Terni"), ("step", "publish")];
    let done = page(&mut browser, &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let item = browser.open(done.header("location")).await.text;
    let terni = vedetta_model::OrganisationId::new("terni").unwrap().identity();
    assert!(item.contains(terni.as_str()), "{item}");
    for (what, value) in [("ipv4", "999.1.1.1"), ("sha256", "abc"), ("url", "a.example/x")] {
        let fields = [("what", what), ("value", value), ("step", "publish")];
        let refused = page(&mut browser, &fields).await.text;
        assert!(refused.contains(&format!("«{value}» non è un valore")), "{refused}");
    }
    let fields = [("what", "url"), ("value", "hxxps://a[.]example/x"), ("step", "publish")];
    let done = page(&mut browser, &fields).await;
    let item = browser.open(done.header("location")).await.text;
    assert!(item.contains("url:value = &#39;https://a.example/x"), "{item}");
}

#[tokio::test]
async fn what_was_withdrawn_leaves_a_stone_for_those_who_may_know() {
    let test = TestHouse::small();
    let item = TestItem::incident(1, "Riservato").tlp("AMBER");
    test.bring("perugia", std::slice::from_ref(&item));
    let node = Node::over(test);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.account("revisore", "cnaipic", &[Role::Auditor]);
    let page = format!("/items/{}", item.id());
    assert_eq!(node.browser("terni").open(&page).await.status, StatusCode::OK);
    vedetta_api::live::record(node.console.api()).await;
    node.clock.advance(std::time::Duration::from_secs(3_600));
    let to = format!("{page}/withdrawal");
    let fields = [("reason", "Era un falso allarme")];
    node.browser("perugia").fill(&page, &to, &fields).await;
    for who in ["turno", "revisore", "perugia"] {
        let left = node.browser(who).open(&page).await;
        assert_eq!(left.status, StatusCode::GONE, "{who}: {}", left.text);
        for said in ["ritirata", "Era un falso allarme", "perugia@perugia", "Comune di Terni"] {
            assert!(left.text.contains(said), "{who} {said}: {}", left.text);
        }
    }
    let held = node.browser("terni").open(&page).await;
    assert_eq!(held.status, StatusCode::GONE);
    assert!(held.text.contains("Riservato") && held.text.contains("Era un falso allarme"));
    assert!(held.text.contains("<dd>Comune di Perugia</dd>"), "{}", held.text);
    assert!(
        !held.text.contains("perugia@perugia") && !held.text.contains("Chi ce l&#39;ha ancora")
    );
    let nothing = page.replace("-8000-", "-9000-");
    for who in ["foligno", "stranger"] {
        let hidden = node.browser(who).open(&page).await;
        let unknown = node.browser(who).open(&nothing).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{who} never had it: {}", hidden.text);
        let same =
            |text: &str| text.replace("-9000-", "-8000-").split("<h1>").nth(1).map(str::to_owned);
        assert_eq!(same(&hidden.text), same(&unknown.text), "{who} is told the same");
    }
}
