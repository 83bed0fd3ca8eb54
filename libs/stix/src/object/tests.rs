use super::*;
use crate::problem::Rule;

const INDICATOR: &str = include_str!("../../tests/objects/indicator.json");
const ADDRESS: &str = include_str!("../../tests/objects/ipv4-addr.json");
const MARKING: &str = include_str!("../../tests/objects/marking-definition.json");

#[test]
fn what_is_asked_most_is_at_hand() {
    let (object, warnings) = Object::parse(INDICATOR).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(object.json(), INDICATOR, "not a byte changes");
    assert_eq!((object.object_type(), object.class()), ("indicator", Class::Domain));
    assert_eq!(object.created().unwrap().to_string(), "2026-02-03T09:15:00.000Z");
    assert_eq!(object.modified().unwrap().to_string(), "2026-02-04T10:20:30.123456Z");
    assert_eq!(object.valid_until().unwrap().to_string(), "2026-08-03T09:15:00.000Z");
    assert_eq!((object.revoked(), object.confidence()), (false, Some(75)));
    assert_eq!(object.created_by_ref().unwrap().object_type(), "identity");
    assert_eq!(object.labels(), ["prova".into()]);
    assert_eq!((object.marking_refs().len(), object.granular_marking_refs().len()), (1, 1));
    assert_eq!((object.tlp(), object.effective_tlp()), (Some(Tlp::Green), Some(Tlp::Amber)));
    assert_eq!(object.text("pattern_type").as_deref(), Some("stix"));
    assert_eq!(object.property("labels"), Some(serde_json::json!(["prova"])));
    assert_eq!(object.value()["x_note"], "tenere 1.50 così com'è");
    assert!(!object.compact_json().contains('\n'));
}

#[test]
fn the_version_of_what_is_never_modified() {
    let version = |json| Object::parse(json).unwrap().0.key().at.to_string();
    assert_eq!(version(INDICATOR), "2026-02-04T10:20:30.123456Z");
    assert_eq!(version(MARKING), "2026-02-03T09:15:00.000Z");
    assert_eq!(version(ADDRESS), "1970-01-01T00:00:00.000Z");
}

#[test]
fn a_text_that_is_no_object_says_where() {
    let problems = Object::parse("{\"type\":\n oops}").unwrap_err();
    assert_eq!(problems[0].rule, Rule::NotJson);
    assert_eq!(problems[0].place.map(|p| (p.offset, p.line, p.column)), Some((10, 2, 2)));
    assert!(Object::parse("[]").is_err() && Object::parse("{}").is_err());
    assert!(Object::restore("[]").is_none() && Object::restore("{\"id\":1}").is_none());
}
