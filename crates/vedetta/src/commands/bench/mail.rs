//! `vedetta bench mail`: how well and how fast messages are judged.

mod doors;
mod peers;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use vedetta_demo::forwarded;
use vedetta_mail::{Brand, Brands, Desk, Evidence, Model, Opinion, Weights};

use crate::outcome::{Failure, Outcome};
use crate::system::Stopwatch;

/// Judge the messages of DIR/phish and DIR/ham, as they are and as people hand them on.
///
/// Other folders of DIR (strict, newsletters, …) are judged at the same thresholds, and so are the
/// messages of DIR/ham as mail systems return them to who wrote them (bounces). SpamAssassin
/// (`spamd`) and rspamd judge the same messages in the same run, where they are installed, with
/// their local rules alone.
#[derive(Args)]
pub(crate) struct MailBench {
    /// The folder with `phish/` and `ham/`.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// At most so many messages of each folder, evenly chosen.
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Judge with the model of this folder (weights.json, style.bin), not with the one that ships.
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Organisations in the directory, whose names may be imitated.
    #[arg(long, value_name = "N", default_value_t = 8_000)]
    organisations: usize,
    /// Leave the others out.
    #[arg(long)]
    alone: bool,
    /// Reports a second that the desk's doors take and answer, in a node of their own.
    #[arg(long, value_name = "N", default_value_t = 50)]
    rate: u32,
    /// For how long; 0 leaves the doors out.
    #[arg(long, value_name = "N", default_value_t = 20)]
    seconds: u32,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// The messages of a folder.
struct Folder {
    name: String,
    letters: Vec<Vec<u8>>,
}

/// What an engine says of the messages of a folder, and how long each took, in milliseconds.
#[derive(Default)]
struct Judged {
    scores: Vec<f64>,
    took: Vec<f64>,
}

#[derive(Serialize)]
struct Speed {
    p50_ms: f64,
    p99_ms: f64,
    largest_ms: f64,
    a_second: f64,
}

impl MailBench {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let folders = self.folders()?;
        let mut report = Map::new();
        let model = self.model.as_deref().map(model).transpose()?;
        let brands = Brands::with(country(self.organisations));
        let model = model.as_ref().unwrap_or(Model::shipped());
        let desk = Desk { model, brands: &brands, ..Desk::shipped() };
        let ours = |letters: &[Vec<u8>]| Ok(judge(letters, &desk));
        let (direct, thresholds) = table(&folders, ours)?;
        report.insert("vedetta".into(), direct);
        for (name, wrap) in forwarded::ALL {
            report.insert(format!("vedetta {name}"), handed_on(&folders, *wrap, &desk, thresholds));
        }
        report.insert("vedetta memory_mib".into(), json!(memory()));
        if self.seconds > 0 {
            let letters: Vec<Vec<u8>> =
                folders.iter().flat_map(|folder| folder.letters.iter().cloned()).collect();
            let doors = doors::measure(&letters, self.rate, self.seconds)?;
            report.insert("vedetta doors".into(), doors);
        }
        if !self.alone {
            for engine in [peers::spamassassin as peers::Start, peers::rspamd] {
                match beside(engine, &folders) {
                    Ok((name, figures)) => {
                        report.insert(name.into(), figures);
                    }
                    Err(reason) => eprintln!("vedetta: left out: {reason}"),
                }
            }
        }
        let text = if self.json {
            serde_json::to_string(&report)
        } else {
            serde_json::to_string_pretty(&report)
        };
        println!("{}", text.map_err(|error| Failure::system("writing JSON", error))?);
        Ok(Outcome::Done)
    }

    fn folders(&self) -> Result<Vec<Folder>, Failure> {
        let mut folders = Vec::new();
        let holds_messages = |path: &PathBuf| path.is_dir() && !path.ends_with("model");
        for path in sorted(&self.corpus)?.into_iter().filter(holds_messages) {
            let files = sorted(&path)?;
            let step = self.sample.map_or(1, |most| files.len().div_ceil(most.max(1))).max(1);
            let read = |path: &PathBuf| {
                std::fs::read(path)
                    .map_err(|error| Failure::input(path.display().to_string(), error))
            };
            let letters = files.iter().step_by(step).map(read).collect::<Result<_, _>>()?;
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            folders.push(Folder { name, letters });
        }
        let has = |wanted: &str| {
            folders.iter().any(|folder| folder.name == wanted && !folder.letters.is_empty())
        };
        if has("phish") && has("ham") {
            let bounces = folders.iter().find(|folder| folder.name == "ham").map(returned);
            folders.extend(bounces);
            return Ok(folders);
        }
        Err(Failure::Usage(format!("{}: needs messages in phish/ and ham/", self.corpus.display())))
    }
}

/// The messages of a folder as they come back to who wrote them, each in one of the ways.
fn returned(ham: &Folder) -> Folder {
    let ways = forwarded::RETURNED.iter().cycle();
    let letters = ham.letters.iter().zip(ways).map(|(letter, (_, back))| back(letter)).collect();
    Folder { name: "bounces".into(), letters }
}

/// As many towns as a country has, each with two domains: the kinds of names that municipalities have.
fn country(organisations: usize) -> Vec<Brand> {
    const BEGIN: [&str; 20] = [
        "monte", "castel", "borgo", "villa", "san", "santa", "rocca", "torre", "pieve", "ponte",
        "campo", "valle", "casal", "colle", "porto", "serra", "pian", "acqua", "terra", "bosco",
    ];
    const MIDDLE: [&str; 20] = [
        "nuovo", "vecchio", "rosso", "fiore", "grande", "lungo", "chiaro", "alto", "basso",
        "verde", "marino", "franco", "gelato", "mare", "santo", "bello", "forte", "secco", "piano",
        "sereno",
    ];
    const END: [&str; 20] = [
        "", "-adda", "-po", "-ticino", "-arno", "-tevere", "-adige", "-piave", "-reno", "-secchia",
        "-sesia", "-dora", "-tanaro", "-oglio", "-mincio", "-brenta", "-ofanto", "-simeto",
        "-liri", "-nera",
    ];
    let part = |of: &[&'static str; 20], at: usize| of.get(at % 20).copied().unwrap_or_default();
    let town = |number: usize| {
        let name = format!(
            "{}{}{}",
            part(&BEGIN, number),
            part(&MIDDLE, number / 20),
            part(&END, number / 400)
        );
        let domains = vec![format!("{name}.example"), format!("comune.{name}.example")];
        Brand { name: format!("Comune di {name}"), words: Vec::new(), domains }
    };
    (0..organisations).map(town).collect()
}

/// A model as the training writes it.
fn model(folder: &Path) -> Result<Model, Failure> {
    let (weights, style) = (folder.join("weights.json"), folder.join("style.bin"));
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| Failure::input(path.display().to_string(), error))
    };
    let read_weights: Weights = serde_json::from_slice(&read(&weights)?)
        .map_err(|error| Failure::input(weights.display().to_string(), error))?;
    Ok(Model::new(read_weights, &read(&style)?))
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| Failure::input(folder.display().to_string(), error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

fn judge(letters: &[Vec<u8>], desk: &Desk<'_>) -> Judged {
    let mut judged = Judged::default();
    for letter in letters {
        let watch = Stopwatch::start();
        let evidence = Evidence::read(letter, &desk.limits);
        let opinion = Opinion::of(&evidence, desk);
        judged.took.push(watch.read().as_secs_f64() * 1000.0);
        judged.scores.push(f64::from(opinion.probability));
    }
    judged
}

/// Another engine's figures on the same messages.
fn beside(start: peers::Start, folders: &[Folder]) -> Result<(&'static str, Value), Failure> {
    let peer = start().map_err(|reason| Failure::system("another engine", reason))?;
    let (figures, _) = table(folders, |letters| peer.judge(letters))?;
    Ok((peer.name, figures))
}

/// The share above the thresholds that 1% and 0.1% of `ham` exceed, per folder; and the speed.
fn table(
    folders: &[Folder],
    judge: impl Fn(&[Vec<u8>]) -> Result<Judged, Failure>,
) -> Result<(Value, [f64; 2]), Failure> {
    let judged: Result<Vec<Judged>, Failure> =
        folders.iter().map(|folder| judge(&folder.letters)).collect();
    let judged = judged?;
    let ham = folders
        .iter()
        .zip(&judged)
        .find(|(folder, _)| folder.name == "ham")
        .map(|(_, judged)| judged);
    let scores = ham.map(|ham| ham.scores.clone()).unwrap_or_default();
    let thresholds = [threshold(&scores, 0.01), threshold(&scores, 0.001)];
    let mut figures = Map::new();
    for (folder, judged) in folders.iter().zip(&judged).filter(|(folder, _)| folder.name != "ham") {
        figures.insert(folder.name.clone(), shares(&judged.scores, thresholds));
    }
    figures.extend(calibrated(folders, &judged));
    let speed = speed(judged.into_iter().flat_map(|judged| judged.took).collect());
    let speed =
        serde_json::to_value(speed).map_err(|error| Failure::system("writing JSON", error))?;
    figures.insert("speed".into(), speed);
    Ok((Value::Object(figures), thresholds))
}

fn handed_on(
    folders: &[Folder],
    wrap: fn(&[u8]) -> Vec<u8>,
    desk: &Desk<'_>,
    thresholds: [f64; 2],
) -> Value {
    let mut figures = Map::new();
    let judged: Vec<Judged> = folders
        .iter()
        .map(|folder| judge(&folder.letters.iter().map(|it| wrap(it)).collect::<Vec<_>>(), desk))
        .collect();
    for (folder, judged) in folders.iter().zip(&judged) {
        figures.insert(folder.name.clone(), shares(&judged.scores, thresholds));
    }
    figures.extend(calibrated(folders, &judged));
    Value::Object(figures)
}

fn calibrated(folders: &[Folder], judged: &[Judged]) -> Option<(String, Value)> {
    let off = miscalibration(folders, judged)?;
    Some(("probability".into(), json!({ "off_by_points": off })))
}

/// How far the probabilities are from the share that is phishing, on average over ten bands, `phish`
/// and `ham` weighing the same; in points. Of scores that are no probabilities it says nothing.
fn miscalibration(folders: &[Folder], judged: &[Judged]) -> Option<f64> {
    let mut bands = [[0.0_f64; 2]; 10];
    for (name, is) in [("phish", 1.0), ("ham", 0.0)] {
        let at = folders.iter().position(|folder| folder.name == name)?;
        let scores = &judged.get(at)?.scores;
        if scores.iter().any(|score| !(0.0..=1.0).contains(score)) {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let weight = 50.0 / scores.len().max(1) as f64;
        for score in scores {
            let bound = (1..10).take_while(|bound| *score >= f64::from(*bound) / 10.0).count();
            let [said, was] = bands.get_mut(bound)?;
            *said += weight * score;
            *was += weight * is;
        }
    }
    let off: f64 = bands.iter().map(|[said, was]| (said - was).abs()).sum();
    Some((off * 10.0).round() / 10.0)
}

/// The score that at most `rate` of the legitimate messages exceed.
fn threshold(ham: &[f64], rate: f64) -> f64 {
    let mut sorted = ham.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a count"
    )]
    let over = (sorted.len() as f64 * rate) as usize;
    sorted.get(over).copied().unwrap_or(f64::MAX)
}

fn shares(scores: &[f64], thresholds: [f64; 2]) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = |over: f64| {
        let count = scores.iter().filter(|score| **score > over).count();
        (1000.0 * count as f64 / scores.len().max(1) as f64).round() / 10.0
    };
    let [one, tenth] = thresholds;
    json!({ "at_1%": share(one), "at_0.1%": share(tenth), "messages": scores.len() })
}

fn speed(mut took: Vec<f64>) -> Speed {
    took.sort_by(f64::total_cmp);
    let at = |share: usize| {
        took.get((took.len() * share / 1000).min(took.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = took.len() as f64 * 1000.0 / took.iter().sum::<f64>().max(0.001);
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    Speed {
        p50_ms: rounded(at(500)),
        p99_ms: rounded(at(990)),
        largest_ms: rounded(at(1000)),
        a_second: rate.round(),
    }
}

/// The most memory that this process had, the corpus included, in MiB.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::{Folder, Judged, country, miscalibration, shares, threshold};

    #[test]
    fn the_probability_is_off_by_what_it_promised_too_much_or_too_little() {
        let folder = |name: &str| Folder { name: name.into(), letters: Vec::new() };
        let judged = |scores: &[f64]| Judged { scores: scores.to_vec(), took: Vec::new() };
        let folders = [folder("phish"), folder("ham")];
        let right = [judged(&[1.0, 1.0, 0.5]), judged(&[0.0, 0.0, 0.5])];
        assert_eq!(miscalibration(&folders, &right), Some(0.0));
        let bold = [judged(&[1.0]), judged(&[0.8])];
        assert_eq!(miscalibration(&folders, &bold), Some(40.0));
        assert_eq!(miscalibration(&folders, &[judged(&[12.5]), judged(&[-0.1])]), None);
    }

    #[test]
    fn a_whole_country_is_as_many_names() {
        let towns = country(8_000);
        let names: std::collections::BTreeSet<_> = towns.iter().map(|it| &it.domains[0]).collect();
        assert_eq!(names.len(), 8_000);
    }

    #[test]
    fn the_threshold_lets_its_share_of_ham_through() {
        let ham: Vec<f64> = (0..1000).map(f64::from).collect();
        let one = threshold(&ham, 0.01);
        assert_eq!(ham.iter().filter(|score| **score > one).count(), 10);
        assert_eq!(shares(&[one, one + 1.0], [one, 0.0])["at_1%"], 50.0);
    }
}
