//! Domain objects (specification 4).

use super::Constraint::{After, AtLeastOne, Exclusive, Needs, NeedsIf, NotBefore};
use super::Kind::{Bool, Enum, Float, Form, Integer, List, Objects, Open, Ref, Text, Time};
use super::shared::{ANY_REFS, COMMON, PHASES, TEXTS};
use super::vocabulary as words;
use super::{Class, Constraint, Kind, Property, Shape, Table, Targets, may, must};
use crate::validate::form;

const SOFTWARE: Kind = Ref(Targets::Only(&["software"]));
const OBSERVABLE: Kind = Ref(Targets::Of(&[Class::Observable]));
const SEEN: Constraint = NotBefore("first_seen", "last_seen");
const NAME: Property = must("name", Text);
const DESCRIPTION: Property = may("description", Text);
const ALIASES: Property = may("aliases", TEXTS);
const KILL_CHAIN: Property = may("kill_chain_phases", PHASES);
const FIRST_SEEN: Property = may("first_seen", Time);
const LAST_SEEN: Property = may("last_seen", Time);

const fn domain(
    name: &'static str,
    properties: &'static [Property],
    constraints: &'static [Constraint],
) -> Table {
    let shape = Shape { properties, constraints };
    Table { name, class: Class::Domain, common: COMMON, shape, extensions: &[], identity: &[] }
}

/// The 19 domain objects, the most frequent first.
pub(super) static TABLES: &[Table] = &[
    domain("indicator", INDICATOR, &[After("valid_from", "valid_until")]),
    domain("attack-pattern", &[NAME, DESCRIPTION, ALIASES, KILL_CHAIN], &[]),
    domain("campaign", CAMPAIGN, &[SEEN]),
    domain("course-of-action", &[NAME, DESCRIPTION], &[]),
    domain("grouping", GROUPING, &[]),
    domain("identity", IDENTITY, &[]),
    domain("incident", &[NAME, DESCRIPTION], &[]),
    domain("infrastructure", INFRASTRUCTURE, &[SEEN]),
    domain("intrusion-set", INTRUSION_SET, &[SEEN]),
    domain("location", LOCATION, PLACED),
    domain("malware", MALWARE, &[SEEN, NeedsIf("is_family", true, "name")]),
    domain("malware-analysis", MALWARE_ANALYSIS, ANALYSED),
    domain("note", NOTE, &[]),
    domain("observed-data", OBSERVED_DATA, OBSERVED),
    domain("opinion", OPINION, &[]),
    domain("report", REPORT, &[]),
    domain("threat-actor", THREAT_ACTOR, &[SEEN]),
    domain("tool", TOOL, &[]),
    domain("vulnerability", &[NAME, DESCRIPTION], &[]),
];

const INDICATOR: &[Property] = &[
    may("name", Text),
    DESCRIPTION,
    may("indicator_types", List(&Open(words::INDICATOR_TYPE))),
    must("pattern", Text),
    must("pattern_type", Open(words::PATTERN_TYPE)),
    may("pattern_version", Text),
    must("valid_from", Time),
    may("valid_until", Time),
    KILL_CHAIN,
];

const CAMPAIGN: &[Property] =
    &[NAME, DESCRIPTION, ALIASES, FIRST_SEEN, LAST_SEEN, may("objective", Text)];

const GROUPING: &[Property] = &[
    may("name", Text),
    DESCRIPTION,
    must("context", Open(words::GROUPING_CONTEXT)),
    must("object_refs", ANY_REFS),
];

const IDENTITY: &[Property] = &[
    NAME,
    DESCRIPTION,
    may("roles", TEXTS),
    may("identity_class", Open(words::IDENTITY_CLASS)),
    may("sectors", List(&Open(words::INDUSTRY_SECTOR))),
    may("contact_information", Text),
];

const INFRASTRUCTURE: &[Property] = &[
    NAME,
    DESCRIPTION,
    may("infrastructure_types", List(&Open(words::INFRASTRUCTURE_TYPE))),
    ALIASES,
    KILL_CHAIN,
    FIRST_SEEN,
    LAST_SEEN,
];

const INTRUSION_SET: &[Property] = &[
    NAME,
    DESCRIPTION,
    ALIASES,
    FIRST_SEEN,
    LAST_SEEN,
    may("goals", TEXTS),
    may("resource_level", Open(words::ATTACK_RESOURCE_LEVEL)),
    may("primary_motivation", Open(words::ATTACK_MOTIVATION)),
    may("secondary_motivations", List(&Open(words::ATTACK_MOTIVATION))),
];

const LOCATION: &[Property] = &[
    may("name", Text),
    DESCRIPTION,
    may("latitude", Float(-90.0, 90.0)),
    may("longitude", Float(-180.0, 180.0)),
    may("precision", Float(0.0, f64::MAX)),
    may("region", Open(words::REGION)),
    may("country", Form(form::is_country, "a country code of two letters, as IT")),
    may("administrative_area", Text),
    may("city", Text),
    may("street_address", Text),
    may("postal_code", Text),
];

const PLACED: &[Constraint] = &[
    AtLeastOne(&["region", "country", "latitude", "longitude"]),
    Needs("latitude", "longitude"),
    Needs("longitude", "latitude"),
    Needs("precision", "latitude"),
];

const MALWARE: &[Property] = &[
    may("name", Text),
    DESCRIPTION,
    may("malware_types", List(&Open(words::MALWARE_TYPE))),
    must("is_family", Bool),
    ALIASES,
    KILL_CHAIN,
    FIRST_SEEN,
    LAST_SEEN,
    may("operating_system_refs", List(&SOFTWARE)),
    may("architecture_execution_envs", List(&Open(words::PROCESSOR_ARCHITECTURE))),
    may("implementation_languages", List(&Open(words::IMPLEMENTATION_LANGUAGE))),
    may("capabilities", List(&Open(words::MALWARE_CAPABILITIES))),
    may("sample_refs", List(&Ref(Targets::Only(&["artifact", "file"])))),
];

const MALWARE_ANALYSIS: &[Property] = &[
    must("product", Text),
    may("version", Text),
    may("host_vm_ref", SOFTWARE),
    may("operating_system_ref", SOFTWARE),
    may("installed_software_refs", List(&SOFTWARE)),
    may("configuration_version", Text),
    may("modules", TEXTS),
    may("analysis_engine_version", Text),
    may("analysis_definition_version", Text),
    may("submitted", Time),
    may("analysis_started", Time),
    may("analysis_ended", Time),
    may("result_name", Text),
    may("result", Open(words::MALWARE_RESULT)),
    may("analysis_sco_refs", List(&OBSERVABLE)),
    may("sample_ref", Ref(Targets::Only(&["artifact", "file", "network-traffic"]))),
];

const ANALYSED: &[Constraint] = &[
    AtLeastOne(&["result", "analysis_sco_refs"]),
    NotBefore("analysis_started", "analysis_ended"),
];

const NOTE: &[Property] = &[
    may("abstract", Text),
    must("content", Text),
    may("authors", TEXTS),
    must("object_refs", ANY_REFS),
];

const OBSERVED_DATA: &[Property] = &[
    must("first_observed", Time),
    must("last_observed", Time),
    must("number_observed", Integer(1, 999_999_999)),
    may("objects", Objects),
    may("object_refs", List(&Ref(Targets::Of(&[Class::Observable, Class::Relationship])))),
];

const OBSERVED: &[Constraint] = &[
    AtLeastOne(&["objects", "object_refs"]),
    Exclusive(&["objects", "object_refs"]),
    NotBefore("first_observed", "last_observed"),
];

const OPINION: &[Property] = &[
    may("explanation", Text),
    may("authors", TEXTS),
    must("opinion", Enum(words::OPINION)),
    must("object_refs", ANY_REFS),
];

const REPORT: &[Property] = &[
    NAME,
    DESCRIPTION,
    may("report_types", List(&Open(words::REPORT_TYPE))),
    must("published", Time),
    must("object_refs", ANY_REFS),
];

const THREAT_ACTOR: &[Property] = &[
    NAME,
    DESCRIPTION,
    may("threat_actor_types", List(&Open(words::THREAT_ACTOR_TYPE))),
    ALIASES,
    FIRST_SEEN,
    LAST_SEEN,
    may("roles", List(&Open(words::THREAT_ACTOR_ROLE))),
    may("goals", TEXTS),
    may("sophistication", Open(words::THREAT_ACTOR_SOPHISTICATION)),
    may("resource_level", Open(words::ATTACK_RESOURCE_LEVEL)),
    may("primary_motivation", Open(words::ATTACK_MOTIVATION)),
    may("secondary_motivations", List(&Open(words::ATTACK_MOTIVATION))),
    may("personal_motivations", List(&Open(words::ATTACK_MOTIVATION))),
];

const TOOL: &[Property] = &[
    NAME,
    DESCRIPTION,
    may("tool_types", List(&Open(words::TOOL_TYPE))),
    ALIASES,
    KILL_CHAIN,
    may("tool_version", Text),
];
