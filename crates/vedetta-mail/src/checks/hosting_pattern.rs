//! Where the links live: places that anybody gets at once, for nothing, under any name.

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::hosting::{self, Hosting};
use crate::link::Link;

type Pattern = (&'static str, Severity, fn(&Link) -> bool, &'static str, &'static str);

const PATTERNS: &[Pattern] = &[
    (
        "hosting-pattern/numeric",
        Severity::High,
        |link| link.target.is_numeric(),
        "Un collegamento porta a un numero invece che a un nome.",
        "A link leads to a number instead of a name.",
    ),
    (
        "hosting-pattern/port",
        Severity::Medium,
        |link| link.target.port.is_some(),
        "Un collegamento usa una porta insolita.",
        "A link uses an unusual port.",
    ),
    (
        "hosting-pattern/idn",
        Severity::Medium,
        |link| link.target.host.contains("xn--"),
        "Un collegamento usa lettere di altri alfabeti.",
        "A link uses letters of other alphabets.",
    ),
    (
        "hosting-pattern/shared",
        Severity::Medium,
        |link| hosting::of(&link.target.host) == Some(Hosting::Shared),
        "Un collegamento porta a una pagina su uno spazio gratuito, dove chiunque può pubblicare.",
        "A link leads to free space, where anybody can publish.",
    ),
    (
        "hosting-pattern/form",
        Severity::Medium,
        |link| hosting::of(&link.target.host) == Some(Hosting::Form),
        "Un collegamento porta a un modulo che chiunque può creare.",
        "A link leads to a form that anybody can make.",
    ),
    (
        "hosting-pattern/shortener",
        Severity::Medium,
        |link| hosting::of(&link.target.host) == Some(Hosting::Shortener),
        "Un collegamento accorciato nasconde dove porta.",
        "A shortened link hides where it leads.",
    ),
    (
        "hosting-pattern/cheap-ending",
        Severity::Low,
        |link| hosting::has_cheap_ending(&link.target.host),
        "Un collegamento usa un tipo di dominio spesso usato per le truffe.",
        "A link uses a kind of domain that swindles often use.",
    ),
    (
        "hosting-pattern/random-name",
        Severity::Low,
        is_random,
        "Un collegamento porta a un nome senza senso.",
        "A link leads to a name without a meaning.",
    ),
    (
        "hosting-pattern/deep-name",
        Severity::Low,
        |link| link.target.host.split('.').count() > 4,
        "Un collegamento porta a un nome molto lungo.",
        "A link leads to a very long name.",
    ),
    (
        "hosting-pattern/hyphens",
        Severity::Low,
        |link| link.target.registered.matches('-').count() > 2,
        "Un collegamento porta a un nome fatto di molte parole.",
        "A link leads to a name of many words.",
    ),
    (
        "hosting-pattern/borrowed-site",
        Severity::Medium,
        is_borrowed_site,
        "Un collegamento porta dentro un sito che sembra violato.",
        "A link leads into a site that seems broken into.",
    ),
    (
        "hosting-pattern/address-in-link",
        Severity::Medium,
        |link| crate::text::addresses(&link.target.rest.replace("%40", "@")).next().is_some(),
        "Un collegamento contiene un indirizzo di posta.",
        "A link carries a mail address.",
    ),
    (
        "hosting-pattern/data",
        Severity::High,
        |link| matches!(link.target.scheme.as_str(), "data" | "javascript" | "vbscript" | "blob"),
        "Un collegamento contiene un programma.",
        "A link carries a program.",
    ),
    (
        "hosting-pattern/wrapped",
        Severity::Low,
        is_wrapped,
        "Un collegamento passa da un altro sito prima di arrivare.",
        "A link passes through another site.",
    ),
    (
        "hosting-pattern/plain-http",
        Severity::Low,
        |link| link.target.scheme == "http" && link.origin == crate::link::Origin::Html,
        "Un collegamento non è protetto.",
        "A link is not protected.",
    ),
];

fn is_random(link: &Link) -> bool {
    let label = link.target.registered.split('.').next().unwrap_or_default();
    hosting::is_random(label)
}

fn is_borrowed_site(link: &Link) -> bool {
    let path = link.target.rest.to_ascii_lowercase();
    [
        "/wp-content/",
        "/wp-includes/",
        "/wp-admin/",
        "/.well-known/",
        "/cgi-bin/",
        "/~",
        "/administrator/",
        "/images/",
    ]
    .iter()
    .any(|mark| path.contains(mark))
        && !path.ends_with(".png")
        && !path.ends_with(".jpg")
        && !path.ends_with(".gif")
}

fn is_wrapped(link: &Link) -> bool {
    let guard = |host: &String| {
        host.contains("safelinks") || host.contains("urldefense") || host.contains("cisco")
    };
    link.wrappers.iter().any(|host| !guard(host))
}

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let own = |link: &&&Link| {
        link.target.registered != scene.sender_registered || scene.sender.is_empty()
    };
    let everywhere = scene.leads_everywhere();
    for (slug, severity, fits, it, en) in PATTERNS {
        let all =
            scene.evidence.links.iter().filter(|link| link.origin != crate::link::Origin::Picture);
        let all: Vec<&Link> = all.collect();
        let fitting: Vec<&Link> =
            all.iter().filter(own).filter(|link| fits(link)).copied().collect();
        let Some(link) = fitting.first() else { continue };
        if everywhere && fitting.len() * 4 < all.len() && *slug != "hosting-pattern/data" {
            continue;
        }
        // A newsletter names its reader in its links too.
        let telling = *severity >= Severity::Medium && *slug != "hosting-pattern/address-in-link";
        findings.push(
            Finding::new(slug, Group::Links, *severity, Confidence::Low)
                .says(*it, *en)
                .notes(link.target.defanged(), link.target.defanged())
                .about(fitting.iter().filter(|_| telling).map(|link| link.target.host.as_str())),
        );
    }
    if foreign(scene) {
        findings.push(
            Finding::new(
                "hosting-pattern/all-elsewhere",
                Group::Links,
                Severity::Low,
                Confidence::Low,
            )
            .says(
                "Nessun collegamento porta al sito del mittente.",
                "No link leads to the sender's own site.",
            )
            .notes(
                "tutti i link fuori dal dominio del mittente",
                "every link outside the sender's domain",
            )
            .about(only_place(scene)),
        );
    }
}

/// The host that all links lead to, where it is one.
fn only_place<'s>(scene: &'s Scene<'_>) -> Option<&'s str> {
    let first = scene.links.first()?;
    let one = scene.links.iter().all(|link| link.target.host == first.target.host);
    one.then_some(first.target.host.as_str())
}

fn foreign(scene: &Scene<'_>) -> bool {
    !scene.sender.is_empty()
        && !scene.links.is_empty()
        && scene.links.iter().all(|link| {
            link.origin == crate::link::Origin::Within
                || link.target.registered != scene.sender_registered
        })
}
