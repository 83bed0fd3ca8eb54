//! Who is in the network.

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
use vedetta_frame::visit::Signed;
use vedetta_model::Organisation;
use vedetta_model::organisation::OrganisationKind;
use vedetta_words::Words;

/// Whom one looks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    text: String,
    kind: String,
    region: String,
    after: String,
}

/// One organisation in the list.
struct Row {
    id: String,
    name: String,
    kind: &'static str,
    region: String,
    people: Option<String>,
    critical: bool,
}

#[derive(Template)]
#[template(path = "directory.html")]
struct Directory {
    frame: Frame,
    asked: Asked,
    kinds: Vec<Choice>,
    regions: Vec<(String, bool)>,
    rows: Vec<Row>,
    total: String,
    next: Option<String>,
    may_change: bool,
}

/// Organisations on a page.
const PAGE: usize = 50;
/// Every kind, as people look for them.
pub(super) const KINDS: [OrganisationKind; 11] = [
    OrganisationKind::NationalCentre,
    OrganisationKind::RegionalCentre,
    OrganisationKind::Section,
    OrganisationKind::Agency,
    OrganisationKind::Association,
    OrganisationKind::Municipality,
    OrganisationKind::Province,
    OrganisationKind::Region,
    OrganisationKind::Administration,
    OrganisationKind::Operator,
    OrganisationKind::Partner,
];

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, standing) = (signed.words(), console.house().standing());
    let found = asked.find(&standing);
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let total = w.counted(found.len(), w.directory_one(), w.directory_many());
    let after = |organisation: &&Organisation| {
        asked.after.is_empty() || organisation.id.as_str() > asked.after.as_str()
    };
    let skips = asked.text.is_empty();
    let mut page_of: Vec<_> =
        found.into_iter().filter(|it| !skips || after(it)).take(PAGE + 1).collect();
    let more = page_of.len() > PAGE && skips;
    page_of.truncate(PAGE);
    let next = page_of.last().filter(|_| more).map(|last| asked.address(last.id.as_str()));
    let kinds = KINDS.map(|kind| {
        let value = code(kind);
        Choice { label: w.kind(kind), chosen: asked.kind == value, value }
    });
    page(&Directory {
        frame: Frame::of(&console, &signed.visit, w.directory_title(), Section::Network),
        rows: page_of.into_iter().map(|it| Row::of(it, w)).collect(),
        regions: regions(&standing, &asked.region),
        kinds: kinds.into(),
        may_change: console.house().is_of_the_room(&signed.person.actor, &[]),
        total,
        next,
        asked,
    })
}

fn table(found: &[&Organisation]) -> Table {
    let mut table = Table::new("organisations", &["id", "name", "kind", "region"]);
    for it in found {
        let region = it.region.clone().unwrap_or_default();
        table.row([it.id.to_string(), it.name.clone(), code(it.kind), region]);
    }
    table
}

/// The regions in which anybody is.
fn regions(standing: &Standing, chosen: &str) -> Vec<(String, bool)> {
    let members = standing.directory.members().iter();
    let mut regions: Vec<_> = members.filter_map(|it| it.organisation.region.clone()).collect();
    regions.sort_unstable();
    regions.dedup();
    regions.into_iter().map(|region| (region.clone(), region == chosen)).collect()
}

impl Asked {
    /// Who fits: with a text the best first, else by identifier.
    fn find<'a>(&self, standing: &'a Standing) -> Vec<&'a Organisation> {
        let fits = |it: &&Organisation| {
            (self.kind.is_empty() || code(it.kind) == self.kind)
                && (self.region.is_empty() || it.region.as_deref() == Some(self.region.as_str()))
        };
        if !self.text.trim().is_empty() {
            let found = standing.directory.search(self.text.trim(), 500).into_iter();
            return found.map(|it| &*it.organisation).filter(fits).collect();
        }
        let members = standing.directory.members().iter().map(|it| &*it.organisation);
        let mut found: Vec<_> = members.filter(fits).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found
    }

    fn address(&self, after: &str) -> String {
        let mut pairs = vec![format!("after={}", escaped(after))];
        for (name, value) in [("kind", &self.kind), ("region", &self.region)] {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", escaped(value)));
            }
        }
        format!("/directory?{}", pairs.join("&"))
    }
}

impl Row {
    fn of(organisation: &Organisation, w: Words) -> Self {
        let place = [organisation.region.as_deref(), organisation.province.as_deref()];
        Self {
            id: organisation.id.to_string(),
            name: organisation.name.clone(),
            kind: w.kind(organisation.kind),
            region: place.into_iter().flatten().collect::<Vec<_>>().join(", "),
            people: organisation.population.map(|it| w.number(it.into())),
            critical: organisation.criticality != vedetta_model::organisation::Criticality::None,
        }
    }
}
