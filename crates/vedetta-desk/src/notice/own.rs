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
            AssetValue::Network(text) => {
                let (start, free) = network(text)?;
                Some(Self(Own::Network(start, free)))
            }
            _ => None,
        }
    }

    /// Whether all that a pattern or a trace names is of one of these: whatever else it names may be the
    /// attacker's.
    #[must_use]
    pub fn are_all_of(own: &[Self], text: &str) -> bool {
        let named = named_in(text);
        !named.is_empty() && named.iter().all(|it| own.iter().any(|own| own.has(it)))
    }

    /// Whether a name, an address or a network lies within it.
    fn has(&self, named: &Named) -> bool {
        match (&self.0, named) {
            (Own::Domain(own), Named::Host(name)) => {
                name.strip_suffix(own.as_str()).is_some_and(|it| it.is_empty() || it.ends_with('.'))
            }
            (Own::Network(start, free), Named::Network(other, of_it)) => {
                of_it <= free && (other ^ start).checked_shr(*free).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// What a pattern or a trace names.
#[derive(Debug)]
enum Named {
    Host(String),
    Network(u128, u32),
}

/// An address or a network: where it starts, and how many bits are free in it.
fn network(text: &str) -> Option<(u128, u32)> {
    let (start, length) = match text.split_once('/') {
        Some((start, length)) => (start, Some(length.parse().ok()?)),
        None => (text, None),
    };
    let start: IpAddr = start.parse().ok()?;
    let most: u32 = if start.is_ipv4() { 32 } else { 128 };
    Some((bits(start), most.checked_sub(length.unwrap_or(most))?))
}

/// An address as a number; of the fourth version as IPv6 maps it.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => it.to_ipv6_mapped().to_bits(),
        IpAddr::V6(it) => it.to_bits(),
    }
}

/// What the values of a pattern name, or a trace: of an address its host, of a mailbox its domain, and
/// anything else as it is. Nothing where a value stands for others: they may be anybody's.
fn named_in(text: &str) -> Vec<Named> {
    let values = match text.starts_with('[') {
        true => compared(text),
        false => text.split_whitespace().take(1).map(str::to_owned).collect(),
    };
    let named = |it: &String| {
        let within = |(start, free)| Named::Network(start, free);
        let host = || host(it);
        network(it).or_else(|| network(&host())).map_or_else(|| Named::Host(host()), within)
    };
    values.iter().map(named).collect()
}

/// What a pattern compares with, without the quotes; nothing when it compares with expressions.
fn compared(pattern: &str) -> Vec<String> {
    let (mut all, mut around) = (Vec::new(), String::new());
    let (mut inside, mut escaped) = (None, false);
    for c in pattern.chars() {
        match &mut inside {
            None if c == '\'' => inside = Some(String::new()),
            None => around.push(c),
            Some(_) if c == '\'' && !escaped => all.extend(inside.take()),
            Some(text) => {
                escaped = c == '\\' && !escaped;
                text.extend((!escaped).then_some(c));
            }
        }
    }
    let mut words = around.split(|c: char| !c.is_ascii_alphabetic());
    if words.any(|it| ["MATCHES", "LIKE"].contains(&it)) { Vec::new() } else { all }
}

fn host(value: &str) -> String {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    // Browsers read a backslash as a slash.
    let place = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let place = place.rsplit_once('@').map_or(place, |(_, domain)| domain);
    let host = match place.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((address, _)) => address,
        // A port, and no address of the sixth version.
        None if place.matches(':').count() == 1 => place.split(':').next().unwrap_or_default(),
        None => place,
    };
    host.trim_matches('.').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_its_own_is_known_in_patterns_and_words() {
        let own = |asset| OwnName::of(&asset).unwrap();
        let domain = own(AssetValue::Domain("comune.example".into()));
        let network = own(AssetValue::Network("198.51.100.0/24".into()));
        let all = [domain, network, own(AssetValue::Network("2001:db8::/32".into()))];
        for text in [
            "comune.example",
            "[url:value = 'https://posta.Comune.example:8443/x'] (TLP:GREEN)",
            "[email-addr:value = 'info@comune.example' OR domain-name:value = 'www.comune.example']",
            "[ipv4-addr:value = '198.51.100.7']",
            "198.51.100.0/25",
            "198.51.100.0/24",
            "https://198.51.100.7:8443/x",
            "[url:value = 'https://comune.example/LIKE ']",
            "2001:db8::1",
            "https://[2001:db8::1]/x",
        ] {
            assert!(OwnName::are_all_of(&all, text), "{text}");
        }
        for text in [
            "falso-comune.example",
            "comune.example.truffa.it",
            "198.51.101.7",
            "2001:db9::1",
            "https://truffa.example/comune.example/accesso",
            "https://comune.example@truffa.example/",
            "[email-message:from_ref.value = 'sindaco@comune.example' AND url:value = 'https://truffa.example']",
            "[file:name = 'comune.example\\'.exe']",
            "[ipv4-addr:value = '203.0.113.9' AND domain-name:value = 'comune.example']",
            "[file:size > 10]",
            "https://truffa.example\\@comune.example/",
            "198.51.100.0/8",
            "[ipv4-addr:value ISSUBSET '198.51.0.0/16']",
            "[domain-name:value LIKE '%comune.example']",
            "[url:value = 'https://comune.example/\\'' OR domain-name:value LIKE '%.comune.example']",
            "[url:value MATCHES 'truffa.*comune.example']",
        ] {
            assert!(!OwnName::are_all_of(&all, text), "{text}");
        }
        assert_eq!(OwnName::of(&AssetValue::Network("x/33".into())), None);
    }
}
