//! The repository as the rules see it: its text files, its Rust sources parsed, its packages.

use std::path::Path;

use serde::Deserialize;

use crate::process;

/// Folders that hold what is built or made, not what is written.
const PASSED_OVER: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    "vedetta-data",
    "crates/vedetta-frame/web/built",
    "fuzz/corpus",
    "fuzz/artifacts",
];

/// Larger files are data, which no rule reads.
const LARGEST: u64 = 4 << 20;

/// Everything that is written in the repository.
pub(super) struct Tree {
    pub(super) files: Vec<TextFile>,
    /// Paths of what is no text, from the repository's root: pictures, samples of octets.
    pub(super) pictures: Vec<String>,
    pub(super) sources: Vec<Source>,
    pub(super) packages: Vec<Package>,
    /// Those of the fuzz targets, which are a workspace of their own.
    pub(super) fuzzed: Vec<Package>,
}

/// A file that is UTF-8.
pub(super) struct TextFile {
    /// From the repository's root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// A Rust file.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) lines: usize,
    pub(super) ast: syn::File,
}

/// A package of the build on this machine, ours or not.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    /// `None` for our own.
    pub(super) source: Option<String>,
    /// From the repository's root once loaded, with `/`; absolute for those of others.
    pub(super) manifest_path: String,
    #[serde(default)]
    pub(super) dependencies: Vec<Dependency>,
}

/// A line of `[dependencies]` or its siblings.
#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// `None`, `dev` or `build`.
    pub(super) kind: Option<String>,
}

impl Tree {
    pub(super) fn load(root: &Path) -> Result<Self, String> {
        let (mut files, mut pictures) = (Vec::new(), Vec::new());
        collect(root, "", (&mut files, &mut pictures))?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let sources = parse(&files)?;
        let (packages, fuzzed) =
            (packages(root, "Cargo.toml")?, packages(root, "fuzz/Cargo.toml")?);
        Ok(Self { files, pictures, sources, packages, fuzzed })
    }

    pub(super) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_none())
    }

    /// The first line of `file` that begins with `start`.
    pub(super) fn line_of(&self, file: &str, start: &str) -> Option<usize> {
        let text = self.files.iter().find(|text| text.path == file)?;
        let mut lines = text.lines();
        lines.find(|(_, line)| line.trim_start().starts_with(start)).map(|(at, _)| at)
    }

    /// Where `Cargo.lock` names a crate.
    pub(super) fn locked(&self, name: &str) -> (&'static str, usize) {
        self.locked_in("Cargo.lock", name)
    }

    /// Where a lock file names a crate.
    pub(super) fn locked_in<'l>(&self, lock: &'l str, name: &str) -> (&'l str, usize) {
        (lock, self.line_of(lock, &format!("name = \"{name}\"")).unwrap_or(1))
    }
}

impl TextFile {
    /// The lines, numbered from one.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(super) fn has_extension(&self, extensions: &[&str]) -> bool {
        self.name().rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }
}

impl Package {
    /// `libs/stix`, or what else holds its manifest.
    pub(super) fn folder(&self) -> &str {
        self.manifest_path.strip_suffix("/Cargo.toml").unwrap_or("")
    }
}

fn collect(
    root: &Path,
    folder: &str,
    (files, pictures): (&mut Vec<TextFile>, &mut Vec<String>),
) -> Result<(), String> {
    let place = root.join(folder);
    let broken = |error: std::io::Error| format!("{}: {error}", place.display());
    for entry in place.read_dir().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = if folder.is_empty() { name.into() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().map_err(broken)?;
        if PASSED_OVER.iter().any(|passed| *passed == path || *passed == name) {
            continue;
        }
        if kind.is_dir() {
            collect(root, &path, (files, pictures))?;
        } else if kind.is_file() && entry.metadata().map_err(broken)?.len() <= LARGEST {
            let bytes = std::fs::read(entry.path()).map_err(broken)?;
            match String::from_utf8(bytes) {
                Ok(text) => files.push(TextFile { path, text }),
                Err(_) => pictures.push(path),
            }
        }
    }
    Ok(())
}

fn parse(files: &[TextFile]) -> Result<Vec<Source>, String> {
    let rust = files.iter().filter(|file| file.has_extension(&["rs"]));
    rust.map(|file| {
        let ast = syn::parse_file(&file.text).map_err(|error| {
            format!("{}:{}: not Rust: {error}", file.path, error.span().start().line)
        })?;
        Ok(Source { path: file.path.clone(), lines: file.text.lines().count(), ast })
    })
    .collect()
}

fn packages(root: &Path, manifest: &str) -> Result<Vec<Package>, String> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let platform = format!("--filter-platform={}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut command = process::cargo();
    command.args(["metadata", "--format-version=1", "--locked", &platform]);
    let text = process::capture(command.args(["--manifest-path", manifest]))?;
    let metadata: Metadata = serde_json::from_str(&text)
        .map_err(|error| format!("`cargo metadata` answered something new: {error}"))?;
    let mut packages = metadata.packages;
    for package in &mut packages {
        let path = Path::new(&package.manifest_path);
        if let Some(inside) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            package.manifest_path = inside.into();
        }
    }
    Ok(packages)
}

#[cfg(test)]
impl Tree {
    pub(super) fn of_files(files: &[(&str, &str)]) -> Self {
        let files: Vec<TextFile> = files
            .iter()
            .map(|(path, text)| TextFile { path: (*path).into(), text: (*text).into() })
            .collect();
        let sources = parse(&files).unwrap();
        let (packages, fuzzed) = (Vec::new(), Vec::new());
        Self { files, pictures: Vec::new(), sources, packages, fuzzed }
    }

    /// With packages written as `folder/name: dependency, dev:dependency`.
    pub(super) fn of_packages(packages: &[&str]) -> Self {
        let mut tree = Self::of_files(&[]);
        tree.packages = packages.iter().map(|text| sample_package(text)).collect();
        tree
    }
}

#[cfg(test)]
fn sample_package(text: &str) -> Package {
    let (folder, dependencies) = text.split_once(':').unwrap();
    let dependency = |text: &str| {
        let (kind, name) = text.split_once(':').map_or((None, text), |(k, n)| (Some(k), n));
        Dependency { name: name.into(), kind: kind.map(String::from) }
    };
    let listed = dependencies.split(',').map(str::trim).filter(|text| !text.is_empty());
    Package {
        name: folder.rsplit('/').next().unwrap().into(),
        version: "0.1.0".into(),
        license: Some("EUPL-1.2".into()),
        source: None,
        manifest_path: format!("{folder}/Cargo.toml"),
        dependencies: listed.map(dependency).collect(),
    }
}
