//! The files as those programs read them for whom they are, where they are installed.

use std::path::Path;
use std::process::{Command, Output};

use vedetta_diffusion::feed::{Format, render};
use vedetta_indicator::Kind;
use vedetta_model::{Pap, Tlp};

use crate::feed::sample;
use crate::world::{PRODUCER, clear, head, indicator};

/// Our samples, and values at the limits of what is accepted.
fn write(folder: &Path, format: Format) -> String {
    let mut entries = sample();
    let labels = ["a".repeat(63), "b".repeat(63), "c".repeat(60)].join(".");
    let limits = [
        format!("[domain-name:value = '{labels}']"),
        format!("[domain-name:value = '{labels}.{}.example']", "d".repeat(50)),
        "[domain-name:value = '_sip._tcp.x--y.example']".into(),
        "[ipv6-addr:value = '2001:db8:0:0:1::/80'] OR [ipv6-addr:value = '2001:db8::/33']".into(),
        "[ipv4-addr:value = '198.51.100.128/25'] OR [ipv4-addr:value = '198.51.100.255']".into(),
    ];
    let limits = (100..).zip(&limits);
    entries.extend(limits.map(|(number, pattern)| indicator(number, pattern, "", Pap::Clear)));
    let cleared: Vec<_> = entries.into_iter().map(|entry| clear(Tlp::Green, entry)).collect();
    let path = folder.join(format.file_name());
    let body = render(format, &cleared, &PRODUCER, &head()).body;
    std::fs::write(&path, body).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Whether `cargo xtask test` promised it: then nothing is skipped for want of it.
fn promised(what: &str) -> bool {
    let all = std::env::var("VEDETTA_TEST_PROMISED").unwrap_or_default();
    all.split(',').any(|it| it == what)
}

/// What a program answers; nothing, visibly, if it is not here or cannot run here.
fn ask(program: &str, probe: &[&str], arguments: &[&str]) -> Option<Output> {
    let run = |arguments: &[&str]| Command::new(program).args(arguments).output();
    let name = Path::new(program).file_name().unwrap().to_str().unwrap();
    let runs = run(probe).is_ok_and(|it| it.status.success());
    assert!(runs || !promised(name), "{program} was promised");
    match run(probe) {
        Ok(output) if output.status.success() => Some(run(arguments).unwrap()),
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr);
            println!("skipped: {program} does not run here: {}", why.trim());
            None
        }
        Err(error) => {
            println!("skipped: {program}: {error}");
            None
        }
    }
}

fn assert_taken(output: &Output) {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{} {}", said(&output.stdout), said(&output.stderr));
}

#[test]
fn nftables_takes_the_sets() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), Format::Nftables);
    let empty = folder.path().join("empty.nft");
    std::fs::write(&empty, "table inet vedetta {\n}\n").unwrap();
    let program = if Path::new("/usr/sbin/nft").exists() { "/usr/sbin/nft" } else { "nft" };
    let probe = ["-c", "-f", empty.to_str().unwrap()];
    if let Some(output) = ask(program, &probe, &["-c", "-f", &path]) {
        assert_taken(&output);
    }
}

#[test]
fn bind_takes_the_zone() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), Format::Rpz);
    let zone = format!("{}.test", "z".repeat(58));
    let output = ask("named-checkzone", &["-v"], &["-i", "local", &zone, &path]);
    if let Some(output) = output {
        assert_taken(&output);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("loaded serial 1800000000") && !said.contains("ignored"), "{said}");
    }
}

#[test]
fn suricata_takes_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), Format::Suricata);
    // With the settings that it was installed with.
    let log = folder.path().to_str().unwrap();
    if let Some(output) = ask("suricata", &["-V"], &["-T", "-l", log, "-S", &path]) {
        assert_taken(&output);
    }
}

#[test]
fn the_limits_are_carried_or_counted() {
    let long = format!("{}.example", ["a"; 100].join("."));
    let pattern = format!("[domain-name:value = '{long}']");
    let cleared = [clear(Tlp::Green, indicator(1, &pattern, "", Pap::Clear))];
    let zone = render(Format::Rpz, &cleared, &PRODUCER, &head());
    assert_eq!((zone.carried, zone.left_out.form), (0, 1));
    let rules = render(Format::Suricata, &cleared, &PRODUCER, &head());
    assert_eq!((rules.carried, rules.left_out.form), (1, 0));
    assert_eq!(cleared[0].open(&PRODUCER).unwrap().terms[0].term.kind(), Kind::Domain);
}
