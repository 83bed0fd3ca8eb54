//! What an envelope must be like before anything in it is believed.

use std::collections::HashSet;

use vedetta_model::item::ExerciseError;
use vedetta_model::{Exercise, Instant};

use super::{MOST_AGREEMENTS, MOST_NAMES, Refusal, SKEW};
use crate::envelope::{Envelope, VERSION, What};
use crate::hop::{self, MOST_HOPS, MOST_PASSAGES};

/// No more of anything than may be.
pub(super) fn bounds(envelope: &Envelope) -> Result<(), Refusal> {
    if envelope.v != VERSION {
        return Err(Refusal::Version(envelope.v));
    }
    if envelope.hops.len() > MOST_HOPS {
        return Err(Refusal::TooMany("hops"));
    }
    match &envelope.what {
        What::Item(item) => {
            let conditions = &item.conditions;
            let sets =
                [conditions.victims.len(), conditions.named.len(), conditions.only_under.len()];
            if sets.iter().any(|names| *names > MOST_NAMES) {
                return Err(Refusal::TooMany("names in its conditions"));
            }
            match conditions.exercise.as_ref().map_or(Ok(()), Exercise::check) {
                Ok(()) => {}
                Err(ExerciseError::Name) => {
                    return Err(Refusal::TooMany("letters in its exercise's name"));
                }
                Err(ExerciseError::Participants(_)) => {
                    return Err(Refusal::TooMany("participants in its exercise"));
                }
            }
        }
        notice if notice.octets() > notice.largest() => return Err(Refusal::TooMany("octets")),
        _ => {}
    }
    for hop in &envelope.hops {
        if hop.passages.len() > MOST_PASSAGES {
            return Err(Refusal::TooMany("passages"));
        }
        if hop.passages.iter().any(|passage| hop::agreements(passage) > MOST_AGREEMENTS) {
            return Err(Refusal::TooMany("agreements"));
        }
        if hop.passages.iter().any(|passage| passage.through.len() > MOST_HOPS) {
            return Err(Refusal::TooMany("organisations"));
        }
    }
    Ok(())
}

/// From node to node, through none twice.
pub(super) fn trail(envelope: &Envelope) -> Result<(), Refusal> {
    let mut at = &envelope.origin;
    let mut seen = HashSet::from([at]);
    for (place, hop) in envelope.hops.iter().enumerate() {
        if hop.from != *at {
            return Err(Refusal::BrokenTrail(place));
        }
        if !seen.insert(&hop.to) {
            return Err(Refusal::Loop(hop.to.clone()));
        }
        at = &hop.to;
    }
    Ok(())
}

/// Of the moments of passing it on alone, which each node reads from its clock as it seals. The
/// moment of the origin's ledger never goes back: where a clock once ran ahead, it stays ahead.
pub(super) fn times(envelope: &Envelope, now: Instant) -> Result<(), Refusal> {
    let latest = now.after(SKEW);
    let mut moments = envelope.hops.iter().map(|hop| hop.at);
    match moments.find(|at| *at > latest) {
        Some(at) => Err(Refusal::Future { at }),
        None => Ok(()),
    }
}
