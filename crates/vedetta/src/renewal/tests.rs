use std::path::Path;

use rustls::time_provider::TimeProvider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::*;

const NOW: Instant = Instant::from_micros(1_790_000_000_000_000);

fn in_days(days: u32) -> Instant {
    NOW.after(DAY * days)
}

fn renewal(data: &Path) -> Renewal {
    let authority = Authority::open(data, NOW.micros() / 1_000_000).unwrap();
    Renewal::begin(authority, &["node.example.org".into()], NOW).unwrap()
}

/// The clock of a client.
#[derive(Debug)]
struct At(Instant);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.micros() / 1_000_000).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// A client shakes hands with a door that shows what is renewed: until when its certificate is good.
fn shown_to_clients(renewal: &Renewal, now: Instant) -> Instant {
    let tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(renewal.shown()) as _);
    let mut server = rustls::ServerConnection::new(Arc::new(tls)).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let pem = renewal.authority.certificate().as_bytes();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder_with_details(provider(), Arc::new(At(now)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "node.example.org".try_into().unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    let der = client.peer_certificates().unwrap().first().unwrap();
    let (_, read) = x509_parser::parse_x509_certificate(der).unwrap();
    Instant::from_micros(read.validity().not_after.timestamp() * 1_000_000)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[test]
fn a_node_that_never_stops_shows_a_certificate_that_is_good() {
    let data = tempfile::TempDir::new().unwrap();
    let mut renewal = renewal(data.path());
    let first = shown_to_clients(&renewal, NOW);
    renewal.look(in_days(300));
    assert_eq!(shown_to_clients(&renewal, in_days(300)), first, "too early");
    renewal.look(in_days(340));
    let second = shown_to_clients(&renewal, in_days(340));
    assert!(second > in_days(700), "{second}");
    // Nothing of it wants the files: another authority made meanwhile is not taken up by mistake.
    std::fs::remove_file(data.path().join("ca.key")).unwrap();
    renewal.look(in_days(680));
    assert!(shown_to_clients(&renewal, in_days(680)) > in_days(1_000));
    assert!(!data.path().join("ca.key").exists());
}

#[test]
fn an_authority_that_ends_is_told_in_time_and_nothing_outlives_it() {
    let data = tempfile::TempDir::new().unwrap();
    let mut renewal = renewal(data.path());
    for year in 1..10 {
        renewal.look(in_days(year * 350));
        assert!(renewal.told().troubles().is_empty(), "year {year}");
    }
    renewal.look(in_days(3_600));
    let troubles = renewal.told().troubles();
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert!(troubles[0].contains("the node's authority ends at"), "{troubles:?}");
    assert!(troubles[0].contains("; remove ca.key and ca.pem"), "{troubles:?}");
    renewal.look(in_days(3_640));
    assert!(renewal.until <= renewal.authority.ends());
    assert_eq!(renewal.told().troubles().len(), 2, "the doors' own ends with it");
}
