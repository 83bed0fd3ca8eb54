//! Whose misfortune the objects of one load tell together: whatever refers to what tells a victim
//! tells it too.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use vedetta_model::ItemId;

/// References times victims of one load: more would take memory and time without bound.
const MOST: usize = 10_000_000;

/// An object among those that came with it.
#[derive(Debug)]
pub struct Sibling {
    /// Its identifier.
    pub id: ItemId,
    /// What it refers to; nothing when it leaves nothing open.
    pub refers: Vec<ItemId>,
    /// The victims that it tells, by their places in a list.
    pub told: BTreeSet<usize>,
}

/// Why a load is not looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{references} references and {victims} victims in one load are too many together")]
pub struct TooMuch {
    /// References of its objects.
    pub references: usize,
    /// Victims that they tell.
    pub victims: usize,
}

/// Passes on what the objects of a load tell along their references, in whatever order they come;
/// `known` is what objects outside the load tell.
///
/// # Errors
/// [`TooMuch`], with nothing passed on.
pub fn pass_on(
    siblings: &mut [Sibling],
    known: impl IntoIterator<Item = (ItemId, usize)>,
) -> Result<(), TooMuch> {
    let mut referring: HashMap<ItemId, Vec<usize>> = HashMap::new();
    for (place, sibling) in siblings.iter().enumerate() {
        for id in &sibling.refers {
            referring.entry(id.clone()).or_default().push(place);
        }
    }
    let mut seeds: Vec<_> =
        known.into_iter().filter(|(id, _)| referring.contains_key(id)).collect();
    for sibling in &*siblings {
        seeds.extend(sibling.told.iter().map(|victim| (sibling.id.clone(), *victim)));
    }
    let victims = seeds.iter().map(|(_, victim)| victim).collect::<BTreeSet<_>>().len();
    let references = siblings.iter().map(|it| it.refers.len()).sum::<usize>();
    if references.saturating_mul(victims) > MOST {
        return Err(TooMuch { references, victims });
    }
    while let Some((id, victim)) = seeds.pop() {
        for &place in referring.get(&id).into_iter().flatten() {
            if siblings[place].told.insert(victim) {
                seeds.push((siblings[place].id.clone(), victim));
            }
        }
    }
    Ok(())
}

/// Shows every identifier that a reference names, at whatever depth.
pub fn references(value: &Value, show: &mut dyn FnMut(ItemId)) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| references(one, show)),
        Value::Object(fields) => {
            for (name, one) in fields {
                let texts = match one {
                    _ if !(name.ends_with("_ref") || name.ends_with("_refs")) => &[],
                    Value::Array(all) => all.as_slice(),
                    one => std::slice::from_ref(one),
                };
                let ids = texts.iter().filter_map(|text| ItemId::new(text.as_str()?).ok());
                ids.for_each(&mut *show);
                references(one, show);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> ItemId {
        ItemId::new(&format!("note--00000000-0000-4000-8000-{n:012x}")).unwrap()
    }

    #[test]
    fn what_is_told_goes_back_along_any_chain_of_references() {
        let chain = |n| Sibling { id: id(n), refers: vec![id(n + 1)], told: BTreeSet::new() };
        let mut siblings: Vec<_> = (0..3000).map(chain).collect();
        siblings[2999].told.insert(4);
        pass_on(&mut siblings, [(id(2000), 7), (id(9999), 9)]).unwrap();
        assert_eq!(siblings[0].told, BTreeSet::from([4, 7]));
        assert_eq!(siblings[2000].told, BTreeSet::from([4]));
    }

    #[test]
    fn more_than_can_be_kept_is_refused() {
        let refers = vec![id(1); 100_000];
        let mut siblings = vec![
            Sibling { id: id(0), refers, told: BTreeSet::new() },
            Sibling { id: id(1), refers: Vec::new(), told: (0..1000).collect() },
        ];
        let refused = pass_on(&mut siblings, []).unwrap_err();
        assert_eq!(refused, TooMuch { references: 100_000, victims: 1000 });
        assert!(siblings[0].told.is_empty());
    }
}
