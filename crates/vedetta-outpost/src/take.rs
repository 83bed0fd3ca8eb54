//! Taking in what a sensor found.

use std::time::Duration;

use serde_json::{Value, json};
use vedetta_detect::report::{MOST_FINDINGS, RefusedFinding, Report, Taken, Told};
use vedetta_flow::FlowError;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Actor, Instant};

use crate::Outposts;
use crate::objects;

/// How far a sensor's clock may be ahead.
const AHEAD: Duration = Duration::from_mins(5);

impl Outposts {
    /// Takes in a report. What is told again changes nothing; when this returns, what was taken is
    /// durable, and on its way to whom it is cleared for.
    ///
    /// # Errors
    /// Forbidden, too many findings, or what the ledger said: then the same report may be sent again.
    pub fn take(&self, by: &Actor, report: Report) -> Result<Taken, FlowError> {
        let sensor = self.asking(by)?;
        if report.findings.len() > MOST_FINDINGS {
            let reason = format!("at most {MOST_FINDINGS} in a report; send the rest in another");
            return Err(FlowError::invalid("findings", reason));
        }
        let (mut taken, mut objects) = (Taken::default(), Vec::new());
        let latest = self.house.now().after(AHEAD);
        for told in report.findings {
            if let Some(reason) = told.fault() {
                taken.refused.push(RefusedFinding { id: told.id, reason });
                continue;
            }
            let mut told = within(told, latest);
            self.only_threats(&mut told)?;
            objects.push(objects::sighting(&told, &sensor.organisation));
            objects.extend(objects::indicators(&told, &sensor.organisation));
        }
        if objects.is_empty() {
            return Ok(taken);
        }
        let bundle = bundle(&objects);
        let source = format!("sensor {}", sensor.name);
        let arrival =
            stix_bundle::read(DoorIn::Api, &source, bundle.as_bytes(), &stix_bundle::limits());
        let receipt = self.house.accept(by, arrival)?;
        let findings = |kind: &str| kind == "sighting";
        taken.taken = receipt.accepted.iter().filter(|it| findings(it.id.kind())).count();
        taken.known = receipt.duplicates.iter().filter(|it| findings(it.kind())).count();
        for fault in receipt.rejected {
            let id = fault.id.as_deref().and_then(|it| it.strip_prefix("sighting--")?.parse().ok());
            if let Some(id) = id {
                taken.refused.push(RefusedFinding { id, reason: fault.reason });
            }
        }
        Ok(taken)
    }
}

fn bundle(objects: &[Value]) -> String {
    let id = "bundle--00000000-0000-4000-8000-000000000000";
    json!({ "type": "bundle", "id": id, "objects": objects }).to_string()
}

/// With its moments no later than a moment: a clock that is ahead does not hide what comes after.
fn within(mut told: Told, latest: Instant) -> Told {
    for at in [&mut told.first, &mut told.last, &mut told.created, &mut told.told] {
        *at = (*at).min(latest);
    }
    told
}
