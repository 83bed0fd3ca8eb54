//! What people and machines see of the desk, one view a file, each for an
//! [`vedetta_model::Actor`].

pub mod see_case;
pub mod see_cases;
pub mod see_queue;
