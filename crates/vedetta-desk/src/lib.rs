//! The desk: what the people on shift lean on: cases and who may see them, the legal clocks, who is
//! on duty.
//!
//! A [`Regime`] is a law as data: its steps, what starts each, how long it leaves, what discharges
//! it, and how sure the row is. [`deadlines`] lays what is known of an incident ([`Facts`]) beside
//! a regime and tells what is due when, and how it stands. Nothing here sends anything: a notice is
//! drafted, a person sends it, and the proof comes back as a fact.

pub mod advice;
pub mod circle;
pub mod class;
pub mod clock;
pub mod concern;
pub mod document;
pub mod escalation;
pub mod file;
pub mod handover;
pub mod http_call;
pub mod incident;
pub mod kinds;
pub mod notice;
pub mod number;
mod pdf;
pub mod posture;
pub mod procedure;
pub mod refusal;
pub mod regime;
pub mod roster;
pub mod run;
pub mod severity;
pub mod sheet;
pub mod target;
pub mod triage;
pub mod warning;

/// Playbooks as CACAO writes them.
pub use cacao;
pub use circle::{Access, Audience, Sight, Stands, Viewer};
pub use clock::{Deadline, Facts, State, deadlines};
pub use incident::{Change, ChangeError, FileNote, Incident, Names, Stage, StageName};
pub use number::CaseNumber;
pub use procedure::Procedure;
pub use regime::{Regime, RegimeError, StepName};
pub use roster::{Gap, OnDuty, Roster, RosterError, Turn};
pub use run::Run;
pub use severity::{Assessment, Category};
