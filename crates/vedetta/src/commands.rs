//! The commands, a file each.

mod bench;
mod completions;
mod demo;
pub(crate) mod import;
pub(crate) mod init;
mod issue;
mod mail;
mod peer;
mod playbook;
mod sensor;
mod serve;
mod verify;

use clap::Subcommand;
use vedetta_commands::{
    account, agreement, dead_letter, directory, explain, hold, item, preview, token, warning_list,
    webhook,
};
use vedetta_model::Clock as _;
use vedetta_offline::{clocks, detect, pattern};

use crate::outcome::{Failure, Outcome};
use crate::reach::ask;
use crate::system::SystemClock;

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
    /// Agreements: write, propose to other nodes, accept, suspend, renew, end.
    Agreement(agreement::Agreement),
    /// The directory as files: organisations, assets, contacts and accounts, imported and exported.
    Directory(directory::Directory),
    /// Accounts of people and machines: write, close, passwords, authenticators.
    Account(account::Account),
    /// Tokens by which machines prove themselves: issue, list, revoke.
    Token(token::Token),
    /// Say who would have an item handled so, in which form, who would not, and why.
    Preview(preview::Preview),
    /// Investigative holds: an authority's order that stops diffusion.
    Hold(hold::Hold),
    /// Webhooks: where an organisation is called when something is released to it.
    Webhook(webhook::Webhook),
    /// Work that the node gave up: see it, take it up again, discard it.
    DeadLetter(dead_letter::DeadLetter),
    /// Warning lists in MISP's format: what is harmless, however often it is seen.
    WarningList(warning_list::WarningList),
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
            Self::Explain(command) => ask(&command),
            Self::Verify(command) => command.run(),
            Self::Detect(command) => Ok(command.run(&SystemClock)?.into()),
            Self::Pattern(command) => Ok(command.run()?.into()),
            Self::Issue(command) => command.run(),
            Self::Agreement(command) => ask(&command),
            Self::Directory(command) => ask(&command),
            Self::Account(command) => ask(&command),
            Self::Token(command) => ask(&command),
            Self::Preview(command) => ask(&command),
            Self::Hold(command) => ask(&command),
            Self::Webhook(command) => ask(&command),
            Self::DeadLetter(command) => ask(&command),
            Self::WarningList(command) => ask(&command),
            Self::Item(command) => ask(&command),
            Self::Peer(command) => command.run(),
            Self::Sensor(command) => command.run(),
            Self::Clocks(command) => Ok(command.run(SystemClock.now())?.into()),
            Self::Playbook(command) => command.run(),
            Self::Mail(command) => command.run(),
            Self::Bench(command) => command.run(),
            Self::Completions(command) => command.run(),
        }
    }
}
