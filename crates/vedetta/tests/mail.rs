//! The mail desk between real mail systems: swaks writes, Postfix receives and relays.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "mail/letterbox.rs"]
mod letterbox;
#[path = "mail/postfix.rs"]
mod postfix;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;
use vedetta_mail::{Evidence, Limits, Outcome, Published};

use letterbox::{Delivered, Letterbox};
use postfix::{Postfix, ROUTES};

const ADA: &str = "ada.bianchi@pec.comune-054039.example";
const BRUNO: &str = "bruno.neri@pec.comune-055032.example";
const DESK: &str = "segnalazioni@vedetta.example";
/// What the receiver of these tests records of whom it knows.
const RECEIVER: &str = "mx.vedetta.example";

/// A lure as it came to Ada.
fn lure() -> String {
    "Received: from x (192.0.2.7) by mx.comune.example; Mon, 2 Mar 2026 08:00:00 +0100\r\n\
     From: Poste Italiane <avviso@pacco-giacenza.invalid>\r\nTo: Ada Bianchi <ada.bianchi@pec.comune-054039.example>\r\n\
     Subject: Il suo pacco e in giacenza\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
     <p>Gentile Ada Bianchi, il suo pacco delle Poste Italiane si trova in giacenza perch&eacute; mancano le spese di \
     spedizione di 1,99 euro. La preghiamo di confermare i suoi dati e la carta di pagamento entro 24 ore, altrimenti il \
     conto sar&agrave; bloccato.</p>\r\n<p><a href=\"http://pacco-giacenza.invalid/poste/login.php\">https://www.poste.it/pacco</a></p>\r\n"
        .into()
}

/// `vedetta mail serve`, until dropped.
struct Desk {
    data: TempDir,
    process: Child,
    said: BufReader<ChildStdout>,
    smtp: SocketAddr,
    lmtp: SocketAddr,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Desk {
    /// A node of the Italian network that signs its answers and gives them to `relay`.
    fn start(relay: SocketAddr) -> Self {
        let data = TempDir::new().unwrap();
        let at = data.path();
        run(vedetta(at).args(["init", "--network", "italy"]));
        let key = at.join("dkim.pem");
        run(Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key));
        let settings = format!(
            "\n[mail]\nmailbox = {DESK:?}\nalso = [\"abuse@vedetta.example\"]\n\
             incidents = \"incidenti@vedetta.example\"\nsmtp = \"127.0.0.1:0\"\nlmtp = \"127.0.0.1:0\"\n\
             host = \"posta.vedetta.example\"\nrelay = \"{relay}\"\nreceivers = [{RECEIVER:?}]\n\
             [mail.dkim]\ndomain = \"vedetta.example\"\nselector = \"desk\"\nkey = \"dkim.pem\"\n"
        );
        let file = std::fs::File::options().append(true).open(at.join("vedetta.toml"));
        file.unwrap().write_all(settings.as_bytes()).unwrap();
        let mut serve = vedetta(at);
        serve.args(["mail", "serve"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = serve.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut door = |protocol: &str| {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            assert!(line.contains(protocol), "{line}");
            line.rsplit(' ').next().unwrap().trim().parse().unwrap()
        };
        let (smtp, lmtp) = (door("SMTP"), door("LMTP"));
        Self { data, process, said, smtp, lmtp }
    }

    /// The key that its domain publishes.
    fn published(&self) -> Published {
        let pem = self.data.path().join("dkim.pem");
        let mut read = Command::new("openssl");
        read.args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(pem);
        let der = read.output().unwrap().stdout;
        let raw = &der[der.len() - 32..];
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw);
        let line = format!("desk._domainkey.vedetta.example v=DKIM1; k=ed25519; p={key}\n");
        Published::read(&line).unwrap()
    }

    /// Asks it to end, and waits until it has: what is on its way arrives first.
    fn end(mut self) {
        let id = self.process.id().to_string();
        run(Command::new("kill").args(["-TERM", &id]));
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.said, &mut rest).unwrap();
        assert!(rest.contains("closed"), "{rest}");
        assert!(rest.contains("mail.incidents: without the rest of the node"), "{rest}");
        assert!(self.process.wait().unwrap().success());
    }
}

fn vedetta(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vedetta"));
    command.env("VEDETTA_DATA", data).env("RUST_LOG", "info");
    command
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    said(&output.stdout)
}

/// Hands a file on as an attachment by swaks, over STARTTLS or not at all.
fn hand_on(to_door: SocketAddr, (from, to): (&str, &str), message: &Path, more: &[&str]) {
    let mut swaks = Command::new("swaks");
    swaks.args(["--server", "127.0.0.1", "--port", &to_door.port().to_string(), "--tls"]);
    swaks.args(["--from", from, "--to", to, "--header", "Subject: Guardate questa"]);
    swaks.args(["--body", "Mi sembra strana.", "--attach-type", "message/rfc822", "--attach"]);
    swaks.arg(format!("@{}", message.display())).args(more);
    let talk = run(&mut swaks);
    assert!(talk.contains("=== TLS started"), "{talk}");
}

/// The answer's words, once it is sure that it is one: signed, automatic, to that reader alone.
fn answer(letter: &Delivered, to: &str, keys: &Published) -> String {
    assert_eq!((letter.from.as_str(), letter.to.as_slice()), ("", &[to.to_owned()][..]));
    let text = String::from_utf8_lossy(&letter.bytes);
    for field in ["Auto-Submitted: auto-replied", "In-Reply-To: <"] {
        assert!(text.contains(field), "{text}");
    }
    let read = Evidence::read_with(&letter.bytes, &Limits::default(), keys);
    assert_eq!(read.authentication.dkim, Outcome::Pass, "{text}");
    assert_eq!(read.sender().unwrap().address, DESK);
    read.text
}

fn case_number(text: &str) -> &str {
    let is_number = |word: &&str| word.len() == 13 && word.starts_with('M') && word.contains('-');
    let word = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(is_number);
    word.unwrap_or_else(|| panic!("no number of a case in: {text}"))
}

#[test]
fn reporters_are_answered_once_each_and_nobody_else_is() {
    let absent = ["swaks", "openssl", "postfix"].iter().find(|it| !postfix::is_here(it));
    if let Some(absent) = absent {
        println!("skipped: {absent} is not installed");
        return;
    }
    if !postfix::may_run() {
        println!("skipped: Postfix starts as root only");
        return;
    }
    let letterbox = Letterbox::open();
    let postfix = Postfix::prepare();
    let desk = Desk::start(postfix.address);
    let keys = desk.published();
    postfix.start(&[
        (ROUTES[0], desk.smtp.port()),
        (ROUTES[1], desk.lmtp.port()),
        (ROUTES[2], letterbox.address.port()),
        (ROUTES[3], letterbox.address.port()),
    ]);
    let folder = TempDir::new().unwrap();
    let message = folder.path().join("lure.eml");
    std::fs::write(&message, lure()).unwrap();

    // By Postfix and the door for SMTP.
    hand_on(
        postfix.address,
        (ADA, DESK),
        &message,
        &["--header", "Reply-To: altri@altrove.example"],
    );
    let first = answer(&letterbox.next(), ADA, &keys);
    assert!(first.contains("PERICOLOSO") && !first.contains("È noto dalle"), "{first}");
    assert!(
        !first.contains("http://pacco") && !first.contains("pacco-giacenza.invalid"),
        "{first}"
    );

    // Those whom nobody answers: strangers, loops, failures, unproven names. All are told the same.
    let proof = |domain: &str| {
        format!("Authentication-Results: {RECEIVER}; dmarc=pass header.from={domain}")
    };
    let (own, others) = (proof("pec.comune-054039.example"), proof("altrove.example"));
    let to_desk = |from, more: &[&str]| hand_on(desk.smtp, (from, DESK), &message, more);
    to_desk("tizio@altrove.example", &["--header", &others]);
    to_desk(ADA, &["--header", &own, "--header", "Auto-Submitted: auto-replied"]);
    to_desk(ADA, &["--header", &own, "--header", "List-Id: <lista.example.org>"]);
    to_desk("<>", &["--header", &own, "--h-From", ADA]);
    to_desk(DESK, &["--header", &own]);
    to_desk(ADA, &["--header", &own.replace("pass", "fail")]);
    to_desk(ADA, &["--header", &own.replace(RECEIVER, "mx.altrove.example")]);

    // By Postfix and the door for LMTP: the second reporter hears of the first.
    hand_on(postfix.address, (BRUNO, "abuse@vedetta.example"), &message, &[]);
    let second = answer(&letterbox.next(), BRUNO, &keys);
    assert!(second.contains("È noto dalle") && second.contains("un'altra persona"), "{second}");
    assert_ne!(case_number(&first), case_number(&second));

    desk.end();
    postfix.end();
    assert_eq!(letterbox.rest(), 0, "an answer too many");
}
