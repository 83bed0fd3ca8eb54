//! How long the certificates that the node shows are good, and what is wrong with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use vedetta_model::Instant;

/// Certificates by what they are for.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Arc<Mutex<BTreeMap<&'static str, Certificate>>>);

/// One certificate.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// When it ends.
    pub(crate) until: Instant,
    /// Why it is not renewed, for the operator.
    trouble: Option<String>,
}

/// One certificate as anyone may see it: its end stands in it, what is wrong is in the log.
#[derive(Debug, Serialize)]
pub(crate) struct CertificateHealth {
    #[serde(rename = "for")]
    of: &'static str,
    until: Instant,
    well: bool,
}

impl Certificates {
    /// Says how one does; a trouble that is new goes to the log, as does its end.
    pub fn tell(&self, of: &'static str, until: Instant, trouble: Option<String>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.insert(of, Certificate { until, trouble: trouble.clone() });
        let before = before.and_then(|it| it.trouble);
        match (&before, &trouble) {
            (before, Some(now)) if before.as_ref() != Some(now) => {
                tracing::warn!(certificate = of, %until, "{now}");
            }
            (Some(_), None) => tracing::info!(certificate = of, %until, "the certificate is well"),
            _ => {}
        }
    }

    /// What is wrong, for the operator.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        self.all(|_, it| it.trouble.clone()).into_iter().flatten().collect()
    }

    pub(crate) fn health(&self) -> Vec<CertificateHealth> {
        self.all(|of, it| CertificateHealth { of, until: it.until, well: it.trouble.is_none() })
    }

    /// For figures: its name, its end in seconds since 1970, and whether something is wrong.
    pub(crate) fn figures(&self) -> Vec<(&'static str, i64, bool)> {
        self.all(|of, it| (of, it.until.micros() / 1_000_000, it.trouble.is_some()))
    }

    fn all<T>(&self, each: impl Fn(&'static str, &Certificate) -> T) -> Vec<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(of, it)| each(of, it)).collect()
    }
}
