//! The cyber-observable objects (STIX 2.1, section 6) that an event is an observation of.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Map, Value, json};
use stix::pattern::HashAlgorithm;

use super::spelling;
use crate::event::{Event, Name};

/// Where events name a host at an end of a connection, under the names that rules use.
const SOURCES: &[Name] =
    &[Name::of("src_ip"), Name::of("SourceIp"), Name::of("IpAddress"), Name::of("c-ip")];
const DESTINATIONS: &[Name] = &[Name::of("dst_ip"), Name::of("DestinationIp"), Name::of("s-ip")];
const SOURCE_PORTS: &[Name] = &[Name::of("src_port"), Name::of("SourcePort")];
const DESTINATION_PORTS: &[Name] = &[Name::of("dst_port"), Name::of("DestinationPort")];
const NAMES: &[Name] = &[
    Name::of("query"),
    Name::of("QueryName"),
    Name::of("DestinationHostname"),
    Name::of("cs-host"),
    Name::of("tls.sni"),
    Name::of("quic.sni"),
    Name::of("server_name"),
    Name::of("answer"),
];
const AGENTS: &[Name] = &[Name::of("c-useragent"), Name::of("cs-user-agent")];
const METHODS: &[Name] = &[Name::of("cs-method")];
const URLS: &[Name] = &[Name::of("c-uri")];
const HOSTS: &[Name] = &[Name::of("cs-host")];
const IMAGES: &[Name] = &[Name::of("Image")];
const PARENTS: &[Name] = &[Name::of("ParentImage")];
const COMMANDS: &[Name] = &[Name::of("CommandLine")];
const FILES: &[Name] =
    &[Name::of("TargetFilename"), Name::of("ImageLoaded"), Name::of("fileinfo.filename")];
const USERS: &[Name] = &[Name::of("User"), Name::of("TargetUserName"), Name::of("SubjectUserName")];
const KEYS: &[Name] = &[Name::of("TargetObject")];
const DETAILS: &[Name] = &[Name::of("Details")];
const HASHES: &[Name] = &[Name::of("Hashes")];
const DIGESTS: &[(Name, HashAlgorithm)] = &[
    (Name::of("md5"), HashAlgorithm::Md5),
    (Name::of("sha1"), HashAlgorithm::Sha1),
    (Name::of("sha256"), HashAlgorithm::Sha256),
    (Name::of("fileinfo.md5"), HashAlgorithm::Md5),
    (Name::of("fileinfo.sha1"), HashAlgorithm::Sha1),
    (Name::of("fileinfo.sha256"), HashAlgorithm::Sha256),
    (Name::of("file.hash.md5"), HashAlgorithm::Md5),
    (Name::of("file.hash.sha1"), HashAlgorithm::Sha1),
    (Name::of("file.hash.sha256"), HashAlgorithm::Sha256),
];
const FINGERPRINTS: &[(Name, &str)] = &[
    (Name::of("tls.ja3.hash"), "x_ja3"),
    (Name::of("ja3"), "x_ja3"),
    (Name::of("tls.ja3s.hash"), "x_ja3s"),
    (Name::of("ja3s"), "x_ja3s"),
    (Name::of("tls.ja4"), "x_ja4"),
    (Name::of("ja4"), "x_ja4"),
    (Name::of("tls.ja4s"), "x_ja4s"),
    (Name::of("ja4s"), "x_ja4s"),
];
/// Values of a name that are taken.
const MOST: usize = 16;

/// Objects being gathered; each gets an identifier by its place.
struct Gathered(Vec<Value>);

/// The objects of an event.
#[must_use]
pub fn objects(event: &Event<'_>) -> Vec<Value> {
    let mut gathered = Gathered(Vec::new());
    gathered.network(event);
    gathered.names(event);
    gathered.process(event);
    gathered.files(event);
    for user in all(event, USERS) {
        let name = user.rsplit_once('\\').map_or(&*user, |(_, name)| name);
        gathered.put(json!({ "type": "user-account", "user_id": name, "account_login": name }));
    }
    for key in all(event, KEYS) {
        let (key, name) = key.rsplit_once('\\').unwrap_or((&key, ""));
        let data = first(event, DETAILS).unwrap_or_default();
        gathered.put(json!({
            "type": "windows-registry-key", "key": spelling::registry_key(key),
            "values": [{ "name": name, "data": data }],
        }));
    }
    gathered.0
}

fn first<'e>(event: &Event<'e>, names: &[Name]) -> Option<Cow<'e, str>> {
    names.iter().find_map(|name| event.text(*name)).filter(|it| !it.is_empty())
}

fn all<'e>(event: &Event<'e>, names: &'static [Name]) -> impl Iterator<Item = Cow<'e, str>> {
    let event = *event;
    let values = names.iter().flat_map(move |name| event.all(*name)).filter_map(|it| it.text());
    values.filter(|it| !it.is_empty()).take(MOST)
}

fn number(event: &Event<'_>, names: &[Name]) -> Option<i64> {
    names.iter().find_map(|name| event.get(*name)?.integer())
}

impl Gathered {
    /// Adds an object; its identifier.
    fn put(&mut self, mut object: Value) -> String {
        let id = self.0.len().to_string();
        object["id"] = id.as_str().into();
        self.0.push(object);
        id
    }

    fn host(&mut self, text: &str) -> Option<String> {
        let kind = match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => "ipv4-addr",
            Ok(IpAddr::V6(_)) => "ipv6-addr",
            Err(_) if text.contains('.') => "domain-name",
            Err(_) => return None,
        };
        let value = text.trim_end_matches('.').to_lowercase();
        let known = self.0.iter().position(|it| it["type"] == kind && it["value"] == value);
        Some(known.map_or_else(
            || self.put(json!({ "type": kind, "value": value })),
            |place| place.to_string(),
        ))
    }

    fn network(&mut self, event: &Event<'_>) {
        let mut traffic = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            traffic.extend(value.map(|value| (name.to_owned(), value)));
        };
        let from = first(event, SOURCES).and_then(|it| self.host(&it));
        let to = first(event, DESTINATIONS).and_then(|it| self.host(&it));
        put("src_ref", from.map(Value::from));
        put("dst_ref", to.map(Value::from));
        put("src_port", number(event, SOURCE_PORTS).map(Value::from));
        put("dst_port", number(event, DESTINATION_PORTS).map(Value::from));
        for (name, key) in FINGERPRINTS {
            put(key, event.text(*name).map(|it| it.to_lowercase().into()));
        }
        let (method, agent) = (first(event, METHODS), first(event, AGENTS));
        let url = first(event, URLS);
        if method.is_some() || agent.is_some() {
            let mut request = json!({ "request_method": method, "request_value": url });
            if let Some(agent) = agent {
                request["request_header"] = json!({ "User-Agent": agent });
            }
            put("extensions", Some(json!({ "http-request-ext": request })));
        }
        if !traffic.is_empty() {
            let protocols = ["proto", "service", "app_proto"].map(|it| event.text(Name::of(it)));
            let protocols = protocols.into_iter().flatten().map(|it| it.to_lowercase());
            traffic.insert("protocols".into(), protocols.collect());
            traffic.insert("type".into(), "network-traffic".into());
            self.put(traffic.into());
        }
    }

    fn names(&mut self, event: &Event<'_>) {
        for name in all(event, NAMES) {
            self.host(&name);
        }
        for url in all(event, URLS) {
            let whole = if url.contains("://") {
                url.into_owned()
            } else {
                let Some(host) = first(event, HOSTS) else { continue };
                format!("http://{host}{}{url}", if url.starts_with('/') { "" } else { "/" })
            };
            self.put(json!({ "type": "url", "value": whole }));
        }
        let sender = [Name::of("smtp.mail_from"), Name::of("mailfrom"), Name::of("email.from")];
        let sender = first(event, &sender).map(|it| {
            let bare = it.rsplit_once('<').map_or(&*it, |(_, bare)| bare).trim_end_matches('>');
            self.put(json!({ "type": "email-addr", "value": bare.to_lowercase() }))
        });
        let subject = first(event, &[Name::of("email.subject"), Name::of("subject")]);
        if sender.is_some() || subject.is_some() {
            let mut message = json!({ "type": "email-message" });
            sender.into_iter().for_each(|it| message["from_ref"] = it.into());
            subject.into_iter().for_each(|it| message["subject"] = it.into());
            self.put(message);
        }
    }

    fn process(&mut self, event: &Event<'_>) {
        let parent = first(event, PARENTS).map(|it| self.file(&it, Map::new()));
        let image = first(event, IMAGES).map(|it| self.file(&it, hashes(event)));
        let command = first(event, COMMANDS);
        if image.is_none() && command.is_none() {
            return;
        }
        let mut process = json!({ "type": "process" });
        command.into_iter().for_each(|it| process["command_line"] = it.into());
        image.into_iter().for_each(|it| process["image_ref"] = it.into());
        if let Some(parent) = parent {
            let parent = self.put(json!({ "type": "process", "image_ref": parent }));
            process["parent_ref"] = parent.into();
        }
        self.put(process);
    }

    fn files(&mut self, event: &Event<'_>) {
        let hashes = hashes(event);
        let named = all(event, FILES).next();
        if let Some(path) = &named {
            self.file(path, hashes);
        } else if !hashes.is_empty() && first(event, IMAGES).is_none() {
            self.put(json!({ "type": "file", "hashes": hashes }));
        }
    }

    fn file(&mut self, path: &str, hashes: Map<String, Value>) -> String {
        let (folder, name) = path.rsplit_once(['\\', '/']).unwrap_or(("", path));
        let mut file = json!({ "type": "file", "name": name });
        if !hashes.is_empty() {
            file["hashes"] = hashes.into();
        }
        if !folder.is_empty() {
            let folder = self.put(json!({ "type": "directory", "path": folder }));
            file["parent_directory_ref"] = folder.into();
        }
        self.put(file)
    }
}

fn hashes(event: &Event<'_>) -> Map<String, Value> {
    let mut hashes = Map::new();
    let mut put = |algorithm: HashAlgorithm, digest: &str| {
        if algorithm.admits(digest) {
            hashes.insert(algorithm.name().to_owned(), digest.to_lowercase().into());
        }
    };
    for text in all(event, HASHES) {
        for (name, digest) in text.split(',').filter_map(|it| it.split_once('=')) {
            HashAlgorithm::from_name(name).into_iter().for_each(|it| put(it, digest));
        }
    }
    for (name, algorithm) in DIGESTS {
        event.text(*name).into_iter().for_each(|digest| put(*algorithm, &digest));
    }
    hashes
}
