//! `cargo xtask mail-templates DIR`: the packages whose mail templates the model learns from, by their
//! registries' own clients, each as the lock file says and no other.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::process::{capture, root};

const LOCK: &str = "crates/vedetta-training/corpus/packages.lock";

#[derive(Debug, PartialEq, Eq)]
struct Package<'t> {
    registry: Registry,
    name: &'t str,
    version: &'t str,
    sha256: &'t str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Registry {
    Npm,
    Pypi,
}

/// Fetches what is not there yet; a folder for each package below DIR.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let [folder] = arguments else {
        return Err(Failure::Usage("mail-templates needs the folder to fill".into()));
    };
    let folder = Path::new(folder);
    let lock = root().join(LOCK);
    let text = std::fs::read_to_string(&lock).map_err(|error| format!("{LOCK}: {error}"))?;
    for package in packages(&text)? {
        let into = folder.join(package.folder());
        if into.is_dir() {
            println!("{}: there", package.name);
            continue;
        }
        package.fetch(folder, &into)?;
        println!("{}: fetched", package.name);
    }
    Ok(())
}

fn packages(text: &str) -> Result<Vec<Package<'_>>, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| Package::read(line).ok_or_else(|| format!("{LOCK}: {line}"))).collect()
}

impl<'t> Package<'t> {
    fn read(line: &'t str) -> Option<Self> {
        let mut words = line.split(' ');
        let registry = match words.next()? {
            "npm" => Registry::Npm,
            "pypi" => Registry::Pypi,
            _ => return None,
        };
        let (name, version, sha256) = (words.next()?, words.next()?, words.next()?);
        (sha256.len() == 64).then_some(Self { registry, name, version, sha256 })
    }

    /// The name of its folder.
    fn folder(&self) -> String {
        let name = self.name.trim_start_matches('@').replace('/', "-");
        format!("{name}-{}", self.version)
    }

    /// Downloads, compares and unpacks; what is not as locked stays nowhere.
    fn fetch(&self, folder: &Path, into: &Path) -> Result<(), String> {
        let scratch = folder.join(".fetching");
        let clear = || match std::fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        };
        clear()?;
        std::fs::create_dir_all(&scratch)
            .map_err(|error| format!("{}: {error}", scratch.display()))?;
        let file = self.download(&scratch)?;
        let sum = capture(Command::new("sha256sum").arg(&file))?;
        if !sum.starts_with(self.sha256) {
            let found = sum.split(' ').next().unwrap_or_default().to_owned();
            clear()?;
            return Err(format!(
                "{} {} has the SHA-256 {found}, not as {LOCK} says",
                self.name, self.version
            ));
        }
        let inside = scratch.join("inside");
        std::fs::create_dir(&inside).map_err(|error| error.to_string())?;
        capture(&mut unpacking(&file, &inside))?;
        std::fs::rename(&inside, into).map_err(|error| format!("{}: {error}", into.display()))?;
        clear()
    }

    fn download(&self, scratch: &Path) -> Result<PathBuf, String> {
        let mut client = match self.registry {
            Registry::Npm => {
                let mut npm = Command::new("npm");
                npm.args(["pack", "--silent", &format!("{}@{}", self.name, self.version)]);
                npm
            }
            Registry::Pypi => {
                let mut pip = Command::new("python3");
                pip.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
                pip.arg(format!("{}=={}", self.name, self.version));
                pip
            }
        };
        capture(client.current_dir(scratch))?;
        let mut files = std::fs::read_dir(scratch).map_err(|error| error.to_string())?;
        let file = files.find_map(Result::ok).map(|entry| entry.path());
        file.ok_or_else(|| format!("{}: nothing was downloaded", self.name))
    }
}

fn unpacking(file: &Path, inside: &Path) -> Command {
    if file.extension().is_some_and(|ending| ending == "whl") {
        let mut python = Command::new("python3");
        python.args(["-m", "zipfile", "-e"]).arg(file).arg(inside);
        return python;
    }
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(file).arg("-C").arg(inside);
    tar
}

#[cfg(test)]
mod tests {
    use super::{LOCK, packages};
    use crate::process::root;

    #[test]
    fn the_lock_names_each_package_whole() {
        let text = std::fs::read_to_string(root().join(LOCK)).unwrap();
        let packages = packages(&text).unwrap();
        assert!(packages.iter().any(|it| it.folder() == "vendure-email-plugin-3.7.0"));
        assert!(super::packages("npm ghost 5 short MIT").is_err());
    }
}
