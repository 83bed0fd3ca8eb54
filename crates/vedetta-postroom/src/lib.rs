//! The mail desk's part of the corridor: who reports a message is looked up, the room
//! [`vedetta_mail`] is asked, the report is written once, and the answer waits to be sent.
//!
//! A message itself is never in the ledger: it is kept beside it, sealed with a key of its own, and
//! gone when that key is erased. What the ledger remembers is what was found. Calls block: make them
//! on a thread that may wait.

mod acquainted;
mod bundle;
mod campaign;
mod contest;
mod enter;
mod forget;
mod hearing;
mod letter;
mod outbox;
mod overrule;
mod postroom;
mod questions;
mod release;
mod report;
mod reporter;
mod rules;
mod sealing;
mod see;
mod settings;
mod state;
mod take;
mod written;

pub use campaign::{Campaign, Stage};
pub use contest::Contesting;
pub use outbox::{DueAnswer, Hope};
pub use overrule::{Overruling, Reach};
pub use postroom::Postroom;
pub use questions::{Question, Telling, Told};
pub use release::CampaignStep;
pub use report::{Contest, Door, Keeping, Report, Ruling, Standing, Weighed};
pub use reporter::Reporter;
pub use sealing::MasterKey;
pub use see::{CampaignView, Dissected, OwnAnswer, QueuePage, QueueWish, Statistics, Tally};
pub use settings::{ReleaseRule, Settings, Signs};
pub use take::{Answer, Handed, Received};
pub use written::{Heard, Written};

/// What the room's verdicts are called.
pub use vedetta_mail::Verdict;

/// The room's words, for the doors.
pub use vedetta_mail as mail;
