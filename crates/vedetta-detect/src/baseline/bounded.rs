//! A map that forgets who was not heard of for longest. Who is new is known only once heard of in a
//! second minute, or often: a crowd of strangers (ports that are tried, names that are made up) displaces
//! other strangers, and nobody who is known.

use std::collections::HashMap;
use std::hash::Hash;

use super::MINUTE;

/// Most known keys of one watch, and most new ones.
pub(super) const MOST: usize = 50_000;
/// Heard of so often, a key is known at once.
const OFTEN: u32 = 20;

#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    map: HashMap<K, Heard<V>>,
    /// How many of them are new.
    new: usize,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) struct Heard<V> {
    /// When it was last heard of.
    pub(super) last: i64,
    /// As long as it is new: since when, and how often.
    pub(super) new: Option<(i64, u32)>,
    pub(super) of: V,
}

/// Among whom a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Among {
    Known,
    New,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new(), new: 0 }
    }
}

impl<V> Heard<V> {
    fn among(&self) -> Among {
        if self.new.is_some() { Among::New } else { Among::Known }
    }

    /// Hears of it once more; whether it is new no longer.
    fn again(&mut self, now: i64) -> bool {
        let Some((since, times)) = &mut self.new else { return false };
        *times += 1;
        *times >= OFTEN || now / MINUTE != *since / MINUTE
    }
}

impl<K: Hash + Eq + Clone, V: Default> Bounded<K, V> {
    /// What is known of a key, heard of now.
    pub(super) fn at(&mut self, key: K, now: i64) -> &mut V {
        match self.map.get_mut(&key).map(|it| it.again(now)) {
            Some(false) => {}
            Some(true) => self.know(&key),
            None => {
                self.make_room(Among::New);
                self.new += 1;
            }
        }
        let fresh = || Heard { last: now, new: Some((now, 1)), of: V::default() };
        let it = self.map.entry(key).or_insert_with(fresh);
        it.last = it.last.max(now);
        &mut it.of
    }

    /// A key is new no longer.
    fn know(&mut self, key: &K) {
        self.make_room(Among::Known);
        if let Some(it) = self.map.get_mut(key) {
            it.new = None;
            self.new -= 1;
        }
    }

    /// Of the new, or of those that are known, forgets the eighth that was not heard of for longest, when
    /// there is no room for another.
    fn make_room(&mut self, among: Among) {
        let many = match among {
            Among::New => self.new,
            Among::Known => self.map.len() - self.new,
        };
        if many < MOST {
            return;
        }
        let those = self.map.values().filter(|it| it.among() == among);
        let mut heard: Vec<i64> = those.map(|it| it.last).collect();
        let (_, middle, _) = heard.select_nth_unstable(MOST / 8);
        let middle = *middle;
        self.map.retain(|_, it| it.among() != among || it.last > middle);
        self.new = self.map.values().filter(|it| it.among() == Among::New).count();
    }

    /// Takes in a key as it was kept; whether there is room for it.
    pub(super) fn put(&mut self, key: K, heard: Heard<V>) -> bool {
        let is_new = heard.new.is_some();
        self.new += usize::from(is_new && !self.map.contains_key(&key));
        self.map.insert(key, heard);
        self.new <= MOST && self.map.len() - self.new <= MOST
    }

    /// The clock was set back to now: what was heard of later was heard of now.
    pub(super) fn set_back(&mut self, now: i64) {
        for it in self.map.values_mut() {
            it.last = it.last.min(now);
            if let Some((since, _)) = &mut it.new {
                *since = (*since).min(now);
            }
        }
    }

    /// The clock was set back to now: forgets what was heard of later.
    pub(super) fn forget_after(&mut self, now: i64) {
        self.map.retain(|_, it| it.last <= now);
        self.new = self.map.values().filter(|it| it.among() == Among::New).count();
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.map.iter_mut().map(|(key, it)| (key, &mut it.of))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &Heard<V>)> {
        self.map.iter()
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
        // All of them are known, each heard of in two minutes.
        let mut map: Bounded<i64, i64> = Bounded::default();
        for key in 0..200_000 {
            map.at(key, key);
            *map.at(key, key + MINUTE) += 1;
            assert!(map.len() <= 2 * MOST);
        }
        assert_eq!(*map.at(199_998, 200_000 + MINUTE), 1);
    }

    #[test]
    fn who_was_heard_of_in_the_future_is_forgotten_as_others_are() {
        let mut map: Bounded<i64, i64> = Bounded::default();
        for key in 0..1_000 {
            *map.at(key, 1_000 * MINUTE) = 1;
            map.at(key, 1_001 * MINUTE);
        }
        map.set_back(0);
        for key in 1_000..100_000 {
            map.at(key, MINUTE + key);
            map.at(key, 2 * MINUTE + key);
        }
        assert!((0..1_000).all(|key| *map.at(key, 3 * MINUTE) == 0));
        // Others keep what they know.
        let mut map: Bounded<i64, i64> = Bounded::default();
        *map.at(1, MINUTE) = 1;
        *map.at(2, 2 * MINUTE) = 1;
        map.forget_after(MINUTE);
        assert_eq!((*map.at(1, MINUTE), *map.at(2, MINUTE)), (1, 0));
    }

    #[test]
    fn strangers_displace_nobody_who_is_known() {
        let mut map: Bounded<i64, i64> = Bounded::default();
        for key in 0..40_000 {
            *map.at(key, 0) = key;
            map.at(key, MINUTE);
        }
        (1_000_000..1_200_000).for_each(|key| _ = map.at(key, 2 * MINUTE));
        assert!((0..40_000).all(|key| *map.at(key, 3 * MINUTE) == key));
        // Who is heard of often in a minute is nobody to be forgotten, either.
        (0..20).for_each(|_| *map.at(-1, 3 * MINUTE) += 1);
        (2_000_000..2_200_000).for_each(|key| _ = map.at(key, 3 * MINUTE + 1));
        assert_eq!(*map.at(-1, 3 * MINUTE + 2), 20);
    }
}
