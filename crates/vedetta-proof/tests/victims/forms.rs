//! Derived forms are made beside readings and units of work, of what there is to look through.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use vedetta_flow::Step;
use vedetta_model::Instant;
use vedetta_store::{
    Claim, Form, ItemDraft, ItemState, NewClearance, Reader, Store, StoreError, UnitOfWork,
};
use vedetta_testkit::Between;

use super::*;

/// A ledger in which a version comes before each unit of work, as long as there are any.
struct Meddled {
    ledger: Arc<dyn Store>,
    coming: Mutex<VecDeque<TestItem>>,
}

impl Store for Meddled {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(item) = self.coming.lock().unwrap().pop_front() {
            self.ledger.write(now, &mut |unit| come(unit, &item))?;
        }
        self.ledger.write(now, work)
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ledger.read(reading)
    }
}

/// Places one more version of an item, handled like the first.
fn come(unit: &mut dyn UnitOfWork, item: &TestItem) -> Result<(), StoreError> {
    let id = item.id();
    let before = unit.releases(&id)?;
    let json: serde_json::Value = serde_json::from_str(&item.json()).unwrap();
    unit.place_items(&[ItemDraft {
        id: &id,
        version: json["modified"].as_str().unwrap().parse().unwrap(),
        producer: before[0].producer,
        claim: Claim::First,
        clearance: before[0].clearance,
        state: ItemState::Live,
        actor: "tester",
        facts: "{}",
        body: item.json().as_bytes(),
    }])
    .map(drop)
}

fn tool(n: u32, name: &str) -> TestItem {
    sdo("tool", n, name)
}

fn incident() -> TestItem {
    let victim = OrganisationId::new("perugia").unwrap().identity();
    TestItem::incident(6, "Ransomware").tlp("AMBER").handled("victim_refs", json!([victim]))
}

/// Brings the incident and an edge from it to each of some items.
fn bring_edges(test: &TestHouse, to: &[&TestItem]) -> Vec<TestItem> {
    let edges = (10..).zip(to).map(|(n, to)| relationship(n, &incident(), to));
    let edges: Vec<_> = edges.collect();
    let mut load = edges.clone();
    load.push(incident());
    assert_eq!(test.bring("cosc-umbria", &load).accepted.len(), load.len());
    edges
}

/// To which of some items an edge leads that the stranger reads.
fn led_to(test: &TestHouse, to: &[&TestItem]) -> Vec<usize> {
    let read = read_by(test, "stranger");
    let edge = |it: &&TestItem| {
        read.iter().any(|body| body.contains("target_ref") && body.contains(it.id().as_str()))
    };
    to.iter().enumerate().filter(|(_, it)| edge(it)).map(|(n, _)| n).collect()
}

#[test]
fn no_edge_leads_to_what_is_too_much_to_look_through() {
    let test = with_hidden();
    let (plain, long) = (tool(1, "plain"), tool(2, "long"));
    let long = long.with("description", json!("x".repeat(1 << 20)));
    // Spaces between the properties are read too, though nothing is said in them.
    let often = tool(3, "often");
    let bring = |text: &str| {
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Api, "test", text.as_bytes(), &limits);
        let receipt = test.house.accept(&test.person("cosc-umbria"), arrival).unwrap();
        assert_eq!(receipt.accepted.len(), 1, "{receipt:?}");
    };
    for day in 1..=4 {
        let version = often.clone().modified(&format!("2026-03-0{day}T00:00:00.000Z"));
        bring(&version.json().replacen('{', &format!("{{{}", " ".repeat(1 << 20)), 1));
    }
    let some = tool(4, "a few versions");
    for minute in 10..35 {
        bring(&some.clone().modified(&format!("2026-03-01T00:{minute}:00.000Z")).json());
    }
    assert_eq!(test.bring("cosc-umbria", &[plain.clone(), long.clone()]).accepted.len(), 2);
    let to = [&plain, &long, &often, &some];
    bring_edges(&test, &to);
    assert_eq!(led_to(&test, &to), [0, 3]);
}

#[test]
fn no_edge_is_followed_beyond_so_many() {
    let test = with_hidden();
    let plain = tool(1, "plain");
    test.bring("cosc-umbria", &[plain.clone()]);
    let victim = OrganisationId::new("perugia").unwrap().identity();
    let about = |n: u32, refs: Vec<String>| {
        let note = note(n, "see there").with("object_refs", json!(refs));
        note.handled("victim_refs", json!([victim]))
    };
    let unknown = |n: u32| {
        let refs = (0..17_000).map(|m| format!("tool--00000000-0000-4000-8000-{n:06x}{m:06x}"));
        about(n, refs.collect())
    };
    let last = about(9, vec![plain.id().to_string()]);
    let leads = |test: &TestHouse| {
        read_by(test, "stranger")
            .iter()
            .any(|body| body.contains("note--") && body.contains(plain.id().as_str()))
    };
    let load = [unknown(5), unknown(6), unknown(7), last.clone()];
    assert_eq!(test.bring("cosc-umbria", &load).accepted.len(), load.len());
    assert!(!leads(&test), "nobody makes the ledger asked for more");
    let alone = about(10, vec![plain.id().to_string()]);
    assert_eq!(test.bring("cosc-umbria", &[alone]).accepted.len(), 1);
    assert!(leads(&test), "by itself it is followed");
}

/// The network over a ledger into which such versions of a tool come.
fn meddled(known: TestHouse, coming: impl Iterator<Item = TestItem>) -> (TestHouse, Arc<Meddled>) {
    let coming = Mutex::new(coming.collect());
    let ledger = Arc::new(Meddled { ledger: Arc::clone(&known.store), coming });
    (TestHouse::over(Arc::clone(&ledger) as Arc<dyn Store>), ledger)
}

fn versions(of: &TestItem, many: u32) -> impl Iterator<Item = TestItem> {
    (0..many).map(|n| of.clone().modified(&format!("2026-03-02T00:00:{n:02}.000Z")))
}

#[test]
fn what_changes_before_it_is_written_is_derived_anew_and_what_keeps_changing_is_withheld() {
    let tool = tool(1, "plain");
    let telling = tool.clone().with("name", json!("Comune di Perugia"));
    for (coming, many, reads, left) in
        [(&tool, 2, true, 0), (&tool, 9, false, 6), (&telling, 1, false, 0)]
    {
        let known = with_hidden();
        known.bring("cosc-umbria", &[tool.clone()]);
        let (test, ledger) = meddled(known, versions(coming, many));
        let edges = bring_edges(&test, &[&tool]);
        assert!(test.reads("cnaipic", &edges[0].id()), "in full it is there in any case");
        assert_eq!(led_to(&test, &[&tool]).len(), usize::from(reads), "{many} {}", coming.json());
        assert_eq!(ledger.coming.lock().unwrap().len(), left, "a unit of work for each try");
    }
}

#[test]
fn newcomers_wait_for_what_keeps_changing_and_for_nothing_else() {
    let known = TestHouse::small();
    let [changing, still] = [tool(1, "plain"), tool(2, "still")];
    known.bring("cosc-umbria", &[changing.clone(), still.clone()]);
    let to = [&changing, &still];
    bring_edges(&known, &to);
    known.hide_victims("all");
    let (test, ledger) = meddled(known, versions(&changing, 9));
    assert!(test.house.clear_newcomers().unwrap() > 0);
    assert_eq!(led_to(&test, &to), [1], "what has settled is given");
    assert!(test.house.newcomers_wait());
    ledger.coming.lock().unwrap().truncate(1);
    assert!(test.house.clear_newcomers().unwrap() > 0);
    assert_eq!(led_to(&test, &to), [0, 1], "they are given it when it settles");
    assert!(!test.house.newcomers_wait());
}

#[test]
fn a_form_withheld_for_now_comes_when_it_has_settled_whatever_is_given_of_the_past() {
    let known = with_hidden();
    let tool = tool(1, "plain");
    known.bring("cosc-umbria", &[tool.clone()]);
    let (test, ledger) = meddled(known, versions(&tool, 9));
    bring_edges(&test, &[&tool]);
    assert_eq!(led_to(&test, &[&tool]).len(), 0);
    assert!(test.house.newcomers_wait());
    ledger.coming.lock().unwrap().clear();
    test.house.clear_newcomers().unwrap();
    assert_eq!(led_to(&test, &[&tool]).len(), 1);
    assert!(!test.house.newcomers_wait());
}

#[test]
fn a_form_withheld_for_what_is_not_here_comes_with_it() {
    let test = with_hidden();
    let (first, other) = (tool(1, "plain"), tool(2, "another"));
    let telling = tool(3, "Comune di Perugia");
    let to = [&first, &other, &telling];
    bring_edges(&test, &to);
    test.house.clear_newcomers().unwrap();
    assert_eq!((led_to(&test, &to), test.house.newcomers_wait()), (vec![], false));
    for (it, read) in [(&other, vec![1]), (&first, vec![0, 1])] {
        test.bring("cosc-umbria", &[it.clone()]);
        assert!(test.house.newcomers_wait(), "within a minute it is looked for");
        test.house.clear_newcomers().unwrap();
        assert_eq!(led_to(&test, &to), read, "without opening the house anew");
        assert!(!test.house.newcomers_wait());
    }
    test.bring("cosc-umbria", &[telling.clone(), tool(4, "what nothing waits for")]);
    test.house.clear_newcomers().unwrap();
    assert_eq!(led_to(&test, &to), [0, 1], "what tells the victim is told to nobody");
    assert!(!test.house.newcomers_wait());
}

/// Puts in force, with so much of the past, that the client gives tools to Umbria.
fn acquaint(test: &TestHouse, history: &str) {
    let draft = json!({
      "id": "tools", "title": "Tools", "parent": "act",
      "term": { "from": "2026-01-01", "until": "2028-12-31" },
      "party": [
        { "name": "company", "organisations": ["client"], "gives": ["technical-report"] },
        { "name": "centre", "organisations": ["cosc-umbria"], "receives": ["technical-report"] }
      ],
      "handling": { "history": history }
    });
    let draft: vedetta_model::Agreement = serde_json::from_value(draft).unwrap();
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    step(test, &Step::PutInForce);
}

fn step(test: &TestHouse, step: &Step) {
    let id = vedetta_model::AgreementId::new("tools").unwrap();
    test.house.step_agreement(&test.administrator(), &id, step).unwrap();
}

/// A hold on what the client brings.
fn hold() -> Hold {
    Hold {
        id: HoldId::new("hold-1").unwrap(),
        authority: "Procura".into(),
        organisation: OrganisationId::new("cnaipic").unwrap(),
        scope: HoldScope::Producer(OrganisationId::new("client").unwrap()),
        reason: "order 1".into(),
        from: "2026-03-02T00:00:00Z".parse().unwrap(),
        until: None,
    }
}

#[test]
fn a_form_withheld_for_what_its_bringer_may_not_read_comes_when_it_may() {
    type Act = fn(&TestHouse);
    let nothing: Act = |_| {};
    let with_agreement: Act = |test| acquaint(test, "none");
    let suspend: Act = |test| step(test, &Step::Suspend { reason: "audit".into() });
    let resume: Act = |test| step(test, &Step::Resume);
    let hold_it: Act = |test| test.house.place_hold(&test.administrator(), &hold()).unwrap();
    let lift: Act = |test| test.house.lift_hold(&test.administrator(), &hold().id).unwrap();
    let put_in_force: Act = |test| acquaint(test, "all");
    for (story, first, then, at_last) in [
        ("in force", nothing, nothing, put_in_force),
        ("resumed", with_agreement, suspend, resume),
        ("no longer held", with_agreement, hold_it, lift),
    ] {
        let test = with_hidden();
        first(&test);
        let report = tool(1, "plain").tlp("AMBER").handled("category", json!("technical-report"));
        assert_eq!(test.bring("client", &[report.clone()]).accepted.len(), 1);
        then(&test);
        bring_edges(&test, &[&report]);
        test.house.clear_newcomers().unwrap();
        assert!(!test.reads("cosc-umbria", &report.id()), "{story}");
        assert_eq!(led_to(&test, &[&report]), [0; 0], "{story}");
        at_last(&test);
        test.house.clear_newcomers().unwrap();
        assert!(test.reads("cosc-umbria", &report.id()), "{story}");
        if test.house.newcomers_wait() {
            test.house.clear_newcomers().unwrap();
        }
        assert_eq!(led_to(&test, &[&report]), [0], "{story}");
        assert!(!test.house.newcomers_wait());
    }
}

#[test]
fn no_form_is_released_of_what_is_taken_back_or_changed_meanwhile() {
    for change in ["withdrawn", "changed"] {
        let ledger = Between::over(TestHouse::ledger());
        let test = TestHouse::over(ledger.clone()).with_small_network();
        assert_eq!(test.bring("cosc-umbria", &[incident()]).accepted.len(), 1);
        test.hide_victims("all");
        let umbria = OrganisationId::new("cosc-umbria").unwrap();
        let umbria = test.house.standing().directory.number(&umbria).unwrap();
        ledger.before_writing(move |unit| match change {
            "withdrawn" => unit.withdraw(&incident().id(), umbria, "tester", "{}").map(drop),
            _ => come(unit, &incident().modified("2026-03-02T00:00:00.000Z")),
        });
        test.house.clear_newcomers().unwrap();
        assert_eq!(read_by(&test, "stranger"), [""; 0], "{change}");
    }
}

#[test]
fn a_form_waits_on_when_the_house_is_opened_anew() {
    let tool = tool(1, "plain");
    for looked in [true, false] {
        let test = with_hidden();
        bring_edges(&test, &[&tool]);
        let test = TestHouse::over(test.store);
        if looked {
            test.house.clear_newcomers().unwrap();
            assert!(led_to(&test, &[&tool]).is_empty() && !test.house.newcomers_wait());
        }
        test.bring("cosc-umbria", &[tool.clone()]);
        assert_eq!(test.house.newcomers_wait(), looked);
        test.house.clear_newcomers().unwrap();
        assert_eq!(led_to(&test, &[&tool]), [0], "though nothing is given of the past");
    }
}

#[test]
fn what_waits_is_not_looked_for_when_nothing_came() {
    let test = with_hidden();
    let tool = tool(1, "plain").tlp("AMBER");
    assert_eq!(test.bring("client", &[tool.clone()]).accepted.len(), 1);
    bring_edges(&test, &[&tool]);
    test.house.clear_newcomers().unwrap();
    assert!(!test.reads("cosc-umbria", &tool.id()) && !test.house.newcomers_wait());
    assert_eq!(test.bring("client", &[tool.clone()]).duplicates, [tool.id()]);
    assert_eq!(test.bring("terni", &[tool.with("name", json!("mine"))]).rejected.len(), 1);
    assert!(!test.house.newcomers_wait());
}

/// Writes a tool of Umbria down, handled as nothing before, of which the house does not know yet.
fn commit(test: &TestHouse, tool: &TestItem) {
    test.bring("cosc-umbria", &[TestItem::indicator(1).tlp("GREEN")]);
    let before = test.house.shared().book.get(vedetta_store::ClearanceId(1)).unwrap();
    let mut handling = vedetta_model::Handling::clone(&before.handling);
    handling.category = vedetta_model::Category::EarlyWarning;
    let handling = Arc::new(handling);
    let version = "2026-03-01T00:00:00.000Z".parse().unwrap();
    let write = &mut |unit: &mut dyn UnitOfWork| {
        let producer = unit.releases(&TestItem::indicator(1).id())?[0].producer;
        let clearance = unit.intern(&NewClearance {
            handling: &handling,
            form: Form::Full,
            audience: &before.audience,
            grounds: "{}",
            actor: "tester",
        })?;
        let (id, body) = (&tool.id(), &*tool.json());
        let (state, body) = (ItemState::Live, body.as_bytes());
        let (actor, facts) = ("tester", "{}");
        let claim = Claim::First;
        let draft =
            ItemDraft { id, version, producer, claim, clearance, state, actor, facts, body };
        unit.place_items(&[draft]).map(drop)
    };
    test.store.write(test.house.now(), write).unwrap();
    test.house.shared().touch_book();
}

#[test]
fn what_was_committed_and_was_not_in_effect_is_referred_to() {
    let test = with_hidden();
    let tool = tool(1, "plain");
    commit(&test, &tool);
    bring_edges(&test, &[&tool]);
    assert_eq!(led_to(&test, &[&tool]), [0]);
}

#[test]
fn what_was_due_is_due_still_when_a_look_ends_badly() {
    let ledger = Between::over(TestHouse::ledger());
    let test = TestHouse::over(ledger.clone()).with_small_network();
    test.hide_victims("none");
    let tool = tool(1, "plain");
    bring_edges(&test, &[&tool]);
    test.house.clear_newcomers().unwrap();
    test.bring("cosc-umbria", &[tool.clone()]);
    ledger.before_reading(|| panic!("a fault"));
    let look = std::panic::AssertUnwindSafe(|| test.house.clear_newcomers());
    assert!(std::panic::catch_unwind(look).is_err());
    assert!(test.house.newcomers_wait());
    test.house.clear_newcomers().unwrap();
    assert_eq!(led_to(&test, &[&tool]), [0]);
}

/// A ledger that takes nothing of a unit of work when it has been done.
struct Refusing {
    ledger: Arc<dyn Store>,
    refuses: AtomicBool,
}

impl Store for Refusing {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ledger.write(
            now,
            &mut |unit| match (work(unit), self.refuses.load(Ordering::SeqCst)) {
                (Ok(()), true) => Err(StoreError::Refused("not now".into())),
                (done, _) => done,
            },
        )
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.ledger.read(reading)
    }
}

#[test]
fn for_what_was_refused_nothing_is_looked_for_in_the_end() {
    let ledger = Arc::new(Refusing { ledger: TestHouse::ledger(), refuses: false.into() });
    let test = TestHouse::over(ledger.clone()).with_small_network();
    test.hide_victims("none");
    test.house.clear_newcomers().unwrap();
    let tool = tool(1, "plain");
    ledger.refuses.store(true, Ordering::SeqCst);
    let bring = std::panic::AssertUnwindSafe(|| bring_edges(&test, &[&tool]));
    assert!(std::panic::catch_unwind(bring).is_err());
    ledger.refuses.store(false, Ordering::SeqCst);
    test.bring("cosc-umbria", &[tool.clone()]);
    assert!(test.house.newcomers_wait(), "what was refused waited for it");
    let later: Vec<_> = (1..9).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    test.bring("terni", &later);
    test.house.clear_newcomers().unwrap();
    assert!(!test.house.newcomers_wait(), "it is not in the ledger");
    bring_edges(&test, &[&tool]);
    assert_eq!(led_to(&test, &[&tool]), [0], "brought again, it has its form");
}

#[test]
fn who_has_a_form_is_told_when_a_later_version_has_none() {
    let test = with_hidden();
    let item = TestItem::incident(1, "Ransomware").tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let start = vedetta_store::Sequence::START;
    let wish = vedetta_flow::Wish::all(start, vedetta_store::VersionFilter::All);
    let derived = test.house.page(&test.person("stranger"), &wish).unwrap().items.remove(0).id;
    let long = item.modified("2026-03-02T00:00:00.000Z");
    let long = long.with("description", json!("x".repeat(1 << 20)));
    assert_eq!(test.bring("perugia", &[long]).accepted.len(), 1);
    assert!(read_by(&test, "stranger").is_empty());
    let told = test.house.withdrawals(&test.person("stranger"), start).unwrap();
    let told: Vec<_> = told.notices.into_iter().map(|it| (it.item, it.reason)).collect();
    assert_eq!(told, [(derived, String::new())], "not why: the words may tell the victim");
}

#[test]
fn an_older_form_is_taken_back_when_the_one_that_was_waited_for_is_withheld() {
    for anew in [false, true] {
        let mut test = with_hidden();
        let [plain, telling] = [tool(1, "plain"), tool(2, "Comune di Perugia")];
        let to = [&plain, &telling];
        let edge = |n: u32, to: &TestItem| {
            relationship(10, &incident(), to).modified(&format!("2026-03-02T00:00:{n:02}.000Z"))
        };
        let bring = |test: &TestHouse, item: TestItem| {
            assert_eq!(test.bring("cosc-umbria", &[item]).accepted.len(), 1);
        };
        bring(&test, plain.clone());
        bring(&test, incident());
        bring(&test, edge(1, &plain));
        bring(&test, edge(2, &telling));
        test.house.clear_newcomers().unwrap();
        assert_eq!(led_to(&test, &to), [0], "until it is decided the older one stays");
        if anew {
            test = TestHouse::over(test.store);
        }
        bring(&test, telling.clone());
        test.house.clear_newcomers().unwrap();
        assert_eq!(led_to(&test, &to), [0; 0], "opened anew: {anew}");
        let start = vedetta_store::Sequence::START;
        let told = test.house.withdrawals(&test.person("stranger"), start).unwrap();
        assert_eq!(told.notices.len(), 1);
        assert!(!test.house.newcomers_wait());
        bring(&test, edge(3, &plain));
        assert_eq!(led_to(&test, &to), [0], "and comes again with what can be told");
    }
}
