//! The commands by which a node is administered: what each asks of it, and how the answer is printed.
//!
//! A command is a [`Command`]: it asks routes of the machine interface of a [`Node`], whichever way
//! that is reached, and gives an [`Answer`]. For programs that is JSON, as the route gave it; for
//! people [`Command::lines`] says the same in lines. What a node refuses is its own failure, passed
//! on as it is; what a command refuses before it asks is a [`Fault`].
//!
//! **To add a command:** a file here with its arguments, an example for each, and [`Command`] · a test
//! on a scripted node · a line in the binary's `commands.rs` · a line in the story of the binary's
//! `tests/commands/administration.rs`, told to a node stopped and running · its line in
//! `docs/reference/commands.md`.

pub mod account;
pub mod agreement;
pub mod dead_letter;
pub mod directory;
pub mod explain;
pub mod hold;
pub mod item;
pub mod node;
pub mod preview;
pub mod progress;
#[cfg(test)]
mod scripted;
pub mod table;
pub mod token;
pub mod warning_list;
pub mod webhook;

use std::path::PathBuf;

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use node::{Fault, Node, Request, Verb};

/// Which node is asked, and how the answer is wanted.
#[derive(Args, Clone, Debug)]
pub struct At {
    /// The node's data directory.
    #[arg(
        long,
        global = true,
        env = "VEDETTA_DATA",
        value_name = "DIR",
        default_value = "vedetta-data"
    )]
    pub data: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What a command does to the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// It only reads.
    Read,
    /// It changes something.
    Write,
}

/// How a command that ran ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// All of it was done.
    Whole,
    /// Some of it was not; the answer says what.
    Partly,
}

/// What a command has to say.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// For programs.
    pub told: Told,
    /// How it ended.
    pub ended: Ended,
}

/// What is printed.
#[derive(Clone, PartialEq, Debug)]
pub enum Told {
    /// JSON; people read [`Command::lines`] of it.
    Value(Value),
    /// A file, as it is.
    File(Vec<u8>),
}

impl Answer {
    /// All was done.
    #[must_use]
    pub const fn whole(told: Value) -> Self {
        Self { told: Told::Value(told), ended: Ended::Whole }
    }

    /// Done, in part when something is wrong.
    #[must_use]
    pub const fn partly(told: Value) -> Self {
        Self { told: Told::Value(told), ended: Ended::Partly }
    }
}

/// A command that asks a node.
pub trait Command {
    /// Which node, and how the answer is wanted.
    fn at(&self) -> &At;

    /// What it does to the node.
    fn needs(&self) -> Use;

    /// Asks, and says what came of it.
    ///
    /// # Errors
    /// What the node refused, or a [`Fault`].
    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure>;

    /// The answer in lines, for people.
    fn lines(&self, told: &Value) -> String;
}

/// A word of the model, as it is written everywhere; for others the error lists the words.
fn named<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|error| error.to_string())
}
