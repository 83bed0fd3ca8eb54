use super::*;

use vedetta_model::{Account, Agreement, Asset, Contact, Hold, Organisation};

/// Reads a text as a type, and holds what the type writes to the schema.
fn holds<T: serde::Serialize + serde::de::DeserializeOwned>(name: &str, text: Value) {
    assert_eq!(breaks(name, &text), Vec::<String>::new());
    let written = serde_json::to_value(serde_json::from_value::<T>(text).unwrap()).unwrap();
    assert_eq!(breaks(name, &written), Vec::<String>::new());
}

#[test]
fn the_model_writes_what_the_schemas_say() {
    holds::<Organisation>(
        "Organisation",
        json!({ "id": "comune-prova", "name": "Comune di Prova", "aliases": ["Prova"],
            "kind": "municipality", "parent": "anci-umbria", "region": "Umbria", "province": "PG",
            "population": 20001, "sector": "public-administration", "criticality": "regional",
            "client_of": ["operatore-prova"] }),
    );
    for (kind, value) in [("domain", json!("comune.example")), ("asn", json!(64496))] {
        let asset = json!({ "id": "a1", "organisation": "comune-prova", "kind": kind,
            "value": value, "note": "sito" });
        assert_eq!(breaks("Asset", &asset), Vec::<String>::new());
        serde_json::from_value::<Asset>(asset).unwrap();
    }
    holds::<Contact>(
        "Contact",
        json!({ "id": "c1", "organisation": "comune-prova", "role": "incident response",
            "name": "CED", "substitute": "c2", "phone_24h": "+39 06 5555 0100",
            "channels": [{ "by": "pec", "at": "ced@pec.comune.example" }], "keys": ["age1…"],
            "account": "ced", "last_verified": "2026-01-31" }),
    );
    holds::<Account>(
        "Account",
        json!({ "id": "ced", "name": "CED", "organisation": "comune-prova",
            "roles": ["liaison", "machine"], "language": "it", "state": "active" }),
    );
}

#[test]
fn agreements_and_holds_are_as_described() {
    holds::<Agreement>(
        "Agreement",
        json!({ "id": "prova", "title": "Protocollo di prova", "parent": "quadro",
            "succeeds": "prova-2020",
            "stage": { "is": "suspended", "since": "2026-01-01T00:00:00.000000Z", "by": "admin",
                "reason": "revisione" },
            "term": { "signed": "2025-12-01", "from": "2026-01-01", "until": "2028-12-31",
                "renewal": "explicit" },
            "party": [
                { "name": "centro", "organisations": ["cnaipic"], "gives": ["indicator"],
                    "receives": ["incident"], "within": "apart", "contacts": ["c1"] },
                { "name": "comuni", "select": { "kinds": ["municipality"], "regions": ["Umbria"],
                    "provinces": ["PG"], "sectors": ["public-administration"],
                    "population_above": 20000, "criticality": "regional",
                    "adhesion": "required" } }],
            "handling": { "highest_tlp": "AMBER+STRICT", "default_tlp": "AMBER",
                "iep": { "id": "iep-1", "name": "default" }, "victim": "named",
                "history": { "days": 30 }, "redistribution": "lineage" },
            "duties": { "acknowledge_minutes": 60, "acknowledge": ["early-warning"],
                "training": "due giornate" },
            "raci": [{ "activity": "ransomware", "responsible": ["comuni"] }],
            "systems": ["anagrafe"] }),
    );
    holds::<Agreement>(
        "Agreement",
        json!({ "id": "prova-perugia", "title": "Adesione", "parent": "prova",
            "term": { "from": "2026-01-01", "until": "2028-12-31" },
            "adhesion": { "party": "comuni", "organisation": "comune-054039" } }),
    );
    holds::<Hold>(
        "Hold",
        json!({ "id": "h1", "authority": "Procura", "organisation": "cnaipic",
            "scope": { "victim": "comune-prova" }, "reason": "R.G.N.R. 1/2026",
            "from": "2026-01-01T00:00:00.000000Z" }),
    );
}

#[test]
fn what_is_not_in_a_schema_is_noticed() {
    let wrong = json!({ "id": "x", "name": "X", "kind": "castle", "colour": "red" });
    assert_eq!(breaks("Organisation", &wrong).len(), 2);
    assert!(schema("Agreement").is_some_and(|schema| schema["$schema"].is_string()));
}

#[test]
fn reports_and_campaigns_of_the_mail_desk_are_as_described() {
    let id = "campaign--00000000-0000-4000-8000-000000000001";
    let ruling = json!({ "verdict": "spam", "by": "anna", "at": "2026-03-02T09:00:00.000000Z",
        "note": "pubblicità", "of": "report" });
    holds::<vedetta_postroom::Report>(
        "MailReport",
        json!({ "case": "M260302-ABCDE", "at": "2026-03-02T08:00:00.000000Z", "door": "mail",
            "organisation": "perugia", "standing": "enrolled", "reporter": "00ff",
            "handing": "00aa", "contest": { "at": "2026-03-02T10:00:00.000000Z" }, "language": "it", "forms": ["attached", "pec"], "verdict": "malicious",
            "probability": 0.5, "reasons": [{ "check": "lure/parcel", "weight": 0.5 }],
            "unread": 0, "model": "2", "campaign": id, "traces": [["sender", "00ff"]],
            "indicators": [{ "kind": "domain", "value": "evil.invalid" }], "ruling": ruling,
            "keeping": { "is": "kept", "until": "2026-06-02T08:00:00.000000Z" } }),
    );
    let campaign = json!({ "id": id, "since": "2026-03-02T08:00:00.000000Z",
        "sample_of": "M260302-ABCDE", "withdrawn": 1, "retired": [id],
        "indicators": [{ "kind": "url", "value": "https://evil.invalid/x" }],
        "stage": { "is": "released", "at": "2026-03-02T09:00:00.000000Z", "by": "anna" } });
    assert!(serde_json::from_value::<vedetta_postroom::Campaign>(campaign).is_ok());
    for step in [json!({ "do": "release", "tlp": "AMBER" }), json!({ "do": "dismiss" })] {
        assert_eq!(breaks("CampaignStep", &step), [""; 0]);
        assert!(serde_json::from_value::<vedetta_postroom::CampaignStep>(step).is_ok());
    }
}

/// What is told of where to go on is one type everywhere, so that one client can follow all lists.
#[test]
fn where_to_go_on_is_a_text_everywhere() {
    let (all, mut seen) = (schemas(), 0);
    for (name, schema) in all.as_object().unwrap() {
        if let Some(next) = schema.pointer("/properties/next") {
            assert_eq!(next["type"], "string", "{name}");
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}
