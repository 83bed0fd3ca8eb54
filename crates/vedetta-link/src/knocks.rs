//! How often strangers may knock from one address: for IPv6 from one network that one party has. A
//! handshake costs more than the packet that asks for it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vedetta_model::Instant;

/// Knocks at once.
const BURST: u32 = 128;
/// After so long one more is allowed.
const EVERY: Duration = Duration::from_millis(500);
/// Addresses remembered: of more those are forgotten who knocked least.
const REMEMBERED: usize = 16_384;

/// Who knocked lately: when each has all its knocks again.
#[derive(Debug, Default)]
pub(crate) struct Knocks(Mutex<HashMap<IpAddr, Instant>>);

impl Knocks {
    /// Counts a knock; whether it is to be heard. The machine itself always is.
    pub(crate) fn hears(&self, address: IpAddr, now: Instant) -> bool {
        let address = network(address);
        if address.is_loopback() {
            return true;
        }
        let mut known = self.known();
        if known.len() >= REMEMBERED && !known.contains_key(&address) {
            known.retain(|_, again| *again > now);
            if known.len() >= REMEMBERED {
                let mut moments: Vec<_> = known.values().copied().collect();
                let middle = *moments.select_nth_unstable(REMEMBERED / 2).1;
                known.retain(|_, again| *again > middle);
            }
        }
        let before = known.get(&address).copied().unwrap_or(now);
        // A clock that was set back locks nobody out.
        let before = if before > now.after(EVERY * BURST) { now } else { before.max(now) };
        let again = before.after(EVERY);
        let heard = again.since(now) <= EVERY * BURST;
        if heard {
            known.insert(address, again);
        }
        heard
    }

    /// Forgets a knock: it was a peer's.
    pub(crate) fn was_a_peer(&self, address: IpAddr) {
        if let Some(again) = self.known().get_mut(&network(address)) {
            *again = again.before(EVERY);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who counts as one: an IPv4 address, or a network of IPv6 that one party has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(it) if !it.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(it.to_bits() & u128::MAX << 64))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_stranger_knocks_so_often_and_a_peer_as_often_as_it_likes() {
        let (knocks, now) = (Knocks::default(), Instant::from_micros(1_000_000_000));
        let heard = |text: &str, now| knocks.hears(address(text), now);
        for n in 0..BURST {
            assert!(heard(&format!("2001:db8:0:1::{n:x}"), now), "{n}");
        }
        assert!(!heard("2001:db8:0:1::ffff", now), "one network is one party");
        assert!(heard("2001:db8:0:2::1", now) && heard("192.0.2.1", now));
        assert!(heard("2001:db8:0:1::1", now.after(EVERY)));
        assert!(!heard("2001:db8:0:1::1", now.after(EVERY)));
        for _ in 0..10 * BURST {
            assert!(heard("192.0.2.7", now) && heard("::1", now) && heard("127.0.0.1", now));
            knocks.was_a_peer(address("192.0.2.7"));
        }
    }

    #[test]
    fn a_flood_of_addresses_is_forgotten_before_who_knocks_most() {
        let (knocks, now) = (Knocks::default(), Instant::from_micros(1_000_000_000));
        let mut often = 0;
        while knocks.hears(address("192.0.2.1"), now) {
            often += 1;
        }
        assert_eq!(often, BURST);
        for n in 0..40_000_u32 {
            let one = IpAddr::from(std::net::Ipv4Addr::from_bits(0x0a00_0000 + n));
            assert!(knocks.hears(one, now));
        }
        assert!(knocks.known().len() <= REMEMBERED);
        assert!(!knocks.hears(address("192.0.2.1"), now));
    }
}
