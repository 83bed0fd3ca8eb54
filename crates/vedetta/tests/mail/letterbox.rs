//! Where answers arrive: takes letters by SMTP and keeps them in order.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// A letter that arrived.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Letterbox {
    pub(crate) address: SocketAddr,
    arrived: Receiver<Delivered>,
}

impl Letterbox {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (arrives, arrived) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let arrives = arrives.clone();
                std::thread::spawn(move || talk(stream, &arrives));
            }
        });
        Self { address, arrived }
    }

    /// The next letter; a minute without one is a failure.
    pub(crate) fn next(&self) -> Delivered {
        self.arrived.recv_timeout(Duration::from_secs(60)).expect("no answer arrived")
    }

    /// How many letters came that nobody has read.
    pub(crate) fn rest(&self) -> usize {
        self.arrived.try_iter().count()
    }
}

/// One conversation (RFC 5321), as far as Postfix needs it.
fn talk(mut stream: TcpStream, arrives: &Sender<Delivered>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut letter = Delivered { from: String::new(), to: Vec::new(), bytes: Vec::new() };
    stream.write_all(b"220 letterbox ESMTP\r\n").ok()?;
    let mut line = String::new();
    while lines.read_line(&mut line).ok()? > 0 {
        let inside = |text: &str| text.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let word = line.get(..4).unwrap_or_default().to_uppercase();
        let mut answer = "250 ok\r\n";
        match word.as_str() {
            "MAIL" => letter.from = inside(&line),
            "RCPT" => letter.to.push(inside(&line)),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").ok()?;
                letter.bytes = body(&mut lines)?;
                let fresh = Delivered { from: String::new(), to: Vec::new(), bytes: Vec::new() };
                arrives.send(std::mem::replace(&mut letter, fresh)).ok()?;
            }
            "QUIT" => answer = "221 goodbye\r\n",
            _ => {}
        }
        stream.write_all(answer.as_bytes()).ok()?;
        line.clear();
    }
    Some(())
}

fn body(lines: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let (mut bytes, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        match line.strip_prefix(b".") {
            Some(b"\r\n") => return Some(bytes),
            Some(rest) => bytes.extend_from_slice(rest),
            None => bytes.extend_from_slice(&line),
        }
    }
}
