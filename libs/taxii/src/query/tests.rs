use super::*;
use crate::{manifest, object, objects, versions};
use proptest::prelude::*;

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(&objects::GET, text)
}

#[test]
fn commas_are_alternatives() {
    let query = parse(
        "match%5Btype%5D=indicator,malware&match[version]=first,2026-01-31T08:00:00Z&limit=10&x=1",
    )
    .unwrap();
    assert_eq!(query.types, ["indicator", "malware"]);
    assert_eq!(query.versions.len(), 2);
    assert_eq!(query.limit, Some(10));
    assert_eq!(parse(""), Ok(Query::default()));
}

#[test]
fn a_filter_is_given_once() {
    let twice = parse("match[type]=a&match%5btype%5d=b").unwrap_err();
    assert_eq!(twice, QueryError::Twice("match[type]"));
    assert_eq!(parse("limit=1&limit=1").unwrap_err(), QueryError::Twice("limit"));
}

#[test]
fn what_would_answer_more_than_was_asked_is_refused() {
    assert!(matches!(parse("match[name]=x"), Err(QueryError::Unknown(_))));
    assert!(matches!(parse("match=x"), Err(QueryError::Unknown(_))));
    let here = Query::parse(&versions::GET, "match[version]=all").unwrap_err();
    assert_eq!(here, QueryError::NotHere("match[version]"));
    let there = Query::parse(&object::DELETE, "limit=1").unwrap_err();
    assert_eq!(there, QueryError::NotHere("limit"));
    assert!(Query::parse(&manifest::GET, "match[version]=all").is_ok());
}

#[test]
fn bounded() {
    assert_eq!(parse(&"a".repeat(LONGEST + 1)).unwrap_err(), QueryError::TooLong);
    assert_eq!(parse(&"&".repeat(MOST_PARAMETERS)).unwrap_err(), QueryError::TooLong);
    let many = format!("match[type]={}", vec!["a"; MOST_VALUES + 1].join(","));
    assert_eq!(parse(&many).unwrap_err(), QueryError::TooMany("match[type]"));
}

#[test]
fn a_limit_beyond_the_largest_is_the_largest() {
    assert_eq!(parse("limit=99999999999999").unwrap().limit, Some(u32::MAX));
    assert!(parse("limit=0").is_err());
    assert!(parse("limit=-1").is_err());
    assert!(parse("limit=%2B1").is_err());
}

#[test]
fn the_selection_does_not_depend_on_the_page() {
    let first = parse("limit=10&match[type]=indicator").unwrap();
    let second = parse("match[type]=indicator&next=abc&limit=20").unwrap();
    assert_eq!(first.selection(), second.selection());
    assert_ne!(first.selection(), parse("match[type]=malware").unwrap().selection());
}

fn any_query() -> impl Strategy<Value = Query> {
    let version = prop_oneof![
        Just(VersionMatch::Last),
        Just(VersionMatch::First),
        any::<i64>().prop_map(|micros| VersionMatch::At(Timestamp::from_micros(micros))),
    ];
    (
        proptest::option::of(any::<i64>().prop_map(Timestamp::from_micros)),
        proptest::option::of(1..=u32::MAX),
        proptest::option::of("[a-z0-9+/=&%]{1,40}"),
        proptest::collection::vec("[a-z]{1,8}--[0-9a-f&=%+]{1,9}", 0..4),
        proptest::collection::vec("[a-z0-9-]{1,9}", 0..4),
        proptest::collection::vec(version, 0..3),
        proptest::collection::vec("2\\.[01]", 0..3),
    )
        .prop_map(|(added_after, limit, next, ids, types, versions, spec_versions)| Query {
            added_after,
            limit,
            next,
            ids,
            types,
            versions,
            spec_versions,
        })
}

proptest! {
    #[test]
    fn written_and_read_again(query in any_query()) {
        prop_assert_eq!(parse(&query.to_string()), Ok(query));
    }

    #[test]
    fn no_text_panics(text in "(match(\\[|%5B)(id|type|version|x)\\]|limit|next|added_after|.{0,4})=?.{0,30}(&.{0,9})*") {
        let _ = parse(&text);
    }
}
