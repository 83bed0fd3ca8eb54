//! What is around every page: header, ways, footer, and what was just said.

use std::fmt;
use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;
use vedetta_api::Problem;
use vedetta_api::access::Verb;
use vedetta_api::problem::Kind;
use vedetta_model::OrganisationId;

use crate::access::Line;
use crate::assets::PLAIN;
use crate::console::Console;
use crate::forms::{ONCE, SEAL};
use crate::organisation::name;
use crate::said::Said;
use crate::visit::{Person, Visit};
use vedetta_watch::desk::posture::{Kind as PostureKind, Posture};
use vedetta_watch::{Topic, Topics};
use vedetta_words::Words;

/// The parts of the console that the header leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// Where one stands.
    Situation,
    /// What concerns one.
    Concerns,
    /// Reporting an incident.
    Report,
    /// Reports that wait.
    Queue,
    /// What calls people.
    Alarms,
    /// Incidents.
    Incidents,
    /// What is due by when.
    Clocks,
    /// What to do.
    Playbooks,
    /// What is said again and again.
    Library,
    /// What sensors found.
    Findings,
    /// Acknowledgements that are overdue.
    Overdue,
    /// How people are called.
    Ladder,
    /// What others are asked of mail.
    MailQuestions,
    /// Whom playbooks may call.
    PlaybookHosts,
    /// Items.
    Items,
    /// Publishing an item.
    Publish,
    /// Early warnings.
    Warnings,
    /// Crises and exercises.
    Posture,
    /// Orders that keep things still.
    Holds,
    /// Who is on duty.
    Duty,
    /// Handing a shift over.
    Handover,
    /// Mail that was reported.
    Mail,
    /// Campaigns of mail.
    MailCampaigns,
    /// Reporting a message.
    MailReport,
    /// The directory.
    Network,
    /// Agreements.
    Agreements,
    /// Who shares what.
    Sharing,
    /// Links to other nodes.
    Links,
    /// Sensors.
    Sensors,
    /// What was delivered, and what failed.
    Deliveries,
    /// The picture on the wall of the room.
    Wall,
    /// Tokens and webhooks.
    Machines,
    /// Accounts.
    Accounts,
    /// Who did what.
    Audit,
    /// One's own account.
    Account,
    /// None of them.
    Other,
}

/// The ways in the header: the parts of the console, and the pages of the part where one is.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The parts.
    pub parts: Vec<Way>,
    /// The pages of this part.
    pub pages: Vec<Way>,
}

/// A way in the header.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where it leads.
    pub address: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Whether one is there.
    pub current: bool,
}

/// What a page puts around itself.
pub struct Frame {
    /// The language it speaks.
    pub w: Words,
    /// Day, night, or as the device says.
    pub theme: &'static str,
    /// The title.
    pub title: String,
    /// What was just done.
    pub said: Option<&'static str>,
    /// The ways in the header.
    pub ways: Ways,
    /// Alarms that call who reads it: in words, or none of them just now.
    pub called: Option<String>,
    /// Which those are, a blank between them.
    pub calls: String,
    /// The crises and exercises that hold: how each looks, and what it says.
    pub banner: Vec<(&'static str, String)>,
    /// The exercises in which who reads it takes part: identifier and name.
    pub exercises: Vec<(String, String)>,
    /// Whether alarms may call who reads it.
    pub notifies: bool,
    /// Who signed in.
    pub person: Option<Arc<Person>>,
    /// Whose node it is.
    pub node: String,
    /// The address of the page, with its query.
    pub here: String,
    /// How it looks; plain without.
    pub style: Option<Look>,
    /// Where it follows what happens, and after how many seconds it looks again by itself.
    pub live: Option<(String, u16)>,
    section: Section,
    since: u64,
    /// Whether single keys do something.
    pub keys: bool,
    seal: String,
    once: String,
}

/// What the parts show of the pages of a section that follow what happens. Lines of items come by themselves.
fn topics(section: Section) -> Topics {
    use Topic::{
        Alarms, Cases, Deliveries, Directory, Duty, Items, Mail, Nodes, Procedures, Sensors,
        Warnings,
    };
    let shown: &[Topic] = match section {
        Section::Situation => &[Cases, Alarms, Nodes, Directory],
        Section::Concerns => &[Items, Warnings, Directory],
        Section::Items => &[],
        Section::Incidents => &[Cases, Procedures],
        Section::Queue | Section::Clocks => &[Cases],
        Section::Alarms => &[Alarms, Cases],
        Section::Duty => &[Duty, Directory],
        Section::Warnings => &[Warnings, Deliveries],
        Section::Findings => &[Items, Sensors],
        Section::Mail | Section::MailCampaigns | Section::MailReport | Section::MailQuestions => {
            &[Mail]
        }
        Section::Links => &[Nodes, Directory],
        Section::Sensors => &[Sensors],
        Section::Wall => &[Items, Cases, Duty, Mail, Nodes, Directory],
        _ => return Topics::ALL,
    };
    Topics::of(shown)
}

/// After how many seconds a page looks again by itself: what is left of a clock, and links that nobody
/// hears from, are told by nothing that happens.
const fn every(section: Section) -> u16 {
    match section {
        Section::Wall => 10,
        Section::Links | Section::Sensors => 15,
        _ => 60,
    }
}

/// The addresses of what makes pages look as they do.
pub struct Look {
    /// The style sheet.
    pub css: String,
    /// The script.
    pub js: String,
    /// The script of passkeys.
    pub passkeys: String,
    /// The script that tells whom alarms call.
    pub notify: String,
    /// The icon.
    pub icon: String,
}

/// The hidden fields of every form.
pub struct Hidden<'a> {
    frame: &'a Frame,
    of: String,
}

/// Whose node it is, as people say it: the name of the organisation that the configuration identifies.
fn node_name(console: &Console) -> String {
    let title = &console.api().settings().title;
    let standing = console.house().standing();
    let id = OrganisationId::new(title.as_str()).ok();
    let named = id.and_then(|id| standing.directory.organisation(&id).map(|it| it.name.clone()));
    named.unwrap_or_else(|| title.clone())
}

/// What calls who visits, on every page but the one that shows it.
fn called(visit: &Visit, section: Section) -> Option<String> {
    let alarms = visit.person.as_ref()?.called.as_ref().filter(|_| section != Section::Alarms)?;
    Some(match alarms.len() {
        0 => String::new(),
        many => visit.words.alarms_call_you(many),
    })
}

/// Which alarms those are: a page says which it has shown.
fn calls(visit: &Visit) -> String {
    let alarms = visit.person.as_ref().and_then(|it| it.called.as_ref());
    alarms.map_or_else(String::new, |alarms| alarms.join(" "))
}

/// The exercises to which something new may belong.
fn exercises(visit: &Visit) -> Vec<(String, String)> {
    let held = visit.person.iter().flat_map(|person| &person.postures);
    let practised = held.filter(|it| it.declared.kind == PostureKind::Exercise);
    practised.map(|it| (it.id.clone(), it.declared.name.clone())).collect()
}

/// What holds for who visits: each in a line.
fn banner(console: &Console, visit: &Visit) -> Vec<(&'static str, String)> {
    let w = visit.words;
    let held = visit.person.iter().flat_map(|person| &person.postures);
    let line = |it: &Posture| {
        let centre = it.declared.centre.as_ref().map(|id| name(&console.house().standing(), id));
        let of = centre.unwrap_or_else(|| w.posture_network().to_owned());
        match it.declared.kind {
            PostureKind::Crisis => ("crisis", w.posture_crisis(&it.declared.name, &of)),
            PostureKind::Exercise => ("exercise", w.posture_exercise(&it.declared.name)),
        }
    };
    held.map(line).collect()
}

impl Frame {
    /// The frame of a page with a title, in a part of the console.
    pub fn of(console: &Console, visit: &Visit, title: &str, section: Section) -> Self {
        let assets = console.assets();
        let look = || Look {
            css: assets.address("console.css"),
            js: assets.address("console.js"),
            passkeys: assets.address("passkeys.js"),
            notify: assets.address("notify.js"),
            icon: assets.address("icon.svg"),
        };
        let seal = match (&visit.person, &visit.doorstep) {
            (Some(person), _) => person.seal.clone(),
            (None, Some(doorstep)) => console.seal(doorstep),
            (None, None) => String::new(),
        };
        Self {
            w: visit.words,
            theme: visit.theme.name(),
            title: title.to_owned(),
            said: Said::of(&visit.here).map(|said| said.sentence(visit.words)),
            ways: ways(console, visit, section),
            called: called(visit, section),
            calls: calls(visit),
            banner: banner(console, visit),
            exercises: exercises(visit),
            notifies: visit.person.as_ref().is_some_and(|it| it.called.is_some()),
            person: visit.person.clone(),
            node: node_name(console),
            here: visit.here.clone(),
            style: (!PLAIN).then(look),
            live: None,
            section,
            since: visit.since,
            keys: visit.keys,
            seal,
            once: console.nonce(),
        }
    }

    /// Of a page that follows what happens.
    pub fn live(self) -> Self {
        // Whom alarms call is told so on every page.
        let called = if self.called.is_some() { Topic::Alarms.into() } else { Topics::NONE };
        let of = topics(self.section) | called;
        let path = self.here.split('?').next().unwrap_or_default();
        let case = path.strip_prefix("/incidents/").and_then(|rest| rest.split('/').next());
        let case = case.map(|number| format!("&case={number}")).unwrap_or_default();
        let address = format!("/live?of={of}{case}&since={}", self.since);
        Self { live: Some((address, every(self.section))), ..self }
    }

    /// The address of its list as a file: `csv` or `json`.
    pub fn export(&self, form: &str) -> String {
        let (path, query) = self.here.split_once('?').unwrap_or((&self.here, ""));
        let kept = query.split('&').filter(|pair| !pair.is_empty());
        let kept = kept.filter(|pair| !pair.starts_with("as=") && !pair.starts_with("said="));
        let pairs: Vec<_> = kept.map(str::to_owned).chain([format!("as={form}")]).collect();
        format!("{path}?{}", pairs.join("&"))
    }

    /// The hidden fields of a form on it.
    pub fn hidden(&self) -> Hidden<'_> {
        Hidden { frame: self, of: String::new() }
    }

    /// The same, on a page with several forms: each is a sending of its own.
    pub fn hidden_for(&self, of: impl fmt::Display) -> Hidden<'_> {
        let of: String = of.to_string().chars().filter(|it| it.is_ascii_alphanumeric()).collect();
        Hidden { frame: self, of: format!("-{of}") }
    }
}

impl fmt::Display for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Both are of letters, digits, `-` and `_`.
        write!(
            f,
            "<input type=\"hidden\" name=\"{SEAL}\" value=\"{}\"><input type=\"hidden\" \
             name=\"{ONCE}\" value=\"{}{}\">",
            self.frame.seal, self.frame.once, self.of
        )
    }
}

impl HtmlSafe for Hidden<'_> {}

/// Writes a page.
///
/// # Errors
/// A template that cannot be written, which is a fault of the node.
pub fn page(template: &impl Template) -> Result<Response, Problem> {
    page_with(StatusCode::OK, template)
}

/// Writes a page with another status.
///
/// # Errors
/// As [`page`].
pub fn page_with(status: StatusCode, template: &impl Template) -> Result<Response, Problem> {
    match template.render() {
        Ok(text) => Ok((status, Html(text)).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            Err(Problem::new(Kind::Internal, "a fault of the node; tell its operator"))
        }
    }
}

/// A part of the console: what it is called, and its pages.
type Part = (&'static str, Vec<(&'static str, &'static str, Section)>);

/// The parts of the console with their pages. A part is called as its page when it has but one.
fn parts(w: Words) -> Vec<Part> {
    use Section as S;
    vec![
        (
            w.way_situation(),
            vec![("/", w.way_situation(), S::Situation), ("/wall", w.way_wall(), S::Wall)],
        ),
        (w.way_concerns(), vec![("/concerns", w.way_concerns(), S::Concerns)]),
        (w.way_report(), vec![("/report", w.way_report(), S::Report)]),
        (
            w.way_incidents(),
            vec![
                ("/queue", w.way_queue(), S::Queue),
                ("/incidents", w.way_incidents(), S::Incidents),
                ("/clocks", w.way_clocks(), S::Clocks),
                ("/alarms", w.alarms_title(), S::Alarms),
                ("/playbooks", w.playbooks_title(), S::Playbooks),
                ("/recommendations", w.library_way(), S::Library),
                ("/findings", w.findings_title(), S::Findings),
            ],
        ),
        (
            w.way_items(),
            vec![
                ("/items", w.way_items(), S::Items),
                ("/publish", w.publish_title(), S::Publish),
                ("/warnings", w.way_warnings(), S::Warnings),
                ("/overdue", w.overdue_way(), S::Overdue),
                ("/holds", w.holds_title(), S::Holds),
            ],
        ),
        (
            w.way_shifts(),
            vec![
                ("/duty", w.way_duty(), S::Duty),
                ("/handover", w.way_handover(), S::Handover),
                ("/ladder", w.ladder_title(), S::Ladder),
                ("/postures", w.postures_title(), S::Posture),
            ],
        ),
        (
            w.way_mail(),
            vec![
                ("/mail", w.way_mail_queue(), S::Mail),
                ("/mail/campaigns", w.way_mail_campaigns(), S::MailCampaigns),
                ("/mail/report", w.way_mail_report(), S::MailReport),
                ("/mail/questions", w.questions_way(), S::MailQuestions),
            ],
        ),
        (
            w.way_network(),
            vec![
                ("/directory", w.way_directory(), S::Network),
                ("/agreements", w.way_agreements(), S::Agreements),
                ("/sharing", w.way_sharing(), S::Sharing),
                ("/links", w.way_links(), S::Links),
                ("/sensors", w.way_sensors(), S::Sensors),
                ("/deliveries", w.way_deliveries(), S::Deliveries),
            ],
        ),
        node(w),
    ]
}

/// The part of who runs the node.
fn node(w: Words) -> Part {
    use Section as S;
    (
        w.way_node(),
        vec![
            ("/machines", w.way_machines(), S::Machines),
            ("/accounts", w.way_accounts(), S::Accounts),
            ("/playbook-hosts", w.hosts_title(), S::PlaybookHosts),
            ("/audit", w.way_audit(), S::Audit),
        ],
    )
}

/// The ways that are open to who visits.
fn ways(console: &Console, visit: &Visit, section: Section) -> Ways {
    let Some(person) = &visit.person else { return Ways::default() };
    let open = |address: &str| {
        Line::find(Verb::Get, address).is_some_and(|line| console.lets(&person.actor, line.who))
    };
    let way = |(address, label, of)| Way { address, label, current: of == section };
    let mut ways = Ways::default();
    for (label, mut pages) in parts(visit.words) {
        pages.retain(|(address, ..)| open(address));
        let Some((first, only, _)) = pages.first().copied() else { continue };
        let current = pages.iter().any(|(.., of)| *of == section);
        let label = if pages.len() == 1 { only } else { label };
        ways.parts.push(Way { address: first, label, current });
        if section == Section::Situation {
            // From the first page every page is one step away.
            ways.pages.extend(pages.into_iter().skip(1).map(way));
        } else if current && pages.len() > 1 {
            ways.pages = pages.into_iter().map(way).collect();
        }
    }
    ways
}
