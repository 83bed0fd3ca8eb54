//! Search over everything that one may see.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_flow::{Look, Share};
use vedetta_frame::console::Console;
use vedetta_frame::forms::escaped;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{Line, Marking, Summary, fold};
use vedetta_frame::visit::Signed;
use vedetta_postroom::{Postroom, QueueWish};
use vedetta_room::incidents::Row;
use vedetta_watch::CaseWish;

use super::items::Item;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    text: String,
}

/// Something else that was found.
struct Other {
    address: String,
    title: String,
    facts: String,
}

/// What was found of one kind: its part of the page, its heading, and each.
type Group = (&'static str, &'static str, Vec<Other>);

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    frame: Frame,
    asked: String,
    query: String,
    incidents: Vec<Row>,
    items: Vec<Item>,
    warnings: Vec<(String, String, Marking)>,
    others: Vec<Group>,
    found: usize,
}

/// Shown of each kind.
const SHOWN: usize = 10;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let w = signed.words();
    let text = vedetta_frame::shown::short(asked.text.trim(), 200);
    let frame = Frame::of(&console, &signed.visit, w.search_title(), Section::Other);
    let mut search = Search::empty(frame, &text);
    if !text.is_empty() {
        search.fill(&console, &signed, &text).await?;
    }
    page(&search)
}

impl Search {
    fn empty(frame: Frame, text: &str) -> Self {
        Self {
            frame,
            asked: text.to_owned(),
            query: escaped(text),
            incidents: Vec::new(),
            items: Vec::new(),
            warnings: Vec::new(),
            others: Vec::new(),
            found: 0,
        }
    }

    async fn fill(
        &mut self,
        console: &Console,
        signed: &Signed,
        text: &str,
    ) -> Result<(), Problem> {
        let (w, standing, folded) = (signed.words(), console.house().standing(), fold(text));
        self.items = items(console, signed, text).await?;
        let (actor, wish) = (
            signed.actor(),
            CaseWish { text: Some(text.to_owned()), limit: SHOWN, ..CaseWish::default() },
        );
        let (cases, warnings) = console
            .watch(move |watch| Ok((watch.cases(&actor, &wish)?.cases, watch.warnings(&actor)?)))
            .await?;
        self.incidents = cases.iter().map(|row| Row::of(row, &standing, w)).collect();
        let warnings = warnings.into_iter().filter(|it| {
            [&it.id, &it.title.it, &it.title.en].into_iter().any(|it| fold(it).contains(&folded))
        });
        self.warnings = warnings
            .take(SHOWN)
            .map(|it| (it.id.clone(), it.title.to(w.0).to_owned(), Marking(it.tlp)))
            .collect();
        let members = standing.directory.search(text, SHOWN).into_iter();
        let organisations = members
            .map(|member| {
                let organisation = &member.organisation;
                Other {
                    address: format!("/directory/{}", organisation.id),
                    title: organisation.name.clone(),
                    facts: w.kind(organisation.kind).to_owned(),
                }
            })
            .collect::<Vec<_>>();
        let agreements = console.house().agreements(&signed.person.actor);
        let agreements = agreements
            .iter()
            .filter(|it| fold(&it.title).contains(&folded) || it.id.as_str().contains(&folded));
        let agreements = agreements
            .take(SHOWN)
            .map(|it| Other {
                address: format!("/agreements/{}", it.id),
                title: it.title.clone(),
                facts: it.id.to_string(),
            })
            .collect::<Vec<_>>();
        let mail = match console.admits(signed, "/mail") {
            true => mail(console, signed, text).await?,
            false => Vec::new(),
        };
        self.others = vec![
            ("organisations", w.way_directory(), organisations),
            ("agreements", w.agreements_title(), agreements),
            ("mail", w.mail_title(), mail),
        ];
        let others: usize = self.others.iter().map(|(.., list)| list.len()).sum();
        self.found = self.incidents.len() + self.items.len() + self.warnings.len() + others;
        Ok(())
    }
}

async fn items(console: &Console, signed: &Signed, text: &str) -> Result<Vec<Item>, Problem> {
    let (w, actor, text) = (signed.words(), signed.actor(), text.to_lowercase());
    console
        .api()
        .ask_at(Cost::Bulk, move |house| {
            let look =
                Look { before: None, limit: SHOWN, share: Share::Cleared, kinds: &[], tlp: None };
            let found = house.newest_items(&actor, &look, |item| {
                item.id.as_str() == text || Summary::of(&item.body).mentions(&text)
            })?;
            Ok(found.items.iter().map(|item| Item::of(Line::of(house, item, w), w)).collect())
        })
        .await
}

/// Reported messages by number or by what they teach.
async fn mail(console: &Console, signed: &Signed, text: &str) -> Result<Vec<Other>, Problem> {
    let (w, actor, text) = (signed.words(), signed.actor(), text.to_lowercase());
    let find = move |desk: &Postroom| {
        let wish = QueueWish { limit: 1_000, ..QueueWish::default() };
        let found = desk.queue(&actor, &wish)?.items.into_iter().filter(|it| {
            let teaches = it.indicators.iter().any(|it| it.value.to_lowercase().contains(&text));
            it.case.to_lowercase().contains(&text) || teaches
        });
        let other = found.take(SHOWN).map(|it| Other {
            address: format!("/mail/{}", it.case),
            title: it.case.clone(),
            facts: it.holds().word().to(w.0).to_owned(),
        });
        Ok(other.collect())
    };
    match console.mail(find).await {
        Err(problem) if problem.kind == vedetta_api::problem::Kind::Unknown => Ok(Vec::new()),
        found => found,
    }
}
