//! What people and machines see of the desk, one view a file, each for an
//! [`vedetta_model::Actor`].

pub mod see_alarms;
pub mod see_case;
pub mod see_cases;
pub mod see_clocks;
pub mod see_concerns;
pub mod see_duty;
pub mod see_emergency;
pub mod see_news;
pub mod see_owed;
pub mod see_playbooks;
pub mod see_queue;
pub mod see_runs;
mod see_sheets;
pub mod see_warnings;
