//! Writing an early warning, in both languages.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::Sequence;
use vedetta_frame::console::Console;
use vedetta_frame::fields::{Choice, code};
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::SECTORS;
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_model::language::Bilingual;
use vedetta_model::organisation::Sector;
use vedetta_model::{AgreementId, Pap, Tlp};
use vedetta_watch::desk::warning::WarningText;
use vedetta_words::Words;

#[derive(Template)]
#[template(path = "warning_edit.html")]
struct Edit {
    frame: Frame,
    fault: Option<String>,
    address: String,
    seen: Option<u64>,
    typed: Typed,
    tlps: Vec<Choice>,
    paps: Vec<Choice>,
    sectors: Vec<Choice>,
    regions: Vec<(String, bool)>,
}

/// What is written, as typed.
#[derive(Default)]
struct Typed {
    title: [String; 2],
    text: [String; 2],
    what_to_do: [String; 2],
    tlp: String,
    pap: String,
    sectors: BTreeSet<String>,
    regions: BTreeSet<String>,
    observables: String,
    incident: String,
    exercise: String,
    only_under: String,
}

pub(super) async fn fresh(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let typed = Typed { tlp: "GREEN".into(), pap: "GREEN".into(), ..Typed::default() };
    page(&Edit::of(&console, &signed, (None, None), typed))
}

pub(super) async fn save_fresh(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    save(&console, &signed, None, &sent).await
}

pub(super) async fn edit(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (actor, of) = (signed.actor(), id.clone());
    let view = console.watch(move |watch| watch.warning(&actor, &of)).await?;
    let typed = Typed::of(&view.warning.text);
    page(&Edit::of(&console, &signed, (Some(&id), Some(view.version.0)), typed))
}

pub(super) async fn save_edit(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    save(&console, &signed, Some(&id), &sent).await
}

async fn save(
    console: &Console,
    signed: &Signed,
    id: Option<&str>,
    sent: &Sent,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let seen = sent.text(SEEN).parse().ok();
    let (text, of) = (read(w, sent), id.map(str::to_owned));
    let act = async {
        let text = text.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        let version = seen.map(Sequence);
        let view = console.watch(move |watch| watch.put_warning(&actor, (of, version), text));
        let to = format!("/warnings/{}", view.await?.id);
        Ok::<_, Problem>(Done::to(to).said(Said::Saved))
    };
    match console.sent().once(&signed.person, sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Edit::of(console, signed, (id, seen), Typed::sent(sent));
            told.fault = Some(whole(w, &problem));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// What a form says. An English text that is left out says what the Italian one does.
fn read(w: Words, sent: &Sent) -> Result<WarningText, String> {
    let both = |name: &str, missing: &'static str| {
        let it = sent.given(&format!("{name}-it")).ok_or_else(|| missing.to_owned())?;
        let en = sent.given(&format!("{name}-en")).unwrap_or(it);
        Ok::<_, String>(Bilingual::new(it, en))
    };
    let agreements: Result<BTreeSet<AgreementId>, _> =
        lines(sent.text("only-under")).map(AgreementId::new).collect();
    let incident = sent.given("incident").map(str::parse).transpose();
    let sectors = SECTORS.into_iter().filter(|it| sent.all("sector").any(|one| one == code(*it)));
    Ok(WarningText {
        title: both("title", w.warning_title_missing())?,
        text: both("text", w.warning_text_missing())?,
        what_to_do: both("what-to-do", w.warning_to_do_missing())?,
        tlp: sent.text("tlp").parse().map_err(|_| w.publish_tlp_missing().to_owned())?,
        pap: sent.text("pap").parse().unwrap_or_default(),
        sectors: sectors.collect::<BTreeSet<Sector>>(),
        regions: sent.all("region").map(str::to_owned).collect(),
        observables: lines(sent.text("observables")).map(str::to_owned).collect(),
        incident: incident.map_err(|_| w.number_wrong().to_owned())?,
        exercise: sent.given("exercise").map(str::to_owned),
        only_under: agreements.map_err(|_| w.warning_agreement_wrong().to_owned())?,
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', ',']).map(str::trim).filter(|it| !it.is_empty())
}

impl Typed {
    fn of(text: &WarningText) -> Self {
        let both = |it: &Bilingual| [it.it.clone(), it.en.clone()];
        let joined = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>().join("\n");
        Self {
            title: both(&text.title),
            text: both(&text.text),
            what_to_do: both(&text.what_to_do),
            tlp: text.tlp.label().to_owned(),
            pap: text.pap.label().to_owned(),
            sectors: text.sectors.iter().map(|it| code(*it)).collect(),
            regions: text.regions.clone(),
            observables: joined(&text.observables),
            incident: text.incident.map_or_else(String::new, |it| it.to_string()),
            exercise: text.exercise.clone().unwrap_or_default(),
            only_under: joined(&text.only_under.iter().map(ToString::to_string).collect()),
        }
    }

    fn sent(sent: &Sent) -> Self {
        let both = |name: &str| {
            ["it", "en"].map(|language| sent.text(&format!("{name}-{language}")).to_owned())
        };
        Self {
            title: both("title"),
            text: both("text"),
            what_to_do: both("what-to-do"),
            tlp: sent.text("tlp").to_owned(),
            pap: sent.text("pap").to_owned(),
            sectors: sent.all("sector").map(str::to_owned).collect(),
            regions: sent.all("region").map(str::to_owned).collect(),
            observables: sent.text("observables").to_owned(),
            incident: sent.text("incident").to_owned(),
            exercise: sent.text("exercise").to_owned(),
            only_under: sent.text("only-under").to_owned(),
        }
    }
}

impl Edit {
    fn of(
        console: &Console,
        signed: &Signed,
        (id, seen): (Option<&str>, Option<u64>),
        typed: Typed,
    ) -> Self {
        let w = signed.words();
        let (title, address) = match id {
            Some(id) => (w.warning_edit(), format!("/warnings/{id}/edit")),
            None => (w.warning_new(), "/warnings/new".to_owned()),
        };
        let choice = |label: &'static str, chosen: &str| Choice {
            value: label.to_owned(),
            label,
            chosen: label == chosen,
        };
        let members = console.house().standing();
        let members = members.directory.members().iter();
        let regions: BTreeSet<_> =
            members.filter_map(|it| it.organisation.region.clone()).collect();
        Self {
            frame: Frame::of(console, &signed.visit, title, Section::Warnings),
            fault: None,
            address,
            seen,
            tlps: Tlp::ALL.map(|it| choice(it.label(), &typed.tlp)).into(),
            paps: Pap::ALL.map(|it| choice(it.label(), &typed.pap)).into(),
            sectors: SECTORS
                .map(|it| Choice {
                    chosen: typed.sectors.contains(&code(it)),
                    value: code(it),
                    label: w.sector(it),
                })
                .into(),
            regions: regions
                .into_iter()
                .map(|it| (typed.regions.contains(&it), it))
                .map(|(chosen, it)| (it, chosen))
                .collect(),
            typed,
        }
    }
}
