//! Legal clocks: what presses among all cases; and of one case what is owed to whom by when, with the
//! draft of each notice, and what proves that it was sent.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::Sequence;
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Gravity, Moment, left, moment_of};
use vedetta_frame::visit::Signed;
use vedetta_model::Instant;
use vedetta_watch::desk::incident::Sent as Notice;
use vedetta_watch::desk::regime::{Certainty, Owes};
use vedetta_watch::desk::{Change, Incident, Regime, State as Stand, StepName};
use vedetta_watch::{CaseClocks, CaseView, Edit, NextClock, Pressing};
use vedetta_words::Words;

use super::documents::{As, shown};
use super::incidents::title_of;

/// A clock among those of all cases.
pub struct Row {
    /// The number of the case.
    pub number: String,
    /// What the case is called.
    pub title: String,
    /// How grave the case is.
    pub gravity: Gravity,
    /// Whose case it is.
    pub organisation: String,
    /// What is due.
    pub what: String,
    /// Whether a law says so.
    pub legal: bool,
    /// By when.
    pub due: Moment,
    /// How long that is from now.
    pub left: String,
    /// How it stands, in words.
    pub state: &'static str,
    /// How that looks.
    pub look: &'static str,
}

/// Clocks that stand alike: what these are, their heading, and each.
pub type Group = (&'static str, &'static str, Vec<Row>);

#[derive(Template)]
#[template(path = "clocks.html")]
struct Clocks {
    frame: Frame,
    groups: Vec<Group>,
    total: usize,
}

/// A clock of one case.
struct Clock {
    step: String,
    path: String,
    law: String,
    name: String,
    recipient: String,
    source: String,
    certainty: &'static str,
    from: Option<Moment>,
    due: Option<Moment>,
    left: Option<String>,
    state: &'static str,
    look: &'static str,
    presumed: bool,
    instead: String,
    sent: Vec<(Moment, String)>,
}

/// A law that owes one step by the class of the incident.
struct Classed {
    id: String,
    name: String,
    classes: Vec<(String, String, bool)>,
}

/// An aim of the room.
struct Aim {
    stage: String,
    due: Moment,
    left: Option<String>,
    state: &'static str,
    look: &'static str,
}

/// What was typed into the forms of a case's clocks.
#[derive(Default)]
struct Typed {
    step: String,
    at: String,
    proof: String,
    regime: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "case_clocks.html")]
struct OfCase {
    frame: Frame,
    fault: Option<String>,
    number: String,
    title: String,
    known: bool,
    held: Option<(String, String)>,
    clocks: Vec<Clock>,
    aims: Vec<Aim>,
    suggested: Vec<(String, String, String)>,
    others: Vec<(String, String)>,
    applied: Vec<(String, String)>,
    classed: Vec<Classed>,
    files: Vec<(String, String)>,
    typed: Typed,
    version: u64,
    may_send: bool,
    may_apply: bool,
}

/// Clocks listed.
const LISTED: usize = 200;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let w = signed.words();
    let groups = pressing(&console, &signed, LISTED).await?;
    if let Some(form) = signed.visit.exported() {
        let rows = groups.iter().flat_map(|(kind, _, rows)| rows.iter().map(move |it| (kind, it)));
        return table(rows).answer((&console, &signed), form).await;
    }
    let total = groups.iter().map(|(.., rows)| rows.len()).sum();
    let frame = Frame::of(&console, &signed.visit, w.clocks_title(), Section::Clocks).live();
    page(&Clocks { frame, groups, total })
}

fn table<'a>(rows: impl Iterator<Item = (&'a &'static str, &'a Row)>) -> Table {
    let columns = ["state", "number", "title", "category", "organisation", "what", "due"];
    let mut table = Table::new("clocks", &columns);
    for (kind, it) in rows {
        table.row([
            (*kind).to_owned(),
            it.number.clone(),
            it.title.clone(),
            it.gravity.number(),
            it.organisation.clone(),
            it.what.clone(),
            it.due.utc().to_owned(),
        ]);
    }
    table
}

/// What was missed, what is near, and what comes.
pub async fn pressing(
    console: &Console,
    signed: &Signed,
    most: usize,
) -> Result<Vec<Group>, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let (pressing, next) = console
        .watch(move |watch| Ok((watch.pressing(&actor)?, watch.next_clocks(&actor, most)?)))
        .await?;
    let Pressing { missed, near } = pressing;
    let next: Vec<_> = next.into_iter().filter(|it| it.state == Stand::Running).collect();
    let rows = |clocks: Vec<NextClock>| {
        clocks.iter().take(most).map(|it| Row::of(console, w, it)).collect::<Vec<_>>()
    };
    Ok(vec![
        ("missed", w.clocks_missed(), rows(missed)),
        ("near", w.clocks_near(), rows(near)),
        ("next", w.clocks_next(), rows(next)),
    ])
}

impl Row {
    fn of(console: &Console, w: Words, it: &NextClock) -> Self {
        let (state, look) = w.clock_state(&it.state);
        Self {
            number: it.number.to_string(),
            title: title_of(&it.title, w).to_owned(),
            gravity: Gravity::of(w, it.judged.then_some(it.category)),
            organisation: name(&console.house().standing(), &it.organisation),
            what: match it.step {
                Some(_) if it.presumed => w.clock_presumed_of(it.name.to(w.0)),
                Some(_) => it.name.to(w.0).to_owned(),
                None => w.clock_aimed(it.name.to(w.0)),
            },
            legal: it.step.is_some(),
            due: Moment::of(it.due, w),
            left: left(w, console.house().now(), it.due),
            state,
            look,
        }
    }
}

pub(super) async fn of_case(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    page(&OfCase::read(&console, &signed, &number).await?)
}

/// Records what was sent, or says which law applies.
pub(super) async fn change(
    State(console): State<Console>,
    signed: Signed,
    Path(number): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), number.clone());
    let version = Sequence(sent.text(SEEN).parse().unwrap_or(0));
    let wanted = wanted(w, &sent, console.house().now());
    let act = async {
        let change = wanted.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        console
            .watch(move |watch| watch.change_case(&actor, &of, Edit { version, change }))
            .await?;
        Ok::<_, Problem>(Done::to(format!("/incidents/{number}/clocks")).said(Said::CaseChanged))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = OfCase::read(&console, &signed, &number).await?;
            told.fault = Some(whole(w, &problem));
            told.typed = Typed {
                step: sent.text("step").to_owned(),
                at: sent.text("at").to_owned(),
                proof: sent.text("proof").to_owned(),
                regime: sent.text("regime").to_owned(),
                reason: sent.text("reason").to_owned(),
            };
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// What a form asks.
fn wanted(w: Words, sent: &Sent, now: Instant) -> Result<Change, String> {
    let (regime, reason) = (sent.text("regime").to_owned(), sent.text("reason").to_owned());
    match sent.text("does") {
        "apply" => {
            let class = sent.given("class").map(str::to_owned);
            Ok(Change::Apply { regime, class, reason })
        }
        "lift" => Ok(Change::Lift { regime, reason }),
        _ => {
            let step: StepName =
                sent.text("step").parse().map_err(|_| w.clock_step_missing().to_owned())?;
            let at = match sent.given("at") {
                Some(text) => moment_of(text).ok_or_else(|| w.moment_wrong().to_owned())?,
                None => now,
            };
            let proof = sent.given("proof").ok_or_else(|| w.clock_proof_missing().to_owned())?;
            let (proof, file) = (proof.to_owned(), sent.given("file").map(str::to_owned));
            Ok(Change::Send { step, sent: Notice { at, proof, file } })
        }
    }
}

/// The draft of a notice: a person reads it, completes it, and sends it.
pub(super) async fn notice(
    State(console): State<Console>,
    signed: Signed,
    Path((number, regime, step)): Path<(String, String, String)>,
    Query(asked): Query<As>,
) -> Result<Response, Problem> {
    let (actor, of, w) = (signed.actor(), number.clone(), signed.words());
    let path = format!("/incidents/{number}/clocks/{regime}/{step}");
    let name = StepName { regime, step };
    let draft = console.watch(move |watch| watch.draft_notice(&actor, &of, &name, w.0)).await?;
    let back = (format!("/incidents/{number}/clocks"), w.clocks_of_case().to_owned());
    shown((&console, &signed), draft, &asked, (back, path, Some(w.clock_draft_hint()))).await
}

impl OfCase {
    async fn read(console: &Console, signed: &Signed, number: &str) -> Result<Self, Problem> {
        let (actor, of) = (signed.actor(), number.to_owned());
        let (view, clocks, regimes) = console
            .watch(move |watch| {
                let regimes = watch.regimes().to_vec();
                Ok((watch.case(&actor, &of)?, watch.clocks(&actor, &of)?, regimes))
            })
            .await?;
        Ok(Self::of(console, signed, (&view, clocks), &regimes))
    }

    fn of(
        console: &Console,
        signed: &Signed,
        (view, clocks): (&CaseView, CaseClocks),
        regimes: &[Regime],
    ) -> Self {
        let (w, now, incident) = (signed.words(), console.house().now(), &view.incident);
        let number = incident.number.to_string();
        let title = w.clocks_of(&number);
        let regime = |id: &str| regimes.iter().find(|it| it.id == id);
        let called = |it: &Regime| (it.id.clone(), it.title.to(w.0).to_owned());
        let is_suggested = |id: &str| clocks.suggested.iter().any(|it| it.regime == id);
        let aims = clocks.targets.iter().map(|it| {
            let (state, look) = w.clock_state(&it.state);
            let runs = matches!(it.state, Stand::Running | Stand::Near | Stand::Missed);
            Aim {
                stage: it.stage.words().to(w.0).to_owned(),
                due: Moment::of(it.due, w),
                left: runs.then(|| left(w, now, it.due)),
                state,
                look,
            }
        });
        Self {
            frame: Frame::of(console, &signed.visit, &title, Section::Clocks).live(),
            fault: None,
            known: incident.awareness.is_some() || incident.evidence.is_some(),
            held: clocks.held.as_ref().map(|it| (it.authority.clone(), it.reference.clone())),
            aims: aims.collect(),
            suggested: clocks
                .suggested
                .iter()
                .map(|it| {
                    let (title, reason) = (it.title.to(w.0), it.reason.to(w.0));
                    (it.regime.clone(), title.to_owned(), reason.to_owned())
                })
                .collect(),
            others: regimes
                .iter()
                .filter(|it| !incident.regimes.contains_key(&it.id) && !is_suggested(&it.id))
                .map(called)
                .collect(),
            applied: incident.regimes.keys().filter_map(|id| regime(id)).map(called).collect(),
            classed: incident
                .regimes
                .keys()
                .filter_map(|id| regime(id))
                .filter(|it| it.owes == Owes::OneByClass)
                .map(|it| Classed::of(w, it, incident))
                .collect(),
            files: incident.files.iter().map(|it| (it.sha256.clone(), it.name.clone())).collect(),
            typed: Typed::default(),
            version: view.version.0,
            may_send: view.may.contains("send") && clocks.held.is_none(),
            may_apply: view.may.contains("apply"),
            title: title_of(&incident.title, w).to_owned(),
            clocks: clocks
                .clocks
                .iter()
                .map(|it| Clock::of(w, now, it, incident, regimes))
                .collect(),
            number,
        }
    }
}

impl Classed {
    fn of(w: Words, regime: &Regime, incident: &Incident) -> Self {
        let chosen = incident.classed.get(&regime.id);
        let classes = regime
            .steps
            .iter()
            .map(|step| (step.id.clone(), step.name.to(w.0).to_owned(), chosen == Some(&step.id)));
        let (id, name) = (regime.id.clone(), regime.title.to(w.0).to_owned());
        Self { id, name, classes: classes.collect() }
    }
}

impl Clock {
    fn of(
        w: Words,
        now: Instant,
        it: &vedetta_watch::Clock,
        incident: &Incident,
        regimes: &[Regime],
    ) -> Self {
        let (state, look) = w.clock_state(&it.state);
        let runs = matches!(it.state, Stand::Running | Stand::Near | Stand::Missed);
        let step = |name: &StepName| {
            let regime = regimes.iter().find(|it| it.id == name.regime)?;
            let step = regime.steps.iter().find(|it| it.id == name.step)?;
            Some(format!("{}: {}", regime.title.to(w.0), step.name.to(w.0)))
        };
        let sent = incident.sent.get(&it.step).into_iter().flatten();
        Self {
            path: format!("{}/{}", it.step.regime, it.step.step),
            step: it.step.to_string(),
            law: it.regime.to(w.0).to_owned(),
            name: it.name.to(w.0).to_owned(),
            recipient: it.recipient.clone(),
            source: it.source.clone(),
            certainty: match it.certainty {
                Certainty::Read => w.certainty_read(),
                Certainty::Secondary => w.certainty_secondary(),
                Certainty::Unverified => w.certainty_unverified(),
            },
            from: it.from.map(|at| Moment::of(at, w)),
            due: it.due.map(|at| Moment::of(at, w)),
            left: it.due.filter(|_| runs).map(|due| left(w, now, due)),
            state,
            look,
            presumed: it.presumed,
            instead: it.satisfied_by.iter().filter_map(step).collect::<Vec<_>>().join("; "),
            sent: sent.map(|it| (Moment::of(it.at, w), it.proof.clone())).collect(),
        }
    }
}
