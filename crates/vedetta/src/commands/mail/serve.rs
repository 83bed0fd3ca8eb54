//! `vedetta mail serve`.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use vedetta_model::Clock as _;
use vedetta_smtp::Protocol;

use crate::certificates::Authority;
use crate::doors::{asked_to_end, log, runtime};
use crate::mail_door::{MailDoor, UNHEARD, UNSIGNED};
use crate::node::{Configuration, NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::renewal::Renewal;
use crate::system::SystemClock;

/// Run the mail desk alone: its doors for mail, and nothing else of the node.
///
/// `vedetta serve` runs it with everything else. What is not given here is as the configuration
/// says (`[mail]` in vedetta.toml). Ends cleanly on Ctrl-C or SIGTERM.
#[derive(Args)]
#[command(
    after_help = "Example:\n  vedetta mail serve --data ./node --mailbox segnalazioni@example.org --smtp 127.0.0.1:2525 --relay 127.0.0.1:25\n  swaks --server 127.0.0.1:2525 --from ada@comune.example --to segnalazioni@example.org --attach-type message/rfc822 --attach @suspect.eml"
)]
pub(crate) struct Serve {
    #[command(flatten)]
    node: NodeArgs,
    /// Where to take reports by SMTP.
    #[arg(long, value_name = "ADDRESS")]
    smtp: Option<SocketAddr>,
    /// Where to take reports by LMTP.
    #[arg(long, value_name = "ADDRESS")]
    lmtp: Option<SocketAddr>,
    /// The address that reports are sent to.
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<String>,
    /// The relay that answers are given to.
    #[arg(long, value_name = "ADDRESS")]
    relay: Option<SocketAddr>,
    /// A mail system whose `Authentication-Results` are believed; may be repeated.
    #[arg(long = "receiver", value_name = "NAME")]
    receivers: Vec<String>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        log();
        let configuration = Configuration::read(&self.node.data)?;
        let mut mail = configuration.mail.clone();
        mail.smtp = self.smtp.or(mail.smtp);
        mail.lmtp = self.lmtp.or(mail.lmtp);
        mail.mailbox = self.mailbox.or(mail.mailbox);
        mail.relay = self.relay.or(mail.relay);
        if !self.receivers.is_empty() {
            mail.receivers = self.receivers;
        }
        if mail.smtp.is_none() && mail.lmtp.is_none() {
            return Err(Failure::Usage(
                "no door for mail: give --smtp or --lmtp, or mail.smtp in vedetta.toml".into(),
            ));
        }
        let house = Arc::new(self.node.house(Use::Write)?);
        let desk = mail.desk(&house, &self.node.data)?;
        let now = SystemClock.now();
        let authority = Authority::open(&self.node.data, now.micros() / 1_000_000)?;
        let renewal = Renewal::begin(authority, &configuration.names, now)?;
        runtime()?.block_on(async {
            let door = MailDoor::open(&desk, &mail, (renewal.shown(), None)).await?;
            let (close, closed) = tokio::sync::watch::channel(false);
            let renewing = tokio::spawn(renewal.run(closed));
            for (protocol, address) in &door.addresses {
                let protocol = match protocol {
                    Protocol::Smtp => "SMTP",
                    Protocol::Lmtp => "LMTP",
                };
                println!("taking reports by {protocol} on {address}");
            }
            if mail.relay.is_none() {
                println!("answers wait: give --relay, or mail.relay in vedetta.toml");
            } else if desk.settings().is_unsigned() {
                println!("{UNSIGNED}");
            }
            if mail.incidents.is_some() {
                println!("{UNHEARD}");
            }
            asked_to_end().await;
            close.send_replace(true);
            door.close().await;
            renewing.await.map_err(|error| Failure::system("renewing certificates", error))?;
            println!("closed");
            Ok(Outcome::Done)
        })
    }
}
