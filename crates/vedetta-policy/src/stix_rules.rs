//! What redaction has to know of STIX 2.1: which properties are text, which are required, which
//! an observable's identifier is made from.

use vedetta_model::item::is_observable;

/// How redaction treats a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PropertyKind {
    /// The identifier.
    Id,
    /// Who made the object.
    Creator,
    /// Bytes that cannot be looked through.
    Payload,
    /// One identifier of another object.
    Reference,
    /// Identifiers of other objects.
    References,
    /// Section 2.5.2.
    ExternalReferences,
    /// Section 7.3.
    Extensions,
    /// Written for people.
    Text,
    /// Anything else.
    Other,
}

/// How a property of that name is treated.
pub(crate) fn property_kind(name: &str) -> PropertyKind {
    match name {
        "id" => PropertyKind::Id,
        "created_by_ref" => PropertyKind::Creator,
        "payload_bin" | "contents_bin" | "raw_bin" => PropertyKind::Payload,
        "external_references" => PropertyKind::ExternalReferences,
        "extensions" => PropertyKind::Extensions,
        "name"
        | "description"
        | "abstract"
        | "content"
        | "explanation"
        | "goals"
        | "contact_information"
        | "subject"
        | "body"
        | "display_name" => PropertyKind::Text,
        name if name.ends_with("_ref") => PropertyKind::Reference,
        name if name.ends_with("_refs") => PropertyKind::References,
        _ => PropertyKind::Other,
    }
}

/// Objects about somebody or a place, or on which others depend: when they tell, they go whole.
pub(crate) fn is_about_somebody(kind: &str) -> bool {
    matches!(
        kind,
        "identity"
            | "location"
            | "marking-definition"
            | "extension-definition"
            | "language-content"
    )
}

/// Whether the property limits what may be done with the object: it goes unchanged or not at all.
pub(crate) fn is_limit(name: &str) -> bool {
    matches!(name, "object_marking_refs" | "granular_markings")
}

/// Whether the kind is one of the specification's.
pub(crate) fn is_known(kind: &str) -> bool {
    is_observable(kind)
        || is_about_somebody(kind)
        || matches!(
            kind,
            "attack-pattern"
                | "campaign"
                | "course-of-action"
                | "grouping"
                | "incident"
                | "indicator"
                | "infrastructure"
                | "intrusion-set"
                | "malware"
                | "malware-analysis"
                | "note"
                | "observed-data"
                | "opinion"
                | "relationship"
                | "report"
                | "sighting"
                | "threat-actor"
                | "tool"
                | "vulnerability"
        )
}

/// Whether an observable's identifier is made from the property (the ID contributing properties
/// of section 6). Of an observable that has none, every property counts.
pub(crate) fn names_its_id(kind: &str, name: &str) -> bool {
    match kind {
        "artifact" => matches!(name, "hashes" | "payload_bin"),
        "email-message" => matches!(name, "from_ref" | "subject" | "body"),
        "file" => matches!(name, "hashes" | "name" | "extensions" | "parent_directory_ref"),
        "network-traffic" => matches!(
            name,
            "start"
                | "end"
                | "src_ref"
                | "dst_ref"
                | "src_port"
                | "dst_port"
                | "protocols"
                | "extensions"
        ),
        "software" => matches!(name, "name" | "cpe" | "swid" | "vendor" | "version"),
        "user-account" => matches!(name, "account_type" | "user_id" | "account_login"),
        "windows-registry-key" => matches!(name, "key" | "values"),
        "x509-certificate" => matches!(name, "hashes" | "serial_number"),
        "autonomous-system" => name == "number",
        "directory" => name == "path",
        "mutex" => name == "name",
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => {
            name == "value"
        }
        _ => false,
    }
}

/// Whether objects of the kind must have the property.
pub(crate) fn requires(kind: &str, name: &str) -> bool {
    if matches!(name, "type" | "id" | "spec_version" | "created" | "modified") {
        return true;
    }
    if is_observable(kind) {
        let more = matches!(
            (kind, name),
            ("email-message", "is_multipart") | ("network-traffic", "protocols")
        );
        return more || names_its_id(kind, name);
    }
    match kind {
        "grouping" => matches!(name, "context" | "object_refs"),
        "indicator" => matches!(name, "pattern" | "pattern_type" | "valid_from"),
        "malware" => name == "is_family",
        "malware-analysis" => matches!(name, "product" | "result" | "analysis_sco_refs"),
        "note" => matches!(name, "content" | "object_refs"),
        "observed-data" => matches!(
            name,
            "first_observed" | "last_observed" | "number_observed" | "objects" | "object_refs"
        ),
        "opinion" => matches!(name, "opinion" | "object_refs"),
        "relationship" => matches!(name, "relationship_type" | "source_ref" | "target_ref"),
        "report" => matches!(name, "name" | "published" | "object_refs"),
        "sighting" => name == "sighting_of_ref",
        _ => name == "name",
    }
}
