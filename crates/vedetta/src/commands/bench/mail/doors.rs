//! From the moment a report is accepted by SMTP to the moment the relay has its answer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use vedetta_api::Shown;
use vedetta_demo::forwarded;
use vedetta_model::Clock as _;
use vedetta_store_sqlite::SqliteStore;

use crate::certificates::Authority;
use crate::commands::bench::{Times, scene, scratch};
use crate::doors::runtime;
use crate::mail_door::{MailConfiguration, MailDoor};
use crate::outcome::Failure;
use crate::system::{Stopwatch, SystemClock};

/// An organisation of the network whose people report, by its mail domain.
const REPORTERS: &str = "pec.comune-054039.example";
const MAILBOX: &str = "segnalazioni@vedetta.example";
const RECEIVER: &str = "mx.vedetta.example";
/// How long a report may take to be accepted, and answers may be waited for once all is handed in.
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections at once; the door takes 256.
const AT_ONCE: usize = 200;

/// When each report was accepted, and when the relay had its answer, since the beginning.
#[derive(Default)]
struct Seen {
    accepted: HashMap<usize, Duration>,
    answered: HashMap<usize, Duration>,
}

type Board = Arc<(Stopwatch, Mutex<Seen>)>;

/// Hands `rate` reports a second in for `seconds`, each from another reporter, a connection each.
pub(super) fn measure(letters: &[Vec<u8>], rate: u32, seconds: u32) -> Result<Value, Failure> {
    let folder = scratch("mail")?;
    let house = scene::found(Arc::new(SqliteStore::open(folder.path())?))?;
    let count = usize::try_from(rate * seconds).unwrap_or(0);
    let reports: Vec<Vec<u8>> = (0..count).map(|n| report(letters, n)).collect();
    runtime()?.block_on(async {
        let board: Board = Arc::new((Stopwatch::start(), Mutex::default()));
        let failed = |error| Failure::system("the mail desk's measurement", error);
        let relay = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let configuration = MailConfiguration {
            mailbox: Some(MAILBOX.into()),
            smtp: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            relay: Some(relay.local_addr().map_err(failed)?),
            receivers: vec![RECEIVER.into()],
            ..MailConfiguration::default()
        };
        let now = SystemClock.now().micros() / 1_000_000;
        let pair = Authority::open(folder.path(), now)?.door(&["localhost".into()], now)?;
        let desk = configuration.desk(&house, folder.path())?;
        let shown = Shown::new(pair.certificate.as_bytes(), pair.key.as_bytes())
            .map_err(|error| Failure::system("securing the door", error))?;
        let door = MailDoor::open(&desk, &configuration, (&shown, None)).await?;
        let at = door.addresses.first().map(|(_, at)| *at);
        let at = at.ok_or_else(|| Failure::Usage("no door for mail".into()))?;
        let taking = tokio::spawn(take_answers(relay, Arc::clone(&board)));
        let refused = hand_in(at, reports, rate, &board).await;
        wait_for(count - refused, &board).await;
        door.close().await;
        taking.abort();
        Ok(figures(&board, rate, refused))
    })
}

fn report(letters: &[Vec<u8>], n: usize) -> Vec<u8> {
    let letter = letters.get(n % letters.len().max(1)).map_or(&b""[..], Vec::as_slice);
    let head = format!(
        "Authentication-Results: {RECEIVER}; auth=pass smtp.auth=n{n}@{REPORTERS}\r\nFrom: Chi segnala <n{n}@{REPORTERS}>\r\nTo: {MAILBOX}\r\n\
         Message-ID: <{n}@{REPORTERS}>\r\n"
    );
    forwarded::attached_below(&head, letter)
}

/// Answers how many were not accepted.
async fn hand_in(at: SocketAddr, reports: Vec<Vec<u8>>, rate: u32, board: &Board) -> usize {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    for (n, report) in reports.into_iter().enumerate() {
        pace.tick().await;
        let place = Arc::clone(&room).acquire_owned().await;
        let board = Arc::clone(board);
        under_way.spawn(async move {
            let _place = place;
            let given = tokio::time::timeout(PATIENCE, give(at, n, &report)).await;
            let accepted = matches!(given, Ok(Ok(())));
            if accepted {
                note(&board, |seen, at| seen.accepted.insert(n, at));
            }
            accepted
        });
    }
    let outcomes = under_way.join_all().await;
    outcomes.into_iter().filter(|accepted| !accepted).count()
}

fn note(board: &Board, keep: impl FnOnce(&mut Seen, Duration) -> Option<Duration>) {
    let (watch, seen) = &**board;
    keep(&mut seen.lock().unwrap_or_else(PoisonError::into_inner), watch.read());
}

async fn give(at: SocketAddr, n: usize, report: &[u8]) -> std::io::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(at).await?);
    let body = dotted(report);
    let lines = [
        "EHLO bench.example\r\n".to_owned(),
        format!("MAIL FROM:<n{n}@{REPORTERS}>\r\n"),
        format!("RCPT TO:<{MAILBOX}>\r\n"),
        "DATA\r\n".to_owned(),
    ];
    hear(&mut stream).await?;
    for line in lines.iter().map(String::as_bytes).chain([body.as_slice()]) {
        stream.write_all(line).await?;
        hear(&mut stream).await?;
    }
    Ok(())
}

/// The letter as it goes over the wire, with the dot that ends it.
fn dotted(letter: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letter.len() + 64);
    for line in letter.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// Reads an answer of one or several lines; one that refuses is an error.
async fn hear(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            let taken = line.starts_with('2') || line.starts_with('3');
            return if taken { Ok(()) } else { Err(std::io::Error::other(line)) };
        }
    }
}

/// A relay that takes every letter, and notes when it had it.
async fn take_answers(relay: TcpListener, board: Board) {
    while let Ok((stream, _)) = relay.accept().await {
        tokio::spawn(take(stream, Arc::clone(&board)));
    }
}

async fn take(stream: TcpStream, board: Board) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay.example ESMTP\r\n").await?;
    let (mut line, mut answers, mut inside) = (String::new(), None, false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if inside {
            if let Some(of) = line.strip_prefix("In-Reply-To: <") {
                answers = of.split('@').next().and_then(|n| n.parse::<usize>().ok());
            }
            if line != ".\r\n" {
                continue;
            }
            inside = false;
            if let Some(n) = answers.take() {
                note(&board, |seen, at| seen.answered.insert(n, at));
            }
        }
        let answer: &[u8] = match line.as_bytes() {
            [b'D', b'A', b'T', b'A', ..] => {
                inside = true;
                b"354 go on\r\n"
            }
            [b'Q', b'U', b'I', b'T', ..] => return stream.write_all(b"221 goodbye\r\n").await,
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}

async fn wait_for(count: usize, board: &Board) {
    let all = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        while board.1.lock().unwrap_or_else(PoisonError::into_inner).answered.len() < count {
            look.tick().await;
        }
    };
    let _in_time = tokio::time::timeout(PATIENCE, all).await;
}

fn figures(board: &Board, rate: u32, refused: usize) -> Value {
    let seen = board.1.lock().unwrap_or_else(PoisonError::into_inner);
    let mut times = Times::default();
    for (n, accepted) in &seen.accepted {
        if let Some(answered) = seen.answered.get(n) {
            times.note(answered.saturating_sub(*accepted));
        }
    }
    json!({
        "a_second": rate,
        "reports": seen.accepted.len(),
        "refused": refused,
        "unanswered": seen.accepted.len().saturating_sub(seen.answered.len()),
        "answered_p50_ms": times.millis(50),
        "answered_p99_ms": times.millis(99),
        "answered_last_ms": times.millis(100),
    })
}

#[cfg(test)]
mod tests {
    use super::measure;

    #[test]
    fn every_report_is_answered() {
        let letter = b"From: a@b.invalid\nSubject: x\n\nCiao\n.\n..\n".to_vec();
        let figures = measure(&[letter], 20, 1).unwrap();
        assert_eq!((&figures["reports"], &figures["unanswered"]), (&20.into(), &0.into()));
    }
}
