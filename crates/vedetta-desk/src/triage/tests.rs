use vedetta_model::organisation::OrganisationKind;

use super::*;

fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

fn town(region: &str, criticality: Criticality) -> Organisation {
    Organisation {
        id: id("comune-054039"),
        name: "Comune di Perugia".into(),
        aliases: Vec::new(),
        kind: OrganisationKind::Municipality,
        parent: None,
        region: Some(region.into()),
        province: None,
        population: None,
        sector: None,
        criticality,
        client_of: Vec::new(),
    }
}

fn centres() -> Vec<Centre> {
    let centre =
        |name: &str, reach| Centre { id: id(name), name: name.into(), reach, sector: None };
    vec![
        centre("cnaipic", Reach::Country),
        centre("cosc-liguria", Reach::Region("Liguria".into())),
        centre("cosc-umbria", Reach::Region("Umbria".into())),
    ]
}

fn routed(of: &Organisation, ties: &[Tie]) -> (String, usize) {
    let routing = route(of, &centres(), ties).unwrap();
    (routing.to.to_string(), routing.reasons.len())
}

#[test]
fn a_report_goes_where_territory_and_agreement_lead() {
    let tie = |centre: &str| Tie {
        agreement: AgreementId::new("act").unwrap(),
        title: "Act".into(),
        centre: id(centre),
    };
    let umbria = town("Umbria", Criticality::None);
    assert_eq!(routed(&umbria, &[]), ("cosc-umbria".into(), 1));
    assert_eq!(routed(&umbria, &[tie("cosc-umbria")]), ("cosc-umbria".into(), 2));
    assert_eq!(routed(&umbria, &[tie("cosc-liguria")]).0, "cosc-liguria");
    assert_eq!(routed(&town("Molise", Criticality::None), &[]), ("cnaipic".into(), 1));
    let critical = town("Umbria", Criticality::National);
    assert_eq!(routed(&critical, &[tie("cosc-umbria")]).0, "cnaipic");
}

#[test]
fn traces_are_found_however_they_are_written() {
    let text = "visto hxxps://login.prova[.]example/a?b verso 203.0.113.9:443, mittente \
                <aiuto@posta.prova.example>; impronta D41D8CD98F00B204E9800998ECF8427E. Ieri alle 10.30";
    let found: Vec<_> = traces(text).collect();
    let expected = [
        "203.0.113.9",
        "aiuto@posta.prova.example",
        "d41d8cd98f00b204e9800998ecf8427e",
        "login.prova.example",
    ];
    assert_eq!(found, expected);
}

#[test]
fn likeness_says_why_and_strangers_are_not_alike() {
    let at: Instant = "2026-03-10T10:00:00Z".parse().unwrap();
    let (perugia, terni) = (id("perugia"), id("terni"));
    let phishing = Prints::of("Ondata di phishing agli sportelli", "link a login.prova.example");
    let same = Prints::of("Sportelli, phishing in ondata", "il link porta a login.prova[.]example");
    let other = Prints::of("Guasto elettrico", "la sala macchine è ferma da ieri sera");
    let seen = |organisation, at, prints| Seen { organisation, at, prints };
    let new = seen(&perugia, at.after(DAY), &phishing);
    let found = alike(new, seen(&terni, at, &same)).unwrap();
    assert!(found.points >= 80 && found.reasons.len() == 2, "{found:?}");
    assert_eq!(alike(new, seen(&terni, at, &other)), None);
    // One organisation in one day may still have two troubles, but they are shown.
    let twice = alike(new, seen(&perugia, at, &other)).unwrap();
    assert_eq!(twice.points, 40);
    assert_eq!(alike(new, seen(&perugia, at.before(DAY * 3), &other)), None);
    assert_eq!(alike(new, seen(&terni, at, &Prints::default())), None);
}

proptest::proptest! {
    #[test]
    fn any_text_has_few_traces(text in ".{0,400}") {
        proptest::prop_assert!(traces(&text).count() <= KEPT);
        let prints = Prints::of(&text, &text);
        proptest::prop_assert!(prints.words.len() <= KEPT && prints.traces.len() <= KEPT);
    }
}
