//! The commands by which a node is administered, with the node stopped and running.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Running, answer, indicator, italy, refused, text, vedetta};

/// Files that the commands read.
fn files() -> TempDir {
    let folder = TempDir::new().unwrap();
    let assets =
        "id,organisation,kind,value\nperugia-rete,comune-054039,network,2001:db8:39::/48\n";
    let mut broken = indicator(2);
    broken.as_object_mut().unwrap().remove("pattern");
    for (name, text) in [
        ("assets.csv", assets.to_owned()),
        (
            "bad.csv",
            format!("{assets}casa,comune-054039,castle,x\n,comune-054039,domain,x.example\n"),
        ),
        ("lists/Resolvers/list.json", LIST.to_owned()),
        ("lists/broken.json", "{\"name\":".to_owned()),
        ("patto.toml", AGREEMENT.to_owned()),
        ("bundle.json", json!([indicator(1), broken]).to_string()),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

const LIST: &str = r#"{"name":"Resolvers","version":3,"description":"x","type":"cidr",
    "matching_attributes":["ip-dst"],"list":["192.0.2.53/32","not an address"]}"#;

const AGREEMENT: &str = r#"
id = "patto-acque"
title = "Patto per le reti idriche"
term = { from = "2026-02-01", until = "2029-01-31", renewal = "explicit" }
[[party]]
name = "centre"
organisations = ["cosc-umbria"]
gives = ["early-warning"]
receives = ["incident"]
[[party]]
name = "towns"
select = { kinds = ["municipality"], regions = ["Umbria"] }
gives = ["incident"]
receives = ["early-warning"]
[[raci]]
activity = "ransomware"
responsible = ["towns"]
accountable = ["centre"]
"#;

const HOLD: &str = "hold put hold-1 --authority Procura --through cnaipic --victim comune-055032 \
    --reason 12/2026 --from 2026-01-01T00:00:00Z";

/// What is asked one after the other, and how each ends.
const STORY: &[(&str, i32)] = &[
    ("directory import DIR/bad.csv --of assets --dry-run", 1),
    ("directory import DIR/bad.csv --of assets", 5),
    ("directory import DIR/bad.csv", 5),
    ("directory import DIR/assets.csv --dry-run --json", 0),
    ("directory export --of assets --csv", 0),
    ("directory import DIR/assets.csv --json", 0),
    ("directory export --of assets --csv", 0),
    ("directory export DIR/all.json --json", 0),
    ("directory import DIR/all.json --json", 0),
    ("account put anna.conti --name Anna --organisation cosc-umbria --role duty-officer --json", 0),
    ("account put anna.conti --role analyst --language it --json", 0),
    ("account put ugo --name Ugo", 2),
    ("account list --organisation cosc-umbria", 0),
    ("account close anna.conti", 0),
    ("account close nobody", 5),
    ("token issue nobody --purpose SIEM", 5),
    ("preview --category incident --tlp AMBER --producer comune-055032 --victim comune-055032", 0),
    ("preview --category incident --tlp AMBER --producer nobody", 5),
    ("preview DIR/bundle.json", 1),
    ("preview DIR/bundle.json --tlp AMBER", 2),
    ("directory export --of assets --csv --json", 2),
    (HOLD, 0),
    ("hold list --json", 0),
    ("webhook put siem http://10.1.2.3/in", 5),
    ("webhook remove siem", 5),
    ("webhook list --json", 0),
    ("dead-letter list --json", 0),
    ("dead-letter retry 7", 5),
    ("warning-list put DIR/lists", 1),
    ("warning-list put DIR/lists/broken.json", 5),
    ("warning-list list --json", 0),
    ("warning-list remove resolvers", 0),
    ("agreement put DIR/patto.toml", 0),
    ("agreement list --stage draft", 0),
    ("agreement show patto-acque", 0),
    ("agreement renew patto-acque --until 2030-01-31", 5),
    ("agreement renew pro-c2si-umbria --until 2040-01-31 --json", 0),
    ("agreement discard pro-c2si-umbria", 5),
    ("agreement discard patto-acque", 0),
];

fn words<'w>(line: &'w str, files: &'w str) -> Vec<String> {
    line.split_whitespace().map(|word| word.replace("DIR", files)).collect()
}

/// What each command says, without where its files are.
fn played(data: &Path) -> Vec<(String, String)> {
    let files = files();
    let folder = files.path().to_str().unwrap();
    let said = STORY.iter().map(|(line, code)| {
        let words = words(line, folder);
        let output = vedetta(data, &words.iter().map(String::as_str).collect::<Vec<_>>());
        let said = [text(&output.stdout), text(&output.stderr)]
            .map(|it| undated(&it.replace(folder, "DIR")));
        assert_eq!(output.status.code(), Some(*code), "{line}: {said:?}");
        said.into()
    });
    said.collect()
}

/// Without since when a draft is so: no two nodes write at the same moment.
fn undated(said: &str) -> String {
    let mut parts = said.split("since 20");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| match part.split_once(", by vedetta") {
        Some((moment, rest)) if moment.len() < 30 => all + "since MOMENT, by vedetta" + rest,
        _ => all + "since 20" + part,
    })
}

#[track_caller]
fn said<'s>(all: &'s [(String, String)], line: &str) -> &'s (String, String) {
    &all[STORY.iter().position(|(it, _)| *it == line).unwrap()]
}

#[test]
fn a_node_is_administered_alike_stopped_and_running() {
    let (stopped, served) = (italy(), italy());
    let alone = played(stopped.path());
    let _node = Running::start(served.path());
    for ((line, _), (alone, beside)) in STORY.iter().zip(alone.iter().zip(played(served.path()))) {
        assert_eq!(*alone, beside, "{line}");
    }

    let (out, _) = said(&alone, "directory import DIR/bad.csv --of assets --dry-run");
    assert!(out.contains("bad.csv: line 3: kind \"castle\":"), "{out}");
    assert!(out.contains("line 4: id"), "{out}");
    let (_, told) = said(&alone, "directory import DIR/bad.csv --of assets");
    assert!(told.starts_with("vedetta: DIR/bad.csv: ") && told.contains("line 4: id"), "{told}");
    let exports: Vec<_> =
        STORY.iter().zip(&alone).filter(|(it, _)| it.0.contains("--csv")).collect();
    assert!(!exports[0].1.0.contains("perugia-rete"), "a dry run changes nothing");
    assert!(exports[1].1.0.contains("perugia-rete,comune-054039,network"));
    let (again, _) = said(&alone, "directory import DIR/all.json --json");
    let again: Value = serde_json::from_str(again).unwrap();
    assert_eq!((&again["added"], &again["changed"]), (&json!(0), &json!(0)), "{again}");
    let (anna, _) = said(&alone, "account list --organisation cosc-umbria");
    assert!(anna.contains("anna.conti") && anna.contains("analyst"), "{anna}");
    let (preview, _) = said(
        &alone,
        "preview --category incident --tlp AMBER --producer comune-055032 --victim comune-055032",
    );
    assert!(preview.contains("without the victim, ") && preview.contains("PRO-C2SI"), "{preview}");
    let (preview, _) = said(&alone, "preview DIR/bundle.json");
    assert!(preview.starts_with("1 item, indicator TLP:AMBER"), "{preview}");
    assert!(preview.contains(" would have it in full, ") && preview.contains("would be refused: "));
    let (lists, _) = said(&alone, "warning-list put DIR/lists");
    assert!(
        lists.contains("resolvers") && lists.contains("left out \"not an address\""),
        "{lists}"
    );
    assert!(lists.contains("broken.json: ") && lists.contains("1 list put, 1 rejected"), "{lists}");
    let (shown, _) = said(&alone, "agreement show patto-acque");
    assert!(shown.contains("explicit renewal") && shown.contains("responsible towns"), "{shown}");
    assert!(shown.contains("  since MOMENT, by vedetta\n"), "a draft too: {shown}");
}

#[test]
fn what_is_secret_is_shown_once_and_opens_what_it_is_for() {
    let data = italy();
    let node = data.path();
    let ask = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
        let output = vedetta(node, &words);
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        answer(&output)
    };
    ask("account put siem --name SIEM --organisation comune-054039 --role machine");
    ask("account put anna --name Anna --organisation cnaipic --role duty-officer");
    assert_eq!(ask("account password anna")["password"].as_str().map(str::len), Some(20));
    let enrolled = ask("account enrol anna");
    assert!(enrolled["address"].as_str().unwrap().starts_with("otpauth://"), "{enrolled}");
    let issued = ask("token issue siem --purpose SIEM --days 30");
    let (token, id) = (issued["token"].as_str().unwrap(), issued["id"].as_str().unwrap());
    let listed = ask("token list --account siem");
    assert_eq!(listed["tokens"][0]["id"], json!(id));
    assert!(!listed.to_string().contains(token), "a secret is told once");
    ask(&format!("token revoke {id}"));
    assert_eq!(ask("token list --account siem"), json!({ "tokens": [] }));
    let put = "webhook put siem https://siem.example/in --organisation comune-054039";
    assert_eq!(ask(put)["secret"].as_str().map(str::len), Some(64));
    assert_eq!(ask(put).get("secret"), None);
    ask("webhook remove siem --organisation comune-054039");
    ask(HOLD);
    assert!(ask("hold end hold-1")["holds"][0]["until"].is_string());
}

#[test]
fn a_setting_of_the_node_holds_for_commands_too() {
    let data = italy();
    let settings = data.path().join("vedetta.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("webhook_networks = [\"10.1.0.0/16\"]\n{text}")).unwrap();
    let words = ["webhook", "put", "siem", "https://10.1.2.3/in"];
    assert_eq!(vedetta(data.path(), &words).status.code(), Some(0));
    refused(data.path(), &["webhook", "put", "other", "https://10.2.2.3/in"], 5, "invalid");
}

#[test]
fn agreements_that_end_soon_come_first_and_say_when() {
    let data = italy();
    let words = ["agreement", "list", "--ends-within", "36500", "--json"];
    let told = answer(&vedetta(data.path(), &words));
    let days: Vec<_> = told["items"].as_array().unwrap().iter().map(|it| &it["last_day"]).collect();
    let days: Vec<_> = days.into_iter().map(|it| it.as_str().unwrap()).collect();
    assert!(days.len() > 5 && days.is_sorted(), "{days:?}");
    let all = text(&vedetta(data.path(), &["agreement", "list"]).stdout);
    assert!(all.contains("goes on after") && all.contains("ends on"), "{all}");
}
