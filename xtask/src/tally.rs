//! What `cargo test` prints, counted while it passes by.

use std::io::{BufRead, Write};

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Ran and held.
    pub(crate) passed: u64,
    /// Ran and did not hold.
    pub(crate) failed: u64,
    /// Did not run, or said `skipped:` because something they need is absent.
    pub(crate) skipped: u64,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Reads the output of test programs run with `--show-output`. Of what passing tests wrote, only
/// the lines that begin with `skipped:` are worth a reader's time.
#[derive(Default)]
pub(crate) struct Counter {
    tally: Tally,
    in_successes: bool,
    /// The test whose output passes by has not said that it was skipped.
    may_skip: bool,
}

impl Counter {
    /// Copies `from` to `to` line by line, counting.
    pub(crate) fn follow(&mut self, from: impl BufRead, mut to: impl Write) -> std::io::Result<()> {
        for line in from.split(b'\n') {
            let line = line?;
            let text = String::from_utf8_lossy(&line);
            if self.read(&text) {
                writeln!(to, "{text}")?;
            }
        }
        Ok(())
    }

    /// What was counted until now.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Takes a line in; whether it should be shown.
    fn read(&mut self, line: &str) -> bool {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            self.add(counts);
        } else if line == "failures:" {
            self.in_successes = false;
        } else if line == "successes:" {
            self.in_successes = true;
        } else if self.in_successes && line.starts_with("---- ") {
            self.may_skip = true;
        }
        if !self.in_successes {
            return true;
        }
        let skipped = line.starts_with("skipped:");
        if skipped && std::mem::take(&mut self.may_skip) {
            self.tally.skipped += 1;
            self.tally.passed = self.tally.passed.wrapping_sub(1);
        }
        skipped
    }

    fn add(&mut self, counts: &str) {
        let outcome = counts.split_once(". ").map_or(counts, |(_, numbers)| numbers);
        for count in outcome.split("; ") {
            let Some((number, of)) = count.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match of {
                "passed" => self.tally.passed = self.tally.passed.wrapping_add(number),
                "failed" => self.tally.failed += number,
                "ignored" => self.tally.skipped += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Tally};

    const OUTPUT: &str = "\
running 4 tests
test a ... ok
test b ... ok
test c ... FAILED
test d ... ignored

successes:

---- a stdout ----
chatter
skipped: no samples beside the repository
skipped: nor PostgreSQL

---- b stdout ----
more chatter

successes:
    a
    b

failures:

---- c stdout ----
the reason

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn counts_and_shows_what_matters() -> std::io::Result<()> {
        let mut shown = Vec::new();
        let mut counter = Counter::default();
        counter.follow(OUTPUT.as_bytes(), &mut shown)?;
        counter.follow(OUTPUT.as_bytes(), std::io::sink())?;
        assert_eq!(counter.tally(), Tally { passed: 2, failed: 2, skipped: 4 });
        let shown = String::from_utf8_lossy(&shown);
        assert!(shown.contains("skipped: nor PostgreSQL") && shown.contains("the reason"));
        assert!(!shown.contains("chatter"));
        Ok(())
    }
}
