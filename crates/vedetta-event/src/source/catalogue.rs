//! Every origin that is known, and how an event is recognised.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Dialect, Silence, Source, has, windows};
use crate::event::{Event, Name, Value};

/// Every origin; the first is the unknown one.
pub(super) static CATALOGUE: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let unknown = Row("", "", &[], Silence::Unknown);
    let windows_any = Row("windows", "", &[], Silence::Unknown);
    let services = windows::SERVICES.iter().map(|(_, service)| Row("windows", service, &[], NONE));
    let events =
        windows::CATEGORIES.iter().map(|(service, _, it)| Row("windows", service, it, NONE));
    let mut all: Vec<Source> = Vec::new();
    for Row(product, service, categories, silence) in [unknown, windows_any]
        .into_iter()
        .chain(services)
        .chain(events)
        .chain(OTHERS.iter().copied())
    {
        let source = Source { number: 0, product, service, categories, silence };
        if !all.contains(&source) {
            all.push(source);
        }
    }
    all.iter_mut().enumerate().for_each(|(at, source)| source.number = at);
    all
});

static CHANNELS: LazyLock<HashMap<&'static str, Channel>> = LazyLock::new(|| {
    let channel = |service: &'static str| {
        let events = windows::CATEGORIES.iter().filter(|(it, ..)| *it == service);
        let by_id = events.flat_map(|(_, ids, categories)| {
            ids.iter().map(move |id| (*id, find("windows", service, categories)))
        });
        Channel { other: find("windows", service, &[]), by_id: by_id.collect() }
    };
    windows::SERVICES.iter().map(|(name, service)| (*name, channel(service))).collect()
});

struct Channel {
    other: &'static Source,
    by_id: HashMap<u32, &'static Source>,
}

#[derive(Clone, Copy)]
struct Row(&'static str, &'static str, &'static [&'static str], Silence);

const NONE: Silence = Silence::None;
const OPEN: Silence = Silence::Unknown;

const WEB: &[&str] = &["webserver", "proxy"];
const PROCESS: &[&str] = &["process_creation"];
const CONNECTION: &[&str] = &["network_connection", "firewall"];
const DNS: &[&str] = &["dns", "dns_query"];
const FILE: &[&str] = &["file_event"];
const REGISTRY: &[&str] = &["registry_event", "registry_set", "registry_add", "registry_delete"];

const OTHERS: &[Row] = &[
    Row("suricata", "dns", &["dns"], NONE),
    Row("suricata", "http", WEB, NONE),
    Row("suricata", "flow", &["firewall"], NONE),
    Row("suricata", "", &[], NONE),
    Row("zeek", "conn", &["firewall"], NONE),
    Row("zeek", "dns", &["dns"], NONE),
    Row("zeek", "http", WEB, NONE),
    Row("zeek", "dce_rpc", &[], NONE),
    Row("zeek", "kerberos", &[], NONE),
    Row("zeek", "rdp", &[], NONE),
    Row("zeek", "smb_files", &[], NONE),
    Row("zeek", "smb_mapping", &[], NONE),
    Row("zeek", "x509", &[], NONE),
    Row("zeek", "ssl", &[], NONE),
    Row("zeek", "ntlm", &[], NONE),
    Row("zeek", "files", &[], NONE),
    Row("zeek", "", &[], NONE),
    Row("windows", "", PROCESS, OPEN),
    Row("windows", "", CONNECTION, OPEN),
    Row("windows", "", DNS, OPEN),
    Row("windows", "", FILE, OPEN),
    Row("windows", "", REGISTRY, OPEN),
    Row("linux", "", PROCESS, NONE),
    Row("linux", "", CONNECTION, NONE),
    Row("linux", "", DNS, NONE),
    Row("linux", "", FILE, NONE),
    Row("macos", "", PROCESS, NONE),
    Row("macos", "", CONNECTION, NONE),
    Row("macos", "", FILE, NONE),
    Row("", "", PROCESS, OPEN),
    Row("", "", CONNECTION, OPEN),
    Row("", "", DNS, OPEN),
    Row("", "", FILE, OPEN),
    Row("", "", REGISTRY, OPEN),
    Row("", "", WEB, NONE),
    Row("", "", &["webserver"], NONE),
    Row("", "", &["proxy"], NONE),
    Row("", "", &["dns"], NONE),
    Row("", "", &["firewall"], NONE),
    Row("", "apache", &["webserver"], NONE),
    Row("", "nginx", &["webserver"], NONE),
    Row("linux", "", &[], OPEN),
    Row("linux", "sysmon", PROCESS, NONE),
    Row("linux", "auditd", &[], NONE),
    Row("linux", "auth", &[], NONE),
    Row("linux", "sshd", &[], NONE),
    Row("linux", "sudo", &[], NONE),
    Row("linux", "cron", &[], NONE),
    Row("linux", "clamav", &[], NONE),
    Row("linux", "vsftpd", &[], NONE),
    Row("linux", "guacamole", &[], NONE),
    Row("linux", "syslog", &[], NONE),
    Row("aws", "cloudtrail", &[], NONE),
    Row("azure", "activitylogs", &[], NONE),
    Row("azure", "auditlogs", &[], NONE),
    Row("azure", "signinlogs", &[], NONE),
    Row("azure", "riskdetection", &[], NONE),
    Row("azure", "pim", &[], NONE),
    Row("gcp", "gcp.audit", &[], NONE),
    Row("gcp", "google_workspace.admin", &[], NONE),
    Row("gcp", "google_workspace.login", &[], NONE),
    Row("github", "audit", &[], NONE),
    Row("okta", "okta", &[], NONE),
    Row("m365", "", &[], OPEN),
    Row("kubernetes", "audit", &["application"], NONE),
    Row("opencanary", "", &["application"], NONE),
    Row("cisco", "aaa", &[], OPEN),
    Row("cisco", "", &[], OPEN),
    Row("fortigate", "event", &[], NONE),
    Row("paloalto", "", &[], OPEN),
    Row("idea", "", &[], NONE),
];

fn find(product: &str, service: &str, categories: &[&str]) -> &'static Source {
    let named = |it: &&Source| {
        it.product == product && it.service == service && it.categories == categories
    };
    CATALOGUE.iter().find(named).unwrap_or_else(unknown)
}

pub(super) fn unknown() -> &'static Source {
    static NOWHERE: Source =
        Source { number: 0, product: "", service: "", categories: &[], silence: Silence::Unknown };
    CATALOGUE.first().unwrap_or(&NOWHERE)
}

/// An origin and how its events name things.
type Found = (&'static Source, Dialect);

/// Where an event comes from.
pub(super) fn recognise(event: &Event<'_>) -> Found {
    [of_windows, of_eve, of_zeek, of_ocsf, of_ecs, of_cloud, of_journal, of_idea, of_log]
        .iter()
        .find_map(|of| of(event))
        .unwrap_or((unknown(), Dialect::Plain))
}

fn of_windows(event: &Event<'_>) -> Option<Found> {
    let heading = windows::heading(event)?;
    let Some(channel) = CHANNELS.get(heading.channel.as_str()) else {
        return Some((find("windows", "", &[]), Dialect::Windows));
    };
    let source = channel.by_id.get(&heading.id).copied().unwrap_or(channel.other);
    let dialect = match (source.service, heading.id) {
        ("security", 4688) => Dialect::WindowsProcess,
        ("security", 5156) => Dialect::WindowsConnection,
        ("security", 4657) => Dialect::WindowsRegistry,
        _ => Dialect::Windows,
    };
    Some((source, dialect))
}

const EVENT_TYPE: Name = Name::of("event_type");

fn of_eve(event: &Event<'_>) -> Option<Found> {
    static KINDS: LazyLock<[&'static Source; 4]> = LazyLock::new(|| {
        [
            find("suricata", "dns", &["dns"]),
            find("suricata", "http", WEB),
            find("suricata", "flow", &["firewall"]),
            find("suricata", "", &[]),
        ]
    });
    let Some(Value::Text(kind)) = event.get(EVENT_TYPE) else { return None };
    let [dns, http, flow, other] = *KINDS;
    let source = match kind {
        "dns" => dns,
        "http" => http,
        "flow" | "netflow" => flow,
        _ => other,
    };
    Some((source, Dialect::Eve))
}

fn of_zeek(event: &Event<'_>) -> Option<Found> {
    const PATH: Name = Name::of("_path");
    const ZEEK: &[&str] = &["id.orig_h", "id.resp_h"];
    let path = event.text(PATH);
    if path.is_none() && !has(event, &[Name::of(ZEEK[0]), Name::of(ZEEK[1])]) {
        return None;
    }
    let told = |name: &str, service: &'static str| event.has(Name::of(name)).then_some(service);
    let service = path.as_deref().map_or_else(
        || {
            told("qtype_name", "dns")
                .or_else(|| told("conn_state", "conn"))
                .or_else(|| told("status_code", "http"))
                .or_else(|| told("request_type", "kerberos"))
                .or_else(|| told("endpoint", "dce_rpc"))
                .unwrap_or_default()
        },
        |path| {
            let known = OTHERS.iter().filter(|row| row.0 == "zeek").map(|row| row.1);
            known.into_iter().find(|it| *it == path).unwrap_or_default()
        },
    );
    let row = OTHERS.iter().find(|row| row.0 == "zeek" && row.1 == service)?;
    Some((find("zeek", service, row.2), Dialect::Zeek))
}

fn of_ocsf(event: &Event<'_>) -> Option<Found> {
    let class = event.get(Name::of("class_uid"))?.integer()?;
    let categories = match class {
        1007 => PROCESS,
        1001 => FILE,
        201_001 | 201_002 => REGISTRY,
        4001 => CONNECTION,
        4002 => WEB,
        4003 => DNS,
        _ => &[],
    };
    let system = event.text(Name::of("device.os.name"));
    Some((of_host(system.as_deref().unwrap_or_default(), categories), Dialect::Ocsf))
}

/// What happened on a host, by its operating system when that is known.
fn of_host(system: &str, categories: &'static [&'static str]) -> &'static Source {
    let system = system.to_ascii_lowercase();
    let product = ["windows", "linux", "macos"].into_iter().find(|it| system.starts_with(it));
    let product = match (product, system.as_str()) {
        (Some(product), _) => product,
        (None, "darwin") => "macos",
        (None, "ubuntu" | "debian" | "centos" | "rhel" | "fedora" | "suse") => "linux",
        _ => "",
    };
    let found = find(product, "", categories);
    if found.is_unknown() { find("", "", categories) } else { found }
}

fn of_ecs(event: &Event<'_>) -> Option<Found> {
    const CATEGORY: Name = Name::of("event.category");
    let mut categories: &'static [&'static str] = &[];
    for category in event.all(CATEGORY) {
        categories = match category.text()?.as_ref() {
            "process" => PROCESS,
            "file" => FILE,
            "registry" => REGISTRY,
            "network" if event.has(Name::of("dns.question.name")) => DNS,
            "network" if categories.is_empty() => CONNECTION,
            "web" => WEB,
            _ => categories,
        };
    }
    if categories.is_empty() && event.has(Name::of("dns.question.name")) {
        categories = DNS;
    } else if categories.is_empty() && event.has(Name::of("http.request.method")) {
        categories = WEB;
    }
    if categories.is_empty() && !event.has(CATEGORY) && !event.has(Name::of("ecs.version")) {
        return None;
    }
    let system =
        event.text(Name::of("host.os.type")).or_else(|| event.text(Name::of("host.os.platform")));
    Some((of_host(system.as_deref().unwrap_or_default(), categories), Dialect::Ecs))
}

/// Which values tell a cloud's audit log, and whose it is.
const CLOUDS: &[(&[&str], &str, &str)] = &[
    (&["eventSource", "eventName", "eventVersion"], "aws", "cloudtrail"),
    (&["protoPayload.methodName"], "gcp", "gcp.audit"),
    (&["legacyEventType"], "okta", "okta"),
    (&["auditID", "verb"], "kubernetes", "audit"),
    (&["riskEventType"], "azure", "riskdetection"),
    (&["conditionalAccessStatus"], "azure", "signinlogs"),
    (&["properties.appDisplayName", "properties.conditionalAccessStatus"], "azure", "signinlogs"),
    (&["Workload", "Operation", "CreationTime"], "m365", ""),
    (&["actor_ip", "action", "org"], "github", "audit"),
    (&["logtype", "node_id"], "opencanary", ""),
];

fn of_cloud(event: &Event<'_>) -> Option<Found> {
    for (asked, product, service) in CLOUDS {
        if asked.iter().all(|name| event.has(Name::of(name))) {
            let row = OTHERS.iter().find(|row| row.0 == *product && row.1 == *service)?;
            return Some((find(product, service, row.2), Dialect::Plain));
        }
    }
    event.get(Name::of("operationName"))?;
    let category = event.text(Name::of("category"))?;
    let service = match category.as_ref() {
        "AuditLogs" => "auditlogs",
        "SignInLogs" | "NonInteractiveUserSignInLogs" => "signinlogs",
        "Administrative" | "Security" | "Policy" => "activitylogs",
        _ => return None,
    };
    Some((find("azure", service, &[]), Dialect::Plain))
}

fn of_journal(event: &Event<'_>) -> Option<Found> {
    event.get(Name::of("__REALTIME_TIMESTAMP")).or_else(|| event.get(Name::of("_BOOT_ID")))?;
    let program = event.text(Name::of("SYSLOG_IDENTIFIER"));
    let program = of_program(program.as_deref().unwrap_or_default());
    Some((of_kind(event, Some(program)).unwrap_or(program), Dialect::Journal))
}

/// Intrusion Detection Extensible Alert.
fn of_idea(event: &Event<'_>) -> Option<Found> {
    let format = event.text(Name::of("Format"))?;
    format.starts_with("IDEA").then(|| (find("idea", "", &[]), Dialect::Idea))
}

/// What a program of Linux writes.
fn of_program(program: &str) -> &'static Source {
    let service = match program.to_ascii_lowercase().as_str() {
        "sshd" | "sshd-session" => "sshd",
        "sudo" => "sudo",
        "cron" | "crond" | "crontab" => "cron",
        "login" | "su" | "systemd-logind" | "useradd" | "usermod" | "passwd" => "auth",
        "audit" | "auditd" | "audispd" | "kauditd" => "auditd",
        "clamd" | "clamav" | "freshclam" | "clamscan" => "clamav",
        "vsftpd" => "vsftpd",
        "guacd" | "guacamole" => "guacamole",
        "nginx" => return find("", "nginx", &["webserver"]),
        "apache" | "apache2" | "httpd" => return find("", "apache", &["webserver"]),
        _ => "syslog",
    };
    find("linux", service, &[])
}

/// What a decoder of ours has read says itself what it is.
fn of_log(event: &Event<'_>) -> Option<Found> {
    let program = event.text(PROGRAM).map(|it| of_program(&it));
    let kind = of_kind(event, program).map(|it| (it, Dialect::Web));
    kind.or_else(|| program.map(|it| (it, Dialect::Plain)))
}

/// The form that a message had says more than the program that wrote it, but for the web servers that
/// are known.
fn of_kind(event: &Event<'_>, program: Option<&'static Source>) -> Option<&'static Source> {
    Some(match event.text(KIND)?.as_ref() {
        "web" => program
            .filter(|it| it.categories.contains(&"webserver"))
            .unwrap_or_else(|| find("", "", &["webserver"])),
        "proxy" => find("", "", &["proxy"]),
        "dns" => find("", "", &["dns"]),
        "firewall" => find("", "", &["firewall"]),
        "auditd" => find("linux", "auditd", &[]),
        "fortigate" => find("fortigate", "event", &[]),
        "paloalto" => find("paloalto", "", &[]),
        "cisco" => find("cisco", "", &[]),
        _ => return None,
    })
}

/// The program that wrote a line of syslog.
pub(crate) const PROGRAM: Name = Name::of("syslog.program");
/// What kind of line a decoder has read.
pub(crate) const KIND: Name = Name::of("log.kind");
