use super::*;

const ADDRESS: &str = r#"{"type":"ipv4-addr","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","value":"198.51.100.3"}"#;
const BUNDLE: &str = r#""type":"bundle","id":"bundle--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061""#;

fn reading(text: &str) -> Reading {
    read(text.as_bytes(), &Limits::default())
}

/// The only problem of an input, with its offset.
fn only(text: &str) -> (Rule, u64) {
    let reading = reading(text);
    assert!(reading.objects.is_empty() && reading.problems.len() == 1, "{text}: {reading:?}");
    (reading.problems[0].rule, reading.problems[0].place.unwrap().offset)
}

#[test]
fn every_container() {
    let texts = [
        ADDRESS.to_owned(),
        format!("\u{feff} \n{ADDRESS}\n"),
        format!("[{ADDRESS} ]"),
        format!("{{ {BUNDLE}, \"objects\" : [ {ADDRESS}]}}"),
        format!("{{\"objects\":[{ADDRESS}],{BUNDLE}}}"),
        format!("{{\"more\":false,\"objects\":[{ADDRESS}],\"next\":\"a\"}}"),
    ];
    for text in texts {
        let reading = reading(&text);
        assert!(reading.problems.is_empty(), "{text}: {:?}", reading.problems);
        assert_eq!((reading.seen, reading.refused), (1, 0), "{text}");
        assert_eq!(reading.objects[0].json(), ADDRESS);
    }
    for text in [format!("{{{BUNDLE}}}"), format!("{{{BUNDLE},\"objects\":[]}}"), "[]".into()] {
        let reading = reading(&text);
        assert!(reading.seen == 0 && reading.problems.is_empty(), "{text}: {reading:?}");
    }
}

#[test]
fn one_bad_object_does_not_spoil_the_others() {
    let deep = format!("{{\"type\":{}{}}}", "[".repeat(70), "]".repeat(70));
    let text = format!("{{{BUNDLE},\"objects\":[{ADDRESS},{{}},7,{deep},{ADDRESS}]}}");
    let reading = reading(&text);
    assert_eq!((reading.objects.len(), reading.seen, reading.refused), (2, 5, 3));
    let found: Vec<_> = reading.problems.iter().map(|p| (p.index, p.rule)).collect();
    assert_eq!(
        found,
        [(Some(1), Rule::MissingProperty), (Some(2), Rule::NotAnObject), (Some(3), Rule::TooDeep)]
    );
}

#[test]
fn what_is_not_json_gives_one_problem_with_its_place() {
    assert_eq!(only(""), (Rule::NotJson, 0));
    assert_eq!(only("  "), (Rule::NotJson, 2));
    assert_eq!(only("42"), (Rule::NotAContainer, 0));
    assert_eq!(only("\"bundle\""), (Rule::NotAContainer, 0));
    assert_eq!(only("nul"), (Rule::NotJson, 0));
    assert_eq!(only(&format!("{{{BUNDLE},\"objects\":{{}}}}")).0, Rule::NotAContainer);
    assert_eq!(only(&format!("{{{BUNDLE},\"\\u006fbjects\":[]}}")).0, Rule::NotAContainer);
    assert_eq!(only("["), (Rule::NotJson, 1));
    assert_eq!(only("{\"a\":"), (Rule::NotJson, 5));
    assert_eq!(only(&format!("[{ADDRESS}")), (Rule::NotJson, ADDRESS.len() as u64 + 1));
    assert_eq!(only(&format!("[{ADDRESS},]")), (Rule::NotJson, ADDRESS.len() as u64 + 2));
    assert_eq!(only(&format!("[{ADDRESS}]]")), (Rule::NotJson, ADDRESS.len() as u64 + 2));
    assert_eq!(only(&format!("[{ADDRESS}{ADDRESS}]")), (Rule::NotJson, ADDRESS.len() as u64 + 1));
    assert_eq!(only(&"[".repeat(1 << 20)).0, Rule::NotJson);
    assert_eq!(only(&"{\"a\":".repeat(1 << 20)).0, Rule::NotJson);
}

#[test]
fn places_are_lines_and_columns() {
    let text = format!("[\n  {ADDRESS},\n  {{\"type\": \"url\",\n   \"id\": 5}}]");
    let problems = reading(&text).problems;
    let places: Vec<_> =
        problems.iter().map(|p| (p.path.as_str(), p.place.map(|p| (p.line, p.column)))).collect();
    assert_eq!(places, [("[1].id", Some((4, 10))), ("[1].value", Some((3, 3)))]);
}

#[test]
fn a_second_list_of_objects_is_not_lost() {
    let text = format!("{{{BUNDLE},\"objects\":[{ADDRESS}],\"objects\":[{ADDRESS}]}}");
    assert_eq!(only(&text).0, Rule::DuplicateKey);
    let text = format!("{{\"type\":\"x-other\",\"objects\":[{ADDRESS}]}}");
    assert_eq!(only(&text), (Rule::NotAContainer, 8));
    let text = format!("{{\"objects\":[{ADDRESS}],\"type\":\"x-other\"}}");
    assert_eq!(only(&text), (Rule::NotAContainer, ADDRESS.len() as u64 + 21));
}

#[test]
fn a_bad_bundle_keeps_its_objects() {
    let reading = reading(&format!("{{\"type\":\"bundle\",\"id\":\"x\",\"objects\":[{ADDRESS}]}}"));
    assert_eq!(reading.objects.len(), 1);
    assert_eq!(reading.problems[0].rule, Rule::BadIdentifier);
    assert_eq!(reading.problems[0].severity, Severity::Warning);
}

#[test]
fn limits_hold() {
    let bundle = format!("[{ADDRESS},{ADDRESS}]");
    let with = |limits: Limits| {
        let reading = read(bundle.as_bytes(), &limits);
        (reading.objects.len(), reading.problems.first().map(|problem| problem.rule))
    };
    let most = Limits::default();
    assert_eq!(with(most), (2, None));
    assert_eq!(with(Limits { bytes: 100, ..most }), (0, Some(Rule::InputTooLarge)));
    assert_eq!(with(Limits { objects: 1, ..most }), (0, Some(Rule::TooManyObjects)));
    assert_eq!(with(Limits { object_bytes: 50, ..most }), (0, Some(Rule::ObjectTooLarge)));
    assert_eq!(with(Limits { string_bytes: 5, ..most }), (0, Some(Rule::StringTooLong)));
    assert_eq!(with(Limits { depth: 0, ..most }), (0, Some(Rule::TooDeep)));
}

/// A source that gives a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn chunks_make_no_difference() {
    let huge = format!("{{\"type\":\"x-huge\",\"x\":\"{}\"}}", "é\\\"".repeat(1000));
    let text = format!(
        "{{\"x\":[1,2],{BUNDLE},\"objects\":[{ADDRESS}, {huge},{ADDRESS},3.5 ],\"y\":{{}}}} "
    );
    let limits = Limits { object_bytes: 1000, ..Limits::default() };
    let whole = read(text.as_bytes(), &limits);
    assert_eq!((whole.objects.len(), whole.refused), (2, 2));
    for size in [1, 2, 3, 7, 64] {
        let entries: Vec<_> = BundleReader::new(Trickle(text.as_bytes(), size), limits).collect();
        let problems = entries.into_iter().flat_map(|entry| match entry {
            Entry::Accepted { warnings: problems, .. }
            | Entry::Refused { problems, .. }
            | Entry::Container(problems) => problems,
            Entry::Broken(problem) => vec![*problem],
        });
        assert_eq!(problems.collect::<Vec<_>>(), whole.problems, "{size}");
    }
}

/// A bundle without end.
struct Endless {
    element: Vec<u8>,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.element[self.at];
            self.at = (self.at + 1) % self.element.len();
        }
        Ok(buffer.len())
    }
}

#[test]
fn a_stream_keeps_no_more_than_one_object() {
    let source = Endless { element: format!("{ADDRESS},").into_bytes(), at: 0 };
    let mut reader = BundleReader::new(std::io::Cursor::new("[").chain(source), Limits::bulk());
    for _ in 0..20_000 {
        assert!(matches!(reader.next(), Some(Entry::Accepted { .. })));
        assert!(reader.window.held() < 256 << 10);
    }
    let source = Endless { element: b"x".to_vec(), at: 0 };
    let limits = Limits { bytes: 10 << 20, object_bytes: 1 << 20, ..Limits::default() };
    let mut reader = BundleReader::new(std::io::Cursor::new("[\"").chain(source), limits);
    let Some(Entry::Broken(problem)) = reader.next() else { panic!("an object without end") };
    assert_eq!(problem.rule, Rule::InputTooLarge);
    assert!(reader.window.held() < 4 << 20);
    assert!(reader.next().is_none());
}

#[test]
fn a_failing_source_is_named() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let Some(Entry::Broken(problem)) = BundleReader::new(Failing, Limits::bulk()).next() else {
        panic!("read from a failing source")
    };
    assert_eq!((problem.rule, problem.message.as_str()), (Rule::Unreadable, "the disk is gone"));
}
