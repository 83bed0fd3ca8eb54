//! How much memory rules may take, and their preparation time.

use regex::RegexBuilder;

use super::test::Ask;

/// What is left of the memory that one rule, and all of them together, may take: octets of prepared
/// regular expressions and of texts.
#[derive(Debug)]
pub(crate) struct Room {
    rule: usize,
    all: usize,
}

/// For one rule.
const RULE: usize = 8 << 20;
/// For all rules.
const ALL: usize = 192 << 20;
/// The sizes that a prepared expression is tried at: the library does not say how large one is.
const SIZES: [usize; 5] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];
/// What an expression may keep of what it has seen, in octets.
const SEEN: usize = 512 << 10;

impl Default for Room {
    fn default() -> Self {
        Self { rule: RULE, all: ALL }
    }
}

impl Room {
    /// For what comes in one piece: no more than one rule may take.
    pub(crate) fn for_one() -> Self {
        Self { rule: RULE, all: RULE }
    }

    /// Another rule begins.
    pub(crate) fn next_rule(&mut self) {
        self.rule = RULE;
    }

    /// Takes so much of it.
    pub(crate) fn take(&mut self, octets: usize) -> Result<(), String> {
        let over = |what: &str, most: usize| {
            let most = most >> 20;
            format!(
                "{what} more than {most} MiB when prepared; use fewer values and simpler regular \
                 expressions"
            )
        };
        self.rule = self.rule.checked_sub(octets).ok_or_else(|| over("the rule takes", RULE))?;
        self.all = self.all.checked_sub(octets).ok_or_else(|| over("all rules take", ALL))?;
        Ok(())
    }

    /// Prepares a regular expression.
    pub(crate) fn expression(&mut self, text: &str) -> Result<Ask, String> {
        for size in SIZES {
            match RegexBuilder::new(text).size_limit(size).dfa_size_limit(SEEN).build() {
                Ok(built) => {
                    self.take(size + text.len())?;
                    return Ok(Ask::Expression(Box::new(built)));
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    let text = error.to_string();
                    let last = text.lines().rfind(|it| !it.trim().is_empty()).unwrap_or("not one");
                    return Err(format!(
                        "regular expression: {}",
                        last.trim_start_matches("error: ")
                    ));
                }
            }
        }
        Err("the regular expression grows too large when it is prepared".into())
    }
}
