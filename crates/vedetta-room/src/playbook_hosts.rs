//! The hosts to which playbooks may have requests made.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_watch::CallableHost;

#[derive(Template)]
#[template(path = "playbook_hosts.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    hosts: Vec<String>,
    may_change: bool,
    host: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed).await?)
}

/// Allows one more, or one no more.
pub(super) async fn change(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, host) = (signed.actor(), sent.text("host").to_owned());
    let authorization = sent.given("authorization").map(str::to_owned);
    let allows = sent.text("does") != "forbid";
    let act = async {
        let change = console.watch(move |watch| {
            let mut hosts = watch.callable_hosts(&actor)?;
            hosts.retain(|it| it.host != host);
            if allows {
                hosts.push(CallableHost { host, authorization });
            }
            watch.allow_hosts(&actor, hosts)
        });
        change.await?;
        let said = if allows { Said::Saved } else { Said::Removed };
        Ok::<_, Problem>(Done::to("/playbook-hosts").said(said))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Page::read(&console, &signed).await?;
            told.fault = Some(whole(signed.words(), &problem));
            told.host = sent.text("host").to_owned();
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

impl Page {
    async fn read(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let found = console.watch(move |watch| watch.callable_hosts(&actor)).await?;
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.hosts_title(), Section::PlaybookHosts),
            fault: None,
            hosts: found.into_iter().map(|it| it.host).collect(),
            may_change: console.admits(signed, "/accounts/new"),
            host: String::new(),
        })
    }
}
