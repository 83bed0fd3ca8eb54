//! The node's door for mail: reports come in by SMTP or LMTP, answers go out by a relay.

mod mailboxes;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vedetta_api::Shown;
use vedetta_api::webhooks::Later;
use vedetta_callout::Mailer;
use vedetta_callout::incident_mail::IncidentMail;
use vedetta_flow::House;
use vedetta_mail::{Published, Signer};
use vedetta_model::Entropy as _;
use vedetta_postroom::{Hope, MasterKey, Postroom, ReleaseRule, Settings, Signs};
use vedetta_smtp::{Courier, Listener, Protocol, Reception, Refusal, Relay, Secure, Terms};
use vedetta_watch::Watch;

use self::mailboxes::Mailboxes;
use crate::certificates::write_secret;
use crate::outcome::Failure;
use crate::settings::DkimConfiguration;
pub(crate) use crate::settings::MailConfiguration;
use crate::system::SystemEntropy;

/// The desk of a node that runs, with its doors.
pub(crate) struct MailDoor {
    /// Where it takes reports, and by which protocol.
    pub(crate) addresses: Vec<(Protocol, SocketAddr)>,
    closing: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Octets of a letter: the largest message, as an attachment in base64, and a word beside it.
const LARGEST: usize = 34 << 20;
/// Answers on their way at once.
const ANSWERS: usize = 16;
/// How often what is due is looked for when nothing rings.
const LOOK: Duration = Duration::from_secs(5);
/// How often what is over is deleted.
const SWEEP: Duration = Duration::from_hours(1);

/// What an administrator is told where incidents have a mailbox and no room takes them.
pub(crate) const UNHEARD: &str = "mail.incidents: without the rest of the node no room takes incidents, and letters to that mailbox are refused; run vedetta serve";

/// What an administrator is told where nothing signs answers.
pub(crate) const UNSIGNED: &str = "answers go out unsigned, and nobody can tell them from forged ones; set [mail.dkim] in vedetta.toml";

fn usage(what: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("vedetta.toml: mail.{what}: {reason}"))
}

impl MailConfiguration {
    /// Opens the desk: always, for those who upload; its doors for mail are another matter.
    pub(crate) fn desk(&self, house: &Arc<House>, data: &Path) -> Result<Arc<Postroom>, Failure> {
        let keys = match &self.published_keys {
            None => Published::default(),
            Some(path) => {
                let path = data.join(path);
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| Failure::input(path.display().to_string(), error))?;
                Published::read(&text).map_err(|error| usage("published_keys", error))?
            }
        };
        let settings = self.settings(data)?;
        Ok(Arc::new(Postroom::open(Arc::clone(house), settings, master(data)?, keys)?))
    }

    fn settings(&self, data: &Path) -> Result<Settings, Failure> {
        let plain = Settings::default();
        let signer = self.dkim.as_ref().map(|dkim| dkim.signer(data)).transpose()?;
        let signer = signer.map(|signer| Box::new(signer) as Box<dyn Signs>);
        let hours = |days: u16| Duration::from_hours(24 * u64::from(days));
        Ok(Settings {
            mailbox: match &self.mailbox {
                Some(mailbox) => checked(mailbox)?,
                None => plain.mailbox,
            },
            name: self.name.clone().unwrap_or(plain.name),
            receivers: self.receivers.clone(),
            keep: self.keep_days.map_or(plain.keep, hours),
            answers: self.answers_an_hour.unwrap_or(plain.answers),
            strangers: self.strangers_an_hour.unwrap_or(plain.strangers),
            signer,
            release: self.release.as_ref().map(|rule| ReleaseRule {
                reporters: rule.reporters,
                organisations: rule.organisations,
                tlp: rule.tlp,
            }),
        })
    }

    fn terms(&self, protocol: Protocol) -> Result<Terms, Failure> {
        let Some(mailbox) = &self.mailbox else {
            return Err(usage("mailbox", "say which address reports are sent to"));
        };
        let also = self.also.iter().map(|address| checked(address));
        let mut mailboxes = also.collect::<Result<Vec<_>, _>>()?;
        mailboxes.push(checked(mailbox)?);
        Ok(Terms { name: self.host(), protocol, largest: LARGEST, mailboxes })
    }

    /// The mailbox that incidents are written to, where a room takes them.
    fn incidents(&self, room: Option<&Arc<Watch>>) -> Result<Option<IncidentMail>, Failure> {
        let Some(mailbox) = &self.incidents else { return Ok(None) };
        let mailbox = checked(mailbox)?;
        let reports = self.mailbox.iter().chain(&self.also);
        if reports.map(|it| checked(it)).collect::<Result<Vec<_>, _>>()?.contains(&mailbox) {
            let reason = format!("{mailbox} is where reports are sent; give incidents another");
            return Err(usage("incidents", reason));
        }
        Ok(room.map(|watch| IncidentMail { mailbox, watch: Arc::clone(watch) }))
    }

    fn host(&self) -> String {
        let domain = self.mailbox.as_deref().and_then(|it| it.rsplit('@').next());
        self.host.as_deref().or(domain).unwrap_or("localhost").to_owned()
    }

    /// Who carries e-mail that calls people, where there is a relay.
    pub(crate) fn mailer(&self, desk: &Arc<Postroom>) -> Result<Option<Arc<dyn Mailer>>, Failure> {
        let courier = self.courier()?;
        let carrier = |courier| Arc::new(Carrier(Arc::clone(desk), courier)) as Arc<dyn Mailer>;
        Ok(courier.map(carrier))
    }

    fn courier(&self) -> Result<Option<Courier>, Failure> {
        let Some(address) = self.relay else { return Ok(None) };
        let secure = match &self.relay_name {
            None if address.ip().is_loopback() => Secure::Plain,
            None => {
                return Err(usage(
                    "relay",
                    "a relay elsewhere is spoken to by TLS: give relay_name",
                ));
            }
            Some(name) => {
                let name = ServerName::try_from(name.clone())
                    .map_err(|error| usage("relay_name", error))?;
                Secure::StartTls(trusting()?, name)
            }
        };
        Ok(Some(Courier::new(Relay { address, secure, name: self.host() })))
    }
}

impl DkimConfiguration {
    fn signer(&self, data: &Path) -> Result<Signer, Failure> {
        let path = data.join(&self.key);
        let pem = std::fs::read(&path)
            .map_err(|error| Failure::input(path.display().to_string(), error))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| usage("dkim.key", error))?;
        let PrivateKeyDer::Pkcs8(key) = key else {
            return Err(usage(
                "dkim.key",
                "give the key as PKCS #8 (openssl pkcs8 -topk8 -nocrypt)",
            ));
        };
        Signer::new(&self.domain, &self.selector, key.secret_pkcs8_der())
            .map_err(|error| usage("dkim", error))
    }
}

impl MailDoor {
    /// Opens the doors that are configured, and sends what waits.
    pub(crate) async fn open(
        desk: &Arc<Postroom>,
        configuration: &MailConfiguration,
        (shown, room): (&Arc<Shown>, Option<&Arc<Watch>>),
    ) -> Result<Self, Failure> {
        let (closing, closed) = watch::channel(false);
        let (mut addresses, mut tasks) = (Vec::new(), Vec::new());
        let tls = secured(shown)?;
        if configuration.incidents.is_some() && room.is_none() {
            tracing::warn!("{UNHEARD}");
        }
        let doors = [(Protocol::Smtp, configuration.smtp), (Protocol::Lmtp, configuration.lmtp)];
        for (protocol, address) in doors {
            let Some(address) = address else { continue };
            let mut terms = configuration.terms(protocol)?;
            let incidents = configuration.incidents(room)?;
            terms.mailboxes.extend(incidents.as_ref().map(|it| it.mailbox.clone()));
            let listener = Listener::bind(address, terms, Some(Arc::clone(&tls)))
                .await
                .map_err(|error| Failure::system("opening the door for mail", error))?;
            addresses.push((protocol, listener.address()));
            let reception: Arc<dyn Reception> = Arc::new(Mailboxes(Arc::clone(desk), incidents));
            tasks.push(tokio::spawn(listener.serve(reception, until(closed.clone()))));
        }
        if let Some(courier) = configuration.courier()? {
            if desk.settings().is_unsigned() {
                tracing::warn!("{UNSIGNED}");
            }
            tasks.push(tokio::spawn(answer(Arc::clone(desk), courier, closed.clone())));
        }
        tasks.push(tokio::spawn(sweep(Arc::clone(desk), closed)));
        Ok(Self { addresses, closing, tasks })
    }

    /// Closes them: letters under way are answered, answers on their way arrive.
    pub(crate) async fn close(self) {
        self.closing.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "the door for mail did not close as it should");
            }
        }
    }
}

/// Letters that call people, given to the relay.
struct Carrier(Arc<Postroom>, Courier);

impl Mailer for Carrier {
    fn send(&self, to: String, subject: String, text: String) -> Later<Result<(), String>> {
        // The moment too: mailboxes drop a letter with the number of one that they have.
        let at = self.0.house().now().micros();
        let digest = Sha256::digest(format!("{to}\n{subject}\n{at}"));
        let name: String = digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect();
        let letter = self.0.compose(&to, &name, (subject, text));
        let courier = self.1.clone();
        Box::pin(async move {
            let letter = letter.map_err(|it| format!("it cannot be signed: {it}"))?;
            courier.send(&to, &letter).await.map_err(|it| it.to_string())
        })
    }
}

/// Gives answers to the relay as they fall due.
async fn answer(desk: Arc<Postroom>, courier: Courier, mut closed: watch::Receiver<bool>) {
    let mut bell = desk.house().bell().listen();
    loop {
        let sent = round(&desk, &courier).await;
        if sent == ANSWERS {
            continue;
        }
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => return,
            _ = bell.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Sends what is due, all at once; answers how many were tried.
async fn round(desk: &Arc<Postroom>, courier: &Courier) -> usize {
    let asked = Arc::clone(desk);
    let due = tokio::task::spawn_blocking(move || asked.due_answers(ANSWERS)).await;
    let due = match due {
        Ok(Ok(due)) => due,
        Ok(Err(error)) => {
            tracing::error!(%error, "answers that are due cannot be read");
            return 0;
        }
        Err(_) => return 0,
    };
    let count = due.len();
    let mut under_way = tokio::task::JoinSet::new();
    for answer in due {
        let (desk, courier) = (Arc::clone(desk), courier.clone());
        under_way.spawn(async move {
            let outcome = courier.send(&answer.to, &answer.letter).await;
            let end = tokio::task::spawn_blocking(move || match outcome {
                Ok(()) => desk.answer_sent(answer.lease),
                Err(refusal) => {
                    let hope = match refusal {
                        Refusal::Later(_) => Hope::Later,
                        Refusal::Never(_) => Hope::None,
                    };
                    tracing::warn!(%refusal, "an answer was not taken by the relay");
                    desk.answer_failed(answer.lease, refusal.to_string(), hope)
                }
            });
            if let Ok(Err(error)) = end.await {
                tracing::error!(%error, "what became of an answer cannot be written");
            }
        });
    }
    while under_way.join_next().await.is_some() {}
    count
}

/// Deletes messages whose time is over, and does what was left to do of campaigns.
async fn sweep(desk: Arc<Postroom>, mut closed: watch::Receiver<bool>) {
    loop {
        let swept = Arc::clone(&desk);
        let swept = tokio::task::spawn_blocking(move || {
            while swept.expire_messages()? > 0 {}
            swept.settle_campaigns()
        });
        if let Ok(Err(error)) = swept.await {
            tracing::error!(%error, "messages whose time is over cannot be deleted, or campaigns settled");
        }
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

async fn until(mut closed: watch::Receiver<bool>) {
    // Whoever could close it is gone: that closes it too.
    let _gone = closed.wait_for(|closed| *closed).await;
}

/// The desk's key: a file of the data directory, for this user alone, made when first needed. The
/// ledger's database does not hold it.
fn master(data: &Path) -> Result<MasterKey, Failure> {
    let path = data.join("mail.key");
    if !path.exists() {
        let mut fresh = [0; 32];
        SystemEntropy.fill(&mut fresh);
        let text: String = fresh.iter().map(|octet| format!("{octet:02x}")).collect();
        write_secret(&path, &text)?;
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::input(path.display().to_string(), error))?;
    let text = text.trim();
    let mut octets = [0; 32];
    for (at, octet) in octets.iter_mut().enumerate() {
        let pair = text.get(2 * at..2 * at + 2).and_then(|it| u8::from_str_radix(it, 16).ok());
        *octet = pair.filter(|_| text.len() == 64).ok_or_else(|| {
            Failure::input(path.display().to_string(), "not 64 hexadecimal digits; restore it")
        })?;
    }
    Ok(MasterKey::new(octets))
}

/// An address as it stands in an envelope.
fn checked(address: &str) -> Result<String, Failure> {
    let whole = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    match address.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && !domain.is_empty()
                && local.chars().all(whole)
                && domain.chars().all(whole) =>
        {
            Ok(address.to_lowercase())
        }
        _ => Err(usage("mailbox", format!("{address:?} is not written as name@domain"))),
    }
}

fn secured(shown: &Arc<Shown>) -> Result<Arc<ServerConfig>, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::system("securing the door for mail", error))?;
    Ok(Arc::new(builder.with_no_client_auth().with_cert_resolver(Arc::clone(shown) as _)))
}

/// Trusting what the system trusts (`SSL_CERT_FILE` names another file of authorities).
fn trusting() -> Result<Arc<ClientConfig>, Failure> {
    let pem = crate::doors::authorities();
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
        // One that cannot be read vouches for nobody.
        let _unreadable = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::system("securing the way to the relay", error))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::{MailConfiguration, checked, master};

    #[test]
    fn a_configuration_says_what_is_wrong_with_it() {
        let read = |text: &str| toml::from_str::<MailConfiguration>(text);
        let whole = "mailbox = \"segnalazioni@example.org\"\nsmtp = \"127.0.0.1:2525\"\nkeep_days = 30\n\
                     [release]\nreporters = 3\norganisations = 2\ntlp = \"AMBER\"";
        assert!(read(whole).unwrap().settings(std::path::Path::new("/")).is_ok());
        assert!(read("mailbx = 1").is_err());
        let elsewhere = read("relay = \"192.0.2.1:25\"").unwrap();
        let told = elsewhere.courier().err().unwrap().to_string();
        assert!(told.contains("relay_name"), "{told}");
        for reports in [
            "mailbox = \"Sala@example.org\"",
            "mailbox = \"a@example.org\"\nalso = [\"sala@example.org\"]",
        ] {
            let equal = read(&format!("incidents = \"sala@Example.org\"\n{reports}")).unwrap();
            let told = equal.incidents(None).err().unwrap().to_string();
            assert!(told.contains("mail.incidents: sala@example.org is where reports"), "{told}");
        }
        assert!(
            checked("a b@x").is_err() && checked("A@X.example").is_ok_and(|it| it == "a@x.example")
        );
    }

    #[test]
    fn the_key_is_made_once_and_a_broken_one_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        assert!(master(folder.path()).is_ok());
        let path = folder.path().join("mail.key");
        let first = std::fs::read(&path).unwrap();
        assert!(master(folder.path()).is_ok());
        assert_eq!(std::fs::read(&path).unwrap(), first);
        std::fs::write(&path, "00").unwrap();
        assert!(master(folder.path()).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"00");
    }
}
