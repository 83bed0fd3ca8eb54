//! The newest of what one may read, first: as people look at it.

use std::collections::VecDeque;

use vedetta_model::{Actor, Category, Organisation, Tlp};
use vedetta_policy::Form;
use vedetta_store::{Sequence, VersionFilter};

use crate::error::FlowError;
use crate::house::House;
use crate::views::read_items::{ReadItem, Share, Wish};

/// What to look for.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// Released before this place; at the end of the ledger without it.
    pub before: Option<Sequence>,
    /// At most so many.
    pub limit: usize,
    /// Which share of what one may read.
    pub share: Share,
    /// Only these STIX types; empty is all.
    pub kinds: &'a [String],
    /// Only with this marking.
    pub tlp: Option<Tlp>,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The items, the newest first.
    pub items: Vec<ReadItem>,
    /// Where to go on looking, when there may be more.
    pub before: Option<Sequence>,
}

/// Entries in the first stretch that is looked at; each next one is twice as long.
const STRETCH: u64 = 1_024;
/// The longest stretch.
const LONGEST: u64 = 1 << 17;
/// Items read at once.
const PAGE: usize = 1_000;
/// Items looked at for one answer.
const LOOKED: usize = 20_000;

impl House {
    /// The newest items that an actor may read and that fit, in their newest version. An answer looks at
    /// 20,000 items and says where to go on.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn newest_items(
        &self,
        by: &Actor,
        look: &Look<'_>,
        fits: impl Fn(&ReadItem) -> bool,
    ) -> Result<Found, FlowError> {
        let last = self.bell().last().0;
        let mut end = look.before.map_or(last, |before| before.0.saturating_sub(1).min(last));
        let (mut found, mut looked, mut width) = (Found::default(), 0, STRETCH);
        while end > 0 {
            let start = end.saturating_sub(width);
            let stretch = self.stretch(by, look, start, end)?;
            for item in stretch.into_iter().rev() {
                looked += 1;
                let place = item.stamp.seq;
                if look.tlp.is_none_or(|tlp| item.tlp == tlp) && fits(&item) {
                    found.items.push(item);
                }
                if found.items.len() >= look.limit || looked >= LOOKED {
                    found.before = Some(place);
                    return Ok(found);
                }
            }
            (end, width) = (start, (width * 2).min(LONGEST));
        }
        Ok(found)
    }

    /// What may be read of a stretch of the ledger, in order; of more than is looked at, the newest.
    fn stretch(
        &self,
        by: &Actor,
        look: &Look<'_>,
        start: u64,
        end: u64,
    ) -> Result<VecDeque<ReadItem>, FlowError> {
        let (mut items, mut after) = (VecDeque::new(), Some(Sequence(start)));
        while let Some(place) = after {
            let wish = Wish {
                after: place,
                limit: PAGE,
                share: look.share,
                ids: Vec::new(),
                kinds: look.kinds.to_vec(),
                versions: VersionFilter::Last,
            };
            let page = self.page_until(by, &wish, Some(Sequence(end)))?;
            items.extend(page.items);
            items.drain(..items.len().saturating_sub(LOOKED));
            after = page.next;
        }
        Ok(items)
    }

    /// Who brought an item, where its reader may know it: a derived form does not say.
    #[must_use]
    pub fn source(&self, item: &ReadItem) -> Option<Organisation> {
        let standing = self.standing();
        (item.form == Form::Full)
            .then(|| standing.directory.numbered(item.producer).cloned())
            .flatten()
    }

    /// As what an item was shared.
    #[must_use]
    pub fn category(&self, item: &ReadItem) -> Option<Category> {
        self.shared.book.get(item.clearance).map(|it| it.handling.category)
    }
}
