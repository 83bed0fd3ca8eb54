//! `vedetta mail`: the mail desk, a command each.

mod serve;

use clap::{Args, Subcommand};
use vedetta_offline::mail_check::Check;

use crate::outcome::{Failure, Outcome};

/// Look at suspicious messages.
#[derive(Args)]
#[command(after_help = "Example:\n  vedetta mail check suspect.eml")]
pub(crate) struct Mail {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a message is: offline, nothing is opened, fetched or run.
    Check(Check),
    /// Run the mail desk alone: take reports, send answers.
    Serve(serve::Serve),
}

impl Mail {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self.command {
            Command::Check(command) => {
                let json = command.is_json();
                let tell = |fault| {
                    let failure = Failure::from(fault);
                    eprintln!("vedetta: {failure}");
                    if json {
                        failure.refusal().print(failure.exit());
                    }
                };
                Ok(command.run(&tell)?.into())
            }
            Command::Serve(command) => command.run(),
        }
    }
}
