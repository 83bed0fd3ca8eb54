//! The files that are named, and those of directories, down to their leaves.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use vedetta_commands::Fault;

use crate::unread;

/// Directories within directories, and files altogether.
const DEEPEST: usize = 32;
const MOST: usize = if cfg!(test) { 100 } else { 200_000 };

/// Files as they are named, and those below directories, in order of their names; in its place what
/// cannot be looked at, and why.
pub(super) fn below(named: &[PathBuf]) -> Vec<Result<PathBuf, Fault>> {
    let mut found = Vec::new();
    for path in named {
        if path.is_dir() {
            inside(path, DEEPEST, &mut found);
        } else {
            found.push(Ok(path.clone()));
        }
    }
    found
}

fn inside(folder: &Path, depth: usize, found: &mut Vec<Result<PathBuf, Fault>>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) if depth > 0 => entries,
        Ok(_) => {
            let reason =
                format!("more than {DEEPEST} directories within each other; name it itself");
            return found.push(Err(unread(folder.display(), reason)));
        }
        Err(error) => return found.push(Err(unread(folder.display(), error))),
    };
    let mut within = Vec::new();
    for entry in entries {
        if found.len() + within.len() >= MOST {
            let reason = format!("more than {MOST} files; name them in parts");
            return found.push(Err(unread(folder.display(), reason)));
        }
        match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
            Ok(entry) => within.push(entry),
            Err(error) => found.push(Err(unread(folder.display(), error))),
        }
    }
    within.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in within {
        if found.len() >= MOST {
            let reason = format!("more than {MOST} files; name fewer directories at once");
            return found.push(Err(unread(path.display(), reason)));
        }
        if kind.is_dir() {
            inside(&path, depth - 1, found);
            if found.len() > MOST {
                return;
            }
        } else {
            found.push(of_kind(path, kind));
        }
    }
}

/// Links lead anywhere, in circles too; pipes and devices may never end.
fn of_kind(path: PathBuf, kind: FileType) -> Result<PathBuf, Fault> {
    let reason = match (kind.is_file(), kind.is_symlink()) {
        (true, _) => return Ok(path),
        (false, true) => "a link, which is not followed; name what it leads to",
        (false, false) => "no ordinary file; leave it out",
    };
    Err(unread(path.display(), reason))
}

#[cfg(test)]
mod tests {
    use super::{MOST, below};

    #[test]
    fn directories_are_looked_through_in_order_and_links_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["b/c", "a"] {
            std::fs::create_dir_all(place(name)).unwrap();
        }
        for name in ["z.eml", "b/2.eml", "b/c/1.eml", "a/1.eml"] {
            std::fs::write(place(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), place("b/circle")).unwrap();
        let found = below(&[folder.path().to_owned()]);
        let shown: Vec<String> = found
            .iter()
            .map(|it| match it {
                Ok(path) => path.strip_prefix(folder.path()).unwrap().display().to_string(),
                Err(fault) => fault.to_string().rsplit('/').next().unwrap().to_owned(),
            })
            .collect();
        assert_eq!(shown[..3], ["a/1.eml", "b/2.eml", "b/c/1.eml"]);
        assert!(shown[3].starts_with("circle: a link"), "{}", shown[3]);
        assert_eq!(shown[4..], ["z.eml"]);
    }

    #[test]
    fn a_directory_of_too_many_is_told_and_not_gathered() {
        let folder = tempfile::tempdir().unwrap();
        for name in 0..=MOST {
            std::fs::write(folder.path().join(name.to_string()), "x").unwrap();
        }
        let found = below(&[folder.path().to_owned()]);
        assert_eq!(found.len(), 1);
        assert!(found[0].as_ref().is_err_and(|it| it.to_string().contains("more than")));
        std::fs::remove_file(folder.path().join("0")).unwrap();
        assert_eq!(below(&[folder.path().to_owned()]).iter().flatten().count(), MOST);
    }

    #[test]
    fn what_is_too_deep_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(["d"; 40].join("/"))).unwrap();
        let found = below(&[folder.path().to_owned()]);
        assert_eq!(found.len(), 1);
        assert!(found[0].as_ref().is_err_and(|it| it.to_string().contains("name it itself")));
    }
}
