//! What an indicator is worth to its reader: what is left of its score, counted from when it was last seen,
//! and which warning lists name what it looks for.

use std::sync::Arc;

use vedetta_diffusion::feed::{Doubt, FeedEntry, Measures, Release, Sighted};
use vedetta_flow::ReadItem;
use vedetta_indicator::{DecayTable, Standing, WarningLists};
use vedetta_model::{Actor, Instant};
use vedetta_outpost::Lately;

use crate::api::Api;
use crate::problem::Problem;

/// By what it is found.
pub(crate) struct Worth {
    decay: Arc<DecayTable>,
    lists: Arc<WarningLists>,
    lately: Lately,
    now: Instant,
}

/// What is said of one item.
#[derive(Default)]
pub(crate) struct Said {
    /// Of an indicator: from 1 to 100, or 0 when it does not count now.
    pub(crate) score: Option<u8>,
    /// The warning lists that name what it looks for.
    pub(crate) warning: Vec<String>,
}

impl Worth {
    /// As of now, to an actor.
    pub(crate) async fn to(api: &Api, actor: &Actor) -> Result<Self, Problem> {
        let lists = api.feeds().lists(api).await?;
        let (outposts, actor) = (api.sensors(), actor.clone());
        let lately = api.ask(move |_| outposts.lately(&actor)).await?;
        Ok(Self { decay: Arc::clone(&api.settings().decay), lists, lately, now: api.house().now() })
    }

    /// Of an item; nothing of one that is no indicator.
    pub(crate) fn of(&self, item: &ReadItem) -> Said {
        if item.id.kind() != "indicator" {
            return Said::default();
        }
        let measures =
            Measures { decay: &self.decay, lists: &self.lists, owned: &|_| None, now: self.now };
        let Some(entry) = FeedEntry::assess(release(item, &self.lately), &measures) else {
            return Said::default();
        };
        let listed = entry.terms.iter().filter_map(|term| match &term.doubt {
            Some(Doubt::Listed(list)) => Some(list.to_string()),
            _ => None,
        });
        let mut warning: Vec<_> = listed.collect();
        warning.sort_unstable();
        warning.dedup();
        let score = entry.standing.map(|standing| match standing {
            Standing::Live(score) => score,
            _ => 0,
        });
        Said { score, warning }
    }
}

/// An item as it was released to a reader, with when it was last seen.
pub(crate) fn release(item: &ReadItem, lately: &Lately) -> Release {
    let last = (item.id.kind() == "indicator").then(|| lately.of(&item.id, item.form)).flatten();
    Release {
        place: item.stamp.seq.0,
        id: item.id.clone(),
        object: Arc::clone(&item.body),
        tlp: item.tlp,
        pap: item.pap,
        at: item.stamp.at,
        last_sighting: last.map(|it| Sighted { seen: it.seen, told: it.told }),
    }
}
