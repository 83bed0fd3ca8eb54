//! TAXII 2.1 (OASIS Standard, 10 June 2021): its messages, one module per endpoint, shared by
//! server, client and tests. Pure values: nothing here opens a socket or reads a clock.
//!
//! The paragraphs named in each module are those of
//! <https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html>.

pub mod api_root;
pub mod collection;
pub mod collections;
pub mod discovery;
pub mod endpoint;
pub mod error;
pub mod headers;
pub mod manifest;
pub mod media;
pub mod next;
pub mod object;
pub mod objects;
pub mod query;
pub mod status;
pub mod timestamp;
pub mod versions;

pub use api_root::ApiRoot;
pub use collection::Collection;
pub use collections::Collections;
pub use discovery::Discovery;
pub use endpoint::{Endpoint, Filter, Verb};
pub use error::ErrorMessage;
pub use headers::DateAdded;
pub use manifest::{Manifest, ManifestRecord};
pub use media::{STIX, TAXII, accept, content_type};
pub use next::{NextError, NextKey, Scope};
pub use objects::{Envelope, EnvelopeError, Submission};
pub use query::{Query, QueryError, VersionMatch};
pub use status::{Outcome, Status, StatusDetail, StatusLimits};
pub use timestamp::{Timestamp, TimestampError};
pub use versions::Versions;
