//! A link: what it shows, where it goes once the wrappers are undone, where it was found.

use serde::Serialize;

use crate::header::percent;
use crate::url::{Target, registered};

/// Where a link was found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Written in the text.
    Text,
    /// A link of the HTML.
    Html,
    /// Where a form sends what is typed.
    Form,
    /// The page goes there by itself.
    Redirect,
    /// A QR code.
    Code,
    /// A link of a PDF.
    Pdf,
    /// Within another attachment.
    Attachment,
    /// A calendar invitation.
    Calendar,
    /// A picture fetched when the message is shown.
    Picture,
    /// Named within another link: whoever follows that one may come here, or may not.
    Within,
}

/// A link of the message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Link {
    /// The text that is shown for it; empty when it is shown as it is.
    pub shown: String,
    /// Where it goes, after the wrappers.
    pub target: Target,
    /// The hosts that stood in between, outermost first.
    pub wrappers: Vec<String>,
    /// Where it was found.
    pub origin: Origin,
}

const MOST_WRAPPERS: usize = 5;

impl Link {
    /// The link, known wrappers undone; `None` for what is no link.
    pub(crate) fn new(shown: &str, written: &str, origin: Origin) -> Option<Self> {
        let mut target = Target::read(written)?;
        let mut wrappers = Vec::new();
        while wrappers.len() < MOST_WRAPPERS {
            let Some(inner) = unwrapped(&target) else { break };
            wrappers.push(target.host);
            target = inner;
        }
        let shown = shown.chars().filter(|c| !c.is_control()).take(200).collect();
        Some(Self { shown, target, wrappers, origin })
    }

    /// The link, and what it names within it: a site that nobody knows as a wrapper is where the
    /// link leads, and where it says it would lead from there may be said to mislead.
    pub(crate) fn all(shown: &str, written: &str, origin: Origin) -> Vec<Self> {
        let mut links: Vec<Self> = Self::new(shown, written, origin).into_iter().collect();
        while links.len() < MOST_WRAPPERS
            && let Some(outer) = links.last()
            && let Some(named) = open_redirect(&outer.target)
            && let Some(mut inner) = Self::new("", &named, Origin::Within)
            && inner.target.is_web()
            && inner.target.host != outer.target.host
        {
            inner.wrappers = [outer.wrappers.clone(), vec![outer.target.host.clone()]].concat();
            links.push(inner);
        }
        links
    }

    /// The host that the shown text names, when it looks like an address.
    #[must_use]
    pub fn shown_host(&self) -> Option<Target> {
        let text = self.shown.trim();
        let bare = text.contains('.') && !text.contains(char::is_whitespace) && !text.contains('@');
        let shown = Target::read(text).filter(|shown| bare && shown.is_web())?;
        let known = psl::suffix(shown.host.as_bytes()).is_some_and(|suffix| suffix.is_known());
        known.then_some(shown)
    }
}

/// Any of Google's domains.
const GOOGLE: &str = "google.";

/// What undoes a known wrapper: the domain it is of, the parameter that carries the target.
const BY_PARAMETER: &[(&str, &[&str])] = &[
    ("safelinks.protection.outlook.com", &["url"]),
    ("safelinks.protection.office365.us", &["url"]),
    ("statics.teams.cdn.office.net", &["url"]),
    (GOOGLE, &["q", "url", "adurl"]),
    ("googleadservices.com", &["adurl"]),
    ("doubleclick.net", &["adurl", "ds_dest_url"]),
    ("facebook.com", &["u"]),
    ("instagram.com", &["u"]),
    ("linkedin.com", &["url"]),
    ("youtube.com", &["q"]),
    ("linkprotect.cudasvc.com", &["a"]),
    ("protect2.fireeye.com", &["u"]),
    ("clicktime.symantec.com", &["u"]),
    ("urlsand.esvalabs.com", &["u"]),
    ("clicktime.trendmicro.com", &["url"]),
    ("vk.com", &["to"]),
    ("steamcommunity.com", &["url"]),
    ("slack-redir.net", &["url"]),
    ("duckduckgo.com", &["uddg"]),
];

/// Parameters that open redirectors use.
const OPEN: &[&str] = &[
    "url",
    "u",
    "redirect",
    "redirect_url",
    "redirect_uri",
    "target",
    "dest",
    "goto",
    "next",
    "link",
    "r",
];

fn unwrapped(target: &Target) -> Option<Target> {
    let host = target.host.as_str();
    let google = || names(host, GOOGLE);
    let inner = if matches!(target.registered.as_str(), "urldefense.com" | "urldefense.us")
        || host == "urldefense.proofpoint.com"
    {
        proofpoint(target)
    } else if host == "secure-web.cisco.com" {
        target.rest.split('/').nth(2).map(decoded)
    } else if names(host, "awstrack.me") || names(host, "mjt.lu") {
        in_path(target)
    } else if names(host, "mandrillapp.com") {
        mandrill(target)
    } else if names(host, "translate.goog") {
        translated(host, &target.rest)
    } else if host == "r.search.yahoo.com" {
        let to = target.rest.split('/').find_map(|piece| piece.strip_prefix("RU="));
        to.map(decoded)
    } else if names(host, "protection.sophos.com") {
        parameter(target, "u").map(|coded| text_of_base64(&coded))
    } else if target.registered == "bing.com" {
        parameter(target, "u").and_then(|value| value.strip_prefix("a1").map(text_of_base64))
    } else if let Some(rest) = target.rest.strip_prefix("/amp/s/").filter(|_| google()) {
        Some(format!("https://{rest}"))
    } else {
        let (_, by) = BY_PARAMETER.iter().find(|(of, _)| names(host, of))?;
        by.iter().find_map(|name| parameter(target, name))
    };
    Target::read(&inner?).filter(|inner| inner.is_web() && inner.host != target.host)
}

/// Whether a host is of a domain; of Google's, whatever its country.
fn names(host: &str, of: &str) -> bool {
    let below = || host.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
    if of == GOOGLE { registered(host).starts_with(GOOGLE) } else { host == of || below() }
}

/// Another site's whole address in a parameter.
fn open_redirect(target: &Target) -> Option<String> {
    let found = OPEN.iter().find_map(|name| parameter(target, name))?;
    let whole = found.starts_with("http://") || found.starts_with("https://");
    whole.then_some(found)
}

fn proofpoint(target: &Target) -> Option<String> {
    if let Some(rest) = target.rest.strip_prefix("/v3/__") {
        let (url, coded) = rest.rsplit_once("__;").or_else(|| rest.rsplit_once("__"))?;
        return Some(refilled(url, coded));
    }
    let written = parameter(target, "u")?;
    if target.rest.starts_with("/v1/") {
        return Some(written);
    }
    Some(decoded(&written.replace('-', "%").replace('_', "/")))
}

/// An address of which odd letters were taken out (Proofpoint, version 3): a star stands for the next
/// of them, two for as many as the letter after them counts.
fn refilled(url: &str, coded: &str) -> String {
    const COUNTS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let coded = coded.split('!').next().unwrap_or_default();
    let coded = coded.replace('-', "+").replace('_', "/");
    let taken = text_of_base64(&coded);
    let (mut taken, mut out, mut letters) = (taken.chars(), String::new(), url.chars());
    while let Some(letter) = letters.next() {
        if letter != '*' {
            out.push(letter);
            continue;
        }
        let mut ahead = letters.clone();
        let count = match (ahead.next(), ahead.next()) {
            (Some('*'), Some(count)) => COUNTS.find(count).map(|at| at + 2),
            _ => None,
        };
        if count.is_some() {
            letters = ahead;
        }
        // A star of its own stays where nothing was taken out.
        let before = out.len();
        out.extend(taken.by_ref().take(count.unwrap_or(1)));
        if out.len() == before {
            out.push('*');
        }
    }
    // Slashes that a relay took for doubled.
    let (scheme, rest) = out.split_once(":/").unwrap_or(("", &out));
    if rest.starts_with('/') || scheme.is_empty() { out } else { format!("{scheme}://{rest}") }
}

/// What stands in the path of a tracker's link: the whole target, percent-encoded or in base64.
fn in_path(target: &Target) -> Option<String> {
    let path = target.rest.split(['?', '#']).next().unwrap_or_default();
    path.split('/').find_map(|piece| {
        let plain = decoded(piece);
        let plain = if plain.starts_with("http") { plain } else { text_of_base64(piece) };
        (plain.starts_with("http://") || plain.starts_with("https://")).then_some(plain)
    })
}

/// What is in the JSON that a link of Mandrill carries.
fn mandrill(target: &Target) -> Option<String> {
    let outer = text_of_base64(&parameter(target, "p")?);
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    let inner = read(&outer)?.get("p")?.as_str()?.to_owned();
    Some(read(&inner)?.get("url")?.as_str()?.to_owned())
}

/// A page that Google shows translated: its name is in the host.
fn translated(host: &str, rest: &str) -> Option<String> {
    let name = host.strip_suffix(".translate.goog")?;
    Some(format!("https://{}{rest}", name.replace("--", "\0").replace('-', ".").replace('\0', "-")))
}

fn parameter(target: &Target, name: &str) -> Option<String> {
    let (_, query) = target.rest.split_once('?')?;
    let query = query.replace("&amp;", "&");
    let pairs = query.split(['&', '#']).take(60).filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.filter(|(of, _)| of.eq_ignore_ascii_case(name)).last()?;
    Some(decoded(value))
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent(text)).into_owned()
}

fn text_of_base64(text: &str) -> String {
    String::from_utf8_lossy(&transfer::base64(text.as_bytes(), 4096).0).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Link, Origin};

    fn goes(written: &str) -> (String, usize) {
        let link = Link::new("", written, Origin::Html).unwrap();
        (link.target.url, link.wrappers.len())
    }

    #[test]
    fn wrappers_are_undone_as_often_as_they_wrap() {
        let evil = "https://evil.example/x?a=1".to_owned();
        let safe = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fx%3Fa%3D1&data=05";
        assert_eq!(goes(safe), (evil.clone(), 1));
        let v2 = "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_x-3Fa-3D1&d=Dw";
        assert_eq!(goes(v2), (evil.clone(), 1));
        let v3 = "https://urldefense.com/v3/__https://evil.example/x?a=1__;!!abc";
        assert_eq!(goes(v3), (evil.clone(), 1));
        let google = "https://www.google.it/url?sa=t&q=https%3A%2F%2Fevil.example%2Fx%3Fa%3D1";
        assert_eq!(goes(google), (evil.clone(), 1));
        let both = format!(
            "https://x.safelinks.protection.outlook.com/?url={}",
            google.replace(':', "%3A").replace('%', "%25").replace('&', "%26")
        );
        assert!(goes(&both).0.contains("evil.example"));
        assert_eq!(goes("https://www.google.co.uk/url?q=https://evil.example/x?a=1"), (evil, 1));
        assert_eq!(goes("https://www.google.com/maps?q=roma").1, 0);
    }

    #[test]
    fn what_a_filter_took_out_of_a_link_is_put_back() {
        let evil = "https://evil.example/x?a=1&b=%2F#c".to_owned();
        // `?`, `=`, `&`, `=%2F` and `#`, in the ways of versions 1 to 3.
        let v1 = "https://urldefense.proofpoint.com/v1/url?u=https%3A%2F%2Fevil.example%2Fx%3Fa%3D1%26b%3D%252F%23c&k=1";
        assert_eq!(goes(v1), (evil.clone(), 1));
        let v2 = "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_x-3Fa-3D1-26b-3D-252F-23c&d=D";
        assert_eq!(goes(v2), (evil.clone(), 1));
        let v3 = "https://urldefense.com/v3/__https://evil.example/x?a=1&b=*2F*c__;JSM!!abc!def$";
        assert_eq!(goes(v3), (evil.clone(), 1));
        let single = "https://urldefense.us/v3/__https:/evil.example/x?a=1&b=*2F*c__;JSM!!abc$";
        assert_eq!(goes(single), (evil, 1));
        // `***` of which the second two are counted: "èéà" as `**B`.
        let run = "https://urldefense.com/v3/__https://evil.example/**Bx__;w6jDqcOg!!abc$";
        assert_eq!(goes(run).0, "https://evil.example/èéàx");
        let star = "https://urldefense.com/v3/__https://evil.example/a*b__;!!abc$";
        assert_eq!(goes(star).0, "https://evil.example/a*b");
        let broken = "https://urldefense.com/v3/__https://evil.example/**";
        assert_eq!(goes(broken).1, 0, "and it does not fail");
    }

    #[test]
    fn trackers_that_carry_the_target_are_undone() {
        let evil = "https://evil.example/x".to_owned();
        for written in [
            "https://x1.eu-west-1.awstrack.me/L0/https:%2F%2Fevil.example%2Fx/1/0102-000000/abc=1",
            "https://abc.mjt.lu/lnk/AAAA/1/xyz/aHR0cHM6Ly9ldmlsLmV4YW1wbGUveA",
            "https://mandrillapp.com/track/click/1/evil.example?p=eyJwIjoie1widXJsXCI6XCJodHRwczovL2V2aWwuZXhhbXBsZS94XCJ9In0",
            "https://eu-west-1.protection.sophos.com/?d=evil.example&u=aHR0cHM6Ly9ldmlsLmV4YW1wbGUveA==&i=1",
            "https://urlsand.esvalabs.com/?u=https%3A%2F%2Fevil.example%2Fx&e=1&h=2&f=y&p=y",
            "https://evil-example.translate.goog/x",
            "https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU=https%3a%2f%2fevil.example%2fx/RK=2/RS=a-",
        ] {
            assert_eq!(goes(written), (evil.clone(), 1), "{written}");
        }
        assert_eq!(goes("https://awstrack.me.evil.invalid/L0/https:%2F%2Fwww.poste.it%2F/1").1, 0);
    }

    #[test]
    fn a_site_that_names_another_is_where_the_link_leads() {
        let hosts = |written: &str| -> Vec<(String, Origin)> {
            let links = Link::all("", written, Origin::Html).into_iter();
            links.map(|link| (link.target.host, link.origin)).collect()
        };
        let pair = |outer: &str, inner: &str| {
            vec![(outer.to_owned(), Origin::Html), (inner.to_owned(), Origin::Within)]
        };
        for lure in ["next", "url", "r", "goto", "redirect_uri"] {
            let written = format!("https://evil.invalid/x?{lure}=https://www.poste.it/");
            assert_eq!(hosts(&written), pair("evil.invalid", "www.poste.it"), "{lure}");
        }
        for posing in [
            "google.evil.invalid",
            "www.google.it.evil.invalid",
            "urldefense.evil.invalid",
            "secure-web.cisco.com.evil.invalid",
            "evilbing.com",
            "antiphishing.evil.invalid",
        ] {
            let written = format!("https://{posing}/url?url=https://www.poste.it/");
            assert_eq!(hosts(&written), pair(posing, "www.poste.it"));
        }
        let open = "https://www.comune.example/go?url=https%3A%2F%2Fevil.invalid%2F";
        assert_eq!(hosts(open), pair("www.comune.example", "evil.invalid"));
        assert_eq!(hosts("https://www.google.it/url?q=https://evil.invalid/").len(), 1);
    }

    #[test]
    fn what_is_shown_is_an_address_only_when_it_looks_like_one() {
        let shown = |text| {
            Link::new(text, "https://evil.example", Origin::Html)
                .unwrap()
                .shown_host()
                .map(|t| t.host)
        };
        assert_eq!(shown("https://www.inps.it/spid"), Some("www.inps.it".into()));
        assert_eq!(shown("Clicca qui."), None);
        assert_eq!(shown("Documento.pdf2"), None);
    }
}
