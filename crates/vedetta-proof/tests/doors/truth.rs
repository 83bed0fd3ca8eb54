//! What is true: who was granted what, kept in sets of names, and asked of the oracle again at each
//! reading. Nothing here is shared with the node.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_model::hold::HoldScope;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::*;
use vedetta_policy::{Form, Past};

use crate::items::Written;
use crate::oracle::Oracle;
use crate::worlds::World;

type Names = BTreeSet<OrganisationId>;

/// One item, with all that was brought of it.
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) producer: OrganisationId,
    pub(crate) withdrawn: bool,
    /// The versions without a derived form that came when it had one: those before have none any more.
    taken_back: Vec<Instant>,
    pub(crate) versions: Vec<Version>,
}

/// One version of an item.
pub(crate) struct Version {
    pub(crate) written: Written,
    /// Whether a derived form of it was placed.
    derived: bool,
    /// How many had been taken back before it that were older.
    after: usize,
    /// One for each who brought it.
    grants: Vec<Grant>,
}

/// To whom a version was released as one bringer would have it handled.
struct Grant {
    handling: Arc<Handling>,
    at: Instant,
    full: Names,
    redacted: Names,
    /// Whom only a hold kept from it.
    withheld: BTreeMap<OrganisationId, Form>,
}

/// Who reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Who {
    pub(crate) organisation: OrganisationId,
    /// The person; absent for a machine.
    pub(crate) person: Option<AccountId>,
}

/// A form of a version that somebody may read.
#[derive(Clone)]
pub(crate) struct Readable<'a> {
    pub(crate) item: &'a Item,
    pub(crate) written: &'a Written,
    pub(crate) form: Form,
    pub(crate) tlp: Tlp,
    pub(crate) pap: Pap,
    /// Whom it must not tell.
    pub(crate) hides: Vec<OrganisationId>,
}

pub(crate) struct Truth {
    pub(crate) world: World,
    pub(crate) items: Vec<Item>,
    told: RefCell<Told>,
}

/// What the oracle said, as long as nothing changed.
#[derive(Default)]
struct Told {
    at: Option<Instant>,
    /// The day, and the holds that bind.
    as_of: Vec<String>,
    forms: HashMap<(Arc<Handling>, Option<ItemId>), Forms>,
}

/// Who receives what is handled so, in which form.
type Forms = Arc<BTreeMap<OrganisationId, Form>>;

impl Truth {
    pub(crate) fn new(world: World) -> Self {
        Self { world, items: Vec::new(), told: RefCell::default() }
    }

    /// Forgets what the oracle said: the world changed.
    pub(crate) fn changed(&self) {
        *self.told.borrow_mut() = Told::default();
    }

    /// Brings a version for an organisation; says whether it should be accepted.
    pub(crate) fn bring(&mut self, by: &OrganisationId, written: Written, now: Instant) -> bool {
        let own = |it: &Item| it.id == written.id && it.producer == *by;
        let others = |it: &&Item| it.id == written.id && !it.id.follows_from_value();
        let others: Vec<_> = self.items.iter().filter(others).flat_map(|it| &it.versions).collect();
        let twin = others.iter().any(|it| it.written.mark == written.mark);
        let place = match self.items.iter().position(own) {
            Some(place) => place,
            // Nobody begins what another has brought, but with the same bytes.
            None if !others.is_empty() && !twin => return false,
            None => {
                self.items.push(Item {
                    id: written.id.clone(),
                    producer: by.clone(),
                    withdrawn: false,
                    taken_back: Vec::new(),
                    versions: Vec::new(),
                });
                self.items.len() - 1
            }
        };
        let grant = self.grant(by, &written, &self.items[place], now);
        let item = &mut self.items[place];
        if twin && item.versions.is_empty() {
            // Its form without the victim comes later.
            let mut grant = grant;
            let late = std::mem::take(&mut grant.redacted).into_iter();
            grant.withheld.extend(late.map(|who| (who, Form::Redacted)));
            let grants = vec![grant];
            item.versions.push(Version { written, derived: false, after: 0, grants });
            return true;
        }
        // Of what everybody brings, each brings one; of anything else a version once.
        let by_value = item.id.follows_from_value();
        if item.versions.iter().any(|it| by_value || it.written.version == written.version) {
            return false;
        }
        let (version, victims) = (written.version, &grant.handling.victims);
        let served = !item.withdrawn && item.revocation().is_none_or(|moment| version >= moment);
        let reaches = !grant.redacted.is_empty();
        let after = item.taken_back.iter().filter(|bare| **bare < version).count();
        let derived = served && reaches && written.derives(victims);
        let lasting = written.revoked || reaches || victims.is_empty();
        item.versions.push(Version { written, derived, after, grants: vec![grant] });
        if served && lasting && !derived {
            item.take_back(version);
        }
        true
    }

    /// Whoever is entitled now and was not when a version came gets it as far as the past goes.
    pub(crate) fn welcome(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (place, item) in self.items.iter().enumerate().filter(|(_, it)| !it.withdrawn) {
            let newest = item.versions.iter().map(|it| it.written.version).max();
            for (version, it) in item.versions.iter().enumerate() {
                if Some(it.written.version) != newest {
                    continue;
                }
                for (grant, it) in it.grants.iter().enumerate() {
                    let new = self.newcomers(it, now);
                    due.extend(
                        new.into_iter().map(|(who, form)| (place, version, grant, who, form)),
                    );
                }
            }
        }
        for (place, version, grant, who, form) in due {
            let item = &mut self.items[place];
            let version = &mut item.versions[version];
            let grant = &mut version.grants[grant];
            let (moment, victims) = (version.written.version, &grant.handling.victims);
            let known = victims.iter().all(|victim| self.world.find(victim).is_some());
            if form == Form::Redacted && !(known && version.written.derives(victims)) {
                item.take_back(moment);
                continue;
            }
            version.derived |= form == Form::Redacted;
            match form {
                Form::Full => grant.full.insert(who),
                Form::Redacted => grant.redacted.insert(who),
            };
        }
    }

    /// All that somebody may read now, every version.
    pub(crate) fn readable(&self, who: &Who, now: Instant) -> Vec<Readable<'_>> {
        self.served(&|item, version, form| self.read(item, version, form, who, now))
    }

    /// The newest of each item and form among all that may be read.
    pub(crate) fn newest(&self, who: &Who, now: Instant) -> Vec<Readable<'_>> {
        let readable = self.readable(who, now);
        let mut newest = readable.clone();
        newest.retain(|one| {
            !readable.iter().any(|other| {
                one.is_named_as(other)
                    && (one.item.producer == other.item.producer
                        || one.item.id.follows_from_value())
                    && other.written.version > one.written.version
            })
        });
        newest
    }

    fn served<'a>(
        &'a self,
        read: &dyn Fn(&'a Item, &'a Version, Form) -> Option<Readable<'a>>,
    ) -> Vec<Readable<'a>> {
        let mut all = Vec::new();
        for item in self.items.iter().filter(|it| !it.withdrawn) {
            for version in &item.versions {
                if item.revocation().is_some_and(|moment| version.written.version < moment) {
                    continue;
                }
                all.extend(
                    [Form::Full, Form::Redacted]
                        .iter()
                        .filter_map(|form| read(item, version, *form)),
                );
            }
        }
        all
    }

    /// The form of the newest version that an organisation has, whoever's, the full one before the other.
    pub(crate) fn receives(&self, id: &ItemId, who: &OrganisationId, now: Instant) -> Option<Form> {
        let items = self.items.iter().filter(|it| it.id == *id);
        items.filter_map(|item| self.receives_of(item, who, now)).min()
    }

    fn receives_of(&self, item: &Item, who: &OrganisationId, now: Instant) -> Option<Form> {
        let newest = item.versions.iter().max_by_key(|it| it.written.version)?;
        let people = self.world.accounts.iter().filter(|it| it.organisation == *who);
        let readers =
            people.map(|it| Who { organisation: who.clone(), person: Some(it.id.clone()) });
        let readers: Vec<_> = readers.collect();
        [Form::Full, Form::Redacted].into_iter().filter(|_| !item.withdrawn).find(|form| {
            readers.iter().any(|who| self.read(item, newest, *form, who, now).is_some())
        })
    }

    /// Whose misfortune a version tells, by what it says and by what was said before.
    fn handling(
        &self,
        by: &OrganisationId,
        written: &Written,
        item: &Item,
        now: Instant,
    ) -> Handling {
        let says = &written.says;
        let known = |victim: &OrganisationId| match self.world.find(victim) {
            Some(_) => victim.clone(),
            None => by.clone(),
        };
        let victims = match &says.victims {
            Some(victims) => victims.iter().map(known).collect(),
            None => {
                let mut victims = Names::new();
                let watches = self.world.find(by).is_some_and(|it| watches(it.kind));
                if says.category == Category::Incident && !watches {
                    victims.insert(by.clone());
                }
                if item.producer == *by {
                    victims.extend(item.victims());
                }
                victims
            }
        };
        let oracle = Oracle { world: &self.world, now };
        let default = || oracle.default_tlp(by, says.category).unwrap_or(Tlp::Amber);
        let tlp = says.tlp.unwrap_or_else(default);
        Handling {
            producer: by.clone(),
            category: says.category,
            tlp,
            pap: says.pap.unwrap_or_default(),
            victims,
            named: if tlp == Tlp::Red { self.persons(&says.named, by) } else { BTreeSet::new() },
            only_under: says.only_under.clone(),
            exercise: None,
            via: BTreeSet::new(),
        }
    }

    /// An account is of the organisation that has it here, else of the producer.
    fn persons(&self, named: &BTreeSet<AccountId>, by: &OrganisationId) -> BTreeSet<Person> {
        let person = |account: &AccountId| {
            let known = self.world.accounts.iter().find(|it| it.id == *account);
            let organisation = known.map_or(by, |it| &it.organisation).clone();
            Person { organisation, account: account.clone() }
        };
        named.iter().map(person).collect()
    }

    fn grant(&self, by: &OrganisationId, written: &Written, item: &Item, now: Instant) -> Grant {
        let handling = Arc::new(self.handling(by, written, item, now));
        let free = World { holds: Vec::new(), ..self.world.clone() };
        let unheld = Oracle { world: &free, now };
        let mut grant = Grant {
            at: now,
            full: Names::new(),
            redacted: Names::new(),
            withheld: BTreeMap::new(),
            handling: Arc::clone(&handling),
        };
        let granted = self.forms(&handling, None, now);
        for (_, who) in &self.world.organisations {
            let id = who.id.clone();
            match (granted.get(&id), unheld.form(&handling, None, who)) {
                (Some(Form::Full), _) => drop(grant.full.insert(id)),
                (Some(Form::Redacted), _) => drop(grant.redacted.insert(id)),
                (None, Some(form)) => drop(grant.withheld.insert(id, form)),
                (None, None) => {}
            }
        }
        grant
    }

    fn newcomers(&self, grant: &Grant, now: Instant) -> Vec<(OrganisationId, Form)> {
        let oracle = Oracle { world: &self.world, now };
        let mut new = Vec::new();
        for (id, form) in self.forms(&grant.handling, None, now).iter() {
            let (had, withheld) = (grant.full.contains(id), grant.withheld.get(id));
            let due = match form {
                Form::Full if had => continue,
                Form::Redacted if grant.redacted.contains(id) => continue,
                Form::Full => withheld == Some(&Form::Full),
                Form::Redacted => had || withheld.is_some(),
            };
            let Some(who) = self.world.find(id) else { continue };
            let past = || match oracle.past(&grant.handling, who) {
                Past::All => true,
                Past::Since(moment) => moment <= grant.at,
                Past::Nothing => false,
            };
            if due || past() {
                new.push((id.clone(), *form));
            }
        }
        new
    }

    fn read<'a>(
        &self,
        item: &'a Item,
        version: &'a Version,
        form: Form,
        who: &Who,
        now: Instant,
    ) -> Option<Readable<'a>> {
        let open = |grant: &&Grant| {
            let today = self.forms(&grant.handling, Some(&item.id), now);
            let today = today.get(&who.organisation);
            let recorded = match form {
                Form::Full => today == Some(&Form::Full) && grant.full.contains(&who.organisation),
                Form::Redacted => {
                    today.is_some()
                        && grant.redacted.contains(&who.organisation)
                        && version.after == item.taken_back.len()
                        && version.written.derives(&grant.handling.victims)
                }
            };
            recorded && grant.is_for(who)
        };
        let grant = version.grants.iter().find(open)?;
        let hides = match form {
            Form::Full => Vec::new(),
            Form::Redacted => grant.handling.victims.iter().cloned().collect(),
        };
        let (tlp, pap) = (grant.handling.tlp, grant.handling.pap);
        Some(Readable { item, written: &version.written, form, tlp, pap, hides })
    }

    fn forms(&self, handling: &Arc<Handling>, item: Option<&ItemId>, now: Instant) -> Forms {
        let mut told = self.told.borrow_mut();
        if told.at != Some(now) {
            told.at = Some(now);
            let holds = self.world.holds.iter().filter(|hold| hold.binds(now));
            let mut as_of: Vec<_> = holds.map(|hold| hold.id.to_string()).collect();
            as_of.push(now.day().to_string());
            if told.as_of != as_of {
                *told = Told { at: Some(now), as_of, forms: HashMap::new() };
            }
        }
        let held = |it: &&ItemId| {
            let on = |hold: &Hold| hold.scope == HoldScope::Item(ItemId::clone(it));
            self.world.holds.iter().any(on)
        };
        let item = item.filter(held);
        let key = (Arc::clone(handling), item.cloned());
        let forms = told.forms.entry(key).or_insert_with(|| {
            let oracle = Oracle { world: &self.world, now };
            let form = |who: &Organisation| oracle.form(handling, item, who);
            let all = self.world.organisations.iter();
            Arc::new(all.filter_map(|(_, who)| Some((who.id.clone(), form(who)?))).collect())
        });
        Arc::clone(forms)
    }
}

impl Readable<'_> {
    /// Whether both go under one name: the forms without the victim have one of their producer's own.
    fn is_named_as(&self, other: &Self) -> bool {
        (&self.item.id, self.form) == (&other.item.id, other.form)
            && (self.form == Form::Full || self.item.producer == other.item.producer)
    }

    /// Whether it is what is given by its name, where several producers' may be read.
    pub(crate) fn is_first(&self, newest: &[Self]) -> bool {
        !newest.iter().any(|other| other.is_named_as(self) && other.goes_before(self))
    }

    /// Nobody here names the maker of anything.
    fn goes_before(&self, other: &Self) -> bool {
        let age = |it: &Self| (it.written.revoked, std::cmp::Reverse(it.written.version));
        let bytes = |it: &Self| vedetta_store::Digest::of(it.written.object.to_string().as_bytes());
        (age(self), bytes(self)) < (age(other), bytes(other))
    }
}

impl Item {
    /// The newest version that revokes it.
    fn revocation(&self) -> Option<Instant> {
        let revoked = self.versions.iter().filter(|it| it.written.revoked);
        revoked.map(|it| it.written.version).max()
    }

    /// A version has no derived form: unless there is a newer one, those before lose theirs.
    fn take_back(&mut self, bare: Instant) {
        let taken = self.taken_back.len();
        let stands = |it: &Version| it.derived && it.after == taken && it.written.version < bare;
        let newest = self.versions.iter().all(|it| it.written.version <= bare);
        if newest && self.versions.iter().any(stands) {
            self.taken_back.push(bare);
        }
    }

    /// Whom the versions that are served tell.
    fn victims(&self) -> Names {
        if self.withdrawn {
            return Names::new();
        }
        let revoked = self.revocation();
        let served =
            self.versions.iter().filter(|it| revoked.is_none_or(|at| it.written.version >= at));
        let grants = served.flat_map(|it| &it.grants);
        grants.flat_map(|it| it.handling.victims.iter().cloned()).collect()
    }
}

impl Grant {
    /// TLP:RED is for the persons it names, and for its producer.
    fn is_for(&self, who: &Who) -> bool {
        self.handling.tlp != Tlp::Red
            || who.organisation == self.handling.producer
            || who.person.clone().is_some_and(|account| {
                let organisation = who.organisation.clone();
                self.handling.named.contains(&Person { organisation, account })
            })
    }
}

fn watches(kind: OrganisationKind) -> bool {
    use OrganisationKind::{Agency, Association, NationalCentre, Partner, RegionalCentre, Section};
    [NationalCentre, RegionalCentre, Section, Agency, Association, Partner].contains(&kind)
}
