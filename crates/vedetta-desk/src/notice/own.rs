//! What an organisation has itself: no sign of who attacks it.

use std::net::IpAddr;

use vedetta_model::asset::AssetValue;

/// A domain or a network of an organisation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnName(Own);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Own {
    Domain(String),
    Network(u128, u32),
}

impl OwnName {
    /// Of an asset that is one.
    #[must_use]
    pub fn of(asset: &AssetValue) -> Option<Self> {
        match asset {
            AssetValue::Domain(name) | AssetValue::MailDomain(name) => {
                Some(Self(Own::Domain(name.trim_matches('.').to_lowercase())))
            }
            AssetValue::Network(network) => {
                let (start, length) = match network.split_once('/') {
                    Some((start, length)) => (start, Some(length.parse().ok()?)),
                    None => (network.as_str(), None),
                };
                let start: IpAddr = start.parse().ok()?;
                let most = if start.is_ipv4() { 32 } else { 128 };
                let length: u32 = length.unwrap_or(most);
                Some(Self(Own::Network(bits(start), most.checked_sub(length)?)))
            }
            _ => None,
        }
    }

    /// Whether a pattern or a trace names something of it.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        named_in(text).iter().any(|it| self.has(it))
    }

    /// Whether a name or an address is of it.
    fn has(&self, name: &str) -> bool {
        match &self.0 {
            Own::Domain(own) => {
                name.strip_suffix(own.as_str()).is_some_and(|it| it.is_empty() || it.ends_with('.'))
            }
            Own::Network(start, free) => {
                let other = |it: IpAddr| (bits(it) ^ start).checked_shr(*free).unwrap_or(0);
                name.parse().is_ok_and(|it| other(it) == 0)
            }
        }
    }
}

/// An address as a number; of the fourth version as IPv6 maps it.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => it.to_ipv6_mapped().to_bits(),
        IpAddr::V6(it) => it.to_bits(),
    }
}

/// The names and addresses in a pattern, or a trace.
fn named_in(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| c.is_whitespace() || "'\"/@[]()=,".contains(c));
    let plain = parts.map(|it| it.trim_matches('.').to_lowercase());
    plain.filter(|it| it.contains(['.', ':'])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_its_own_is_known_in_patterns_and_words() {
        let own = |asset| OwnName::of(&asset).unwrap();
        let domain = own(AssetValue::Domain("comune.example".into()));
        for text in ["comune.example", "[url:value = 'https://posta.Comune.example/x'] (TLP:GREEN)"]
        {
            assert!(domain.is_in(text), "{text}");
        }
        assert!(!domain.is_in("falso-comune.example") && !domain.is_in("comune.example.truffa.it"));
        let network = own(AssetValue::Network("198.51.100.0/24".into()));
        assert!(network.is_in("[ipv4-addr:value = '198.51.100.7']"));
        assert!(!network.is_in("198.51.101.7") && !network.is_in("2001:db8::1"));
        assert!(own(AssetValue::Network("2001:db8::/32".into())).is_in("2001:db8::1"));
        assert_eq!(OwnName::of(&AssetValue::Network("x/33".into())), None);
    }
}
