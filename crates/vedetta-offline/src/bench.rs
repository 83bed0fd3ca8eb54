//! `vedetta bench`, as far as it asks no node: how fast this machine is; and how any measurement is told.

pub mod detect;
pub mod indicators;
pub mod patterns;
pub mod relevance;
pub mod times;

use vedetta_commands::Fault;

use crate::unable;
use times::{Times, millis, rounded};

/// A directory that is removed when dropped.
///
/// # Errors
/// What the system said.
pub fn scratch(name: &str) -> Result<tempfile::TempDir, Fault> {
    let prefix = format!("vedetta-bench-{name}-");
    tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir()
        .map_err(|error| unable("a directory for the measurement", error))
}

/// How a report is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// A figure a line.
    Lines,
    /// JSON on one line.
    Json,
}

impl Style {
    /// As the `--json` flag says.
    #[must_use]
    pub fn of(json: &bool) -> Self {
        if *json { Self::Json } else { Self::Lines }
    }
}

/// Prints a report: JSON on one line, or a figure a line.
pub fn print(report: &serde_json::Value, style: Style) {
    match report.as_object() {
        Some(figures) if style == Style::Lines => {
            figures.iter().for_each(|(name, figure)| println!("{name:<24}{figure}"));
        }
        _ => println!("{report}"),
    }
}

/// The most memory that this process ever held, in MiB (Linux: `VmHWM`).
#[must_use]
pub fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
