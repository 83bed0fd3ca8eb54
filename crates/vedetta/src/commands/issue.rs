//! `vedetta issue`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use vedetta_flow::actions::manage_accounts::Certificate;
use vedetta_model::{AccountId, Clock};

use crate::certificates::{Authority, MACHINE_DAYS, write_secret};
use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::reach::node_or_ledger;
use crate::system::SystemClock;

/// Issue a certificate to a machine.
///
/// Writes ACCOUNT.pem, ACCOUNT.key and ca.pem: what a client needs for mutual TLS. The node may be
/// running.
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
    /// Answer in JSON: `account`, `fingerprint`, `expires`, `files`.
    #[arg(long)]
    json: bool,
}

impl Issue {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        std::fs::create_dir_all(&self.out)
            .map_err(|error| Failure::system(self.out.display().to_string(), error))?;
        let mut node = node_or_ledger(&self.node, Use::Write)?;
        let now = SystemClock.now();
        let seconds = now.micros() / 1_000_000;
        let authority = Authority::open(&self.node.data, seconds)?;
        let pair = authority.machine(self.account.as_str(), seconds)?;
        let lasts = std::time::Duration::from_secs(MACHINE_DAYS.unsigned_abs() * 86_400);
        let (fingerprint, account) = (pair.fingerprint()?, self.account.clone());
        let certificate = Certificate { fingerprint, account, expires: now.after(lasts) };
        node.put(&format!("/api/v1/certificates/{}", certificate.fingerprint), &certificate)?;
        let files = self.write(&pair.certificate, &pair.key, authority.certificate())?;
        if self.json {
            let Certificate { fingerprint, account, expires } = certificate;
            println!(
                "{}",
                json!({ "account": account, "fingerprint": fingerprint, "expires": expires, "files": files })
            );
        } else {
            files.iter().for_each(|file| println!("{file}"));
        }
        Ok(Outcome::Done)
    }

    /// Writes the three; where.
    fn write(&self, certificate: &str, key: &str, authority: &str) -> Result<Vec<String>, Failure> {
        let place = |name: String| self.out.join(name);
        let secret = place(format!("{}.key", self.account));
        write_secret(&secret, key)?;
        let mut files = Vec::new();
        for (name, text) in
            [(format!("{}.pem", self.account), certificate), ("ca.pem".into(), authority)]
        {
            let path = place(name);
            std::fs::write(&path, text)
                .map_err(|error| Failure::system(path.display().to_string(), error))?;
            files.push(path.display().to_string());
        }
        files.push(secret.display().to_string());
        Ok(files)
    }
}
