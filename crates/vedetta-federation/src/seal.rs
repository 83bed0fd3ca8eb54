//! One signature over many leaves: a Merkle tree (RFC 9162, 2.1), its root signed.
//!
//! A leaf is `SHA-256(0x00 ‖ canonical JSON)`, a node `SHA-256(0x01 ‖ left ‖ right)`. A node seals
//! what it sends together with one signature; each envelope carries its own way to the root.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::digest::{Digest, digest};
use crate::key::{KeyId, SecretKey, Signature};

/// At most so many leaves are sealed together: a path has at most ten steps.
pub const MOST_LEAVES: usize = 1024;

/// So many steps has a path at most.
const MOST_STEPS: usize = MOST_LEAVES.ilog2() as usize;

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
    #[serde(default, skip_serializing_if = "Path::is_empty")]
    pub path: Path,
    /// Over the root.
    pub signature: Signature,
}

/// Digests from a leaf to its root; in text the octets of all of them as one, in base64url: two
/// paths are most of what an item weighs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Path(Vec<Digest>);

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
    let seal = |(path, index)| Seal { key, index, count, path: Path(path), signature };
    numbered.map(seal).collect()
}

impl Seal {
    /// The root that the leaf and the path lead to; nothing when they fit no tree of that size.
    #[must_use]
    pub fn root(&self, leaf: Digest) -> Option<Digest> {
        Climb::of(self, leaf).map(|climb| climb.root())
    }

    /// From the leaf up, whether each node on the way is the left one of two.
    fn sides(&self) -> Option<Sides> {
        let fits = usize::try_from(self.count).is_ok_and(|count| count <= MOST_LEAVES);
        if self.index >= self.count || !fits {
            return None;
        }
        let (mut sides, mut steps) = ([false; MOST_STEPS], 0);
        let (mut index, mut count) = (self.index, self.count);
        while count > 1 {
            let at = count.next_power_of_two() / 2;
            let left = index < at;
            *sides.get_mut(steps)? = left;
            (index, count) = if left { (index, at) } else { (index - at, count - at) };
            steps += 1;
        }
        sides[..steps].reverse();
        (self.path.0.len() == steps).then_some(Sides { sides, steps })
    }
}

struct Sides {
    sides: [bool; MOST_STEPS],
    steps: usize,
}

/// The way from a leaf to a root, with every node on it.
pub(crate) struct Climb {
    sides: Sides,
    others: [Digest; MOST_STEPS],
    /// From the leaf up.
    nodes: [Digest; MOST_STEPS + 1],
}

impl Climb {
    /// That of a seal; nothing when its path fits no tree of its size.
    pub(crate) fn of(seal: &Seal, leaf: Digest) -> Option<Self> {
        let mut climb = Self::begin(seal, leaf)?;
        climb.climb(climb.sides.steps);
        Some(climb)
    }

    /// The root that it leads to.
    pub(crate) fn root(&self) -> Digest {
        self.nodes[self.sides.steps]
    }

    /// That of another seal which leads to the same root: no further than to where the two meet.
    pub(crate) fn beside(&self, seal: &Seal, leaf: Digest) -> Option<Self> {
        let mut climb = Self::begin(seal, leaf)?;
        let (theirs, mine) = (climb.sides.steps, self.sides.steps);
        let alike = |down: &usize| {
            let (theirs, mine) = (theirs - down, mine - down);
            climb.sides.sides[theirs] == self.sides.sides[mine]
                && climb.others[theirs] == self.others[mine]
        };
        let common = (1..=theirs.min(mine)).take_while(alike).count();
        climb.climb(theirs - common);
        if climb.nodes[theirs - common] != self.nodes[mine - common] {
            return None;
        }
        climb.nodes[theirs - common..=theirs].copy_from_slice(&self.nodes[mine - common..=mine]);
        Some(climb)
    }

    fn begin(seal: &Seal, leaf: Digest) -> Option<Self> {
        let sides = seal.sides()?;
        let mut others = [Digest::default(); MOST_STEPS];
        others[..sides.steps].copy_from_slice(&seal.path.0);
        let mut nodes = [Digest::default(); MOST_STEPS + 1];
        nodes[0] = leaf;
        Some(Self { sides, others, nodes })
    }

    fn climb(&mut self, steps: usize) {
        for step in 0..steps {
            let (node, other) = (self.nodes[step], self.others[step]);
            self.nodes[step + 1] = match self.sides.sides[step] {
                true => branch(node, other),
                false => branch(other, node),
            };
        }
    }
}

impl Path {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let mut octets = [0; 32 * MOST_STEPS];
        let mut text = [0; (32 * MOST_STEPS * 4).div_ceil(3)];
        let (places, _) = octets.as_chunks_mut::<32>();
        for (place, step) in places.iter_mut().zip(&self.0) {
            *place = *step.octets();
        }
        let octets = &octets[..(32 * self.0.len()).min(32 * MOST_STEPS)];
        let length = URL_SAFE_NO_PAD.encode_slice(octets, &mut text);
        let text = length.ok().and_then(|length| std::str::from_utf8(&text[..length]).ok());
        output.serialize_str(text.unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Steps)
    }
}

/// Reads a path; also as a list of digests, as it stands in ledgers written before.
struct Steps;

impl<'de> Visitor<'de> for Steps {
    type Value = Path;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MOST_STEPS} digests in base64url")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Path, E> {
        // The engine wants room for a last group of three, whatever is in it.
        let mut octets = [0; 32 * MOST_STEPS + 3];
        let wrong = || E::invalid_value(Unexpected::Other("another text"), &self);
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut octets).map_err(|_| wrong())?;
        let (steps, rest) = octets[..length].as_chunks::<32>();
        if steps.len() > MOST_STEPS || !rest.is_empty() {
            return Err(wrong());
        }
        Ok(Path(steps.iter().copied().map(Digest::from_octets).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Path, A::Error> {
        let mut steps = Vec::new();
        while let Some(step) = input.next_element()? {
            if steps.len() == MOST_STEPS {
                return Err(A::Error::invalid_length(steps.len() + 1, &self));
            }
            steps.push(step);
        }
        Ok(Path(steps))
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
                let path = Path([&seal.path.0[..], &[signed]].concat());
                let longer = Seal { path, ..seal.clone() };
                assert_eq!(longer.root(leaves[place]), None);
                let beyond = Seal { index: count, ..seal.clone() };
                assert_eq!(beyond.root(leaves[place]), None);
            }
            for (one, other) in (0..seals.len()).flat_map(|n| [(0, n), (n / 2, n), (n, 0)]) {
                let climb = Climb::of(&seals[one], leaves[one]).unwrap();
                let beside = climb.beside(&seals[other], leaves[other]).unwrap();
                let itself = Climb::of(&seals[other], leaves[other]).unwrap();
                assert_eq!(beside.nodes, itself.nodes, "{other} beside {one} of {count}");
                assert!(climb.beside(&seals[other], leaf("forged")).is_none());
                for step in 0..seals[other].path.0.len() {
                    let mut forged = seals[other].clone();
                    forged.path.0[step] = leaf("forged");
                    assert!(climb.beside(&forged, leaves[other]).is_none(), "{step}");
                }
            }
        }
    }
    #[test]
    fn a_path_is_one_text_of_whole_digests_and_no_more_than_a_tree_has() {
        let steps: Vec<_> = (0..10).map(|n: u32| leaf(&n.to_string())).collect();
        let text = |path: &Path| serde_json::to_string(path).unwrap();
        for count in 0..=10 {
            let path = Path(steps[..count].to_vec());
            assert_eq!(serde_json::from_str::<Path>(&text(&path)).unwrap(), path, "{count}");
            let list = serde_json::to_string(&steps[..count]).unwrap();
            assert_eq!(serde_json::from_str::<Path>(&list).unwrap(), path, "{count}");
        }
        let octets: Vec<u8> = steps.iter().flat_map(|it| *it.octets()).collect();
        for wrong in [&octets[..31], &octets[..33], &[&octets[..], &octets[..32]].concat()] {
            let wrong = format!("\"{}\"", URL_SAFE_NO_PAD.encode(wrong));
            assert!(serde_json::from_str::<Path>(&wrong).is_err(), "{wrong}");
        }
        let long = serde_json::to_string(&[&steps[..], &steps[..1]].concat()).unwrap();
        assert!(serde_json::from_str::<Path>(&long).is_err());
        assert!(serde_json::from_str::<Path>("\"a b\"").is_err());
    }
}
