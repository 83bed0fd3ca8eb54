//! A report by any door: its receipt number at once, a case at the beginning of its life.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vedetta_desk::incident::{Affected, Channel, Reported, Routed, ServiceStatus};
use vedetta_desk::triage::{Centre, Reach, Tie, route};
use vedetta_desk::{CaseNumber, Change, Incident, Stands};
use vedetta_flow::Standing;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{Actor, Category, Instant, ItemId, OrganisationId};
use vedetta_store::{RecordKind, StoreError, UnitOfWork};

use crate::error::WatchError;
use crate::kept::{Did, Kept};
use crate::watch::{REPORTERS, Watch};

/// What somebody reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// By which door. Who does not work in the operations room comes by `portal`, `api` or
    /// `finding`.
    pub channel: Channel,
    /// For whom; one's own without it. For others reports the operations room alone.
    #[serde(default)]
    pub organisation: Option<OrganisationId>,
    /// What it is about.
    pub title: String,
    /// What happened, in the words of who tells it.
    pub words: String,
    /// Whom to call back, and how.
    #[serde(default)]
    pub contact: Option<String>,
    /// When the organisation became aware.
    #[serde(default)]
    pub awareness: Option<Instant>,
    /// Items that belong to it.
    #[serde(default)]
    pub items: BTreeSet<ItemId>,
    /// Which services do not work, or not well.
    #[serde(default)]
    pub services: BTreeSet<String>,
    /// The exercise to which it belongs.
    #[serde(default)]
    pub exercise: Option<String>,
    /// What makes it one: sent twice with the same key it is one report, with one number.
    #[serde(default)]
    pub key: Option<String>,
}

/// That a report was received.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReportReceipt {
    /// The number of its case.
    pub number: CaseNumber,
    /// When it was received.
    pub at: Instant,
    /// Whether it had been received before.
    pub repeated: bool,
}

/// The most cases of one year.
const MOST: u32 = 99_999_999;

impl Watch {
    /// Takes a report in. When this returns, it is durable and waits at the queue.
    ///
    /// # Errors
    /// Forbidden, an organisation or item that is unknown to who reports, or a report without title
    /// or words.
    pub fn report(&self, by: &Actor, new: NewReport) -> Result<ReportReceipt, WatchError> {
        self.house().require(by, REPORTERS, "report")?;
        let organisation = self.reported_for(by, &new)?;
        let (incident, key) = self.compose(by, organisation, new)?;
        let at = incident.reported.at;
        let actor = by.account.clone();
        let placed = self.house().write(move |unit| {
            if let Some(key) = &key
                && let Some(first) = unit.bookmark(key)?
                && let Some(number) = read_number(&first)
            {
                return Ok(Err(number));
            }
            let mut incident = incident.clone();
            incident.number = next(unit, incident.reported.at)?;
            if let Some(key) = &key {
                unit.set_bookmark(key, incident.number.to_string().as_bytes())?;
            }
            let kept = Kept { incident, did: Did::Opened, by: actor.clone(), before: None };
            let stamp = kept.put(unit)?;
            let stamp =
                stamp.ok_or_else(|| StoreError::Refused("the report is too large".into()))?;
            Ok(Ok((kept, stamp)))
        })?;
        match placed {
            Err(number) => Ok(ReportReceipt { number, at, repeated: true }),
            Ok((kept, stamp)) => {
                self.learn(&kept, stamp);
                let number = kept.incident.number;
                Ok(ReportReceipt { number, at: stamp.at, repeated: false })
            }
        }
    }

    /// For whom a report is; refused when that is not for who reports to say.
    fn reported_for(&self, by: &Actor, new: &NewReport) -> Result<OrganisationId, WatchError> {
        let stands = self.viewer(by).stands;
        let organisation = new.organisation.as_ref().unwrap_or(&by.organisation).clone();
        if stands != Stands::InTheRoom {
            let own = matches!(new.channel, Channel::Portal | Channel::Api | Channel::Finding);
            if !own {
                let reason = "this door is the operations room's; write portal, api or finding";
                return Err(WatchError::invalid("channel", reason));
            }
            if organisation != by.organisation {
                // Whether it exists is not told either.
                return Err(WatchError::unknown("organisation", organisation));
            }
        }
        self.house().number_of(&organisation).map(drop)?;
        Ok(organisation)
    }

    /// The case of a report, its number still to be given, and the name of its key.
    fn compose(
        &self,
        by: &Actor,
        organisation: OrganisationId,
        new: NewReport,
    ) -> Result<(Incident, Option<String>), WatchError> {
        let at = self.house().now();
        let key = new.key.filter(|key| !key.is_empty());
        let key = key.map(|key| key_name(&organisation, &key));
        let reported = Reported {
            channel: new.channel,
            organisation: organisation.clone(),
            by: by.account.clone(),
            at,
            words: new.words,
            contact: new.contact.filter(|contact| !contact.trim().is_empty()),
        };
        let unnumbered = CaseNumber { year: 0, serial: 0 };
        let mut incident = Incident::open(unnumbered, new.title, reported)?;
        for item in new.items {
            self.house().item(by, &item)?;
            incident = incident.change(Change::Link { item }, &by.account, at)?;
        }
        if !new.services.is_empty() {
            let affected = Affected { services: new.services, status: ServiceStatus::Reported };
            let change = Change::Affect { organisation: organisation.clone(), affected };
            incident = incident.change(change, &by.account, at)?;
        }
        if let Some(awareness) = new.awareness {
            let change = Change::Know { awareness: Some(awareness), evidence: None };
            incident = incident.change(change, &by.account, at)?;
        }
        if let Some(exercise) = new.exercise.filter(|it| !it.is_empty()) {
            self.check_exercise(&exercise, &organisation)?;
            incident.exercise = Some(exercise);
        }
        incident.routed = self.routing(&organisation);
        if let Some(exercise) = &incident.exercise {
            // A centre that takes no part never learns of it.
            let inside = self.participants_of(exercise)?;
            incident.routed = incident.routed.filter(|it| inside.contains(&it.to));
        }
        Ok((incident, key))
    }

    /// Which centre a report of an organisation should go to.
    pub(crate) fn routing(&self, organisation: &OrganisationId) -> Option<Routed> {
        let standing = self.house().standing();
        let of = standing.directory.organisation(organisation)?;
        route(of, &centres(&standing), &ties(&standing, organisation))
    }
}

/// The kinds of those that answer reports.
pub(crate) const CENTRES: [OrganisationKind; 4] = [
    OrganisationKind::NationalCentre,
    OrganisationKind::RegionalCentre,
    OrganisationKind::Agency,
    OrganisationKind::Association,
];

/// The centres of the network.
fn centres(standing: &Standing) -> Vec<Centre> {
    let all = CENTRES.into_iter().flat_map(|kind| standing.directory.of_kind(kind));
    let centres = all.map(|member| {
        let it = &member.organisation;
        let reach = match (it.kind, &it.region) {
            (OrganisationKind::NationalCentre, _) => Reach::Country,
            (OrganisationKind::RegionalCentre, Some(region)) => Reach::Region(region.clone()),
            _ => Reach::Members,
        };
        Centre { id: it.id.clone(), name: it.name.clone(), reach, sector: it.sector }
    });
    centres.collect()
}

/// The agreements by which an organisation gives its incidents to centres.
fn ties(standing: &Standing, organisation: &OrganisationId) -> Vec<Tie> {
    let Some(number) = standing.directory.number(organisation) else { return Vec::new() };
    let (network, mut ties) = (&standing.network, Vec::new());
    for agreement in standing.agreements.iter().filter(|it| it.adhesion.is_none()) {
        let gives = agreement.parties.iter().find(|party| {
            party.gives.contains(&Category::Incident)
                && network.members(&agreement.id, &party.name).contains(number)
        });
        let Some(gives) = gives else { continue };
        let takes = agreement.parties.iter().filter(|party| {
            party.name != gives.name && party.receives.contains(&Category::Incident)
        });
        for centre in takes.flat_map(|party| &party.organisations) {
            let (agreement, title) = (agreement.id.clone(), agreement.title.clone());
            ties.push(Tie { agreement, title, centre: centre.clone() });
        }
    }
    ties
}

/// The next number of the year of a moment.
pub(crate) fn next(unit: &mut dyn UnitOfWork, at: Instant) -> Result<CaseNumber, StoreError> {
    let year = u16::try_from(at.day().year()).unwrap_or(0);
    let name = format!("desk/cases/{year}");
    let last = unit.bookmark(&name)?.and_then(|last| String::from_utf8(last).ok());
    let last = last.and_then(|last| last.parse::<u32>().ok()).unwrap_or(0);
    let mut serial = last;
    while serial < MOST {
        serial += 1;
        let number = CaseNumber { year, serial };
        // The counter is beside the ledger: a number that a case has is never given again.
        if unit.record(RecordKind::Incident, &number.to_string())?.is_none() {
            unit.set_bookmark(&name, serial.to_string().as_bytes())?;
            return Ok(number);
        }
    }
    Err(StoreError::Refused("this year has no more numbers for cases".into()))
}

fn read_number(bytes: &[u8]) -> Option<CaseNumber> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Under what a report's key is remembered, for its organisation alone.
fn key_name(organisation: &OrganisationId, key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("desk/report/{organisation}/{digest}")
}
