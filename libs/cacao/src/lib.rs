//! Security playbooks as OASIS CACAO 2.0 writes them: read with every fault named by object and
//! property, kept as they were written, and put into other languages by an extension of ours.
//!
//! [`read()`] gives a [`Playbook`] or the faults. What is not known is kept in
//! [`Playbook::source`], so that what was imported is exported whole. Nothing is executed here.
//!
//! Specification: [CACAO Security Playbooks Version 2.0](https://docs.oasis-open.org/cacao/security-playbooks/v2.0/security-playbooks-v2.0.html);
//! numbers of sections in this crate are its.

mod checks;
mod condition;
mod field;
mod flow;
mod playbook;
mod read;
mod steps;
mod translation;
mod variable;

pub use condition::Condition;
pub use field::Fault;
pub use playbook::{
    Agent, Command, CommandKind, Http, Next, Playbook, Step, StepKind, StepName, Variable,
};
pub use read::{LARGEST, MOST_STEPS, Reading, read};
pub use translation::{EXTENSION, StepWords, Words};
pub use variable::{LONGEST_FILLING, fill};

#[cfg(test)]
mod tests;
