//! What is in each feed, byte for byte, and what never is.

use std::fs;

use vedetta_diffusion::feed::{
    Doubtful, Family, FeedEntry, Format, Head, LeftOut, Rendered, render,
};
use vedetta_model::{Instant, Pap, Tlp};

use crate::world::{NOW, PRODUCER, STRANGER, assess, clear, head, indicator};

/// One of everything that matters.
pub(crate) fn sample() -> Vec<FeedEntry> {
    let md5 = "d4".repeat(16);
    let patterns = [
        (
            "[domain-name:value = 'Cattivo.example'] OR [ipv4-addr:value = '198.51.100.7']",
            Pap::Clear,
        ),
        ("[domain-name:value = 'cattivo.example']", Pap::Green),
        ("[ipv4-addr:value = '198.51.100.0/24'] OR [ipv6-addr:value = '2001:db8::7']", Pap::Green),
        ("[url:value = 'http://cattivo.example:8080/a;b?c=\"d\"']", Pap::Green),
        ("[url:value = 'https://cattivo.example/']", Pap::Amber),
        ("[domain-name:value = 'www.noto.example'] OR [domain-name:value = 'it']", Pap::Green),
        ("[domain-name:value = 'silenzioso.example']", Pap::Red),
        ("[domain-name:value = 'sorvegliato.example']", Pap::Amber),
        ("[email-addr:value = 'Truffa@cattivo.example']", Pap::Green),
        ("[mutex:name = '=cmd()']", Pap::Green),
    ];
    let mut entries: Vec<_> = (1..)
        .zip(patterns)
        .map(|(number, (pattern, pap))| indicator(number, pattern, "Campagna \"Esca\"; a", pap))
        .collect();
    entries.push(indicator(20, &format!("[file:hashes.MD5 = '{md5}']"), "-1+1", Pap::Green));
    let victim = serde_json::json!({
        "type": "ipv4-addr", "id": "ipv4-addr--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "value": "203.0.113.9",
    });
    entries.push(assess(21, &victim, Pap::Clear));
    entries
}

fn rendered(format: Format, head: &Head) -> Rendered {
    let cleared: Vec<_> = sample().into_iter().map(|entry| clear(Tlp::Green, entry)).collect();
    render(format, &cleared, &PRODUCER, head)
}

fn text(rendered: &Rendered) -> &str {
    std::str::from_utf8(&rendered.body).unwrap()
}

/// After a change that is meant, run once with `VEDETTA_WRITE_GOLDEN=1` and read the difference.
#[test]
fn every_feed_is_as_it_was() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden");
    for format in Format::ALL {
        let path = format!("{folder}/{}", format.file_name());
        let rendered = rendered(format, &head());
        if std::env::var_os("VEDETTA_WRITE_GOLDEN").is_some() {
            fs::write(&path, &rendered.body).unwrap();
        }
        let golden = fs::read(&path).unwrap_or_default();
        assert_eq!(text(&rendered), String::from_utf8_lossy(&golden), "{path}");
        assert_eq!(Format::of_file(format.file_name()), Some(format));
    }
}

#[test]
fn a_feed_is_a_delivery_of_what_it_carries() {
    for format in Format::ALL {
        let whole = rendered(format, &head());
        for entry in sample() {
            let place = entry.place;
            let alone = render(format, &[clear(Tlp::Green, entry)], &PRODUCER, &head());
            assert_eq!(whole.places.contains(place), alone.carried > 0, "{format:?} {place}");
        }
        assert!(!whole.places.is_empty(), "{format:?}");
    }
}

#[test]
fn what_is_not_cleared_is_not_there() {
    let cleared: Vec<_> = sample().into_iter().map(|entry| clear(Tlp::Green, entry)).collect();
    for format in Format::ALL {
        let stranger = render(format, &cleared, &STRANGER, &head());
        let nothing = render(format, &[], &STRANGER, &head());
        assert_eq!((stranger.carried, stranger.left_out), (0, LeftOut::default()));
        assert!(stranger.places.is_empty());
        assert_eq!(stranger.body, nothing.body, "not even by its traces");
    }
}

#[test]
fn no_machine_fetches_red() {
    let mut red = indicator(1, "[domain-name:value = 'rosso.example']", "", Pap::Clear);
    red.tlp = Tlp::Red;
    let cleared = [clear(Tlp::Red, red)];
    for format in Format::ALL {
        let rendered = render(format, &cleared, &PRODUCER, &head());
        assert_eq!((rendered.carried, rendered.left_out.red), (0, 1));
        assert!(!text(&rendered).contains("rosso"));
    }
}

#[test]
fn actions_are_those_that_pap_permits() {
    let carries = |format, word: &str| text(&rendered(format, &head())).contains(word);
    for format in Format::ALL {
        let (amber, red) = match format {
            Format::Csv | Format::Stix => (true, true),
            Format::Suricata => (true, false),
            _ => (false, false),
        };
        assert_eq!(carries(format, "sorvegliato"), amber, "{format:?}");
        assert_eq!(carries(format, "silenzioso"), red, "{format:?}");
        assert_eq!(format.strictest_pap() == Pap::Red, red);
    }
}

#[test]
fn what_is_no_value_is_counted_and_what_has_no_name_is_called_by_its_value() {
    let entries = [
        indicator(1, "[ipv4-addr:value = '999.1.1.1']", "", Pap::Clear),
        indicator(2, "[domain-name:value = 'a.example']", "[omissis]", Pap::Clear),
    ];
    let entries = entries.map(|it| clear(Tlp::Green, it));
    let rendered = render(Format::Suricata, &entries, &PRODUCER, &head());
    assert_eq!(rendered.left_out.form, 1, "it protects nobody");
    let text = text(&rendered);
    assert!(text.contains("1 not expressible") && text.contains("domain a.example"), "{text}");
    assert!(!text.contains("omissis"), "{text}");
}

#[test]
fn nobody_blocks_the_victim() {
    for format in Format::ALL {
        let there = text(&rendered(format, &head())).contains("203.0.113.9");
        assert_eq!(there, matches!(format, Format::Csv | Format::Stix), "{format:?}");
    }
}

#[test]
fn false_positives_are_left_out_unless_asked_for() {
    let kept = Head { doubtful: Doubtful::Kept, ..head() };
    let domains = Format::Plain(Family::Domains);
    let without = rendered(domains, &head());
    assert!(!text(&without).contains("noto.example"));
    assert_eq!((without.left_out.listed, without.left_out.broad), (1, 1));
    assert!(
        text(&without)
            .contains("left out: 1 on warning lists, 1 too broad or withheld, 0 of members")
    );
    let with = rendered(domains, &kept);
    assert!(text(&with).contains("\nwww.noto.example\n") && !text(&with).contains("\nit\n"));
    let table = rendered(Format::Csv, &kept);
    assert!(text(&table).contains(",Known sites\r\n"));
    assert!(text(&table).contains("a public suffix"));
}

#[test]
fn nobody_has_others_block_what_a_member_owns() {
    let kept = Head { doubtful: Doubtful::Kept, ..head() };
    let theirs =
        "[domain-name:value = 'www.membro.example'] OR [url:value = 'http://membro.example/a']";
    let wide = "[ipv4-addr:value = '203.0.0.0/9']";
    for format in Format::ALL {
        let entries = [theirs, wide].into_iter().zip(1..);
        let entries = entries.map(|(it, n)| clear(Tlp::Green, indicator(n, it, "", Pap::Clear)));
        let rendered = render(format, &entries.collect::<Vec<_>>(), &PRODUCER, &kept);
        let informs = matches!(format, Format::Csv | Format::Stix);
        assert_eq!(text(&rendered).contains("membro"), informs, "{format:?}");
        assert_eq!(text(&rendered).contains("203.0.0.0"), informs, "{format:?}");
        if format == Format::Plain(Family::All) {
            assert_eq!((rendered.left_out.members, rendered.left_out.broad), (2, 1));
        }
        if format == Format::Csv {
            assert!(text(&rendered).contains("a member of the network owns it"));
        }
    }
}

#[test]
fn who_may_not_know_whose_it_is_reads_only_not_to_act_on_it() {
    let kept = Head { doubtful: Doubtful::Kept, ..head() };
    let theirs = "[domain-name:value = 'www.altrui.example']";
    for format in Format::ALL {
        let entry = clear(Tlp::Green, indicator(1, theirs, "", Pap::Clear));
        let rendered = render(format, &[entry], &PRODUCER, &kept);
        let informs = matches!(format, Format::Csv | Format::Stix);
        assert_eq!(text(&rendered).contains("altrui"), informs, "{format:?}");
        assert_eq!(rendered.left_out.members, 0, "{format:?}");
        assert!(!text(&rendered).contains("a member"), "{format:?}");
        if format == Format::Csv {
            assert!(text(&rendered).contains("no machine should act on it"));
        }
    }
}

#[test]
fn a_tag_stays_until_the_content_changes() {
    for format in Format::ALL {
        let cleared: Vec<_> = sample().into_iter().map(|entry| clear(Tlp::Green, entry)).collect();
        let backwards: Vec<_> = cleared.iter().rev().cloned().collect();
        let one = render(format, &cleared, &PRODUCER, &head());
        let other = render(format, &backwards, &PRODUCER, &head());
        assert_eq!((&one.etag, &one.body), (&other.etag, &other.body), "{format:?}");
        assert!(one.etag.len() == 66 && one.etag.starts_with('"') && one.etag.ends_with('"'));
        let fewer = render(format, &cleared[9..], &PRODUCER, &head());
        assert_ne!(one.etag, fewer.etag);
    }
}

#[test]
fn the_newest_version_counts_and_what_faded_dates_the_feed() {
    let mut old = indicator(1, "[domain-name:value = 'vecchio.example']", "", Pap::Clear);
    let new = indicator(1, "[domain-name:value = 'nuovo.example']", "", Pap::Clear);
    old.released = Instant::default();
    let cleared = [clear(Tlp::Green, old), clear(Tlp::Green, new)];
    let domains = Format::Plain(Family::Domains);
    let body = render(domains, &cleared, &PRODUCER, &head()).body;
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains("nuovo") && !body.contains("vecchio"));

    let faded = serde_json::json!({
        "type": "indicator", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "pattern": "[domain-name:value = 'spento.example']", "confidence": 80,
        "created": "2026-01-01T00:00:00.000Z", "valid_from": "2026-01-01T00:00:00Z",
    });
    let mut faded = assess(2, &faded, Pap::Clear);
    faded.released = Instant::default();
    let gone = render(domains, &[clear(Tlp::Green, faded)], &PRODUCER, &head());
    assert_eq!(gone.carried, 0);
    assert!(gone.changed <= NOW);
}
