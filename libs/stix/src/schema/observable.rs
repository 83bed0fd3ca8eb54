//! Cyber-observable objects (specification 6).

use super::Constraint::{AtLeastOne, Exclusive, Needs, NotBare, NotBefore, OnlyIf};
use super::Kind::{
    Binary, Bool, Dictionary, Enum, Form, Hashes, Hex, Integer, List, Open, Part, Ref, Text, Time,
};
use super::extension::{FILE_EXTENSIONS, PROCESS_EXTENSIONS, TRAFFIC_EXTENSIONS, USER_EXTENSIONS};
use super::shared::{COUNT, OBSERVABLE, TEXTS, WHOLE};
use super::vocabulary as words;
use super::{Class, Constraint, Kind, Property, Shape, Table, Targets, may, must};
use crate::validate::form;

const ARTIFACT_REF: Kind = Ref(Targets::Only(&["artifact"]));
const FILES_AND_DIRECTORIES: Kind = List(&Ref(Targets::Only(&["file", "directory"])));
const MAIL: Kind = Ref(Targets::Only(&["email-addr"]));
const ENDPOINT: Kind = Ref(Targets::Only(&["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"]));
const ACCOUNT_REF: Kind = Ref(Targets::Only(&["user-account"]));
const TRAFFIC_REF: Kind = Ref(Targets::Only(&["network-traffic"]));
const PORT: Kind = Integer(0, 65_535);

/// A table of an observable: its name, properties, rules, and what identifies it.
const fn observable(
    name: &'static str,
    identity: &'static [&'static str],
    properties: &'static [Property],
    constraints: &'static [Constraint],
) -> Table {
    let shape = Shape { properties, constraints };
    let class = Class::Observable;
    Table { name, class, common: OBSERVABLE, shape, extensions: &[], identity }
}

const fn extended(table: Table, extensions: &'static [(&'static str, Shape)]) -> Table {
    Table { extensions, ..table }
}

/// The 18 observables, the most frequent first.
pub(super) static TABLES: &[Table] = &[
    observable("ipv4-addr", &["value"], IPV4, &[]),
    observable("domain-name", &["value"], DOMAIN, &[]),
    observable("url", &["value"], &[must("value", Form(form::is_url, "a URL"))], &[]),
    extended(
        observable(
            "file",
            &["hashes", "name", "extensions", "parent_directory_ref"],
            FILE,
            &[AtLeastOne(&["hashes", "name"])],
        ),
        FILE_EXTENSIONS,
    ),
    observable("ipv6-addr", &["value"], IPV6, &[]),
    observable("email-addr", &["value"], EMAIL_ADDRESS, &[]),
    observable(
        "artifact",
        &["hashes", "payload_bin"],
        ARTIFACT,
        &[
            AtLeastOne(&["payload_bin", "url"]),
            Exclusive(&["payload_bin", "url"]),
            Needs("url", "hashes"),
            Needs("decryption_key", "encryption_algorithm"),
        ],
    ),
    observable("autonomous-system", &["number"], AUTONOMOUS_SYSTEM, &[]),
    observable("directory", &["path"], DIRECTORY, &[]),
    observable(
        "email-message",
        &["from_ref", "subject", "body"],
        EMAIL_MESSAGE,
        &[OnlyIf("is_multipart", false, "body"), OnlyIf("is_multipart", true, "body_multipart")],
    ),
    observable("mac-addr", &["value"], MAC, &[]),
    observable("mutex", &["name"], &[must("name", Text)], &[]),
    extended(observable("network-traffic", TRAFFIC_IDENTITY, TRAFFIC, TRAFFIC_RULES), {
        TRAFFIC_EXTENSIONS
    }),
    extended(observable("process", &[], PROCESS, &[NotBare]), PROCESS_EXTENSIONS),
    observable("software", &["name", "cpe", "swid", "vendor", "version"], SOFTWARE, &[]),
    extended(
        observable("user-account", &["account_type", "user_id", "account_login"], USER, &[NotBare]),
        USER_EXTENSIONS,
    ),
    observable("windows-registry-key", &["key", "values"], REGISTRY_KEY, &[NotBare]),
    observable(
        "x509-certificate",
        &["hashes", "serial_number"],
        CERTIFICATE,
        &[NotBare, NotBefore("validity_not_before", "validity_not_after")],
    ),
];

const MACS: Kind = List(&Ref(Targets::Only(&["mac-addr"])));
const SYSTEMS: Kind = List(&Ref(Targets::Only(&["autonomous-system"])));

const IPV4: &[Property] = &[
    must("value", Form(form::is_ipv4, "an IPv4 address or network, as 192.0.2.0/24")),
    may("resolves_to_refs", MACS),
    may("belongs_to_refs", SYSTEMS),
];

const IPV6: &[Property] = &[
    must("value", Form(form::is_ipv6, "an IPv6 address or network, as 2001:db8::/32")),
    may("resolves_to_refs", MACS),
    may("belongs_to_refs", SYSTEMS),
];

const MAC: &[Property] = &[must(
    "value",
    Form(form::is_mac, "a MAC address in lower case with colons, as 00:00:5e:00:53:01"),
)];

const DOMAIN: &[Property] = &[
    must("value", Form(form::is_domain, "a domain name")),
    may("resolves_to_refs", List(&Ref(Targets::Only(&["ipv4-addr", "ipv6-addr", "domain-name"])))),
];

const EMAIL_ADDRESS: &[Property] = &[
    must("value", Form(form::is_mailbox, "an e-mail address without display name")),
    may("display_name", Text),
    may("belongs_to_ref", ACCOUNT_REF),
];

const ARTIFACT: &[Property] = &[
    may("mime_type", Text),
    may("payload_bin", Binary),
    may("url", Text),
    may("hashes", Hashes),
    may("encryption_algorithm", Enum(words::ENCRYPTION_ALGORITHM)),
    may("decryption_key", Text),
];

const AUTONOMOUS_SYSTEM: &[Property] =
    &[must("number", COUNT), may("name", Text), may("rir", Text)];

const DIRECTORY: &[Property] = &[
    must("path", Text),
    may("path_enc", Text),
    may("ctime", Time),
    may("mtime", Time),
    may("atime", Time),
    may("contains_refs", FILES_AND_DIRECTORIES),
];

const EMAIL_MESSAGE: &[Property] = &[
    must("is_multipart", Bool),
    may("date", Time),
    may("content_type", Text),
    may("from_ref", MAIL),
    may("sender_ref", MAIL),
    may("to_refs", List(&MAIL)),
    may("cc_refs", List(&MAIL)),
    may("bcc_refs", List(&MAIL)),
    may("message_id", Text),
    may("subject", Text),
    may("received_lines", TEXTS),
    may("additional_header_fields", Dictionary),
    may("body", Text),
    may("body_multipart", List(&Part(&MIME_PART))),
    may("raw_email_ref", ARTIFACT_REF),
];

const MIME_PART: Shape = Shape {
    properties: &[
        may("body", Text),
        may("body_raw_ref", Ref(Targets::Only(&["artifact", "file"]))),
        may("content_type", Text),
        may("content_disposition", Text),
    ],
    constraints: &[AtLeastOne(&["body", "body_raw_ref"]), Exclusive(&["body", "body_raw_ref"])],
};

const FILE: &[Property] = &[
    may("hashes", Hashes),
    may("size", COUNT),
    may("name", Text),
    may("name_enc", Text),
    may("magic_number_hex", Hex),
    may("mime_type", Text),
    may("ctime", Time),
    may("mtime", Time),
    may("atime", Time),
    may("parent_directory_ref", Ref(Targets::Only(&["directory"]))),
    may("contains_refs", List(&Ref(Targets::Of(&[Class::Observable])))),
    may("content_ref", ARTIFACT_REF),
];

const TRAFFIC_IDENTITY: &[&str] =
    &["start", "end", "src_ref", "dst_ref", "src_port", "dst_port", "protocols", "extensions"];

const TRAFFIC: &[Property] = &[
    may("start", Time),
    may("end", Time),
    may("is_active", Bool),
    may("src_ref", ENDPOINT),
    may("dst_ref", ENDPOINT),
    may("src_port", PORT),
    may("dst_port", PORT),
    must("protocols", TEXTS),
    may("src_byte_count", COUNT),
    may("dst_byte_count", COUNT),
    may("src_packets", COUNT),
    may("dst_packets", COUNT),
    may("ipfix", Dictionary),
    may("src_payload_ref", ARTIFACT_REF),
    may("dst_payload_ref", ARTIFACT_REF),
    may("encapsulates_refs", List(&TRAFFIC_REF)),
    may("encapsulated_by_ref", TRAFFIC_REF),
];

const TRAFFIC_RULES: &[Constraint] = &[
    AtLeastOne(&["src_ref", "dst_ref"]),
    NotBefore("start", "end"),
    OnlyIf("is_active", false, "end"),
];

const PROCESS: &[Property] = &[
    may("is_hidden", Bool),
    may("pid", WHOLE),
    may("created_time", Time),
    may("cwd", Text),
    may("command_line", Text),
    may("environment_variables", Dictionary),
    may("opened_connection_refs", List(&TRAFFIC_REF)),
    may("creator_user_ref", ACCOUNT_REF),
    may("image_ref", Ref(Targets::Only(&["file"]))),
    may("parent_ref", Ref(Targets::Only(&["process"]))),
    may("child_refs", List(&Ref(Targets::Only(&["process"])))),
];

const SOFTWARE: &[Property] = &[
    must("name", Text),
    may(
        "cpe",
        Form(form::is_cpe, "a CPE 2.3 name, as cpe:2.3:a:example:product:1.0:*:*:*:*:*:*:*"),
    ),
    may("swid", Text),
    may("languages", TEXTS),
    may("vendor", Text),
    may("version", Text),
];

const USER: &[Property] = &[
    may("user_id", Text),
    may("credential", Text),
    may("account_login", Text),
    may("account_type", Open(words::ACCOUNT_TYPE)),
    may("display_name", Text),
    may("is_service_account", Bool),
    may("is_privileged", Bool),
    may("can_escalate_privs", Bool),
    may("is_disabled", Bool),
    may("account_created", Time),
    may("account_expires", Time),
    may("credential_last_changed", Time),
    may("account_first_login", Time),
    may("account_last_login", Time),
];

const REGISTRY_KEY: &[Property] = &[
    may("key", Text),
    may("values", List(&Part(&REGISTRY_VALUE))),
    may("modified_time", Time),
    may("creator_user_ref", ACCOUNT_REF),
    may("number_of_subkeys", COUNT),
];

const REGISTRY_VALUE: Shape = Shape {
    properties: &[
        may("name", Text),
        may("data", Text),
        may("data_type", Enum(words::WINDOWS_REGISTRY_DATATYPE)),
    ],
    constraints: &[AtLeastOne(&["name", "data", "data_type"])],
};

const CERTIFICATE: &[Property] = &[
    may("is_self_signed", Bool),
    may("hashes", Hashes),
    may("version", Text),
    may("serial_number", Text),
    may("signature_algorithm", Text),
    may("issuer", Text),
    may("validity_not_before", Time),
    may("validity_not_after", Time),
    may("subject", Text),
    may("subject_public_key_algorithm", Text),
    may("subject_public_key_modulus", Text),
    may("subject_public_key_exponent", WHOLE),
    may("x509_v3_extensions", Part(&CERTIFICATE_EXTENSIONS)),
];

const CERTIFICATE_EXTENSIONS: Shape = Shape {
    properties: &[
        may("basic_constraints", Text),
        may("name_constraints", Text),
        may("policy_constraints", Text),
        may("key_usage", Text),
        may("extended_key_usage", Text),
        may("subject_key_identifier", Text),
        may("authority_key_identifier", Text),
        may("subject_alternative_name", Text),
        may("issuer_alternative_name", Text),
        may("subject_directory_attributes", Text),
        may("crl_distribution_points", Text),
        may("inhibit_any_policy", Text),
        may("private_key_usage_period_not_before", Time),
        may("private_key_usage_period_not_after", Time),
        may("certificate_policies", Text),
        may("policy_mappings", Text),
    ],
    constraints: &[NotBare],
};
