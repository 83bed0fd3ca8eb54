//! What there must be at the end, and what not.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::load::{Load, Outcome};
use crate::node::{Line, OUTSIDER, Place, READER, TOWNS, Town};

/// What each reads at the end.
pub(crate) struct Readings {
    /// What the towns brought, by identifier.
    own: HashMap<String, Row>,
    /// What the agency has, by place.
    agency: BTreeMap<u64, Row>,
    /// The same over TAXII: the identifiers.
    taxii: Vec<String>,
    /// What the outsider has.
    outsider: usize,
}

/// An item as it is read.
struct Row {
    place: u64,
    id: String,
    name: String,
    text: String,
}

/// What came of all that was brought.
#[derive(Default)]
pub(crate) struct Figures {
    acknowledged: usize,
    kept: usize,
    absent: usize,
    objects: usize,
}

#[derive(Deserialize)]
struct Page {
    #[serde(alias = "objects")]
    items: Vec<Box<RawValue>>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    place: u64,
    object: Box<RawValue>,
}

#[derive(Deserialize)]
struct Object {
    id: String,
    name: String,
}

impl Readings {
    pub(crate) async fn of(town: &Town, place: &Place) -> Self {
        let mut own = HashMap::new();
        for producer in TOWNS {
            for row in items(place, &town.token(producer), "own").await {
                let twice = own.insert(row.id.clone(), row);
                assert!(twice.is_none(), "an item has one version");
            }
        }
        let agency = items(place, &town.token(READER), "cleared").await;
        let outsider = items(place, &town.token(OUTSIDER), "cleared").await.len();
        let path = "/taxii2/root/collections/cleared/objects/?limit=1000";
        let taxii = pages(place, &town.token(READER), path, "next").await;
        let taxii = taxii.iter().map(|text| object(text).id).collect();
        let agency = agency.into_iter().map(|row| (row.place, row)).collect();
        Self { own, agency, taxii, outsider }
    }

    /// Holds what there is against what was brought.
    pub(crate) fn hold(&self, loads: &[Load]) -> Figures {
        let named: HashMap<_, _> = self.agency.values().map(|row| (&*row.name, row)).collect();
        assert_eq!(named.len(), self.agency.len(), "the agency has each once");
        let mut figures = Figures::default();
        for load in loads {
            let there = load.objects.iter().filter(|it| self.own.contains_key(&it.id)).count();
            match &load.outcome {
                Outcome::Acknowledged(_) => figures.acknowledged += 1,
                Outcome::Unanswered if there > 0 => figures.kept += 1,
                Outcome::Unanswered => figures.absent += 1,
            }
            if there == 0 && matches!(load.outcome, Outcome::Unanswered) {
                let leaks = load.objects.iter().any(|it| named.contains_key(&*it.name));
                assert!(!leaks, "nobody has what is not there");
                continue;
            }
            assert_eq!(there, load.objects.len(), "what came together is there together");
            figures.objects += there;
            self.hold_whole(load, &named);
        }
        assert_eq!(figures.objects, self.own.len(), "nothing is there that nobody brought");
        assert_eq!(figures.objects, self.agency.len(), "the agency has what the towns brought");
        let ids: Vec<_> = self.agency.values().map(|row| row.id.clone()).collect();
        assert_eq!(self.taxii, ids, "TAXII gives what the JSON interface gives");
        assert_eq!(self.outsider, 0, "the outsider has nothing");
        figures
    }

    /// Every object of a load is there as it was brought, and the agency has it.
    fn hold_whole(&self, load: &Load, named: &HashMap<&str, &Row>) {
        for object in &load.objects {
            let (own, agency) = (&self.own[&object.id], named[&*object.name]);
            assert_eq!(own.text, object.text, "byte for byte");
            if object.id.starts_with("indicator") {
                assert_eq!(agency.text, object.text, "byte for byte");
            } else {
                assert_ne!(agency.id, object.id, "it has the form without the victim");
                assert!(!agency.text.contains(load.producer), "{}", agency.text);
            }
        }
        let Outcome::Acknowledged(places) = &load.outcome else { return };
        for (id, place) in places {
            assert_eq!(self.own[id].place, *place, "it is where it was said to be");
        }
    }

    /// The place of the last that the agency has.
    pub(crate) fn last(&self) -> u64 {
        self.agency.last_key_value().map_or(0, |(place, _)| *place)
    }

    /// A follower had each once, and in order.
    pub(crate) fn were_heard(&self, events: &[(u64, String)]) {
        let there = self.agency.values().map(|row| (row.place, &*row.name));
        let heard = events.iter().map(|(place, name)| (*place, &**name));
        assert!(there.eq(heard), "{} are there, {} were heard", self.agency.len(), events.len());
    }
}

/// All items of a share, as the holder of a token reads them.
async fn items(place: &Place, token: &str, share: &str) -> Vec<Row> {
    let path = format!("/api/v1/items?versions=all&limit=1000&share={share}");
    let texts = pages(place, token, &path, "after").await;
    let row = |text: &RawValue| {
        let Item { place, object: body } = serde_json::from_str(text.get()).unwrap();
        let Object { id, name } = object(&body);
        Row { place, id, name, text: body.get().to_owned() }
    };
    texts.iter().map(|text| row(text)).collect()
}

fn object(text: &RawValue) -> Object {
    serde_json::from_str(text.get()).unwrap()
}

/// All that an address lists, page by page.
async fn pages(place: &Place, token: &str, path: &str, after: &str) -> Vec<Box<RawValue>> {
    let mut line = Line::to(place, token).await.unwrap();
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page: Page = serde_json::from_slice(&line.get(&format!("{path}{next}")).await).unwrap();
        all.extend(page.items);
        match page.next {
            Some(place) => next = format!("&{after}={place}"),
            None => return all,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, kept, absent, objects } = self;
        write!(
            f,
            "{acknowledged} loads acknowledged, {kept} kept and {absent} absent without an answer, \
             {objects} objects"
        )
    }
}
