//! `cargo xtask test --browser` and `cargo xtask pictures`: a node with the demonstration's data, and people
//! at its pages in headless Chromium.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::{cargo, root, show, target_directory};
use crate::tally::Tally;
use crate::{Failure, assets, demo, prerequisites};

/// A node that ends with the test.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself, which the browser has noticed.
        let _ended = self.0.kill().and_then(|()| self.0.wait()).is_ok();
    }
}

/// What is done at the pages.
#[derive(Clone, Copy)]
enum Work {
    /// Each person's pages once, and every task.
    Short,
    /// In several languages, themes and sizes.
    Whole,
    /// The pictures of the documents are taken, and nothing else.
    Pictures,
}

/// Runs all of it.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    if !words.is_empty() {
        let reason = "`test --browser` takes nothing more; `pictures` takes the pictures";
        return Err(Failure::Usage(reason.into()));
    }
    let (_node, mut command) = asked(Work::Whole)?;
    Ok(show(&mut command)?)
}

/// Takes the pictures of the documents anew, into `docs/images` unless another folder is named.
pub(crate) fn pictures(words: &[String]) -> Result<(), Failure> {
    let folder = match words {
        [] => "docs/images",
        [folder] if !folder.starts_with('-') => folder,
        _ => return Err(Failure::Usage("`pictures` takes a folder, or nothing".into())),
    };
    let folder = root().join(folder);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let (_node, mut command) = asked(Work::Pictures)?;
    Ok(show(command.arg(folder))?)
}

fn asked(work: Work) -> Result<(Node, Command), Failure> {
    prerequisites::for_browser()?;
    if let Some(missing) = prerequisites::no_browser() {
        return Err(missing.into());
    }
    Ok(ready(work)?)
}

/// The short of it, among the other tests; what it counts is added to theirs.
pub(crate) fn stage(tally: &mut Tally) -> Result<(), String> {
    let missing = prerequisites::no_browser().or_else(|| assets::installed().err());
    if let Some(reason) = missing {
        println!("skipped: the tests in a browser: {reason}");
        tally.skipped += 1;
        return Ok(());
    }
    let (_node, mut command) = ready(Work::Short)?;
    let said = |error: std::io::Error| format!("node: {error}");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(said)?;
    let mut counted = None;
    for line in child.stdout.take().into_iter().flat_map(|it| BufReader::new(it).lines()) {
        let line = line.map_err(said)?;
        println!("{line}");
        counted = count(&line).or(counted);
    }
    let status = child.wait().map_err(said)?;
    // Without a count it ended before its end.
    let (checks, failed) = counted.unwrap_or((1, 1));
    tally.passed += checks.saturating_sub(failed);
    tally.failed += failed;
    if status.success() { Ok(()) } else { Err(format!("the tests in a browser: {status}")) }
}

/// How many checks its last line tells of, and how many of them failed.
fn count(line: &str) -> Option<(u64, u64)> {
    let (checks, rest) = line.split_once(" checks, ")?;
    let (failed, _) = rest.split_once(" failures")?;
    Some((checks.parse().ok()?, failed.parse().ok()?))
}

/// A node with the demonstration's data, and what opens its pages.
fn ready(work: Work) -> Result<(Node, Command), String> {
    let web = assets::installed()?;
    // Pictures show figures, as of what is installed.
    let program = match work {
        Work::Pictures => demo::build()?,
        Work::Short | Work::Whole => {
            show(cargo().args(["build", "--package", "vedetta"]))?;
            target_directory()?.join("debug").join("vedetta")
        }
    };
    let data = target_directory()?.join("browser-test");
    let node = start(&program, &data)?;
    let mut command = Command::new("node");
    command.current_dir(web).arg("browser/run.mjs");
    command.args(match work {
        Work::Short => Some("--short"),
        Work::Whole => None,
        Work::Pictures => Some("--pictures"),
    });
    command.arg(base(&data)?).arg(data.join("demo-accounts.json"));
    Ok((node, command))
}

/// Where the node listens, as it was told.
fn base(data: &Path) -> Result<String, String> {
    let port = std::fs::read_to_string(data.join("browser-port"));
    port.map(|port| format!("https://127.0.0.1:{port}")).map_err(|error| error.to_string())
}

fn start(program: &PathBuf, data: &Path) -> Result<Node, String> {
    let said = |error: std::io::Error| format!("{}: {error}", data.display());
    if data.exists() {
        std::fs::remove_dir_all(data).map_err(said)?;
    }
    std::fs::create_dir_all(data).map_err(said)?;
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).map_err(said)?.port();
    std::fs::write(data.join("browser-port"), port.to_string()).map_err(said)?;
    let mut log = std::fs::File::create(data.join("node.log")).map_err(said)?;
    let mut command = Command::new(program);
    command.args(["demo", "--listen", &format!("127.0.0.1:{port}")]).arg("--data").arg(data);
    command.stdin(Stdio::null()).stderr(log.try_clone().map_err(said)?).stdout(Stdio::piped());
    let mut node =
        command.spawn().map(Node).map_err(|error| format!("{}: {error}", program.display()))?;
    let mut told = node.0.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    // It is open before its past is written: who signs in meanwhile comes too early.
    let ready = told.by_ref().map_while(Result::ok).find(|line| {
        let written = writeln!(log, "{line}").is_ok();
        written && line.contains(WHOLE)
    });
    if ready.is_none() {
        return Err(format!("the node did not start: see {}", data.join("node.log").display()));
    }
    std::thread::spawn(move || {
        told.map_while(Result::ok).try_for_each(|line| writeln!(log, "{line}"))
    });
    Ok(node)
}

/// With what the demonstration says that all is there.
const WHOLE: &str = "prove it";

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn the_last_line_is_counted_and_no_other() {
        assert_eq!(count("214 checks, 3 failures, 96 s"), Some((214, 3)));
        assert_eq!(count("nobody: 3 pages, 4 s"), None);
        assert_eq!(count("failed: /items as nobody: many checks, some failures"), None);
    }
}
