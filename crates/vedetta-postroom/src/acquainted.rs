//! What is known to be bad: indicators of the ledger that the node's own organisation may read, and
//! what analysts ruled malicious.

use std::collections::HashMap;

use vedetta_flow::{Sequence, VersionFilter, Wish};
use vedetta_indicator::{Kind, Nature, Term, read};
use vedetta_mail::{Acquaintance, Indicator, Known, Sought, Verdict};
use vedetta_model::ItemId;

use crate::postroom::Postroom;
use crate::report::Ruling;

/// What is known, as far as the ledger was read.
#[derive(Default)]
pub(crate) struct Acquaintances {
    upto: Option<Sequence>,
    items: HashMap<(Sought, Box<str>), ItemId>,
    /// Values of campaigns that analysts ruled malicious; read anew when one rules.
    ruled: Option<HashMap<(Sought, Box<str>), String>>,
}

/// Values at most; about 200 MiB.
const MOST: usize = 1_500_000;
const PAGE: usize = 1_000;

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
        let item = known.items.get(&key)?.clone();
        drop(known);
        // What was withdrawn since, or is no longer cleared, is not known.
        let by = self.room.keeper().ok()?;
        self.room.house.item(&by, &item).ok()?;
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
                known.enter(&item.id, &item.body);
            }
            after = page.next.unwrap_or(head).max(Sequence(after.0 + 1));
        }
        known.upto = Some(after.max(head));
        Ok(())
    }

    /// Values of what analysts ruled malicious: whole campaigns, and messages alone.
    fn ruled(&self) -> HashMap<(Sought, Box<str>), String> {
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
    fn enter(&mut self, id: &ItemId, body: &[u8]) {
        let object = std::str::from_utf8(body).ok().and_then(|it| stix::Object::parse(it).ok());
        let Some((object, _)) = object else { return };
        if object.revoked() {
            self.items.retain(|_, item| item != id);
            return;
        }
        let reading = read(&object);
        if reading.nature != Nature::Threat {
            return;
        }
        for term in &reading.alone {
            if let Some(kind) = sought(term.kind()) {
                self.items.insert((kind, term.value().into()), id.clone());
            }
        }
    }
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
