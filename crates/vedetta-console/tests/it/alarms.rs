//! Alarms: who is called sees it on every page, and answers; what is silent is beside them.

use std::time::Duration;

use http::StatusCode;
use vedetta_model::Role;

use crate::browser::Node;
use crate::shift::make_roster;

fn node() -> Node {
    let node = Node::new();
    node.account("sala", "cnaipic", &[Role::DutyOfficer]);
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.account("revisore", "cnaipic", &[Role::Auditor]);
    node.clock.set("2026-03-02T09:00:00Z");
    node
}

/// A report that nobody takes on, and an hour later a look at the clocks: the aim is missed.
async fn missed(node: &Node) -> String {
    make_roster(&mut node.browser("sala")).await;
    let report = [("title", "Anagrafe bloccata"), ("words", "x"), ("contact", "0")];
    let told = node.browser("perugia").fill("/report", "/report", &report).await;
    let number = told.header("location").rsplit('/').next().unwrap().to_owned();
    look_an_hour_later(node).await;
    number
}

async fn look_an_hour_later(node: &Node) {
    node.clock.advance(Duration::from_secs(3_600));
    node.console.watch(|watch| watch.look_at_clocks()).await.unwrap();
}

#[tokio::test]
async fn who_is_called_sees_it_on_every_page_until_somebody_answers() {
    const CALLED: &str = "class=\"called\"";
    let node = node();
    let mut officer = node.browser("sala");
    assert!(officer.open("/alarms").await.text.contains("Nessun allarme."));
    let number = missed(&node).await;
    let anywhere = officer.open("/help").await.text;
    assert!(anywhere.contains(CALLED) && anywhere.contains("Un allarme chiama te"), "{anywhere}");
    let other = node.browser("turno").open("/help").await.text;
    assert!(other.contains("id=\"called\"") && !other.contains(CALLED), "not on duty now");
    let town = node.browser("perugia").open("/help").await.text;
    assert!(!town.contains("id=\"called\""), "nobody ever calls a town");
    let home = officer.open("/").await.text;
    assert!(home.contains("allarme senza risposta"), "{home}");

    let page = officer.open("/alarms").await.text;
    assert!(page.contains(&number) && page.contains("▲ chiama te"), "{page}");
    assert!(page.contains(">Anagrafe bloccata</a>"), "which case it is: {page}");
    assert!(page.contains("<strong>Persona sala</strong>") && page.contains("sulla pagina"));
    assert!(page.contains("in attesa di una pagina") || page.contains("da fare"), "{page}");
    let asked = officer.open("/called").await.text;
    assert!(asked.contains("Un allarme chiama te"), "{asked}");
    let alarm = asked.split("\"alarms\":[\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(anywhere.contains(&format!("data-alarms=\"{alarm}\"")), "{anywhere}");
    assert!(page.contains(&format!("data-alarms=\"{alarm}\" data-calls-you")), "{page}");
    let other = officer.fill("/help", "/called", &[("alarm", "another")]).await;
    assert_eq!(other.status, StatusCode::NO_CONTENT);
    let made = "badge-good\">fatta<";
    assert!(!officer.open("/alarms").await.text.contains(made), "another was shown");
    let told = officer.fill("/help", "/called", &[("alarm", alarm)]).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "a page says that it has shown it");
    assert!(officer.open("/alarms").await.text.contains(made), "only now it counts");
    let seen = node.browser("revisore").open("/alarms").await.text;
    assert!(seen.contains(&number) && !seen.contains("Rispondo io"), "who checks only looks");

    let to = page.split("action=\"/alarms/").nth(1).unwrap().split('"').next().unwrap();
    let to = format!("/alarms/{to}");
    let done = officer.fill("/alarms", &to, &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    assert!(!officer.open("/help").await.text.contains(CALLED));
    let again = node.browser("turno").fill("/alarms", &to, &[]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("ha già risposto sala"), "{}", again.text);
    assert!(again.text.contains("✓ preso da"), "and by whom: {}", again.text);
}

#[tokio::test]
async fn nobody_to_call_is_said() {
    let node = node();
    let report = [("title", "Anagrafe bloccata"), ("words", "x"), ("contact", "0")];
    node.browser("perugia").fill("/report", "/report", &report).await;
    look_an_hour_later(&node).await;
    let page = node.browser("sala").open("/alarms").await.text;
    assert!(page.contains("▲ Nessuno da chiamare"), "{page}");
}

#[tokio::test]
async fn a_sensor_that_fell_silent_is_beside_the_alarms() {
    let node = node();
    let code = node.invited("perugia");
    let mut officer = node.browser("sala");
    assert!(!officer.open("/alarms").await.text.contains("perimetro"), "it never spoke");
    node.enrolled(&code);
    node.clock.advance(Duration::from_secs(3_600));
    node.console.api().sensors().watch().unwrap();
    let page = officer.open("/alarms").await.text;
    assert!(page.contains("perimetro</a>"), "{page}");
}
