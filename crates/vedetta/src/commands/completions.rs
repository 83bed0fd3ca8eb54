//! `vedetta completions SHELL`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::outcome::{Failure, Outcome};

/// Print the completions of a shell.
#[derive(Args)]
#[command(after_help = "Example:\n  vedetta completions bash > /etc/bash_completion.d/vedetta")]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut command = crate::Line::command();
        clap_complete::generate(self.shell, &mut command, "vedetta", &mut std::io::stdout());
        Ok(Outcome::Done)
    }
}
