//! A wire to the server that can lose the answer to a commit.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use postgres::Config;
use postgres::config::Host;
use vedetta_model::Instant;
use vedetta_store::Store as _;
use vedetta_store_postgres::PostgresStore;

use super::house::Rooms;
use super::trouble::{deed, say, subjects};

type Ends = (Box<dyn Read + Send>, Box<dyn Write + Send>);

#[test]
fn a_commit_whose_answer_is_lost_is_kept_and_known_to_be() {
    let Some(rooms) = Rooms::new() else { return };
    let lose = Arc::new(AtomicBool::new(false));
    let url = lay(rooms.url.parse().unwrap(), Arc::clone(&lose));
    let store = PostgresStore::open(&url, Some(&rooms.schema)).unwrap();
    say(&store, "one").unwrap();
    let mut works = 0;
    let told = store.write(Instant::default(), &mut |unit| {
        works += 1;
        lose.store(true, Ordering::SeqCst);
        deed(unit, "two").map(drop)
    });
    told.unwrap();
    assert!(!lose.load(Ordering::SeqCst), "the answer was lost");
    assert_eq!(works, 1, "the work ran once");
    say(&store, "three").unwrap();
    assert_eq!(subjects(&store), ["one", "two", "three"]);
}

/// Lays the wire; the address of its near end. It lasts as long as the process.
fn lay(config: Config, lose: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let user = config.get_user().unwrap_or("postgres").to_owned();
    let database = config.get_dbname().unwrap_or(&user).to_owned();
    let password = config.get_password().map_or(String::new(), |password| {
        format!(" password='{}'", String::from_utf8_lossy(password))
    });
    std::thread::spawn(move || {
        for near in listener.incoming() {
            carry(near.unwrap(), connect(&config), Arc::clone(&lose));
        }
    });
    format!("host=127.0.0.1 port={port} user={user} dbname={database}{password}")
}

fn carry(near: TcpStream, (mut answers, mut questions): Ends, lose: Arc<AtomicBool>) {
    let (mut from, mut to) = (near.try_clone().unwrap(), near);
    let losing = Arc::new(AtomicBool::new(false));
    let cut = Arc::clone(&losing);
    std::thread::spawn(move || {
        pump(&mut from, &mut *questions, &mut |bytes| {
            let commit = bytes.windows(11).any(|window| window == b"commit_work");
            if commit && lose.swap(false, Ordering::SeqCst) {
                losing.store(true, Ordering::SeqCst);
            }
            true
        });
    });
    std::thread::spawn(move || {
        pump(&mut *answers, &mut to, &mut |_| !cut.load(Ordering::SeqCst));
        let _ = to.shutdown(Shutdown::Both);
    });
}

/// Carries bytes as long as both ends and `pass` allow it.
fn pump(from: &mut dyn Read, to: &mut dyn Write, pass: &mut dyn FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !pass(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

fn connect(config: &Config) -> Ends {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match &config.get_hosts()[0] {
        Host::Tcp(host) => {
            let far = TcpStream::connect((host.as_str(), port)).unwrap();
            (Box::new(far.try_clone().unwrap()), Box::new(far))
        }
        Host::Unix(path) => {
            let far = UnixStream::connect(path.join(format!(".s.PGSQL.{port}"))).unwrap();
            (Box::new(far.try_clone().unwrap()), Box::new(far))
        }
    }
}
