//! What concerns us: of all that an organisation may read, the early warnings and what touches its
//! assets, in plain words, with what to do.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use vedetta_desk::concern;
use vedetta_desk::triage::traces;
use vedetta_desk::warning::{Reaction, WarningStage, WarningText};
use vedetta_directory::Observable;
use vedetta_flow::{House, Look, ReadItem, Share, Standing};
use vedetta_model::language::Bilingual;
use vedetta_model::{Actor, Category, Instant, ItemId, OrganisationNumber, Tlp};

use crate::error::WatchError;
use crate::watch::Watch;

/// Something that concerns an organisation.
#[derive(Clone, Debug, Serialize)]
pub struct Concern {
    /// The item.
    pub item: ItemId,
    /// As it was read: who is shown it has received it.
    #[serde(skip)]
    pub read: ReadItem,
    /// What it is about.
    pub title: String,
    /// When it was released.
    pub at: Instant,
    /// How far it may go.
    pub tlp: Tlp,
    /// Why it concerns it.
    pub because: Vec<Bilingual>,
    /// What to do.
    pub what_to_do: Bilingual,
    /// The warning, where it is one of this node's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// When the organisation acknowledged it, which says that it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Instant>,
    /// When the room last reminded of the warning, unless the organisation acted since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded: Option<Instant>,
    /// What the organisation did about the warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
}

/// What is looked at is no older.
const BACK: Duration = Duration::from_secs(14 * 86_400);
/// The warnings of this node that hold, by their item: identifier, when sent, and text.
type Warnings = HashMap<ItemId, (String, Instant, WarningText)>;

/// Who asks what concerns it.
struct Concerned<'a> {
    house: &'a House,
    standing: &'a Standing,
    number: OrganisationNumber,
    /// Whose the warnings are.
    room: Option<OrganisationNumber>,
    sector: Option<vedetta_model::organisation::Sector>,
    region: Option<&'a str>,
}

impl Watch {
    /// What concerns the actor's organisation, the newest first: early warnings that it received, and
    /// what touches what it owns. What it brought itself is not among it.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn concerns(&self, by: &Actor, limit: usize) -> Result<Vec<Concern>, WatchError> {
        let (standing, limit) = (self.house().standing(), limit.clamp(1, 200));
        let (asker, warnings) = (self.concerned(by, &standing)?, self.sent_warnings()?);
        let far = self.house().now().before(BACK);
        let look = Look { before: None, limit, share: Share::Cleared, kinds: &[], tlp: None };
        let concern = |item: &ReadItem| asker.concern(item, &warnings);
        let fits = |item: &ReadItem| item.stamp.at >= far && concern(item).is_some();
        let newest = self.house().newest_items(by, &look, fits)?;
        let mut found: Vec<_> = newest.items.iter().filter_map(concern).collect();
        self.add_older_warnings(by, &asker, &warnings, &mut found)?;
        found.sort_by_key(|it| std::cmp::Reverse(it.at));
        found.truncate(limit);
        self.follow(by, found)
    }

    /// Why some items concern the actor's organisation; those that do not are left out.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn why_concerned(
        &self,
        by: &Actor,
        items: &[ReadItem],
    ) -> Result<Vec<Concern>, WatchError> {
        let standing = self.house().standing();
        let (asker, warnings) = (self.concerned(by, &standing)?, self.sent_warnings()?);
        let concern = |item| asker.concern(item, &warnings);
        let found = items.iter().filter_map(concern).collect();
        self.follow(by, found)
    }

    fn concerned<'a>(
        &'a self,
        by: &Actor,
        standing: &'a Standing,
    ) -> Result<Concerned<'a>, WatchError> {
        let member = standing.directory.member(&by.organisation);
        let member = member.ok_or_else(|| WatchError::unknown("organisation", &by.organisation))?;
        let it = &member.organisation;
        let (number, sector, region) = (member.number, it.sector, it.region.as_deref());
        let room = standing.own.as_ref().and_then(|own| standing.directory.number(own));
        Ok(Concerned { house: self.house(), standing, number, room, sector, region })
    }

    /// What became of each: whether it was acknowledged, answered, reminded of.
    fn follow(&self, by: &Actor, mut found: Vec<Concern>) -> Result<Vec<Concern>, WatchError> {
        for concern in &mut found {
            let had = self.house().deliveries(by, &concern.read)?;
            let own = had.into_iter().find(|it| it.organisation == by.organisation);
            concern.acknowledged = own.and_then(|it| it.acknowledged).map(|it| it.at);
            if let Some(id) = &concern.warning {
                concern.reaction = self.reaction(id, &by.organisation)?;
                let acted = concern.reaction.as_ref().map(|it| it.at);
                let nudge = self.nudge_of(id, &by.organisation)?.map(|it| it.at);
                concern.reminded = nudge.filter(|at| acted.is_none_or(|acted| acted < *at));
            }
        }
        Ok(found)
    }

    /// Adds the warnings of the time that is looked back over which many entries have buried.
    fn add_older_warnings(
        &self,
        by: &Actor,
        asker: &Concerned<'_>,
        warnings: &Warnings,
        found: &mut Vec<Concern>,
    ) -> Result<(), WatchError> {
        let far = self.house().now().before(BACK);
        let had = found.iter().filter(|it| it.warning.is_some());
        let had: HashSet<_> = had.map(|it| it.item.clone()).collect();
        for (item, (_, at, _)) in warnings.iter().filter(|(item, _)| !had.contains(*item)) {
            // What is not cleared to it is none of its warnings.
            if *at >= far
                && let Ok(item) = self.house().own_item(by, item)
            {
                found.extend(asker.concern(&item, warnings));
            }
        }
        Ok(())
    }

    /// The warnings that hold, by their item.
    fn sent_warnings(&self) -> Result<Warnings, WatchError> {
        let mut sent = HashMap::new();
        for (id, warning) in self.every_warning()? {
            if let WarningStage::Sent { item, at } = &warning.stage {
                sent.insert(item.clone(), (id, *at, warning.text));
            }
        }
        Ok(sent)
    }
}

impl Concerned<'_> {
    /// Whether and why an item concerns it.
    fn concern(&self, item: &ReadItem, warnings: &Warnings) -> Option<Concern> {
        // What another brought under a warning's name is no warning of the room's.
        let warning = warnings.get(&item.id).filter(|_| self.room == Some(item.producer));
        let object: Value = serde_json::from_slice(&item.body).ok()?;
        let said = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut named: BTreeSet<String> = traces(said("pattern")).collect();
        named.extend(traces(said("description")));
        named.extend(concern::products(said("pattern")));
        if let Some((_, _, text)) = warning {
            named.extend(text.observables.iter().cloned());
        }
        let mut because: Vec<_> = named
            .iter()
            .filter(|it| self.owns(it))
            .take(5)
            .map(|it| {
                Bilingual::new(
                    format!("riguarda {it}, che è vostro o da cui dipendete"),
                    format!("it touches {it}, which is yours or on which you depend"),
                )
            })
            .collect();
        let early = self.house.category(item) == Some(Category::EarlyWarning);
        because
            .extend(warning.map(|(_, _, text)| concern::belongs(text, self.sector, self.region)));
        if early && warning.is_none() {
            because.push(Bilingual::new(
                "è un'allerta precoce diffusa a voi",
                "it is a warning sent to you",
            ));
        }
        if because.is_empty() || self.is_own(item) {
            return None;
        }
        let what_to_do = match warning {
            Some((_, _, text)) => text.what_to_do.clone(),
            // Another node's says it in its own text.
            None if early => concern::to_do(said("description"))
                .unwrap_or_else(|| concern::advice("early-warning")),
            None => concern::advice(item.id.kind()),
        };
        let title = match said("name") {
            "" => item.id.kind(),
            name => name,
        };
        Some(Concern {
            read: item.clone(),
            item: item.id.clone(),
            title: title.chars().take(300).collect(),
            at: item.stamp.at,
            tlp: item.tlp,
            because,
            what_to_do,
            warning: warning.map(|(id, ..)| id.clone()),
            acknowledged: None,
            reminded: None,
            reaction: None,
        })
    }

    fn owns(&self, observable: &str) -> bool {
        Observable::read(observable)
            .is_ok_and(|it| self.standing.relevance.concerned(&it).everyone().contains(self.number))
    }

    fn is_own(&self, item: &ReadItem) -> bool {
        let source = self.house.source(item);
        source.is_some_and(|it| self.standing.directory.number(&it.id) == Some(self.number))
    }
}
