//! Two sets of addresses for nftables (nft(8)): loaded in one transaction, in the place of what was
//! in them. Nothing is blocked until somebody writes a rule that asks them, e.g.
//! `ip daddr @blocked_ipv4 drop`.

use ip_network::IpNetwork;
use vedetta_indicator::Kind;

use super::{Act, Needs, Row};

pub(super) const NEEDS: Needs = Needs {
    act: Act::Block,
    content_type: "text/plain; charset=utf-8",
    comment: Some("#"),
    kinds: |kind| matches!(kind, Kind::Ipv4 | Kind::Ipv6),
    expresses: |term| term.network().is_some(),
};

pub(super) fn write(rows: &[Row<'_>], body: &mut String) {
    let networks: Vec<_> = rows.iter().filter_map(|row| row.term.network()).collect();
    let (v4, v6): (Vec<_>, Vec<_>) = networks.into_iter().partition(IpNetwork::is_ipv4);
    let sets = [("blocked_ipv4", "ipv4_addr", v4), ("blocked_ipv6", "ipv6_addr", v6)];
    body.push_str("table inet vedetta {\n");
    for (name, kind, _) in &sets {
        let set = format!("\tset {name} {{\n\t\ttype {kind}\n\t\tflags interval\n\t}}\n");
        body.push_str(&set);
    }
    body.push_str("}\n");
    for (name, _, networks) in sets {
        body.extend(["flush set inet vedetta ", name, "\n"]);
        let outer = outermost(networks);
        if outer.is_empty() {
            continue;
        }
        body.extend(["add element inet vedetta ", name, " {\n"]);
        for network in outer {
            let single = network.netmask() == if network.is_ipv4() { 32 } else { 128 };
            let text = match single {
                true => network.network_address().to_string(),
                false => network.to_string(),
            };
            body.extend(["\t", &text, ",\n"]);
        }
        body.push_str("}\n");
    }
}

/// Those that no other contains: a set of intervals takes no two that overlap.
fn outermost(mut networks: Vec<IpNetwork>) -> Vec<IpNetwork> {
    networks.sort_unstable_by_key(|network| (network.network_address(), network.netmask()));
    networks.dedup_by(|later, outer| outer.contains(later.network_address()));
    networks
}
