//! `vedetta warning-list`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::node::{Fault, Node, Request, Verb, file, plain, read};
use crate::table::{counted, each, listed, word};
use crate::{Answer, At, Command, Use};

/// Warning lists in MISP's format: what is harmless, however often it is seen.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct WarningList {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta warning-list put ./misp-warninglists/lists --data ./node
  vedetta warning-list put ./own-resolvers.json
  vedetta warning-list list
  vedetta warning-list remove own-resolvers";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show the lists, how many entries each has and which cannot be used.
    #[command(after_help = "Example:\n  vedetta warning-list list --json")]
    List,
    /// Put lists: files, and directories with all below them, as MISP publishes them.
    ///
    /// A list is called after its file, or after its folder where the file is called list.json. One that
    /// cannot be used keeps the others from nobody.
    #[command(
        after_help = "Examples:\n  vedetta warning-list put ./misp-warninglists/lists --data ./node\n  vedetta warning-list put ./own-resolvers.json --json"
    )]
    Put {
        /// Files and directories.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Remove a list.
    #[command(after_help = "Example:\n  vedetta warning-list remove own-resolvers")]
    Remove {
        /// The list, as `warning-list list` names it.
        list: String,
    },
}

/// The longest list that the node takes, in octets.
const LONGEST: usize = 32 << 20;
/// How far below a directory lists are looked for.
const DEPTH: usize = 4;
/// Lists put at once at most.
const MOST: usize = 10_000;

impl Command for WarningList {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::List) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        match &self.what {
            What::List => Ok(Answer::whole(node.get("/api/v1/warning-lists")?)),
            What::Put { files } => put(node, files),
            What::Remove { list } => {
                node.remove(&format!("/api/v1/warning-lists/{}", plain(list)))?;
                Ok(Answer::whole(json!({ "removed": list })))
            }
        }
    }

    fn lines(&self, told: &Value) -> String {
        match &self.what {
            What::List => listed(each(told, "lists").map(line).collect()),
            What::Put { .. } => {
                let refused = each(told, "rejected");
                let refused =
                    refused.map(|it| format!("{}: {}\n", word(it, "file"), word(it, "reason")));
                let kept: String = each(told, "lists").map(line).chain(refused).collect();
                let (lists, not) = (each(told, "lists").count(), each(told, "rejected").count());
                format!("{kept}{} put, {not} rejected\n", counted(lists, "list", "lists"))
            }
            What::Remove { list } => format!("{list} is removed\n"),
        }
    }
}

/// Puts each list; when there is but one, what is wrong with it is the refusal.
fn put<N: Node>(node: &mut N, given: &[PathBuf]) -> Result<Answer, N::Failure> {
    let found = lists(given)?;
    let alone = found.len() == 1;
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (done, (id, path)) in found.iter().enumerate() {
        node.working("putting warning lists", (done, found.len()));
        match one(node, id, path) {
            Ok(list) => kept.push(list),
            Err(failure) if alone => return Err(failure),
            Err(failure) => {
                let told = N::refusal(&failure);
                // What stops all of them is no fault of this one.
                if ["ledger", "system"].iter().any(|code| told["code"] == *code) {
                    return Err(failure);
                }
                let place = path.display().to_string();
                refused.push(json!({ "file": place, "list": id, "reason": reason(&told) }));
            }
        }
    }
    let whole = refused.is_empty();
    let told = json!({ "lists": kept, "rejected": refused });
    Ok(if whole { Answer::whole(told) } else { Answer::partly(told) })
}

fn one<N: Node>(node: &mut N, id: &str, path: &Path) -> Result<Value, N::Failure> {
    let octets = file(path, LONGEST)?;
    let request = Request::new(Verb::Put, &format!("/api/v1/warning-lists/{}", plain(id)));
    let place = path.display().to_string();
    let body = node.send(request.with(octets)).map_err(|failure| N::about(failure, &place))?;
    Ok(read(&body)?)
}

fn reason(told: &Value) -> String {
    let advice = word(told, "what_to_do");
    let advice = if advice.is_empty() { advice } else { format!("; {advice}") };
    format!("{}{advice}", word(told, "detail"))
}

/// The lists in files and directories, by what each is called.
fn lists(given: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, Fault> {
    let mut found = BTreeMap::new();
    for path in given {
        if path.is_dir() {
            below(path, DEPTH, &mut found)?;
        } else {
            note(path.clone(), &mut found)?;
        }
    }
    if found.is_empty() {
        let place = given.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(", ");
        let sentence =
            "there is no list here; name a file in JSON, or a directory with such".into();
        return Err(Fault::Invalid { place, sentence });
    }
    Ok(found)
}

fn below(folder: &Path, depth: usize, found: &mut BTreeMap<String, PathBuf>) -> Result<(), Fault> {
    let entries = std::fs::read_dir(folder).map_err(|error| Fault::Unread {
        place: folder.display().to_string(),
        reason: error.to_string(),
    })?;
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        // A link may lead back up.
        if path.is_dir() && !path.is_symlink() && depth > 0 {
            below(&path, depth - 1, found)?;
        } else if path.is_file() && path.extension().is_some_and(|it| it == "json") {
            note(path, found)?;
        }
    }
    Ok(())
}

fn note(path: PathBuf, found: &mut BTreeMap<String, PathBuf>) -> Result<(), Fault> {
    let stem = path.file_stem().map(|it| it.to_string_lossy().into_owned());
    let folder = path.parent().and_then(Path::file_name);
    let folder = folder.map(|it| it.to_string_lossy().into_owned());
    let name = stem.filter(|stem| stem != "list").or(folder).unwrap_or_default();
    let (place, id) = (path.display().to_string(), slug(&name));
    let invalid = |sentence: String| Err(Fault::Invalid { place: place.clone(), sentence });
    if found.len() >= MOST {
        return invalid(format!("more than {MOST} lists; put them in several goes"));
    }
    match found.insert(id.clone(), path) {
        None => Ok(()),
        Some(other) => {
            invalid(format!("called {id:?} like {}; rename one of them", other.display()))
        }
    }
}

/// A name as identifiers are written: lower case, the rest hyphens.
fn slug(name: &str) -> String {
    let letter = |letter: char| match letter.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '-',
    };
    let slug: String = name.chars().map(letter).collect();
    slug.split('-').filter(|it| !it.is_empty()).collect::<Vec<_>>().join("-")
}

fn line(list: &Value) -> String {
    let (id, name) = (word(list, "id"), word(list, "name"));
    let (entries, version) = (&list["entries"], &list["version"]);
    let mut text = format!("{id:<40} {entries} entries, version {version}: {name}\n");
    for it in each(list, "left_out").take(SHOWN) {
        text.push_str(&format!("  left out {:?}: {}\n", word(it, "entry"), word(it, "why")));
    }
    let more = each(list, "left_out").count().saturating_sub(SHOWN);
    if more > 0 {
        text.push_str(&format!("  and {more} more; --json names all\n"));
    }
    text
}

/// Entries that cannot be used, shown of each list.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ended;
    use crate::scripted::{Refused, Scripted, parsed};

    /// A directory as MISP publishes it.
    fn published() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("lists/Alexa_top/list.json", "{}"),
            ("lists/own.json", "[]"),
            ("lists/README.md", "x"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn lists_are_called_after_their_folder_or_file_and_one_keeps_none_from_the_others() {
        let folder = published();
        let put: WarningList = parsed(&format!("put {}", folder.path().display()));
        let kept = json!({ "id": "alexa-top", "name": "Top", "version": 3, "entries": 9,
            "left_out": [{ "place": 1, "entry": "x", "why": "no name" }] });
        let wrong = json!({ "code": "invalid", "detail": "no list", "what_to_do": "see MISP" });
        let mut node = Scripted::new().gives(&kept).refuses(wrong);
        let told = put.ask(&mut node).unwrap();
        assert_eq!(
            node.told(),
            ["PUT /api/v1/warning-lists/alexa-top {}", "PUT /api/v1/warning-lists/own []"]
        );
        let shown = ["putting warning lists: 0 of 2", "putting warning lists: 1 of 2"];
        assert_eq!(node.shown, shown);
        assert_eq!(told.ended, Ended::Partly);
        let crate::Told::Value(told) = told.told else { panic!("a file") };
        let lines = put.lines(&told);
        assert!(
            lines.contains("9 entries, version 3: Top\n  left out \"x\": no name\n"),
            "{lines}"
        );
        assert!(lines.contains("own.json: no list; see MISP\n1 list put, 1 rejected\n"), "{lines}");
    }

    #[test]
    fn a_ledger_that_is_full_is_no_fault_of_a_list() {
        let folder = published();
        let put: WarningList = parsed(&format!("put {}", folder.path().display()));
        let mut node = Scripted::new().refuses(json!({ "code": "ledger", "detail": "full" }));
        assert!(put.ask(&mut node).is_err() && node.asked.len() == 1);
    }

    #[test]
    fn two_of_one_name_and_none_at_all_are_refused() {
        let folder = published();
        std::fs::write(folder.path().join("lists/Own.json"), "[]").unwrap();
        let put: WarningList = parsed(&format!("put {}", folder.path().display()));
        let Err(Refused::Command(fault)) = put.ask(&mut Scripted::new()) else { panic!("put") };
        assert!(fault.to_string().contains("rename one"), "{fault}");
        let empty = tempfile::tempdir().unwrap();
        let put: WarningList = parsed(&format!("put {}", empty.path().display()));
        let Err(Refused::Command(fault)) = put.ask(&mut Scripted::new()) else { panic!("put") };
        assert!(fault.to_string().contains("no list here"), "{fault}");
    }
}
