//! Sigma rules from files and directories.

use std::path::{Path, PathBuf};

use vedetta_commands::Fault;
use vedetta_detect::Rules;
use vedetta_detect::sigma::{Pipeline, Placeholders};

use crate::unread;

/// Largest file of rules, in bytes.
const LARGEST: u64 = 4 << 20;
/// Deepest directory.
const DEEPEST: usize = 32;

/// Reads every rule below the paths given, in order of name, rewritten by pipelines.
pub(crate) fn load(
    given: &[PathBuf],
    pipelines: Vec<Pipeline>,
    stand_for: Placeholders,
) -> Result<Rules, Fault> {
    let mut rules = Rules::with_pipelines(stand_for, pipelines);
    for (place, text) in texts(given)? {
        rules.take(&place, &text);
    }
    rules.ready();
    Ok(rules)
}

/// Reads pipelines from files.
///
/// # Errors
/// A file that cannot be read.
pub fn pipelines(files: &[PathBuf]) -> Result<Vec<Pipeline>, Fault> {
    let read = |file: &PathBuf| {
        let place = file.display().to_string();
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|error| unread(place.clone(), error))?;
        Pipeline::read(&text).map_err(|error| unread(place, error))
    };
    files.iter().map(read).collect()
}

/// Every file of rules below the paths given, in order of name: its name and its text.
///
/// # Errors
/// A file that cannot be read.
pub fn texts(given: &[PathBuf]) -> Result<Vec<(String, String)>, Fault> {
    let (mut files, mut texts) = (Vec::new(), Vec::new());
    for path in given {
        gather(path, 0, &mut files)?;
    }
    for file in &files {
        let place = file.display().to_string();
        let size = file.metadata().map_err(|error| unread(place.clone(), error))?.len();
        if size > LARGEST {
            return Err(unread(place, "larger than 4 MiB: no file of rules is"));
        }
        let bytes = std::fs::read(file).map_err(|error| unread(place.clone(), error))?;
        texts.push((place, String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(texts)
}

fn gather(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let input = |error: std::io::Error| unread(path.display().to_string(), error);
    if !path.metadata().map_err(input)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth == DEEPEST {
        return Ok(());
    }
    let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
        .map_err(input)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|it| it.is_dir() || it.extension().is_some_and(|it| it == "yml" || it == "yaml"))
        .collect();
    inside.sort();
    inside.iter().try_for_each(|it| gather(it, depth + 1, files))
}
