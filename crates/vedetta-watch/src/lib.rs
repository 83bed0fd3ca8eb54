//! The watch: the desk's part of the corridor. What the people on shift do and see, over the room
//! `vedetta-desk` and the ledger of [`vedetta_flow::House`].
//!
//! [`Watch`] is one node's watch: there is one, since it keeps in memory what is asked of all cases
//! (a few hundred octets of each); a case itself is read when it is opened. `actions` and `views`
//! are for a [`vedetta_model::Actor`]. Calls block: make them on a thread that may wait.

pub mod actions;
pub mod error;
pub mod views;
pub mod watch;

mod cases;
mod kept;
mod tally;

pub use actions::attach_file::{Attached, NewFile};
pub use actions::change_case::{Edit, Merge};
pub use actions::escalate::{DueCall, Looked, Unheard};
pub use actions::follow_playbook::{DueRequest, NewRun, RunStep};
pub use actions::hand_over::{Give, HandoverView, Sheet, Take};
pub use actions::keep_advice::{AdviceRow, NewAdvice};
pub use actions::keep_playbooks::{CallableHost, PlaybookEdit, PlaybookStep};
pub use actions::keep_rosters::RosterChange;
pub use actions::keep_views::SavedView;
pub use actions::remind::DueReminder;
pub use actions::report::{NewReport, ReportReceipt};
pub use actions::warn::NewReaction;
pub use cases::{CaseRow, Circle};
pub use error::{Stale, WatchError};
pub use kept::Did;
pub use views::see_alarms::AlarmView;
pub use views::see_case::{CaseView, Moment, Timeline};
pub use views::see_cases::{CasePage, CaseWish, Counts, Picture};
pub use views::see_clocks::{CaseClocks, Clock, NextClock, Pressing, Suggested};
pub use views::see_concerns::Concern;
pub use views::see_duty::{DutyNow, Person, RosterView};
pub use views::see_emergency::{Emergency, Used};
pub use views::see_news::{Listener, News, Topic, Topics};
pub use views::see_playbooks::{Edition, PlaybookRow, PlaybookView};
pub use views::see_queue::{Alike, Queue, QueueWish, Waiting};
pub use views::see_runs::{RunRow, RunView, Said};
pub use views::see_warnings::{Figures, Reached, WarningRow, WarningView};
pub use watch::Watch;

/// The room's words, for the doors.
pub use vedetta_desk as desk;
