//! A STIX 2.1 bundle (specification 8) of the objects as they were released, digit by digit.

use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};
use vedetta_model::Places;

use super::{Act, Content, Doubt, Doubtful, FeedEntry, Needs};

pub(super) const NEEDS: Needs = Needs {
    act: Act::Inform,
    content_type: "application/stix+json;version=2.1",
    comment: None,
    kinds: |_| true,
    expresses: |_| true,
};

pub(super) fn write(content: &mut Content<'_>) -> (Vec<u8>, usize, Places) {
    let mut objects: Vec<u8> = Vec::new();
    let mut carried = Vec::new();
    for entry in &content.entries {
        if content.head.doubtful == Doubtful::LeftOut
            && let Some(doubt) = doubt_of_all(entry)
        {
            match doubt {
                Doubt::Listed(_) => content.left_out.listed += 1,
                Doubt::Broad(_) | Doubt::Withheld => content.left_out.broad += 1,
                Doubt::Members => content.left_out.members += 1,
            }
            continue;
        }
        // One object that is broken must not break the bundle.
        if serde_json::from_slice::<IgnoredAny>(&entry.object).is_err() {
            content.left_out.form += 1;
            continue;
        }
        objects.extend_from_slice(if carried.is_empty() { b"\n" } else { b",\n" });
        objects.extend_from_slice(&entry.object);
        carried.push(entry.place);
    }
    let digest: [u8; 32] = Sha256::digest(&objects).into();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    let id = uuid::Builder::from_custom_bytes(first).into_uuid();
    let mut body = format!(r#"{{"type":"bundle","id":"bundle--{id}""#).into_bytes();
    if !carried.is_empty() {
        body.extend_from_slice(b",\"objects\":[");
        body.append(&mut objects);
        body.extend_from_slice(b"\n]");
    }
    body.extend_from_slice(b"}\n");
    let count = carried.len();
    carried.sort_unstable();
    (body, count, carried.into_iter().collect())
}

/// The doubt about the first term, when there is one about every term. What a member owns is told
/// to those who read.
fn doubt_of_all(entry: &FeedEntry) -> Option<&Doubt> {
    let doubts = entry.terms.iter().map(|term| term.doubt.as_ref());
    let mut doubts = doubts.map(|doubt| doubt.filter(|it| !it.is_of_owners()));
    let first = doubts.next()??;
    doubts.all(|doubt| doubt.is_some()).then_some(first)
}
