//! A suspicious message taken apart: evidence, checks, verdict. Pure: bytes in, values out; it
//! opens nothing, fetches nothing, runs nothing, sends nothing.

mod attachment;
mod authentication;
mod brands;
mod budget;
mod campaign;
mod checks;
mod desk;
mod evidence;
mod form;
mod header;
mod hosting;
mod html;
mod indicator;
mod link;
mod mime;
mod model;
mod note;
mod outer;
mod policy;
mod redaction;
mod reply;
mod text;
mod url;
mod verdict;

pub use attachment::{Attachment, Nature, Trait, study_file};
pub use authentication::{Authentication, Outcome};
pub use brands::{Brand, Brands};
pub use budget::{Deadline, Limits, Obstacle, Unread};
pub use campaign::{Joined, Trace, Traces, Waves};
pub use checks::{Confidence, Finding, Group, Severity};
pub use desk::{Acquaintance, Desk, Known, Nothing, Sought};
pub use dkim::{KeyFault, Keys, NoKeys, Published, Signer};
pub use evidence::{Evidence, Header, Pictures};
pub use form::pec::Certificate;
pub use form::{Form, Letters, letters};
pub use header::Mailbox;
pub use indicator::{Indicator, indicators};
pub use link::{Link, Origin};
pub use mime::Damage;
pub use model::{BUCKETS, MOST_LIKENESS, Model, Weights, features};
pub use note::{Enclosure, Note};
pub use outer::Outer;
pub use redaction::{Sample, sample};
pub use reply::{Case, Reply, Wave};
pub use text::{Accounts, is_invisible};
pub use url::{Target, defang};
pub use verdict::{
    LIKENESS_AGAINST_FACTS, LIKENESS_ALONE, LIKENESS_BESIDE, MUCH_TO_READ, Opinion, Reason,
    Verdict, findings, weigh,
};
