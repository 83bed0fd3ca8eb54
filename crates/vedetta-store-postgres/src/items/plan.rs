//! In which way to walk: along the items asked for, along everything, or along the few clearances
//! that a reader is entitled to.

use uuid::Uuid;
use vedetta_store::ItemQuery;

use super::{numbers, object};
use crate::entries::{count, whole};
use crate::fault::Told;
use crate::session::Session;

/// A page ends after about so many releases that the filter passed over.
const LOOKED: u64 = 50_000;

/// How many releases there are, how many of them the reader's, and how many of the reader's a page
/// would look at when each clearance gives a page of its own.
const SPREAD: &str = "-- name: spread
SELECT coalesce(sum(served), 0)::bigint,
    coalesce(sum(served) FILTER (WHERE mine), 0)::bigint,
    coalesce(sum(least(served, $2::bigint)) FILTER (WHERE mine), 0)::bigint
FROM (SELECT served, id IN (SELECT unnest($1::integer[])) AS mine
    FROM clearance WHERE served > 0) c";

/// A way to walk.
pub(super) enum Plan {
    /// Along these items.
    Items(Vec<Uuid>),
    /// Along everything, so many places.
    Scan {
        /// How many places.
        window: u64,
    },
    /// Along the clearances, merged, so many places.
    Merge {
        /// How many places.
        window: u64,
    },
    /// There is nothing to see.
    Nothing,
}

impl Plan {
    /// Chooses by what each way would look at. Looking at a release along a clearance costs about
    /// twice as much as along everything, and beginning a clearance about eight times.
    pub(super) fn of(session: &mut Session, query: &ItemQuery<'_>) -> Told<Self> {
        if !query.ids.is_empty() {
            let mut objects: Vec<Uuid> = query.ids.iter().map(object).collect();
            objects.sort_unstable();
            objects.dedup();
            return Ok(Self::Items(objects));
        }
        let Some(entitled) = query.clearances else { return Ok(Self::Scan { window: LOOKED }) };
        crate::clearances::write_served(session)?;
        let limit = count(query.limit.clamp(1, 10_000));
        let row = session.engine.always(SPREAD, &[&numbers(Some(entitled)), &limit])?;
        let (total, mine, merged) = (whole(&row, 0)?, whole(&row, 1)?, whole(&row, 2)?);
        if mine == 0 {
            return Ok(Self::Nothing);
        }
        let sparseness = total.div_ceil(mine);
        let scan = total.min(limit.unsigned_abs().saturating_mul(sparseness));
        let merge = 2 * merged + 8 * entitled.len() as u64;
        Ok(if scan <= merge {
            Self::Scan { window: LOOKED }
        } else {
            Self::Merge { window: LOOKED.saturating_mul(sparseness) }
        })
    }
}
