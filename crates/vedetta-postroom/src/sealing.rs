//! Messages at rest: each sealed with a key of its own (AES-256-GCM), that key sealed with the
//! desk's, which is not in the ledger's database.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use vedetta_model::Entropy;
use vedetta_store::{Reader, SecretKind, StoreError, UnitOfWork};

/// The key of the desk: 32 octets that are kept apart from the ledger.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Of these octets.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

/// What is sealed together: who reported, what is needed to answer, and the message.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Cover {
    /// The mailbox to be answered; empty when there is none.
    pub(crate) mailbox: String,
    /// The number of the letter that is answered.
    pub(crate) message_id: String,
}

/// A message sealed, with its key sealed.
#[derive(Clone)]
pub(crate) struct Sealed {
    pub(crate) key: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Sealed {
    /// Seals a message for a case.
    pub(crate) fn new(
        master: &MasterKey,
        entropy: &dyn Entropy,
        case: &str,
        (cover, message): (&Cover, &[u8]),
    ) -> Option<Self> {
        let mut own = [0; 32];
        entropy.fill(&mut own);
        let cover = serde_json::to_vec(cover).ok()?;
        let length = u32::try_from(cover.len()).ok()?;
        let plain = [&length.to_be_bytes(), cover.as_slice(), message].concat();
        let body = seal(&own, entropy, case, plain)?;
        let key = seal(&master.0, entropy, case, own.to_vec())?;
        Some(Self { key, body })
    }

    /// Opens it again; `None` when key and body are not of this case, or were touched.
    pub(crate) fn open(&self, master: &MasterKey, case: &str) -> Option<(Cover, Vec<u8>)> {
        let own: [u8; 32] = open(&master.0, case, &self.key)?.try_into().ok()?;
        let plain = open(&own, case, &self.body)?;
        let (length, rest) = plain.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (cover, message) = rest.split_at_checked(length)?;
        Some((serde_json::from_slice(cover).ok()?, message.to_vec()))
    }

    /// What is kept of a case.
    pub(crate) fn kept(reader: &mut dyn Reader, case: &str) -> Result<Option<Self>, StoreError> {
        let key = reader.secret(SecretKind::MailKey, case)?;
        let body = reader.bookmark(&place(case))?;
        Ok(key.zip(body).map(|(key, body)| Self { key, body }))
    }

    /// Keeps it beside the ledger.
    pub(crate) fn keep(&self, unit: &mut dyn UnitOfWork, case: &str) -> Result<(), StoreError> {
        unit.put_secret(SecretKind::MailKey, case, &self.key)?;
        unit.set_bookmark(&place(case), &self.body)
    }
}

/// Erases a message: its key and its body.
pub(crate) fn erase(unit: &mut dyn UnitOfWork, case: &str) -> Result<(), StoreError> {
    unit.erase_secret(SecretKind::MailKey, case)?;
    unit.set_bookmark(&place(case), b"")
}

/// The name under which a sealed message is kept.
pub(crate) fn place(case: &str) -> String {
    format!("mail:{case}")
}

fn cipher(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

fn seal(key: &[u8; 32], entropy: &dyn Entropy, case: &str, mut plain: Vec<u8>) -> Option<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce);
    let with = Aad::from(case.as_bytes());
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), with, &mut plain)
        .ok()?;
    Some([&nonce[..], &plain].concat())
}

fn open(key: &[u8; 32], case: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut rest = rest.to_vec();
    let with = Aad::from(case.as_bytes());
    let plain =
        cipher(key)?.open_in_place(Nonce::assume_unique_for_key(*nonce), with, &mut rest).ok()?;
    Some(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::{Cover, MasterKey, Sealed};

    struct Counting(std::sync::atomic::AtomicU8);

    impl vedetta_model::Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            let next = || self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            buffer.iter_mut().for_each(|octet| *octet = next());
        }
    }

    #[test]
    fn only_its_own_case_and_key_open_it() {
        let (master, entropy) = (MasterKey::new([7; 32]), Counting(0.into()));
        let cover = Cover { mailbox: "ada@comune.example".into(), message_id: "<1@x>".into() };
        let message = b"Subject: segreto\r\n\r\nparole";
        let sealed = Sealed::new(&master, &entropy, "M1", (&cover, message)).unwrap();
        assert!(!sealed.body.windows(7).any(|seven| seven == b"segreto"));
        assert_eq!(sealed.open(&master, "M1"), Some((cover, message.to_vec())));
        assert_eq!(sealed.open(&master, "M2"), None);
        assert_eq!(sealed.open(&MasterKey::new([8; 32]), "M1"), None);
        let mut touched = sealed.clone();
        touched.body[20] ^= 1;
        assert_eq!(touched.open(&master, "M1"), None);
    }
}
