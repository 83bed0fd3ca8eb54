//! Who may receive what, in which form, and why; the only maker of [`Cleared`].
//!
//! The room is pure: time is a parameter, nothing is read or written. Compile a [`Network`] from
//! the roll of organisations, agreements, accounts and holds; compile again when the roll changes
//! or [`Network::valid_until`] passes. Then [`Network::decide`] who receives what,
//! [`Network::explain`] it, [`Network::preview`] it, and [`Network::clear`] values for readers.
//!
//! # Release
//! **In force.** An agreement binds while its stage is in force, today in Rome is within its term
//! (a tacit renewal goes on), and every agreement above it binds too. A party has the members it
//! names and those its selector selects; where the selector requires adhesion, only those with an
//! adhesion in force. An adhesion has no parties: the terms are its parent's. An adhesion to a
//! party without a selector, or of an organisation not selected, counts for nothing.
//!
//! **Chain.** An item begins at its producer and moves by *hops*. A hop under an agreement in force
//! goes from a member of a party that gives the category to every member of another party that
//! receives it (of the same party too, when its members exchange among themselves). Context passes
//! wherever anything does. A hop needs the item's label to be within the agreement's highest, and,
//! where the producer limited the release (`only_under`), the agreement or one above it to be among
//! those. Whoever holds the item passes it on only by right of a hop that brought it there:
//! *none*; *lineage*, under agreements with the same framework at the top; or *any*. Somebody
//! reached by several hops has the widest of their rights. Nobody gives to itself.
//!
//! **Label.** CLEAR reaches every organisation. GREEN and AMBER reach whom a chain reaches, and
//! their clients and the producer's (one level; a client passes nothing on; the producer's
//! clients do not receive what the producer limited to some agreements). AMBER+STRICT reaches
//! whom a chain reaches. RED reaches, among those, the organisations of the persons it names, and
//! there only they open it. The producer always has its own item, whoever reads for it.
//!
//! **Victim.** When an item tells a victim, the full form is for the producer, for a victim that
//! is reached, and for whom a chain of agreements reaches that all name victims. Everyone else
//! who is reached, clients included, receives the redacted form.
//!
//! **Hold.** A hold that binds narrows: of those reached, only the producer and the authority's
//! organisation keep the item. Several holds narrow one after the other.
//!
//! **Exercise.** What belongs to an exercise reaches, of all those, only who takes part in it and the
//! producer, whatever agreements, clients and CLEAR would give; who took part was settled when it was
//! published.
//!
//! **Other nodes.** What another node brought (`via`) begins at those who gave it, each with the
//! right with which it holds it, and not at the producer; telling the victim begins at those that
//! may (`naming`). [`Network::passages`] says who gives it to the organisations of the next node.
//!
//! **Campaigns.** What an agreement says of the mail desk (`mail`) changes nothing of the above: only
//! whether a campaign becomes items by itself. [`Network::campaign_terms`] says it.
//!
//! # Example
//! The framework *F* lets its lineage redistribute and hides victims. Under it, the Umbria act
//! *U* has the regional centre exchange incidents with the municipalities that adhered, and *N*
//! has the regional centres exchange them with the national centre, naming victims. Perugia
//! reports an incident with itself as the victim, TLP:AMBER:
//!
//! - the regional centre has it under *U*, redacted when *U* hides victims, in full when it names
//!   them;
//! - the national centre has it by *U* then *N* (same framework): in full only if both name;
//! - Terni, which adhered, does not: municipalities exchange with the centre, not together; if
//!   *U* says `within = "together"`, it does, in *U*'s form;
//! - a company that is a client of Perugia has it redacted; had it been AMBER+STRICT, not at all;
//! - when *U* is suspended, at once nobody but Perugia and its clients.

mod addresses;
mod agreement_text;
mod beyond;
mod campaigns;
mod chain;
mod clearance;
mod decision;
mod duty;
mod explanation;
mod faults;
mod grounds;
mod group;
mod lapses;
mod lifecycle;
mod memo;
mod network;
mod obligations;
mod pact;
mod passage;
mod reached;
mod redaction;
mod remedy;
mod reveals;
mod secrets;
mod selection;
mod siblings;
mod spelling;
mod standing;
mod stix_rules;
mod traces;
mod unselected;
mod victim;
mod waiting;
mod wording;

pub use agreement_text::{LONGEST_AGREEMENT, Notation, ReadError, read_agreement, write_agreement};
pub use beyond::{not_the_past, untold, withdrawn, withdrawn_since, withheld};
pub use campaigns::CampaignTerms;
pub use clearance::{Clearance, Cleared, Form, Reader, Seal};
pub use decision::{Decision, Past};
pub use duty::Duty;
pub use explanation::{Explanation, Hop, Preview, PreviewGroup};
pub use faults::{Fault, Known, check};
pub use lapses::{Causes, Lapse, Lapses, Lost, Outlook, TakenBy};
pub use lifecycle::{
    Deed, Expiring, TransitionError, expire, expiring_within, put_in_force, renew, resume, settle,
    suspend,
};
pub use network::{Network, Roll};
pub use obligations::{Obligations, PolicyName};
pub use passage::Passage;
pub use reached::Reached;
pub use redaction::{OMITTED, Redaction, Reference, Withheld, redact};
pub use reveals::{Lookout, reveals};
pub use secrets::Secrets;
pub use selection::selects;
pub use siblings::{Sibling, TooMuch, pass_on, references};
pub use standing::{Standing, last_day};
pub use victim::{Subnet, Victim};
pub use waiting::{Again, Waiting};
