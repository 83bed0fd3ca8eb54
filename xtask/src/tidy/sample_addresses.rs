//! Samples and documents use addresses that belong to nobody (RFC 5737, RFC 3849, RFC 9637) or to
//! everybody's inner network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::tree::{TextFile, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "sample-addresses", check };

const FORMATS: &[&str] = &["json", "jsonl", "ndjson", "toml", "csv", "md", "txt"];
const FOLDERS: &[&str] = &["docs", "examples", "samples", "seed", "seeds", "tests", "corpus"];

fn check(tree: &Tree, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| is_sample(file)) {
        for (at, line) in file.lines() {
            for address in addresses(line).filter(|address| !is_nobodys(*address)) {
                let remedy = "use 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or 2001:db8::/32";
                findings.problem((&file.path, at), format!("{address} is somebody's"), remedy);
            }
        }
    }
}

fn is_sample(file: &TextFile) -> bool {
    file.has_extension(FORMATS)
        && (!file.path.contains('/') || file.path.split('/').any(|part| FOLDERS.contains(&part)))
}

/// The addresses in a line. Versions (in a CPE name) and numbers that go on are not addresses.
fn addresses(line: &str) -> impl Iterator<Item = IpAddr> {
    let words = line.split(|c: char| c.is_whitespace() || "\"',;()[]<>/=|`".contains(c));
    words.filter(|word| !word.starts_with("cpe:")).flat_map(|word| {
        let inner = word.trim_matches(['.', ':']);
        let whole = inner.parse::<Ipv6Addr>().ok().filter(|_| inner.matches(':').count() > 1);
        let v6 = whole.map(IpAddr::V6);
        let parts = word.split(|c: char| !c.is_ascii_digit() && c != '.');
        let v4 = parts.filter_map(|part| part.trim_matches('.').parse::<Ipv4Addr>().ok());
        v4.filter(move |_| v6.is_none()).map(IpAddr::V4).chain(v6)
    })
}

fn is_nobodys(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_nobodys_v4(v4),
        IpAddr::V6(v6) => match (v6.to_ipv4_mapped(), v6.segments()) {
            (Some(v4), _) => is_nobodys_v4(v4),
            (None, [0x2001, 0x0db8, ..]) => true,
            (None, [0x3fff, second, ..]) => second < 0x1000,
            (None, [0 | 0x64, ..]) => true,
            (None, [first, ..]) => first >= 0xfc00,
        },
    }
}

fn is_nobodys_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [0 | 10 | 127, ..] | [169, 254, ..] | [192, 168, ..] | [198, 18 | 19, ..] => true,
        [172, second, ..] => (16..32).contains(&second),
        [100, second, ..] => (64..128).contains(&second),
        [first, ..] => first >= 224,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::RULE;

    #[test]
    fn addresses_of_somebody_are_found() {
        let text = "\
address,note
192.0.2.7,ours
8.8.8.8,theirs
\"cpe:2.3:a:maker:product:4.3.2.1:*\",version
[ipv4-addr:value = '203.0.113.5'],10.1.2.3:443
https://9.9.9.9/x
2a00:1450::1,theirs
2001:db8::1,12:30:00
1.3.6.1.4.1.311,number
";
        let found = problems(&RULE, &[("crates/a/tests/x.csv", text), ("crates/a/x.csv", text)]);
        let place = |line| format!("crates/a/tests/x.csv:{line}");
        assert_eq!(found, [place(3), place(6), place(7)]);
    }
}
