//! `vedetta serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use vedetta_api::{Settings, webhooks};

use crate::doors::{Doors, Opening, asked_to_end, log, runtime};
use crate::node::{Configuration, NodeArgs, Use};
use crate::outcome::{Failure, Outcome};

/// Run the node.
///
/// Ends cleanly on Ctrl-C or SIGTERM. `RUST_LOG` chooses the logs, `VEDETTA_LOG_JSON=1` makes them
/// JSON lines.
#[derive(Args)]
#[command(after_help = "Example:\n  vedetta serve --data ./node --listen 127.0.0.1:8443")]
pub(crate) struct Serve {
    #[command(flatten)]
    node: NodeArgs,
    /// Where to listen, instead of what the configuration says.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        log();
        let configuration = Configuration::read(&self.node.data)?;
        let listen = match self.listen {
            Some(listen) => listen,
            None => configuration.listen.parse().map_err(|_| {
                let listen = &configuration.listen;
                Failure::Usage(format!("vedetta.toml: listen {listen:?} is not address:port"))
            })?,
        };
        let webhook_networks = webhooks::Inner::read(&configuration.webhook_networks)
            .map_err(|error| Failure::Usage(format!("vedetta.toml: webhook_networks: {error}")))?;
        let house = Arc::new(self.node.house(Use::Write)?);
        runtime()?.block_on(async {
            let opening = Opening {
                data: &self.node.data,
                listen,
                names: &configuration.names,
                settings: Settings {
                    title: configuration.organisation.clone(),
                    webhook_networks,
                    ..Settings::default()
                },
            };
            let doors = Doors::open(house, opening).await?;
            println!("listening on https://{}", doors.address);
            asked_to_end().await;
            doors.close().await;
            println!("closed");
            Ok(Outcome::Done)
        })
    }
}
