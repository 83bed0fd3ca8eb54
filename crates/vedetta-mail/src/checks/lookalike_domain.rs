//! Domains that look like somebody else's: homoglyphs, IDN, typos, added words, other endings.

use unicode_normalization::UnicodeNormalization as _;

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::brands::{Brands, own_label};

/// How a domain resembles another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Likeness {
    /// Letters that look the same.
    Letters,
    /// One letter off.
    Typo,
    /// The name with words added.
    Added,
    /// The whole domain before another's.
    Prefix,
    /// The same name with another ending.
    Ending,
}

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let from =
        scene.evidence.from.iter().chain(&scene.evidence.reply_to).map(|mailbox| mailbox.domain());
    let links = scene.links.iter().map(|link| link.target.host.as_str());
    let mut hosts: Vec<_> = from.map(|host| (host, ("mittente", "sender"))).collect();
    let mut seen = std::collections::BTreeSet::new();
    hosts.extend(links.filter(|host| seen.insert(*host)).map(|host| (host, ("link", "link"))));
    let everywhere = scene.leads_everywhere();
    for (host, place) in hosts {
        let Some((like, whose)) = resembles(host, scene.desk) else { continue };
        let among_many = everywhere && like == Likeness::Added && place.1 == "link";
        let slug = match like {
            _ if among_many => "lookalike-domain/among-many",
            Likeness::Letters => "lookalike-domain/letters",
            Likeness::Typo => "lookalike-domain/typo",
            Likeness::Added => "lookalike-domain/added-words",
            Likeness::Prefix => "lookalike-domain/prefix",
            Likeness::Ending => "lookalike-domain/ending",
        };
        let vague = among_many || like == Likeness::Ending;
        let confidence = if vague { Confidence::Low } else { Confidence::High };
        let severity = if among_many { Severity::Medium } else { Severity::High };
        findings.push(
            Finding::new(slug, Group::Identity, severity, confidence)
                .says(
                    format!("L'indirizzo imita quello di {whose}."),
                    format!("The address imitates that of {whose}."),
                )
                .notes(
                    format!("{}: {} come {whose}", place.0, shown(host)),
                    format!("{}: {} like {whose}", place.1, shown(host)),
                )
                .about([host]),
        );
    }
}

fn resembles(host: &str, desk: &crate::desk::Desk<'_>) -> Option<(Likeness, String)> {
    let like = of_brands(host, desk.brands);
    like.or_else(|| {
        let registered = crate::url::registered(host);
        let own =
            desk.own_domains.iter().find(|own| near(&registered, own) && !is_under(host, own));
        own.map(|own| (Likeness::Typo, own.clone()))
    })
}

/// Whether a host is a domain or below it.
fn is_under(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whom of the brands a host resembles, without being theirs.
pub(crate) fn of_brands(host: &str, brands: &Brands) -> Option<(Likeness, String)> {
    let registered = crate::url::registered(host);
    if host.is_empty()
        || brands.owner(host).is_some()
        || crate::hosting::of(host).is_some() && !host.contains("xn--")
    {
        return None;
    }
    let label = registered.split('.').next().unwrap_or_default();
    let (unicode, _) = idna::domain_to_unicode(label);
    let plain = skeleton(&unicode);
    let before = host.strip_suffix(&registered).unwrap_or_default().trim_end_matches('.');
    let alike = brands.alike((label, &plain), before).into_iter();
    let mut likenesses = alike.filter_map(|(brand, domain)| {
        let like = like(domain, (label, &unicode, &plain), before)?;
        Some((like, brand.name.clone()))
    });
    likenesses.next()
}

/// How a name resembles a domain: as it is written, as it is shown, as the eye takes it.
fn like(
    domain: &str,
    (label, unicode, plain): (&str, &str, &str),
    before: &str,
) -> Option<Likeness> {
    let own = own_label(domain);
    if format!(".{before}.").contains(&format!(".{domain}.")) {
        Some(Likeness::Prefix)
    } else if own.len() < 4 {
        None
    } else if plain == own && unicode != own {
        Some(Likeness::Letters)
    } else if label == own && own.len() > 5 {
        Some(Likeness::Ending)
    } else if own.len() > 5 && near(plain, own) {
        Some(Likeness::Typo)
    } else if adds(plain, own) {
        Some(Likeness::Added)
    } else {
        None
    }
}

/// Letters as the eye takes them.
fn skeleton(text: &str) -> String {
    let plain = text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    let lower: String = plain.flat_map(char::to_lowercase).map(latin).collect();
    lower.replace("rn", "m").replace("vv", "w")
}

/// The Latin letter that a letter of another script, or a digit, looks like.
pub(crate) const fn latin(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' | '@' => 'a',
        'Ь' | 'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' | 'ɗ' => 'd',
        'е' | 'ҽ' | 'ε' | '3' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ı' | 'ι' | '1' | '|' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ⅼ' => 'l',
        'м' => 'm',
        'п' | 'ո' | 'η' => 'n',
        'о' | 'ο' | 'օ' | '0' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' | '5' | '$' => 's',
        'т' | 'τ' | '7' => 't',
        'υ' | 'ս' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ᴢ' => 'z',
        other => other,
    }
}

/// One insertion, deletion, substitution or swap of neighbours away.
fn near(one: &str, other: &str) -> bool {
    // Most names differ at both ends: told before anything is taken apart.
    let ends = |text: &str| (text.bytes().next(), text.bytes().next_back());
    let ((first, last), (begins, ends)) = (ends(one), ends(other));
    if one.len().abs_diff(other.len()) > 4 || first != begins && last != ends {
        return false;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one == other || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let rest = |text: &[char], from: usize| text.get(from..).unwrap_or_default().to_vec();
    let (a, b) = (rest(&one, same), rest(&other, same));
    let swapped = a.len() > 1
        && a.len() == b.len()
        && a.first() == b.get(1)
        && a.get(1) == b.first()
        && rest(&a, 2) == rest(&b, 2);
    rest(&a, 1) == rest(&b, 1) || rest(&a, 1) == b || a == rest(&b, 1) || swapped
}

/// Whether the label is the name and other words, set apart or common in lures.
fn adds(label: &str, name: &str) -> bool {
    const COMMON: &[&str] = &[
        "login", "secure", "sicur", "verif", "account", "support", "assist", "client", "online",
        "servi", "update", "aggiorn", "info", "id", "mail", "web", "portal", "access", "conferm",
        "confirm", "pay", "refund", "rimbors", "tracking", "deliver", "consegn", "pacco", "italia",
        "it", "help", "center", "team", "alert", "notif", "auth", "sso", "bank", "app",
    ];
    let pieces: Vec<&str> = label.split('-').collect();
    if pieces.len() > 1 && name.len() >= 4 && pieces.contains(&name) {
        return true;
    }
    if name.len() < 5 {
        return false;
    }
    let rest = label.strip_prefix(name).or_else(|| label.strip_suffix(name)).unwrap_or_default();
    let rest = rest.trim_matches('-');
    !rest.is_empty() && COMMON.iter().any(|word| rest.starts_with(word) || rest.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::{Likeness, is_under, of_brands};
    use crate::brands::{Brand, Brands};

    #[test]
    fn likenesses_are_told_apart() {
        let like = |host: &str| of_brands(host, Brands::shipped()).map(|(like, _)| like);
        assert_eq!(like("xn--pypal-4ve.com"), Some(Likeness::Letters));
        assert!(like("paypa1.com").is_some());
        assert_eq!(like("micros0ft.com"), Some(Likeness::Letters));
        assert_eq!(like("intesasanpalo.com"), Some(Likeness::Typo));
        assert_eq!(like("poste-verifica.com"), Some(Likeness::Added));
        assert_eq!(like("www.poste.it.accesso.example"), Some(Likeness::Prefix));
        assert_eq!(like("unicredit.top"), Some(Likeness::Ending));
        assert_eq!(like("www.poste.it"), None);
        assert_eq!(like("comune.roma.it"), None);
        assert_eq!(like("composte.example"), None);
    }

    #[test]
    fn the_index_finds_what_looking_at_each_would() {
        let town = |n: usize| {
            let syllables = ["ca", "sta", "lo", "ri", "me", "do", "vi"];
            let begin: String = [n / 49, n / 7, n].map(|it| syllables[it % 7]).concat();
            let name = format!("{begin}gnano");
            let domains = vec![format!("{name}.example"), format!("comune.{name}.example")];
            Brand { name: format!("Comune {n}"), words: Vec::new(), domains }
        };
        let towns: Vec<Brand> = (0..300).map(town).collect();
        let brands = Brands::with(towns.clone());
        let slow = |host: &str| {
            let registered = crate::url::registered(host);
            let label = registered.split('.').next().unwrap();
            let unicode = idna::domain_to_unicode(label).0;
            let plain = super::skeleton(&unicode);
            let before = host.strip_suffix(&registered).unwrap().trim_end_matches('.');
            let mut each = towns.iter().flat_map(|it| it.domains.iter().map(move |d| (it, d)));
            each.find_map(|(brand, domain)| {
                // Of a name that all have only the whole domain is anybody's.
                let found = super::like(domain, (label, &unicode, &plain), before);
                let whole = found == Some(Likeness::Prefix) || !domain.starts_with("comune.");
                found.filter(|_| whole).map(|like| (like, brand.name.clone()))
            })
        };
        let mut seen = 0;
        for town in towns.iter().step_by(7) {
            let domain = &town.domains[0];
            let (own, _) = domain.split_once('.').unwrap();
            let end = own.len() - 1;
            for host in [
                format!("{own}.invalid"),
                format!("{}.invalid", &own[1..]),
                format!("{own}x.invalid"),
                format!("{}q{}.invalid", &own[..2], &own[3..]),
                format!("{}{}{}.invalid", &own[1..2], &own[..1], &own[2..]),
                format!("{}.invalid", own.replace('o', "0")),
                format!("login-{own}.invalid"),
                format!("{own}login.invalid"),
                format!("verifica{own}.invalid"),
                format!("www.{domain}.lure.invalid"),
                format!("www.comune.{domain}.lure.invalid"),
                format!("comune.{}.invalid", &own[..end]),
                "lontano.invalid".to_owned(),
            ] {
                let found = of_brands(&host, &brands);
                let shipped = of_brands(&host, Brands::shipped());
                if shipped.is_none() {
                    assert_eq!(found, slow(&host), "{host}");
                    seen += usize::from(found.is_some());
                }
            }
        }
        assert!(seen > 300, "{seen}");
        assert_eq!(of_brands("comune.invalid", &brands), None, "so many are called so");
    }

    #[test]
    fn a_letter_before_ones_own_name_is_not_ones_own() {
        assert!(is_under("comune.example", "comune.example"));
        assert!(is_under("posta.comune.example", "comune.example"));
        assert!(!is_under("icomune.example", "comune.example"));
    }
}
