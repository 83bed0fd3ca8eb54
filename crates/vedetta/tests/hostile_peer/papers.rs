//! The certificates of links, renewed while they are up.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SubjectPublicKeyInfo};
use tokio::time::timeout;
use vedetta_federation::key::PublicKey;
use vedetta_link::{Bounds, Dialler, Identity, Tls};

use crate::liar::{LIAR, Liar, VICTIM, item, secret};
use crate::node::{CLEAR, Node};

/// What precedes a public key of Ed25519 in a certificate.
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Before the node would read its files again by itself.
const SOON: Duration = Duration::from_secs(30);

/// Who certifies nodes.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for the key of a node.
    fn certifies(&self, key: &PublicKey) -> String {
        let key = [&ED25519[..], key.octets()].concat();
        let key = SubjectPublicKeyInfo::from_der(&key).unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
        params.signed_by(&key, &self.issuer).unwrap().pem()
    }

    /// Whether a node shows one of its certificates.
    async fn is_shown(&self, node: &Node) -> bool {
        let own = Identity::new(&secret(5), LIAR).unwrap();
        let tls = Tls::new(&own, Some(self.certificate.as_bytes())).unwrap();
        Dialler::new(tls, Bounds::default()).call(&node.meets).await.is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_told_to_read_its_files_again_shows_the_new_certificate_and_its_links_go_on() {
    let listens = "peer_listen = \"127.0.0.1:0\"";
    let victim = Node::start(VICTIM, listens);
    let key = Liar::key_at(&victim.meets).await;
    let (first, second) = (Authority::new(), Authority::new());
    let file = victim.data.path().join("links.pem");
    std::fs::write(&file, first.certifies(&key)).unwrap();
    let victim = victim.again(&format!("peer_certificate = {file:?}"));
    assert_eq!((first.is_shown(&victim).await, second.is_shown(&victim).await), (true, false));
    let liar = Liar::paired(&victim).await;
    let mut talk = liar.talks().await;
    assert!(talk.brings(vec![liar.seals(item(1, CLEAR))]).await.is_empty());

    std::fs::write(&file, "no certificate").unwrap();
    victim.hang_up();
    assert!(first.is_shown(&victim).await, "what cannot be used changes nothing");
    std::fs::write(&file, second.certifies(&key)).unwrap();
    victim.hang_up();
    let renewed = async { while !second.is_shown(&victim).await {} };
    timeout(SOON, renewed).await.expect("it shows the new certificate");
    assert!(!first.is_shown(&victim).await);
    assert!(talk.brings(vec![liar.seals(item(2, CLEAR))]).await.is_empty(), "on the same link");
}
