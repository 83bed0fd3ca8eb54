//! Words that may go to other nodes: longer than these they are refused there, for good.

use vedetta_federation::envelope::{LONGEST_WORDS, What};

use crate::error::FlowError;

/// Checks a reason or a note.
///
/// # Errors
/// [`FlowError::Invalid`] when it is too long.
pub(crate) fn short(place: &'static str, words: &str) -> Result<(), FlowError> {
    if words.chars().count() <= LONGEST_WORDS {
        return Ok(());
    }
    Err(FlowError::invalid(place, format!("use {LONGEST_WORDS} characters at most")))
}

/// Checks the reason of something for which one is to be there.
///
/// # Errors
/// [`FlowError::Invalid`] when it is empty or too long.
pub(crate) fn reason(words: &str) -> Result<(), FlowError> {
    if words.trim().is_empty() {
        return Err(FlowError::invalid("reason", "it is missing; say in a sentence why"));
    }
    short("reason", words)
}

/// Checks what is said as a whole.
///
/// # Errors
/// [`FlowError::Invalid`] when it is too large.
pub fn travels(place: &str, what: &What) -> Result<(), FlowError> {
    if what.travels() {
        return Ok(());
    }
    let octets = what.octets();
    Err(FlowError::invalid(
        place,
        format!("{octets} octets, more than other nodes take; shorten it"),
    ))
}
