//! Certificates renewed while the node runs: that of its doors, which its own authority issues anew, and
//! the operator's for its links, which are read again when their files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use vedetta_api::{Certificates, Shown};
use vedetta_link::{Keeper, Links};
use vedetta_model::{Clock as _, Instant};

use crate::certificates::{Authority, ends};
use crate::outcome::Failure;
use crate::system::SystemClock;

const DAY: Duration = Duration::from_secs(86_400);
/// How long before its end a certificate is renewed, or its operator told.
const BEFORE: Duration = Duration::from_secs(30 * 86_400);
/// How long before its end the operator is told of the authority: clients must have the next one.
const LONG_BEFORE: Duration = Duration::from_secs(120 * 86_400);
/// How often it is looked.
const LOOK: Duration = Duration::from_secs(60);

/// What is renewed.
pub(crate) struct Renewal {
    authority: Authority,
    names: Vec<String>,
    shown: Arc<Shown>,
    /// When the certificate of the doors ends.
    until: Instant,
    links: Option<OfLinks>,
    told: Certificates,
}

/// The operator's files for the links, as they were read last.
pub(crate) struct OfLinks {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) links: Links,
    pub(crate) files: Files,
    pub(crate) read: Texts,
}

/// A certificate for the node's key, and authorities that must have certified others'.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) authorities: Option<PathBuf>,
}

/// What stood in [`Files`].
type Texts = (Option<Vec<u8>>, Option<Vec<u8>>);

impl Renewal {
    /// Issues the certificate of the doors, under some names.
    pub(crate) fn begin(
        authority: Authority,
        names: &[String],
        now: Instant,
    ) -> Result<Self, Failure> {
        let (chain, key, until) = issue(&authority, names, now)?;
        let shown = Shown::new(chain.as_bytes(), key.as_bytes())
            .map_err(|error| Failure::system("securing the door", error))?;
        let told = Certificates::default();
        let names = names.to_vec();
        let mut renewal = Self { authority, names, shown, until, links: None, told };
        renewal.look(now);
        Ok(renewal)
    }

    /// What the doors show.
    pub(crate) fn shown(&self) -> &Arc<Shown> {
        &self.shown
    }

    /// How the certificates do.
    pub(crate) fn told(&self) -> &Certificates {
        &self.told
    }

    /// Looks after the papers of links too.
    pub(crate) fn with_links(self, links: Option<OfLinks>) -> Self {
        Self { links, ..self }
    }

    /// Looks each minute, and when the process is told to read its files again (SIGHUP).
    pub(crate) async fn run(mut self, mut closed: watch::Receiver<bool>) {
        let mut asked = signal(SignalKind::hangup()).ok();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _gone = closed.wait_for(|closed| *closed) => return,
                () = hung_up(&mut asked) => tracing::info!("certificates are read again"),
                _ = looks.tick() => {}
            }
            self.look(SystemClock.now());
        }
    }

    /// Renews what ends soon, and reads what has changed.
    fn look(&mut self, now: Instant) {
        self.look_at_door(now);
        let ends = self.authority.ends();
        let soon = (ends <= now.after(LONG_BEFORE)).then(|| {
            let advice = "remove ca.key and ca.pem, start the node, give clients the new ca.pem and \
                          enrol machines and sensors anew";
            format!("the node's authority ends at {ends}; {advice}")
        });
        self.told.tell("authority", ends, soon);
        if let Some(links) = &mut self.links {
            links.look(now, &self.told);
        }
    }

    fn look_at_door(&mut self, now: Instant) {
        let mut trouble = None;
        // One that would end no later is none the better.
        if self.until <= now.after(BEFORE) && self.authority.ends() > self.until.after(DAY) {
            match self.renew(now) {
                Ok(()) => tracing::info!(until = %self.until, "the doors have a new certificate"),
                Err(error) => trouble = Some(error.to_string()),
            }
        }
        if self.until <= now.after(BEFORE) && trouble.is_none() {
            let until = self.until;
            trouble = Some(format!(
                "the certificate of the doors ends at {until}, with the node's authority; \
                 renew that"
            ));
        }
        self.told.tell("doors", self.until, trouble);
    }

    fn renew(&mut self, now: Instant) -> Result<(), Failure> {
        let (chain, key, until) = issue(&self.authority, &self.names, now)?;
        self.shown
            .replace(chain.as_bytes(), key.as_bytes())
            .map_err(|error| Failure::system("securing the door", error))?;
        self.until = until;
        Ok(())
    }
}

impl OfLinks {
    fn look(&mut self, now: Instant, told: &Certificates) {
        let Some(path) = self.files.certificate.clone().or(self.files.authorities.clone()) else {
            return;
        };
        let mut trouble = self.read_again().err().map(|error| error.to_string());
        let until = match &self.read.0 {
            Some(certificate) => ends(certificate).unwrap_or(Instant::FAR),
            None => Instant::FAR,
        };
        if trouble.is_none() && until <= now.after(BEFORE) {
            let path = path.display();
            trouble = Some(format!(
                "the certificate of the links ends at {until}; put a new one at {path}"
            ));
        }
        told.tell("links", until, trouble);
    }

    /// Reads the files; when they are not as they were, the links go on with what is in them.
    fn read_again(&mut self) -> Result<(), Failure> {
        let read = |path: &Option<PathBuf>| {
            let read = |path: &PathBuf| {
                std::fs::read(path).map_err(|error| Failure::input(path.display(), error))
            };
            path.as_ref().map(read).transpose()
        };
        let now = (read(&self.files.certificate)?, read(&self.files.authorities)?);
        if now != self.read {
            self.keeper
                .renew(now.0.clone(), now.1.clone())
                .map_err(|error| Failure::system("the certificates of the links", error))?;
            self.links.review();
            self.read = now;
            tracing::info!("the links have new certificates");
        }
        Ok(())
    }
}

/// A certificate for the doors: the chain, its key and its end. With the authority's own, so that a sensor
/// that knows its digest alone can trust it.
fn issue(
    authority: &Authority,
    names: &[String],
    now: Instant,
) -> Result<(String, String, Instant), Failure> {
    let pair = authority.door(names, now.micros() / 1_000_000)?;
    let until = ends(pair.certificate.as_bytes())?;
    Ok((format!("{}{}", pair.certificate, authority.certificate()), pair.key, until))
}

async fn hung_up(asked: &mut Option<Signal>) {
    match asked {
        Some(asked) => drop(asked.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
