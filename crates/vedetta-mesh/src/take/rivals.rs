//! What stands in the way of an item that came: what is here under its identifier.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{Envelope, Item, What};
use vedetta_federation::prevails::{self, Contender, Ownership, prevails};
use vedetta_flow::corridor::Provenance;
use vedetta_model::{Audience, Handling, ItemId, OrganisationId, OrganisationNumber};
use vedetta_policy::Form;
use vedetta_store::{ItemState, Sequence, StoreError, StoredItem, UnitOfWork};

use super::Load;
use crate::places::first_of;

/// So many versions of an item are weighed against one of somebody else's; where there are more, it
/// gives way.
pub(super) const WEIGHED: usize = 256;
/// So many rivals are remembered at once.
const REMEMBERED: usize = 32 * WEIGHED;

/// What was read in this unit of work: each rival once, though a thousand contend with it.
#[derive(Default)]
pub(super) struct Rivals {
    known: HashMap<Sequence, Arc<Rival>>,
    /// The first releases; nothing when they are too many.
    of: HashMap<Line, Option<Arc<[Sequence]>>>,
}

/// An item, or what one bringer has under its identifier.
type Line = (ItemId, Option<OrganisationNumber>);

/// What is here of an item, as it stands to a contender.
pub(super) struct Rival {
    /// Its first release.
    pub(super) origin: Sequence,
    pub(super) version: i64,
    pub(super) creator: Option<String>,
    pub(super) producer: OrganisationId,
    pub(super) leaf: Digest,
    /// Whether it was brought at this node.
    pub(super) here: bool,
    /// Who may read it today.
    readers: Audience,
    /// Whether it gave way before.
    lost: bool,
}

impl Rival {
    /// Whether a contender takes its place. Where neither is the owner's, nobody loses what he reads
    /// by it: what goes to fewer takes the place of nothing, whoever brought it.
    pub(super) fn is_beaten(&self, by: &Contender<'_>, readers: &Audience) -> bool {
        let mine = self.contender();
        let of_one = *by.producer == self.producer || by.by_owner != mine.by_owner;
        let hides_nothing = of_one || self.readers.difference(readers).is_empty();
        hides_nothing && prevails(by, &mine) == Ordering::Greater
    }

    fn contender(&self) -> Contender<'_> {
        Contender {
            version: self.version,
            by_owner: ownership(self.creator.as_deref(), &self.producer),
            producer: &self.producer,
            leaf: self.leaf,
        }
    }
}

impl Rivals {
    /// Forgets who reads a version: it may be released to more.
    pub(super) fn released(&mut self, origin: Sequence) {
        self.known.remove(&origin);
    }

    /// Forgets what is known of an item, which has changed.
    pub(super) fn forget(&mut self, rivals: &[Arc<Rival>], item: &ItemId) {
        rivals.iter().for_each(|rival| drop(self.known.remove(&rival.origin)));
        self.of.retain(|(id, _), _| id != item);
    }
}

impl Load {
    /// What stands in the way of what somebody brings: of his own the one of that version, of
    /// others' all. `there` is one of them. Nothing when they are too many to be weighed.
    pub(super) fn rivals(
        &self,
        unit: &mut dyn UnitOfWork,
        (id, of, mine): (&ItemId, Option<OrganisationNumber>, &Contender<'_>),
        there: Sequence,
        rivals: &mut Rivals,
    ) -> Result<Option<Vec<Arc<Rival>>>, StoreError> {
        let same = |it: &Rival| it.producer == *mine.producer && it.version == mine.version;
        let there = self.rival_at(unit, there, rivals)?;
        if there.as_ref().is_some_and(|it| same(it)) {
            return Ok(Some(there.into_iter().filter(|it| !it.lost).collect()));
        }
        let Some(origins) = first_releases(unit, (id, of), rivals)? else { return Ok(None) };
        let mut found = Vec::new();
        for origin in origins.iter() {
            found.extend(self.rival_at(unit, *origin, rivals)?.filter(|it| !it.lost));
        }
        Ok(Some(found))
    }

    fn rival_at(
        &self,
        unit: &mut dyn UnitOfWork,
        origin: Sequence,
        rivals: &mut Rivals,
    ) -> Result<Option<Arc<Rival>>, StoreError> {
        if let Some(known) = rivals.known.get(&origin) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(rival) = self.rival(unit, origin)?.map(Arc::new) else { return Ok(None) };
        if rivals.known.len() >= REMEMBERED {
            rivals.known.clear();
        }
        rivals.known.insert(origin, Arc::clone(&rival));
        Ok(Some(rival))
    }

    /// Who may read something by one of its releases today.
    fn readers(
        &self,
        unit: &mut dyn UnitOfWork,
        releases: &[StoredItem],
    ) -> Result<Audience, StoreError> {
        let network = &self.mesh.standing.network;
        let mut readers = Audience::nobody();
        for release in releases {
            let clearance = self.shared.book.seen_by(unit, release.clearance)?;
            let Some(clearance) = clearance else { continue };
            if release.state == ItemState::Live {
                let today = network.decision(&clearance.handling);
                readers.absorb(&clearance.audience.intersection(today.entitled(clearance.form)));
            }
        }
        Ok(readers)
    }

    /// What stands against a contender: what is here of the item.
    fn rival(
        &self,
        unit: &mut dyn UnitOfWork,
        origin: Sequence,
    ) -> Result<Option<Rival>, StoreError> {
        let releases = unit.releases_from(origin)?;
        let Some(release) = first_of(unit, &releases)? else { return Ok(None) };
        let release = &release;
        let value: Value = serde_json::from_slice(&release.body).unwrap_or_default();
        let creator = value.get("created_by_ref").and_then(Value::as_str).map(str::to_owned);
        let brought = Provenance::of(release).and_then(|it| it.envelope.with(&release.body));
        let (producer, leaf) = match brought {
            Some(envelope) => {
                let leaf = envelope.leaf();
                let producer = match &envelope.what {
                    What::Item(item) => item.conditions.producer.clone(),
                    _ => envelope.origin.clone(),
                };
                (producer, leaf)
            }
            None => {
                let organisation = self.mesh.standing.directory.numbered(release.producer);
                let producer =
                    organisation.map_or_else(|| self.mesh.me.clone(), |it| it.id.clone());
                (producer, self.own_leaf(unit, release)?)
            }
        };
        let here = Provenance::of(release).is_none();
        let version = prevails::version(&release.id, release.version);
        let readers = self.readers(unit, &releases)?;
        let lost = unit.bookmark(&lost_name(leaf))?.is_some();
        Ok(Some(Rival { origin, version, creator, producer, leaf, here, readers, lost }))
    }

    /// The leaf under which other nodes know what was brought here.
    fn own_leaf(
        &self,
        unit: &mut dyn UnitOfWork,
        release: &StoredItem,
    ) -> Result<Digest, StoreError> {
        let clearance = self.shared.book.seen_by(unit, release.clearance)?;
        let handling = clearance.map(|it| Arc::clone(&it.handling));
        let object = str::from_utf8(&release.body).map(str::to_owned).ok();
        let object = object.and_then(|text| vedetta_federation::Object::new(text).ok());
        let (Some(handling), Some(object)) = (handling, object) else {
            return Ok(Digest::default());
        };
        let derived = match handling.victims.is_empty() {
            true => None,
            false => Some(self.redactor.derived_id(unit, release)?),
        };
        let conditions = Handling { via: [].into(), ..Handling::clone(&handling) };
        let item = Item { object, conditions, form: Form::Full, derived };
        let what = What::Item(Box::new(item));
        let (me, at) = (self.mesh.me.clone(), release.stamp.at);
        Ok(Envelope::unsealed(me, at, release.origin.0, what).leaf())
    }
}

fn first_releases(
    unit: &mut dyn UnitOfWork,
    (id, of): (&ItemId, Option<OrganisationNumber>),
    rivals: &mut Rivals,
) -> Result<Option<Arc<[Sequence]>>, StoreError> {
    let key = (id.clone(), of);
    if let Some(known) = rivals.of.get(&key) {
        return Ok(known.clone());
    }
    let releases = unit.releases(id)?;
    let first = releases.iter().filter(|it| it.origin == it.stamp.seq);
    let first = first.filter(|it| of.is_none_or(|of| it.producer == of));
    let origins: Vec<_> = first.map(|it| it.origin).collect();
    let found = (origins.len() <= WEIGHED).then(|| origins.into());
    rivals.of.insert(key, found.clone());
    Ok(found)
}

/// Where it is kept that an envelope gave way.
pub(super) fn lost_name(leaf: Digest) -> String {
    format!("lost/{leaf}")
}

pub(super) fn ownership(creator: Option<&str>, producer: &OrganisationId) -> Ownership {
    match creator {
        Some(creator) if producer.identity().as_str() == creator => Ownership::Owner,
        _ => Ownership::Others,
    }
}
