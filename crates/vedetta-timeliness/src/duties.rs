//! Acknowledgements that agreements ask for: which are overdue, and how each duty is kept.
//!
//! What counts stands in [decision 66](../../../../docs/decisions/0066-a-duty-runs-while-its-agreement-binds.md).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use vedetta_flow::authority::ROOM_AND_AUDITORS;
use vedetta_flow::{FlowError, Standing};
use vedetta_model::agreement::Party;
use vedetta_model::{
    Actor, AgreementId, Audience, Contact, Handling, Instant, ItemId, OrganisationId,
    OrganisationNumber, Places,
};
use vedetta_policy::Duty;
use vedetta_store::{ClearanceId, DeliveryBatch, Reader, Sequence, StoreError};

use crate::Timeliness;
use crate::newest::{Releases, newest_acknowledgements, walk_newest};

/// An acknowledgement that is overdue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Overdue {
    /// The item, by the identifier under which the organisation has it.
    pub item: ItemId,
    /// The item of which that is the form without the victim: for the operations room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived_from: Option<ItemId>,
    /// Its version.
    pub version: Instant,
    /// Who owes it.
    pub organisation: OrganisationId,
    /// Under which agreement.
    pub agreement: AgreementId,
    /// Since when it has the item.
    pub received: Instant,
    /// By when it was due.
    pub due: Instant,
}

/// Which of them to list.
#[derive(Clone, Debug, Default)]
pub struct OverdueWish {
    /// Only under this agreement.
    pub agreement: Option<AgreementId>,
    /// Only of this organisation.
    pub organisation: Option<OrganisationId>,
    /// Only of this item; the room, in either form.
    pub item: Option<ItemId>,
    /// After this one of the page before.
    pub after: Option<(Instant, ItemId, OrganisationId)>,
    /// At most so many.
    pub limit: usize,
}

/// Whom to call about what is owed under an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Sides {
    /// At the organisation that owes.
    pub contacts: Vec<Contact>,
    /// On the side that gives.
    pub givers: Vec<Contact>,
}

/// How the duty of an agreement is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Kept {
    /// How many were acknowledged in time.
    pub within: u64,
    /// How many later.
    pub late: u64,
    /// How many are not acknowledged, and not overdue.
    pub open: u64,
    /// How many are overdue.
    pub overdue: u64,
}

/// For how long what was delivered is looked after.
const PERIOD: Duration = Duration::from_secs(30 * 86_400);
/// Contacts named for one side.
const CONTACTS: usize = 5;

/// What reached whom of the newest version of an item.
struct Reached {
    version: Instant,
    clearance: ClearanceId,
    derived_from: Option<ItemId>,
    received: Vec<(Instant, Rc<Audience>)>,
    acknowledged: HashMap<OrganisationNumber, Instant>,
}

/// All that is to be acknowledged.
struct Asked {
    duties: Vec<Duty>,
    standing: Arc<Standing>,
    /// To whom each agreement gives what is cleared alike, looked up once.
    given: RefCell<HashMap<ClearanceId, Rc<Given>>>,
    /// By item, and by whose it is.
    reached: BTreeMap<(ItemId, OrganisationNumber), Reached>,
}

type Given = BTreeMap<AgreementId, Audience>;

/// Those who have had something of an item since one moment, and owe it under one duty.
struct Group<'a> {
    received: Instant,
    item: &'a ItemId,
    reached: &'a Reached,
    duty: &'a Duty,
    who: Audience,
}

impl Timeliness<'_> {
    /// Acknowledgements that are overdue of what was delivered in the last 30 days, those of the
    /// longest held items first: the operations room sees those of all items that it may read, others
    /// their own organisation's.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn overdue(&self, by: &Actor, wish: &OverdueWish) -> Result<Vec<Overdue>, FlowError> {
        let now = self.house.now();
        let after = self.house.place_at(now.before(PERIOD))?;
        let asked = self.house.read(|reader| self.asked(reader, after))?;
        let room = self.house.is_of_the_room(by, ROOM_AND_AUDITORS);
        let own = self.house.number_of(&by.organisation)?;
        let standing = &asked.standing;
        let readable: HashSet<_> = self.house.entitled(by)?.iter().copied().collect();
        let book = &self.house.shared().book;
        // The room has the full form of what others have without the victim, and anybody by one
        // release what others have by another.
        let handled = readable.iter().filter_map(|id| book.get(*id));
        let handled: HashSet<_> = handled.map(|it| it.handling.clone()).collect();
        let sees = |id: ClearanceId| {
            readable.contains(&id) || book.get(id).is_some_and(|it| handled.contains(&it.handling))
        };
        let mut groups = self.groups(&asked, now);
        groups.retain(|it| {
            // Of what a derived form was made, the room alone knows.
            let of = it.reached.derived_from.as_ref().filter(|_| room);
            sees(it.reached.clearance) && wish.wants(it, of)
        });
        let mut rows = Vec::new();
        for Group { received, item, reached, duty, who } in groups {
            let named = who.iter().filter(|number| room || *number == own);
            let named = named.filter_map(|n| Some((n, standing.directory.numbered(n)?.id.clone())));
            let mut named: Vec<_> = named.filter(|(_, id)| wish.wants_of(id)).collect();
            named.sort_by(|a, b| a.1.cmp(&b.1));
            for (number, organisation) in named {
                let here = (received, item, &organisation);
                if wish.after.as_ref().is_some_and(|(at, item, who)| here <= (*at, item, who)) {
                    continue;
                }
                rows.push(Overdue {
                    item: item.clone(),
                    derived_from: reached.derived_from.clone().filter(|_| room),
                    version: reached.version,
                    agreement: duty.agreement.id.clone(),
                    due: duty.due(number, received),
                    organisation,
                    received,
                });
                if rows.len() >= wish.limit {
                    return Ok(rows);
                }
            }
        }
        Ok(rows)
    }

    /// Whom to call at an organisation, whatever it is about: whom agreements in force name for it, or
    /// else whom the directory knows.
    #[must_use]
    pub fn contacts_at(&self, organisation: &OrganisationId) -> Vec<Contact> {
        let standing = self.house.standing();
        let in_force = |id: &AgreementId| {
            standing.network.standing(id).is_some_and(|standing| standing.is_in_force())
        };
        let agreements = standing.agreements.iter().filter(|it| in_force(&it.id));
        let parties: Vec<_> = agreements.flat_map(|it| &it.parties).collect();
        let listed = parties.iter().flat_map(|party| &party.contacts);
        let contacts = listed.filter_map(|id| standing.directory.contact(id));
        let own = contacts.filter(|it| it.organisation == *organisation);
        let by_id: BTreeMap<_, _> = own.map(|it| (&it.id, it)).collect();
        if by_id.is_empty() {
            return known(&standing, [organisation]);
        }
        by_id.into_values().take(CONTACTS).cloned().collect()
    }

    /// Whom to call about one: whom the agreement names on either side, or else whom the directory
    /// knows.
    #[must_use]
    pub fn sides(&self, overdue: &Overdue) -> Sides {
        let standing = self.house.standing();
        let Some(agreement) = standing.network.agreement(&overdue.agreement) else {
            return Sides::default();
        };
        let number = standing.directory.number(&overdue.organisation);
        let (theirs, others): (Vec<_>, Vec<_>) = agreement.parties.iter().partition(|party| {
            let members = standing.network.members(&agreement.id, &party.name);
            number.is_some_and(|number| members.contains(number))
        });
        let listed = named(&standing, &theirs);
        let mut contacts: Vec<_> =
            listed.into_iter().filter(|it| it.organisation == overdue.organisation).collect();
        if contacts.is_empty() {
            contacts = known(&standing, [&overdue.organisation]);
        }
        let giving: Vec<_> = others.into_iter().filter(|party| !party.gives.is_empty()).collect();
        let mut givers = named(&standing, &giving);
        if givers.is_empty() {
            givers = known(&standing, giving.iter().flat_map(|party| &party.organisations));
        }
        Sides { contacts, givers }
    }

    /// How the duties are kept for what was delivered after a place, by agreement.
    pub(crate) fn kept(
        &self,
        reader: &mut dyn Reader,
        after: Sequence,
    ) -> Result<BTreeMap<AgreementId, Kept>, StoreError> {
        let (asked, now) = (self.asked(reader, after)?, self.house.now());
        let mut kept: BTreeMap<_, Kept> = BTreeMap::new();
        for duty in &asked.duties {
            kept.entry(duty.agreement.id.clone()).or_default();
        }
        for reached in asked.reached.values() {
            for (duty, who) in self.owing(&asked, reached) {
                let kept = kept.entry(duty.agreement.id.clone()).or_default();
                let mut open = who.len();
                for (number, at) in reached.acknowledged.iter().filter(|it| who.contains(*it.0)) {
                    open -= 1;
                    let Some(received) = reached.first(*number) else { continue };
                    let late = *at > duty.due(*number, received);
                    *(if late { &mut kept.late } else { &mut kept.within }) += 1;
                }
                kept.open += open as u64;
            }
        }
        for group in self.groups(&asked, now) {
            let kept = kept.entry(group.duty.agreement.id.clone()).or_default();
            let overdue = group.who.len() as u64;
            kept.overdue += overdue;
            kept.open = kept.open.saturating_sub(overdue);
        }
        Ok(kept)
    }

    /// What was delivered after a place and is to be acknowledged: of each item the newest version that
    /// reached somebody who may owe it.
    fn asked(&self, reader: &mut dyn Reader, after: Sequence) -> Result<Asked, StoreError> {
        let standing = self.house.standing();
        let (duties, given) = (standing.network.duties(), RefCell::default());
        let mut asked = Asked { duties, standing, given, reached: BTreeMap::new() };
        if asked.duties.is_empty() {
            return Ok(asked);
        }
        let mut releases = Releases::default();
        let mut owing = Audience::nobody();
        for duty in &asked.duties {
            owing.absorb(&asked.standing.members(&duty.agreement.id));
        }
        walk_newest(reader, after, |reader, DeliveryBatch { releases: had, at, audience, .. }| {
            // What went to nobody who can owe anything is most of what a node of a country delivers.
            if !audience.meets(&owing) {
                return Ok(());
            }
            releases.look_up(reader, had)?;
            let audience = Rc::new(audience.clone());
            for place in had.iter() {
                if let Some(reached) = self.newest_owed(&mut asked, &releases, place) {
                    reached.received.push((*at, Rc::clone(&audience)));
                }
            }
            Ok(())
        })?;
        for it in newest_acknowledgements(reader, after)? {
            let place = it.release.0;
            releases.look_up(reader, &Places::between(place, place))?;
            if let Some(reached) = self.newest_owed(&mut asked, &releases, place) {
                let first = reached.acknowledged.entry(it.organisation).or_insert(it.at);
                *first = it.at.min(*first);
            }
        }
        for reached in asked.reached.values_mut() {
            reached.received.sort_by_key(|(at, _)| *at);
        }
        Ok(asked)
    }

    /// What is known of the item of a release, if a duty may ask for it and it is of the newest version.
    fn newest_owed<'a>(
        &self,
        asked: &'a mut Asked,
        releases: &Releases,
        place: u64,
    ) -> Option<&'a mut Reached> {
        let release = releases.get(place)?;
        let category = self.house.shared().book.get(release.clearance)?.handling.category;
        asked.duties.iter().find(|duty| duty.asks_for(category))?;
        let fresh = || Reached {
            version: release.version,
            clearance: release.clearance,
            derived_from: release.derived_from.clone(),
            received: Vec::new(),
            acknowledged: HashMap::new(),
        };
        let key = (release.id.clone(), release.producer);
        let reached = asked.reached.entry(key).or_insert_with(fresh);
        if reached.version < release.version {
            *reached = fresh();
        }
        (reached.version == release.version).then_some(reached)
    }

    /// Under which duty each of those who have an item owes it, the shortest of those that bring it.
    fn owing<'a>(&self, asked: &'a Asked, reached: &Reached) -> Vec<(&'a Duty, Audience)> {
        let Some(cleared) = self.house.shared().book.get(reached.clearance) else {
            return Vec::new();
        };
        let handling = &cleared.handling;
        let given = asked.given(reached.clearance, handling);
        let mut rest = Audience::nobody();
        for (_, audience) in &reached.received {
            rest.absorb(audience);
        }
        if let Some(producer) = asked.standing.directory.number(&handling.producer) {
            rest.remove(producer);
        }
        let mut owing = Vec::new();
        for duty in asked.duties.iter().filter(|duty| duty.asks_for(handling.category)) {
            let to = given.get(&duty.agreement.id);
            let who = to.map(|to| rest.intersection(to)).unwrap_or_default();
            if !who.is_empty() {
                rest = rest.difference(&who);
                owing.push((duty, who));
            }
        }
        owing
    }

    /// Who is overdue, those of the longest held items first.
    fn groups<'a>(&self, asked: &'a Asked, now: Instant) -> Vec<Group<'a>> {
        let mut groups = Vec::new();
        for ((item, _), reached) in &asked.reached {
            for (duty, mut who) in self.owing(asked, reached) {
                reached.acknowledged.keys().for_each(|number| who.remove(*number));
                who = who.difference(&duty.spared(now));
                for (at, audience) in
                    reached.received.iter().take_while(|it| duty.presses(it.0, now))
                {
                    let these = who.intersection(audience);
                    if !these.is_empty() {
                        who = who.difference(&these);
                        groups.push(Group { received: *at, item, reached, duty, who: these });
                    }
                }
            }
        }
        groups.sort_by_key(|group| (group.received, group.item));
        groups
    }
}

impl Asked {
    fn given(&self, id: ClearanceId, handling: &Handling) -> Rc<Given> {
        let mut known = self.given.borrow_mut();
        let look = || Rc::new(self.standing.network.giving_to(handling));
        Rc::clone(known.entry(id).or_insert_with(look))
    }
}

impl Reached {
    /// When an organisation first had it.
    fn first(&self, organisation: OrganisationNumber) -> Option<Instant> {
        let mut had = self.received.iter().filter(|(_, audience)| audience.contains(organisation));
        had.next().map(|(at, _)| *at)
    }
}

impl OverdueWish {
    fn wants(&self, group: &Group<'_>, of: Option<&ItemId>) -> bool {
        self.item.as_ref().is_none_or(|item| item == group.item || Some(item) == of)
            && self.agreement.as_ref().is_none_or(|it| *it == group.duty.agreement.id)
    }

    fn wants_of(&self, organisation: &OrganisationId) -> bool {
        self.organisation.as_ref().is_none_or(|it| it == organisation)
    }
}

/// The contacts that parties to an agreement name.
fn named(standing: &Standing, parties: &[&Party]) -> Vec<Contact> {
    let contacts = parties.iter().flat_map(|party| &party.contacts);
    contacts.filter_map(|id| standing.directory.contact(id)).take(CONTACTS).cloned().collect()
}

/// The contacts that the directory has of organisations.
fn known<'a>(
    standing: &Standing,
    organisations: impl IntoIterator<Item = &'a OrganisationId>,
) -> Vec<Contact> {
    let of = organisations.into_iter().flat_map(|id| standing.directory.contacts_of(id));
    of.take(CONTACTS).map(|it| Contact::clone(it)).collect()
}
