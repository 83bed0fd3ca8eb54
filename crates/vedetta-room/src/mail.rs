//! The mail desk's queue: what people reported as suspicious, the verdict, and figures.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::fields::{Choice, code};
use vedetta_frame::forms::escaped;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_postroom::{QueueWish, Report, Statistics, Verdict};
use vedetta_words::Words;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    verdict: String,
    campaign: String,
    after: String,
}

/// A report in a line.
pub(super) struct Row {
    pub(super) case: String,
    pub(super) at: Moment,
    pub(super) verdict: String,
    pub(super) look: &'static str,
    pub(super) sure: String,
    pub(super) by: String,
    pub(super) teaches: String,
    pub(super) campaign: String,
    pub(super) overruled: bool,
    pub(super) contested: bool,
}

/// How many reports of which verdict.
struct Tally {
    verdict: String,
    look: &'static str,
    count: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Mail {
    frame: Frame,
    rows: Vec<Row>,
    verdicts: Vec<(String, String, bool)>,
    tallies: Vec<Tally>,
    total: String,
    organisations: Vec<(String, String, usize)>,
    next: Option<String>,
    /// Answers go out and nothing signs them.
    unsigned: bool,
}

/// Reports on a page.
const PAGE: usize = 50;
/// Days over which it counts.
const DAYS: u16 = 30;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let verdict = Verdict::ALL.into_iter().find(|it| code(*it) == asked.verdict);
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let wish = QueueWish {
        after: given(&asked.after),
        limit: PAGE,
        verdict,
        campaign: given(&asked.campaign),
        ..QueueWish::default()
    };
    let found = console
        .mail(move |desk| {
            let unsigned = desk.settings().is_unsigned();
            Ok((desk.queue(&actor, &wish)?, desk.statistics(&actor, DAYS)?, unsigned))
        })
        .await?;
    let (queue, statistics, unsigned) = found;
    if let Some(form) = signed.visit.exported() {
        return table(queue.items.iter().map(AsRef::as_ref))
            .answer((&console, &signed), form)
            .await;
    }
    let verdicts =
        Verdict::ALL.map(|it| (code(it), it.word().to(w.0).to_owned(), Some(it) == verdict));
    let rows = queue.items.iter().map(|it| Row::of(&console, w, it)).collect();
    let next = queue.next.map(|after| {
        let (verdict, campaign) = (escaped(&asked.verdict), escaped(&asked.campaign));
        format!("/mail?after={}&verdict={verdict}&campaign={campaign}", escaped(&after))
    });
    let frame = Frame::of(&console, &signed.visit, w.mail_title(), Section::Mail);
    page(&Mail {
        frame: if asked.after.is_empty() { frame.live() } else { frame },
        rows,
        verdicts: verdicts.into(),
        tallies: tallies(w, &statistics),
        total: w.number(statistics.total.reports as u64),
        organisations: organisations(&console, &statistics),
        next,
        unsigned,
    })
}

fn table<'a>(reports: impl Iterator<Item = &'a Report>) -> Table {
    let columns = ["case", "at", "verdict", "probability", "organisation", "campaign"];
    let mut table = Table::new("mail", &columns);
    for it in reports {
        table.row([
            it.case.clone(),
            it.at.to_string(),
            code(it.holds()),
            format!("{:.3}", it.probability),
            it.organisation.as_ref().map_or_else(String::new, ToString::to_string),
            it.campaign.clone(),
        ]);
    }
    table
}

fn tallies(w: Words, statistics: &Statistics) -> Vec<Tally> {
    let count = |it: &Verdict| statistics.total.verdicts.get(it).copied().unwrap_or(0);
    let tally = |it: Verdict| Tally {
        verdict: it.word().to(w.0).to_owned(),
        look: verdict_look(it),
        count: w.number(count(&it) as u64),
    };
    Verdict::ALL.map(tally).into()
}

/// Those whose people reported most.
fn organisations(console: &Console, statistics: &Statistics) -> Vec<(String, String, usize)> {
    let standing = console.house().standing();
    let mut found: Vec<_> = statistics
        .organisations
        .iter()
        .map(|(id, tally)| (id.to_string(), name(&standing, id), tally.reports))
        .collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.2));
    found.truncate(10);
    found
}

/// How a verdict looks.
pub(super) const fn verdict_look(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Malicious => "badge-bad",
        Verdict::Suspicious => "badge-warn",
        Verdict::ProbablyLegitimate => "badge-good",
        Verdict::Spam | Verdict::Undetermined => "badge-quiet",
    }
}

impl Row {
    pub(super) fn of(console: &Console, w: Words, it: &Report) -> Self {
        let verdict = it.holds();
        let teaches = it.indicators.iter().take(3).map(|it| defanged(&it.value));
        Self {
            case: it.case.clone(),
            at: Moment::of(it.at, w),
            verdict: verdict.word().to(w.0).to_owned(),
            look: verdict_look(verdict),
            sure: format!("{:.0}%", it.probability * 100.0),
            by: match &it.organisation {
                Some(id) => name(&console.house().standing(), id),
                None => w.mail_stranger().to_owned(),
            },
            teaches: teaches.collect::<Vec<_>>().join(", "),
            campaign: it.campaign.clone(),
            overruled: it.ruling.is_some(),
            contested: it.is_contested(),
        }
    }
}

/// A value that nobody follows by accident.
pub(super) fn defanged(value: &str) -> String {
    let web = value.replace("http", "hxxp");
    match web.rsplit_once('@') {
        Some((local, domain)) => format!("{local}[@]{}", domain.replace('.', "[.]")),
        None => web.replace('.', "[.]"),
    }
}

/// What may be chosen of a list of labels.
pub(super) fn tlps(chosen: &str) -> Vec<Choice> {
    let choice = |it: vedetta_model::Tlp| Choice {
        value: it.label().to_owned(),
        label: it.label(),
        chosen: it.label() == chosen,
    };
    vedetta_model::Tlp::ALL.map(choice).into()
}

#[cfg(test)]
mod tests {
    use super::defanged;

    #[test]
    fn nobody_follows_a_value_by_accident() {
        assert_eq!(defanged("https://a.example/x"), "hxxps://a[.]example/x");
        assert_eq!(defanged("chi.e@a.example"), "chi.e[@]a[.]example");
    }
}
