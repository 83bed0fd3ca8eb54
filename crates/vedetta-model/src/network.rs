//! Networks of addresses in CIDR notation (RFC 4632, RFC 4291), as read.

use std::net::IpAddr;

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// No address before the slash.
    #[error("not a network; write it as 192.0.2.0/24 or 2001:db8::/32")]
    Shape,
    /// A prefix length that the family does not have: it has at most so many bits.
    #[error("its prefix length must be between 0 and {0}")]
    Length(u8),
}

/// Reads `address/length`, or an address alone: the address, and the length of the prefix in bits.
/// IPv4 mapped into IPv6 becomes IPv4. Bits after the prefix may be set.
///
/// # Errors
/// [`PrefixError`] when it is neither.
pub fn read(text: &str) -> Result<(IpAddr, u8), PrefixError> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| PrefixError::Shape)?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => widest,
        Some(length) => read_length(length, widest).ok_or(PrefixError::Length(widest))?,
    };
    Ok(match address.to_canonical() {
        v4 @ IpAddr::V4(_) if widest == 128 && length >= 96 => (v4, length - 96),
        _ => (address, length),
    })
}

fn read_length(text: &str, widest: u8) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|length| digits && *length <= widest)
}
