//! A client of a node, for thousands of them in a process: [`Following`] reads the live stream,
//! [`Connection`] asks the machine doors one request after the other.

mod connection;
mod follow;

pub use connection::{Answer, Connection};
pub use follow::{Following, Node};
