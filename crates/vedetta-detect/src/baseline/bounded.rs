//! A map that forgets who was not heard of for longest.

use std::collections::HashMap;
use std::hash::Hash;

/// Most keys of one watch.
pub(super) const MOST: usize = 50_000;

#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    map: HashMap<K, (i64, V)>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new() }
    }
}

impl<K: Hash + Eq + Clone, V: Default> Bounded<K, V> {
    /// What is known of a key, heard of now.
    pub(super) fn at(&mut self, key: K, now: i64) -> &mut V {
        if self.map.len() >= MOST && !self.map.contains_key(&key) {
            let mut heard: Vec<i64> = self.map.values().map(|it| it.0).collect();
            let (_, middle, _) = heard.select_nth_unstable(MOST / 8);
            let middle = *middle;
            self.map.retain(|_, it| it.0 > middle);
        }
        let it = self.map.entry(key).or_default();
        it.0 = it.0.max(now);
        &mut it.1
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.map.iter_mut().map(|(key, it)| (key, &mut it.1))
    }

    /// Every key, when it was heard of, and what is known of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &i64, &V)> {
        self.map.iter().map(|(key, (heard, it))| (key, heard, it))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut map: Bounded<i64, i64> = Bounded::default();
        for key in 0..200_000 {
            *map.at(key, key) += 1;
            assert!(map.len() <= MOST);
        }
        assert_eq!(*map.at(199_999, 200_000), 1);
        assert_eq!(*map.at(0, 200_000), 0);
    }
}
