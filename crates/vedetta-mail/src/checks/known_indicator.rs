//! Addresses, links, files and accounts that the house already knows.

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::desk::Sought;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    let mut sought: Vec<(Sought, &str)> = Vec::new();
    for link in &evidence.links {
        sought.push((Sought::Url, &link.target.url));
        sought.push((Sought::Domain, &link.target.host));
    }
    for mailbox in evidence.from.iter().chain(&evidence.reply_to) {
        sought.push((Sought::Address, &mailbox.address));
    }
    for file in &evidence.attachments {
        sought.extend(
            [&file.sha256, &file.sha1, &file.md5].map(|hash| (Sought::File, hash.as_str())),
        );
    }
    let accounts = evidence.accounts.ibans.iter().chain(&evidence.accounts.wallets);
    sought.extend(accounts.map(|account| (Sought::Account, account.as_str())));
    let client = evidence.authentication.client.map(|ip| ip.to_string()).unwrap_or_default();
    sought.push((Sought::Ip, &client));
    let known = scene.desk.known;
    let hit =
        sought.into_iter().filter(|(_, value)| !value.is_empty()).find_map(|(kind, value)| {
            known.look_up(kind, value).map(|known| (kind, value.to_owned(), known))
        });
    let Some((kind, value, known)) = hit else { return };
    let value = crate::url::defang(&value);
    let campaign = known.campaign.map(|name| format!(" ({name})")).unwrap_or_default();
    findings.push(
        Finding::new("known-indicator", Group::Known, Severity::High, Confidence::High)
            .says(
                format!("Contiene elementi già segnalati come pericolosi{campaign}."),
                format!("It contains something already reported as dangerous{campaign}."),
            )
            .notes(
                format!("{kind:?} {value}: noto da {}", known.source),
                format!("{kind:?} {value}: known from {}", known.source),
            ),
    );
}
