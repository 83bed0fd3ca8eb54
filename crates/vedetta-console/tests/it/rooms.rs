//! What holds for everybody, orders that keep things still, files on a case, and the emergency account.

use axum::body::Body;
use http::StatusCode;
use vedetta_model::Role;

use crate::browser::{Answer, Browser, Node};

fn node() -> Node {
    let node = Node::new();
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.account("analista", "cnaipic", &[Role::Analyst]);
    node
}

async fn report(browser: &mut Browser<'_>) -> String {
    let fields = [("title", "Anagrafe bloccata"), ("words", "x"), ("contact", "0")];
    let sent = browser.fill("/report", "/report", &fields).await;
    sent.header("location").rsplit('/').next().unwrap().to_owned()
}

/// Sends a file to a case, as a browser does.
async fn attach(browser: &mut Browser<'_>, number: &str, name: &str, octets: &[u8]) -> Answer {
    let page = browser.open(&format!("/incidents/{number}")).await;
    let version = page.text.split("name=\"seen\" value=\"").nth(1).unwrap();
    let version = version.split('"').next().unwrap();
    let fields = [("seal", page.field("seal")), ("once", page.field("once"))];
    let mut body = Vec::new();
    for (field, value) in fields.iter().map(|(n, v)| (*n, v.as_str())).chain([("seen", version)]) {
        let part =
            format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/pdf\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(octets);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let request = browser
        .request("POST", &format!("/incidents/{number}/files"))
        .header("sec-fetch-site", "same-origin")
        .header("origin", "https://node.example")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

#[tokio::test]
async fn a_band_on_every_page_says_what_holds() {
    let node = node();
    let mut officer = node.browser("turno");
    assert!(!officer.open("/help").await.text.contains("class=\"posture"));
    let fields = [
        ("kind", "exercise"),
        ("name", "Ponte 2026"),
        ("reason", "prova"),
        ("participants", "terni"),
    ];
    let done = officer.fill("/postures", "/postures", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    for page in ["/help", "/queue", "/wall", "/postures"] {
        let text = officer.open(page).await.text;
        assert!(text.contains("ESERCITAZIONE: Ponte 2026"), "{page}: {text}");
        assert!(text.contains("class=\"posture exercise\" role=\"status\""), "{page}");
    }
    let town = node.browser("terni").open("/help").await.text;
    assert!(town.contains("ESERCITAZIONE: Ponte 2026"), "who takes part is told");
    let other = node.browser("perugia").open("/help").await.text;
    assert!(!other.contains("Ponte 2026"), "who takes no part is not");
    let refused = officer
        .fill("/postures", "/postures", &[("kind", "exercise"), ("name", "Vuota"), ("reason", "x")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("chi partecipa") && refused.text.contains("Vuota"));
    let crisis = [("kind", "crisis"), ("name", "Blackout"), ("reason", "x")];
    officer.fill("/postures", "/postures", &crisis).await;
    let other = node.browser("perugia").open("/help").await.text;
    assert!(other.contains("▲ CRISI: Blackout · tutta la rete"), "{other}");
    // A report says that it is practised, and every list that shows it too.
    let mut town = node.browser("terni");
    let form = town.open("/report").await.text;
    let id = form.split("name=\"exercise\"").nth(1).unwrap();
    let id = id.split("value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("title", "Finto riscatto"), ("words", "x"), ("exercise", id.as_str())];
    town.fill("/report", "/report", &fields).await;
    let queue = officer.open("/queue").await.text;
    assert!(queue.contains("<span class=\"badge-warn\">ESERCITAZIONE</span>"), "{queue}");
}

#[tokio::test]
async fn orders_are_placed_seen_and_lifted_on_their_page() {
    let node = node();
    let mut officer = node.browser("turno");
    assert_eq!(node.browser("analista").open("/holds").await.status, StatusCode::FORBIDDEN);
    assert_eq!(node.browser("perugia").open("/holds").await.status, StatusCode::FORBIDDEN);
    let order = |on: &'static str| {
        [
            ("authority", "Procura di Perugia"),
            ("reason", "decreto 12/2026"),
            ("organisation", "cnaipic"),
            ("scope", "victim"),
            ("on", on),
        ]
    };
    let wrong = officer.fill("/holds", "/holds", &order("nessuno")).await;
    assert!(wrong.status.is_client_error() && wrong.text.contains("decreto 12/2026"));
    let placed = officer.fill("/holds", "/holds", &order("perugia")).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    let page = officer.open("/holds").await.text;
    assert!(page.contains("in vigore") && page.contains("Comune di Perugia"), "{page}");
    let end = page.split("action=\"/holds/").nth(1).unwrap().split('"').next().unwrap();
    let lifted = officer.fill("/holds", &format!("/holds/{end}"), &[]).await;
    assert_eq!(lifted.status, StatusCode::SEE_OTHER, "{}", lifted.text);
    let page = officer.open("/holds").await.text;
    assert!(page.contains("concluso") && !page.contains("in vigore"), "its record stays: {page}");
}

#[tokio::test]
async fn a_file_is_attached_listed_with_its_hash_and_saved_and_a_hostile_one_refused() {
    let node = node();
    let number = report(&mut node.browser("perugia")).await;
    let mut officer = node.browser("turno");
    let done = attach(&mut officer, &number, "../../registri.csv", b"a,b\n1,2\n").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let page = officer.open(&format!("/incidents/{number}")).await.text;
    assert!(page.contains(">registri.csv</a>"), "{page}");
    assert!(page.contains("text/csv") && page.contains("Persona turno"), "{page}");
    let address = format!("/incidents/{number}/files/");
    let hash = page.split(&address).nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(hash.len() == 64 && page.contains(&format!("<code class=\"mono\">{hash}</code>")));
    let saved = officer.open(&format!("{address}{hash}")).await;
    assert_eq!(saved.text, "a,b\n1,2\n");
    assert!(saved.header("content-disposition").starts_with("attachment"));
    // What is for the room alone is not the reporter's, and a stranger sees nothing.
    let mut town = node.browser("perugia");
    assert!(!town.open(&format!("/incidents/{number}")).await.text.contains("registri.csv"));
    assert_eq!(town.open(&format!("{address}{hash}")).await.status, StatusCode::NOT_FOUND);
    for (name, octets, why) in [
        ("fattura.pdf", &b"MZ\x90\0"[..], "un programma"),
        ("foto.png", b"<svg onload=alert(1)>", "script"),
        ("vuoto.txt", b"", "il file da allegare"),
    ] {
        let refused = attach(&mut officer, &number, name, octets).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", refused.text);
        assert!(refused.text.contains(why), "{name}: {}", refused.text);
    }
    let turned = attach(&mut officer, &number, "fdp\u{202e}exe.txt", b"testo").await;
    assert_eq!(turned.status, StatusCode::SEE_OTHER, "{}", turned.text);
    let page = officer.open(&format!("/incidents/{number}")).await.text;
    assert!(page.contains("fdpexe.txt") && !page.contains('\u{202e}'), "{page}");
    let page = node.browser("terni").open(&format!("/incidents/{number}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_emergency_account_is_on_the_page_of_the_accounts() {
    let node = node();
    let mut admin = node.browser("admin");
    assert!(admin.open("/accounts").await.text.contains("non sigillato"));
    let code = node.console.house().seal_emergency(&node.admin).unwrap();
    assert!(admin.open("/accounts").await.text.contains("✓ sigillato"));
    node.console.house().break_seal(&code, "nessuno riesce a entrare").unwrap();
    node.console.watch(|watch| watch.gather()).await.unwrap();
    let page = admin.open("/accounts").await.text;
    assert!(page.contains("nessuno riesce a entrare") && page.contains("/audit?actor=emergency"));
}

#[tokio::test]
async fn what_a_case_is_is_chosen_from_the_taxonomies() {
    let node = node();
    let number = report(&mut node.browser("perugia")).await;
    let mut officer = node.browser("turno");
    let page = officer.open(&format!("/incidents/{number}")).await;
    assert!(page.text.contains("sistema infetto (malicious-code:infected-system)</option>"));
    assert!(page.text.contains("<optgroup label=\"TC-ACN · vettore (vector)\">"), "by kind");
    assert!(page.text.contains("posta elettronica (vector:e-mail)</option>"), "all of TC-ACN");
    assert_eq!(page.text.matches("<option value=\"availability:ddos\"").count(), 1, "once");
    let seen = page.field("seen");
    let fields = [
        ("seen", seen.as_str()),
        ("does", "classify"),
        ("classes", "malicious-code:infected-system"),
        ("classes", "root-cause:human-errors"),
        ("others", "vector:email"),
        ("origin", "common"),
    ];
    let done = officer.fill("/help", &format!("/incidents/{number}/changes"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let page = officer.open(&format!("/incidents/{number}")).await.text;
    let chosen = "value=\"root-cause:human-errors\" selected>errore umano";
    assert!(page.contains(chosen) && page.contains("vettore (vector:email)"), "{page}");
}
