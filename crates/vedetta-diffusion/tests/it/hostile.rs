//! Hostile values never become a line, an option or a record of their own.

use proptest::prelude::*;
use vedetta_diffusion::feed::{Doubtful, FeedEntry, FeedTerm, Format, Head, render};
use vedetta_indicator::{Nature, Term, kind};
use vedetta_model::{Instant, Pap, Tlp};

use crate::world::{PRODUCER, clear, head, id};

/// Text that means something to somebody.
fn nasty() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        "[a-z0-9.]{1,12}",
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\u{2028}",
            "\u{85}",
            "\0",
            ";",
            "\"",
            "'",
            "\\",
            "|",
            "#",
            "*",
            "$",
            "@",
            " ",
            "\t",
            "//",
            "http://",
            ".example",
            "}",
            "{",
            ")",
            "(",
            "sid:1;",
            "$ORIGIN",
            "IN A 192.0.2.1",
            "=cmd|' /C'!A0",
            "flush ruleset",
            "\u{202e}",
            "%0a",
            "é",
            ",",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(bits, 0..8).prop_map(|bits| bits.concat())
}

fn entry(number: u32, name: String, values: Vec<String>) -> FeedEntry {
    let read = |value: &String| {
        let kinds = kind::ALL.iter().filter_map(|(kind, _)| Term::new(*kind, value).ok());
        kinds.collect::<Vec<_>>()
    };
    let terms = values.iter().flat_map(read).map(|term| FeedTerm { term, doubt: None });
    let object = serde_json::json!({"id": id(number).as_str(), "name": name, "x": values});
    FeedEntry {
        place: number.into(),
        id: id(number),
        object: object.to_string().into_bytes().into(),
        name,
        tlp: Tlp::Amber,
        pap: Pap::Green,
        nature: Nature::Threat,
        terms: terms.collect(),
        unreadable: 0,
        standing: None,
        valid_from: None,
        valid_until: None,
        released: Instant::default(),
        changed: Instant::default(),
    }
}

/// A line's shape, without regard to its values.
fn is_sound(format: Format, line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let name = |text: &str| {
        text.split('.').all(|label| {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
            (1..=63).contains(&label.len()) && label.bytes().all(plain)
        })
    };
    match format {
        Format::Hosts => matches!(words[..], ["0.0.0.0", host] if name(host)),
        Format::Rpz => {
            line == "$TTL 300"
                || line.starts_with("@ IN ")
                || matches!(words[..], [owner, "IN", "CNAME", "."] if name(owner) && owner.len() < 190)
        }
        Format::Nftables => {
            let frame = ["table inet vedetta {", "}", "\ttype", "\tflags interval", "\tset"];
            let verbs = ["flush set inet vedetta blocked_", "add element inet vedetta blocked_"];
            let element = line.trim().strip_suffix(',').map(|it| it.split('/').next().unwrap());
            frame.iter().chain(&verbs).any(|it| line.starts_with(it) || line.trim() == it.trim())
                || line.trim().starts_with("type ipv")
                || line.trim() == "flags interval"
                || element.is_some_and(|it| it.parse::<std::net::IpAddr>().is_ok())
        }
        Format::Suricata => is_sound_rule(line),
        _ => true,
    }
}

/// One action, one pair of parentheses, and only the options that are ours, each once, but for
/// `content` and `bsize`.
fn is_sound_rule(line: &str) -> bool {
    let Some((head, rest)) = line.split_once(" (msg:\"") else { return false };
    let Some(options) = rest.strip_suffix(";)") else { return false };
    let Some((message, options)) = options.split_once("\"; ") else { return false };
    let value = |text: &str| !text.contains(['"', ';', '\\', '(', ')', '\'']);
    let known = [
        "content:\"",
        "bsize:",
        "nocase",
        "dns.query",
        "tls.sni",
        "http.host",
        "http.uri.raw",
        "flow:established,to_server",
        "sid:",
        "rev:1",
        "metadata:item ",
    ];
    let ours = |option: &str| {
        known.iter().any(|it| option.starts_with(it))
            && match option.strip_prefix("content:\"") {
                Some(content) => content.strip_suffix('"').is_some_and(value),
                None => value(option),
            }
    };
    head.starts_with("alert ")
        && value(message)
        && options.split("; ").all(ours)
        && options.matches("sid:").count() == 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_is_injected(
        name in nasty(),
        organisation in nasty(),
        values in proptest::collection::vec(nasty(), 0..6),
    ) {
        let cleared = [clear(Tlp::Green, entry(1, name.clone(), values))];
        let head = Head { organisation, node: name, doubtful: Doubtful::Kept, ..head() };
        for format in Format::ALL {
            let rendered = render(format, &cleared, &PRODUCER, &head);
            let body = std::str::from_utf8(&rendered.body).unwrap();
            let mark = if format == Format::Rpz { ';' } else { '#' };
            match format {
                Format::Stix => {
                    let bundle: serde_json::Value = serde_json::from_str(body).unwrap();
                    prop_assert_eq!(bundle["objects"].as_array().unwrap().len(), 1);
                }
                Format::Csv => {
                    let mut table = csv::Reader::from_reader(body.as_bytes());
                    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
                    prop_assert_eq!(rows.len(), rendered.carried);
                    prop_assert_eq!(body.matches('\n').count(), rows.len() + 1);
                    let cells = || rows.iter().flatten();
                    prop_assert!(!cells().any(|it| it.starts_with(['=', '+', '-', '@'])));
                }
                _ => {
                    let comments = body.lines().take_while(|line| line.starts_with(mark)).count();
                    prop_assert_eq!(comments, 3, "{}", body);
                    let rest: Vec<_> = body.lines().skip(3).collect();
                    let broken = body.contains(['\r', '\0', '\u{2028}', '\u{202e}', '\u{85}']);
                    prop_assert!(!broken);
                    prop_assert!(!rest.iter().any(|line| line.starts_with(mark)));
                    for line in &rest {
                        prop_assert!(is_sound(format, line), "{:?}: {}", format, line);
                    }
                    if matches!(format, Format::Plain(_) | Format::Hosts) {
                        prop_assert_eq!(rest.len(), rendered.carried);
                    }
                }
            }
        }
    }

    #[test]
    fn identifiers_of_rules_stay_and_differ(numbers in proptest::collection::btree_set(0u32..5_000, 1..60)) {
        let of = |numbers: &[u32]| {
            let values = numbers.iter().map(|number| format!("d{number}.example")).collect();
            let cleared = [clear(Tlp::Green, entry(1, String::new(), values))];
            let body = render(Format::Suricata, &cleared, &PRODUCER, &head()).body;
            let body = String::from_utf8(body.to_vec()).unwrap();
            let rules = body.lines().filter(|line| line.starts_with("alert dns") || line.starts_with("alert tls"));
            rules.map(|rule| {
                let (_, after) = rule.split_once("sid:").unwrap();
                (rule.to_owned(), after.split_once(';').unwrap().0.parse::<u32>().unwrap())
            }).collect::<Vec<_>>()
        };
        let numbers: Vec<u32> = numbers.into_iter().collect();
        let all = of(&numbers);
        let distinct: std::collections::BTreeSet<_> = all.iter().map(|(_, sid)| *sid).collect();
        prop_assert_eq!(distinct.len(), all.len());
        prop_assert!(distinct.iter().all(|sid| *sid >= 9_000_000 && i32::try_from(*sid).is_ok()));
        for (rule, _) in of(&numbers[..1]) {
            prop_assert!(all.iter().any(|(other, _)| *other == rule));
        }
    }
}
