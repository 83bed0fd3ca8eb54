//! A client of a node, for thousands of them in a process: [`Following`] reads the live stream,
//! [`Connection`] asks the machine doors one request after the other, a [`Visitor`] has a page open
//! and a [`crowd`] of them many, a [`Wire`] between two nodes can be cut. What a [`trial`] of several nodes brings and must find.

mod connection;
pub mod crowd;
mod follow;
mod seen;
pub mod trial;
mod visitor;
mod wire;

pub use connection::{Answer, Connection};
pub use follow::{Following, Node};
pub use seen::Seen;
pub use visitor::{Event, Happening, Visitor};
pub use wire::Wire;
