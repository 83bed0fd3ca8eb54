//! STIX 2.1: objects, identifiers, markings, patterns; parse, validate, print canonically.
//!
//! ```
//! use stix::{Limits, Tlp, read};
//!
//! let input = r#"[{"type": "ipv4-addr", "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
//!                  "value": "198.51.100.3", "x_seen": 1.50}]"#;
//! let reading = read(input.as_bytes(), &Limits::default());
//! assert!(reading.problems.is_empty());
//! let address = &reading.objects[0];
//! assert_eq!(address.object_type(), "ipv4-addr");
//! assert!(address.json().contains("1.50"), "what was received is kept, digit by digit");
//! assert_eq!(address.tlp(), None::<Tlp>);
//! ```

pub mod canonical;
pub mod confidence;
pub mod draft;
pub mod identifier;
mod json;
pub mod marking;
pub mod object;
pub mod observable;
pub mod pattern;
pub mod problem;
pub mod read;
pub mod schema;
pub mod timestamp;
mod validate;

pub use canonical::canonical;
pub use confidence::Scale;
pub use draft::{Draft, ReviseError};
pub use identifier::{Identifier, IdentifierError};
pub use marking::{Pap, Tlp};
pub use object::{Object, Version};
pub use problem::{Place, Problem, Rule, Severity};
pub use read::{BundleReader, Entry, Limits, Reading, read};
pub use schema::Class;
pub use timestamp::{Timestamp, TimestampError};
