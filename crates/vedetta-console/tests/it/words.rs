//! Every sentence is said by some page.

use std::path::{Path, PathBuf};

/// The text of every file below a folder.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = entries.flat_map(|path| match path.is_dir() {
        true => texts(&path),
        false => vec![(path.clone(), std::fs::read_to_string(&path).unwrap())],
    });
    read.collect()
}

#[test]
fn no_sentence_is_without_a_page() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = texts(&here.join("../vedetta-words/src"));
    let crates = [".", "../vedetta-frame", "../vedetta-room"];
    let folders =
        crates.iter().flat_map(|it| ["src", "templates"].map(|of| here.join(it).join(of)));
    let pages = folders.flat_map(|folder| texts(&folder));
    let said: String = pages.chain(words.clone()).map(|(_, text)| text).collect();
    let lines = words.iter().flat_map(|(_, text)| text.lines());
    let names = lines.filter_map(|line| {
        let name = line.strip_prefix("    ")?.split([':', '(', '[']).next()?;
        let plain = !name.is_empty() && name.chars().all(|it| it == '_' || it.is_alphanumeric());
        (plain && line.contains("\" / \"")).then_some(name)
    });
    let names: Vec<_> = names.collect();
    assert!(names.len() > 500, "{}", names.len());
    let unsaid = names.into_iter().filter(|name| !said.contains(&format!(".{name}(")));
    assert_eq!(unsaid.collect::<Vec<_>>(), Vec::<&str>::new());
}
