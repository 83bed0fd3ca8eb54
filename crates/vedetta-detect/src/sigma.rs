//! The Sigma language (sigma-specification 2.1): rules become tests of values, shared by all rules
//! that ask the same; a rule is an expression over them.
//!
//! The YAML and the conditions are read by `rsigma-parser`. What the modifiers mean, and the
//! matching, is ours.

mod bucket;
mod check;
mod correlation;
mod encode;
mod engine;
mod expression;
mod filter;
mod literal;
mod lower;
mod pipeline;
mod place;
mod room;
mod rules;
mod test;
mod wildcard;

pub use check::check;
pub use correlation::{Correlator, Fired};
pub use engine::{Arranged, Engine, Match, Origin, ToArrange};
pub use expression::Expression;
pub use lower::Placeholders;
pub use pipeline::{NotAPipeline, Pipeline};
pub use rules::{LogSource, Reach, Refused, Rule, Rules};

#[cfg(test)]
mod tests;
