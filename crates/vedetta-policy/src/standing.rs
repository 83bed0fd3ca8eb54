//! Whether an agreement binds at a moment, and if not, why not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use vedetta_model::agreement::{Agreement, Renewal, Stage, Term};
use vedetta_model::{AccountId, AgreementId, Instant};

/// Whether an agreement binds at a moment, and if not, why not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It binds.
    InForce,
    /// It is still being written.
    Draft,
    /// It is signed and has not begun.
    NotBegun {
        /// Its first day, in Rome.
        from: Date,
    },
    /// Its term ended.
    TermOver {
        /// Its last day, in Rome.
        last: Date,
    },
    /// Somebody stopped it for now.
    Suspended {
        /// When.
        since: Instant,
        /// Who.
        by: AccountId,
        /// Why.
        reason: String,
    },
    /// It is over.
    Expired {
        /// Since when.
        since: Instant,
        /// Who ended it; absent when its term did.
        by: Option<AccountId>,
    },
    /// It would bind, but an agreement above it does not, or is missing, or is below it too.
    Unfounded {
        /// The nearest one above that does not bind.
        above: AgreementId,
    },
}

/// The standing of every agreement at a moment, with each one's lineage.
pub(crate) struct Standings {
    by_id: HashMap<AgreementId, Standing>,
    /// The next moment at which a term begins or ends.
    pub(crate) next_change: Instant,
}

impl Standing {
    /// Whether it binds.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        matches!(self, Self::InForce)
    }

    /// The standing of an agreement by itself, whatever those above it do.
    #[must_use]
    pub fn alone(agreement: &Agreement, now: Instant) -> Self {
        match &agreement.stage {
            Stage::Draft => Self::Draft,
            Stage::Suspended { since, by, reason } => {
                Self::Suspended { since: *since, by: by.clone(), reason: reason.clone() }
            }
            Stage::Expired { since, by } => Self::Expired { since: *since, by: by.clone() },
            Stage::InForce { since, .. } if *since > now => Self::NotBegun { from: since.day() },
            Stage::InForce { .. } => within(&agreement.term, now.day()),
        }
    }
}

impl Standings {
    /// Looks at every agreement at a moment, as if some bound by themselves.
    pub(crate) fn at(
        agreements: &BTreeMap<&AgreementId, &Arc<Agreement>>,
        now: Instant,
        lifted: &BTreeSet<AgreementId>,
    ) -> Self {
        let mut alone = HashMap::with_capacity(agreements.len());
        let mut next_change = Instant::FAR;
        for (&id, agreement) in agreements {
            alone.insert(
                id.clone(),
                match lifted.contains(id) {
                    true => Standing::InForce,
                    false => Standing::alone(agreement, now),
                },
            );
            for boundary in boundaries(agreement).into_iter().filter(|at| *at > now) {
                next_change = next_change.min(boundary);
            }
        }
        let by_id = agreements
            .iter()
            .map(|(&id, agreement)| (id.clone(), founded(agreement, agreements, &alone)))
            .collect();
        Self { by_id, next_change }
    }

    /// The standing of one agreement.
    pub(crate) fn of(&self, id: &AgreementId) -> Option<&Standing> {
        self.by_id.get(id)
    }
}

/// An agreement and those above it, nearest first; stops where one is missing or comes again.
pub(crate) fn lineage(
    agreement: &Agreement,
    agreements: &BTreeMap<&AgreementId, &Arc<Agreement>>,
) -> Vec<AgreementId> {
    let mut line = vec![agreement.id.clone()];
    let mut seen = HashSet::from([agreement.id.clone()]);
    let mut above = agreement.parent.as_ref();
    while let Some(id) = above {
        if !seen.insert(id.clone()) {
            break;
        }
        line.push(id.clone());
        above = agreements.get(id).and_then(|agreement| agreement.parent.as_ref());
    }
    line
}

/// The last day on which a term binds, as seen on a day: a tacit renewal goes on for the same
/// length as often as needed.
#[must_use]
pub fn last_day(term: &Term, today: Date) -> Date {
    if term.renewal != Renewal::Tacit || term.until >= today || term.until < term.from {
        return term.until;
    }
    let after = term.until.tomorrow().unwrap_or(term.until);
    let Ok(length) = term.from.until((jiff::Unit::Year, after)) else { return term.until };
    (2..=i64::from(u16::MAX))
        .map_while(|rounds| term.from.checked_add(length.checked_mul(rounds).ok()?).ok())
        .map_while(|after| after.yesterday().ok())
        .find(|last| *last >= today)
        .unwrap_or(Date::MAX)
}

fn within(term: &Term, today: Date) -> Standing {
    if today < term.from {
        return Standing::NotBegun { from: term.from };
    }
    let tacit = term.renewal == Renewal::Tacit && term.from <= term.until;
    if today > term.until && !tacit {
        return Standing::TermOver { last: term.until };
    }
    Standing::InForce
}

/// The moments at which an agreement in force begins or ceases to bind, or the term of a suspended one ends.
fn boundaries(agreement: &Agreement) -> Vec<Instant> {
    let (Stage::InForce { since, .. } | Stage::Suspended { since, .. }) = agreement.stage else {
        return Vec::new();
    };
    let mut moments = vec![since, Instant::start_of_day(agreement.term.from)];
    if agreement.term.renewal != Renewal::Tacit
        && let Ok(after) = agreement.term.until.tomorrow()
    {
        moments.push(Instant::start_of_day(after));
    }
    moments
}

fn founded(
    agreement: &Agreement,
    agreements: &BTreeMap<&AgreementId, &Arc<Agreement>>,
    alone: &HashMap<AgreementId, Standing>,
) -> Standing {
    let own = alone.get(&agreement.id).cloned().unwrap_or(Standing::Draft);
    if !own.is_in_force() {
        return own;
    }
    let mut seen = HashSet::from([&agreement.id]);
    let mut above = agreement.parent.as_ref();
    while let Some(id) = above {
        let binds = alone.get(id).is_some_and(Standing::is_in_force);
        if !binds || !seen.insert(id) {
            return Standing::Unfounded { above: id.clone() };
        }
        above = agreements.get(id).and_then(|agreement| agreement.parent.as_ref());
    }
    Standing::InForce
}
