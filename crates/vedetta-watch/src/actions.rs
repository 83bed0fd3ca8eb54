//! What people and machines do at the desk, one action a file, each for an
//! [`vedetta_model::Actor`].

pub mod attach_file;
pub mod change_case;
pub mod declare;
pub mod escalate;
pub mod follow_playbook;
mod gather;
pub mod hand_over;
pub mod keep_advice;
pub mod keep_playbooks;
pub mod keep_rosters;
pub mod keep_views;
pub mod remind;
pub mod report;
pub mod tell_duty;
pub mod warn;
