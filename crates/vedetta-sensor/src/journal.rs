//! The journal of systemd, followed by `journalctl` from where it was left.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::error::SensorError;
use crate::kept;
use crate::lines::Lines;
use crate::listen::Sink;

/// Where the journal was left.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Left {
    cursor: Option<String>,
}

/// The program that reads the journal.
const PROGRAM: &str = "journalctl";
/// How long until it is tried again when it has ended.
const AGAIN: Duration = Duration::from_secs(5);
/// How often it is written down where the journal stands.
const KEEP: Duration = Duration::from_secs(1);
const BUFFER: usize = 1 << 16;

/// Follows the journal, or some units of it, for as long as it is polled.
pub(crate) async fn follow(
    units: &[String],
    directory: &Path,
    sink: &Sink,
) -> Result<(), SensorError> {
    let path = directory.join("journal.json");
    loop {
        let left: Left = kept::get(&path)?.unwrap_or_default();
        let mut child = start(units, left.cursor.as_deref())?;
        let ended = match child.stdout.take() {
            Some(stdout) => take(stdout, &path, sink).await,
            None => Ok(()),
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "the journal cannot be read; trying again");
        }
        let _killed = child.kill().await;
        tokio::time::sleep(AGAIN).await;
    }
}

fn start(units: &[String], cursor: Option<&str>) -> Result<Child, SensorError> {
    let mut command = Command::new(PROGRAM);
    command.args(["--follow", "--output=json", "--no-pager", "--lines=all"]);
    command.args(cursor.map(|cursor| format!("--after-cursor={cursor}")));
    command.args(units.iter().map(|unit| format!("--unit={unit}")));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().map_err(|error| SensorError::Node {
        address: "journal".into(),
        reason: format!("{PROGRAM} cannot be run ({error}); install systemd, or read files"),
    })
}

/// Takes what the journal says until it ends.
async fn take(mut from: impl AsyncRead + Unpin, path: &Path, sink: &Sink) -> io::Result<()> {
    let (mut lines, mut buffer, mut kept_at) = (Lines::default(), vec![0; BUFFER], Instant::now());
    let mut cursor = None;
    loop {
        let read = tokio::time::timeout(KEEP, from.read(&mut buffer)).await;
        if let Ok(length) = read {
            let length = length?;
            if length == 0 {
                return Ok(());
            }
            let mut whole = Vec::new();
            lines.take(buffer.get(..length).unwrap_or_default(), &mut |line, _| {
                whole.extend_from_slice(line);
                whole.push(b'\n');
            });
            sink.wait_and_put(&whole).await?;
            cursor = last_cursor(&whole).or(cursor);
        }
        if kept_at.elapsed() >= KEEP && cursor.is_some() {
            kept_at = Instant::now();
            let left = Left { cursor: cursor.take() };
            kept::put(path, &left).map_err(io::Error::other)?;
        }
    }
}

/// Where the last of some records stands in the journal.
fn last_cursor(lines: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Record {
        #[serde(rename = "__CURSOR")]
        cursor: String,
    }
    let line = lines.split(|it| *it == b'\n').rfind(|line| !line.is_empty())?;
    serde_json::from_slice::<Record>(line).ok().map(|it| it.cursor)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spool;

    #[tokio::test]
    async fn what_was_taken_is_kept_with_where_the_journal_stands() {
        let directory = tempfile::tempdir().unwrap();
        let (writer, mut reader) =
            spool::open(&directory.path().join("s"), (4 << 20, spool::Numbered::ByPlace), None)
                .unwrap();
        let sink = Sink::new(writer, Arc::default());
        let path = directory.path().join("journal.json");
        let (mut ours, theirs) = tokio::io::duplex(1 << 10);
        let taking = take(theirs, &path, &sink);
        let saying = async {
            use tokio::io::AsyncWriteExt as _;
            for n in 0..3 {
                let record = format!("{{\"__CURSOR\":\"s={n}\",\"MESSAGE\":\"é\"}}\n");
                for part in record.as_bytes().chunks(5) {
                    ours.write_all(part).await.unwrap();
                }
            }
            loop {
                tokio::task::yield_now().await;
                if let Some(left) = kept::get::<Left>(&path).unwrap()
                    && left.cursor.as_deref() == Some("s=2")
                {
                    break;
                }
            }
            drop(ours);
        };
        let (taken, ()) = tokio::join!(taking, saying);
        taken.unwrap();
        let mut seen = 0;
        reader.read(&mut |line, _| seen += usize::from(line.ends_with("é\"}".as_bytes()))).unwrap();
        assert_eq!(seen, 3);
    }
}
