//! What an authenticator says of itself: authenticator data (WebAuthn §6.1).

use crate::cbor;
use crate::cose::PublicKey;

/// Authenticator data.
#[derive(Debug)]
pub(crate) struct AuthenticatorData<'a> {
    pub(crate) rp_id_hash: &'a [u8],
    flags: u8,
    pub(crate) sign_count: u32,
    pub(crate) attested: Option<Attested<'a>>,
}

/// Attested credential data (§6.5.2).
#[derive(Debug)]
pub(crate) struct Attested<'a> {
    pub(crate) id: &'a [u8],
    /// The key as it was written.
    pub(crate) key: &'a [u8],
}

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENDED: u8 = 1 << 7;

/// The longest identifier of a credential, in octets (§4, credential id).
pub(crate) const LONGEST_ID: usize = 1_023;

impl<'a> AuthenticatorData<'a> {
    /// Reads all of it.
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let (rp_id_hash, rest) = octets.split_at_checked(32)?;
        let (&flags, rest) = rest.split_first()?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (_aaguid, after) = rest.split_at_checked(16)?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (id, after) = after.split_at_checked(length)?;
            if id.is_empty() || length > LONGEST_ID {
                return None;
            }
            let (_, follows) = PublicKey::read(after)?;
            let key = after.get(..after.len() - follows.len())?;
            attested = Some(Attested { id, key });
            rest = follows;
        }
        if flags & EXTENDED != 0 {
            rest = cbor::read(rest)?.1;
        }
        let (sign_count, whole) = (u32::from_be_bytes(*count), rest.is_empty());
        // What says that it is backed up, and cannot be, says nothing (§6.1.3).
        let contradicts = flags & (BACKUP_ELIGIBLE | BACKED_UP) == BACKED_UP;
        (whole && !contradicts).then_some(Self { rp_id_hash, flags, sign_count, attested })
    }

    pub(crate) const fn user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    pub(crate) const fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(crate) const fn backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(crate) const fn backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}
