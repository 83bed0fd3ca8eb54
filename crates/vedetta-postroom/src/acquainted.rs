//! What is known to be bad: indicators of the ledger that the node's own organisation may read, and
//! what analysts ruled malicious.

use std::collections::HashMap;

use vedetta_flow::{ItemState, Sequence, VersionFilter, Wish};
use vedetta_indicator::{Kind, Nature, Term, read};
use vedetta_mail::{Acquaintance, Indicator, Known, Sought, Verdict};
use vedetta_model::{ItemId, OrganisationNumber};

use crate::postroom::Postroom;
use crate::report::Ruling;

/// A value, in the one spelling that indicators have.
type Value = (Sought, Box<str>);

/// An item, as one organisation brings it.
type Line = (ItemId, OrganisationNumber);

/// What is known, as far as the ledger was read.
#[derive(Default)]
pub(crate) struct Acquaintances {
    upto: Option<Sequence>,
    /// By value, those whose indicators name it, each with the item: what one takes back is the others'.
    items: HashMap<Value, Vec<Line>>,
    /// Values of campaigns that analysts ruled malicious; read anew when one rules.
    ruled: Option<HashMap<Value, String>>,
}

/// Values at most; about 250 MiB.
const MOST: usize = 1_500_000;
const PAGE: usize = 1_000;
/// Indicators of one value that are remembered of one organisation.
const OF_ONE: usize = 8;

/// The desk's acquaintances, for one message.
pub(crate) struct Knowing<'a> {
    room: &'a Postroom,
}

impl<'a> Knowing<'a> {
    /// Reads what the ledger has new, and knows it.
    pub(crate) fn of(room: &'a Postroom) -> Self {
        if let Err(error) = room.read_indicators() {
            tracing::warn!(%error, "indicators of the ledger could not be read for the mail desk");
        }
        Self { room }
    }
}

impl Known for Knowing<'_> {
    fn look_up(&self, kind: Sought, value: &str) -> Option<Acquaintance> {
        let key = (kind, spelled(kind, value)?);
        let known = self.room.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(campaign) = known.ruled.as_ref().and_then(|ruled| ruled.get(&key)) {
            let (source, campaign) = (campaign.clone(), Some(campaign.clone()));
            return Some(Acquaintance { source, campaign });
        }
        let items = known.items.get(&key)?.clone();
        drop(known);
        // What was withdrawn or corrected since, or is no longer cleared, is not known.
        let (item, _) = items.into_iter().find(|it| self.room.stands(it, &key))?;
        Some(Acquaintance { source: item.to_string(), campaign: None })
    }
}

impl Postroom {
    /// Reads indicators that were released since the last time.
    fn read_indicators(&self) -> Result<(), vedetta_flow::FlowError> {
        let by = self.keeper()?;
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.ruled.is_none() {
            known.ruled = Some(self.ruled());
        }
        let head = self.house.bell().last();
        let mut after = known.upto.unwrap_or(Sequence::START);
        while after < head && known.items.len() < MOST {
            let kinds = vec!["indicator".to_owned()];
            let wish = Wish { limit: PAGE, kinds, ..Wish::all(after, VersionFilter::Last) };
            let page = self.house.page(&by, &wish)?;
            for item in &page.items {
                known.enter((&item.id, item.producer), &item.body);
            }
            after = page.next.unwrap_or(head).max(Sequence(after.0 + 1));
        }
        known.upto = Some(after.max(head));
        Ok(())
    }

    /// Whether the newest version that the keeper may read of an item, of what one of those who brought it
    /// says, names a value still.
    fn stands(&self, (item, producer): &Line, value: &Value) -> bool {
        let newest = self.keeper().and_then(|by| self.house.item_of(&by, item, *producer));
        newest.is_ok_and(|it| it.state == ItemState::Live && named(&it.body).contains(value))
    }

    /// Values of what analysts ruled malicious: whole campaigns, and messages alone.
    fn ruled(&self) -> HashMap<Value, String> {
        let state = self.state();
        let malicious = |ruling: &Option<Ruling>| {
            ruling.as_ref().is_some_and(|ruling| ruling.verdict == Verdict::Malicious)
        };
        let of_waves =
            state.campaigns().filter(|campaign| malicious(&campaign.ruling)).flat_map(|campaign| {
                campaign.indicators.iter().map(move |it| (it, campaign.id.to_string()))
            });
        let alone = state.reports().filter(|report| malicious(&report.ruling));
        let alone = alone.flat_map(|report| {
            report.indicators.iter().map(move |it| (it, report.campaign.clone()))
        });
        let value = |(indicator, campaign): (&Indicator, String)| {
            let value = spelled(indicator.kind, &indicator.value)?;
            Some(((indicator.kind, value), campaign))
        };
        of_waves.chain(alone).filter_map(value).collect()
    }

    /// What analysts ruled is read anew at the next message.
    pub(crate) fn forget_known(&self) {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).ruled = None;
    }
}

impl Acquaintances {
    fn enter(&mut self, (id, producer): (&ItemId, OrganisationNumber), body: &[u8]) {
        let object = std::str::from_utf8(body).ok().and_then(|it| stix::Object::parse(it).ok());
        let Some((object, _)) = object else { return };
        if object.revoked() {
            self.items.retain(|_, items| {
                items.retain(|(item, by)| (item, *by) != (id, producer));
                !items.is_empty()
            });
            return;
        }
        for value in values(&object) {
            let items = self.items.entry(value).or_default();
            items.retain(|(item, by)| (item, *by) != (id, producer));
            let own = || items.iter().enumerate().filter(|(_, it)| it.1 == producer);
            if own().count() >= OF_ONE
                && let Some((oldest, _)) = own().next()
            {
                items.remove(oldest);
            }
            items.push((id.clone(), producer));
        }
    }
}

/// The values that an indicator names, of what threatens.
fn values(object: &stix::Object) -> Vec<Value> {
    let reading = read(object);
    let terms = reading.alone.iter().filter(|_| reading.nature == Nature::Threat);
    terms.filter_map(|term| Some((sought(term.kind())?, term.value().into()))).collect()
}

/// The same, of an object as it is kept.
fn named(body: &[u8]) -> Vec<Value> {
    let object = std::str::from_utf8(body).ok().and_then(|it| stix::Object::parse(it).ok());
    object.map(|(object, _)| values(&object)).unwrap_or_default()
}

fn sought(kind: Kind) -> Option<Sought> {
    match kind {
        Kind::Domain => Some(Sought::Domain),
        Kind::Url => Some(Sought::Url),
        Kind::EmailAddress => Some(Sought::Address),
        Kind::FileHash(_) => Some(Sought::File),
        Kind::Ipv4 | Kind::Ipv6 => Some(Sought::Ip),
        _ => None,
    }
}

/// A value in the one spelling that indicators have.
fn spelled(kind: Sought, value: &str) -> Option<Box<str>> {
    let of = |kind: Kind| Term::new(kind, value).ok().map(|term| term.value().into());
    match kind {
        Sought::Domain => of(Kind::Domain),
        Sought::Url => of(Kind::Url),
        Sought::Address => of(Kind::EmailAddress),
        Sought::File | Sought::Account => Some(value.to_lowercase().into()),
        Sought::Ip => of(Kind::Ipv4).or_else(|| of(Kind::Ipv6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_of_them_takes_back_is_known_of_the_others() {
        let id = ItemId::new("indicator--00000000-0000-4000-8000-000000000001").unwrap();
        let body = |value: &str, more: &str| {
            format!(
                r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","pattern":"[domain-name:value = '{value}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"{more}}}"#
            )
        };
        let (mut known, [owner, rival]) =
            (Acquaintances::default(), [1, 2].map(OrganisationNumber));
        let (bad, both) = (body("bad.example.org", ""), [owner, rival]);
        both.iter().for_each(|by| known.enter((&id, *by), bad.as_bytes()));
        let revoked = body("bad.example.org", r#","revoked":true"#);
        known.enter((&id, rival), revoked.as_bytes());
        let key = (Sought::Domain, Box::from("bad.example.org"));
        assert_eq!(known.items.get(&key), Some(&vec![(id.clone(), owner)]));
        known.enter((&id, owner), revoked.as_bytes());
        assert!(known.items.is_empty());
    }
}
