//! Telemetry against everything known: events are read into one view, and matched against Sigma
//! rules, indicators, patterns and baselines; what matched, and why, is a finding.
//!
//! Pure: lines in, findings out. Time is what the events say, or a parameter.

pub mod baseline;
pub mod finding;
pub mod indicators;
pub mod patterns;
pub mod report;
pub mod sigma;

pub use baseline::Baselines;
pub use finding::{Finding, Grouped};
pub use indicators::Indicators;
pub use patterns::Patterns;
pub use sigma::{Engine, Rules};
pub use vedetta_event::{
    Decoder, Event, Fault, Format, Name, Source, Tape, Value, decode, event, source,
};
