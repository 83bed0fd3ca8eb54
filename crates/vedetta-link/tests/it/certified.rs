//! Nodes that want each other's keys certified by an authority.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair,
};
use vedetta_federation::key::SecretKey;
use vedetta_link::{Bounds, Identity, Link, Tls};

use crate::echo::{Node, seed};

/// An authority, and its certificate in PEM.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// A node as it asked to be certified, or for these usages; it trusts this authority too.
    fn certifies(&self, id: &str, usages: Option<Vec<ExtendedKeyUsagePurpose>>) -> Tls {
        Tls::new(&self.certified(id, usages), Some(self.1.as_bytes())).unwrap()
    }

    fn certified(&self, id: &str, usages: Option<Vec<ExtendedKeyUsagePurpose>>) -> Identity {
        let identity = Identity::new(&SecretKey::from_seed(seed(id)).unwrap(), id).unwrap();
        let request = identity.request(&["127.0.0.1".into()]).unwrap();
        let mut request = CertificateSigningRequestParams::from_pem(&request).unwrap();
        if let Some(usages) = usages {
            request.params.extended_key_usages = usages;
        }
        let issued = request.signed_by(&self.0).unwrap().pem();
        identity.certified(issued.as_bytes()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_authority_is_set_only_whom_it_certified_for_both_uses_is_let_in() {
    use ExtendedKeyUsagePurpose::ServerAuth;
    let (authority, other) = (Authority::new(), Authority::new());
    let peers = ["asked", "neither", "itself", "server", "elsewhere"];
    let listening = Node::start_as(authority.certifies("a", None), &peers, Bounds::default()).await;
    let up = |link: &Link| link.up;
    for (name, usages) in [("asked", None), ("neither", Some(vec![]))] {
        let tls = authority.certifies(name, usages);
        let node = Node::start_as(tls, &["a"], Bounds::default()).await;
        node.dials("a", listening.address);
        node.until("a", up).await;
        listening.until(name, up).await;
    }
    // Who listens knows their keys, and all the same they are refused.
    let refused = [
        ("itself", Node::start("itself", &["a"], Bounds::default()).await),
        ("server", {
            let tls = authority.certifies("server", Some(vec![ServerAuth]));
            Node::start_as(tls, &["a"], Bounds::default()).await
        }),
        ("elsewhere", {
            let tls = Tls::new(&other.certified("elsewhere", None), None).unwrap();
            Node::start_as(tls, &["a"], Bounds::default()).await
        }),
    ];
    for (name, node) in refused {
        node.dials("a", listening.address);
        let link = node.until("a", |link| link.reason.is_some()).await;
        assert!(!link.up, "{name}");
        let there = listening.links.all().into_iter().find(|it| it.peer.as_str() == name);
        assert!(there.is_none_or(|link| link.made == 0), "{name}");
    }
}
