use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { depth: 64, string: 1 << 20 };

fn fault(text: &str) -> Option<(usize, What)> {
    Node::parse(text, BOUNDS).err().map(|fault| (fault.at, fault.what))
}

#[test]
fn every_kind_of_value() {
    let text = r#" {"a":[1,-0.5e3,"\u00e9\ud83d\ude00\n",true,false,null],"a":{}} "#;
    let node = Node::parse(text, BOUNDS).unwrap();
    assert_eq!(node.at, 1);
    let members = node.members().unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[1].at, text.rfind(r#""a""#).unwrap());
    let items = members[0].node.items().unwrap();
    assert_eq!(items[2].text(), Some("é😀\n"));
    assert!(matches!(items[1].value, Value::Number("-0.5e3")));
}

#[test]
fn faults_name_the_place() {
    let cases = [
        ("", 0, What::End),
        ("{", 1, What::End),
        ("[1,", 3, What::End),
        ("\"abc", 4, What::End),
        ("tru", 0, What::End),
        ("trux", 0, What::Expected("true, false or null")),
        ("[1 2]", 3, What::Expected("a comma or ]")),
        ("{\"a\" 1}", 5, What::Expected("a colon")),
        ("{a:1}", 1, What::Expected("a property's name in double quotes")),
        ("{\"a\":1,}", 7, What::Expected("a property's name in double quotes")),
        ("[01]", 2, What::Expected("a number without leading zeros")),
        ("[1.]", 3, What::Expected("a digit")),
        ("[1e999]", 1, What::Expected("a number that fits a double")),
        ("\"\\x\"", 2, What::Expected("an escape sequence of JSON")),
        ("\"\\ud800\"", 2, What::Expected("both halves of a surrogate pair")),
        ("\"\u{1}\"", 1, What::Expected("no control characters in a string")),
        ("1 1", 2, What::Trailing),
    ];
    for (text, at, what) in cases {
        assert_eq!(fault(text), Some((at, what)), "{text}");
    }
}

#[test]
fn bounds_hold() {
    assert_eq!(fault(&"[".repeat(1 << 20)), Some((64, What::Depth(64))));
    assert!(Node::parse(&format!("{}{}", "[".repeat(64), "]".repeat(64)), BOUNDS).is_ok());
    let short = Bounds { depth: 500, string: 3 };
    assert!(Node::parse("\"abc\"", short).is_ok());
    assert_eq!(Node::parse("\"abcd\"", short).err().map(|f| f.what), Some(What::Length(3)));
    let deep = Node::parse(&"[".repeat(500), short).err().map(|f| f.what);
    assert_eq!(deep, Some(What::Depth(DEEPEST)));
}

proptest! {
    /// Whatever is accepted, `serde_json` accepts, and both mean the same.
    #[test]
    fn agrees_with_serde_json(text in r#"[\[\]{}:,"\\a0-9eE+.u\-tfn ]{0,24}"#) {
        let ours = Node::parse(&text, BOUNDS).map(|node| node.to_value());
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", text);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours, theirs);
        }
    }
}
