//! The incidents that one may see, and the queue of what waits to be taken on.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_flow::Standing;
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::fields::{Choice, code};
use vedetta_frame::forms::escaped;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::shown::{Gravity, Moment};
use vedetta_frame::visit::Signed;
use vedetta_model::Language;
use vedetta_watch::desk::incident::{Gathered, Source as Gatherer};
use vedetta_watch::desk::{Category, StageName};
use vedetta_watch::{CaseRow, CaseWish, QueueWish};
use vedetta_words::Words;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    text: String,
    stage: String,
    category: String,
    mine: String,
    after: String,
}

/// An incident in a line.
pub struct Row {
    /// Its number.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// How far it is.
    pub stage: &'static str,
    /// How grave it is.
    pub gravity: Gravity,
    /// Whose it is.
    pub organisation: String,
    /// How it was reported.
    pub channel: &'static str,
    /// When.
    pub reported: Moment,
    /// Who leads it.
    pub lead: Option<String>,
    /// Whether only a few may see it.
    pub closed_circle: bool,
    /// Whether it belongs to an exercise.
    pub exercise: bool,
    /// How often its channel brought it, when more than once.
    pub gathered: Option<u64>,
}

/// A report that waits.
struct Waiting {
    row: Row,
    words: String,
    to: Option<(String, Vec<String>)>,
    source: Option<Source>,
    alike: Vec<(String, String, u8, Vec<String>)>,
    version: u64,
}

/// Where a report that no person made comes from: a page, what it is called, and how often it came.
pub struct Source {
    /// Its page, for those whom it opens to.
    pub address: Option<String>,
    /// What it is.
    pub label: &'static str,
    /// How often it came.
    pub count: String,
    /// When last.
    pub last: Moment,
}

impl Source {
    /// Of what was gathered, for somebody.
    pub fn of(gathered: &Gathered, console: &Console, signed: &Signed) -> Self {
        use vedetta_watch::desk::incident::Source::{Campaign, Finding, Item};
        let w = signed.words();
        let (address, label) = match &gathered.source {
            Finding { sighting } => (Some(format!("/items/{sighting}")), w.source_finding()),
            Campaign { campaign, .. } => {
                let opens = console.admits(signed, "/mail/campaigns");
                (opens.then(|| format!("/mail/campaigns/{campaign}")), w.source_campaign())
            }
            Item { item } => (Some(format!("/items/{item}")), w.source_item()),
        };
        let count = usize::try_from(gathered.count).unwrap_or(usize::MAX);
        let count = w.counted(count, w.source_once(), w.source_times());
        Self { address, label, count, last: Moment::of(gathered.last, w) }
    }
}

/// What is told in both languages on a line, Italian first, in one of them.
pub fn one_of(both: &str, w: Words) -> &str {
    let told = both.split_once(" / ");
    told.map_or(both, |(italian, english)| if w.0 == Language::It { italian } else { english })
}

/// The words of a report: of a finding or of mail, whose first line the node wrote, in one's own language.
pub fn words_of(words: &str, gathered: Option<&Gathered>, w: Words) -> String {
    let wrote = gathered.is_some_and(|it| !matches!(it.source, Gatherer::Item { .. }));
    let (first, rest) = words.split_at(words.find('\n').unwrap_or(words.len()));
    if wrote { format!("{}{rest}", one_of(first, w)) } else { words.to_owned() }
}

/// What a case is called: one of mail, in one's own language, until somebody calls it otherwise.
pub fn title_of(title: &str, w: Words) -> &str {
    if OF_MAIL.contains(&title) { one_of(title, w) } else { title }
}

/// What the node calls what is gathered of mail.
const OF_MAIL: [&str; 2] =
    ["Posta pericolosa / Mail, malicious", "Posta sospetta / Mail, suspicious"];

#[derive(Template)]
#[template(path = "incidents.html")]
struct Incidents {
    frame: Frame,
    asked: Asked,
    stages: Vec<Choice>,
    rows: Vec<Row>,
    total: String,
    next: Option<String>,
    may_report: bool,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
    waiting: Vec<Waiting>,
    total: String,
}

/// Incidents on a page.
const PAGE: usize = 50;
/// Incidents in a file at most.
const EXPORTED: usize = 500;
/// The stages, as they follow.
const STAGES: [StageName; 8] = [
    StageName::Reported,
    StageName::Triaged,
    StageName::Confirmed,
    StageName::Contained,
    StageName::Recovered,
    StageName::Closed,
    StageName::Dismissed,
    StageName::Merged,
];

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let stages = STAGES.into_iter().filter(|stage| code(*stage) == asked.stage);
    let wish = CaseWish {
        stages: stages.collect::<BTreeSet<_>>(),
        text: Some(asked.text.trim().to_owned()).filter(|text| !text.is_empty()),
        lead: (!asked.mine.is_empty()).then(|| actor.account.clone()),
        worst: asked.category.parse::<u8>().ok().and_then(|it| Category::try_from(it).ok()),
        after: Some(asked.after.clone()).filter(|after| !after.is_empty()),
        limit: if signed.visit.exported().is_some() { EXPORTED } else { PAGE },
        ..CaseWish::default()
    };
    let found = console.watch(move |watch| watch.cases(&actor, &wish)).await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found.cases).answer((&console, &signed), form).await;
    }
    let standing = console.house().standing();
    let rows = found.cases.iter().map(|row| Row::of(row, &standing, w)).collect();
    let next = found.next.map(|after| asked.address(&after.to_string()));
    let stages = STAGES.map(|stage| Choice {
        label: w.stage(stage),
        chosen: code(stage) == asked.stage,
        value: code(stage),
    });
    let frame = Frame::of(&console, &signed.visit, w.incidents_title(), Section::Incidents);
    page(&Incidents {
        frame: if asked.after.is_empty() { frame.live() } else { frame },
        may_report: signed.may("/report"),
        stages: stages.into(),
        total: w.counted(found.total, w.incidents_one(), w.incidents_many()),
        rows,
        next,
        asked,
    })
}

fn table(cases: &[CaseRow]) -> Table {
    let columns =
        ["number", "title", "stage", "category", "organisation", "channel", "reported", "lead"];
    let mut table = Table::new("incidents", &columns);
    for it in cases {
        table.row([
            it.number.to_string(),
            it.title.to_string(),
            code(it.stage),
            it.judged_category().map_or_else(String::new, |it| it.to_string()),
            it.organisation.to_string(),
            code(it.channel),
            it.reported.to_string(),
            it.lead.as_ref().map_or_else(String::new, ToString::to_string),
        ]);
    }
    table
}

pub(super) async fn queue(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let wish = QueueWish { limit: PAGE, ..QueueWish::default() };
    let found = console.watch(move |watch| watch.queue(&actor, &wish)).await?;
    let standing = console.house().standing();
    let waiting = found.waiting.iter().map(|it| Waiting {
        row: Row::of(&it.case, &standing, w),
        words: words_of(&it.words, it.gathered.as_ref(), w),
        to: it.routed.as_ref().map(|routed| {
            let reasons = routed.reasons.iter().map(|it| it.to(w.0).to_owned()).collect();
            (name(&standing, &routed.to), reasons)
        }),
        source: it.gathered.as_ref().map(|it| Source::of(it, &console, &signed)),
        alike: it
            .alike
            .iter()
            .map(|it| {
                let reasons = it.reasons.iter().map(|it| it.to(w.0).to_owned()).collect();
                (it.number.to_string(), it.title.clone(), it.points, reasons)
            })
            .collect(),
        version: it.case.version.0,
    });
    let waiting = waiting.collect();
    let total = w.counted(found.total, w.queue_one(), w.queue_many());
    let frame = Frame::of(&console, &signed.visit, w.queue_title(), Section::Queue).live();
    page(&QueuePage { frame, waiting, total })
}

impl Asked {
    fn address(&self, after: &str) -> String {
        let mut pairs = vec![format!("after={}", escaped(after))];
        let fields = [
            ("text", &self.text),
            ("stage", &self.stage),
            ("category", &self.category),
            ("mine", &self.mine),
        ];
        for (name, value) in fields {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", escaped(value)));
            }
        }
        format!("/incidents?{}", pairs.join("&"))
    }
}

impl Row {
    /// As the desk lists it.
    pub fn of(row: &CaseRow, standing: &Standing, w: Words) -> Self {
        let lead = row.lead.as_ref().map(|lead| {
            let account = standing.directory.account(lead);
            account.map_or_else(|| lead.to_string(), |it| it.name.clone())
        });
        Self {
            number: row.number.to_string(),
            title: title_of(&row.title, w).to_owned(),
            stage: w.stage(row.stage),
            gravity: Gravity::of(w, row.judged_category()),
            organisation: name(standing, &row.organisation),
            channel: w.channel(row.channel),
            reported: Moment::of(row.reported, w),
            lead,
            closed_circle: matches!(row.circle, vedetta_watch::Circle::Closed),
            exercise: row.exercise.is_some(),
            gathered: row.gathered.filter(|it| *it > 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_node_wrote_in_both_languages_is_told_in_one() {
        let (it, en) = (Words(Language::It), Words(Language::En));
        let title = "Posta pericolosa / Mail, malicious";
        assert_eq!(title_of(title, it), "Posta pericolosa");
        assert_eq!(title_of(title, en), "Mail, malicious");
        let title = "Posta sospetta / Mail, suspicious";
        assert_eq!(title_of(title, en), "Mail, suspicious");
        // What people and sensors called it is theirs.
        let renamed = "Finto corriere: Comune / Provincia";
        assert_eq!(title_of(renamed, it), renamed);
        assert_eq!(title_of("TCP / UDP", it), "TCP / UDP");
        assert_eq!(words_of("fermo / da ieri\ne oggi", None, it), "fermo / da ieri\ne oggi");
    }
}
