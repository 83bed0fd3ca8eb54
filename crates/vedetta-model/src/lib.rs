//! The shared nouns of the house. No behaviour of one room, no I/O, no clock of its own.
//!
//! Seven words carry the product: [`organisation`], [`agreement`], [`item`], clearance (the room
//! `vedetta-policy`), delivery, incident and shift. What several rooms need to name is here.

pub mod account;
pub mod agreement;
pub mod asset;
pub mod audience;
pub mod chance;
pub mod contact;
pub mod domain;
pub mod hold;
pub mod id;
pub mod item;
pub mod language;
pub mod marking;
pub mod network;
pub mod organisation;
pub mod part;
pub mod person;
pub mod places;
pub mod quantiles;
pub mod time;
pub mod webhook;

pub use account::{Account, Actor, Role, Way};
pub use agreement::Agreement;
pub use asset::Asset;
pub use audience::Audience;
pub use chance::Entropy;
pub use contact::Contact;
pub use hold::Hold;
pub use id::{
    AccountId, AgreementId, AssetId, ContactId, HoldId, ItemId, OrganisationId, OrganisationNumber,
};
pub use item::{Category, Exercise, Given, Handling, Right};
pub use language::{Bilingual, Language};
pub use marking::{Iep, Pap, Tlp};
pub use organisation::Organisation;
pub use person::{Naming, Person};
pub use places::Places;
pub use time::{Clock, Instant, Pace};
