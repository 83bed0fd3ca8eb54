//! What no indicator is made of: what the network's own organisations own, and what the warning lists
//! name. A sensor that sees a town's own mail server in an attack must not have it hunted by all others.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use vedetta_detect::report::{Measures, Observable, Told, hex};
use vedetta_directory::Observable as Asked;
use vedetta_flow::FlowError;
use vedetta_flow::actions::keep_warning_lists::KeptList;
use vedetta_indicator::{DecayTable, Kind, Term, WarningList, WarningLists};

use crate::Outposts;

/// The warning lists, compiled when they are first needed.
#[derive(Default)]
pub(crate) struct Harmless(Mutex<Option<Arc<WarningLists>>>, Mutex<Option<Arc<Measures>>>);

/// Most octets of lists that a sensor is told; the largest are left out first.
const MOST: usize = 16 << 20;

impl Outposts {
    /// The warning lists have changed.
    pub fn forget_lists(&self) {
        *self.harmless.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.harmless.1.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// By what this node judges what indicators are worth, for its sensors.
    pub(crate) fn measures(&self) -> Result<Arc<Measures>, FlowError> {
        let mut known = self.harmless.1.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(measures) = &*known {
            return Ok(Arc::clone(measures));
        }
        let mut kept = self.house.warning_lists()?;
        kept.sort_by_key(|it| it.text.len());
        let mut octets = 0;
        let (fits, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(|it| {
            octets += it.text.len();
            octets <= MOST
        });
        for it in others {
            tracing::warn!(list = %it.id, "a warning list is too large to be told to sensors");
        }
        let text = |it: KeptList| String::from_utf8(it.text).ok();
        let lists: Vec<String> = fits.into_iter().filter_map(text).collect();
        let decay = DecayTable::clone(&self.decay);
        let mut digest = Sha256::new();
        digest.update(serde_json::to_vec(&decay).unwrap_or_default());
        lists.iter().for_each(|it| digest.update(Sha256::digest(it)));
        let digest = hex(&digest.finalize());
        Ok(Arc::clone(known.insert(Arc::new(Measures { digest, decay, lists }))))
    }

    /// Leaves only what others may look for.
    pub(crate) fn only_threats(&self, told: &mut Told) -> Result<(), FlowError> {
        if told.observables.is_empty() {
            return Ok(());
        }
        let (standing, lists) = (self.house.standing(), self.lists()?);
        told.observables.retain(|it| {
            let own = Asked::read(&it.value)
                .is_ok_and(|asked| standing.relevance.owners(&asked).next().is_some());
            let listed = term(it).is_some_and(|term| {
                lists.hits(&term).iter().any(|hit| hit.reach.is_doubtful())
            });
            if own || listed {
                let why = if own { "of the network's own" } else { "on a warning list" };
                tracing::info!(finding = %told.id, value = %it.value, why, "no indicator is made of it");
            }
            !own && !listed
        });
        Ok(())
    }

    fn lists(&self) -> Result<Arc<WarningLists>, FlowError> {
        let mut known = self.harmless.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lists) = &*known {
            return Ok(Arc::clone(lists));
        }
        let kept = self.house.warning_lists()?;
        let lists: Vec<_> = kept
            .iter()
            .filter_map(|kept| WarningList::parse(&kept.text).ok())
            .map(|(list, _)| list)
            .collect();
        let lists = WarningLists::build(&lists)
            .map_err(|error| FlowError::invalid("warning lists", error))?;
        Ok(Arc::clone(known.insert(Arc::new(lists))))
    }
}

fn term(of: &Observable) -> Option<Term> {
    let kind = match of.kind.as_str() {
        "ipv4-addr" => Kind::Ipv4,
        "ipv6-addr" => Kind::Ipv6,
        _ => Kind::Domain,
    };
    Term::new(kind, &of.value).ok()
}
