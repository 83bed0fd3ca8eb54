//! Passwords guessed: many failures from one address (brute force, T1110.001), or for many
//! accounts (spraying, T1110.003), and whether one got in at last. A leaky bucket: what is long
//! past counts no longer.

use serde_json::json;

use super::bounded::Bounded;
use super::fact::Outcome;
use super::kept::kept;
use super::sketch::Distinct;
use super::{Fact, Settings, Told};
use crate::finding::{Finding, Severity};

#[derive(Debug, Default)]
pub(super) struct Watch {
    from: Bounded<String, Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    level: f64,
    last: i64,
    since: i64,
    accounts: Distinct,
    told_until: i64,
}

kept!(Watch { from });
kept!(Tries { level, last, since, accounts, told_until });

impl Watch {
    /// The clock was set back to now: what is later is of no use.
    pub(super) fn set_back(&mut self, now: i64) {
        self.from.forget_after(now);
    }

    pub(super) fn see(
        &mut self,
        settings: &Settings,
        fact: &Fact,
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let Fact::Login { user, from, outcome } = fact else { return };
        let window = settings.login_window;
        let tries = self.from.at(from.clone(), at);
        if at - tries.since > window {
            tries.since = at;
            tries.accounts.clear();
        }
        let leaked = (at - tries.last).max(0) as f64 * f64::from(settings.failures) / window as f64;
        tries.level = (tries.level - leaked).max(0.0);
        tries.last = tries.last.max(at);
        let many = tries.level >= f64::from(settings.failures) / 2.0;
        if *outcome == Outcome::Success {
            if many && at < tries.told_until {
                found.push(broke_in(from, user, tries.level).finding(at));
                tries.level = 0.0;
            }
            return;
        }
        tries.level += 1.0;
        tries.accounts.add(user);
        let accounts = tries.accounts.count().round();
        let spraying = accounts >= f64::from(settings.accounts);
        if at >= tries.told_until && (spraying || tries.level >= f64::from(settings.failures)) {
            tries.told_until = at + window;
            let failures = tries.level.round();
            let evidence = vec![("failures", json!(failures)), ("accounts", json!(accounts))];
            let (id, technique, what) = if spraying {
                ("password-spraying", "T1110.003", format!("for about {accounts} accounts"))
            } else {
                ("brute-force", "T1110.001", format!("the last for {user}"))
            };
            let minutes = window / super::MINUTE;
            let told = Told {
                id,
                title: format!(
                    "{failures} failed logins from {from} within {minutes} minutes, {what}"
                ),
                severity: Severity::Medium,
                confidence: 80,
                technique: Some(technique),
                entity: from,
                evidence,
            };
            found.push(told.finding(at));
        }
    }
}

fn broke_in<'t>(from: &'t str, user: &str, failures: f64) -> Told<'t> {
    Told {
        id: "login-after-brute-force",
        title: format!("{from} logged in as {user} after about {} failures", failures.round()),
        severity: Severity::Critical,
        confidence: 75,
        technique: Some("T1110"),
        entity: from,
        evidence: vec![("user", json!(user)), ("failures", json!(failures.round()))],
    }
}
