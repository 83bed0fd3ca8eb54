//! The authorisation matrix of the pages: every page and every action, and who may.
//!
//! The router refuses to register what is not here, the gate enforces the line, and a test tries
//! every line as every role. Actions check again what depends on the organisation or the item.

use vedetta_api::access::{Verb, Who};

mod table;

pub use table::TABLE;

/// One line of the matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Reading or doing: forms know only these two.
    pub verb: Verb,
    /// The path, variables in braces.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// How much it may cost.
    pub effort: Effort,
}

/// What a page or an action asks of the node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// A page, or a small form.
    Light,
    /// Proving who one is: few tries.
    Proof,
    /// A file, or long work.
    Bulk,
    /// An answer without end.
    Stream,
}

impl Effort {
    /// The largest body, in octets.
    #[must_use]
    pub const fn largest_body(self) -> usize {
        match self {
            Self::Light | Self::Stream => 256 << 10,
            Self::Proof => 4 << 10,
            Self::Bulk => 16 << 20,
        }
    }
}

impl Line {
    /// The line of a method and path.
    #[must_use]
    pub fn find(verb: Verb, path: &str) -> Option<&'static Self> {
        TABLE.iter().find(|line| line.verb == verb && line.path == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vedetta_model::Role;

    #[test]
    fn no_line_is_written_twice() {
        for (index, line) in TABLE.iter().enumerate() {
            let same = |other: &Line| other.verb == line.verb && other.path == line.path;
            assert!(!TABLE[index + 1..].iter().any(same), "{line:?}");
        }
    }

    #[test]
    fn what_anyone_may_is_a_short_list() {
        let open = TABLE.iter().filter(|line| line.who == Who::Anyone);
        let open: Vec<_> = open.map(|line| (line.verb.as_str(), line.path)).collect();
        let expected = [
            ("GET", "/sign-in"),
            ("POST", "/sign-in"),
            ("POST", "/sign-in/passkey"),
            ("GET", "/sign-in/with/{provider}"),
            ("GET", "/sign-in/callback"),
            ("GET", "/sign-in/code"),
            ("POST", "/sign-in/code"),
            ("POST", "/preferences"),
            ("GET", "/accessibility"),
            ("GET", "/privacy"),
            ("GET", "/assets/{version}/{file}"),
        ];
        assert_eq!(open, expected);
    }

    #[test]
    fn an_auditor_changes_nothing_of_others() {
        let verifies = |line: &&Line| line.path == "/audit/verification";
        for line in TABLE.iter().filter(|line| line.verb == Verb::Post && !verifies(line)) {
            if let Who::Roles(roles) | Who::Room(roles) = line.who {
                assert!(!roles.contains(&Role::Auditor), "{line:?}");
            }
        }
    }
}
