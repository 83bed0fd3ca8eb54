use super::*;

#[test]
fn the_pinned_ids() {
    let pinned = [
        (Tlp::Clear, "94868c89-83c2-464b-929b-a1a8aa3c8487"),
        (Tlp::Green, "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
        (Tlp::Amber, "55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
        (Tlp::AmberStrict, "939a9414-2ddd-4d32-a0cd-375ea402b003"),
        (Tlp::Red, "e828b379-4e03-4974-9ac4-e53a884c97c1"),
        (Tlp::Clear, "613f2e26-407d-48c7-9eca-b8e91df99dc9"),
        (Tlp::Green, "34098fce-860f-48ae-8e50-ebd3cc5e41da"),
        (Tlp::Amber, "f88d31f6-486f-44da-b317-01333bde0b82"),
        (Tlp::Red, "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"),
    ];
    for (tlp, uuid) in pinned {
        assert_eq!(Tlp::from_marking(&format!("{MARKING}{uuid}")), Some(tlp));
    }
    assert_eq!(Tlp::from_marking(&format!("{MARKING}{}", Uuid::nil())), None);
    assert_eq!(Tlp::from_marking("indicator--94868c89-83c2-464b-929b-a1a8aa3c8487"), None);
}

#[test]
fn labels_are_ordered_and_read_back() {
    assert!(Tlp::ALL.is_sorted() && Pap::ALL.is_sorted());
    for tlp in Tlp::ALL {
        assert_eq!(tlp.label().parse(), Ok(tlp));
        assert_eq!(
            serde_json::from_str::<Tlp>(&serde_json::to_string(&tlp).unwrap()).unwrap(),
            tlp
        );
    }
    assert_eq!("tlp:white".parse(), Ok(Tlp::Clear));
    assert!("AMBER".parse::<Tlp>().is_err() && "TLP:AMBER STRICT".parse::<Tlp>().is_err());
    assert_eq!("pap:\"amber\"".parse(), Ok(Pap::Amber));
}

#[test]
fn definitions_are_valid() {
    for tlp in Tlp::ALL {
        let (definition, warnings) = Object::parse(&tlp.definition_json()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(definition.id(), &tlp.marking_id());
    }
}

fn note(properties: &str) -> Object {
    let json = format!(
        "{{\"type\":\"note\",\"spec_version\":\"2.1\",\
         \"id\":\"note--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061\",\
         \"created\":\"2026-01-31T08:30:00Z\",\"modified\":\"2026-01-31T08:30:00Z\",\
         \"content\":\"x\",\"object_refs\":[\"x-a--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061\"]{properties}}}"
    );
    Object::parse(&json).unwrap().0
}

#[test]
fn the_strictest_marking_wins() {
    let (green, red) = (Tlp::Green.marking_id(), Tlp::Red.marking_id());
    let object = note(&format!(
        ",\"object_marking_refs\":[\"{green}\",\"{MARKING}613f2e26-407d-48c7-9eca-b8e91df99dc9\"],\
         \"granular_markings\":[{{\"marking_ref\":\"{red}\",\"selectors\":[\"content\"]}},\
         {{\"lang\":\"it\",\"selectors\":[\"object_refs.[0]\"]}}]"
    ));
    assert_eq!(object.tlp(), Some(Tlp::Green));
    assert_eq!(object.effective_tlp(), Some(Tlp::Red));
    assert_eq!(note("").effective_tlp(), None);
}

#[test]
fn pap_by_label_and_by_statement() {
    let id = format!("{MARKING}7a1d0e2c-3a4d-4f38-8f0c-9a5ce9c2a111");
    let statement = format!(
        "{{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"{id}\",\
         \"created\":\"2026-01-31T08:30:00Z\",\"definition_type\":\"statement\",\
         \"definition\":{{\"statement\":\"PAP:RED\"}}}}"
    );
    let definition = Object::parse(&statement).unwrap().0;
    let marked =
        note(&format!(",\"labels\":[\"pap:green\",\"x\"],\"object_marking_refs\":[\"{id}\"]"));
    assert_eq!(Pap::of(&marked, &[]), Some(Pap::Green));
    assert_eq!(Pap::of(&marked, std::slice::from_ref(&definition)), Some(Pap::Red));
    assert_eq!(Pap::of(&note(""), &[definition]), None);
}

#[test]
fn pap_however_a_definition_states_it() {
    let id = format!("{MARKING}7a1d0e2c-3a4d-4f38-8f0c-9a5ce9c2a111");
    let stated = |properties: &str| {
        let json = format!(
            "{{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"{id}\",\
             \"created\":\"2026-01-31T08:30:00Z\",{properties}}}"
        );
        Pap::stated_by(&Object::parse(&json).unwrap().0)
    };
    let statement = |text: &str| {
        format!("\"definition_type\":\"statement\",\"definition\":{{\"statement\":\"{text}\"}}")
    };
    assert_eq!(stated(&statement("PAP:AMBER (passive only), never PAP:GREEN.")), Some(Pap::Amber));
    assert_eq!(stated(&statement("Ask before you print it.")), None);
    let named = |name: &str, text: &str| format!("\"name\":\"{name}\",{}", statement(text));
    assert_eq!(stated(&named("PAP:RED", "PAP:GREEN")), Some(Pap::Red));
    assert_eq!(stated(&named("PAP:GREEN", "PAP:RED")), Some(Pap::Red));
    let extension = "\"extensions\":{\"extension-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0062\":\
                     {\"extension_type\":\"property-extension\",\"pap\":\"red\"}}";
    assert_eq!(stated(extension), Some(Pap::Red));
}
