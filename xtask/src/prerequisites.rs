//! What a fresh machine needs besides Rust: installed where we can, named where we cannot.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::{postgres, process};

/// Something the tests lean on.
struct Need {
    what: &'static str,
    package: &'static str,
    present: fn() -> bool,
    /// What happens without it; `None` when nothing works without it.
    without: Option<&'static str>,
}

const COMPILER: Need = Need {
    what: "a C compiler",
    package: "build-essential",
    present: || process::find("cc").is_some(),
    without: None,
};

const XZ: Need = Need {
    what: "xz",
    package: "xz-utils",
    present: || process::find("xz").is_some(),
    without: Some("tests that read compressed samples are skipped"),
};

const POSTGRES: Need = Need {
    what: "PostgreSQL 15 or later",
    package: "postgresql",
    present: || postgres::given().is_some() || postgres::binaries().is_some(),
    without: Some("the PostgreSQL tests are skipped"),
};

const NFT: Need = Need {
    what: "nft",
    package: "nftables",
    present: || process::find("nft").is_some(),
    without: Some("no firewall reads the nftables feed"),
};

const CHECKZONE: Need = Need {
    what: "named-checkzone",
    package: "bind9-utils",
    present: || process::find("named-checkzone").is_some(),
    without: Some("no name server reads the response policy zone"),
};

const SWAKS: Need = Need {
    what: "swaks",
    package: "swaks",
    present: || process::find("swaks").is_some(),
    without: Some("no client writes to the mail desk"),
};

const SWAKS_TLS: Need = Need {
    what: "STARTTLS for swaks",
    package: "libnet-ssleay-perl",
    present: || perl_has("Net::SSLeay"),
    without: Some("no client writes to the mail desk"),
};

const POSTFIX: Need = Need {
    what: "Postfix",
    package: "postfix",
    present: || Path::new("/usr/sbin/postfix").is_file(),
    without: Some("no mail system relays to the mail desk"),
};

const CHROMIUM: Need = Need {
    what: "Chromium",
    package: "chromium",
    present: || process::find("chromium").is_some(),
    without: None,
};

const NPM: Need =
    Need { what: "npm", package: "npm", present: || process::find("npm").is_some(), without: None };

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
    ensure(&[COMPILER, XZ, POSTGRES, NFT, CHECKZONE, SWAKS, SWAKS_TLS, POSTFIX])
}

/// What a build needs.
pub(crate) fn for_build() -> Result<(), String> {
    ensure(&[COMPILER])
}

/// Installs Debian packages when root, and says what remains to be done.
fn ensure(needs: &[Need]) -> Result<(), String> {
    let absent = needs.iter().filter(|need| !(need.present)());
    let packages: Vec<&str> = absent.map(|need| need.package).collect();
    if !packages.is_empty() && may_install() {
        install(&packages);
    }
    needs.iter().try_for_each(report)
}

fn report(need: &Need) -> Result<(), String> {
    if (need.present)() {
        println!("{}: found", need.what);
        return Ok(());
    }
    let remedy = format!("apt-get install {}", need.package);
    match need.without {
        Some(effect) => {
            println!("{}: missing, so {effect}. To have it: {remedy}", need.what);
            Ok(())
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

fn apt(words: &[&str]) -> Result<(), String> {
    let mut command = Command::new("apt-get");
    process::capture(command.args(words).env("DEBIAN_FRONTEND", "noninteractive")).map(|_| ())
}
