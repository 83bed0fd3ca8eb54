//! The names that Sigma rules use, for those that the formats use.

use crate::event::Name;

type Names = &'static [(Name, Name)];

macro_rules! names {
    ($($from:literal => $to:literal),* $(,)?) => {
        &[$((Name::of($from), Name::of($to))),*]
    };
}

/// Elastic Common Schema.
pub(super) const ECS: Names = names![
    "process.executable" => "Image",
    "process.command_line" => "CommandLine",
    "process.args" => "Arguments",
    "process.working_directory" => "CurrentDirectory",
    "process.pid" => "ProcessId",
    "process.entity_id" => "ProcessGuid",
    "process.pe.original_file_name" => "OriginalFileName",
    "process.pe.company" => "Company",
    "process.pe.description" => "Description",
    "process.pe.product" => "Product",
    "process.hash.md5" => "md5",
    "process.hash.sha1" => "sha1",
    "process.hash.sha256" => "sha256",
    "process.pe.imphash" => "Imphash",
    "process.parent.executable" => "ParentImage",
    "process.parent.command_line" => "ParentCommandLine",
    "process.parent.pid" => "ParentProcessId",
    "user.name" => "User",
    "file.path" => "TargetFilename",
    "registry.path" => "TargetObject",
    "registry.data.strings" => "Details",
    "dll.path" => "ImageLoaded",
    "dns.question.name" => "QueryName",
    "dns.question.type" => "record_type",
    "dns.answers.data" => "QueryResults",
    "source.ip" => "SourceIp",
    "source.port" => "SourcePort",
    "source.domain" => "SourceHostname",
    "destination.ip" => "DestinationIp",
    "destination.port" => "DestinationPort",
    "destination.domain" => "DestinationHostname",
    "network.direction" => "Initiated",
    "source.ip" => "src_ip",
    "source.port" => "src_port",
    "destination.ip" => "dst_ip",
    "destination.port" => "dst_port",
    "dns.question.name" => "query",
    "url.original" => "c-uri",
    "url.full" => "c-uri",
    "url.path" => "cs-uri-stem",
    "url.query" => "cs-uri-query",
    "url.query" => "c-uri-query",
    "url.extension" => "c-uri-extension",
    "url.domain" => "cs-host",
    "url.domain" => "r-dns",
    "user_agent.original" => "c-useragent",
    "user_agent.original" => "cs-user-agent",
    "http.request.method" => "cs-method",
    "http.request.referrer" => "cs-referer",
    "http.response.status_code" => "sc-status",
    "source.ip" => "c-ip",
];

/// Zeek, flat or with dots taken for boxes.
pub(super) const ZEEK: Names = names![
    "id.orig_h" => "src_ip",
    "id.orig_p" => "src_port",
    "id.resp_h" => "dst_ip",
    "id.resp_p" => "dst_port",
    "uri" => "c-uri",
    "user_agent" => "c-useragent",
    "user_agent" => "cs-user-agent",
    "method" => "cs-method",
    "host" => "cs-host",
    "host" => "r-dns",
    "referrer" => "cs-referer",
    "status_code" => "sc-status",
    "id.orig_h" => "c-ip",
    "query" => "QueryName",
    "qtype_name" => "record_type",
    "answers" => "answer",
];

/// Suricata EVE.
pub(super) const EVE: Names = names![
    "dest_ip" => "dst_ip",
    "dest_port" => "dst_port",
    "dns.rrname" => "query",
    "dns.rrname" => "QueryName",
    "dns.queries.rrname" => "query",
    "dns.queries.rrname" => "QueryName",
    "dns.query.rrname" => "query",
    "dns.query.rrname" => "QueryName",
    "dns.rrtype" => "record_type",
    "dns.answers.rdata" => "answer",
    "http.url" => "c-uri",
    "http.url" => "cs-uri-stem",
    "http.url" => "cs-uri-query",
    "http.hostname" => "cs-host",
    "http.hostname" => "r-dns",
    "http.http_user_agent" => "c-useragent",
    "http.http_user_agent" => "cs-user-agent",
    "http.http_method" => "cs-method",
    "http.http_refer" => "cs-referer",
    "http.status" => "sc-status",
    "src_ip" => "c-ip",
];

/// Open Cybersecurity Schema Framework.
pub(super) const OCSF: Names = names![
    "process.file.path" => "Image",
    "process.cmd_line" => "CommandLine",
    "process.pid" => "ProcessId",
    "process.parent_process.file.path" => "ParentImage",
    "process.parent_process.cmd_line" => "ParentCommandLine",
    "process.parent_process.pid" => "ParentProcessId",
    "process.user.name" => "User",
    "actor.process.file.path" => "ParentImage",
    "actor.process.cmd_line" => "ParentCommandLine",
    "actor.user.name" => "User",
    "file.path" => "TargetFilename",
    "src_endpoint.ip" => "src_ip",
    "src_endpoint.port" => "src_port",
    "dst_endpoint.ip" => "dst_ip",
    "dst_endpoint.port" => "dst_port",
    "src_endpoint.ip" => "SourceIp",
    "src_endpoint.port" => "SourcePort",
    "dst_endpoint.ip" => "DestinationIp",
    "dst_endpoint.port" => "DestinationPort",
    "dst_endpoint.hostname" => "DestinationHostname",
    "query.hostname" => "query",
    "query.hostname" => "QueryName",
    "query.type" => "record_type",
    "http_request.url.url_string" => "c-uri",
    "http_request.url.path" => "cs-uri-stem",
    "http_request.url.query_string" => "cs-uri-query",
    "http_request.url.hostname" => "cs-host",
    "http_request.user_agent" => "c-useragent",
    "http_request.user_agent" => "cs-user-agent",
    "http_request.http_method" => "cs-method",
    "http_response.code" => "sc-status",
    "src_endpoint.ip" => "c-ip",
];

/// What web servers and proxies say, under the names of both kinds of rules.
pub(super) const WEB: Names = names![
    "cs-uri" => "c-uri",
    "cs-user-agent" => "c-useragent",
    "cs-host" => "r-dns",
    "cs-uri-query" => "c-uri-query",
];

/// The journal of systemd.
pub(super) const JOURNAL: Names = names![
    "_EXE" => "Image",
    "_CMDLINE" => "CommandLine",
    "MESSAGE" => "message",
    "_HOSTNAME" => "host",
];

/// Intrusion Detection Extensible Alert: who, whom, by what.
pub(super) const IDEA: Names = names![
    "Source.IP4" => "src_ip",
    "Source.IP6" => "src_ip",
    "Source.Port" => "src_port",
    "Target.IP4" => "dst_ip",
    "Target.IP6" => "dst_ip",
    "Target.Port" => "dst_port",
    "Target.Hostname" => "cs-host",
    "Target.URL" => "c-uri",
    "Attach.FileName" => "TargetFilename",
    "Node.Name" => "host",
    "Description" => "message",
];
