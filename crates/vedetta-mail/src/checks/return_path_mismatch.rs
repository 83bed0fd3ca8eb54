//! Failures go to another domain than the sender's, and nobody vouches for the sender.
//!
//! Programs that send for others take failures back themselves: what is a list's, a mailing
//! programme's or vouched for says nothing.

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::evidence::Header;
use crate::hosting::{self, Hosting};
use crate::url::registered;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    let Some(path) = evidence.return_path.as_ref().filter(|path| path.domain().contains('.'))
    else {
        return;
    };
    let expected = scene.vouched || evidence.unsubscribe || evidence.bounce || evidence.answers;
    if evidence.header != Header::Original || expected || !scene.sender.contains('.') {
        return;
    }
    let of = rewritten(&path.address).unwrap_or_else(|| path.domain().to_owned());
    if registered(&of) == scene.sender_registered {
        return;
    }
    let free = |host: &str| hosting::of(host) == Some(Hosting::Free);
    let (slug, severity, confidence) = match free(&of) && !free(scene.sender) {
        true => ("return-path-mismatch/free-mail", Severity::Medium, Confidence::Medium),
        false => ("return-path-mismatch/elsewhere", Severity::Low, Confidence::Low),
    };
    findings.push(
        Finding::new(slug, Group::Identity, severity, confidence)
            .says(
                "È partito da un indirizzo diverso da quello che mostra come mittente.",
                "It was sent from another address than the sender that it shows.",
            )
            .notes(
                format!("From {}, Return-Path {}", shown(scene.sender), shown(&of)),
                format!("From {}, Return-Path {}", shown(scene.sender), shown(&of)),
            ),
    );
}

/// The domain before a forwarder rewrote the path (SRS): `srs0=hash=stamp=domain=local@forwarder`.
fn rewritten(address: &str) -> Option<String> {
    let (local, _) = address.split_once('@')?;
    let lower = local.to_ascii_lowercase();
    if !lower.starts_with("srs0") && !lower.starts_with("srs1") {
        return None;
    }
    let pieces: Vec<&str> = lower.split('=').collect();
    let at = pieces.len().checked_sub(2)?;
    pieces.get(at).filter(|domain| domain.contains('.')).map(|domain| (*domain).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::budget::Limits;
    use crate::desk::Desk;
    use crate::evidence::Evidence;
    use crate::verdict::findings;

    fn found(head: &str) -> Vec<&'static str> {
        let letter = format!("{head}\r\nSubject: s\r\n\r\nBuongiorno");
        let evidence = Evidence::read(letter.as_bytes(), &Limits::default());
        let all = findings(&evidence, &Desk::shipped()).into_iter().map(|it| it.slug);
        all.filter(|slug| slug.starts_with("return-path")).collect()
    }

    #[test]
    fn failures_that_go_elsewhere_are_noticed() {
        let from = "From: Comune <a@comune.example>";
        let path = |path: &str| found(&format!("Return-Path: <{path}>\r\n{from}"));
        assert_eq!(path("x@evil.invalid"), ["return-path-mismatch/elsewhere"]);
        assert_eq!(path("x@gmail.com"), ["return-path-mismatch/free-mail"]);
        assert_eq!(path("bounce+1@posta.comune.example"), [""; 0]);
        assert_eq!(path(""), [""; 0]);
        assert_eq!(path("SRS0=a1=T2=comune.example=a@inoltro.example"), [""; 0]);
        assert_eq!(path("SRS0=a1=T2=evil.invalid=a@inoltro.example").len(), 1);
        let list = "Return-Path: <x@evil.invalid>\r\nList-Unsubscribe: <https://x.invalid/>";
        assert_eq!(found(&format!("{list}\r\n{from}")), [""; 0]);
    }
}
