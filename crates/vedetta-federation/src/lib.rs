//! How nodes exchange items.
//!
//! The room is pure: no I/O, no clock, no randomness. A [`link::Link`] is a connection as a machine
//! that is fed with frames and says what to do; a [`shelf::Shelf`] is the node's memory as the room
//! sees it; [`exchange`] joins the two.
//!
//! # The words
//! - **node**: named by the organisation that runs it;
//! - **card**: a node's public identity ([`card`]), which others know by pairing ([`pairing`]) or by
//!   a peer that vouches for it ([`cards`]);
//! - **scope**: for which organisations a node speaks ([`scope`]);
//! - **envelope**: what travels, sealed by its origin ([`envelope`], [`seal`]);
//! - **hop**: one relay's sealed statement of passing it on, with its *passages*: who gives, under
//!   which agreement, by which right ([`hop`]);
//! - **bookmark**: what a node has of a peer's ledger ([`bookmark`]).
//!
//! # What holds it together
//! **One identity.** What travels is known by its leaf: the digest of what its origin sealed. It is
//! the same on every path and under every key, so three paths are one item.
//!
//! **The search goes on where it stopped.** A node decides by the agreements that *it* holds,
//! beginning at the producer and at the givers that the last hop names, each with its right
//! ([`envelope::Item::handling`]). So a release reaches only organisations that a chain reaches,
//! though no node need hold every agreement of the chain; and where all nodes hold the same, all
//! decide alike. A redacted form hides its producer: it begins at the givers alone.
//!
//! **A passage says on what it rests** ([`vedetta_policy::Passage::on`]): every agreement along the chain that
//! brought the item to the giver. When one ceases to bind, a [`envelope::StandingNotice`] reaches
//! every node, and what rested on it is no longer served, also where its text is not known. Nothing
//! need be taken back item by item, and no two nodes can hold each other's claim alive. Whoever has
//! another chain says so anew.
//!
//! **What a node may have comes up** (the contract of [`shelf::Shelf`]). A ledger is read once for a
//! peer, in the light of the day. Whatever the peer becomes entitled to later is written again at a
//! later place.
//!
//! **Restored from a backup.** A receiver's bookmark is as old as what it has: it reads on from
//! there. A sender whose ledger has become another says so ([`frame::Rewind`]): the receiver goes
//! back to the last mark in common, and gives back what came from the sender or passed through it,
//! as it was when it was there. Seals make that as good as the first time.

pub mod bookmark;
pub mod card;
pub mod cards;
pub mod check;
pub mod digest;
pub mod envelope;
pub mod exchange;
mod few;
pub mod frame;
pub mod hop;
pub mod key;
pub mod limits;
pub mod link;
pub mod object;
pub mod onward;
pub mod pairing;
mod passages;
mod replays;
pub mod scope;
pub mod seal;
pub mod shelf;
mod sorted;
pub mod stands;
mod strict;
pub mod text;
pub mod waiting;

pub use object::Object;
pub use passages::Passages;
