//! How fast each agreement works: from accepted to received, and from there to acknowledged.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use serde::Serialize;
use vedetta_flow::authority::MEASURERS;
use vedetta_flow::{FlowError, Standing};
use vedetta_model::agreement::Stage;
use vedetta_model::quantiles::{Quantiles, quantiles};
use vedetta_model::{Actor, AgreementId, Audience, Instant, Places};
use vedetta_policy::Clearance;
use vedetta_store::{ClearanceId, DeliveryBatch, Reader, Sequence, StoreError};

use crate::Timeliness;
use crate::duties::Kept;
use crate::newest::{Released, Releases, newest_acknowledgements, walk_newest};

/// How fast one agreement works.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Pace {
    /// The agreement.
    pub agreement: AgreementId,
    /// From accepted to received.
    pub share: Quantiles,
    /// From received to acknowledged.
    pub acknowledge: Quantiles,
    /// How its duty to acknowledge is kept, if it has one and is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duty: Option<Kept>,
}

/// The parties to agreements, and whom each brings what is cleared alike, gathered once.
struct Parties {
    standing: Arc<Standing>,
    /// Since when each is in force without a break.
    since: BTreeMap<AgreementId, Instant>,
    /// The same moments, in order.
    begins: Vec<Instant>,
    known: RefCell<HashMap<AgreementId, Rc<Audience>>>,
    brought: RefCell<HashMap<ClearanceId, Rc<Brought>>>,
}

type Brought = Vec<(AgreementId, Audience)>;

/// Milliseconds and how many took them: of sharing, and of acknowledging.
type Measured = BTreeMap<AgreementId, (Vec<(u64, u64)>, Vec<(u64, u64)>)>;

impl Timeliness<'_> {
    /// How fast each agreement works: from accepted to received, and from received to acknowledged,
    /// over what was recorded after a place: of more than 200,000 deliveries the newest.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn pace(&self, by: &Actor, after: Sequence) -> Result<Vec<Pace>, FlowError> {
        self.house.require_room(by, MEASURERS, "see how fast the agreements work")?;
        let (mut measured, mut kept) = self
            .house
            .read(|reader| Ok((self.measure(reader, after)?, self.kept(reader, after)?)))?;
        for agreement in kept.keys() {
            measured.entry(agreement.clone()).or_default();
        }
        let paces = measured.into_iter().map(|(agreement, (mut share, mut acknowledge))| Pace {
            share: quantiles(&mut share),
            acknowledge: quantiles(&mut acknowledge),
            duty: kept.remove(&agreement),
            agreement,
        });
        Ok(paces.collect())
    }

    fn measure(&self, reader: &mut dyn Reader, after: Sequence) -> Result<Measured, StoreError> {
        let (mut measured, mut releases) = (Measured::new(), Releases::default());
        let parties = Parties::of_standing(self.house.standing());
        let acknowledgements = newest_acknowledgements(reader, after)?;
        // Of each release that was acknowledged: by whom, and when each first had it.
        let mut received: BTreeMap<_, HashMap<_, Option<Instant>>> = BTreeMap::new();
        for it in &acknowledgements {
            received.entry(it.release.0).or_default().insert(it.organisation, None);
        }
        walk_newest(reader, after, |reader, DeliveryBatch { releases: had, at, audience, .. }| {
            releases.look_up(reader, had)?;
            for (first, last) in had.runs() {
                for (_, by) in received.range_mut(first..=last) {
                    for (_, had) in by.iter_mut().filter(|(number, _)| audience.contains(**number))
                    {
                        *had = Some(had.map_or(*at, |had| had.min(*at)));
                    }
                }
            }
            let mut counts = HashMap::new();
            for place in had.iter() {
                let Some(release) = releases.get(place) else { continue };
                let began = parties.began(release.at);
                let reached = counts
                    .entry((release.clearance, began))
                    .or_insert_with(|| self.reached(&parties, release, audience));
                for (agreement, count) in reached.iter() {
                    let pace = measured.entry(agreement.clone()).or_default();
                    pace.0.push((millis(release.at, *at), *count));
                }
            }
            Ok(())
        })?;
        for it in &acknowledgements {
            let place = it.release.0;
            let had = received.get(&place).and_then(|by| *by.get(&it.organisation)?);
            releases.look_up(reader, &Places::between(place, place))?;
            let (Some(had), Some(release)) = (had, releases.get(place)) else { continue };
            let one = Audience::from_iter([it.organisation]);
            for (agreement, _) in self.reached(&parties, release, &one) {
                let pace = measured.entry(agreement).or_default();
                pace.1.push((millis(had, it.at), 1));
            }
        }
        Ok(measured)
    }

    /// How many of an audience each agreement brought a release to: the last of each one's chain
    /// as things stand, or all that it was released under where none stands any more, or none did yet.
    fn reached(
        &self,
        parties: &Parties,
        release: &Released,
        audience: &Audience,
    ) -> Vec<(AgreementId, u64)> {
        let clearance = release.clearance;
        let Some(cleared) = self.house.shared().book.get(clearance) else { return Vec::new() };
        let brought = parties.brought(clearance, &cleared);
        let producer = parties.standing.directory.number(&cleared.handling.producer);
        let mut rest = audience.difference(&producer.into_iter().collect());
        let under = self.house.shared().book.under(clearance);
        let rested = |agreement| under.as_ref().is_some_and(|under| under.contains(agreement));
        let mut reached = BTreeMap::new();
        for (agreement, to) in brought.iter() {
            // It began since: by another the release was made.
            if !rested(agreement) && !parties.bound(agreement, release.at) {
                continue;
            }
            let had = rest.intersection(to);
            rest = rest.difference(&had);
            *reached.entry(agreement.clone()).or_default() += had.len() as u64;
        }
        let under = under.filter(|_| !rest.is_empty());
        for agreement in under.iter().flat_map(|under| under.iter()) {
            let had = parties.of(agreement).common(&rest).count() as u64;
            *reached.entry(agreement.clone()).or_default() += had;
        }
        reached.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

impl Parties {
    fn of_standing(standing: Arc<Standing>) -> Self {
        let since = standing.agreements.iter().filter_map(|it| match it.stage {
            Stage::InForce { since, .. } => Some((it.id.clone(), since)),
            _ => None,
        });
        let since: BTreeMap<_, _> = since.collect();
        let mut begins: Vec<_> = since.values().copied().collect();
        begins.sort_unstable();
        let (known, brought) = (RefCell::default(), RefCell::default());
        Self { standing, since, begins, known, brought }
    }

    /// How many of those in force were so at a moment: between two beginnings all stays alike.
    fn began(&self, at: Instant) -> usize {
        self.begins.partition_point(|since| *since <= at)
    }

    /// Whether an agreement was in force at a moment, without a break since.
    fn bound(&self, agreement: &AgreementId, at: Instant) -> bool {
        self.since.get(agreement).is_some_and(|since| *since <= at)
    }

    fn of(&self, agreement: &AgreementId) -> Rc<Audience> {
        let mut known = self.known.borrow_mut();
        let gather = || Rc::new(self.standing.members(agreement));
        Rc::clone(known.entry(agreement.clone()).or_insert_with(gather))
    }

    fn brought(&self, id: ClearanceId, clearance: &Clearance) -> Rc<Brought> {
        let mut brought = self.brought.borrow_mut();
        let gather = || Rc::new(self.standing.network.bringing(&clearance.handling));
        Rc::clone(brought.entry(id).or_insert_with(gather))
    }
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}
