//! What people type: every form that a role finds is filled in with markup, and every page is read for it.

use std::collections::BTreeSet;

use http::StatusCode;
use vedetta_api::access::Verb;
use vedetta_console::access::TABLE;
use vedetta_model::Role;

use crate::browser::{Answer, Browser, Node};

const MARKUP: &str = "\"'><script>vedetta</script>";
const SHOWN: &str = "&#34;&#39;&#62;&#60;script&#62;vedetta";

/// What would end a session that fills in the others.
const LEFT_OUT: [&str; 4] = ["/sign-", "/account", "/preferences", "/machines"];

/// A form of a page: where it goes, and what a hostile hand types into it.
struct Form {
    to: String,
    fields: Vec<(String, String)>,
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// The forms that post, without those that send a file.
fn forms(page: &str) -> Vec<Form> {
    let all = page.split("<form ").skip(1).filter_map(|it| it.split("</form>").next());
    let posted = all.filter(|it| it.contains("method=\"post\"") && !it.contains("type=\"file\""));
    posted
        .filter_map(filled)
        .filter(|it| !LEFT_OUT.iter().any(|out| it.to.starts_with(out)))
        .collect()
}

fn filled(form: &str) -> Option<Form> {
    let to = attribute(&format!(" {}", form.split('>').next()?), "action")?.to_owned();
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut had = BTreeSet::new();
    for tag in form.split('<').skip(1) {
        let kind = tag.split([' ', '>']).next().unwrap_or_default();
        if kind == "option" {
            let chosen = attribute(tag, "value").filter(|it| !it.is_empty());
            if let (Some(value), Some((_, last))) = (chosen, fields.last_mut())
                && last.is_empty()
            {
                value.clone_into(last);
            }
            continue;
        }
        let Some(name) = attribute(tag, "name") else { continue };
        let given = attribute(tag, "value").unwrap_or_default();
        let value = match (kind, attribute(tag, "type").unwrap_or("text")) {
            ("input", "hidden" | "radio" | "checkbox") | ("button", _) => given,
            ("input", "number") => "1",
            ("input", "email") => "chi@example.org",
            ("input", "url") => "https://example.org/",
            ("input", "text" | "search" | "tel") if name == "id" => "prova-ostile",
            ("input", "text" | "search" | "tel") | ("textarea", _) => MARKUP,
            ("select", _) => "",
            _ => given,
        };
        if had.insert(name.to_owned()) {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    Some(Form { to, fields })
}

fn harmless(answer: &Answer, what: &str) -> bool {
    if answer.header("content-type").starts_with("text/html") {
        assert!(!answer.text.contains("<script>vedetta"), "{what} runs what was typed");
        assert!(!answer.text.contains("\"'&#62;"), "{what} ends an attribute where one typed it");
    }
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{what}");
    answer.text.contains(SHOWN)
}

/// Where the links of a page lead.
fn links(page: &str) -> impl Iterator<Item = String> {
    let all = page.split("href=\"/").skip(1).filter_map(|it| it.split(['"', '#']).next());
    all.filter(|it| !it.starts_with("assets") && !it.contains("said=") && !it.starts_with("api"))
        .map(|it| format!("/{}", it.replace("&#38;", "&")))
}

/// What a walk through the pages does.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Look,
    Type,
}

/// Opens what there is to open, fills in what there is to fill in; on which pages what was typed is shown.
async fn through(browser: &mut Browser<'_>, does: Does) -> BTreeSet<String> {
    let table = TABLE.iter().filter(|it| it.verb == Verb::Get && !it.path.contains('{'));
    let streams = ["/live", "/called"];
    let mut waiting: Vec<_> = table.map(|it| it.path.to_owned()).collect();
    let (mut opened, mut shown) = (BTreeSet::new(), BTreeSet::new());
    let mut sent = BTreeSet::new();
    while let Some(page) = waiting.pop() {
        let kind = page.split('?').next().unwrap_or_default().to_owned();
        if streams.contains(&kind.as_str()) || opened.len() > 400 || !opened.insert(kind.clone()) {
            continue;
        }
        let answer = browser.open(&page).await;
        if harmless(&answer, &page) {
            shown.insert(kind);
        }
        waiting.extend(links(&answer.text).filter(|it| !it.starts_with("/sign-")));
        for form in forms(&answer.text).into_iter().filter(|_| does == Does::Type) {
            let does =
                form.fields.iter().find(|(name, _)| name == "does").map(|(_, it)| it.clone());
            if !sent.insert((form.to.clone(), does)) {
                continue;
            }
            let fields: Vec<_> =
                form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let answered = browser.post(&form.to, &fields).await;
            if harmless(&answered, &form.to) {
                shown.insert(form.to);
            }
            waiting
                .extend(Some(answered.header("location").to_owned()).filter(|it| !it.is_empty()));
        }
    }
    shown
}

#[tokio::test]
async fn what_is_typed_into_any_form_is_shown_and_never_run() {
    let node = Node::new();
    node.account("turno", "cnaipic", &[Role::DutyOfficer]);
    node.account("analista", "cnaipic", &[Role::Analyst]);
    node.account("revisore", "cnaipic", &[Role::Auditor]);
    for account in ["perugia", "turno", "analista", "admin"] {
        through(&mut node.browser(account), Does::Type).await;
    }
    let mut shown = BTreeSet::new();
    for account in ["perugia", "turno", "analista", "admin", "revisore"] {
        shown.extend(through(&mut node.browser(account), Does::Look).await);
    }
    for place in ["/incidents", "/clocks", "/recommendations", "/directory", "/agreements"] {
        let there = shown.iter().any(|it| it.starts_with(place));
        assert!(there, "nothing typed came to {place}: {shown:?}");
    }
    assert!(shown.len() >= 10, "{shown:?}");
}
