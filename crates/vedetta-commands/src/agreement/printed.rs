//! Agreements in lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::table::{aligned, counted, each, word, words};

/// Every one and every adhesion, in a line or two.
pub(super) fn all(told: &Value) -> String {
    each(told, "items").map(line).collect()
}

/// Those that are no adhesions in a line each, with how many adhere.
pub(super) fn list(told: &Value) -> String {
    let (adhesions, agreements): (Vec<_>, Vec<_>) =
        each(told, "items").partition(|it| it["adhesion"].is_object());
    let mut under = BTreeMap::<String, Vec<&Value>>::new();
    for adhesion in &adhesions {
        under.entry(word(adhesion, "parent")).or_default().push(adhesion);
    }
    let (mut rows, mut reasons) = (Vec::new(), Vec::new());
    for it in &agreements {
        let id = word(it, "id");
        let adhering = under.remove(&id).unwrap_or_default();
        let stage = word(&it["stage"], "is").replace('-', " ");
        let since = since(&it["stage"]);
        rows.push(vec![id, stage, since, adhesions_of(&adhering), ends(it), word(it, "title")]);
        reasons.push(it["stage"]["reason"].as_str());
    }
    // To agreements that are not among those asked for.
    for (parent, adhering) in &under {
        let [stage, since] = [String::new(), String::new()];
        rows.push(vec![format!("adhesions: {parent}"), stage, since, adhesions_of(adhering)]);
    }
    let mut text = String::new();
    for (line, reason) in
        aligned(&rows).lines().zip(reasons.into_iter().chain(std::iter::repeat(None)))
    {
        let _ = writeln!(text, "{line}");
        if let Some(reason) = reason {
            let _ = writeln!(text, "  {reason}");
        }
    }
    if !adhesions.is_empty() {
        let agreements = counted(agreements.len(), "agreement", "agreements");
        let adhesions = counted(adhesions.len(), "adhesion", "adhesions");
        let _ = writeln!(text, "{agreements} and {adhesions}: --all lists each");
    }
    text
}

/// How many adhere, and how many of them not now.
fn adhesions_of(adhering: &[&Value]) -> String {
    if adhering.is_empty() {
        return String::new();
    }
    let mut said = vec![counted(adhering.len(), "adhesion", "adhesions")];
    for stage in ["draft", "suspended", "expired"] {
        let count = adhering.iter().filter(|it| it["stage"]["is"] == stage).count();
        if count > 0 {
            said.push(format!("{count} {stage}"));
        }
    }
    said.join(", ")
}

/// One, in a line or two.
pub(super) fn line(agreement: &Value) -> String {
    let (id, title) = (word(agreement, "id"), word(agreement, "title"));
    let stage = word(&agreement["stage"], "is").replace('-', " ");
    let mut text = format!("{id:<28} {stage:<10} {title}\n");
    let since = since(&agreement["stage"]);
    if !since.is_empty() {
        let _ = writeln!(text, "  {since}");
    }
    let ends = ends(agreement);
    if !ends.is_empty() {
        let unless = if ends.starts_with("goes on") { ", unless a party objects" } else { "" };
        let _ = writeln!(text, "  {ends}{unless}");
    }
    if let Some(reason) = agreement["stage"]["reason"].as_str() {
        let _ = writeln!(text, "  {reason}");
    }
    text
}

/// Since when it stands so, and by whom.
fn since(stage: &Value) -> String {
    let Some(since) = stage["since"].as_str() else { return String::new() };
    match stage["by"].as_str() {
        Some(by) => format!("since {since}, by {by}"),
        None => format!("since {since}, by itself"),
    }
}

/// When it stops to bind, or would.
fn ends(agreement: &Value) -> String {
    let Some(last) = agreement["last_day"].as_str() else { return String::new() };
    let tacit = agreement["term"]["renewal"] == "tacit";
    match (agreement["days_left"].as_i64(), tacit) {
        (None, _) => format!("until {last}"),
        (Some(left), _) if left < 0 => format!("ended on {last}"),
        (Some(left), true) => {
            format!("goes on after {last}, in {}", days(left))
        }
        (Some(left), false) => format!("ends on {last}, in {}", days(left)),
    }
}

fn days(count: i64) -> String {
    format!("{count} {}", if count == 1 { "day" } else { "days" })
}

/// Everything that an agreement says.
pub(super) fn whole(told: &Value) -> String {
    let agreement = &told["agreement"];
    let mut text = line(agreement);
    for (what, said) in facts(agreement) {
        if !said.is_empty() {
            let _ = writeln!(text, "  {what:<10} {said}");
        }
    }
    for party in each(agreement, "party") {
        text.push_str(&self::party(party, &told["contacts"]));
    }
    for line in each(agreement, "raci") {
        let letters = ["responsible", "accountable", "consulted", "informed"];
        let letters = letters.map(|it| (it, words(line, it)));
        let letters = letters.iter().filter(|(_, who)| !who.is_empty());
        let letters: Vec<_> = letters.map(|(letter, who)| format!("{letter} {who}")).collect();
        let _ = writeln!(text, "  {}: {}", word(line, "activity"), letters.join(", "));
    }
    text + &signatures(&told["signatures"])
}

fn facts(agreement: &Value) -> Vec<(&'static str, String)> {
    let adhesion = &agreement["adhesion"];
    let enters = match adhesion["organisation"].as_str() {
        Some(who) => format!("{who} enters {}", word(adhesion, "party")),
        None => String::new(),
    };
    let mut facts = vec![
        ("under", word(agreement, "parent")),
        ("after", word(agreement, "succeeds")),
        ("term", term(&agreement["term"])),
        ("adhesion", enters),
    ];
    // An adhesion has the handling and the duties of its parent.
    if adhesion.is_null() {
        facts.extend([("handling", handling(&agreement["handling"]))]);
        facts.extend([("policy", policy(&agreement["handling"]["iep"]))]);
        facts.extend([("duties", duties(&agreement["duties"]))]);
    }
    facts.push(("systems", words(agreement, "systems")));
    facts
}

fn term(term: &Value) -> String {
    let signed = term["signed"].as_str().map(|day| format!("signed {day}, "));
    let renewal = term["renewal"].as_str().unwrap_or("none");
    let renewal = if renewal == "none" { "no".to_owned() } else { renewal.to_owned() };
    let (from, until) = (word(term, "from"), word(term, "until"));
    format!("{}from {from} to {until}, {renewal} renewal", signed.unwrap_or_default())
}

fn handling(handling: &Value) -> String {
    let history = match &handling["history"] {
        Value::Object(days) => {
            format!("the last {} days", days.get("days").unwrap_or(&Value::Null))
        }
        Value::String(name) if name == "none" => "nothing of the past".into(),
        Value::String(name) => name.replace('-', " "),
        _ => return String::new(),
    };
    let (highest, unlabelled) = (word(handling, "highest_tlp"), word(handling, "default_tlp"));
    let (victim, passing) = (word(handling, "victim"), word(handling, "redistribution"));
    format!(
        "at most TLP:{highest}, without a label TLP:{unlabelled}; victims {victim}; newcomers have \
         {history}; passed on under {passing}"
    )
}

/// An Information Exchange Policy (FIRST IEP 2.0) with what it states.
fn policy(iep: &Value) -> String {
    if iep.is_null() {
        return String::new();
    }
    let stated = [
        ("from", "start_date"),
        ("until", "end_date"),
        ("encryption in transit:", "encrypt_in_transit"),
        ("permitted actions:", "permitted_actions"),
        ("notifying affected parties:", "affected_party_notifications"),
        ("attribution:", "attribution"),
        ("unmodified resale:", "unmodified_resale"),
    ];
    let stated = stated.iter().filter_map(|(what, name)| Some((what, iep[*name].as_str()?)));
    let mut said = vec![format!("{} ({})", word(iep, "name"), word(iep, "id"))];
    said.extend(stated.map(|(what, said)| format!("{what} {said}")));
    said.join("; ")
}

fn duties(duties: &Value) -> String {
    let mut said = Vec::new();
    if let Some(minutes) = duties["acknowledge_minutes"].as_u64() {
        let what = words(duties, "acknowledge");
        let what = if what.is_empty() { "everything".to_owned() } else { what };
        said.push(format!("acknowledge {what} within {minutes} minutes"));
    }
    said.extend(duties["training"].as_str().map(|training| format!("training {training}")));
    said.join("; ")
}

fn party(party: &Value, contacts: &Value) -> String {
    let mut text = format!("  {}: {}\n", word(party, "name"), members(party));
    for (what, list) in [("gives", words(party, "gives")), ("receives", words(party, "receives"))] {
        if !list.is_empty() {
            let _ = writeln!(text, "    {what} {list}");
        }
    }
    if party["within"] == "together" {
        text.push_str("    its members exchange among themselves too\n");
    }
    for id in each(party, "contacts").filter_map(Value::as_str) {
        let known = contacts.as_array().into_iter().flatten().find(|it| it["id"] == *id);
        let _ = writeln!(text, "    {}", contact(id, known.unwrap_or(&Value::Null)));
    }
    text
}

/// Who belongs to a party: by name, and by what they are.
fn members(party: &Value) -> String {
    let mut members = vec![words(party, "organisations")];
    let select = &party["select"];
    if select.is_object() {
        let mut chosen = vec![words(select, "kinds")];
        for (place, name) in [("in", "regions"), ("in province", "provinces"), ("of", "sectors")] {
            let listed = words(select, name);
            chosen.push(if listed.is_empty() { listed } else { format!("{place} {listed}") });
        }
        let above = select["population_above"].as_u64();
        chosen.extend(above.map(|count| format!("above {count} residents")));
        chosen.extend(select["criticality"].as_str().map(|it| format!("{it} critical")));
        if select["adhesion"] == "required" {
            chosen.push("that has adhered".into());
        }
        chosen.retain(|it| !it.is_empty());
        members.push(if chosen.is_empty() { "everyone".into() } else { chosen.join(", ") });
    }
    members.retain(|it| !it.is_empty());
    members.join("; ")
}

fn contact(id: &str, known: &Value) -> String {
    let Some(name) = known["name"].as_str() else {
        return format!("{id}: not in the directory, so nobody is called");
    };
    let (whose, role) = (word(known, "organisation"), word(known, "role"));
    let mut text = format!("call {name} ({whose}, {role}) {}", word(known, "phone_24h"));
    if let Some(substitute) = known["substitute"].as_str() {
        let _ = match known["substitute_name"].as_str() {
            Some(name) => write!(text, ", then {name} ({substitute})"),
            None => write!(text, ", then {substitute}"),
        };
    }
    let verified = known["last_verified"].as_str();
    let verified = verified.map_or("never verified".into(), |day| format!("verified {day}"));
    let _ = write!(text, ", {verified}");
    text
}

fn signatures(signatures: &Value) -> String {
    if !signatures.is_object() {
        return String::new();
    }
    format!(
        "  revision {}  {}\n  signed by {}\n  to be signed by {}\n",
        signatures["revision"],
        signatures["digest"],
        words(signatures, "signed_by"),
        words(signatures, "signatories")
    )
}

pub(super) fn overdue(told: &Value) -> String {
    let mut text = String::new();
    for it in each(told, "items") {
        let (who, item) = (word(it, "organisation"), word(it, "item"));
        let _ = writeln!(text, "{who:<28} {item}  due {}", word(it, "due"));
        let (received, agreement) = (word(it, "received"), word(it, "agreement"));
        let _ = writeln!(text, "  received {received} under {agreement}");
        for (whose, side) in [("call", "contacts"), ("given by", "givers")] {
            for contact in each(it, side) {
                let (name, of) = (word(contact, "name"), word(contact, "organisation"));
                let _ = writeln!(text, "  {whose} {name} ({of}) {}", word(contact, "phone_24h"));
            }
        }
    }
    text
}

pub(super) fn pace(told: &Value) -> String {
    let mut text = String::new();
    let quantiles = |text: &mut String, what: &str, of: &Value| {
        if of["count"].as_u64().unwrap_or(0) > 0 {
            let (count, p50, p95, p99) =
                (&of["count"], &of["p50_ms"], &of["p95_ms"], &of["p99_ms"]);
            let _ =
                writeln!(text, "  {what:<28} {count:>8}  p50 {p50} ms  p95 {p95} ms  p99 {p99} ms");
        }
    };
    for given in each(told, "given") {
        let _ = writeln!(text, "{}", word(given, "agreement"));
        quantiles(&mut text, "given, until received", &given["share"]);
        quantiles(&mut text, "received, until acknowledged", &given["acknowledge"]);
        if let Some(duty) = given["duty"].as_object() {
            let counts: Vec<_> =
                duty.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let _ = writeln!(text, "  acknowledged as agreed        {}", counts.join(", "));
        }
    }
    if each(told, "received").next().is_some() {
        text.push_str(
            "from other nodes, whatever the days: the newest 1,000 of each since the node started\n",
        );
    }
    for received in each(told, "received") {
        let _ = writeln!(text, "{} from {}", word(received, "agreement"), word(received, "peer"));
        quantiles(&mut text, "given there, until here", &received["share"]);
    }
    text
}
