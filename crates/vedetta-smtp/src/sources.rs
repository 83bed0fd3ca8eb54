//! Who is at the door, and how much of its memory each holds: a source is an IPv4 address, or a
//! network of IPv6 that one party has as a rule (/64).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// How much all may hold, and how much one source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) connections: usize,
    pub(crate) octets: usize,
    pub(crate) all_octets: usize,
}

/// What sources hold now.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    held: HashMap<IpAddr, Held>,
    octets: usize,
}

#[derive(Debug, Default)]
struct Held {
    connections: usize,
    octets: usize,
}

/// The source that an address is of.
pub(crate) fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        canonical => canonical,
    }
}

impl Sources {
    /// Counts one connection more; false when the source has as many as it may. This machine's own
    /// mail system speaks for everybody: only what all may hold limits it.
    pub(crate) fn enter(&mut self, source: IpAddr, shares: &Shares) -> bool {
        let held = self.held.entry(source).or_default();
        let room = source.is_loopback() || held.connections < shares.connections;
        if room {
            held.connections += 1;
        }
        room
    }

    /// A connection ends.
    pub(crate) fn leave(&mut self, source: IpAddr) {
        if let Some(held) = self.held.get_mut(&source) {
            held.connections = held.connections.saturating_sub(1);
            if held.connections == 0 && held.octets == 0 {
                self.held.remove(&source);
            }
        }
    }

    /// Counts so many octets more; false, and nothing counted, when there is no room for them.
    pub(crate) fn hold(&mut self, source: IpAddr, octets: usize, shares: &Shares) -> bool {
        let all = self.octets.saturating_add(octets);
        let held = self.held.entry(source).or_default();
        let own = held.octets.saturating_add(octets);
        let room = all <= shares.all_octets && (source.is_loopback() || own <= shares.octets);
        if room {
            held.octets = own;
            self.octets = all;
        }
        room
    }

    /// Octets are given back.
    pub(crate) fn free(&mut self, source: IpAddr, octets: usize) {
        self.octets = self.octets.saturating_sub(octets);
        if let Some(held) = self.held.get_mut(&source) {
            held.octets = held.octets.saturating_sub(octets);
            if held.connections == 0 && held.octets == 0 {
                self.held.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Shares, Sources, source};

    const SHARES: Shares = Shares { connections: 2, octets: 100, all_octets: 150 };

    fn of(address: &str) -> std::net::IpAddr {
        source(address.parse().unwrap())
    }

    #[test]
    fn a_network_of_one_party_is_one_source() {
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert!(of("::1").is_loopback() && of("127.0.0.1").is_loopback());
    }

    #[test]
    fn nobody_has_more_than_their_share_of_connections() {
        let mut sources = Sources::default();
        let mut enters = |address: &str| sources.enter(of(address), &SHARES);
        assert!(enters("2001:db8::1") && enters("2001:db8::2") && !enters("2001:db8::3"));
        assert!(enters("2001:db8:1::1") && enters("192.0.2.1"));
        assert!((0..9).all(|_| enters("127.0.0.1")));
        sources.leave(of("2001:db8::9"));
        assert!(sources.enter(of("2001:db8::3"), &SHARES));
    }

    #[test]
    fn memory_is_counted_for_each_and_for_all_and_comes_back() {
        let (mut sources, one, two) = (Sources::default(), of("192.0.2.1"), of("192.0.2.2"));
        assert!(sources.hold(one, 100, &SHARES) && !sources.hold(one, 1, &SHARES));
        assert!(sources.hold(two, 50, &SHARES) && !sources.hold(two, 1, &SHARES));
        assert!(!sources.hold(of("127.0.0.1"), 1, &SHARES), "this machine is within what all have");
        sources.free(one, 60);
        assert!(sources.hold(two, 50, &SHARES) && !sources.hold(two, 1, &SHARES));
        sources.free(one, 40);
        sources.free(two, 100);
        assert!(sources.held.keys().all(|it| it.is_loopback()), "what is empty is forgotten");
    }
}
