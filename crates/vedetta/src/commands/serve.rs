//! `vedetta serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use vedetta_api::Settings;

use crate::doors::{Doors, Opening, asked_to_end, input_ends, log, runtime};
use crate::mesh::Meeting;
use crate::node::{Configuration, NodeArgs, Use, listen};
use crate::outcome::{Failure, Outcome};
use crate::watch::Watched;

/// Run the node.
///
/// Ends cleanly on Ctrl-C or SIGTERM. `RUST_LOG` chooses the logs, `VEDETTA_LOG_JSON=1` makes them
/// JSON lines.
#[derive(Args)]
#[command(
    after_help = "Example:\n  vedetta serve --data ./node --listen 127.0.0.1:8443 --watch ./inbox"
)]
pub(crate) struct Serve {
    #[command(flatten)]
    node: NodeArgs,
    /// Where to listen, instead of what the configuration says.
    #[arg(long, value_name = "ADDRESS", value_parser = crate::node::listen)]
    listen: Option<SocketAddr>,
    /// A directory whose STIX (.json) and indicator tables (.csv) are taken in as they appear,
    /// instead of what the configuration says.
    #[arg(long, value_name = "DIR")]
    watch: Option<PathBuf>,
    /// End as well when the standard input does: whoever started it is gone.
    #[arg(long, hide = true)]
    attended: bool,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        log();
        let configuration = Configuration::read(&self.node.data)?;
        let listen = match self.listen {
            Some(listen) => listen,
            None => listen(&configuration.listen).map_err(|why| {
                let said = &configuration.listen;
                Failure::Usage(format!("vedetta.toml: listen {said:?} is not address:port; {why}"))
            })?,
        };
        let webhook_networks = configuration.inner_networks()?;
        let meeting = Meeting::of(&configuration, &self.node.data)?;
        let house = Arc::new(self.node.house(Use::Write)?);
        runtime()?.block_on(async {
            let opening = Opening {
                data: &self.node.data,
                listen,
                names: &configuration.names,
                settings: Settings {
                    title: configuration.title(&house),
                    contact: configuration.contact.clone(),
                    webhook_networks,
                    octets_a_day: configuration.octets_a_day,
                    decay: Arc::clone(&configuration.decay),
                    papers: meeting.papers.clone(),
                    gateway: configuration.gateway()?,
                    ..Settings::default()
                },
                meeting: Some(meeting),
                mail: configuration.mail.clone(),
                sign_in: configuration.sign_in.clone(),
            };
            let watch = self.watch.as_ref().or(configuration.watch.as_ref());
            let watched = watch.map(|it| Watched::new(it, Arc::clone(&house))).transpose()?;
            let doors = Doors::open(house, opening).await?;
            let (close, closed) = tokio::sync::watch::channel(false);
            let watching = watched.map(|it| tokio::spawn(it.run(closed)));
            if let Some(address) = doors.meets_at() {
                println!("meeting other nodes on {address}");
            }
            for address in doors.takes_mail_at() {
                println!("taking reports by mail on {address}");
            }
            println!("listening on https://{}", doors.address);
            if vedetta_console::PLAIN {
                tracing::warn!(
                    "its pages are plain: `cargo xtask assets` was not run before the build"
                );
            }
            tokio::select! {
                () = asked_to_end() => {}
                () = input_ends(), if self.attended => {}
            }
            close.send_replace(true);
            if let Some(watching) = watching
                && let Err(error) = watching.await
            {
                tracing::error!(%error, "the watched directory was not left as it should");
            }
            doors.close().await;
            println!("closed");
            Ok(Outcome::Done)
        })
    }
}
