//! What sensors found lately, for those who may know it, and what a person judged of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
pub use vedetta_detect::finding::Severity;
use vedetta_flow::{FlowError, House};
use vedetta_model::{Actor, Instant, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::Form;
use vedetta_store::{ClearanceId, StoredItem};

use crate::Outposts;
use crate::judge::Judged;
use crate::seen::Sightings;

/// A finding of a sensor, as far as the reader may know it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alert {
    /// The sighting that it became.
    pub sighting: ItemId,
    /// What was sighted.
    pub sighting_of: ItemId,
    /// The identifier of the indicator, rule or watch of the usual.
    pub of: String,
    /// In words.
    pub title: String,
    /// How grave.
    pub severity: Severity,
    /// How sure, 1 to 100.
    pub confidence: u8,
    /// Techniques of ATT&CK.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// About whom, in the sensor's own words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub entity: String,
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Instant,
    /// When last.
    pub last: Instant,
    /// Whose sensor found it, to those entitled to the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// What a person judged of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
}

/// Which alerts.
#[derive(Clone, Copy, Debug)]
pub struct AlertWish {
    /// As grave as this, at least.
    pub least: Severity,
    /// At most so many, 1 to [`MOST`].
    pub limit: usize,
}

/// Alerts given at most.
pub const MOST: usize = 200;
/// Findings remembered.
const REMEMBERED: usize = 2_000;

/// The newest findings: those that sensors told last.
#[derive(Default)]
pub(crate) struct Recent {
    by_item: HashMap<(ItemId, ClearanceId), Told>,
}

/// What is remembered of a finding.
struct Told {
    version: Instant,
    producer: OrganisationNumber,
    written: Written,
}

/// What is read of a sighting that a sensor's finding became.
#[derive(Deserialize)]
struct Written {
    sighting_of_ref: ItemId,
    #[serde(default)]
    description: String,
    #[serde(default)]
    confidence: u8,
    #[serde(default)]
    count: u64,
    created: Instant,
    first_seen: Option<Instant>,
    last_seen: Option<Instant>,
    x_vedetta_of: String,
    x_vedetta_severity: Severity,
    #[serde(default)]
    x_vedetta_techniques: Vec<String>,
    #[serde(default)]
    x_vedetta_entity: String,
    #[serde(default)]
    revoked: bool,
}

impl Recent {
    /// Takes note of a release of a sighting; of one that is no sensor's, of nothing.
    pub(crate) fn note(&mut self, item: &StoredItem) {
        let Ok(written) = serde_json::from_slice::<Written>(&item.body) else { return };
        let key = (item.id.clone(), item.clearance);
        if written.revoked {
            self.by_item.retain(|(id, _), _| *id != item.id);
            return;
        }
        let newest = self.by_item.get(&key).is_none_or(|known| known.version <= item.version);
        if newest {
            let (version, producer) = (item.version, item.producer);
            self.by_item.insert(key, Told { version, producer, written });
        }
        if self.by_item.len() > 2 * REMEMBERED {
            let mut versions: Vec<Instant> = self.by_item.values().map(|it| it.version).collect();
            let (_, oldest, _) = versions.select_nth_unstable(REMEMBERED);
            let oldest = *oldest;
            self.by_item.retain(|_, told| told.version >= oldest);
        }
    }

    /// Forgets what was withdrawn.
    pub(crate) fn forget(&mut self, withdrawn: &BTreeSet<ItemId>) {
        self.by_item.retain(|(id, _), _| !withdrawn.contains(id));
    }
}

impl Outposts {
    /// What sensors found lately, the newest first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn alerts(&self, by: &Actor, wish: &AlertWish) -> Result<Vec<Alert>, FlowError> {
        let mut alerts = self.recent(by, wish.least)?;
        alerts.truncate(wish.limit.clamp(1, MOST));
        self.add_judgements(&mut alerts)?;
        Ok(alerts)
    }

    /// As [`Self::alerts`], but first what nobody judged yet, the gravest first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn alerts_to_judge(&self, by: &Actor, wish: &AlertWish) -> Result<Vec<Alert>, FlowError> {
        let mut alerts = self.recent(by, wish.least)?;
        self.add_judgements(&mut alerts)?;
        alerts.sort_by_key(|it| (it.judged.is_some(), Reverse(it.severity), Reverse(it.last)));
        alerts.truncate(wish.limit.clamp(1, MOST));
        Ok(alerts)
    }

    /// What was judged of each, for who knows whose it is.
    fn add_judgements(&self, alerts: &mut [Alert]) -> Result<(), FlowError> {
        let sensors = self.sensors()?;
        let mut of: BTreeMap<&OrganisationId, Vec<&Judged>> = BTreeMap::new();
        for sensor in &sensors {
            of.entry(&sensor.organisation).or_default().extend(&sensor.judged);
        }
        for alert in alerts {
            let of = alert.organisation.as_ref().and_then(|it| of.get(it));
            let judged = of.into_iter().flatten().filter(|it| it.is_of(alert));
            alert.judged = judged.max_by_key(|it| it.at).map(|it| (*it).clone());
        }
        Ok(())
    }

    /// All that is remembered and that the actor may know, without judgements.
    pub(crate) fn recent(&self, by: &Actor, least: Severity) -> Result<Vec<Alert>, FlowError> {
        let readable = self.house.entitled(by)?;
        let mut sightings = self.sightings.lock().unwrap_or_else(PoisonError::into_inner);
        sightings.catch_up(&self.house)?;
        let Sightings { recent, whole, .. } = &mut *sightings;
        let told = recent.by_item.iter();
        let told = told.filter(|(_, told)| told.written.x_vedetta_severity >= least);
        let may = |clearance| readable.binary_search(&clearance).is_ok();
        let mut newest: Vec<_> = told.filter(|((_, clearance), _)| may(*clearance)).collect();
        newest.sort_by_key(|((id, _), told)| (Reverse(told.version), id.clone()));
        let mut alerts: BTreeMap<ItemId, (bool, usize, Alert)> = BTreeMap::new();
        for (at, ((id, clearance), told)) in newest.into_iter().enumerate() {
            let form = self.house.form_of(*clearance);
            let named = form == Some(Form::Full);
            // With the victim and without it, it is one finding.
            let whole = whole.of(&self.house, id)?;
            let known = alerts.get(&whole).map(|(named, ..)| *named);
            if known.is_none_or(|known| named && !known) {
                let alert = alert(&self.house, by, (id, told), form);
                alerts.insert(whole, (named, at, alert));
            }
        }
        let mut alerts: Vec<_> = alerts.into_values().collect();
        alerts.sort_by_key(|(_, at, _)| *at);
        Ok(alerts.into_iter().map(|(.., alert)| alert).collect())
    }
}

fn alert(house: &House, by: &Actor, (id, told): (&ItemId, &Told), form: Option<Form>) -> Alert {
    let standing = house.standing();
    let organisation = standing.directory.numbered(told.producer).map(|it| it.id.clone());
    let Written { created, first_seen, last_seen, .. } = told.written;
    let written = &told.written;
    let first = first_seen.unwrap_or(created);
    Alert {
        sighting: id.clone(),
        sighting_of: written.sighting_of_ref.clone(),
        of: written.x_vedetta_of.clone(),
        title: written.description.clone(),
        severity: written.x_vedetta_severity,
        confidence: written.confidence,
        techniques: written.x_vedetta_techniques.clone(),
        entity: written.x_vedetta_entity.clone(),
        count: written.count.max(1),
        first,
        last: last_seen.unwrap_or(first),
        organisation: organisation.filter(|it| form == Some(Form::Full) || *it == by.organisation),
        judged: None,
    }
}
