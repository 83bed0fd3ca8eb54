use super::*;
use crate::event::Name;

fn read(format: Format, line: &str) -> Vec<(String, String)> {
    let mut decoder = Decoder::new(format);
    let event = decoder.read(line.as_bytes()).unwrap().unwrap();
    let said = |at| (event.path(at), event.value(at).text().unwrap_or_default().into_owned());
    (0..event.len()).map(said).collect()
}

fn says(format: Format, line: &str, wanted: &[(&str, &str)]) {
    for format in [format, Format::Any] {
        let said = read(format, line);
        for (name, value) in wanted {
            let found = said.iter().any(|(n, v)| n == name && v == value);
            assert!(found, "{format:?}: {name}={value} is missing in {said:?}");
        }
    }
}

fn origin(line: &str) -> (&'static str, &'static str, &'static [&'static str]) {
    let mut decoder = Decoder::default();
    let event = decoder.read(line.as_bytes()).unwrap().unwrap();
    let source = event.source();
    (source.product, source.service, source.categories)
}

#[test]
fn syslog_of_both_kinds() {
    says(
        Format::Syslog,
        r#"<34>1 2026-10-19T10:00:00.003Z host.example su 42 ID47 [x@1 a="b ] c"] 'su root' failed"#,
        &[
            ("syslog.severity", "2"),
            ("timestamp", "2026-10-19T10:00:00.003Z"),
            ("host", "host.example"),
            ("syslog.program", "su"),
            ("x@1.a", "b ] c"),
            ("message", "'su root' failed"),
        ],
    );
    let ssh = "Oct 19 10:00:00 gw sshd[77]: Failed password for invalid user admin from 192.0.2.7 port 4 ssh2";
    let wanted = [
        ("login.outcome", "failure"),
        ("login.user", "admin"),
        ("src_ip", "192.0.2.7"),
        ("pid", "77"),
    ];
    says(Format::Syslog, ssh, &wanted);
    assert_eq!(origin(ssh), ("linux", "sshd", &[][..]));
    says(Format::Syslog, r#"<14>Oct 19 10:00:00 gw app: {"a":{"b":1}}"#, &[("a.b", "1")]);
}

#[test]
fn a_moment_without_a_year_is_read_by_a_clock() {
    let now = Instant::from_micros(1_792_404_000_000_000);
    let at = |line: &str| {
        let local = Local::new(Some("Europe/Rome"), now).unwrap();
        let mut decoder = Decoder::default().with_local(local);
        let event = decoder.read(line.as_bytes()).unwrap().unwrap();
        crate::event::moment::of(&event)
    };
    // 2026-10-19T10:00:00Z is noon in Rome.
    for line in [
        "Oct 19 12:00:00 gw app: x",
        "<34>Oct 19 12:00:00 gw app[7]: x",
        "Oct 19 2026 12:00:00: gw app: x",
        "CEF:0|Maker|Wall|1|1|n|5|rt=Oct 19 2026 12:00:00",
        "LEEF:1.0|Maker|Wall|1|7|devTime=Oct 19 2026 12:00:00\tsrc=192.0.2.1",
        "<34>1 2026-10-19T12:00:00+02:00 gw app 7 - - x",
    ] {
        assert_eq!(at(line), Some(now.micros()), "{line}");
    }
    assert_eq!(at("Oct 20 13:00:00 gw app: x"), Some(1_760_958_000_000_000), "of last year");
}

#[test]
fn nobody_is_framed_by_a_name() {
    let from = |line: &str| {
        let read = read(Format::Any, line);
        let all: Vec<_> = read.into_iter().filter(|(name, _)| name == "src_ip").collect();
        assert!(all.len() < 2, "{line}");
        all.into_iter().next().map(|(_, value)| value)
    };
    let head = "Oct 19 10:00:00 gw";
    for (line, wanted) in [
        (
            "sshd[7]: Failed password for invalid user x from 198.51.100.7 from 203.0.113.77 port 4 ssh2",
            Some("203.0.113.77"),
        ),
        (
            "sshd-session[7]: Failed none for invalid user x from 198.51.100.7 port 9 ssh2 from 203.0.113.77 port 4 ssh2",
            Some("203.0.113.77"),
        ),
        (
            "sshd[7]: Failed password for invalid user query[A] from 198.51.100.7 from 203.0.113.77 port 4 ssh2",
            Some("203.0.113.77"),
        ),
        (
            "sshd[7]: Failed password for invalid user client 198.51.100.7#5: query: x IN A from 203.0.113.77 port 4 ssh2",
            Some("203.0.113.77"),
        ),
        (
            "sshd[7]: Failed password for invalid user unbound info: 198.51.100.7 x A IN from 203.0.113.77 port 4 ssh2",
            Some("203.0.113.77"),
        ),
        (
            "sshd[7]: Accepted publickey for anna from 203.0.113.77 port 4 ssh2: ED25519 SHA256:x",
            Some("203.0.113.77"),
        ),
        (
            "sshd[7]: Failed publickey for anna from 203.0.113.77 port 4 ssh2: RSA-CERT ID x from 198.51.100.7 port 4 ssh2",
            None,
        ),
        (
            "sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.77  user=root",
            Some("203.0.113.77"),
        ),
        (
            "sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.77  user=x rhost=198.51.100.7",
            None,
        ),
        ("web[7]: Failed password for x from 198.51.100.7 port 4 ssh2", None),
    ] {
        assert_eq!(from(&format!("{head} {line}")).as_deref(), wanted, "{line}");
    }
}

#[test]
fn a_header_does_not_blind_what_follows() {
    let mut file = Decoder::default();
    assert!(file.read(b"#Fields: x y").unwrap().is_none());
    assert_eq!(file.read(b"1 2").unwrap().unwrap().text(Name::of("y")).unwrap(), "2");
    for line in ["{\"a\":1, \"b\":2}", "<34>Oct 19 10:00:00 gw app: x", "Oct 19 10:00:00 gw app: x"]
    {
        let event = file.read(line.as_bytes()).unwrap().unwrap();
        assert!(event.has(Name::of("a")) || event.has(Name::of("message")), "{line}");
    }
    assert_eq!(file.read(b"3 4").unwrap().unwrap().text(Name::of("x")).unwrap(), "3");
    let mut listener = Decoder::default().for_many();
    assert_eq!(listener.read(b"#Fields: a b").unwrap_err().name(), "no-header");
    assert!(listener.read(b"{\"a\":1, \"b\":2}").unwrap().unwrap().has(Name::of("b")));
    assert_eq!(listener.read(b"1 2").unwrap_err().name(), "wrong-form");
    let mut tables = Decoder::new(Format::Table).for_many();
    assert!(tables.read(b"#Fields: a b").unwrap().is_none());
    assert!(tables.read(b"1 2").unwrap().is_some());
}

#[test]
fn cef_and_leef() {
    says(
        Format::Cef,
        r"CEF:0|Maker|Wall\|Two|1.0|100|a name|5|src=192.0.2.1 msg=all = well\nthere request=http://example.org/?a\=b",
        &[
            ("deviceProduct", "Wall|Two"),
            ("src_ip", "192.0.2.1"),
            ("message", "all = well\nthere"),
            ("c-uri", "http://example.org/?a=b"),
        ],
    );
    says(Format::Leef, "LEEF:1.0|Maker|Wall|1|7|src=192.0.2.1\tusrName=anna", &[("User", "anna")]);
    says(
        Format::Leef,
        "LEEF:2.0|Maker|Wall|1|7|x5E|src=192.0.2.1^dst=192.0.2.2",
        &[("dst_ip", "192.0.2.2")],
    );
}

#[test]
fn the_web_and_its_proxies() {
    let line = r#"192.0.2.1 - anna [19/Oct/2026:12:00:00 +0200] "GET /a?b=c HTTP/1.1" 404 12 "-" "curl/8 \"x\"""#;
    says(
        Format::Web,
        line,
        &[
            ("c-ip", "192.0.2.1"),
            ("cs-username", "anna"),
            ("timestamp", "2026-10-19T10:00:00Z"),
            ("cs-uri-stem", "/a"),
            ("cs-uri-query", "b=c"),
            ("sc-status", "404"),
            ("cs-user-agent", "curl/8 \"x\""),
        ],
    );
    assert_eq!(origin(line), ("", "", &["webserver"][..]));
    let line = "1767225600.123    120 192.0.2.1 TCP_MISS/200 507 GET http://example.org/a?b - HIER_DIRECT/198.51.100.1 text/html";
    says(
        Format::Squid,
        line,
        &[("cs-host", "example.org"), ("dst_ip", "198.51.100.1"), ("sc-status", "200")],
    );
    assert_eq!(origin(line), ("", "", &["proxy"][..]));
}

#[test]
fn dns_queries() {
    for line in [
        "19-Oct-2026 10:00:00.1 queries: info: client @0x7f 192.0.2.1#5353 (a.example.org): query: a.example.org IN A +E(0)K (192.0.2.53)",
        "Oct 19 10:00:00 dnsmasq[7]: query[A] a.example.org from 192.0.2.1",
        "[1767225600] unbound[1:0] info: 192.0.2.1 a.example.org. A IN",
    ] {
        says(
            Format::Dns,
            line,
            &[("query", "a.example.org"), ("record_type", "A"), ("src_ip", "192.0.2.1")],
        );
    }
}

#[test]
fn where_a_query_was_taken() {
    let query = "client @0x7f 192.0.2.1#5353 (example.org): query: example.org IN A +E(0)K";
    for (after, wanted) in [
        ("(192.0.2.53)", Some("192.0.2.53")),
        ("(192.0.2.53) [ECS 198.51.100.0/24/0]", Some("192.0.2.53")),
        ("(2001:db8::53) (198.51.100.9)", Some("2001:db8::53")),
        ("(internal) (fe80::1%eth0)", Some("fe80::1%eth0")),
        ("(internal)", None),
        ("", None),
    ] {
        let read = read(Format::Dns, &format!("{query} {after}"));
        let server = read.iter().find(|(name, _)| name == "dst_ip").map(|(_, value)| &**value);
        assert_eq!(server, wanted, "{after}");
    }
}

#[test]
fn the_audit_log_and_the_journal() {
    let line = r#"type=EXECVE msg=audit(1767225600.123:42): argc=2 a0="ls" a1="-l a""#;
    says(
        Format::Audit,
        line,
        &[("type", "EXECVE"), ("a1", "-l a"), ("timestamp", "1767225600.123")],
    );
    assert_eq!(origin(line), ("linux", "auditd", &[][..]));
    let mut export = b"__CURSOR=1\nMESSAGE=one\n\n__CURSOR=2\nMESSAGE\n".to_vec();
    export.extend_from_slice(&5u64.to_le_bytes());
    export.extend_from_slice(b"a\n\nb=\n_EXE=/bin/x\n\n");
    let records: Vec<&[u8]> = journal::records(&export).collect();
    assert_eq!(records.len(), 2);
    let said = read(Format::Journal, std::str::from_utf8(records[1]).unwrap());
    assert_eq!(said[1..], [("MESSAGE".into(), "a\n\nb=".into()), ("_EXE".into(), "/bin/x".into())]);
}

#[test]
fn tables_name_their_columns() {
    let columns = [("Nome".to_owned(), "User".to_owned())].into();
    let mut csv = Decoder::with_columns(Format::Csv, columns);
    assert_eq!(csv.read(b"Nome,b").unwrap().map(|it| it.len()), None);
    let event = csv.read(b"\"x, \"\"y\"\"\",z").unwrap().unwrap();
    assert_eq!(event.text(Name::of("User")).unwrap(), "x, \"y\"");
    assert_eq!(csv.read(b"a,b,c").unwrap_err().name(), "wrong-form");
    let mut iis = Decoder::default();
    assert!(iis.read(b"#Fields: date time c-ip cs(User-Agent) sc-status").unwrap().is_none());
    let event = iis.read(b"2026-10-19 10:00:00 192.0.2.1 curl/8 200").unwrap().unwrap();
    assert_eq!(event.text(Name::of("cs-user-agent")).unwrap(), "curl/8");
    assert_eq!(crate::event::moment::of(&event), Some(1_792_404_000_000_000));
    let mut zeek = Decoder::default();
    assert!(zeek.read(b"#path\tdns").unwrap().is_none());
    assert!(zeek.read(b"#fields\tts\tid.orig_h\tquery").unwrap().is_none());
    let event = zeek.read(b"1767225600.1\t192.0.2.1\ta.example.org").unwrap().unwrap();
    assert_eq!((event.source().product, event.source().service), ("zeek", "dns"));
    assert_eq!(event.text(Name::of("src_ip")).unwrap(), "192.0.2.1");
}

#[test]
fn a_header_that_was_kept_is_called_as_it_is_now() {
    let named = |name: &str| [("Nome".to_owned(), name.to_owned())].into();
    for (format, header, row) in [
        (Format::Csv, "Nome,b", "anna,x"),
        (Format::Table, "#Fields: Nome b", "anna x"),
        (Format::Table, "#fields\tNome\tb", "anna\tx"),
    ] {
        let mut before = Decoder::with_columns(format, named("Account"));
        assert!(before.read(header.as_bytes()).unwrap().is_none());
        let kept = before.header().unwrap().clone();
        let mut after = Decoder::with_columns(format, named("User")).with_header(kept);
        assert!(after.read(header.as_bytes()).unwrap().is_none(), "it is the same header");
        let event = after.read(row.as_bytes()).unwrap().unwrap();
        assert_eq!(event.text(Name::of("User")).unwrap(), "anna", "{header}");
        assert!(!event.has(Name::of("Account")), "{header}");
    }
}

#[test]
fn the_header_of_a_table_that_was_read_in_part() {
    for (format, beginning, row) in [
        (Format::Csv, "\nuser,b\nanna,x\nbruno,x\n", "carla,x"),
        (Format::Any, "#Version: 1.0\n#Fields: user b\nanna x\n#Fields: b user\n", "carla x"),
        (Format::Table, "#path\tx\n#fields\tuser\tb\nanna\tx\n", "carla\tx"),
    ] {
        let mut decoder = Decoder::new(format);
        decoder.take_header(beginning.as_bytes());
        let event = decoder.read(row.as_bytes()).unwrap().unwrap();
        assert_eq!(event.text(Name::of("user")).unwrap(), "carla", "{beginning}");
        decoder.forget_header();
        assert_eq!(decoder.header(), None);
    }
}

#[test]
fn origins_of_json() {
    let of = |line: &str| origin(line);
    let sysmon = r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"a"}"#;
    assert_eq!(of(sysmon), ("windows", "sysmon", &["process_creation"][..]));
    let nested = r##"{"Event":{"System":{"EventID":{"#text":4104},"Channel":"Microsoft-Windows-PowerShell/Operational"},"EventData":{"ScriptBlockText":"a"}}}"##;
    assert_eq!(of(nested), ("windows", "powershell", &["ps_script"][..]));
    let beat = r#"{"winlog":{"channel":"Security","event_id":"4624","event_data":{"LogonType":"3"}},"event":{"code":"4624"}}"#;
    assert_eq!(of(beat), ("windows", "security", &[][..]));
    assert_eq!(
        of(r#"{"event_type":"dns","dns":{"rrname":"a"}}"#),
        ("suricata", "dns", &["dns"][..])
    );
    assert_eq!(of(r#"{"_path":"http","uri":"/"}"#).1, "http");
    assert_eq!(of(r#"{"eventSource":"s3","eventName":"a","eventVersion":"1"}"#).0, "aws");
    let ecs = r#"{"event":{"category":["process"]},"host":{"os":{"type":"linux"}},"process":{"command_line":"ls"}}"#;
    assert_eq!(of(ecs), ("linux", "", &["process_creation"][..]));
    assert_eq!(of(r#"{"class_uid":4003,"query":{"hostname":"a"}}"#).2, ["dns", "dns_query"]);
    assert_eq!(of(r#"{"a":1}"#), ("", "", &[][..]));
}

#[test]
fn a_process_cannot_speak_for_the_system() {
    let line = r#"{"Event":{"System":{"EventID":4688,"Channel":"Security"},"EventData":{"EventID":"1","Channel":"System","NewProcessName":"C:\\a.exe"}}}"#;
    let mut decoder = Decoder::default();
    let event = decoder.read(line.as_bytes()).unwrap().unwrap();
    let ids: Vec<_> = event.all(Name::of("EventID")).filter_map(crate::Value::text).collect();
    assert_eq!(ids, ["4688"]);
    assert_eq!(event.source().categories, ["process_creation"]);
    assert_eq!(event.text(Name::of("Image")).unwrap(), r"C:\a.exe");
}

#[test]
fn what_cannot_be_read_is_named() {
    let fault = |format, line: &[u8]| Decoder::new(format).read(line).unwrap_err().name();
    assert_eq!(fault(Format::Any, &[b'a'; LONGEST + 1]), "too-long");
    assert_eq!(fault(Format::Any, b"{\"a\":"), "not-json");
    assert_eq!(fault(Format::Any, b"what is this"), "wrong-form");
    assert_eq!(fault(Format::Table, b"a b c"), "no-header");
    assert_eq!(fault(Format::Any, "{\"a\":".repeat(70).as_bytes()), "too-deep");
    let mut decoder = Decoder::default();
    let event = decoder.read(b"{\"a\":\"\xff\"}").unwrap().unwrap();
    assert_eq!(event.text(Name::of("a")).unwrap(), "\u{fffd}");
    assert_eq!(decoder.not_utf8, 1);
    assert!(decoder.read(b"  \t ").unwrap().is_none());
}
