//! `vedetta bench import`: a file of indicators taken in, by the way of `vedetta import`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use vedetta_client::{Connection, Node};
use vedetta_flow::House;
use vedetta_intake::Arrival;
use vedetta_model::Entropy;
use vedetta_store::Store;
use vedetta_store_postgres::PostgresStore;
use vedetta_store_sqlite::SqliteStore;

use super::Style;
use super::scene::{self, Indicators};
use crate::commands::import::bring_stix;
use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use crate::progress::{Progress, length};
use crate::system::{Stopwatch, SystemEntropy};

/// A file of indicators taken in: read, validated, cleared for the whole network, durable.
///
/// The indicators are distinct and of about 500 bytes each. The time is from opening the file until
/// the last of them is on the disk; the memory is the peak of the process (with PostgreSQL, without
/// its server). Then the ledger is opened again, and its doors, until `/ready` answers.
#[derive(Args)]
pub(crate) struct Import {
    /// Indicators in the file.
    #[arg(long, default_value_t = 1_000_000)]
    objects: u64,
    /// The ledger.
    #[arg(long, value_enum, default_value = "sqlite")]
    store: Engine,
    /// A PostgreSQL server, in a schema that is made for the measurement and dropped after it;
    /// without it the one on this machine, as postgres in its database test.
    #[arg(long, env = "VEDETTA_TEST_POSTGRES", value_name = "URL", hide_env_values = true)]
    postgres: Option<String>,
    /// Keep the SQLite ledger in this directory, e.g. for `vedetta bench taxii --ledger`.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Where a server of this machine is found, as the tests find it.
const USUAL: [&str; 2] = [
    "host=127.0.0.1 port=5432 user=postgres dbname=test",
    "host=/var/run/postgresql port=5432 user=postgres dbname=test",
];

/// What keeps the ledger.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// A file of the process's own.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where a ledger is opened, again and again.
enum Place {
    Sqlite(PathBuf),
    Postgres(Schema),
}

/// A schema that goes with this value.
struct Schema {
    url: String,
    name: String,
}

impl Import {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("import")?;
        let report = self.measure(data.path());
        drop(data);
        super::print(&report?, Style::of(&self.json));
        Ok(Outcome::Done)
    }

    fn measure(&self, data: &Path) -> Result<Value, Failure> {
        let file = data.join("indicators.json");
        write_file(&file, self.objects)
            .map_err(|error| Failure::system(file.display().to_string(), error))?;
        let size = length(&file);
        let place = self.place(data)?;
        let house = scene::found(place.open()?)?;
        let watch = Stopwatch::start();
        let accepted = bring(&house, &file)?;
        let took = watch.read();
        drop(house);
        let rss = super::peak_mib();
        let opening = Stopwatch::start();
        let house = scene::open(place.open()?)?;
        let opened = opening.read();
        let ready = runtime()?.block_on(ready(house, data, &opening))?;
        if accepted < self.objects {
            let reason = format!("{accepted} of {} indicators were accepted", self.objects);
            return Err(Failure::system("the measurement", reason));
        }
        Ok(json!({
            "store": self.store.to_possible_value().map(|it| it.get_name().to_owned()),
            "objects": accepted,
            "bytes_each": size / self.objects.max(1),
            "seconds": super::rounded(took.as_secs_f64()),
            "objects_per_s": (accepted as f64 / took.as_secs_f64()).round(),
            "rss_mib": rss,
            "opened_ms": super::millis(opened),
            "ready_ms": super::millis(ready),
        }))
    }

    fn place(&self, data: &Path) -> Result<Place, Failure> {
        if self.store == Engine::Sqlite {
            let directory = self.keep.clone().unwrap_or_else(|| data.join("ledger"));
            std::fs::create_dir_all(&directory)
                .map_err(|error| Failure::system(directory.display().to_string(), error))?;
            return Ok(Place::Sqlite(directory));
        }
        let url = server(self.postgres.as_deref(), answers)?;
        let mut random = [0; 4];
        SystemEntropy.fill(&mut random);
        let name = format!("vedetta_bench_{:08x}", u32::from_be_bytes(random));
        Ok(Place::Postgres(Schema { url, name }))
    }
}

/// The server that is given, or the first of the usual ones that answers.
fn server(
    given: Option<&str>,
    answers: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Failure> {
    if let Some(given) = given.filter(|url| !url.is_empty()) {
        return Ok(given.to_owned());
    }
    let mut silent = Vec::new();
    for usual in USUAL {
        match answers(usual) {
            Ok(()) => return Ok(usual.to_owned()),
            Err(reason) => silent.push(format!("{usual}: {reason}")),
        }
    }
    let (silent, advice) = (silent.join(", "), "name one with --postgres or VEDETTA_TEST_POSTGRES");
    Err(Failure::Usage(format!("no PostgreSQL server answers ({silent}); {advice}")))
}

fn answers(url: &str) -> Result<(), String> {
    let client = postgres::Client::connect(&format!("{url} connect_timeout=3"), postgres::NoTls);
    client.map(drop).map_err(|error| error.to_string())
}

impl Place {
    fn open(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(match self {
            Self::Sqlite(directory) => Arc::new(SqliteStore::open(directory)?),
            Self::Postgres(schema) => {
                Arc::new(PostgresStore::open(&schema.url, Some(&schema.name))?)
            }
        })
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let dropped = postgres::Client::connect(&self.url, postgres::NoTls).and_then(|mut it| {
            it.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.name))
        });
        if let Err(error) = dropped {
            eprintln!("vedetta: the schema {} is still there ({error}); drop it", self.name);
        }
    }
}

fn write_file(path: &Path, objects: u64) -> std::io::Result<()> {
    let progress = Progress::octets(objects.saturating_mul(scene::OCTETS_EACH));
    progress.step("writing the file");
    let file = progress.writing(std::fs::File::create(path)?);
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random);
    let id = uuid::Builder::from_random_bytes(random).into_uuid();
    let head = format!("\"type\":\"bundle\",\"id\":\"bundle--{id}\",");
    Indicators::new().write(&mut file, &head, objects)?;
    file.flush()
}

/// Opens the doors, and asks over TLS whether the node can serve: how long since the beginning.
async fn ready(house: Arc<House>, data: &Path, since: &Stopwatch) -> Result<Duration, Failure> {
    let doors = scene::doors(house, data).await?;
    let asking = async {
        let node = Node::at(doors.address, &doors.authority)?;
        let stream = node.connect().await?;
        let mut connection = Connection::over(stream, &doors.address.to_string(), "").await?;
        connection.get("/ready").await?.wanted(200)
    };
    let (answered, took) = (asking.await, since.read());
    doors.close().await;
    answered.map(|_| took).map_err(|error| Failure::system("asking whether it is ready", error))
}

/// How many were accepted.
fn bring(house: &House, file: &Path) -> Result<u64, Failure> {
    let keeper = scene::keeper(house)?;
    let mut accepted = 0;
    let as_read = |arrival| arrival;
    let progress = Progress::octets(2 * length(file));
    bring_stix(file, &progress, as_read, |arrival: Arrival| {
        accepted += house.accept(&keeper, arrival)?.accepted.len() as u64;
        Ok(())
    })?;
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_of_this_machine_is_found_unless_another_is_given() {
        let none = |_: &str| Err("connection refused".to_owned());
        assert_eq!(server(Some("host=db.example"), none).unwrap(), "host=db.example");
        let second = |url: &str| if url == USUAL[1] { Ok(()) } else { Err("no".into()) };
        assert_eq!(server(Some(""), second).unwrap(), USUAL[1]);
        assert_eq!(server(None, |_| Ok(())).unwrap(), USUAL[0]);
        let refusal = server(None, none).unwrap_err().refusal();
        assert!(USUAL.iter().all(|url| refusal.detail.contains(url)), "{}", refusal.detail);
        assert!(refusal.what_to_do.unwrap().contains("--postgres"));
    }
}
