//! Addresses, links, files and accounts that the house already knows.

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::desk::Sought;

/// A file, a whole address or an account that was reported.
pub(crate) const THING: &str = "known-indicator";
/// A host or a sender that was: a host is often everybody's, and a sender is easily borrowed.
pub(crate) const PLACE: &str = "known-indicator/place";

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
    // A thing that is known says more than a place: those are asked first.
    let is_thing = |kind| matches!(kind, Sought::Url | Sought::File | Sought::Account);
    sought.sort_by_key(|(kind, _)| !is_thing(*kind));
    let hit =
        sought.into_iter().filter(|(_, value)| !value.is_empty()).find_map(|(kind, value)| {
            known.look_up(kind, value).map(|known| (kind, value.to_owned(), known))
        });
    let Some((kind, value, known)) = hit else { return };
    let value = crate::url::defang(&value);
    let campaign = known.campaign.map(|name| format!(" ({name})")).unwrap_or_default();
    let (slug, confidence) = match is_thing(kind) {
        true => (THING, Confidence::High),
        false => (PLACE, Confidence::Medium),
    };
    findings.push(
        Finding::new(slug, Group::Known, Severity::High, confidence)
            .says(
                "Contiene elementi già segnalati come pericolosi.",
                "It contains something already reported as dangerous.",
            )
            .notes(
                format!("{} {value}: noto da {}{campaign}", kind.words().0, known.source),
                format!("{} {value}: known from {}{campaign}", kind.words().1, known.source),
            ),
    );
}
