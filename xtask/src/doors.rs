//! `cargo xtask doors`: random histories of a small network, each reader at every door compared with
//! an oracle, for as long as one has patience.

use crate::Failure;
use crate::process::{cargo, heading, show};

/// Histories, unless somebody asks for more or for one.
const SEEDS: u64 = 200;

/// What the command line asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    /// So many histories.
    Many(u64),
    /// This one, with its acts told.
    One(u64),
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let wish = Wish::parse(arguments).map_err(Failure::Usage)?;
    let (variable, number) = match wish {
        Wish::Many(seeds) => ("VEDETTA_DOORS_SEEDS", seeds),
        Wish::One(seed) => ("VEDETTA_DOORS_SEED", seed),
    };
    heading(&format!("{variable}={number}"));
    let mut test = cargo();
    test.args(["test", "--package", "vedetta-proof", "--test", "doors", "--", "--nocapture"]);
    show(test.env(variable, number.to_string())).map_err(Failure::Work)
}

impl Wish {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let words: Vec<_> = arguments.iter().map(String::as_str).collect();
        let number = |text: &str| {
            text.parse().map_err(|_| format!("`{text}` is not a whole number; give one"))
        };
        match words.as_slice() {
            [] => Ok(Self::Many(SEEDS)),
            ["--seeds", many] => number(many).map(Self::Many),
            ["--seed", one] => number(one).map(Self::One),
            other => Err(format!("`doors` does not know `{}`", other.join(" "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Wish;

    #[test]
    fn flags_are_understood_or_refused() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(Wish::parse(&words("--seeds 5")), Ok(Wish::Many(5)));
        assert_eq!(Wish::parse(&words("--seed 7")), Ok(Wish::One(7)));
        assert!(Wish::parse(&words("--seeds many")).is_err());
        assert!(Wish::parse(&words("--seeds")).is_err());
    }
}
