//! Networks of one family, nested: sorted by first address, each linked to the one around it.
//!
//! Networks are nested or apart, never crossing. The last one that begins at or before an address
//! therefore contains it, or lies inside all those that do.

use std::cmp::Reverse;

use super::{Link, NONE, Rest, Span, place};

/// The networks of one family.
#[derive(Debug, Default)]
pub(super) struct Networks<A> {
    firsts: Vec<A>,
    lasts: Vec<A>,
    links: Vec<Link>,
}

impl<A: Ord + Copy> Networks<A> {
    /// From groups sorted by first address, the widest first.
    pub(super) fn build(groups: Vec<((A, Reverse<A>), Span)>) -> Self {
        let (mut firsts, mut lasts) = (Vec::new(), Vec::<A>::new());
        let mut links: Vec<Link> = Vec::with_capacity(groups.len());
        let mut open: Vec<u32> = Vec::new();
        for ((first, Reverse(last)), span) in groups {
            while open.last().is_some_and(|outer| lasts[*outer as usize] < first) {
                open.pop();
            }
            let parent = open.last().copied().unwrap_or(NONE);
            open.push(place(links.len()));
            firsts.push(first);
            lasts.push(last);
            links.push(Link { parent, span });
        }
        Self { firsts, lasts, links }
    }

    /// The networks that contain an address.
    pub(super) fn covering(&self, address: A) -> Rest<'_> {
        Rest::Chain(&self.links, self.around(address, address))
    }

    /// The networks inside a network, then those around it.
    pub(super) fn meeting(&self, first: A, last: A) -> Rest<'_> {
        let from = self.firsts.partition_point(|start| *start < first);
        let until = self.firsts.partition_point(|start| *start <= last);
        let wider = self.lasts[from..until].partition_point(|end| *end > last);
        let inside = self.links.get(from + wider..until).unwrap_or(&[]);
        // Those inside that begin at `first` come after the wider ones with the same beginning.
        let around = match (from + wider).checked_sub(1) {
            Some(before) => self.climb(before, last),
            None => NONE,
        };
        Rest::Within(inside.iter(), &self.links, around)
    }

    fn around(&self, first: A, last: A) -> u32 {
        match self.firsts.partition_point(|start| *start <= first) {
            0 => NONE,
            after => self.climb(after - 1, last),
        }
    }

    /// From a network up to the first that reaches `last`.
    fn climb(&self, from: usize, last: A) -> u32 {
        let mut at = place(from);
        while let Some(end) = self.lasts.get(at as usize) {
            if *end >= last {
                return at;
            }
            at = self.links[at as usize].parent;
        }
        NONE
    }
}
