//! Style, script, fonts and pictures: built beforehand, embedded, and served under the digest of all
//! of them, so that browsers keep them for good.

use std::collections::HashMap;
use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use vedetta_api::{Problem, problem::Kind};

use crate::console::Console;
use crate::shown::fold;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Whether pages are plain: `cargo xtask assets` had not been run when this was compiled.
pub const PLAIN: bool = EMBEDDED.is_empty();

/// What is embedded.
pub(crate) struct Assets {
    version: String,
    files: HashMap<&'static str, &'static [u8]>,
    regions: Vec<Outline>,
}

/// The outline of a region on the map.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Outline {
    /// Its name, in English as its drawer wrote it.
    pub(crate) name: String,
    /// The path, as SVG writes it.
    pub(crate) path: String,
}

impl Assets {
    /// What `cargo xtask assets` had built when this was compiled.
    pub(crate) fn embedded() -> Self {
        let files: HashMap<_, _> = EMBEDDED.iter().copied().collect();
        let mut digest = Sha256::new();
        for (name, bytes) in EMBEDDED {
            digest.update(name.as_bytes());
            digest.update(bytes);
        }
        let mut version = String::new();
        for octet in digest.finalize().iter().take(6) {
            let _ = write!(version, "{octet:02x}");
        }
        let map = files.get("italy.json").and_then(|bytes| serde_json::from_slice(bytes).ok());
        Self { version, files, regions: map.unwrap_or_default() }
    }

    /// The address of a file.
    pub(crate) fn address(&self, file: &str) -> String {
        format!("/assets/{}/{file}", self.version)
    }

    /// The map of the regions; empty when it was not built.
    pub(crate) fn regions(&self) -> &[Outline] {
        &self.regions
    }
}

/// The media types of what is served.
const MEDIA: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("woff2", "font/woff2"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("json", "application/json"),
];

/// A file of them, packed as the browser accepts it.
pub async fn serve(
    State(console): State<Console>,
    Path((version, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let assets = console.assets();
    let none = || Problem::new(Kind::Unknown, "there is no such file; load the page again");
    let (file, bytes) = assets.files.get_key_value(file.as_str()).ok_or_else(none)?;
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    let media = MEDIA.iter().find(|(known, _)| *known == ending).ok_or_else(none)?.1;
    // An older page asks for the older version: it has the newer, and does not keep it.
    let kept = match version == assets.version {
        true => "public, max-age=31536000, immutable",
        false => "no-store",
    };
    let mut response =
        (StatusCode::OK, [(CONTENT_TYPE, media), (CACHE_CONTROL, kept)]).into_response();
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    let accepts = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let accepts = accepts.unwrap_or_default();
    for (name, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        let packed = assets.files.get(format!("{file}{suffix}").as_str());
        if let Some(packed) = packed.filter(|_| accepts.split(',').any(|it| it.trim() == name)) {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
            return Ok(response.map(|_| axum::body::Body::from(*packed)));
        }
    }
    Ok(response.map(|_| axum::body::Body::from(*bytes)))
}

/// The outline of a region on the map.
pub fn outline(console: &Console, name: &str) -> Option<String> {
    let wanted = plain(name);
    let mut outlines = console.assets().regions().iter();
    outlines.find(|it| same_region(&plain(&it.name), &wanted)).map(|it| it.path.clone())
}

/// A name without what the two spellings differ in.
fn plain(name: &str) -> String {
    fold(name).chars().filter(char::is_ascii_alphabetic).collect()
}

/// The drawer's names are English for some.
fn same_region(drawn: &str, ours: &str) -> bool {
    const ENGLISH: [(&str, &str); 8] = [
        ("apulia", "puglia"),
        ("lombardy", "lombardia"),
        ("piedmont", "piemonte"),
        ("sardinia", "sardegna"),
        ("sicily", "sicilia"),
        ("tuscany", "toscana"),
        ("aostavalley", "valledaosta"),
        ("trentinosouthtyrol", "trentinoaltoadige"),
    ];
    let drawn = ENGLISH.iter().find(|(english, _)| *english == drawn).map_or(drawn, |it| it.1);
    ours.starts_with(drawn) || drawn.starts_with(ours)
}
