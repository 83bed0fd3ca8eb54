//! `vedetta playbook`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_desk::cacao;

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::reach::{Reached, node_or_ledger, plain};

/// Playbooks in CACAO 2.0: check, import, export, list.
#[derive(Args)]
#[command(after_help = "Examples:
  vedetta playbook check ./ransomware.json
  vedetta playbook import ./ransomware.json --data ./node
  vedetta playbook list --data ./node
  vedetta playbook export playbook--… > ./ours.json")]
pub(crate) struct Playbook {
    #[command(subcommand)]
    what: What,
    /// The node's data directory.
    #[arg(
        long,
        global = true,
        env = "VEDETTA_DATA",
        value_name = "DIR",
        default_value = "vedetta-data"
    )]
    data: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Say what is wrong with playbooks, by object and property. Needs no node.
    #[command(after_help = "Example:\n  vedetta playbook check ./ransomware.json")]
    Check {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Take playbooks in: new ones, or newer versions.
    #[command(after_help = "Example:\n  vedetta playbook import ./ransomware.json --data ./node")]
    Import {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print one as CACAO writes it.
    #[command(after_help = "Example:\n  vedetta playbook export playbook--… > ./ours.json")]
    Export {
        /// Its identifier.
        playbook: String,
    },
    /// Show the playbooks of the node, and how they stand.
    #[command(after_help = "Example:\n  vedetta playbook list --data ./node")]
    List,
}

impl Playbook {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        if let What::Check { files } = &self.what {
            return self.check(files);
        }
        let usage = if matches!(self.what, What::Import { .. }) { Use::Write } else { Use::Read };
        let mut node = node_or_ledger(&NodeArgs { data: self.data.clone() }, usage)?;
        match &self.what {
            What::Import { files } => {
                files.iter().try_for_each(|file| self.import(&mut node, file))?;
            }
            What::Export { playbook } => {
                let path = format!("/api/v1/playbooks/{}/cacao", plain(playbook));
                let text: Value = node.get(&path)?;
                println!("{text:#}");
            }
            _ => self.list(&mut node)?,
        }
        Ok(Outcome::Done)
    }

    fn check(&self, files: &[PathBuf]) -> Result<Outcome, Failure> {
        let mut faulty = 0;
        for file in files {
            let reading = cacao::read(&read(file)?);
            let name = file.display();
            faulty += usize::from(reading.playbook.is_none());
            if self.json {
                let (faults, remarks) = (&reading.faults, &reading.remarks);
                println!(
                    "{}",
                    json!({ "file": name.to_string(), "faults": faults, "remarks": remarks })
                );
                continue;
            }
            match &reading.playbook {
                Some(playbook) => println!("{name}: {}: sound", playbook.name),
                None => reading.faults.iter().for_each(|fault| println!("{name}: {fault}")),
            }
            reading.remarks.iter().for_each(|it| println!("{name}: remark: {it}"));
        }
        match faulty {
            0 => Ok(Outcome::Done),
            faulty => Err(Failure::refused(format!(
                "{faulty} of {} playbooks would not be taken; mend what is named above",
                files.len()
            ))),
        }
    }

    fn import(&self, node: &mut Reached, file: &Path) -> Result<(), Failure> {
        let octets = read(file)?;
        let playbook: Value = serde_json::from_slice(&octets)
            .map_err(|error| Failure::input(file.display().to_string(), error))?;
        let view: Value = node.post("/api/v1/playbooks", &playbook)?;
        if self.json {
            println!("{}", json!({ "id": view["id"], "version": view["version"] }));
        } else {
            println!("{}: {}", text(&view["id"]), text(&view["name"]));
        }
        Ok(())
    }

    fn list(&self, node: &mut Reached) -> Result<(), Failure> {
        let list: Value = node.get("/api/v1/playbooks")?;
        if self.json {
            println!("{list}");
            return Ok(());
        }
        for it in list["playbooks"].as_array().into_iter().flatten() {
            let (id, standing, name) = (text(&it["id"]), text(&it["standing"]), text(&it["name"]));
            println!("{id}  {standing:<9}{name}");
        }
        Ok(())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::input(file.display().to_string(), error))
}
