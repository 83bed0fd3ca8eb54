//! Playbooks, and following one for a case: step by step, by those who may, with who did what when.

use axum::body::Body;
use http::StatusCode;
use vedetta_model::Role;

use crate::browser::{Answer, Browser, Node};

/// A playbook that finds an address out, then asks a firewall of the node to block it.
const BLOCK: &str = include_str!("../../../vedetta-desk/src/http_call/tests/block.json");

async fn node() -> Node {
    let node = Node::new();
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.clock.set("2026-03-02T09:00:00Z");
    assert_eq!(node.console.watch(|watch| watch.give_playbooks()).await.unwrap(), 10);
    node
}

async fn report(node: &Node) -> String {
    let report = [("title", "Riscatto"), ("words", "File cifrati"), ("contact", "0")];
    let told = node.browser("perugia").fill("/report", "/report", &report).await;
    told.header("location").rsplit('/').next().unwrap().to_owned()
}

/// What is between two texts of a page, the first time.
fn between(page: &str, before: &str, after: &str) -> String {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}")).1;
    rest.split(after).next().unwrap().to_owned()
}

/// The identifier of a playbook, by what the list calls it.
async fn named(browser: &mut Browser<'_>, name: &str) -> String {
    let list = browser.open("/playbooks").await.text;
    let before = list.split_once(&format!("\">{name}</a>")).unwrap().0;
    before.rsplit("/playbooks/").next().unwrap().to_owned()
}

/// Sends a form of a run, as one who sees it now.
async fn step(browser: &mut Browser<'_>, run: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.open(run).await;
    let (seen, node) = (page.field("seen"), page.field("node"));
    let mut all = vec![("seen", seen.as_str()), ("node", node.as_str())];
    all.extend_from_slice(fields);
    browser.fill(run, run, &all).await
}

/// Hands a file in, as browsers do.
async fn hand_in(browser: &mut Browser<'_>, text: &str) -> Answer {
    let seal = browser.open("/playbooks").await.field("seal");
    let part = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = part("playbook\"; filename=\"a.json", text);
    let request = browser
        .request("POST", "/playbooks")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(Body::from(part("seal", &seal) + &file + "--x--"))
        .unwrap();
    browser.send(request).await
}

#[tokio::test]
async fn a_playbook_is_followed_step_by_step_and_nothing_typed_is_lost() {
    let node = node().await;
    let number = report(&node).await;
    let (mut officer, mut other) = (node.browser("sala"), node.browser("turno"));
    let playbook = named(&mut officer, "Ransomware").await;
    let runs = format!("/incidents/{number}/runs");
    assert!(officer.open(&format!("/incidents/{number}")).await.text.contains(&runs), "the way");
    assert!(officer.open(&runs).await.text.contains("Nessuna procedura è cominciata."));
    let begun = officer.fill(&runs, &runs, &[("playbook", &playbook)]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let run = format!("{runs}/1");
    assert!(begun.header("location").starts_with(&run));
    let first = officer.open(&run).await.text;
    assert!(first.contains("La prima telefonata: cinque minuti</h2>"), "{first}");
    assert!(first.contains("Richiamare al numero in rubrica"), "what to do is said");

    let bare = step(&mut officer, &run, &[("does", "leave-out"), ("reason", "")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text.contains("manca il motivo"), "{}", bare.text);
    let stale = other.open(&run).await;
    let (seen, open) = (stale.field("seen"), stale.field("node"));
    let done = [("does", "finish"), ("outcome", "done"), ("note", "Parlato con il CED")];
    let done = step(&mut officer, &run, &done).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let page = officer.open(&run).await.text;
    assert!(page.contains("fatto. Parlato con il CED"), "{page}");
    assert!(page.contains("· Persona sala</p>"), "who did it: {page}");
    assert!(!page.contains("La prima telefonata: cinque minuti</h2>"), "and what follows is open");
    let late = [
        ("seen", seen.as_str()),
        ("node", open.as_str()),
        ("does", "finish"),
        ("note", "Chiamato anch'io"),
    ];
    let late = other.fill(&run, &run, &late).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("qualcuno ha proseguito intanto"), "{}", late.text);

    let case = officer.open(&format!("/incidents/{number}")).await.text;
    assert!(case.contains(&format!("href=\"{run}\"")) && case.contains("aspetta"), "{case}");
    let given_up = [("does", "give-up"), ("reason", "Era un falso allarme")];
    let given_up = step(&mut officer, &run, &given_up).await;
    assert_eq!(given_up.status, StatusCode::SEE_OTHER, "{}", given_up.text);
    let over = officer.open(&run).await.text;
    assert!(over.contains("abbandonata") && over.contains("Era un falso allarme"), "{over}");
}

#[tokio::test]
async fn what_a_party_accepted_it_follows_too() {
    let node = node().await;
    let number = report(&node).await;
    let (mut officer, mut town) = (node.browser("sala"), node.browser("perugia"));
    let playbook = named(&mut officer, "Ransomware").await;
    let page = format!("/playbooks/{playbook}");
    let begun = officer.fill(&page, &format!("{page}/runs"), &[("number", &number)]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let run = format!("/incidents/{number}/runs/1");
    assert_eq!(town.open(&run).await.status, StatusCode::NOT_FOUND, "it is the room's");
    assert_eq!(town.open(&page).await.status, StatusCode::NOT_FOUND);
    assert!(town.open("/playbooks").await.text.contains("Nessuna procedura proposta"));
    let wrong = officer.fill(&page, &format!("{page}/runs"), &[("number", "12")]).await;
    assert!(wrong.text.contains("value=\"12\""), "what was typed stays: {}", wrong.text);

    let steps = format!("{page}/steps");
    let seen = officer.open(&page).await.field("seen");
    let propose = [("seen", seen.as_str()), ("does", "propose"), ("organisation", "perugia")];
    let proposed = officer.fill(&page, &steps, &propose).await;
    assert_eq!(proposed.status, StatusCode::SEE_OTHER, "{}", proposed.text);
    let asked = town.open(&page).await;
    assert!(asked.text.contains("La sala vi chiede di seguirla"), "{}", asked.text);
    let accept = [("seen", asked.field("seen")), ("does", "accept".into())];
    let accept = accept.each_ref().map(|(name, value)| (*name, value.as_str()));
    let accepted = town.fill(&page, &steps, &accept).await;
    assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.text);
    assert!(officer.open(&page).await.text.contains("✓ accettata da tutti"));
    let done = step(&mut town, &run, &[("does", "finish"), ("note", "Cavi staccati")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let page = town.open(&run).await.text;
    assert!(page.contains("Cavi staccati") && !page.contains("value=\"give-up\""), "{page}");
}

#[tokio::test]
async fn a_file_becomes_a_playbook_and_its_faults_are_told() {
    let node = node().await;
    let mut officer = node.browser("sala");
    let empty = hand_in(&mut officer, "").await;
    assert!(empty.text.contains("Scegli il file della procedura."), "{}", empty.text);
    let wrong =
        hand_in(&mut officer, &BLOCK.replace("\"type\": \"playbook\"", "\"type\": \"book\"")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
    let text = BLOCK.replace("TARGET", "/rules").replace("HEADER", "X-Address");
    let kept = hand_in(&mut officer, &text).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text);
    let page = kept.header("location").split('?').next().unwrap().to_owned();
    let again = hand_in(&mut officer, &text).await;
    assert!(again.text.contains("questa versione c&#39;è già"), "{}", again.text);

    node.clock.advance(std::time::Duration::from_secs(60));
    let edit = format!("{page}/edit");
    let seen = officer.open(&edit).await.field("seen");
    let fields = [("seen", seen.as_str()), ("text", "{")];
    let broken = officer.fill(&edit, &edit, &fields).await;
    assert!(broken.text.contains("Il testo non è JSON"), "{}", broken.text);
    let newer = text.replace("Block an address", "Blocca").replace("01-15T08:00", "01-16T08:00");
    let newer = newer.replacen("2026-01-16", "2026-01-15", 1);
    let fields = [("seen", seen.as_str()), ("text", newer.as_str())];
    let saved = officer.fill(&edit, &edit, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let shown = officer.open(&page).await.text;
    let versions = between(&shown, "id=\"versions\"", "</section>");
    assert_eq!(versions.matches("<li>").count(), 2, "{versions}");
    let file = officer.open(&format!("{page}?form=cacao")).await;
    assert!(file.header("content-disposition").contains("playbook.json"));
    assert!(file.text.contains("\"Blocca\""), "{}", file.text);
    assert_eq!(node.browser("perugia").open(&edit).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_request_goes_to_allowed_hosts_alone() {
    let node = node().await;
    let number = report(&node).await;
    let mut officer = node.browser("sala");
    let text = BLOCK.replace("TARGET", "/rules").replace("HEADER", "X-Address");
    let kept = hand_in(&mut officer, &text).await;
    let page = kept.header("location").split('?').next().unwrap().to_owned();
    officer.fill(&page, &format!("{page}/runs"), &[("number", &number)]).await;
    let run = format!("/incidents/{number}/runs/1");
    let found = [("does", "finish"), ("found-__address__", "198.51.100.7")];
    let found = step(&mut officer, &run, &found).await;
    assert_eq!(found.status, StatusCode::SEE_OTHER, "{}", found.text);
    let open = officer.open(&run).await;
    assert!(open.text.contains("Fai la richiesta"), "{}", open.text);
    let (seen, at) = (open.field("seen"), open.field("node"));
    let fields = [("seen", seen.as_str()), ("node", at.as_str()), ("command", "0")];
    let requests = format!("{run}/requests");
    let refused = officer.fill(&run, &requests, &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert!(refused.text.contains("non è tra gli host"), "{}", refused.text);

    let mut admin = node.browser("admin");
    assert!(admin.open("/playbook-hosts").await.text.contains("Nessuno:"));
    let wrong = admin.fill("/playbook-hosts", "/playbook-hosts", &[("host", "https://x")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("non è un host") && wrong.text.contains("value=\"https://x\""));
    let allowed = [("host", "fw.example.org:8443"), ("authorization", "Bearer segreto")];
    let allowed = admin.fill("/playbook-hosts", "/playbook-hosts", &allowed).await;
    assert_eq!(allowed.status, StatusCode::SEE_OTHER, "{}", allowed.text);
    let hosts = admin.open("/playbook-hosts").await.text;
    assert!(hosts.contains("fw.example.org:8443") && !hosts.contains("segreto"), "{hosts}");
    assert_eq!(officer.open("/playbook-hosts").await.status, StatusCode::FORBIDDEN);
    // This node makes no requests: that it was tried, and why nothing came of it, is written.
    let made = officer.fill(&run, &requests, &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
    let told = officer.open(&run).await.text;
    assert!(told.contains("si chiama POST https://fw.example.org:8443/rules"), "{told}");
    assert!(told.contains("risposta:"), "{told}");
}

#[tokio::test]
async fn the_documents_of_a_case_are_files() {
    let node = node().await;
    let number = report(&node).await;
    let mut officer = node.browser("sala");
    let case = officer.open(&format!("/incidents/{number}")).await;
    let documents = format!("/incidents/{number}/documents");
    assert!(case.text.contains(&documents), "the way to them");
    let none = officer.open(&documents).await.text;
    assert!(none.contains("non è applicata alcuna norma"), "{none}");
    let seen = case.field("seen");
    let apply =
        [("seen", seen.as_str()), ("does", "apply"), ("regime", "nis2"), ("reason", "essenziale")];
    let clocks = format!("/incidents/{number}/clocks");
    let applied = officer.fill(&clocks, &clocks, &apply).await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    let page = officer.open(&documents).await.text;
    let notice = format!("{clocks}/nis2/pre-notification");
    let report = format!("/incidents/{number}/report");
    for address in [&notice, &report] {
        assert!(page.contains(&format!("{address}?form=pdf")), "{address}: {page}");
        let pdf = officer.open(&format!("{address}?form=pdf")).await;
        assert_eq!(pdf.header("content-type"), "application/pdf");
        assert!(
            pdf.text.starts_with("%PDF-") && pdf.header("content-disposition").contains(&number)
        );
        let html = officer.open(&format!("{address}?form=html")).await;
        assert!(html.text.starts_with("<!DOCTYPE html>"), "{}", html.text);
    }
    let read = officer.open(&report).await.text;
    assert!(read.contains("Riscatto"), "{read}");
    assert_eq!(node.browser("terni").open(&documents).await.status, StatusCode::NOT_FOUND);
}
