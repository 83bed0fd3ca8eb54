//! Addresses on the web as mail writes them: tolerant, and honest about the host.

use serde::Serialize;

/// Where a link goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Target {
    /// The whole of it, host in one spelling.
    pub url: String,
    /// `https`, `http`, `mailto`, `data`, …
    pub scheme: String,
    /// The host in lower-case punycode; empty when the scheme has none.
    pub host: String,
    /// What somebody registered: `comune.example` of `www.comune.example`; an address as it is.
    pub registered: String,
    /// Path, query and fragment.
    pub rest: String,
    /// What stands before an `@` in the host, to mislead.
    pub user: Option<String>,
    /// A port that is not the usual.
    pub port: Option<u16>,
}

pub(crate) const LONGEST: usize = 8192;

impl Target {
    /// Reads an absolute address; `None` for anchors, relative paths and nonsense.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // Where a link leads stands at its beginning; what is beyond bounds is left out.
        let text: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let text = text.strip_prefix("hxxp").map_or(text.clone(), |rest| format!("http{rest}"));
        let text = text.replace("[.]", ".").replace('\\', "/");
        if text.is_empty() || text.starts_with(['#', '/', '?', '{', '%']) && !text.starts_with("//")
        {
            return None;
        }
        let (scheme, rest) = match text.split_once(':') {
            _ if text.starts_with("//") => ("http".into(), text.get(2..)?.to_owned()),
            Some((scheme, rest))
                if is_scheme(scheme) && !rest.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                (scheme.to_ascii_lowercase(), rest.to_owned())
            }
            _ if text.contains('.') => ("http".into(), text.clone()),
            _ => return None,
        };
        if !matches!(scheme.as_str(), "http" | "https" | "ftp") {
            let bare = |rest| Self {
                url: format!("{scheme}:{rest}"),
                host: String::new(),
                registered: String::new(),
                rest,
                user: None,
                port: None,
                scheme: scheme.clone(),
            };
            return Some(bare(rest.chars().take(2000).collect()));
        }
        Self::web(scheme, rest.trim_start_matches('/'))
    }

    fn web(scheme: String, text: &str) -> Option<Self> {
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (authority, rest) = text.split_at(end);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, authority),
        };
        // The colons of an address in brackets (RFC 3986 §3.2.2) are its own.
        let from = place.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match place.get(from..).and_then(|rest| rest.rfind(':')) {
            Some(at) => (
                place.get(..from + at).unwrap_or(place),
                place.get(from + at + 1..).and_then(|port| port.parse().ok()),
            ),
            None => (place, None),
        };
        let decoded = String::from_utf8_lossy(&crate::header::percent(host)).into_owned();
        let host = host_of(&decoded)?;
        let port = port.filter(|port| !matches!(port, 80 | 443));
        let shown = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self {
            url: format!("{scheme}://{host}{shown}{rest}"),
            registered: registered(&host),
            host,
            rest: rest.into(),
            user,
            port,
            scheme,
        })
    }

    /// Whether it opens in a browser.
    #[must_use]
    pub fn is_web(&self) -> bool {
        !self.host.is_empty()
    }

    /// The host is an address, not a name.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        self.host.starts_with('[') || self.host.parse::<std::net::Ipv4Addr>().is_ok()
    }

    /// Written so that nobody can follow it by mistake.
    #[must_use]
    pub fn defanged(&self) -> String {
        defang(&self.url)
    }
}

/// `hxxp://name[.]example`: readable, not a link. Schemes that run something are named alone.
#[must_use]
pub fn defang(url: &str) -> String {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let scheme = scheme.replace("http", "hxxp").replace("ftp", "fxp");
    let cut: String = rest.chars().take(300).collect();
    let end =
        cut.get(2..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(cut.len(), |at| at + 2);
    let (host, path) = cut.split_at(end);
    let separator = if scheme.is_empty() { "" } else { "[:]" };
    format!("{scheme}{separator}{}{path}", host.replace('.', "[.]").replace('@', "[@]"))
}

fn is_scheme(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '-';
    !text.is_empty() && text.len() <= 20 && !text.contains('.') && text.chars().all(fits)
}

/// The host in lower-case punycode; `None` when it cannot be one. Numbers that are addresses in
/// disguise (one integer, hexadecimal) come out as addresses.
fn host_of(text: &str) -> Option<String> {
    let text = text.trim_matches('.').to_lowercase();
    if text.is_empty() || text.len() > 253 {
        return None;
    }
    if text.starts_with('[') {
        return text.ends_with(']').then_some(text);
    }
    let hex = text.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
    if let Some(number) = text.parse::<u32>().ok().or(hex) {
        return Some(std::net::Ipv4Addr::from_bits(number).to_string());
    }
    let ascii = if text.is_ascii() { text } else { idna::domain_to_ascii(&text).ok()? };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (ascii.contains('.') && ascii.chars().all(fits)).then_some(ascii)
}

/// The domain that somebody registered, by the public suffix list.
pub(crate) fn registered(host: &str) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host.into();
    }
    psl::domain_str(host).unwrap_or(host).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Target, defang};

    fn host(text: &str) -> Option<String> {
        Target::read(text).map(|target| target.host)
    }

    #[test]
    fn hosts_are_found_behind_disguises() {
        assert_eq!(host("http://www.Comune.Example/a"), Some("www.comune.example".into()));
        assert_eq!(host("https://poste.it@evil.example/login"), Some("evil.example".into()));
        assert_eq!(host("http://3221225985/"), Some("192.0.2.1".into()));
        assert_eq!(host("http:\\\\evil.example\\x"), Some("evil.example".into()));
        assert_eq!(host("hxxps://evil[.]example/x"), Some("evil.example".into()));
        assert_eq!(host("http://ev%69l.example"), Some("evil.example".into()));
        assert_eq!(host("https://pòste.example/"), Some("xn--pste-lqa.example".into()));
        assert_eq!(host("www.example.org/x"), Some("www.example.org".into()));
        assert_eq!(host("http://[2001:db8::1]/x"), Some("[2001:db8::1]".into()));
        assert_eq!(host("http://[2001:db8::1]:8080/x"), Some("[2001:db8::1]".into()));
        assert_eq!(Target::read("http://[2001:db8::1]:8080/x").and_then(|t| t.port), Some(8080));
        let long = format!("http://evil.example/{}", "a".repeat(20_000));
        assert_eq!(host(&long), Some("evil.example".into()));
        assert_eq!(host("#top"), None);
        assert_eq!(host("nothing"), None);
        assert_eq!(
            Target::read("https://a.b.example.co.uk/").map(|t| t.registered),
            Some("example.co.uk".into())
        );
    }

    #[test]
    fn nobody_can_follow_a_defanged_link() {
        assert_eq!(defang("https://a.example/x.php?b=c.d"), "hxxps[:]//a[.]example/x.php?b=c.d");
        assert_eq!(defang("mailto:a@b.example"), "mailto[:]a[@]b[.]example");
    }
}
