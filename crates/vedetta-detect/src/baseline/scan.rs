//! Many ports of one host, or many hosts, asked by one address in little time (T1046).

use serde_json::json;

use super::bounded::Bounded;
use super::kept::kept;
use super::sketch::Distinct;
use super::{Settings, Told};
use crate::finding::{Finding, Severity};

#[derive(Debug, Default)]
pub(super) struct Watch {
    hosts: Bounded<String, Seen>,
    ports: Bounded<(String, String), Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    values: Distinct,
    since: i64,
    told: Option<i64>,
}

kept!(Watch { hosts, ports });
kept!(Seen { values, since, told });

impl Seen {
    /// How many different values within the window, when it is time to tell.
    fn add(&mut self, value: &str, limit: f64, window: i64, at: i64) -> Option<f64> {
        if at - self.since > window {
            self.since = at;
            self.values.clear();
        }
        let new = self.values.add(value);
        if !new || self.told.is_some_and(|told| at < told + window) {
            return None;
        }
        let count = self.values.count();
        (count >= limit).then(|| {
            self.told = Some(at);
            count.round()
        })
    }
}

impl Watch {
    /// The clock was set back to now: what is later is of no use.
    pub(super) fn set_back(&mut self, now: i64) {
        self.hosts.forget_after(now);
        self.ports.forget_after(now);
    }

    pub(super) fn see(
        &mut self,
        settings: &Settings,
        (from, to, port): (&str, &str, u16),
        at: i64,
        found: &mut Vec<Finding>,
    ) {
        let window = settings.scan_window;
        let minutes = window / super::MINUTE;
        let told = |title, evidence| Told {
            id: "scan",
            title,
            severity: Severity::Medium,
            confidence: 80,
            technique: Some("T1046"),
            entity: from,
            evidence,
        };
        let key = (from.to_owned(), to.to_owned());
        let ports = self.ports.at(key, at).add(&port.to_string(), settings.ports, window, at);
        if let Some(count) = ports {
            let title =
                format!("{from} tried about {count} ports of {to} within {minutes} minutes");
            found.push(told(title, vec![("ports", json!(count)), ("host", json!(to))]).finding(at));
        }
        let hosts = self.hosts.at(from.to_owned(), at).add(to, settings.hosts, window, at);
        if let Some(count) = hosts {
            let title = format!("{from} tried about {count} hosts within {minutes} minutes");
            found.push(
                told(title, vec![("hosts", json!(count)), ("port", json!(port))]).finding(at),
            );
        }
    }
}
