//! What the corridor's own crates share with it, and nobody else needs: what their units of work hold,
//! and how what they write is kept.

pub use crate::actions::change_directory::{put_all, remove_all};
pub use crate::actions::issue_tokens::{NewToken, end_tokens};
pub use crate::actions::manage_accounts::note;
pub use crate::book::{Book, Grounds};
pub use crate::house::Shared;
pub use crate::mesh::SIGNED;
pub use crate::mesh::keep::{Bare, Kept, Provenance, facts, keep, keep_own, ways_name};
pub use crate::mesh::standings::{forget, hear, insist};
pub use crate::redaction::{Redactor, facts_of};
pub use crate::steps::offer_again::owe_instead;
pub use crate::views::read_items::derived_from;
pub use crate::views::withdrawals::keep as keep_withdrawal;
pub use crate::wording::travels;
