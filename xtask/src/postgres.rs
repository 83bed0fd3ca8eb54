//! A PostgreSQL server for the tests: the one that is given, one that runs here, or a private one
//! that lives as long as the tests.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process;

/// The connection string that the tests read.
pub(crate) const VARIABLE: &str = "VEDETTA_TEST_POSTGRES";

const OLDEST: u32 = 150_000;
/// Its folder's name, before the number of the process that owns it.
const PLACE: &str = "vedetta-test-postgres-";
const READY: &str = "database system is ready to accept connections";

/// Where the tests find PostgreSQL.
pub(crate) enum Server {
    /// Somebody else's server.
    Running(String),
    /// Ours, stopped when dropped.
    Private(Cluster),
    /// None; the reason is for people.
    Absent(String),
}

/// Whether what a private server has answered outlasts a loss of power.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// It does not need to: tests throw it away.
    Fleeting,
    /// As a server is by itself: measurements count on it.
    Durable,
}

impl Server {
    /// Looks for a server, and starts one when there is none.
    pub(crate) fn find(writes: Writes) -> Self {
        if let Some(connection) = given() {
            return Self::Running(connection);
        }
        if let Some(connection) = running() {
            return Self::Running(connection);
        }
        let Some(binaries) = binaries() else {
            return Self::Absent("PostgreSQL is not installed: apt-get install postgresql".into());
        };
        match Cluster::start(&binaries, writes) {
            Ok(cluster) => Self::Private(cluster),
            Err(reason) => Self::Absent(format!("a private cluster did not start: {reason}")),
        }
    }

    /// The connection string, when there is a server.
    pub(crate) fn connection(&self) -> Option<String> {
        match self {
            Self::Running(connection) => Some(connection.clone()),
            Self::Private(cluster) => Some(cluster.connection("test")),
            Self::Absent(_) => None,
        }
    }
}

/// The connection string in the environment.
pub(crate) fn given() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|text| !text.is_empty())
}

/// The newest server programs installed here.
pub(crate) fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| *version >= OLDEST / 10_000)
        .max()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    newest
        .or_else(|| Some(process::find("initdb")?.parent()?.to_path_buf()))
        .filter(|place| place.join("initdb").is_file())
}

fn running() -> Option<String> {
    let psql = process::find("psql").or_else(|| Some(binaries()?.join("psql")))?;
    ["127.0.0.1", "/var/run/postgresql"]
        .iter()
        .map(|host| format!("host={host} port=5432 user=postgres dbname=test"))
        .find(|connection| answers(&psql, connection))
}

fn answers(psql: &Path, connection: &str) -> bool {
    let query = ["-w", "-X", "-t", "-A", "-c", "show server_version_num"];
    let connection = format!("{connection} connect_timeout=3");
    let version = process::capture(Command::new(psql).arg(connection).args(query));
    version.is_ok_and(|text| text.trim().parse::<u32>().is_ok_and(|version| version >= OLDEST))
}

/// A throw-away cluster on a free port.
pub(crate) struct Cluster {
    binaries: PathBuf,
    place: PathBuf,
    port: u16,
    owner: Option<(u32, u32)>,
    server: Option<Child>,
}

impl Cluster {
    fn start(binaries: &Path, writes: Writes) -> Result<Self, String> {
        let temporary = std::env::temp_dir();
        sweep(&temporary);
        let place = temporary.join(format!("{PLACE}{}", std::process::id()));
        std::fs::create_dir(&place).map_err(|error| format!("{}: {error}", place.display()))?;
        let owner = unprivileged()?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&place, Some(user), Some(group))
                .map_err(|error| format!("{}: {error}", place.display()))?;
        }
        let mut cluster =
            Self { binaries: binaries.into(), place, port: free_port()?, owner, server: None };
        cluster.initialise()?;
        cluster.serve(writes)?;
        let database = cluster.connection("postgres");
        process::capture(cluster.program("psql").args([&database, "-c", "create database test"]))?;
        Ok(cluster)
    }

    fn connection(&self, database: &str) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.port)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(&self.place).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.place.join("data")
    }

    fn initialise(&self) -> Result<(), String> {
        let mut initdb = self.program("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "-D"]);
        process::capture(initdb.arg(self.data())).map(|_| ())
    }

    /// Starts the server and waits for its own word that it is ready. It shares our process group,
    /// so that an interruption from the keyboard stops it too.
    fn serve(&mut self, writes: Writes) -> Result<(), String> {
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data()).arg("-k").arg(&self.place);
        postgres.args(["-p", &self.port.to_string(), "-h", "127.0.0.1"]);
        postgres.args(["-c", "max_connections=200"]);
        if writes == Writes::Fleeting {
            postgres.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        let mut server =
            postgres.stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let log = server.stderr.take();
        self.server = Some(server);
        let mut lines = BufReader::new(log.ok_or("the server has no log")?).lines();
        let mut said = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            if line.contains(READY) {
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(());
            }
            said.push(line);
        }
        Err(said.join("\n"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let mut stop = self.program("pg_ctl");
            stop.args(["stop", "-s", "-m", "immediate", "-D"]).arg(self.data());
            if let Err(reason) = process::capture(&mut stop) {
                eprintln!("the private PostgreSQL did not stop: {reason}");
                server.kill().ok();
            }
            server.wait().ok();
        }
        std::fs::remove_dir_all(&self.place).ok();
    }
}

/// Removes what interrupted runs have left.
fn sweep(temporary: &Path) {
    for entry in temporary.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PLACE));
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            std::fs::remove_dir_all(entry.path()).ok();
        }
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// PostgreSQL refuses to run as root: then it runs as the user its package made.
fn unprivileged() -> Result<Option<(u32, u32)>, String> {
    use std::os::unix::fs::MetadataExt;
    let me = Path::new("/proc/self").metadata().map_err(|error| error.to_string())?;
    if me.uid() != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").map_err(|error| error.to_string())?;
    let user = ["postgres", "nobody"].iter().find_map(|name| identity(&users, name));
    user.map(Some).ok_or_else(|| "there is no user `postgres` to run it as".into())
}

fn identity(users: &str, name: &str) -> Option<(u32, u32)> {
    let row = users.lines().find(|row| row.split(':').next() == Some(name))?;
    let mut fields = row.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::identity;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users = "post:x:1:1::/:\npostgres:x:105:113:PostgreSQL:/var/lib/postgresql:/bin/sh\n";
        assert_eq!(identity(users, "postgres"), Some((105, 113)));
        assert_eq!(identity(users, "nobody"), None);
    }
}
