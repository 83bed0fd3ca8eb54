//! One signature over many leaves: a Merkle tree (RFC 9162, 2.1), its root signed.
//!
//! A leaf is `SHA-256(0x00 ‖ canonical JSON)`, a node `SHA-256(0x01 ‖ left ‖ right)`. A node seals
//! what it sends together with one signature; each envelope carries its own way to the root.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, digest};
use crate::key::{KeyId, SecretKey, Signature};

/// At most so many leaves are sealed together: a path has at most ten steps.
pub const MOST_LEAVES: usize = 1024;

/// A leaf's place in a sealed tree, with the signature of the root.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The key that signed.
    pub key: KeyId,
    /// The leaf's place, from zero.
    pub index: u32,
    /// How many leaves were sealed.
    pub count: u32,
    /// The other halves on the way from the leaf to the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Digest>,
    /// Over the root.
    pub signature: Signature,
}

/// The leaf of a canonical text.
#[must_use]
pub fn leaf(canonical: &str) -> Digest {
    digest(&[&[0], canonical.as_bytes()])
}

/// Seals leaves together, in order. The caller divides what is more than [`MOST_LEAVES`].
#[must_use]
pub fn seal(key: &SecretKey, leaves: &[Digest]) -> Vec<Seal> {
    let root = root(leaves);
    let signature = key.sign(root.octets());
    let (key, count) = (key.public().id(), u32::try_from(leaves.len()).unwrap_or(u32::MAX));
    let mut paths = vec![Vec::new(); leaves.len()];
    climb(leaves, &mut paths);
    let numbered = paths.into_iter().zip(0..);
    numbered.map(|(path, index)| Seal { key, index, count, path, signature }).collect()
}

impl Seal {
    /// The root that the leaf and the path lead to; nothing when they fit no tree of that size.
    #[must_use]
    pub fn root(&self, leaf: Digest) -> Option<Digest> {
        let fits = usize::try_from(self.count).is_ok_and(|count| count <= MOST_LEAVES);
        if self.index >= self.count || !fits {
            return None;
        }
        let mut path = self.path.iter();
        let root = follow(leaf, (self.index, self.count), &mut path)?;
        path.next().is_none().then_some(root)
    }
}

/// The largest power of two below a count of at least two.
fn half(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn branch(left: Digest, right: Digest) -> Digest {
    digest(&[&[1], left.octets(), right.octets()])
}

fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => digest(&[]),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(half(more.len()));
            branch(root(left), root(right))
        }
    }
}

/// Writes every leaf's path, from the leaf up; gives back the root.
fn climb(leaves: &[Digest], paths: &mut [Vec<Digest>]) -> Digest {
    match leaves {
        [] => digest(&[]),
        [one] => *one,
        more => {
            let at = half(more.len());
            let (left, right) = more.split_at(at);
            let (left_paths, right_paths) = paths.split_at_mut(at);
            let (left, right) = (climb(left, left_paths), climb(right, right_paths));
            left_paths.iter_mut().for_each(|path| path.push(right));
            right_paths.iter_mut().for_each(|path| path.push(left));
            branch(left, right)
        }
    }
}

fn follow<'a>(
    leaf: Digest,
    (index, count): (u32, u32),
    path: &mut impl Iterator<Item = &'a Digest>,
) -> Option<Digest> {
    if count == 1 {
        return Some(leaf);
    }
    let at = count.next_power_of_two() / 2;
    if index < at {
        let left = follow(leaf, (index, at), path)?;
        Some(branch(left, *path.next()?))
    } else {
        let right = follow(leaf, (index - at, count - at), path)?;
        Some(branch(*path.next()?, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_leads_to_the_signed_root_and_no_other_does() {
        let key = SecretKey::from_seed([9; 32]).unwrap();
        for count in [1, 2, 3, 5, 8, 13, 100] {
            let leaves: Vec<_> = (0..count).map(|n: u32| leaf(&n.to_string())).collect();
            let seals = seal(&key, &leaves);
            let signed = root(&leaves);
            assert_eq!(key.public().verify(signed.octets(), &seals[0].signature), Ok(()));
            for (place, seal) in seals.iter().enumerate() {
                assert_eq!(seal.root(leaves[place]), Some(signed), "{place} of {count}");
                assert_ne!(seal.root(leaf("forged")), Some(signed));
                let longer = Seal { path: [&seal.path[..], &[signed]].concat(), ..seal.clone() };
                assert_eq!(longer.root(leaves[place]), None);
                let beyond = Seal { index: count, ..seal.clone() };
                assert_eq!(beyond.root(leaves[place]), None);
            }
        }
    }
}
