use std::collections::BTreeSet;

use proptest::prelude::*;
use vedetta_model::account::{AccountState, Role};
use vedetta_model::asset::AssetValue;
use vedetta_model::contact::Channel;
use vedetta_model::organisation::{Criticality, OrganisationKind, Sector};
use vedetta_model::{
    Account, AccountId, Asset, AssetId, Contact, ContactId, Language, Organisation, OrganisationId,
    OrganisationNumber,
};

use super::*;
use crate::export::export;
use crate::relevance::Reading;
use crate::seed;

fn directory(records: Records) -> Directory {
    let mut next = 0;
    Directory::build(records, |_| {
        next += 1;
        OrganisationNumber(next)
    })
    .unwrap()
}

fn small() -> Directory {
    let text = "id,name,kind,parent\nanci,ANCI,association,\ncomune-a,Comune A,municipality,anci\n";
    let plan = plan(text.as_bytes(), Format::Csv, Noun::Organisations, &Directory::default());
    directory(plan.accept().unwrap().into_records())
}

/// The faults of a file, as people read them.
fn faults(noun: Noun, text: &[u8]) -> Vec<String> {
    let format =
        if text.starts_with(b"[") || text.starts_with(b"{") { Format::Json } else { Format::Csv };
    let plan = plan(text, format, noun, &small());
    let faults = plan.faults().first().iter().map(ToString::to_string).collect();
    assert_eq!(plan.faults().is_empty(), plan.accept().is_ok());
    faults
}

fn fault(noun: Noun, text: impl AsRef<[u8]>) -> String {
    let faults = faults(noun, text.as_ref());
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults.into_iter().next().unwrap_or_default()
}

fn of_organisation(row: &str) -> String {
    fault(Noun::Organisations, format!("id,name,kind,parent,region,client_of\n{row}\n"))
}

fn of_asset(kind: &str, value: &str) -> String {
    fault(Noun::Assets, format!("id,organisation,kind,value\nx,comune-a,{kind},{value}\n"))
}

fn of_contact(phone: &str, channel: &str) -> String {
    let text = "id,organisation,role,name,phone_24h,channels";
    fault(Noun::Contacts, format!("{text}\nc,comune-a,desk,Desk,{phone},{channel}\n"))
}

#[test]
fn what_is_wrong_with_an_organisation_is_said_with_its_place() {
    assert_eq!(
        of_organisation("x,X,municipalty,,,"),
        r#"line 2: kind "municipalty": unknown; write municipality"#
    );
    assert_eq!(
        of_organisation("x,X,region,,umbra,"),
        r#"line 2: region "umbra": unknown; write Umbria"#
    );
    assert_eq!(of_organisation("x,,region,,,"), r#"line 2: name "": empty; fill it in"#);
    assert_eq!(
        of_organisation("x,X,region,ancy,,"),
        r#"line 2: parent "ancy": not among the organisations; write anci, or import it first"#
    );
    assert_eq!(
        of_organisation("Comune di Forlì,X,region,,,"),
        "line 2: id \"Comune di Forlì\": not an identifier; use a-z, 0-9, '.', '_' and '-', as comune-di-forli"
    );
    assert_eq!(
        of_organisation("x,X,region,,"),
        "line 2: 5 cells, the header has 6; quote cells that hold the separator"
    );
    assert_eq!(
        of_organisation("anci,X,region,comune-a,,"),
        r#"line 2: parent "anci -> comune-a -> anci": goes in a circle; break the circle"#
    );
    assert_eq!(
        of_organisation("x,X,region,,,y\ny,Y,region,,,x"),
        r#"line 2: client_of "x -> y -> x": goes in a circle; break the circle"#
    );
    assert_eq!(
        of_organisation("x,X,region,,,\n\n\"x\",X,region,,,"),
        r#"line 4: id "x": there already in line 2; take one out, or give it another id"#
    );
}

#[test]
fn what_is_wrong_with_an_asset_is_said() {
    assert_eq!(
        of_asset("network", "192.0.2.7/24"),
        r#"line 2: value "192.0.2.7/24": bits after the prefix are set; the network is 192.0.2.0/24"#
    );
    let starts = |text: String, with: &str| assert!(text.contains(with), "{text}");
    starts(of_asset("domain", "a..example"), "not a domain name; write it as");
    starts(of_asset("domain", "tr.it"), "a public suffix, under which anyone may register; ");
    starts(of_asset("product", "cpe:2.3:a:b"), "2 attributes after cpe:2.3, must be 11; ");
    starts(of_asset("asn", "4294967296"), "not an autonomous system; ");
    starts(of_asset("asn", "0"), "not an autonomous system; ");
    starts(of_asset("netwrok", "192.0.2.0/24"), "unknown; write network");
    let stray = "id,organisation,kind,value\nx,nobody,asn,64496\n";
    starts(fault(Noun::Assets, stray), "not among the organisations; ");
}

#[test]
fn what_is_wrong_with_a_contact_is_said() {
    let starts = |text: String, with: &str| assert!(text.contains(with), "{text}");
    starts(of_contact("call me", ""), r#"phone_24h "call me": not a telephone number; "#);
    starts(of_contact("", "email:desk"), "not a mail address; ");
    starts(of_contact("", "emial:a@b.example"), "unknown; write email");
    starts(of_contact("", "web:example"), "a URL without a host that can be read; ");
    let own = "id,organisation,role,name,substitute\nc,comune-a,desk,Desk,c\n";
    starts(fault(Noun::Contacts, own), "its own substitute; ");
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let starts = |text: String, with: &str| assert!(text.starts_with(with), "{text}");
    let of = |text: &[u8]| fault(Noun::Accounts, text);
    starts(of(b""), "line 1: no header; begin with id,name,organisation,roles,language,state");
    starts(
        of(b"id;name;organisation;rolse\n"),
        "line 1: rolse \"\": accounts have no such column; write roles",
    );
    starts(of(b"id,name,organisation\n"), "line 1: roles \"\": the column is missing; ");
    starts(of(b"id,name,name\n"), "line 1: name \"\": the column is there twice; ");
    starts(of(b"\xff\xfei\0d\0"), "line 1: written in UTF-16; ");
    let latin = b"id,name,organisation,roles\n\nx,Citt\xe0,anci,liaison\n";
    starts(of(latin), "line 3: name \"Citt\u{fffd}\": byte 0xE0 is not UTF-8");
    starts(of(b"[\n{\"id\": \"Citt\xe0\"}]"), "line 2: byte 0xE0 is not UTF-8");
    starts(of(b"[\n{\"id\": tru}]"), "line 2: expected ident; correct the JSON near column 11");
    starts(of(b"{}"), "line 1: invalid type: map, expected a list of records; ");
    starts(of(b"[\n\n{\"name\": [1]}]"), "line 3: name \"[1]\": of another shape; ");
    starts(of(b"[{\"nmae\": 1}]"), "line 1: nmae \"\": accounts have no such column; write name");
    starts(fault(Noun::Everything, "id\nx\n"), "a CSV file holds one noun; ");
    let huge = format!("id,name,organisation,roles\nx,\"{}\n", "a,\n".repeat(100_000));
    starts(of(huge.as_bytes()), "line 2: 2 cells, the header has 4; ");
    let huge = format!("id,name,organisation,roles\nx,{},anci,liaison\n", "à".repeat(100_000));
    starts(of(huge.as_bytes()), "line 2: name \"àààà");
    starts(of(&vec![b','; LONGEST + 1]), "33554433 bytes, 33554432 at most; split the file");
}

#[test]
fn a_deep_or_endless_file_is_refused() {
    assert!(fault(Noun::Assets, "[".repeat(200_000)).contains("EOF while parsing"));
    let deep = format!("[{{\"id\":{}{}}}]", "[".repeat(200_000), "]".repeat(200_000));
    assert!(fault(Noun::Assets, deep).contains("recursion limit"));
    let many = format!("[{}1]", "1,".repeat(MOST_RECORDS));
    assert!(fault(Noun::Assets, many).contains("more than 1,000,000 records"));
    let faults = faults(Noun::Assets, "id,organisation,kind,value\n".repeat(5_000).as_bytes());
    assert_eq!(faults.len(), 1_000);
}

#[test]
fn what_spreadsheets_write_is_read() {
    let text = "\u{feff}ID; Name ;kind;region;aliases\r\n\r\ncomune-a; Comune di Forlì ;municipality;Emilia-Romagna;'=Forlì|a\\|b\r\n";
    let plan = plan(text.as_bytes(), Format::Csv, Noun::Organisations, &small());
    assert_eq!(plan.faults().first(), []);
    let [change] = plan.changes() else { panic!("{plan:?}") };
    assert_eq!((change.line, plan.tally().changed), (3, 1));
    let columns = vec!["name", "aliases", "parent", "region"];
    assert_eq!(change.what, ChangeKind::Changed(columns));
    let Record::Organisation(read) = &change.record else { panic!("{change:?}") };
    assert_eq!(read.name, "Comune di Forlì");
    assert_eq!(read.aliases, ["=Forlì", "a|b"]);
}

#[test]
fn no_cell_is_a_formula() {
    let mut records = crate::export::records(&small());
    records.organisations[0].name = "=HYPERLINK(\"http://example.org\")".into();
    records.organisations[1].name = "'+39".into();
    let directory = directory(records);
    let text =
        String::from_utf8(export(&directory, Format::Csv, Noun::Organisations).unwrap()).unwrap();
    assert!(text.contains("anci,\"'=HYPERLINK("), "{text}");
    assert!(text.contains("comune-a,''+39,"), "{text}");
    assert_eq!(
        plan(text.as_bytes(), Format::Csv, Noun::Organisations, &directory).tally().unchanged,
        2
    );
}

#[test]
fn the_italian_network_comes_back_unchanged() {
    let seed = seed::italy().unwrap();
    let directory = directory(seed.records());
    let all = export(&directory, Format::Json, Noun::Everything).unwrap();
    let fresh = plan(&all, Format::Json, Noun::Everything, &Directory::default());
    assert_eq!(fresh.faults().first(), []);
    assert_eq!(fresh.accept().unwrap().into_records(), crate::export::records(&directory));
    let read: Records = serde_json::from_slice(&all).unwrap();
    assert_eq!(read, crate::export::records(&directory));
    for noun in Noun::SINGLE {
        let bytes = export(&directory, Format::Csv, noun).unwrap();
        let tally = plan(&bytes, Format::Csv, noun, &directory).tally();
        assert_eq!((tally.added, tally.changed), (0, 0), "{noun:?}");
    }
}

fn assert_unchanged(directory: &Directory) {
    let count = |noun| match noun {
        Noun::Organisations => directory.members().len(),
        Noun::Assets => directory.assets().len(),
        Noun::Contacts => directory.contacts().len(),
        Noun::Accounts => directory.accounts().len(),
        Noun::Everything => Noun::SINGLE
            .into_iter()
            .map(|noun| match noun {
                Noun::Organisations => directory.members().len(),
                Noun::Assets => directory.assets().len(),
                Noun::Contacts => directory.contacts().len(),
                _ => directory.accounts().len(),
            })
            .sum(),
    };
    let files =
        Noun::SINGLE.into_iter().flat_map(|noun| [(Format::Csv, noun), (Format::Json, noun)]);
    for (format, noun) in files.chain([(Format::Json, Noun::Everything)]) {
        let bytes = export(directory, format, noun).unwrap();
        let plan = plan(&bytes, format, noun, directory);
        assert!(plan.faults().is_empty(), "{noun:?} {format:?}: {}", plan.faults());
        let expected = Tally { unchanged: count(noun), ..Tally::default() };
        assert_eq!(plan.tally(), expected, "{noun:?} {format:?}");
    }
}

/// A text without outer spaces and control characters, awkward for CSV.
fn a_text() -> impl Strategy<Value = String> {
    "[=+@'\"|\\\\a-zà;,#-]{1,3}( ?[ -~è€]{0,12}[!-~])?"
        .prop_map(|text: String| text.trim().to_owned())
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(a_text(), 0..3)
}

fn an_organisation(index: usize) -> impl Strategy<Value = Organisation> {
    let parts = (a_text(), texts(), any::<bool>(), any::<Option<u32>>(), 0_u8..3, any::<bool>());
    parts.prop_map(move |(name, aliases, child, population, what, client)| {
        let above = |wanted: bool| (wanted && index > 0).then(|| an_id(index - 1));
        Organisation {
            id: an_id(index),
            name,
            aliases,
            kind: if what == 0 { OrganisationKind::Operator } else { OrganisationKind::Region },
            parent: above(child),
            region: (what > 0).then(|| "Valle d'Aosta".into()),
            province: (what > 1).then(|| "AO".into()),
            population,
            sector: (what > 0).then_some(Sector::IctServiceManagement),
            criticality: if what == 1 { Criticality::National } else { Criticality::None },
            client_of: above(client).into_iter().collect(),
        }
    })
}

fn an_id(index: usize) -> OrganisationId {
    OrganisationId::new(&format!("o-{index}")).unwrap()
}

fn an_asset(index: usize) -> impl Strategy<Value = Asset> {
    let named = || a_text().prop_filter("a name", |text| text.contains(char::is_alphanumeric));
    let value = prop_oneof![
        Just(AssetValue::Domain("comune.example".into())),
        Just(AssetValue::Network("2001:db8::/33".into())),
        Just(AssetValue::Product("cpe:2.3:a:e:p\\|q:1:*:*:*:*:*:*:*".into())),
        (1_u32..9).prop_map(AssetValue::Asn),
        named().prop_map(AssetValue::Supplier),
        named().prop_map(AssetValue::Service),
    ];
    let value = value.prop_filter("an asset", |value| Reading::of(value).is_ok());
    (value, prop::option::of(a_text())).prop_map(move |(what, note)| Asset {
        id: AssetId::new(&format!("a-{index}")).unwrap(),
        organisation: an_id(0),
        what,
        note,
    })
}

fn a_contact(index: usize) -> impl Strategy<Value = Contact> {
    let channel = prop_oneof![
        Just(Channel::Email("a|b@comune.example".into())),
        Just(Channel::Pec("comune@pec.comune.example".into())),
        Just(Channel::Phone("+39 555 000001".into())),
        Just(Channel::Web("https://comune.example/a?b=|c\\".into())),
    ];
    let parts = (a_text(), a_text(), prop::collection::vec(channel, 0..3), texts(), any::<bool>());
    parts.prop_map(move |(role, name, channels, keys, more)| Contact {
        id: ContactId::new(&format!("c-{index}")).unwrap(),
        organisation: an_id(0),
        role,
        name,
        substitute: (more && index > 0).then(|| ContactId::new("c-0").unwrap()),
        phone_24h: more.then(|| "+39 (075) 555-0100".into()),
        channels,
        keys,
        account: more.then(|| AccountId::new("u-0").unwrap()),
        last_verified: more.then(|| "2026-02-28".parse().unwrap()),
    })
}

fn an_account() -> impl Strategy<Value = Account> {
    let roles = prop::collection::btree_set(prop::sample::select(&Role::ALL[..]), 1..4);
    (a_text(), roles, any::<bool>()).prop_map(|(name, roles, other): (_, BTreeSet<Role>, _)| {
        Account {
            id: AccountId::new("u-0").unwrap(),
            name,
            organisation: an_id(0),
            roles,
            language: if other { Language::En } else { Language::It },
            state: if other { AccountState::Closed } else { AccountState::Active },
        }
    })
}

fn some_records() -> impl Strategy<Value = Records> {
    let organisations: Vec<_> = (0..4).map(an_organisation).collect();
    let assets: Vec<_> = (0..3).map(an_asset).collect();
    let contacts: Vec<_> = (0..2).map(a_contact).collect();
    (organisations, assets, contacts, an_account()).prop_map(
        |(organisations, assets, contacts, account)| Records {
            organisations,
            assets,
            contacts,
            accounts: vec![account],
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_exported_comes_back_unchanged(records in some_records()) {
        assert_unchanged(&directory(records));
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        text in "(id|name|kind|organisation|value|[,;\n\"'|\\\\{}\\[\\]:a-z0-9=à.-]){0,200}",
    ) {
        let known = small();
        for noun in Noun::SINGLE.into_iter().chain([Noun::Everything]) {
            let header: Vec<&str> = noun.columns().iter().map(|column| column.name).collect();
            let headed = format!("{}\n{text}", header.join(","));
            for bytes in [&bytes[..], text.as_bytes(), headed.as_bytes()] {
                for format in [Format::Csv, Format::Json] {
                    let plan = plan(bytes, format, noun, &known);
                    let clean = plan.faults().is_empty();
                    prop_assert_eq!(clean, plan.accept().is_ok());
                }
            }
        }
    }
}
