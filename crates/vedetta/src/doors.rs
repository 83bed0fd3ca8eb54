//! The node's doors, open: TLS, the machine interface, people's pages, the workers of stream and
//! webhooks.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use vedetta_api::{
    Api, ConnectionLimits, ControlSocket, Server, Settings, Tls, Transport, webhooks,
};
use vedetta_callout::Ways;
use vedetta_console::{Console, Providers};
use vedetta_flow::House;
use vedetta_keyring::Keyring;
use vedetta_model::Clock;

use crate::certificates::Authority;
use crate::mail_door::{MailConfiguration, MailDoor};
use crate::mesh::{Meeting, Mesh};
use crate::outcome::Failure;
use crate::renewal::Renewal;
use crate::settings::SignInConfiguration;
use crate::system::SystemClock;

/// How to open the doors.
pub(crate) struct Opening<'a> {
    /// The data directory, with the node's own certificate authority.
    pub(crate) data: &'a Path,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// The names in the certificate.
    pub(crate) names: &'a [String],
    /// What the operator says of the machine interface.
    pub(crate) settings: Settings,
    /// How it meets other nodes, if it does.
    pub(crate) meeting: Option<Meeting>,
    /// How it takes reports by mail.
    pub(crate) mail: MailConfiguration,
    /// How people sign in besides a password.
    pub(crate) sign_in: SignInConfiguration,
}

/// Doors that are open until told to close.
pub(crate) struct Doors {
    /// Where they are.
    pub(crate) address: SocketAddr,
    /// The certificate that clients trust, in PEM.
    pub(crate) authority: String,
    /// The machine interface.
    pub(crate) api: Api,
    closing: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    streaming: tokio::task::JoinHandle<()>,
    calling: tokio::task::JoinHandle<()>,
    /// What keeps open pages live.
    watching: tokio::task::JoinHandle<()>,
    /// What looks at the clocks and calls people.
    escalating: tokio::task::JoinHandle<()>,
    /// The links with other nodes, and where these dial in.
    mesh: Option<Mesh>,
    /// Where reports come in by mail, and answers go out.
    mail: MailDoor,
    /// Where the node's own commands come in.
    minding: Option<tokio::task::JoinHandle<()>>,
    /// What renews certificates.
    renewing: tokio::task::JoinHandle<()>,
}

impl Doors {
    /// Opens them.
    pub(crate) async fn open(house: Arc<House>, opening: Opening<'_>) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let authority = Authority::open(opening.data, now.micros() / 1_000_000)?;
        let authority_pem = authority.certificate().to_owned();
        let renewal = Renewal::begin(authority, opening.names, now)?;
        let tls = Tls::showing(Arc::clone(renewal.shown()), Some(authority_pem.as_bytes()))
            .map_err(|error| Failure::system("securing the door", error))?;
        let limits = ConnectionLimits::default();
        let server = Server::bind(opening.listen, Transport::Tls(tls), limits)
            .await
            .map_err(|error| Failure::system("opening the door", error))?;
        let settings = Settings {
            authority: Some(authority_pem.clone()),
            listens: Some(server.address()),
            certificates: renewal.told().clone(),
            ..opening.settings
        };
        let api = Api::new(Arc::clone(&house), settings, secret(&house, "pages")?);
        let https = Arc::new(https()?);
        api.show_caller(https.clone());
        let gateway = api.settings().gateway.clone();
        let console = Console::new(api.clone(), secret(&house, "console")?);
        let ways = opening.sign_in.ways(opening.data, opening.names, server.address())?;
        let keyring = Keyring::open(Arc::clone(&house), ways)?;
        console.show_keyring(Arc::new(keyring), Providers::over(https.as_ref().clone()));
        let (closing, closed) = watch::channel(false);
        let address = server.address();
        let streaming = vedetta_api::live::run(api.clone(), until(closed.clone()));
        let calling = webhooks::run(
            Arc::clone(api.house()),
            https.clone(),
            (api.settings().webhook_networks.clone(), api.settings().webhook_troubles.clone()),
            until(closed.clone()),
        );
        let mesh = match &opening.meeting {
            Some(meeting) => Mesh::open(api.nodes(), meeting).await?,
            None => None,
        };
        mesh.iter().for_each(|mesh| api.show_links(mesh.links().clone()));
        let desk = opening.mail.desk(&house, opening.data)?;
        api.show_mail_desk(Arc::clone(&desk));
        let ways = Ways { mailer: opening.mail.mailer(&desk)?, caller: Some(https), gateway };
        let escalating = vedetta_callout::run(api.clone(), ways, until(closed.clone()));
        let shown = (renewal.shown(), Some(api.watch()));
        let mail = MailDoor::open(&desk, &opening.mail, shown).await?;
        let renewal = renewal.with_links(mesh.as_ref().map(Mesh::papers));
        let renewing = tokio::spawn(renewal.run(closed.clone()));
        let router = vedetta_api::router(&api);
        let minding = control(opening.data);
        let minding = minding.map(|socket| socket.serve(router.clone(), until(closed.clone())));
        let watching = vedetta_console::live::run(console.clone(), until(closed.clone()));
        let pages = vedetta_console::router(&console, router);
        let serving = server.serve(pages, until(closed));
        Ok(Self {
            address,
            authority: authority_pem,
            api,
            closing,
            serving: tokio::spawn(serving),
            streaming: tokio::spawn(streaming),
            calling: tokio::spawn(calling),
            watching: tokio::spawn(watching),
            escalating: tokio::spawn(escalating),
            mesh,
            mail,
            minding: minding.map(tokio::spawn),
            renewing,
        })
    }

    /// Where other nodes dial in, if they may.
    pub(crate) fn meets_at(&self) -> Option<SocketAddr> {
        self.mesh.as_ref().and_then(Mesh::address)
    }

    /// Where reports come in by mail, if they do.
    pub(crate) fn takes_mail_at(&self) -> Vec<SocketAddr> {
        self.mail.addresses.iter().map(|(_, address)| *address).collect()
    }

    /// Closes them: nothing more is accepted, answers under way end, deliveries are recorded.
    pub(crate) async fn close(self) {
        self.api.close();
        self.mail.close().await;
        if let Some(mesh) = self.mesh {
            mesh.close().await;
        }
        self.closing.send_replace(true);
        let tasks = [self.serving, self.streaming, self.calling, self.watching, self.escalating];
        for task in tasks.into_iter().chain([self.renewing]).chain(self.minding) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a door did not close as it should");
            }
        }
    }
}

/// The socket for the node's own commands. Without one they want the node stopped.
fn control(data: &Path) -> Option<ControlSocket> {
    let socket = ControlSocket::open(data);
    let told = socket.inspect_err(|error| {
        tracing::warn!(%error, "no control socket: import and issue want this node stopped");
    });
    told.ok()
}

/// What seals the tokens with which clients page, or people's forms: the same after a restart.
fn secret(house: &House, name: &str) -> Result<[u8; 32], Failure> {
    let secret = house
        .node_secret(name)
        .map_err(|error| Failure::system("reading the node's secrets", error))?;
    let mut octets = [0; 32];
    octets.iter_mut().zip(secret).for_each(|(place, octet)| *place = octet);
    Ok(octets)
}

/// The one who calls webhooks, trusting what the system trusts (`SSL_CERT_FILE` names another
/// file of authorities).
fn https() -> Result<webhooks::Https, Failure> {
    webhooks::Https::new(&authorities())
        .map_err(|error| Failure::system("securing webhooks", error))
}

/// The authorities that the system trusts, in PEM.
pub(crate) fn authorities() -> Vec<u8> {
    const DEBIAN: &str = "/etc/ssl/certs/ca-certificates.crt";
    let path = std::env::var_os("SSL_CERT_FILE").unwrap_or_else(|| DEBIAN.into());
    std::fs::read(&path).unwrap_or_else(|error| {
        let path = path.display();
        tracing::warn!(%path, %error, "no authorities to trust: nobody can be called by TLS");
        Vec::new()
    })
}

async fn until(mut closed: watch::Receiver<bool>) {
    // Whoever could close it is gone: that closes it too.
    let _gone = closed.wait_for(|closed| *closed).await;
}

/// Until somebody asks the process to end.
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _interrupted = interrupt.await;
        }
    }
}

/// Until the standard input ends.
pub(crate) async fn input_ends() {
    let (ended, end) = tokio::sync::oneshot::channel();
    // On a thread of its own: the runtime would wait for one of its own that waits for input.
    std::thread::spawn(move || {
        let _read = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _told = ended.send(());
    });
    let _ended = end.await;
}

/// The runtime of a command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::system("starting threads", error))
}

/// Structured logs to standard error; `RUST_LOG` chooses them.
pub(crate) fn log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Logs that were set up before stay as they are.
    let _already_set = match std::env::var_os("VEDETTA_LOG_JSON") {
        Some(_) => logs.json().try_init(),
        None => logs.try_init(),
    };
}
