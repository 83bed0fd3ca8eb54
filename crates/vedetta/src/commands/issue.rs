//! `vedetta issue`.

use std::path::PathBuf;

use clap::Args;
use vedetta_flow::actions::manage_accounts::Certificate;
use vedetta_model::{AccountId, Clock, OrganisationId};

use crate::certificates::{Authority, MACHINE_DAYS, write_secret};
use crate::node::{Configuration, NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::system::SystemClock;

/// Issue a certificate to a machine.
///
/// Writes ACCOUNT.pem, ACCOUNT.key and ca.pem: what a client needs for mutual TLS. Stop the node
/// first when its ledger is on SQLite.
#[derive(Args)]
#[command(
    after_help = "Example:\n  vedetta issue --account siem.perugia --out ./siem --data ./node"
)]
pub(crate) struct Issue {
    #[command(flatten)]
    node: NodeArgs,
    /// The machine's account.
    #[arg(long)]
    account: AccountId,
    /// Where to write.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

impl Issue {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let configuration = Configuration::read(&self.node.data)?;
        let house = self.node.house(Use::Write)?;
        let now = SystemClock.now();
        let seconds = now.micros() / 1_000_000;
        let authority = Authority::open(&self.node.data, seconds)?;
        let pair = authority.machine(self.account.as_str(), seconds)?;
        let organisation = OrganisationId::new(&configuration.organisation)
            .map_err(|error| Failure::Usage(format!("vedetta.toml, organisation: {error}")))?;
        let keeper = house.keeper(&organisation).ok_or_else(|| {
            Failure::Usage(format!("vedetta.toml: no organisation {organisation} in the directory"))
        })?;
        let lasts = std::time::Duration::from_secs(MACHINE_DAYS.unsigned_abs() * 86_400);
        house.tie_certificate(
            &keeper,
            &Certificate {
                fingerprint: pair.fingerprint()?,
                account: self.account.clone(),
                expires: now.after(lasts),
            },
        )?;
        self.write(&pair.certificate, &pair.key, authority.certificate())?;
        Ok(Outcome::Done)
    }

    fn write(&self, certificate: &str, key: &str, authority: &str) -> Result<(), Failure> {
        let out = &self.out;
        std::fs::create_dir_all(out)
            .map_err(|error| Failure::system(out.display().to_string(), error))?;
        write_secret(&out.join(format!("{}.key", self.account)), key)?;
        for (name, text) in
            [(format!("{}.pem", self.account), certificate), ("ca.pem".into(), authority)]
        {
            let path = out.join(name);
            std::fs::write(&path, text)
                .map_err(|error| Failure::system(path.display().to_string(), error))?;
            println!("{}", path.display());
        }
        Ok(())
    }
}
