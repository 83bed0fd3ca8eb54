//! `vedetta clocks`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};
use vedetta_commands::{Ended, Fault};
use vedetta_desk::regime::{Certainty, Owes, Regime, Span, Step};
use vedetta_desk::{Deadline, Facts, State, StepName, deadlines};
use vedetta_model::Instant;
use vedetta_model::language::Language;

use crate::{unable, unread};

/// Say what is due to whom, by when.
///
/// Hours are elapsed hours, months are of the calendar in Rome; moments are shown in Rome and in
/// UTC. Nothing is sent.
#[derive(Args)]
#[command(after_help = "Examples:
  vedetta clocks --regime nis2 --aware 2026-03-28T23:30+01:00
  vedetta clocks --regime nis2 --regime law-90 --aware 2026-03-10T10:00Z \\
      --sent nis2:pre-notification=2026-03-10T15:00Z --json
  vedetta clocks                                   the regimes, and what they rest on")]
pub struct Clocks {
    /// The regime; may be given again. Without one, lists them.
    #[arg(long = "regime", value_name = "ID")]
    regimes: Vec<String>,
    /// When the organisation became aware, with its offset from UTC.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    aware: Option<Instant>,
    /// When the incident was evident to it.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    evidence: Option<Instant>,
    /// When the incident was closed.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    closed: Option<Instant>,
    /// A step that was sent, and when; may be given again.
    #[arg(long = "sent", value_name = "REGIME:STEP=MOMENT", value_parser = sent)]
    sent: Vec<(StepName, Instant)>,
    /// The class of the incident, for a regime that owes one step by it; may be given again.
    #[arg(long = "class", value_name = "REGIME:STEP")]
    classes: Vec<StepName>,
    /// The present, for how each deadline stands.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    now: Option<Instant>,
    /// A folder with regimes of your own, a TOML file each; one with the id of ours replaces it.
    #[arg(long, value_name = "DIR")]
    regimes_in: Option<PathBuf>,
    /// Whose words.
    #[arg(long, value_name = "LANGUAGE", default_value = "it")]
    language: Words,
    /// One line of JSON for each deadline: `step`, `name`, `recipient`, `from`, `due`, `due_rome`,
    /// `state`, `content`; without a regime all of them in one object, `items`.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Words {
    It,
    En,
}

/// A deadline with the words of its regime.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    deadline: &'a Deadline,
    name: &'a str,
    recipient: &'a str,
    due_rome: Option<String>,
    certainty: Certainty,
    content: Vec<&'a str>,
}

impl Clocks {
    /// Says it, as things stand at a moment unless another is given.
    ///
    /// # Errors
    /// What was asked wrongly, or a regime that does not read.
    pub fn run(self, present: Instant) -> Result<Ended, Fault> {
        let known = self.known()?;
        if self.regimes.is_empty() {
            if self.json {
                let items: Vec<_> = known.iter().map(|regime| self.told(regime)).collect();
                println!("{}", json!({ "items": items }));
            } else {
                known.iter().for_each(|regime| self.describe(regime));
            }
            return Ok(Ended::Whole);
        }
        if self.aware.is_none() && self.evidence.is_none() {
            let what = "no clock has started: give --aware or --evidence with a moment, e.g. 2026-03-28T23:30+01:00";
            return Err(Fault::Usage(what.into()));
        }
        let chosen: Result<Vec<&Regime>, Fault> =
            self.regimes.iter().map(|id| self.choose(&known, id)).collect();
        let facts = self.facts(&known)?;
        let now = self.now.unwrap_or(present);
        for regime in chosen? {
            let lines = deadlines(regime, &facts, now);
            if !self.json {
                println!("{} → {}", self.say(&regime.title), regime.recipient);
            }
            for deadline in &lines {
                self.show(regime, deadline)?;
            }
        }
        Ok(Ended::Whole)
    }

    /// Ours, and those of the folder.
    fn known(&self) -> Result<Vec<Regime>, Fault> {
        let broken = |place: String, error| unread(&place, error);
        let mut known =
            Regime::given().map_err(|error| broken("the regimes of the product".into(), error))?;
        let Some(folder) = &self.regimes_in else { return Ok(known) };
        let place = folder.display().to_string();
        let files = std::fs::read_dir(folder).map_err(|error| unread(&place, error))?;
        let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|it| it == "toml"));
        paths.sort();
        for path in paths {
            let place = path.display().to_string();
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|error| unread(&place, error))?;
            let own: Regime = text.parse().map_err(|error| broken(place, error))?;
            known.retain(|it| it.id != own.id);
            known.push(own);
        }
        Ok(known)
    }

    fn choose<'a>(&self, known: &'a [Regime], id: &str) -> Result<&'a Regime, Fault> {
        known.iter().find(|it| it.id == id).ok_or_else(|| {
            let ids: Vec<_> = known.iter().map(|it| it.id.as_str()).collect();
            Fault::Usage(format!("no regime is called {id:?}; there are {}", ids.join(", ")))
        })
    }

    fn facts(&self, known: &[Regime]) -> Result<Facts, Fault> {
        let (awareness, evidence, closed) = (self.aware, self.evidence, self.closed);
        let mut facts = Facts { awareness, evidence, closed, ..Facts::default() };
        let named = self.sent.iter().map(|(name, _)| name).chain(&self.classes);
        for name in named {
            let exists = known.iter().any(|it| it.steps.iter().any(|step| it.name(step) == *name));
            if !exists {
                return Err(Fault::Usage(format!(
                    "no step is called {name}; `vedetta clocks` lists them"
                )));
            }
        }
        for name in &self.classes {
            let regime = known.iter().find(|it| it.id == name.regime);
            if regime.is_none_or(|it| it.owes == Owes::All) {
                let reason =
                    format!("{} owes all its steps: leave --class {name} out", name.regime);
                return Err(Fault::Usage(reason));
            }
            facts.classes.insert(name.regime.clone(), name.step.clone());
        }
        for (name, at) in &self.sent {
            let moments = facts.sent.entry(name.clone()).or_default();
            moments.push(*at);
            moments.sort_unstable();
        }
        Ok(facts)
    }

    fn show(&self, regime: &Regime, deadline: &Deadline) -> Result<(), Fault> {
        let step = regime.steps.iter().find(|step| step.id == deadline.step.step);
        let Some(step) = step else { return Ok(()) };
        let name = self.say(&step.name);
        if self.json {
            let content = step.content.iter().map(|it| it.to(self.tongue())).collect();
            let due_rome = deadline.due.map(rome);
            let (recipient, certainty) = (regime.recipient.as_str(), step.certainty);
            let line = Line { deadline, name, recipient, due_rome, certainty, content };
            let text = serde_json::to_string(&line);
            println!("{}", text.map_err(|error| unable("JSON", error))?);
            return Ok(());
        }
        let due = deadline.due.map_or_else(|| "-".into(), rome);
        let utc = deadline.due.map_or_else(String::new, utc);
        let (span, mut state) = (self.span(step), self.state(&deadline.state));
        if deadline.presumed {
            state.push_str(match self.language {
                Words::It => ", presunta: la classe non è data",
                Words::En => ", presumed: no class is given",
            });
        }
        println!("  {name:<32} {span:<10} {due:<22} {utc:<21} {state}");
        Ok(())
    }

    /// A regime, for programs.
    fn told(&self, regime: &Regime) -> Value {
        let step = |step: &Step| {
            let within = match step.within {
                Span::Hours(hours) => json!({ "hours": hours }),
                Span::Months(months) => json!({ "months": months }),
            };
            let (id, name, certainty) = (&step.id, self.say(&step.name), step.certainty);
            json!({ "id": id, "name": name, "within": within, "certainty": certainty })
        };
        let steps: Vec<_> = regime.steps.iter().map(step).collect();
        let (title, subject) = (self.say(&regime.title), self.say(&regime.subject));
        json!({ "id": regime.id, "title": title, "subject": subject,
            "recipient": regime.recipient, "source": regime.source, "steps": steps })
    }

    fn describe(&self, regime: &Regime) {
        println!("{}  {} → {}", regime.id, self.say(&regime.title), regime.recipient);
        println!("  {}", self.say(&regime.subject));
        for step in &regime.steps {
            let doubt = match (step.certainty, self.language) {
                (Certainty::Read, _) => "",
                (Certainty::Secondary, Words::It) => "(fonte secondaria)",
                (Certainty::Secondary, Words::En) => "(secondary source)",
                (Certainty::Unverified, Words::It) => "(da verificare)",
                (Certainty::Unverified, Words::En) => "(to be verified)",
            };
            let (id, name, span) = (&step.id, self.say(&step.name), self.span(step));
            println!("  {id:<18} {name:<40} {span:<10} {doubt}");
        }
        println!("  {}\n", regime.source);
    }

    fn say<'a>(&self, text: &'a vedetta_model::language::Bilingual) -> &'a str {
        text.to(self.tongue())
    }

    const fn tongue(&self) -> Language {
        match self.language {
            Words::It => Language::It,
            Words::En => Language::En,
        }
    }

    fn span(&self, step: &Step) -> String {
        match (step.within, self.language) {
            (Span::Hours(1), Words::It) => "1 ora".into(),
            (Span::Hours(hours), Words::It) => format!("{hours} ore"),
            (Span::Months(1), Words::It) => "1 mese".into(),
            (Span::Months(months), Words::It) => format!("{months} mesi"),
            (Span::Hours(hours), Words::En) => format!("{hours} h"),
            (Span::Months(1), Words::En) => "1 month".into(),
            (Span::Months(months), Words::En) => format!("{months} months"),
        }
    }

    fn state(&self, state: &State) -> String {
        match (state, self.language) {
            (State::Possible, Words::It) => "solo se di questa classe".into(),
            (State::Possible, Words::En) => "only if of this class".into(),
            (State::Waiting, Words::It) => "non ancora avviata: al più tardi".into(),
            (State::Waiting, Words::En) => "not started: at the latest".into(),
            (State::Running, Words::It) => "in corso".into(),
            (State::Running, Words::En) => "running".into(),
            (State::Near, Words::It) => "IN SCADENZA".into(),
            (State::Near, Words::En) => "NEARLY DUE".into(),
            (State::Missed, Words::It) => "SCADUTA".into(),
            (State::Missed, Words::En) => "MISSED".into(),
            (State::Met { at }, Words::It) => format!("inviata {}", rome(*at)),
            (State::Met { at }, Words::En) => format!("sent {}", rome(*at)),
            (State::Late { at }, Words::It) => format!("inviata IN RITARDO {}", rome(*at)),
            (State::Late { at }, Words::En) => format!("sent LATE {}", rome(*at)),
            (State::Discharged { at }, Words::It) => {
                format!("assolta con altro invio {}", rome(*at))
            }
            (State::Discharged { at }, Words::En) => format!("discharged by another {}", rome(*at)),
        }
    }
}

/// A moment of a person: RFC 3339, or without seconds.
fn moment(text: &str) -> Result<Instant, String> {
    text.parse().map_err(|error: vedetta_model::time::InstantError| {
        format!("{error}, with the offset from UTC")
    })
}

fn sent(text: &str) -> Result<(StepName, Instant), String> {
    let (step, at) = text.split_once('=').ok_or("write it as nis2:notification=MOMENT")?;
    Ok((step.parse()?, moment(at)?))
}

fn rome(at: Instant) -> String {
    let rome = jiff::tz::TimeZone::get("Europe/Rome").unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_microsecond(at.micros()).map_or_else(
        |_| at.to_string(),
        |moment| moment.to_zoned(rome).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    )
}

fn utc(at: Instant) -> String {
    jiff::Timestamp::from_microsecond(at.micros())
        .map_or_else(|_| at.to_string(), |moment| moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
