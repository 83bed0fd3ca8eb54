//! The other matcher: stix2-matcher, that of OASIS, in its Python.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Measured, PATTERNS};

/// Prepares the patterns, tells what they match, and asks until so much processor time is over.
const PROGRAM: &str = "
import json, sys, time
from stix2matcher.matcher import Pattern
work = json.load(sys.stdin)
patterns = [Pattern(text, stix_version='2.1') for text in work['patterns']]
seen = work['observed']
asks = [seen[at:at + 2] for at in range(len(seen) - 1)]
matched = [[at for at, ask in enumerate(asks) if one.match(ask)] for one in patterns]
start, evaluations, taken = time.process_time(), 0, 0
while taken < work['seconds']:
    for one in patterns:
        for ask in asks:
            one.match(ask)
    evaluations += len(patterns) * len(asks)
    taken = time.process_time() - start
print(json.dumps({'matched': matched, 'evaluations': evaluations, 'seconds': taken}))
";

#[derive(Deserialize)]
struct Told {
    matched: Vec<Vec<usize>>,
    evaluations: u64,
    seconds: f64,
}

pub(super) fn measure(python: &Path, bundles: &[Value], seconds: u64) -> io::Result<Measured> {
    let work = json!({"patterns": PATTERNS, "observed": bundles, "seconds": seconds});
    let mut command = Command::new(python);
    command.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let failed = |why: &str| {
        let python = python.display();
        io::Error::other(format!(
            "{python}: {why}: pip install stix2-matcher, and name its Python with --peer-python"
        ))
    };
    let mut child =
        command.stderr(Stdio::piped()).spawn().map_err(|error| failed(&error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        // It may have ended already: then its own words say why.
        input.write_all(work.to_string().as_bytes()).ok();
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.trim().lines().last().unwrap_or("it ended without a word")));
    }
    let told: Told = serde_json::from_slice(&output.stdout)?;
    let rate = told.evaluations as f64 / told.seconds;
    Ok(Measured { matched: told.matched, evaluations: told.evaluations, rate })
}
