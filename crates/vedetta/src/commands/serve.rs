//! `vedetta serve`.

use clap::Args;

use crate::node::NodeArgs;
use crate::outcome::{Failure, Outcome};

/// Run the node.
#[derive(Args)]
#[command(after_help = "Example:\n  vedetta serve --data ./node")]
pub(crate) struct Serve {
    #[command(flatten)]
    node: NodeArgs,
    /// Where to listen, instead of what the configuration says.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<std::net::SocketAddr>,
}

impl Serve {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let _ = (&self.node, self.listen);
        Err(Failure::Usage("not yet".into()))
    }
}
