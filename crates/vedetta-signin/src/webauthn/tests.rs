use proptest::prelude::*;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use vedetta_testkit::authenticator::Sent;
use vedetta_testkit::{Authenticator, SeededEntropy};

use super::*;

const ORIGIN: &str = "https://node.example:8443";
const RSA: &[u8] = include_bytes!("../../tests/keys/rsa.pem");
const NOW: Instant = Instant::from_micros(1_780_000_000_000_000);

struct Desk {
    party: RelyingParty,
    entropy: SeededEntropy,
}

impl Desk {
    fn new() -> Self {
        let entropy = SeededEntropy::new(3);
        Self { party: RelyingParty::new(ORIGIN, Seal::new(&entropy)).unwrap(), entropy }
    }

    fn challenge(&self) -> String {
        self.party.challenge("browser", NOW, &self.entropy)
    }

    fn register(&self, device: &mut Authenticator) -> Result<(Credential, Use), Refusal> {
        let sent = device.make(&self.challenge(), &written(b"user"));
        let made = Made { client_data: sent.client_data, attestation: sent.data };
        self.party.register(&made, "browser", NOW).map(|(credential, first, _)| (credential, first))
    }

    fn judge(&self, sent: Sent, of: (&Credential, Use)) -> Result<Use, Refusal> {
        let user = written(b"user");
        let judged = self.party.judge(&shown(sent), (of.0, of.1, &user), "browser", NOW);
        judged.map(|(now, _)| now)
    }
}

fn shown(sent: Sent) -> Shown {
    Shown {
        id: sent.id,
        client_data: sent.client_data,
        authenticator_data: sent.data,
        signature: sent.signature,
        user: sent.user,
    }
}

#[test]
fn a_passkey_of_each_algorithm_is_made_and_used() {
    let rsa = PrivatePkcs8KeyDer::from_pem_slice(RSA).unwrap();
    let desk = Desk::new();
    for mut device in [
        Authenticator::es256(ORIGIN),
        Authenticator::ed25519(ORIGIN),
        Authenticator::rs256(ORIGIN, rsa.secret_pkcs8_der()),
    ] {
        device.flags = 5 | 8 | 16;
        let (credential, first) = desk.register(&mut device).unwrap();
        assert!(credential.backup_eligible && first.backed_up);
        let sent = device.show(&desk.challenge());
        assert_eq!(desk.judge(sent.clone(), (&credential, first)), Ok(first));
        let mut changed = octets(&sent.signature, 1_000).unwrap();
        *changed.last_mut().unwrap() ^= 1;
        let forged = Sent { signature: written(&changed), ..sent };
        assert_eq!(desk.judge(forged, (&credential, first)), Err(Refusal::Signature));
    }
}

#[test]
fn what_a_passkey_must_say_is_asked_of_each_use() {
    let desk = Desk::new();
    let mut device = Authenticator::es256(ORIGIN);
    let (credential, first) = desk.register(&mut device).unwrap();
    let of = (&credential, first);
    let mut tried = |change: fn(&mut Authenticator), back: fn(&mut Authenticator)| {
        change(&mut device);
        let judged = desk.judge(device.show(&desk.challenge()), of);
        back(&mut device);
        judged.unwrap_err()
    };
    let origin = |it: &mut Authenticator| it.origin = ORIGIN.into();
    assert_eq!(tried(|it| it.origin = "https://evil.example".into(), origin), Refusal::Origin);
    assert_eq!(tried(|it| it.origin = "https://node.example".into(), origin), Refusal::Origin);
    let rp = |it: &mut Authenticator| it.rp = "node.example".into();
    assert_eq!(tried(|it| it.rp = "evil.example".into(), rp), Refusal::RelyingParty);
    assert_eq!(tried(|it| it.flags = 4, |it| it.flags = 5), Refusal::Absent);
    assert_eq!(tried(|it| it.flags = 5 | 8, |it| it.flags = 5), Refusal::Changed);
    assert_eq!(tried(|it| it.flags = 1, |it| it.flags = 5), Refusal::Unverified);
    let unreadable = Refusal::Unreadable("data");
    assert_eq!(tried(|it| it.flags = 5 | 16, |it| it.flags = 5), unreadable, "backed up, and not");
    assert_eq!(
        tried(|it| it.user = b"other".to_vec(), |it| it.user = b"user".to_vec()),
        Refusal::User
    );
    let another = desk.judge(Authenticator::es256(ORIGIN).show(&desk.challenge()), of);
    assert_eq!(another, Err(Refusal::User), "it was made for nobody");
    let made = device.make(&desk.challenge(), &written(b"user"));
    assert_eq!(desk.judge(made, of), Err(Refusal::Type));
    assert!(desk.judge(device.show(&desk.challenge()), of).is_ok());
}

#[test]
fn a_challenge_is_this_browsers_and_of_today() {
    let desk = Desk::new();
    let mut device = Authenticator::es256(ORIGIN);
    let (credential, first) = desk.register(&mut device).unwrap();
    let user = written(b"user");
    let sent = shown(device.show(&desk.challenge()));
    let judged =
        |holder, now| desk.party.judge(&sent, (&credential, first, &user), holder, now).map(drop);
    assert_eq!(judged("browser", NOW), Ok(()));
    assert_eq!(judged("another", NOW), Err(Refusal::Challenge));
    assert_eq!(judged("browser", NOW.after(LASTS)), Err(Refusal::Challenge));
    let own = shown(device.show("bWluZQ"));
    let own = desk.party.judge(&own, (&credential, first, &user), "browser", NOW).map(drop);
    assert_eq!(own, Err(Refusal::Challenge));
}

#[test]
fn a_counter_goes_on() {
    let desk = Desk::new();
    let mut device = Authenticator::es256(ORIGIN);
    device.count = 7;
    let (credential, first) = desk.register(&mut device).unwrap();
    let next = desk.judge(device.show(&desk.challenge()), (&credential, first)).unwrap();
    assert!(next.sign_count > first.sign_count);
    device.count = first.sign_count - 1;
    let copied = desk.judge(device.show(&desk.challenge()), (&credential, next));
    assert_eq!(copied, Err(Refusal::Count));
    device.count = 0;
    let zero = desk.judge(device.show(&desk.challenge()), (&credential, next));
    assert_eq!(zero, Err(Refusal::Count), "it counted before");
}

#[test]
fn passkeys_are_made_for_a_name_alone() {
    let seal = || Seal::new(&SeededEntropy::new(1));
    for origin in ["https://node.example", ORIGIN, "https://localhost:8443"] {
        assert!(RelyingParty::new(origin, seal()).is_some(), "{origin}");
    }
    let wrong = [
        "http://node.example",
        "https://192.0.2.1:8443",
        "https://[2001:db8::1]",
        "https://",
        "https://node.example/x",
        "https://Node.example",
    ];
    for origin in wrong {
        assert!(RelyingParty::new(origin, seal()).is_none(), "{origin}");
    }
}

#[test]
fn the_corpus_webauthn_has_keys_or_is_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/webauthn");
    let (mut keys, mut refused) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let found = read(&std::fs::read(&path).unwrap());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(found.is_none(), name.starts_with("refused"), "{name}");
        match found {
            Some(_) => keys += 1,
            None => refused += 1,
        }
    }
    assert!(keys >= 3 && refused >= 5, "{keys} keys, {refused} refused");
}

proptest! {
    #[test]
    fn whatever_is_sent_is_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&octets);
        let desk = Desk::new();
        let made = Made { client_data: written(&octets), attestation: written(&octets) };
        prop_assert!(desk.party.register(&made, "browser", NOW).is_err());
    }
}
