//! Legitimate messages that programs send, from the templates of free software: what its packages
//! hold, unpacked below `templates/`, a folder each. No text of theirs is kept.

use std::path::{Path, PathBuf};

use crate::dress::Named;
use crate::samples::{Writer, hash};

/// A message written from a template.
pub(crate) struct Written {
    /// The package.
    pub(crate) package: String,
    /// The template.
    pub(crate) name: String,
    /// The message.
    pub(crate) letter: String,
}

const ENDINGS: &[&str] = &["html", "txt", "hbs", "tpl", "liquid", "mjml", "handlebars", "tt2"];
const LANGUAGES: &[&str] = &["it", "en", "fr", "de", "es"];
/// Templates of one package: no package speaks for all.
const MOST: usize = 220;

/// Writes a message for each template of each package.
pub(crate) fn write(folder: &Path) -> Vec<Written> {
    let mut all = Vec::new();
    let Ok(packages) = std::fs::read_dir(folder) else { return all };
    let mut packages: Vec<PathBuf> = packages.flatten().map(|entry| entry.path()).collect();
    packages.sort();
    for package in packages {
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut texts = Vec::new();
        walk(&package, &package, &mut texts);
        texts.sort();
        texts.dedup_by(|a, b| a.1 == b.1);
        let step = texts.len().div_ceil(MOST).max(1);
        for (stem, text) in texts.iter().step_by(step) {
            let mut writer = Writer { seed: hash(&format!("{name} {stem}")) | 1 };
            let letter = writer.of_template(stem, text);
            all.push(Written { package: name.clone(), name: stem.clone(), letter });
        }
    }
    all
}

fn walk(root: &Path, folder: &Path, texts: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            let language =
                name.len() == 2 || name.len() > 4 && name.as_bytes().get(2) == Some(&b'_');
            if !language || LANGUAGES.contains(&name.as_str()) {
                walk(root, &path, texts);
            }
            continue;
        }
        let inside = path
            .strip_prefix(root.parent().unwrap_or(root))
            .unwrap_or(&path)
            .to_string_lossy()
            .to_lowercase();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if ending == "po" {
            texts.extend(translated(&path));
        }
        let mails = ["mail", "communication", "templates/", "pages/"];
        if !ENDINGS.contains(&ending.as_str()) || !mails.iter().any(|word| inside.contains(word)) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let page = ["<input", "csrf", "<form", "form-group", "<script"];
        if (150..80_000).contains(&text.len()) && !page.iter().any(|word| text.contains(word)) {
            texts.push((stem, text));
        }
    }
}

/// The letters among the translations of a program: what greets.
fn translated(path: &Path) -> Vec<(String, String)> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let mut letters = Vec::new();
    for entry in text.split("\n\n") {
        let Some((before, after)) = entry.split_once("msgstr ") else { continue };
        let original = before.split("msgid ").nth(1).map(unquoted).unwrap_or_default();
        let greets = ["Hello", "Hi ", "Hi,", "Dear", "Good "];
        if !greets.iter().any(|word| original.starts_with(word)) || original.len() < 120 {
            continue;
        }
        for said in [unquoted(after), original.clone()] {
            if said.len() > 120 {
                letters.push(("notice".to_owned(), said));
            }
        }
    }
    letters
}

fn unquoted(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.trim().strip_prefix('"')?.strip_suffix('"'));
    lines.collect::<String>().replace("\\n", "\n").replace("\\\"", "\"")
}

impl Writer {
    fn of_template(&mut self, stem: &str, text: &str) -> String {
        let shop = self.shop();
        let label = shop.to_lowercase().replace(' ', "");
        let ending = self.pick(&["it", "com", "eu", "net", "io", "org"]).to_owned();
        let domain = format!("{label}.{ending}");
        let body = self.filled(text, &domain, &shop);
        let kind = if text.contains("</") { "html" } else { "plain" };
        let words: Vec<&str> =
            stem.split(['_', '-', '.', ':']).filter(|it| !it.is_empty()).collect();
        let subject = match self.next(3) {
            0 => format!("[{shop}] {}", words.join(" ")),
            1 => format!("{shop}: {}", words.join(" ")),
            _ => words.join(" "),
        };
        let from = format!("{shop} <noreply@{domain}>");
        let dress = self.dress(&from, &shop, Named::Legitimate);
        let body = dress.body(&body, kind);
        dress.letter(&subject, kind, &body)
    }

    /// The text with something in each of its places.
    fn filled(&mut self, text: &str, domain: &str, shop: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '[', '<', '$', '%']) {
            let (before, place) = rest.split_at(at);
            out.push_str(before);
            let (says, length) = place_of(place);
            match says {
                None => out.push_str(&place[..length]),
                Some(words) => out.push_str(&self.value(words, domain, shop)),
            }
            rest = &place[length..];
        }
        out.push_str(rest);
        let home = format!("href=\"https://www.{domain}/x\"");
        out.replace("href=\"#\"", &home).replace("href=\"\"", &home)
    }

    fn value(&mut self, words: &str, domain: &str, shop: &str) -> String {
        let lower = words.to_lowercase();
        let has = |some: &[&str]| some.iter().any(|word| lower.contains(word));
        if has(&["url", "link", "href", "uri"]) {
            format!("https://www.{domain}/p/{:x}", self.next(1 << 24))
        } else if has(&["site", "shop", "event", "org", "product", "list", "project", "title"]) {
            shop.to_owned()
        } else if has(&["mail"]) {
            format!("info@{domain}")
        } else if has(&["name", "user", "author", "person", "sender"]) {
            self.name()
        } else if has(&["date", "time", "day"]) {
            format!("{}/{}/20{}", 1 + self.next(28), 1 + self.next(12), 18 + self.next(8))
        } else if has(&["code", "id", "number", "amount", "total", "price", "count"]) {
            (1 + self.next(9000)).to_string()
        } else {
            String::new()
        }
    }
}

/// What a place in a template asks for, and how long it is written; nothing when it is text.
fn place_of(text: &str) -> (Option<&str>, usize) {
    for (open, close) in [("{{", "}}"), ("{%", "%}"), ("[%", "%]"), ("<%", "%>"), ("${", "}")] {
        if let Some(rest) = text.strip_prefix(open)
            && let Some(end) = rest.find(close)
        {
            let inside = &rest[..end];
            let logic = open == "{%" || inside.starts_with(['#', '/', '!', '>', '^']);
            let asks = if logic { "" } else { inside };
            return (Some(asks), open.len() + end + close.len());
        }
    }
    if let Some(rest) = text.strip_prefix("%(")
        && let Some(end) = rest.find(")s")
    {
        return (Some(&rest[..end]), end + 4);
    }
    let named = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    if let Some(rest) = text.strip_prefix('{')
        && let Some(end) = named(rest)
        && end > 0
        && rest[end..].starts_with('}')
    {
        return (Some(&rest[..end]), end + 2);
    }
    if let Some(rest) = text.strip_prefix('$')
        && let Some(end) = named(rest)
        && end > 2
    {
        return (Some(&rest[..end]), end + 1);
    }
    (None, text.chars().next().map_or(1, char::len_utf8))
}
