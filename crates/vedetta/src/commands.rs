//! The commands, a file each.

mod agreement;
mod bench;
mod clocks;
mod completions;
mod demo;
mod detect;
mod explain;
pub(crate) mod import;
mod init;
mod issue;
mod item;
mod mail;
mod pattern;
mod peer;
mod playbook;
mod sensor;
mod serve;
mod verify;

use clap::Subcommand;

use crate::outcome::{Failure, Outcome};

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Watch a warning cross the country.
    Demo(demo::Demo),
    /// Make a node: directory, keys, first administrator.
    Init(init::Init),
    /// Run the node.
    Serve(serve::Serve),
    /// Take in STIX bundles and indicator tables.
    Import(import::Import),
    /// Say why an organisation has an item, or has it not.
    Explain(explain::Explain),
    /// Prove that the ledger is whole, or name the first bad entry.
    Verify(verify::Verify),
    /// Match recorded events against Sigma rules and indicators.
    Detect(detect::Detect),
    /// Check STIX patterns, or try one on what was observed.
    Pattern(pattern::Pattern),
    /// Issue a certificate to a machine.
    Issue(issue::Issue),
    /// Agreements: write, propose to other nodes, accept, suspend, end.
    Agreement(agreement::Agreement),
    /// Items: who holds one, and taking one back.
    Item(item::Item),
    /// Other nodes: invite them, accept their invitations, see and change the links.
    Peer(peer::Peer),
    /// Sensors: enrol one, run it, see how it does and what it sends.
    Sensor(sensor::Sensor),
    /// Say what the law wants sent to whom, by when.
    Clocks(clocks::Clocks),
    /// Playbooks in CACAO 2.0: check, import, export, list.
    Playbook(playbook::Playbook),
    /// Look at suspicious messages.
    Mail(mail::Mail),
    /// Measure this node on this machine.
    Bench(bench::Bench),
    /// Print the completions of a shell.
    Completions(completions::Completions),
}

impl Command {
    /// Whether it may end when nobody reads it any more. A node may not.
    pub(crate) const fn writes_to_a_reader(&self) -> bool {
        !matches!(self, Self::Serve(_) | Self::Demo(_) | Self::Bench(_) | Self::Sensor(_))
    }

    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            Self::Demo(command) => command.run(),
            Self::Init(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Verify(command) => command.run(),
            Self::Detect(command) => command.run(),
            Self::Pattern(command) => command.run(),
            Self::Issue(command) => command.run(),
            Self::Agreement(command) => command.run(),
            Self::Item(command) => command.run(),
            Self::Peer(command) => command.run(),
            Self::Sensor(command) => command.run(),
            Self::Clocks(command) => command.run(),
            Self::Playbook(command) => command.run(),
            Self::Mail(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Completions(command) => command.run(),
        }
    }
}
