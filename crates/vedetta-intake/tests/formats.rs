//! Every form of log, as it is written by what is installed: who was there, when, and of what kind it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use vedetta_detect::baseline::{Fact, Outcome, facts};
use vedetta_detect::event::{Name, moment};
use vedetta_detect::indicators::{Builder, Scratch, When};
use vedetta_detect::{Decoder, Event, Format, Indicators};
use vedetta_indicator::decay::Recall;
use vedetta_indicator::{DecayTable, Kind, Life, Term};
use vedetta_intake::events::{self, Tally, Unread};
use vedetta_model::Instant;

/// Who is looked for: it is in every line.
const WANTED: &str = "203.0.113.66";
/// When every line was written: 2026-10-19T10:00:00Z.
const THEN: i64 = 1_792_404_000;

/// A file, and the product, service and category of what is in it.
type Log = (&'static str, &'static str, (&'static str, &'static str, &'static str));

const LOGS: &[Log] = &[
    (
        "Suricata EVE",
        r#"{"timestamp":"2026-10-19T10:00:00.000000+0000","flow_id":1,"event_type":"dns","src_ip":"192.0.2.7","src_port":51000,"dest_ip":"203.0.113.66","dest_port":53,"proto":"UDP","dns":{"type":"query","id":1,"rrname":"www.example.org","rrtype":"A"}}"#,
        ("suricata", "dns", "dns"),
    ),
    (
        "Zeek as JSON",
        r#"{"_path":"conn","ts":1792404000.0,"uid":"C1","id.orig_h":"192.0.2.7","id.orig_p":51000,"id.resp_h":"203.0.113.66","id.resp_p":443,"proto":"tcp","conn_state":"SF","orig_bytes":10}"#,
        ("zeek", "conn", "firewall"),
    ),
    (
        "Zeek as a table",
        "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\n#types\ttime\tstring\taddr\tport\taddr\tport\n1792404000.0\tC1\t192.0.2.7\t51000\t203.0.113.66\t443\n",
        ("zeek", "conn", "firewall"),
    ),
    (
        "ECS of Filebeat",
        r#"{"@timestamp":"2026-10-19T10:00:00.000Z","ecs":{"version":"8.0.0"},"event":{"category":["network"]},"host":{"os":{"type":"linux"}},"source":{"ip":"192.0.2.7"},"destination":{"ip":"203.0.113.66","port":443}}"#,
        ("linux", "", "network_connection"),
    ),
    (
        "OCSF network activity",
        r#"{"class_uid":4001,"activity_id":1,"time":1792404000000,"metadata":{"version":"1.3.0"},"device":{"os":{"name":"Windows"}},"src_endpoint":{"ip":"192.0.2.7","port":51000},"dst_endpoint":{"ip":"203.0.113.66","port":443}}"#,
        ("windows", "", "network_connection"),
    ),
    (
        "IDEA of a honeypot",
        r#"{"Format":"IDEA0","ID":"4390fc3f-c753-4a3e-bc83-1b44f24baf75","DetectTime":"2026-10-19T10:00:00Z","Category":["Recon.Scanning"],"ConnCount":20,"Source":[{"IP4":["203.0.113.66"],"Proto":["tcp","ssh"]}],"Target":[{"IP4":["192.0.2.7"],"Port":[22]}],"Node":[{"Name":"org.example.honeypot","SW":["Kippo"]}]}"#,
        ("idea", "", ""),
    ),
    (
        "Windows as Winlogbeat has it",
        r#"{"@timestamp":"2026-10-19T10:00:00.000Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","event_id":"3","computer_name":"pc-1.example.org","event_data":{"Image":"C:\\a.exe","SourceIp":"192.0.2.7","DestinationIp":"203.0.113.66","DestinationPort":"443"}}}"#,
        ("windows", "sysmon", "network_connection"),
    ),
    (
        "Windows as the log has it",
        r##"{"Event":{"System":{"EventID":4625,"Channel":"Security","Computer":"pc-1","TimeCreated":{"#attributes":{"SystemTime":"2026-10-19T10:00:00.000000Z"}}},"EventData":{"TargetUserName":"anna","IpAddress":"203.0.113.66"}}}"##,
        ("windows", "security", ""),
    ),
    (
        "syslog, RFC 5424",
        "<34>1 2026-10-19T10:00:00.000Z gw sshd 77 - - Failed password for root from 203.0.113.66 port 40000 ssh2",
        ("linux", "sshd", ""),
    ),
    (
        "syslog, RFC 3164",
        "<38>Oct 19 10:00:00 gw sshd[77]: Failed password for root from 203.0.113.66 port 40000 ssh2",
        ("linux", "sshd", ""),
    ),
    (
        "CEF alone",
        "CEF:0|Maker|Wall|1.0|100|blocked|5|rt=1792404000000 src=192.0.2.7 dst=203.0.113.66 dpt=443 act=deny",
        ("", "", "firewall"),
    ),
    (
        "CEF behind a head of syslog",
        "<134>Oct 19 10:00:00 wall-1 CEF:0|Maker|Wall|1.0|100|blocked|5|src=192.0.2.7 dst=203.0.113.66 dpt=443 act=deny",
        ("", "", "firewall"),
    ),
    (
        "CEF behind a head of RFC 5424",
        "<134>1 2026-10-19T10:00:00Z wall-1 CEF - - - CEF:0|Maker|Wall|1.0|100|blocked|5|src=192.0.2.7 dst=203.0.113.66",
        ("", "", "firewall"),
    ),
    (
        "LEEF behind a head of syslog",
        "<13>Oct 19 10:00:00 wall-1 LEEF:1.0|Maker|Wall|1.0|deny|src=192.0.2.7\tdst=203.0.113.66\tdstPort=443\tusrName=anna",
        ("", "", "firewall"),
    ),
    (
        "LEEF 2.0, alone",
        "LEEF:2.0|Maker|Wall|1.0|deny|^|devTime=Oct 19 2026 10:00:00^src=192.0.2.7^dst=203.0.113.66",
        ("", "", "firewall"),
    ),
    (
        "LEEF behind a priority and nothing else",
        "<13>LEEF:2.0|Maker|Wall|1.0|deny|^|devTime=Oct 19 2026 10:00:00^src=192.0.2.7^dst=203.0.113.66",
        ("", "", "firewall"),
    ),
    (
        "the journal as JSON",
        r#"{"__REALTIME_TIMESTAMP":"1792404000000000","_HOSTNAME":"gw","SYSLOG_IDENTIFIER":"sshd","_PID":"77","MESSAGE":"Failed password for root from 203.0.113.66 port 40000 ssh2"}"#,
        ("linux", "sshd", ""),
    ),
    (
        "the journal, exported",
        "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1792404000000000\n_HOSTNAME=gw\nSYSLOG_IDENTIFIER=sshd\nMESSAGE=Failed password for root from 203.0.113.66 port 40000 ssh2\n\n",
        ("linux", "sshd", ""),
    ),
    (
        "a query in the journal",
        r#"{"__REALTIME_TIMESTAMP":"1792404000000000","_HOSTNAME":"gw","SYSLOG_IDENTIFIER":"dnsmasq","MESSAGE":"query[A] www.example.org from 203.0.113.66"}"#,
        ("", "", "dns"),
    ),
    (
        "a web server",
        r#"203.0.113.66 - - [19/Oct/2026:12:00:00 +0200] "GET /login HTTP/1.1" 401 12 "-" "curl/8""#,
        ("", "", "webserver"),
    ),
    (
        "nginx through syslog",
        r#"<190>Oct 19 10:00:00 www nginx: 203.0.113.66 - - [19/Oct/2026:12:00:00 +0200] "GET /login HTTP/1.1" 401 12 "-" "curl/8""#,
        ("", "nginx", "webserver"),
    ),
    (
        "IIS",
        "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port c-ip cs(User-Agent) sc-status\n2026-10-19 10:00:00 192.0.2.7 GET /login - 443 203.0.113.66 curl/8 401\n",
        ("", "", "webserver"),
    ),
    (
        "Squid",
        "1792404000.000    120 192.0.2.7 TCP_TUNNEL/200 507 CONNECT www.example.org:443 - HIER_DIRECT/203.0.113.66 -",
        ("", "", "proxy"),
    ),
    (
        "BIND",
        "19-Oct-2026 10:00:00.000 queries: info: client @0x7f 203.0.113.66#5353 (www.example.org): query: www.example.org IN A +E(0)K (192.0.2.53)",
        ("", "", "dns"),
    ),
    (
        "dnsmasq through syslog",
        "<30>Oct 19 10:00:00 gw dnsmasq[7]: query[A] www.example.org from 203.0.113.66",
        ("", "", "dns"),
    ),
    (
        "Linux's audit log",
        "type=USER_LOGIN msg=audit(1792404000.000:42): pid=7 uid=0 auid=1000 ses=1 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=203.0.113.66 terminal=sshd res=failed'",
        ("linux", "auditd", ""),
    ),
    (
        "FortiGate",
        "<189>date=2026-10-19 time=10:00:00 tz=\"+0000\" devname=\"wall-1\" type=\"event\" srcip=192.0.2.7 dstip=203.0.113.66 action=\"deny\"",
        ("fortigate", "event", ""),
    ),
];

fn looked_for() -> Indicators {
    let mut known = Builder::with_room_for(1);
    let life = Life {
        confidence: Some(90),
        valid_from: Instant::from_micros((THEN - 60) * 1_000_000),
        valid_until: None,
        last_sighting: None,
        recall: Recall::None,
    };
    known.add([1; 20], &Term::new(Kind::Ipv4, WANTED).unwrap(), &life);
    known.build(DecayTable::default())
}

/// Calls `ask` with every event of a file; what could not be read is a fault.
fn read(text: &str, (format, columns): (Format, &[(&str, &str)]), ask: &mut dyn FnMut(&Event<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("log");
    std::fs::write(&file, text).unwrap();
    let columns: BTreeMap<_, _> =
        columns.iter().map(|(column, name)| ((*column).to_owned(), (*name).to_owned())).collect();
    let local =
        vedetta_detect::decode::Local::new(Some("UTC"), Instant::from_micros(THEN * 1_000_000));
    let decoder = Decoder::with_columns(format, columns).with_local(local.unwrap());
    let mut tally = Tally::default();
    events::each(&file, decoder, &mut tally, &mut |event, _| {
        ask(event);
        Ok::<_, Unread>(())
    })
    .unwrap();
    assert_eq!((tally.events, tally.faults()), (1, 0), "{text}: {tally}");
}

fn is_found(known: &Indicators, event: &Event<'_>) -> bool {
    let now = Instant::from_micros(THEN * 1_000_000);
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    known.matches(event, When { seen: now, now }, &mut scratch, &mut hits);
    hits.iter().any(|hit| hit.value == WANTED)
}

#[test]
fn every_form_says_who_when_and_of_what_kind() {
    let known = looked_for();
    for (name, text, wanted) in LOGS {
        read(text, (Format::Any, &[]), &mut |event| {
            let source = event.source();
            let category = source.categories.contains(&wanted.2).then_some(wanted.2);
            let said = (source.product, source.service, category.unwrap_or_default());
            assert_eq!(said, *wanted, "{name}: {source:?}");
            assert_eq!(moment::of(event), Some(THEN * 1_000_000), "{name}");
            assert!(is_found(&known, event), "{name}: {}", event.json());
        });
    }
}

#[test]
fn a_table_of_ones_own_is_read_with_its_columns_mapped() {
    let text = "Quando,Utente,Indirizzo,Esito\r\n2026-10-19T10:00:00Z,anna,203.0.113.66,negato\r\n";
    let columns = [("Quando", "timestamp"), ("Utente", "User"), ("Indirizzo", "src_ip")];
    let known = looked_for();
    read(text, (Format::Csv, &columns), &mut |event| {
        assert_eq!(event.text(Name::of("User")).as_deref(), Some("anna"));
        assert_eq!(moment::of(event), Some(THEN * 1_000_000));
        assert!(is_found(&known, event));
    });
}

#[test]
fn a_login_is_one_whoever_writes_it_down() {
    let ocsf = r#"{"class_uid":3002,"activity_id":1,"status_id":2,"time":1792404000000,"user":{"name":"root"},"src_endpoint":{"ip":"203.0.113.66"}}"#;
    let failed = [
        "Windows as the log has it",
        "syslog, RFC 3164",
        "the journal as JSON",
        "the journal, exported",
    ];
    let logs = LOGS.iter().filter(|it| failed.contains(&it.0)).map(|it| it.1).chain([ocsf]);
    let mut read_as_one = 0;
    for text in logs {
        read(text, (Format::Any, &[]), &mut |event| {
            let [Fact::Login { from, outcome: Outcome::Failure, .. }, ..] = &facts(event)[..]
            else {
                panic!("{text}")
            };
            assert_eq!(from, WANTED);
            read_as_one += 1;
        });
    }
    assert_eq!(read_as_one, 5);
}

#[test]
fn an_exported_journal_is_read_a_record_at_a_time_however_large() {
    let mut text = b"\n__CURSOR=1\nMESSAGE=one\n\n\n__CURSOR=2\nMESSAGE\n".to_vec();
    text.extend_from_slice(&5_u64.to_le_bytes());
    text.extend_from_slice(b"a\n\nb=\nX=1\n\n__CURSOR=3\nMESSAGE\n");
    text.extend_from_slice(&(3_u64 << 20).to_le_bytes());
    text.resize(text.len() + (3 << 20), b'x');
    text.extend_from_slice(b"\n\n__CURSOR=4\nMESSAGE\n\xff\xff");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.export");
    std::fs::write(&file, text.get(1..).unwrap()).unwrap();
    let (mut said, mut tally) = (Vec::new(), Tally::default());
    events::each(&file, Decoder::new(Format::Any), &mut tally, &mut |event, place| {
        let message = event.text(Name::of("MESSAGE")).unwrap_or_default().into_owned();
        said.push((place.line, message));
        Ok::<_, Unread>(())
    })
    .unwrap();
    let wanted = [(1, "one".to_owned()), (2, "a\n\nb=".to_owned()), (4, String::new())];
    assert_eq!((said.as_slice(), tally.faults()), (&wanted[..], 1), "{tally}");
}
