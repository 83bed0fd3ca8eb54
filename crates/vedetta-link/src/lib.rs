//! The door between nodes: one long-lived HTTP/2 stream each way over mutual TLS, whose keys are
//! pinned, and which either side may dial.
//!
//! [`Listener`] and [`Links::dial_all`] make [`line::Line`]s; [`drive`] lets a [`Speaker`] speak
//! over one until it ends; [`Links`] knows which are up. What is said is the business of the
//! [`Doorkeeper`] and its speakers: here frames are octets.
//!
//! Whatever a peer does costs it its own link: handshakes, frames, silence and unread answers are
//! bounded ([`Bounds`]), each link has a thread of its own, and nothing is read faster than it is
//! understood.

pub mod allowance;
pub mod backoff;
pub mod bounds;
pub mod courier;
mod desk;
pub mod dial;
pub mod doorkeeper;
pub mod drive;
pub mod frames;
pub mod identity;
pub mod keeper;
mod knocks;
pub mod line;
pub mod links;
pub mod listener;
pub mod pair;
pub mod reason;
mod tally;
pub mod tls;

pub use allowance::{Allowance, Reserve};
pub use backoff::Backoff;
pub use bounds::Bounds;
pub use dial::{DialError, Dialler};
pub use doorkeeper::{Callee, Doorkeeper, Input, Leave, Report, Speaker, Unwelcome};
pub use identity::{Identity, IdentityError, key_of};
pub use keeper::{AcceptError, CertificateRequest, Keeper, Papers, accept, request_certificate};
pub use line::Dialled;
pub use links::{Link, Links};
pub use listener::{ListenError, Listener};
pub use reason::{Cause, Reason};
pub use tls::Tls;

/// Where a node takes links.
pub const LINK: &str = "/federation/v1/link";
/// Where a node takes the one who holds an invitation.
pub const PAIR: &str = "/federation/v1/pair";
/// The header in which a node shows its card, in base64, when its key may have changed since it
/// was pinned.
pub const CARD: &str = "vedetta-card";
