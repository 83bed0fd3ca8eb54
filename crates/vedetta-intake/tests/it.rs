//! What doors in make of real and hostile input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use proptest::prelude::*;
use vedetta_intake::indicator_csv::{Bringer, read};
use vedetta_intake::urlencoded::escaped;
use vedetta_intake::{Arrival, DoorIn, bulk, evtx, multipart, stix_bundle, urlencoded};
use vedetta_model::{Category, Instant, ItemId, OrganisationId, Pap, Tlp};

fn table(bytes: &[u8]) -> Arrival {
    let identity = OrganisationId::new("producer").unwrap().identity();
    let at = "2026-03-01T00:00:00Z".parse::<Instant>().unwrap();
    read(DoorIn::File, "table.csv", bytes, &Bringer { identity: &identity, at })
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    corpus_of("indicator_csv")
}

fn corpus_of(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_corpus_indicator_csv_is_read_or_refused_by_line() {
    let files = corpus();
    assert!(files.len() >= 10);
    for (name, bytes) in files {
        let arrival = table(&bytes);
        assert_eq!(
            name.starts_with("refused"),
            arrival.items.is_empty() && arrival.faults.len() == 1,
            "{name}"
        );
        for fault in &arrival.faults {
            assert!(fault.refused && fault.place.starts_with("line "), "{name}: {fault:?}");
        }
        for item in &arrival.items {
            assert!(
                stix::Object::parse(std::str::from_utf8(&item.body).unwrap()).is_ok(),
                "{name}"
            );
        }
    }
}

#[test]
fn the_corpus_stix_door_is_understood_or_refused_with_its_place() {
    let files = corpus_of("stix_door");
    assert!(files.len() >= 15);
    for (name, bytes) in files {
        let arrival = stix_bundle::read(DoorIn::Api, &name, &bytes, &stix_bundle::limits());
        assert_eq!(name.starts_with("ok-"), !arrival.items.is_empty(), "{name}: {arrival:?}");
        let refused: Vec<_> = arrival.faults.iter().filter(|fault| fault.refused).collect();
        assert_eq!(name.starts_with("bad-"), !refused.is_empty(), "{name}: {arrival:?}");
        for fault in refused {
            assert!(!fault.place.is_empty() && !fault.reason.is_empty(), "{name}: {fault:?}");
        }
    }
}

#[test]
fn the_corpus_bulk_file_is_the_same_in_whatever_pieces_it_is_read() {
    /// Gives so few octets at a time.
    struct Pieces<'a>(&'a [u8], usize);
    impl std::io::Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = into.len().min(self.1);
            self.0.read(&mut into[..length])
        }
    }
    let identity = OrganisationId::new("producer").unwrap().identity();
    let bringer = Bringer { identity: &identity, at: Instant::from_micros(0) };
    let files = corpus_of("bulk_file");
    assert!(files.len() >= 5);
    for (name, bytes) in files {
        let brought = |piece| -> Vec<Arrival> {
            let pieces = Pieces(&bytes, piece);
            match name.ends_with(".csv") {
                true => bulk::table(pieces, "t", &bringer).map(|it| it.0).collect(),
                false => bulk::bundle(pieces, "t").map(|it| it.0).collect(),
            }
        };
        let whole = brought(usize::MAX);
        let (items, _) = name.split_once('-').unwrap();
        let count = whole.iter().map(|it| it.items.len()).sum::<usize>();
        assert_eq!(count.to_string(), items, "{name}: {whole:?}");
        assert!(whole.iter().flat_map(|it| &it.faults).all(|it| !it.reason.is_empty()), "{name}");
        for piece in 1..8 {
            assert_eq!(format!("{:?}", brought(piece)), format!("{whole:?}"), "{name}, {piece}");
        }
    }
}

#[test]
fn the_corpora_of_forms_are_read_whole_or_refused() {
    let forms = corpus_of("form_multipart");
    assert!(forms.len() >= 4);
    for (name, bytes) in forms {
        let read = multipart::read(&bytes, "x");
        assert_eq!(name.starts_with("refused"), read.is_err(), "{name}: {read:?}");
    }
    let forms = corpus_of("form_urlencoded");
    assert!(forms.len() >= 2);
    for (name, bytes) in forms {
        let fields = urlencoded::read(&bytes).unwrap();
        let pair = |(name, value): &(String, String)| [name, value].map(|it| escaped(it)).join("=");
        let again: Vec<_> = fields.iter().map(pair).collect();
        assert_eq!(urlencoded::read(again.join("&").as_bytes()), Ok(fields), "{name}");
    }
}

#[test]
fn a_row_says_everything_that_it_can() {
    let rows = "type,value,tlp,pap,confidence\ndomain,Bad[.]Example,AMBER+STRICT,RED,70\n";
    let arrival = table(rows.as_bytes());
    let item = &arrival.items[0];
    assert_eq!((item.claim.tlp, item.claim.pap), (Some(Tlp::AmberStrict), Some(Pap::Red)));
    let text = std::str::from_utf8(&item.body).unwrap();
    assert!(text.contains("[domain-name:value = 'bad.example']"), "{text}");
    assert_eq!(item.id, table(rows.as_bytes()).items[0].id, "the same row is the same indicator");
}

#[test]
fn a_table_as_spreadsheets_write_it() {
    let plain = table(b"type,value,description\ndomain,bad.example,\"uno; due, tre\"\n");
    for parted in [
        "\u{feff}type;value;description\r\ndomain;bad.example;\"uno; due, tre\"\r\n",
        "\u{feff}\"type\"\t\"value\"\t\"description\"\ndomain\tbad.example\tuno; due, tre\n",
    ] {
        let arrival = table(parted.as_bytes());
        assert_eq!(arrival.faults, [], "{parted:?}");
        assert_eq!(arrival.items[0].id, plain.items[0].id, "the same row, however it is parted");
    }
}

#[test]
fn an_item_says_how_it_is_to_be_handled() {
    let text =
        r#"{"type":"note","spec_version":"2.1","id":"note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
      "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","content":"x",
      "object_refs":["identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0062"],
      "extensions":{"HANDLING":{"extension_type":"property-extension","category":"early-warning",
        "pap":"AMBER","named":["anna"],"only_under":["act"],
        "victim_refs":["identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0062"]}}}"#
            .replace("HANDLING", vedetta_model::item::HANDLING_EXTENSION);
    let arrival = stix_bundle::read(DoorIn::Api, "t", text.as_bytes(), &stix_bundle::limits());
    let claim = &arrival.items[0].claim;
    assert_eq!(claim.category, Category::EarlyWarning);
    assert_eq!(claim.pap, Some(Pap::Amber));
    assert_eq!((claim.named.len(), claim.only_under.len()), (1, 1));
    let victim = ItemId::new("identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0062").unwrap();
    assert_eq!(claim.victims, Some([victim].into()));
    let misspelt = text.replace("only_under", "only_udner");
    let refused = stix_bundle::read(DoorIn::Api, "t", misspelt.as_bytes(), &stix_bundle::limits());
    assert!(refused.items.is_empty(), "a limit that is not understood must not be passed over");
    assert_eq!(refused.faults.iter().filter(|fault| fault.refused).count(), 1);
}

#[test]
fn what_is_cut_short_is_refused_whole() {
    let whole = br#"[{"type":"identity","spec_version":"2.1","id":"identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0062",
      "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"x"}]"#;
    assert!(bulk::check_whole(&whole[..]).is_ok());
    let cut = &whole[..whole.len() - 1];
    assert!(bulk::check_whole(cut).is_err());
    let arrival = stix_bundle::read(DoorIn::Api, "t", cut, &stix_bundle::limits());
    assert!(arrival.items.is_empty() && arrival.faults.len() == 1);
}

#[test]
fn a_table_says_how_many_of_its_bytes_were_read() {
    let text = format!("type,value\n{}", "ipv4,203.0.113.9\n".repeat(1_500));
    let identity = ItemId::new("identity--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061").unwrap();
    let bringer = Bringer { identity: &identity, at: Instant::from_micros(0) };
    let read: Vec<u64> =
        bulk::table(text.as_bytes(), "t", &bringer).map(|(_, bytes)| bytes).collect();
    assert_eq!(read, ["type,value\n".len() as u64 + 17_000, text.len() as u64]);
}

#[test]
fn in_a_long_file_a_marking_may_be_defined_after_its_use() {
    let marking = "marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd00aa";
    let note = |n: u32, refs: &str| {
        format!(
            r#"{{"type":"identity","spec_version":"2.1","id":"identity--0c7b5b88-8ff7-4a4d-aa9d-{n:012x}",
              "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"x"{refs}}}"#
        )
    };
    let marked = format!(r#","object_marking_refs":["{marking}"]"#);
    let mut objects = vec![note(0, &marked)];
    objects.extend((1..1500).map(|n| note(n, "")));
    objects.push(format!(
        r#"{{"type":"marking-definition","spec_version":"2.1","id":"{marking}","created":"2026-01-01T00:00:00.000Z",
          "definition_type":"statement","definition":{{"statement":"Ask."}}}}"#
    ));
    let text = format!("[{}]", objects.join(","));
    let arrivals: Vec<Arrival> = bulk::bundle(text.as_bytes(), "t").map(|(it, _)| it).collect();
    let order: Vec<&ItemId> = arrivals.iter().flat_map(|it| &it.items).map(|it| &it.id).collect();
    assert_eq!(order.len(), 1501);
    assert_eq!(order[1499].as_str(), marking);
    assert!(order[1500].as_str().ends_with("-000000000000"), "it waited for what it means");
}

proptest! {
    #[test]
    fn no_bytes_break_a_table(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _arrival = table(&[b"type,value\n", bytes.as_slice()].concat());
        let _arrival = table(&bytes);
    }
}

#[test]
fn an_indicator_that_nobody_could_match_is_refused() {
    let text = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
      "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",
      "pattern":"[domain-name:value = ]","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}"#;
    let limits = stix_bundle::limits();
    let arrival = stix_bundle::read(DoorIn::Api, "t", text.as_bytes(), &limits);
    assert!(arrival.items.is_empty());
    assert_eq!(arrival.faults[0].rule, "bad-pattern");
    assert_eq!(arrival.faults[0].place, "objects[0].pattern");
    let snort = text.replace("\"stix\"", "\"snort\"");
    let other = stix_bundle::read(DoorIn::Api, "t", snort.as_bytes(), &limits);
    assert_eq!(other.items.len(), 1, "other languages are not ours to judge");
}

#[test]
fn a_rule_that_cannot_be_used_is_refused_with_its_line() {
    let object = |n: u32, rule: &str| {
        serde_json::json!({
            "type": "indicator", "spec_version": "2.1",
            "id": format!("indicator--00000000-0000-4000-8000-{n:012x}"),
            "created": "2026-03-01T00:00:00.000Z", "modified": "2026-03-01T00:00:00.000Z",
            "pattern": rule, "pattern_type": "sigma", "pattern_version": "2.1.0",
            "valid_from": "2026-03-01T00:00:00Z",
        })
    };
    let rule =
        "title: T\nlogsource:\n  product: windows\ndetection:\n  s:\n    A: b\n  condition: s\n";
    let good = object(1, rule);
    let bad = object(2, &rule.replace("A: b", "A|re: '(?<!x)y'"));
    let everything = object(3, &rule.replace("condition: s", "condition: not s"));
    let bundle = serde_json::json!([good, bad, everything]).to_string();
    let arrival =
        stix_bundle::read(DoorIn::Api, "rules", bundle.as_bytes(), &stix_bundle::limits());
    assert_eq!(arrival.items.len(), 1);
    let refused: Vec<_> = arrival.faults.iter().filter(|it| it.refused).collect();
    let [first, second] = refused[..] else { panic!("{refused:?}") };
    assert!(first.reason.contains("line 6") && first.rule == "bad-pattern", "{first:?}");
    assert!(second.reason.contains("nothing in it"), "{second:?}");
}

/// An event log of one chunk.
fn event_log(chunk: &[u8]) -> Vec<u8> {
    const HEAD: usize = 4_096;
    const CHUNK: usize = 65_536;
    let mut log = vec![0; HEAD + CHUNK];
    log[..8].copy_from_slice(evtx::MAGIC);
    // The sizes of the header and of its block, the version, and that there is no checksum.
    log[32..44].copy_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 16, 1, 0]);
    log[120] = 4;
    log[HEAD..HEAD + chunk.len()].copy_from_slice(chunk);
    log
}

fn records(log: Vec<u8>) -> Result<(Vec<evtx::Record>, usize), evtx::Damage> {
    let (mut records, mut damaged) = (Vec::new(), 0);
    evtx::each(std::io::Cursor::new(log), &mut |record| {
        match record {
            Ok(record) => records.push(record),
            Err(_) => damaged += 1,
        }
        Ok::<_, evtx::Damage>(())
    })?;
    Ok((records, damaged))
}

const CHUNK: &[u8] = include_bytes!("corpus/evtx/three-records");

#[test]
fn the_corpus_evtx_is_read_or_told_as_damaged() {
    let chunks = corpus_of("evtx");
    assert!(chunks.len() >= 2);
    for (name, chunk) in chunks {
        let (records, damaged) = records(event_log(&chunk)).unwrap();
        assert_eq!(records.len() + damaged > 0, !chunk.is_empty(), "{name}");
        assert!(records.iter().all(|it| !it.json.contains('\n')), "{name}");
    }
}

#[test]
fn an_event_log_is_read_record_by_record() {
    let (records, damaged) = records(event_log(CHUNK)).unwrap();
    assert_eq!(
        (records.iter().map(|it| it.number).collect::<Vec<_>>(), damaged),
        (vec![41, 42, 43], 0)
    );
    let event: serde_json::Value = serde_json::from_str(&records[2].json).unwrap();
    let (system, data) = (&event["Event"]["System"], &event["Event"]["EventData"]);
    assert_eq!((&system["EventID"], &system["Channel"]), (&4688.into(), &"Security".into()));
    assert_eq!(data["CommandLine"], "curl.exe http://bad.example.org/è");
    assert!(!records[2].json.contains('\n'));
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_read() {
    assert!(records(b"ElfFile\0 and no more".to_vec()).is_err());
    assert!(records(vec![b'{'; 8_192]).is_err());
    let mut log = event_log(CHUNK);
    // A second chunk whose head is another's.
    log.extend(vec![b'x'; 65_536]);
    let (all, damaged) = records(log).unwrap();
    assert_eq!((all.len(), damaged), (3, 1));
}

proptest! {
    #[test]
    fn no_octet_of_an_event_log_is_trusted(
        changes in prop::collection::vec((0..CHUNK.len(), any::<u8>()), 1..6),
    ) {
        let mut chunk = CHUNK.to_vec();
        changes.iter().for_each(|(at, octet)| chunk[*at] = *octet);
        let (records, damaged) = records(event_log(&chunk)).unwrap();
        prop_assert!(records.len() + damaged <= 64, "bounded");
        for record in records {
            prop_assert!(record.json.len() <= 4 << 20, "bounded");
        }
    }
}

#[test]
fn a_pattern_that_the_check_faults_is_refused_at_every_door_and_what_feeds_hold_is_not() {
    let at = |door, pattern: &str| {
        let object = serde_json::json!({
            "type": "indicator", "spec_version": "2.1", "pattern_type": "stix", "pattern": pattern,
            "id": "indicator--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "valid_from": "2026-01-01T00:00:00Z",
        });
        stix_bundle::read(door, "t", object.to_string().as_bytes(), &stix_bundle::limits())
    };
    for (pattern, place) in [
        ("[file:hashes.'SHA-256' = 'abc']", "line 1, column 2"),
        ("[a:b = 1]\n REPEATS 0 TIMES", "line 2, column 2"),
        ("[x:k MATCHES '(']", "line 1, column 2"),
    ] {
        for door in [DoorIn::Api, DoorIn::Taxii, DoorIn::File, DoorIn::Mail] {
            let refused = at(door, pattern);
            assert!(refused.items.is_empty(), "{pattern}");
            let fault = &refused.faults[0];
            assert!(fault.place.ends_with(".pattern"), "{fault:?}");
            assert!(fault.reason.starts_with(place), "{fault:?}");
        }
    }
    for pattern in [
        "[file:hashes.'SHA-256' = 'A3F5C1D2E4B60718293A4B5C6D7E8F90112233445566778899AABBCCDDEEFF00']",
        "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e' OR file:name = 'a.exe']",
        "[url:value MATCHES '^(?!https).*a[.]example']",
        "[ipv4-addr:value = '999.1.1.1']",
        "[domain-name:value = 'a.example'] AND [ipv4-addr:value ISSUBSET '203.0.113.0/24']",
    ] {
        assert_eq!(at(DoorIn::Taxii, pattern).items.len(), 1, "{pattern}");
    }
}

#[test]
fn nothing_that_is_written_here_refers_to_a_marking() {
    use vedetta_intake::written::Written;
    let town = vedetta_model::OrganisationId::new("perugia").unwrap();
    for victims in [vec![], vec![town.clone()]] {
        let id = ItemId::new("report--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061").unwrap();
        let handling = vedetta_model::Handling {
            producer: vedetta_model::OrganisationId::new("cnaipic").unwrap(),
            category: Category::EarlyWarning,
            tlp: Tlp::Green,
            pap: Pap::Green,
            victims: victims.into_iter().collect(),
            named: [].into(),
            only_under: [].into(),
            exercise: None,
            via: [].into(),
        };
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let written =
            Written { id: &id, at, title: "t", text: "", pattern: None, handling: &handling };
        let object = written.object();
        let refs = object["object_refs"].as_array().unwrap();
        assert!(!refs.is_empty());
        for it in refs {
            assert!(!it.as_str().unwrap().starts_with("marking-definition--"), "{object}");
        }
        let text = object.to_string();
        let read = stix_bundle::read(DoorIn::Api, "t", text.as_bytes(), &stix_bundle::limits());
        assert_eq!((read.items.len(), read.faults.as_slice()), (1, &[][..]), "{text}");
        assert_eq!(read.items[0].claim.tlp, Some(Tlp::Green));
    }
}
