//! One reader at every door, and what it should find there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use vedetta_diffusion::feed::Format;
use vedetta_flow::House;
use vedetta_model::{Account, AccountId, Actor, OrganisationId, Pap, Role, Tlp};
use vedetta_policy::Form;
use vedetta_testkit::TestHouse;

use crate::acts::{History, admin};
use crate::node::{Node, between};
use crate::truth::{Readable, Who};

pub(crate) struct Reader {
    account: Account,
    token: String,
    /// The live stream, and the last place that it told.
    tail: Option<Body>,
    place: u64,
}

/// What was found: by mark, and whether it was the derived form.
type Found = BTreeSet<(String, bool)>;
type Wrong = String;

/// How long tokens and sessions last: longer than any history.
const YEAR: Duration = Duration::from_secs(300 * 86_400);
const CLEARED: &str = "/taxii2/root/collections/cleared";

impl Reader {
    pub(crate) fn new(test: &TestHouse, admin: &Actor, account: &Account) -> Self {
        let token = || test.house.issue_token(admin, &account.id, "test", BTreeSet::new(), YEAR);
        let token = match account.roles.contains(&Role::Liaison) {
            true => vedetta_testkit::session_for(&test.house, account.id.as_str(), YEAR),
            false => token().unwrap().token.reveal().to_owned(),
        };
        Self { account: account.clone(), token, tail: None, place: test.house.bell().last().0 }
    }

    /// A person signs in anew.
    pub(crate) fn sign_in(&mut self, house: &House) {
        self.token = vedetta_testkit::session_for(house, self.account.id.as_str(), YEAR);
    }

    pub(crate) fn is(&self, account: &AccountId) -> bool {
        self.account.id == *account
    }

    /// Begins to follow.
    pub(crate) async fn begin(&mut self, node: &Node) {
        self.tail = node.follow(&self.token, self.place).await;
    }

    /// Loses its connection.
    pub(crate) fn part(&mut self) {
        self.tail = None;
    }

    pub(crate) fn is_liaison_of(&self, organisation: &OrganisationId) -> bool {
        self.account.organisation == *organisation && self.is_person()
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor {
            account: self.account.id.clone(),
            organisation: self.account.organisation.clone(),
            roles: self.account.roles.clone(),
            language: self.account.language,
            way: vedetta_model::Way::InPerson,
        }
    }

    fn is_person(&self) -> bool {
        self.account.roles.contains(&Role::Liaison)
    }

    fn who(&self) -> Who {
        let person = self.is_person().then(|| self.account.id.clone());
        Who { organisation: self.account.organisation.clone(), person }
    }
}

impl History {
    /// Reads at every door as everyone.
    pub(crate) async fn look(&mut self) -> Result<(), Wrong> {
        self.ask_why()?;
        self.node.diffuse().await;
        let called = self.node.called();
        let mut readers = std::mem::take(&mut self.readers);
        let mut outcome = Ok(());
        for reader in &mut readers {
            let seen = self.look_as(reader, &called).await;
            outcome = seen.map_err(|wrong| format!("{}: {wrong}", reader.account.id));
            if outcome.is_err() {
                break;
            }
        }
        self.readers = readers;
        outcome
    }

    async fn look_as(
        &mut self,
        reader: &mut Reader,
        called: &[(String, Value)],
    ) -> Result<(), Wrong> {
        let accounts = &self.truth.world.accounts;
        let active = vedetta_model::account::AccountState::Active;
        if !accounts.iter().any(|it| it.id == reader.account.id && it.state == active) {
            return self.is_shut_out(reader).await;
        }
        let places = self.read_pages(reader).await?;
        let new = self.read_streams(reader, &places).await?;
        if !reader.is_person() {
            if self.dice.chance(50) {
                self.read_feeds(reader).await?;
            }
            self.read_calls(reader, called, &new)?;
        } else {
            self.read_list(reader).await?;
        }
        self.read_one(reader).await
    }

    /// Whoever is gone is not answered, and its stream ends.
    async fn is_shut_out(&self, reader: &mut Reader) -> Result<(), Wrong> {
        let (status, _) = self.node.get(&reader.token, "/api/v1/items").await;
        same("the answer to who is gone", status, 401)?;
        let page = self.node.open(&reader.token, "/items").await;
        same("the page of who is gone", page, (303, String::new()))?;
        if let Some(mut tail) = reader.tail.take() {
            self.node.breathe();
            let last = tail.frame().await;
            same("the stream of who is gone ended", last.is_none(), true)?;
        }
        Ok(())
    }

    /// TAXII and JSON; the places of what was released to the reader.
    async fn read_pages(
        &mut self,
        reader: &Reader,
    ) -> Result<BTreeMap<u64, (String, bool)>, Wrong> {
        let who = reader.who();
        let limit = 1 + self.dice.below(9);
        let readable = self.truth.readable(&who, self.now());
        let all = found(&readable);
        let last = found(&self.truth.newest(&who, self.now()));

        let lines = self.node.items(reader, &format!("versions=all&limit={limit}")).await;
        let objects: Vec<_> = lines.iter().map(|line| line["object"].clone()).collect();
        same("every version over JSON", self.check(&readable, &objects)?, all.clone())?;
        let newest = self.node.items(reader, "versions=last").await;
        let newest: Vec<_> = newest.iter().map(|line| line["object"].clone()).collect();
        same("the items over JSON", self.check(&readable, &newest)?, last.clone())?;

        let query = format!("match[version]=all&limit={limit}");
        let objects = self.node.taxii(reader, CLEARED, "objects", &query).await;
        same("every version over TAXII", self.check(&readable, &objects)?, all)?;
        let manifest = self.node.taxii(reader, CLEARED, "manifest", &query).await;
        let of = |objects: &[Value], name: &str| -> (Vec<_>, BTreeSet<_>) {
            let all = objects.iter().map(|it| (text(it, "id"), second(it, name)));
            let (addresses, others): (Vec<_>, Vec<_>) =
                all.partition(|(id, _)| id.starts_with("ipv4-addr--"));
            (addresses, others.into_iter().collect())
        };
        let (addresses, versions) = of(&objects, "modified");
        let (seen, listed) = of(&manifest, "version");
        same("the manifest", listed, versions)?;
        // Those have no version that could be told from the object.
        same("the addresses of the manifest", seen.len(), addresses.len())?;
        let objects = self.node.taxii(reader, CLEARED, "objects", "").await;
        same("the objects over TAXII", self.check(&readable, &objects)?, last)?;

        let public: Vec<_> = readable.iter().filter(|it| it.tlp == Tlp::Clear).cloned().collect();
        let shelf = "/taxii2/root/collections/public";
        let objects = self.node.taxii(reader, shelf, "objects", "match[version]=all").await;
        same("what is public", self.check(&readable, &objects)?, found(&public))?;

        let place = |line: &Value| line["place"].as_u64().unwrap();
        Ok(lines.iter().map(|line| (place(line), mark(&line["object"]))).collect())
    }

    /// The stream from the beginning, and the one that was open all the time.
    async fn read_streams(
        &mut self,
        reader: &mut Reader,
        places: &BTreeMap<u64, (String, bool)>,
    ) -> Result<Vec<(u64, (String, bool))>, Wrong> {
        let mut replay = self.node.follow(&reader.token, 0).await;
        let mut notices = Vec::new();
        let told = self.node.drain(&mut replay, &mut notices).await;
        self.hear(&told)?;
        let told: BTreeMap<_, _> = told.iter().filter_map(Event::item).collect();
        same("the stream from the beginning", &told, places)?;
        let since = reader.place;
        let mut told = self.node.drain(&mut reader.tail, &mut notices).await;
        if reader.tail.is_none() {
            // An hour went by, or the node began anew: it comes back with the last place it had.
            let last = told.last().map_or(since, |event| event.place);
            reader.tail = self.node.follow(&reader.token, last).await;
            told.extend(self.node.drain(&mut reader.tail, &mut notices).await);
        }
        self.hear(&told)?;
        notices.iter().try_for_each(|notice| self.lines.judge(&self.truth, notice))?;
        reader.place = told.last().map_or(since, |event| event.place);
        let ascending = told.windows(2).all(|two| two[0].place <= two[1].place);
        same("the order of the stream", ascending, true)?;
        let items: Vec<_> = told.iter().filter_map(Event::item).collect();
        let new: Vec<_> =
            places.range(since + 1..).map(|(place, it)| (*place, it.clone())).collect();
        same(&format!("the stream after {since}"), &items, &new)?;
        Ok(new)
    }

    /// Each object's line is its bringer's.
    fn hear(&mut self, told: &[Event]) -> Result<(), Wrong> {
        for event in told {
            let Some(object) = &event.object else { continue };
            let of = (object["id"].as_str().unwrap(), event.line.as_str());
            self.lines.hear(&self.truth, of, &mark(object).0)?;
        }
        Ok(())
    }

    async fn read_feeds(&mut self, reader: &Reader) -> Result<(), Wrong> {
        let readable = self.truth.readable(&reader.who(), self.now());
        let newest = self.truth.newest(&reader.who(), self.now());
        for format in Format::ALL {
            let file = format.file_name();
            let (status, body) = self.node.get(&reader.token, &format!("/feeds/{file}")).await;
            same(file, status, 200)?;
            let body = String::from_utf8(body).unwrap();
            let may = |it: &&Readable<'_>| it.tlp != Tlp::Red && !it.written.revoked;
            if file == "bundle.json" {
                let bundle: Value = serde_json::from_str(&body).unwrap();
                let objects = bundle["objects"].as_array().cloned().unwrap_or_default();
                let may: Vec<_> = newest.iter().filter(may).cloned().collect();
                // A revocation of what does not age is an object like others.
                let objects: Vec<_> =
                    objects.into_iter().filter(|it| it["revoked"] != true).collect();
                same(file, self.check(&readable, &objects)?, found(&may))?;
                continue;
            }
            let strictest = match file {
                "indicators.csv" => Pap::Red,
                "suricata.rules" => Pap::Amber,
                _ => Pap::Green,
            };
            // Nobody's machine blocks, or watches, what a member owns, unless they brought it: whose
            // node it is may know who owns what, so its own rows answer no question of its.
            let mine = &reader.account.organisation;
            let owned = |it: &Readable<'_>| {
                let value = it.written.value.as_ref();
                file != "indicators.csv"
                    && (it.item.producer != *mine || *mine == admin().organisation)
                    && value.is_some_and(|it| it.is_owned(&self.truth.world))
            };
            let may = newest.iter().filter(may).filter(|it| it.pap <= strictest && !owned(it));
            let expected: BTreeSet<_> =
                may.filter_map(|it| it.written.value.as_ref()?.in_feed(file)).collect();
            let versions = self.truth.items.iter().flat_map(|it| &it.versions);
            let values = versions.filter_map(|it| it.written.value.as_ref()?.in_feed(file));
            let carried: BTreeSet<_> = values.filter(|value| body.contains(value)).collect();
            same(file, carried, expected)?;
        }
        Ok(())
    }

    /// The organisation's webhook was told what came anew, but for what is for persons; and besides
    /// only what came since its last call and was not the organisation's then.
    fn read_calls(
        &self,
        reader: &Reader,
        called: &[(String, Value)],
        new: &[(u64, (String, bool))],
    ) -> Result<(), Wrong> {
        let url = format!("https://{}.example/", reader.account.organisation);
        let mine = called.iter().filter(|(to, _)| *to == url).map(|(_, told)| told);
        let (notices, mine): (Vec<_>, Vec<_>) =
            mine.partition(|told| told["withdrawn"].is_object());
        for notice in notices.iter().map(|told| &told["withdrawn"]) {
            name_only(notice);
            same("a line that no call tells", notice.get("line"), None)?;
        }
        let mine = mine.into_iter();
        let place = |told: &Value| (told["place"].as_u64().unwrap(), mark(&told["object"]));
        let called: BTreeSet<_> = mine.clone().map(place).collect();
        let readable = self.truth.readable(&reader.who(), self.now());
        let objects: Vec<_> = mine.map(|told| told["object"].clone()).collect();
        self.check(&readable, &objects)?;
        let red = readable.iter().filter(|it| it.tlp == Tlp::Red).cloned().collect::<Vec<_>>();
        let red = found(&red);
        let new = new.iter().filter(|(_, it)| !red.contains(it)).cloned();
        let told: Found = called.iter().map(|(_, it)| it.clone()).collect();
        same("more was called out", told.is_subset(&(&found(&readable) - &red)), true)?;
        let missing: Vec<_> = new.filter(|it| !called.contains(it)).collect();
        same("what was not called out", missing, Vec::new())
    }

    /// The list of items that people read, page by page.
    async fn read_list(&self, reader: &Reader) -> Result<(), Wrong> {
        let (mut listed, mut uri) = (Found::new(), "/items".to_owned());
        loop {
            let (status, page) = self.node.open(&reader.token, &uri).await;
            same(&uri, status, 200)?;
            for line in page.split("<li class=\"line\"").skip(1) {
                let said = |before, after| between(line, before, after).unwrap().to_owned();
                let (id, title) = (said("data-place=\"", "\""), said("\"line-title\">", "<"));
                listed.insert(mark(&json!({ "id": id, "name": title })));
            }
            match between(&page, "<p class=\"pager\">", "rel=\"next\"") {
                Some(older) => uri = between(older, "href=\"", "\"").unwrap().to_owned(),
                None => break,
            }
        }
        same("the list", listed, found(&self.truth.newest(&reader.who(), self.now())))
    }

    /// Some items by their identifier, and why.
    async fn read_one(&mut self, reader: &Reader) -> Result<(), Wrong> {
        for _ in 0..3 {
            let Some(item) = self.dice.pick(&self.truth.items) else { return Ok(()) };
            let id = item.id.clone();
            let newest = self.truth.newest(&reader.who(), self.now());
            let all = newest.iter().filter(|it| it.item.id == id && it.form == Form::Full);
            let first = all.clone().find(|it| it.is_first(&newest));
            let expected = first.map(|it| it.written.object.clone());
            let all: BTreeSet<_> = all.map(|it| it.written.object.to_string()).collect();
            let uri = format!("/api/v1/items/{id}");
            let (status, body) = self.node.get(&reader.token, &uri).await;
            let given = (status == 200).then(|| serde_json::from_slice::<Value>(&body).unwrap());
            same(&uri, given, expected.clone())?;
            let left = status == 410;
            let uri = format!("{CLEARED}/objects/{id}/");
            let (status, body) = self.node.get(&reader.token, &uri).await;
            let given: Value = serde_json::from_slice(&body).unwrap();
            let objects = given["objects"].as_array().into_iter().flatten();
            let given = (status == 200).then(|| objects.map(Value::to_string).collect());
            // Of what is read, but not as its newest, there is a page, and it is empty.
            let page = self.truth.readable(&reader.who(), self.now());
            let page = page.iter().any(|it| it.item.id == id && it.form == Form::Full);
            same(&uri, given, page.then_some(all))?;
            let uri = format!("/api/v1/items/{id}/explanation");
            let (status, _) = self.node.get(&reader.token, &uri).await;
            same(&uri, status, if expected.is_some() || left { 200 } else { 404 })?;
            if reader.is_person() {
                let (_, page) = self.node.open(&reader.token, &format!("/items/{id}")).await;
                same("its page", object_of(&page), expected)?;
            }
        }
        let readable = self.truth.readable(&reader.who(), self.now());
        let newest = self.truth.newest(&reader.who(), self.now());
        let lines = self.node.items(reader, "versions=last").await;
        for line in &lines {
            let (mark, derived) = mark(&line["object"]);
            let of = |it: &&Readable<'_>| {
                it.written.mark == mark && (it.form == Form::Redacted) == derived
            };
            let Some(read) = newest.iter().find(of) else { continue };
            let uri = format!("/api/v1/items/{}/explanation", text(line, "id"));
            let (status, body) = self.node.get(&reader.token, &uri).await;
            let body = String::from_utf8(body).unwrap();
            same(&uri, status, 200)?;
            let knows = readable.iter().any(|it| it.written.mark == mark && it.form == Form::Full);
            if !knows {
                self.hides(read, &body)?;
            }
            if reader.is_person() && read.is_first(&newest) {
                let page = format!("/items/{}", text(line, "id"));
                let (_, page) = self.node.open(&reader.token, &page).await;
                same("the page", object_of(&page).as_ref(), Some(&line["object"]))?;
                if !knows {
                    self.hides(read, &page)?;
                }
            }
        }
        Ok(())
    }

    /// What the room is told of who has an item is what they have.
    pub(crate) fn ask_why(&mut self) -> Result<(), Wrong> {
        for (_, organisation) in &self.truth.world.organisations {
            let Some(item) = self.dice.pick(&self.truth.items) else { return Ok(()) };
            let house = self.node.api.house();
            let answer = house.explain(&admin(), &item.id, &organisation.id).unwrap();
            let expected = self.truth.receives(&item.id, &organisation.id, house.now());
            let what = format!("why {} has {}: {}", organisation.id, item.id, answer.reason_en);
            same(&what, (answer.allowed, answer.form), (expected.is_some(), expected))?;
        }
        Ok(())
    }

    /// What objects there are, each as it was brought or without what it must not tell.
    fn check(&self, readable: &[Readable<'_>], objects: &[Value]) -> Result<Found, Wrong> {
        for object in objects {
            let (mark, derived) = mark(object);
            let of = |it: &&Readable<'_>| {
                it.written.mark == mark && (it.form == Form::Redacted) == derived
            };
            let Some(read) = readable.iter().find(of) else { continue };
            match read.form {
                Form::Full => same("the object", object, &read.written.object)?,
                Form::Redacted => self.hides(read, &object.to_string())?,
            }
        }
        Ok(objects.iter().map(mark).collect())
    }

    fn hides(&self, read: &Readable<'_>, text: &str) -> Result<(), Wrong> {
        let text = text.to_lowercase();
        let told = read.hides.iter().find(|victim| text.contains(victim.as_str()));
        if let Some(victim) = told {
            return Err(format!("{victim} is told in {text}"));
        }
        let id = read.item.id.as_str();
        let told = read.form == Form::Redacted && text.contains(id);
        if told { Err(format!("{id} is told in {text}")) } else { Ok(()) }
    }
}

/// One event of a stream.
struct Event {
    place: u64,
    object: Option<Value>,
    line: String,
}

impl Event {
    fn item(&self) -> Option<(u64, (String, bool))> {
        Some((self.place, mark(self.object.as_ref()?)))
    }
}

impl Node {
    /// All lines of the items over JSON, page by page.
    async fn items(&self, reader: &Reader, query: &str) -> Vec<Value> {
        let (mut lines, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let uri = format!("/api/v1/items?{query}&after={after}");
            let (status, body) = self.get(&reader.token, &uri).await;
            let page: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(status, 200, "{uri}: {page}");
            lines.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return lines,
            }
        }
    }

    /// All objects of a TAXII collection, page by page.
    async fn taxii(&self, reader: &Reader, shelf: &str, what: &str, query: &str) -> Vec<Value> {
        let (mut objects, mut next) = (Vec::new(), String::new());
        loop {
            let uri = format!("{shelf}/{what}/?{query}{next}");
            let (status, body) = self.get(&reader.token, &uri).await;
            let page: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(status, 200, "{uri}: {page}");
            objects.extend(page["objects"].as_array().into_iter().flatten().cloned());
            match page["next"].as_str() {
                Some(place) => next = format!("&next={place}"),
                None => return objects,
            }
        }
    }

    /// What a stream tells until it is silent, withdrawals apart; it is gone when it ended.
    async fn drain(&self, stream: &mut Option<Body>, withdrawn: &mut Vec<Value>) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(body) = stream {
            self.breathe();
            let Some(frame) = body.frame().await else {
                *stream = None;
                break;
            };
            let bytes = frame.unwrap().into_data().unwrap();
            let (before, mut notices) = (events.len(), 0);
            for line in std::str::from_utf8(&bytes).unwrap().lines() {
                let mut event: Value = serde_json::from_str(line).unwrap();
                if let Some(notice) = event.get("withdrawn").or(event.get("line-withdrawn")) {
                    name_only(notice);
                    withdrawn.push(notice.clone());
                    notices += 1;
                    continue;
                }
                let place = event["id"].as_str().unwrap().parse().unwrap();
                let object = event.get_mut("object").map(Value::take);
                events.push(Event { place, object, line: text(&event, "line") });
            }
            if notices == 0 && events[before..].iter().all(|event| event.object.is_none()) {
                break;
            }
        }
        events
    }
}

/// A withdrawal names the item, and shows nothing of it.
fn name_only(withdrawn: &Value) {
    let told = withdrawn.as_object().unwrap().keys();
    let told = told.filter(|name| !["version", "line"].contains(&name.as_str()));
    assert_eq!(told.collect::<Vec<_>>(), ["item", "place", "at", "reason"]);
}

fn found(readable: &[Readable<'_>]) -> Found {
    readable.iter().map(|it| (it.written.mark.clone(), it.form == Form::Redacted)).collect()
}

/// The mark of an object, and whether it is a derived one.
fn mark(object: &Value) -> (String, bool) {
    let name = text(object, "name");
    let mark = name.split_whitespace().find(|word| word.starts_with("seal"));
    let id = text(object, "id").replace("-5000-", "-4000-");
    let derived = !id.contains("--00000000-0000-4000-8000-");
    (mark.unwrap_or(&name).to_owned(), derived)
}

/// The object as an item's page shows it.
fn object_of(page: &str) -> Option<Value> {
    let shown = between(page, "<pre class=\"raw\" tabindex=\"0\">", "</pre>")?;
    Some(serde_json::from_str(shown).unwrap())
}

fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

/// A moment without the parts of its second.
fn second(object: &Value, name: &str) -> String {
    text(object, name).chars().take(19).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), Wrong> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}:\n     found {found:?}\n  expected {expected:?}"))
}
