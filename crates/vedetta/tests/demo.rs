//! The demonstration as it is shown to people: what its tables say, that it ends when it is asked to, and
//! that it can be begun again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A demonstration going on.
struct Demo {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

const CLOSED: &str = "closed; start it again to resume";

impl Demo {
    fn begin(data: &Path, words: &[&str]) -> Self {
        let mut command = vedetta(&["demo"]);
        command.args(words).arg("--data").arg(data).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Until it has told something.
    fn until_told(&mut self) {
        assert!(self.lines.by_ref().map(Result::unwrap).any(|it| is_row(&it)));
    }

    /// Kills it as soon as something is so.
    fn kill_once(mut self, is_so: impl Fn() -> bool) {
        while !is_so() {
            assert!(self.process.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::park_timeout(Duration::from_millis(10));
        }
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// As Ctrl-C does.
    fn interrupt(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// What it says to its end, which is an ordinary one.
    fn end(mut self) -> Vec<String> {
        let said: Vec<_> = self.lines.by_ref().map(Result::unwrap).collect();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {said:#?}");
        assert_eq!(said.last().map(String::as_str), Some(CLOSED), "{said:#?}");
        said
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Its nodes are processes too, which it ends itself.
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.interrupt();
            let _ended = self.process.wait();
        }
    }
}

fn vedetta(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.args(words).stdin(Stdio::null());
    command
}

/// Nobody holds the ledger of a node any more, and it is sound.
fn is_left_whole(data: &Path) {
    let verified = vedetta(&["verify", "--data"]).arg(data).output().unwrap();
    assert!(verified.status.success(), "{}: {verified:?}", data.display());
}

/// A row of the table: what is told, and where it arrived, however long that took.
fn row(line: &str) -> (String, Vec<String>) {
    let characters: Vec<char> = line.chars().collect();
    let text = |of: &[char]| of.iter().collect::<String>().trim().to_owned();
    let cells = characters[characters.len() - 5 * CELL..].chunks(CELL).map(text);
    let cells = cells.map(|cell| if cell.ends_with(" ms") { "yes".into() } else { cell });
    (text(&characters[WHAT..WHAT + 44]), cells.collect())
}

/// The columns of what is told, and of one node.
const WHAT: usize = 7;
const CELL: usize = 12;

fn is_row(line: &str) -> bool {
    line.get(2..3) == Some(":") && line.contains("TLP:")
}

/// What there is in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_attack_crosses_five_nodes_though_a_link_is_cut() {
    let directory = tempfile::tempdir().unwrap();
    // Killed while the first node is at work and the second is being made, it begins again.
    let mesh = directory.path().join("mesh");
    let is_being_made = |it: &String| it.starts_with(".cosc-umbria.");
    let killed = Demo::begin(directory.path(), &["--mesh"]);
    killed.kill_once(|| names(&mesh).iter().any(is_being_made));
    let said = Demo::begin(directory.path(), &["--mesh", "--seconds", "2"]).end();
    let told: Vec<_> = said.iter().filter(|line| is_row(line)).map(|line| row(line)).collect();
    // CNAIPIC, Umbria, Liguria, Poli-CERT, Carabinieri.
    let expected = [
        ("Ondata di phishing agli sportelli di Terni", ["yes", "yes", "-", "-", "-"]),
        ("Dominio usato contro il Comune di Terni", ["yes", "yes", "yes", "-", "-"]),
        ("Server che raccoglie le credenziali", ["yes", "yes", "yes", "yes", "-"]),
        ("Allegato: fattura con macro", ["yes", "yes", "yes", "yes", "-"]),
        ("Allerta: falsa fattura ai Comuni", ["yes", "cut off", "yes", "yes", "-"]),
        (
            "Secondo server, trovato a link interrotto",
            ["cut off", "yes", "cut off", "cut off", "-"],
        ),
        ("Variante vista in Liguria", ["yes", "cut off", "yes", "yes", "-"]),
        ("Mittente dei messaggi, dal Poli-CERT", ["yes", "-", "-", "yes", "yes"]),
    ];
    let expected = expected.map(|(what, cells)| (what.to_owned(), cells.map(String::from).into()));
    assert_eq!(told, expected, "{said:#?}");
    let caught_up: Vec<_> = said.iter().filter(|it| it.contains("caught up:")).collect();
    assert_eq!(caught_up.len(), 5, "{said:#?}");
    assert!(caught_up.iter().all(|it| it.ends_with(" ms")), "{caught_up:#?}");
    for (at, answer) in [("Liguria", " yes "), ("Liguria", " no "), ("Umbria", " no ")] {
        let why = |it: &String| it.starts_with(&format!("  at {at}")) && it.contains(answer);
        assert!(said.iter().any(why), "{said:#?}");
    }

    let account = said.iter().find(|it| it.starts_with("  sign in ")).unwrap();
    assert!(account.contains("administrator, with the password "), "{account}");

    // Begun again, it is interrupted in the middle of the story.
    let mut again = Demo::begin(directory.path(), &["--mesh"]);
    again.until_told();
    again.interrupt();
    again.end();
    let nodes = ["carabinieri", "cnaipic", "cosc-liguria", "cosc-umbria", "ipzs"];
    nodes.iter().for_each(|node| is_left_whole(&mesh.join(node)));
    let mut left = names(&mesh);
    left.sort();
    assert_eq!(left, [&nodes[..], &["wire"]].concat(), "nothing of what was killed");
}

#[test]
fn a_warning_crosses_the_country() {
    let directory = tempfile::tempdir().unwrap();
    let words = ["--listen", "127.0.0.1:0"];
    let told_in = [&words[..], &["--seconds", "2"]].concat();
    let said = Demo::begin(directory.path(), &told_in).end();
    let rows: Vec<_> = said.iter().filter(|it| it.contains("TLP:") && it.contains('/')).collect();
    assert_eq!(rows.len(), 8, "{said:#?}");
    for row in rows {
        let cells: Vec<_> = row.split_whitespace().rev().take(4).collect();
        let [_last, _half, live, cleared] = cells[..] else { panic!("{row}") };
        assert_eq!(
            live,
            format!("{cleared}/{cleared}"),
            "all to whom it is cleared have it: {row}"
        );
    }
    let mut again = Demo::begin(directory.path(), &words);
    again.until_told();
    again.interrupt();
    again.end();
    is_left_whole(directory.path());
}

#[test]
fn what_one_sensor_finds_the_others_see() {
    let directory = tempfile::tempdir().unwrap();
    let demo = vedetta(&["demo", "--sensors", "--data"]).arg(directory.path()).output().unwrap();
    let said = String::from_utf8_lossy(&demo.stdout).into_owned();
    assert!(demo.status.success(), "{said}{}", String::from_utf8_lossy(&demo.stderr));
    let mut rest = said.as_str();
    for step in [
        "Terni        one failed login from 203.0.113.66: nothing to tell",
        "Perugia      thirty failed logins from 203.0.113.66, then one that succeeds",
        "ms after the line was written: Perugia's finding is at the node: ",
        "released to those entitled: [ipv4-addr:value = '203.0.113.66']",
        "Terni had seen it: ",
        "COSC Umbria  one failed login",
        "COSC Umbria sees it at once: ",
        "vedetta sensor what-leaves --dir ",
    ] {
        let at = rest.find(step).unwrap_or_else(|| panic!("{step}: {said}"));
        rest = &rest[at..];
    }
    for town in ["comune-054039", "comune-055032", "cosc-umbria"] {
        assert!(said.contains(town), "the node lists its sensors: {said}");
    }
    // The command that it names, as it stands there.
    let words: Vec<&str> = rest.lines().next().unwrap().split_whitespace().skip(1).collect();
    let leaves = vedetta(&words).output().unwrap();
    let told = String::from_utf8_lossy(&leaves.stdout);
    assert!(leaves.status.success() && told.contains("203.0.113.66"), "{told}");
    let both = vedetta(&["demo", "--sensors", "--mesh"]).output().unwrap();
    assert_eq!(both.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&both.stderr).contains("cannot be used with"), "{both:?}");
}
