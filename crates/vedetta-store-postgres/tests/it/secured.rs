//! TLS on the way to the server: a server of a name, its authority, and who trusts it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postgres::config::Host;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;
use vedetta_store::StoreError;
use vedetta_store_postgres::PostgresStore;

use super::house::Rooms;
use super::trouble::{say, subjects};

/// The end of a secured way: it takes TLS off and hands on to the server of the tests.
struct Gateway {
    port: u16,
    authority: NamedTempFile,
}

#[test]
fn a_ledger_is_kept_over_a_secured_way() {
    let Some(rooms) = Rooms::new() else { return };
    let Some(gateway) = Gateway::named("localhost", &rooms) else { return };
    let store = PostgresStore::open(&gateway.url("sslmode=verify-full"), Some(&rooms.schema));
    let store = store.unwrap();
    say(&store, "one").unwrap();
    assert_eq!(subjects(&store), ["one"]);
}

#[test]
fn a_certificate_of_another_name_is_refused() {
    let Some(rooms) = Rooms::new() else { return };
    let Some(gateway) = Gateway::named("elsewhere.example", &rooms) else { return };
    let refused = PostgresStore::open(&gateway.url("sslmode=require"), Some(&rooms.schema));
    let Err(StoreError::Unreachable { reason, .. }) = refused else { panic!("it was trusted") };
    assert!(reason.contains("not valid for name"), "{reason}");
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let Some(rooms) = Rooms::new() else { return };
    let Some(gateway) = Gateway::named("localhost", &rooms) else { return };
    let Some(stranger) = Gateway::named("localhost", &rooms) else { return };
    let doubted = Gateway { port: gateway.port, authority: stranger.authority };
    let refused = PostgresStore::open(&doubted.url(""), Some(&rooms.schema));
    let Err(StoreError::Unreachable { reason, .. }) = refused else { panic!("it was trusted") };
    assert!(reason.contains("invalid peer certificate"), "{reason}");
}

impl Gateway {
    /// A gateway with a certificate for a name. It lasts as long as the process.
    fn named(name: &str, rooms: &Rooms) -> Option<Self> {
        let config: postgres::Config = rooms.url.parse().unwrap();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let Host::Tcp(host) = config.get_hosts()[0].clone() else {
            println!("skipped: the server of the tests is no address");
            return None;
        };
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let mut authority = NamedTempFile::new().unwrap();
        authority.write_all(issuer.as_ref().pem().as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let tls = Arc::new(tls);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = Self { port: listener.local_addr().unwrap().port(), authority };
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let far = TcpStream::connect((host.as_str(), port)).unwrap();
                let tls = Arc::clone(&tls);
                std::thread::spawn(move || carry(near.unwrap(), far, tls));
            }
        });
        Some(gateway)
    }

    fn url(&self, more: &str) -> String {
        let authority = self.authority.path().display();
        format!(
            "host=localhost port={} user=postgres dbname=test sslrootcert={authority} {more}",
            self.port
        )
    }
}

/// The client's request for TLS (PostgreSQL 15, section 55.2.11), and then both ways.
fn carry(mut near: TcpStream, mut far: TcpStream, tls: Arc<ServerConfig>) {
    let mut request = [0; 8];
    near.read_exact(&mut request).unwrap();
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "the client asks for TLS first");
    near.write_all(b"S").unwrap();
    near.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let secured = StreamOwned::new(ServerConnection::new(tls).unwrap(), near);
    let secured = Arc::new(Mutex::new(secured));
    let (mut answers, back) = (far.try_clone().unwrap(), Arc::clone(&secured));
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = answers.read(&mut buffer) {
            if back.lock().unwrap().write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = secured.lock().unwrap().read(&mut buffer);
        match read {
            Ok(0) => return,
            Ok(length) => far.write_all(&buffer[..length]).unwrap(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
