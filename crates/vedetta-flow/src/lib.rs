//! The corridor: it loads, asks a room, writes once, rings the bell.
//!
//! [`House`] is one node's house. `actions` are what people and machines do, `views` what they may
//! see, each for an [`vedetta_model::Actor`]; `steps` are what workers do without being asked.
//! Calls block: make them on a thread that may wait.

pub mod actions;
pub mod error;
mod forms;
pub mod house;
pub mod standing;
pub mod steps;
pub mod views;
pub mod writing;

pub mod authority;
mod book;
pub mod corridor;
mod holding;
mod losses;
pub mod mesh;

mod markings;
mod names;
mod pseudonyms;
mod redaction;
mod siblings;
mod victims;
mod wording;

pub use actions::accept_items::{Accepted, Receipt};
pub use actions::change_agreement::Step;
pub use actions::keep_statuses::MOST_STATUSES;
pub use actions::keep_webhooks::check_kinds;
pub use actions::sign_in::Session;
pub use error::FlowError;
pub use house::House;
pub use standing::Standing;
pub use vedetta_credentials::{self as credentials, Token, TokenText};
pub use vedetta_scribe::Bell;
pub use victims::MOST_VICTIMS;
pub use views::deliveries::{Acknowledged, Answering, Delivery};
pub use views::explain::{Answer, Preview, PreviewGroup};
pub use views::newest_items::{Found, Look};
pub use views::preview_arrival::{ItemsPreview, Previews};
pub use views::read_items::{ReadItem, ReadPage, Releases, Share, Wish};

/// How a link with another node stands.
pub use vedetta_federation::cards::PeerStage;
/// How agreements are written, for the doors that take and give them.
pub use vedetta_policy::{
    Cleared, Expiring, Form, Notation, OMITTED, Obligations, last_day, read_agreement,
    write_agreement,
};
/// What the ledger's own words are to those who ask the house.
pub use vedetta_store::{
    DeliveryBatch, Digest, Door, Entry, EntryKind, ItemState, Job, JobId, RecordKind, Sequence,
    Stamp, Verification, VersionFilter,
};
