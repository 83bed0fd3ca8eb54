//! Deeds of those who look: what was asked about others, what of the ledger was read, what was refused.
//! An auditor asks who looked, not how often a page was opened anew: the same look of the same account is
//! one deed an hour, and of one account only so many are told singly.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use vedetta_model::{AccountId, Actor, Instant};

use crate::house::House;

/// For how long a look is the same look.
const HOUR: Duration = Duration::from_hours(1);
/// Looks of one account that are told singly within it.
const EACH: usize = 200;
/// What the facts of a refusal have.
const REFUSED: &str = r#""deed":"refused""#;

/// What was noted within the hour.
#[derive(Default)]
pub(crate) struct Looks {
    since: Instant,
    /// What was refused apart: whatever else somebody looks at hides none of it.
    of: HashMap<(AccountId, bool), HashSet<(String, String)>>,
}

impl Looks {
    /// What is to be noted of a look; nothing when that was done.
    fn told(
        &mut self,
        by: &AccountId,
        look: (String, String),
        now: Instant,
    ) -> Option<(String, String)> {
        let is_refused = look.1.contains(REFUSED);
        if now.since(self.since) >= HOUR {
            self.since = now;
            self.of.clear();
        }
        let own = self.of.entry((by.clone(), is_refused)).or_default();
        if own.contains(&look) || own.len() > EACH {
            return None;
        }
        // The one that is too many stands for all that follow.
        let look = match own.len() {
            EACH => (by.to_string(), json!({ "deed": "looked-further" }).to_string()),
            _ => look,
        };
        own.insert(look.clone());
        Some(look)
    }

    /// Forgets that a look was told: it could not be.
    fn untold(&mut self, by: &AccountId, look: &(String, String)) {
        let is_refused = look.1.contains(REFUSED);
        if let Some(own) = self.of.get_mut(&(by.clone(), is_refused)) {
            own.remove(look);
        }
    }
}

impl House {
    /// Notes that somebody looked at something. What cannot be noted, as by a command that opened the
    /// ledger only to read, keeps nobody from looking.
    pub fn note_look(&self, by: &Actor, subject: &str, facts: &Value) {
        let look = (subject.to_owned(), facts.to_string());
        let Some(look) = self.looks().told(&by.account, look, self.now()) else { return };
        if let Err(error) = self.note_deed(by.account.as_str(), &look.0, look.1.clone()) {
            tracing::warn!(%error, "a look was not noted");
            self.looks().untold(&by.account, &look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_told_once_an_hour_and_many_are_told_together() {
        let (mut looks, anna) = (Looks::default(), AccountId::new("anna").unwrap());
        let look = |n: usize| (format!("item {n}"), "{}".to_owned());
        let at = |minutes: u64| {
            Instant::from_micros(1_800_000_000_000_000).after(Duration::from_mins(minutes))
        };
        assert_eq!(looks.told(&anna, look(0), at(0)), Some(look(0)));
        assert_eq!(looks.told(&anna, look(0), at(59)), None);
        assert_eq!(looks.told(&anna, look(0), at(60)), Some(look(0)), "an hour later");
        let told = (1..1_000).filter_map(|n| looks.told(&anna, look(n), at(61)));
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), EACH);
        let further = (anna.to_string(), r#"{"deed":"looked-further"}"#.to_owned());
        assert_eq!(told.last(), Some(&further));
        let berta = AccountId::new("berta").unwrap();
        assert_eq!(looks.told(&berta, look(7), at(62)), Some(look(7)), "others are told as before");
    }
}
