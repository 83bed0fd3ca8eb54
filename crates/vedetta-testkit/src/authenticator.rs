//! An authenticator of WebAuthn without a device: it makes a passkey and signs with it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use serde_json::json;

/// One passkey, and the device that it is on.
pub struct Authenticator {
    pair: Pair,
    /// The identifier of the credential.
    pub id: Vec<u8>,
    /// The user handle that it was made for.
    pub user: Vec<u8>,
    /// The flags: UP 1, UV 4, BE 8, BS 16.
    pub flags: u8,
    /// The signature counter; 0 counts nothing.
    pub count: u32,
    /// The relying party that it signs for.
    pub rp: String,
    /// The page that asks.
    pub origin: String,
}

enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// What a browser sends of it, each part in base64url.
#[derive(Clone, Debug)]
pub struct Sent {
    /// `rawId`.
    pub id: String,
    /// `response.clientDataJSON`.
    pub client_data: String,
    /// `response.attestationObject`, or `response.authenticatorData`.
    pub data: String,
    /// `response.signature`, of a use.
    pub signature: String,
    /// `response.userHandle`, of a use.
    pub user: String,
}

impl Authenticator {
    fn with(pair: Pair, origin: &str) -> Self {
        let rp = origin.trim_start_matches("https://").split(':').next().unwrap().to_owned();
        let id = b"credential of a test".to_vec();
        Self { pair, id, user: Vec::new(), flags: 5, count: 0, rp, origin: origin.into() }
    }

    /// With a key on P-256.
    #[must_use]
    pub fn es256(origin: &str) -> Self {
        let rng = SystemRandom::new();
        let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(kind, &rng).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &rng).unwrap();
        Self::with(Pair::Es256(pair), origin)
    }

    /// With a key of Ed25519.
    #[must_use]
    pub fn ed25519(origin: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::with(Pair::EdDsa(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap()), origin)
    }

    /// With an RSA key, PKCS #8.
    #[must_use]
    pub fn rs256(origin: &str, pkcs8: &[u8]) -> Self {
        Self::with(Pair::Rs256(RsaKeyPair::from_pkcs8(pkcs8).unwrap()), origin)
    }

    /// Makes the passkey for a user handle.
    pub fn make(&mut self, challenge: &str, user: &str) -> Sent {
        self.user = URL_SAFE_NO_PAD.decode(user).unwrap();
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let attested = [&[0; 16][..], &length, &self.id, &self.key()].concat();
        let data = [self.head(self.flags | 1 << 6), attested].concat();
        let mut object = vec![0xa3];
        object.extend([0x63, b'f', b'm', b't', 0x64, b'n', b'o', b'n', b'e']);
        object.extend([&[0x67][..], b"attStmt", &[0xa0], &[0x68], b"authData"].concat());
        object.extend(bytes(&data));
        self.sent("webauthn.create", challenge, &object, &[])
    }

    /// Signs with the passkey.
    pub fn show(&mut self, challenge: &str) -> Sent {
        let data = self.head(self.flags);
        let client_data = self.client_data("webauthn.get", challenge);
        let signed = [&data, digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self.sign(&signed);
        self.sent("webauthn.get", challenge, &data, &signature)
    }

    fn sent(&self, kind: &str, challenge: &str, data: &[u8], signature: &[u8]) -> Sent {
        Sent {
            id: URL_SAFE_NO_PAD.encode(&self.id),
            client_data: URL_SAFE_NO_PAD.encode(self.client_data(kind, challenge)),
            data: URL_SAFE_NO_PAD.encode(data),
            signature: URL_SAFE_NO_PAD.encode(signature),
            user: URL_SAFE_NO_PAD.encode(&self.user),
        }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> String {
        let origin = &self.origin;
        json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
            .to_string()
    }

    /// The beginning of authenticator data. A counter goes on.
    fn head(&mut self, flags: u8) -> Vec<u8> {
        self.count += u32::from(self.count > 0);
        let hash = digest(&SHA256, self.rp.as_bytes());
        [hash.as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    /// The public key, COSE.
    fn key(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21][..], &bytes(x), &[0x22], &bytes(y)].concat()
            }
            Pair::EdDsa(pair) => {
                let key = bytes(pair.public_key().as_ref());
                [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21][..], &key].concat()
            }
            Pair::Rs256(pair) => {
                let public: ring::rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
                let (n, e) = (bytes(&public.n), bytes(&public.e));
                [&[0xa4, 1, 3, 3, 0x39, 1, 0, 0x20][..], &n, &[0x21], &e].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// A byte string, CBOR.
fn bytes(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap();
    let head = match length {
        0..=23 => vec![0x40 | u8::try_from(length).unwrap()],
        24..=255 => vec![0x58, u8::try_from(length).unwrap()],
        _ => [&[0x59][..], &length.to_be_bytes()].concat(),
    };
    [head, octets.to_vec()].concat()
}
