//! A suspicious message taken apart: evidence, checks, verdict. Pure: bytes in, values out; it
//! opens nothing, fetches nothing, runs nothing, sends nothing.

mod attachment;
mod authentication;
mod budget;
mod charset;
mod evidence;
mod form;
mod header;
mod html;
mod link;
mod mime;
mod text;
mod transfer;
mod url;

pub use attachment::{Attachment, Nature, Trait, study_file};
pub use authentication::{Authentication, Outcome};
pub use budget::{Limits, Obstacle, Unread};
pub use evidence::{Evidence, Header, Pictures};
pub use form::pec::Certificate;
pub use form::{Form, letters};
pub use header::Mailbox;
pub use link::{Link, Origin};
pub use mime::Damage;
pub use text::Accounts;
pub use url::{Target, defang};
