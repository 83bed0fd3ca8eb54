//! Telemetry against everything known: events are read into one view, and matched against Sigma
//! rules, indicators, patterns and baselines; what matched, and why, is a finding.
//!
//! Pure: lines in, findings out. Time is what the events say, or a parameter.

pub mod baseline;
pub mod decode;
pub mod event;
pub mod finding;
pub mod indicators;
pub mod patterns;
pub mod report;
pub mod sigma;
pub mod source;

pub use baseline::Baselines;
pub use decode::{Decoder, Fault, Format};
pub use event::{Event, Name, Tape, Value};
pub use finding::{Finding, Grouped};
pub use indicators::Indicators;
pub use patterns::Patterns;
pub use sigma::{Engine, Rules};
pub use source::Source;
