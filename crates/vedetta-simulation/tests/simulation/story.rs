//! What happens in a country, and whether all is well in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use vedetta_federation::Object;
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{
    Envelope, Item, Removal, StandingNotice, Stands, What, Withdrawal,
};
use vedetta_federation::link::Input;
use vedetta_federation::stands::{Stood, Word};
use vedetta_model::hold::HoldScope;
use vedetta_model::{
    Agreement, AgreementId, Category, Handling, Hold, HoldId, Instant, ItemId, OrganisationId, Pap,
    Tlp,
};
use vedetta_policy::Form;

use crate::chance::Chance;
use crate::country::Country;
use crate::memory::{Said, item_of};
use crate::oracle::Oracle;
use crate::world::{BEGINNING, Scale, World};

/// What a seed gave.
pub(crate) struct Outcome {
    pub(crate) wrong: Vec<String>,
    pub(crate) history: Vec<String>,
    pub(crate) said: String,
    /// Batches that came out of their order.
    pub(crate) disordered: u64,
}

pub(crate) struct Story {
    pub(crate) country: Country,
    /// What was accepted, where, when, and under which identifier.
    accepted: Vec<(Digest, usize, Instant)>,
    items: Vec<Published>,
    kept: BTreeSet<HoldId>,
    /// What was ever brought: a hold comes with what it holds, never after it.
    brought: BTreeSet<ItemId>,
    /// Who ever brought something, and who left the network.
    producers: BTreeSet<OrganisationId>,
    gone: BTreeSet<OrganisationId>,
    holds: Vec<usize>,
    down: Vec<usize>,
    pub(crate) number: u128,
}

/// An item as its producers know it.
#[derive(Clone)]
struct Published {
    id: ItemId,
    node: usize,
    producer: OrganisationId,
    handling: Handling,
    owner: OrganisationId,
    modified: Instant,
    revoked: bool,
}

/// Plays one seed.
pub(crate) fn play(seed: u64, scale: Scale) -> Outcome {
    let mut chance = Chance::of(seed);
    let mut world = World::new(&mut chance, scale);
    let partial = chance.once_in(4);
    if partial {
        world.keep_some_private(&mut chance);
    }
    let small = scale == Scale::Small;
    let turns = if small { chance.between(8, 20) } else { chance.between(20, 40) };
    let mut story = Story {
        country: Country::new(world, chance),
        accepted: Vec::new(),
        items: Vec::new(),
        kept: BTreeSet::new(),
        brought: BTreeSet::new(),
        producers: BTreeSet::new(),
        gone: BTreeSet::new(),
        holds: Vec::new(),
        down: Vec::new(),
        number: 0,
    };
    story.country.turn_after(3000);
    for _ in 0..turns {
        story.country.run(Duration::MAX);
        story.turn();
        let pause = story.country.chance.between(50, 3000);
        story.country.turn_after(pause);
    }
    story.country.run(Duration::MAX);
    story.heal();
    story.country.turn_after(20_000);
    story.country.run(Duration::MAX);
    let settled = story.settle();
    let mut wrong = story.judge();
    wrong.append(&mut story.country.witness.wrong);
    if !settled {
        wrong.push("it did not come to rest".into());
    }
    let world = &story.country.world;
    let said = format!(
        "{:?} of {} nodes, {} links, {} agreements{}, {} things, {} received, {} frames overtaking, \
         {} batches out of their order, refused {:?}",
        world.form,
        world.nodes.len(),
        world.edges.len(),
        world.agreements.len(),
        if partial { " (some private)" } else { "" },
        story.accepted.len(),
        story.country.received,
        story.country.witness.overtaking,
        story.country.witness.disordered,
        story.country.refused,
    );
    let disordered = story.country.witness.disordered;
    Outcome { wrong, said, disordered, history: std::mem::take(&mut story.country.history) }
}

impl Story {
    fn turn(&mut self) {
        match self.country.chance.below(22) {
            0..=7 => self.publish(),
            8 => self.revise(),
            9 | 10 => self.contest(),
            11 => self.withdraw(),
            12 | 13 => self.change_an_agreement(),
            14 => self.cut_or_join(),
            15 => self.fall_or_rise(),
            16 => self.back_up_or_restore(),
            17 => self.hold_or_lift(),
            18 => self.rotate(),
            19 => self.remove(),
            20 => self.amend(),
            _ => self.divide(),
        }
    }

    fn some_node(&mut self) -> Option<usize> {
        let node = self.country.chance.below(self.country.stations.len());
        self.country.stations[node].up.then_some(node)
    }

    pub(crate) fn accept(&mut self, node: usize, what: What, original: Option<Handling>) -> Digest {
        let station = &self.country.stations[node];
        let at = station.clock(self.country.now);
        let leaf = station.memory.accept(at, what, original.clone());
        self.country.witness.brought(leaf, original);
        self.accepted.push((leaf, node, self.country.now));
        self.country.say(format!("n{node} takes in its own {leaf}"));
        self.country.ring(node);
        leaf
    }

    fn publish(&mut self) {
        let Some(node) = self.some_node() else { return };
        let producer = self.some_producer(node);
        let chance = &mut self.country.chance;
        let everyone: Vec<_> = self.country.world.speaker.keys().cloned().collect();
        let mut victims = BTreeSet::new();
        if chance.once_in(4) {
            victims.insert(chance.pick(&everyone).clone());
        }
        let tlps = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::Amber, Tlp::AmberStrict];
        let handling = Handling {
            producer: producer.clone(),
            category: *chance.pick(&Category::ALL),
            tlp: *chance.pick(&tlps),
            pap: Pap::Green,
            victims,
            named: BTreeSet::new(),
            only_under: BTreeSet::new(),
            exercise: None,
            via: BTreeSet::new(),
        };
        let held = chance.once_in(12);
        self.number += 1;
        // Some have seen an address, which others may see too.
        let id = match self.country.chance.once_in(5) {
            true => ItemId::of("ipv4-addr", address(self.country.chance.below(3))),
            false => ItemId::of("indicator", uuid(self.number)),
        };
        // Also what somebody else has made is brought, by several who are nobody before each other.
        let owner = match self.country.chance.once_in(2) {
            true => producer.clone(),
            false => OrganisationId::new("a-maker").unwrap(),
        };
        let modified = self.country.stations[node].clock(self.country.now);
        let item = Published { id, node, owner, producer, handling, modified, revoked: false };
        if self.brought.insert(item.id.clone()) && held {
            let hold = self.hold(node, HoldScope::Item(item.id.clone()));
            self.kept.insert(hold);
        }
        self.bring(&item);
        self.items.push(item);
    }

    /// Accepts a version of an item, and its derived form where it tells a victim.
    fn bring(&mut self, item: &Published) {
        let Published { id, node, producer, handling, owner, modified, revoked } = item.clone();
        let text = format!(
            "{{\"type\":\"{}\",\"id\":\"{id}\",\"created_by_ref\":\"{}\",\
             \"modified\":\"{modified}\",\"revoked\":{revoked},\"name\":\"{producer} at {modified}\"}}",
            id.kind(),
            owner.identity()
        );
        let derived = ItemId::of(id.kind(), uuid(self.number | 1 << 100));
        let tells = !handling.victims.is_empty();
        let object = Object::new(text.clone()).unwrap();
        let conditions = handling.clone();
        let full =
            Item { object, conditions, form: Form::Full, derived: tells.then(|| derived.clone()) };
        self.country.say(format!("n{node} has {id} of {producer}, {:?}", handling));
        self.accept(node, What::Item(Box::new(full)), None);
        if tells {
            let object = Object::new(text.replace(id.as_str(), derived.as_str())).unwrap();
            let conditions = Handling {
                producer: self.country.world.nodes[node].clone(),
                victims: BTreeSet::new(),
                ..handling.clone()
            };
            let item = Item { object, conditions, form: Form::Redacted, derived: None };
            self.accept(node, What::Item(Box::new(item)), Some(handling));
        }
    }

    fn some_item(&mut self) -> Option<Published> {
        if self.items.is_empty() {
            return None;
        }
        let item = self.country.chance.pick(&self.items).clone();
        self.country.stations[item.node].up.then_some(item)
    }

    fn revise(&mut self) {
        let Some(item) = self.some_item() else { return };
        self.number += 1;
        let modified = self.country.stations[item.node].clock(self.country.now);
        let revoked = self.country.chance.once_in(5);
        self.bring(&Published { modified, revoked, ..item });
    }

    /// Somebody else brings an object of the same identifier: often the same version.
    fn contest(&mut self) {
        let (Some(item), Some(node)) = (self.some_item(), self.some_node()) else { return };
        let producer = self.some_producer(node);
        if producer == item.producer {
            return;
        }
        let modified = match self.country.chance.once_in(2) {
            true => item.modified,
            false => self.country.stations[node].clock(self.country.now),
        };
        let tlps = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict];
        let tlp = *self.country.chance.pick(&tlps);
        let handling = Handling {
            producer: producer.clone(),
            victims: BTreeSet::new(),
            tlp,
            ..item.handling.clone()
        };
        self.number += 1;
        let item = Published { node, producer, handling, modified, ..item };
        self.bring(&item);
        self.items.push(item);
    }

    fn withdraw(&mut self) {
        let Some(item) = self.some_item() else { return };
        self.country.say(format!("n{} withdraws {}", item.node, item.id));
        let (id, producer) = (item.id.clone(), Some(item.producer.clone()));
        let withdrawal = Withdrawal { item: id, producer, reason: "a mistake".into() };
        self.accept(item.node, What::Withdrawal(withdrawal), None);
        self.items.retain(|it| it.id != item.id || it.producer != item.producer);
    }

    fn change_an_agreement(&mut self) {
        let world = std::rc::Rc::clone(&self.country.world);
        let agreement = self.country.chance.pick(&self.country.texts).clone();
        let Some(node) = self.some_party(&agreement) else { return };
        let stood = self.stood(node, &agreement.id);
        let before = stood.word(&world.nodes[node]).map_or(Stands::InForce, |word| word.now);
        let now = match before {
            Stands::InForce => Stands::Suspended,
            Stands::Suspended => Stands::InForce,
            Stands::Expired => return,
        };
        self.stand(node, &agreement.id, now);
    }

    /// As its disk has it: a node that was restored may say another word with the same number.
    fn stood(&self, node: usize, id: &AgreementId) -> Stood {
        let disk = self.country.stations[node].memory.disk.borrow();
        disk.stands.get(id).cloned().unwrap_or_default()
    }

    /// A node says how an agreement stands.
    pub(crate) fn stand(&mut self, node: usize, id: &AgreementId, now: Stands) {
        let revision = self.stood(node, id).next(&self.country.world.nodes[node]);
        let (agreement, since) = (id.clone(), self.country.now);
        let notice = StandingNotice { agreement, revision, now, since, reason: None };
        self.country.say(format!("n{node}: {id} is {now:?}"));
        self.accept(node, What::Standing(notice), None);
    }

    fn cut_or_join(&mut self) {
        let edge = self.country.chance.below(self.country.cut.len());
        self.country.cut[edge] ^= true;
        let (a, b) = self.country.world.edges[edge];
        let what = if self.country.cut[edge] { "is cut" } else { "is joined" };
        self.country.say(format!("n{a}–n{b} {what}"));
    }

    /// Cuts every link between two halves.
    fn divide(&mut self) {
        let half: Vec<_> =
            (0..self.country.stations.len()).map(|_| self.country.chance.once_in(2)).collect();
        for edge in 0..self.country.cut.len() {
            let (a, b) = self.country.world.edges[edge];
            self.country.cut[edge] = half[a] != half[b] && !self.country.chance.once_in(3);
        }
        self.country.say("the country is divided".into());
    }

    fn fall_or_rise(&mut self) {
        if let Some(node) = self.down.pop() {
            self.country.say(format!("n{node} rises"));
            return self.country.rise(node);
        }
        let Some(node) = self.some_node() else { return };
        self.country.say(format!("n{node} falls"));
        self.country.fall(node);
        self.down.push(node);
    }

    fn back_up_or_restore(&mut self) {
        let Some(node) = self.some_node() else { return };
        let backups = &self.country.stations[node].backups;
        let old = backups.len().checked_sub(1);
        let with = (0..self.country.stations.len())
            .filter(|node| !self.country.stations[*node].backups.is_empty())
            .collect::<Vec<_>>();
        if old.is_none() && (with.is_empty() || self.country.chance.once_in(2)) {
            return self.back_up_all();
        }
        let node = if with.is_empty() { node } else { *self.country.chance.pick(&with) };
        let Some(backup) = self.country.stations[node].backups.pop() else { return };
        self.country.say(format!("n{node} falls and is restored from {}", backup.at));
        self.country.fall(node);
        self.country.stations[node].memory.restore(backup.disk);
        self.accepted.retain(|(_, at, when)| *at != node || *when <= backup.at);
        self.down.retain(|it| *it != node);
        self.country.rise(node);
    }

    fn back_up_all(&mut self) {
        let some = self.country.chance.between(1, 3);
        for node in 0..self.country.stations.len() {
            if node % some == 0 {
                let (at, disk) = (self.country.now, self.country.stations[node].memory.backup());
                self.country.stations[node].backups = vec![crate::station::Backup { at, disk }];
            }
        }
        self.country.say(format!("every {some}. node is backed up"));
    }

    fn hold(&mut self, node: usize, scope: HoldScope) -> HoldId {
        self.number += 1;
        let id = HoldId::new(&format!("h{}", self.number)).unwrap();
        let hold = Hold {
            id: id.clone(),
            authority: "the authority".into(),
            organisation: self.country.world.nodes[node].clone(),
            scope,
            reason: "an order".into(),
            from: BEGINNING.before(Duration::from_secs(1)),
            until: None,
        };
        self.country.say(format!("n{node} holds {:?}", hold.scope));
        self.country.stations[node].memory.hold(hold);
        id
    }

    fn hold_or_lift(&mut self) {
        if let Some(node) = self.holds.pop() {
            return self.lift(node);
        }
        let Some(node) = self.some_node() else { return };
        let everyone: Vec<_> = self.country.world.speaker.keys().cloned().collect();
        let producer = self.country.chance.pick(&everyone).clone();
        self.hold(node, HoldScope::Producer(producer));
        self.holds.push(node);
        self.country.ring(node);
    }

    fn lift(&mut self, node: usize) {
        self.country.say(format!("n{node} lifts its holds"));
        let kept = self.kept.clone();
        self.country.stations[node].memory.lift(|hold| kept.contains(&hold.id));
        self.country.ring(node);
    }

    /// One that has brought nothing leaves the network.
    fn remove(&mut self) {
        let Some(node) = self.some_node() else { return };
        let world = std::rc::Rc::clone(&self.country.world);
        let stays = |id: &OrganisationId| {
            *id == world.nodes[node] || self.producers.contains(id) || self.gone.contains(id)
        };
        let theirs = world.spoken_for(node).into_iter().filter(|it| !stays(it));
        let theirs: Vec<_> = theirs.cloned().collect();
        if theirs.is_empty() {
            return;
        }
        let organisation = self.country.chance.pick(&theirs).clone();
        self.country.say(format!("{organisation} leaves the network"));
        self.gone.insert(organisation.clone());
        self.accept(node, What::Removal(Removal { organisation }), None);
    }

    /// Somebody for whom a node speaks and who is still there.
    fn some_producer(&mut self, node: usize) -> OrganisationId {
        let world = std::rc::Rc::clone(&self.country.world);
        let theirs = world.spoken_for(node).into_iter().filter(|it| !self.gone.contains(it));
        let theirs: Vec<_> = theirs.cloned().collect();
        let producer = self.country.chance.pick(&theirs).clone();
        self.producers.insert(producer.clone());
        producer
    }

    fn rotate(&mut self) {
        let Some(node) = self.some_node() else { return };
        self.country.say(format!("n{node} takes a new key"));
        let seed = self.country.chance.seed();
        let card = self.country.stations[node].rotate(seed);
        self.country.tell_all(node, &Input::Vouch(vec![card]));
    }

    /// Everything works again, and nothing more happens.
    fn heal(&mut self) {
        self.country.rough = false;
        self.country.cut.fill(false);
        for node in 0..self.country.stations.len() {
            self.country.rise(node);
            self.lift(node);
        }
        self.country.say("all is well again".into());
    }

    fn settle(&mut self) -> bool {
        let limit = self.country.now.after(Duration::from_secs(3600));
        self.country.run(Duration::from_secs(90));
        self.country.now < limit
    }

    fn judge(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let stands = self.last_said(&mut wrong);
        let (world, texts) = (&self.country.world, self.all_texts());
        let oracle = Oracle { world, texts: &texts, stands, gone: self.all_gone() };
        let mut expected = BTreeMap::new();
        for (leaf, origin) in self.survivors(&mut wrong) {
            let thing = self.country.stations[origin].memory.disk.borrow().things[&leaf].clone();
            let Some((id, item)) = item_of(&thing) else {
                self.everywhere(&leaf, &mut wrong);
                continue;
            };
            let original = thing.original.as_ref();
            let most = oracle.may(item, original);
            let mut least = oracle.must(item, original, origin);
            if self.is_held(&id, origin) {
                self.read_by_holders(&leaf, origin, &mut wrong);
            }
            if (0..self.country.stations.len()).any(|node| self.is_held(&id, node)) {
                least.clear();
            } else if item.form == Form::Redacted {
                least.retain(|it| self.country.world.speaker[it] == origin);
            }
            self.brought_by_wire(&leaf, &mut wrong);
            self.compare(&leaf, (&most, &least), &mut wrong);
            expected.insert(leaf, (id, item.conditions.producer.clone()));
        }
        self.choices(&expected, &mut wrong);
        self.kept_whole(&mut wrong);
        wrong
    }

    /// What is kept is kept once for each trail, under seals that hold: all of it in a small country,
    /// in a large one some.
    fn kept_whole(&self, wrong: &mut Vec<String>) {
        let some = if self.country.stations.len() > 20 { 16 } else { 1 };
        for (node, station) in self.country.stations.iter().enumerate() {
            let (trust, now) = (station.trust(), station.clock(self.country.now));
            let disk = station.memory.disk.borrow();
            let looked_at = |leaf: &Digest| (usize::from(leaf.octets()[0]) + node) % some == 0;
            for (leaf, thing) in disk.things.iter().filter(|(leaf, _)| looked_at(leaf)) {
                let trail = |it: &Envelope| it.hops.iter().map(|hop| hop.from.clone()).collect();
                let trails: BTreeSet<Vec<_>> = thing.paths.iter().map(|it| trail(it)).collect();
                if trails.len() < thing.paths.len() {
                    wrong.push(format!("n{node} has {leaf} twice by one trail"));
                }
                let own = thing.own.then_some(&thing.envelope).filter(|it| it.seal.is_some());
                for envelope in thing.paths.iter().chain(own) {
                    let from = envelope.from().clone();
                    match trust.check(&from, Envelope::clone(envelope), now) {
                        Ok(it) if it.leaf() == *leaf => {}
                        Ok(_) => wrong.push(format!("n{node} has another thing as {leaf}")),
                        Err(it) => wrong.push(format!("n{node} has {leaf}, refused: {}", it.why)),
                    }
                }
            }
        }
    }

    fn is_held(&self, id: &ItemId, node: usize) -> bool {
        let held = |hold: &Hold| matches!(&hold.scope, HoldScope::Item(it) if it == id);
        self.country.stations[node].memory.disk.borrow().holds.iter().any(held)
    }

    /// What is held is read at its node alone, by its producer and the authority.
    fn read_by_holders(&self, leaf: &Digest, origin: usize, wrong: &mut Vec<String>) {
        for (node, station) in self.country.stations.iter().enumerate() {
            if node != origin && station.memory.disk.borrow().things.contains_key(leaf) {
                wrong.push(format!("n{node} has {leaf}, which n{origin} holds"));
            }
        }
    }

    /// Whoever has an item brought it, or it left for there.
    fn brought_by_wire(&self, leaf: &Digest, wrong: &mut Vec<String>) {
        for (node, station) in self.country.stations.iter().enumerate() {
            let disk = station.memory.disk.borrow();
            let there = disk.things.get(leaf).is_some_and(|thing| !thing.own);
            if there && !self.country.witness.has_left(leaf, node) {
                wrong.push(format!("n{node} has {leaf}, which never left for it"));
            }
        }
    }

    fn everywhere(&self, leaf: &Digest, wrong: &mut Vec<String>) {
        for (node, station) in self.country.stations.iter().enumerate() {
            if !station.memory.disk.borrow().things.contains_key(leaf) {
                wrong.push(format!("n{node} was never told {leaf}"));
            }
        }
    }

    /// The last word on each agreement among all that anybody still has.
    fn last_said(&self, wrong: &mut Vec<String>) -> BTreeMap<AgreementId, Stands> {
        let mut last: BTreeMap<AgreementId, Stood> = BTreeMap::new();
        for station in &self.country.stations {
            for (leaf, thing) in &station.memory.disk.borrow().things {
                let What::Standing(it) = &thing.envelope.what else { continue };
                let stood = last.entry(it.agreement.clone()).or_default();
                stood.hear(&thing.envelope.origin, Word::of(it, *leaf));
            }
        }
        for (node, station) in self.country.stations.iter().enumerate() {
            for (id, stood) in &last {
                if station.memory.disk.borrow().stands.get(id) != Some(stood) {
                    wrong.push(format!("n{node} does not know how {id} stands: {stood:?}"));
                }
            }
        }
        last.into_iter().map(|(id, stood)| (id, stood.now())).collect()
    }

    /// Everything that anybody still has, with its origin, which must have it too; and whatever was
    /// accepted and not lost with a restored disk.
    fn survivors(&self, wrong: &mut Vec<String>) -> BTreeMap<Digest, usize> {
        let mut all = BTreeMap::new();
        for station in &self.country.stations {
            for (leaf, thing) in &station.memory.disk.borrow().things {
                let origin = &thing.envelope.origin;
                let node = self.country.world.nodes.iter().position(|it| it == origin).unwrap();
                all.insert(*leaf, node);
            }
        }
        for (leaf, node, _) in &self.accepted {
            all.insert(*leaf, *node);
        }
        all.retain(|leaf, node| {
            let disk = self.country.stations[*node].memory.disk.borrow();
            let has = disk.things.get(leaf).is_some_and(|thing| thing.own);
            if !has {
                wrong.push(format!("n{node} lost its own {leaf}"));
            }
            has
        });
        all
    }

    fn compare(
        &self,
        leaf: &Digest,
        (most, least): (&BTreeSet<OrganisationId>, &BTreeSet<OrganisationId>),
        wrong: &mut Vec<String>,
    ) {
        for (organisation, node) in &self.country.world.speaker {
            let memory = &self.country.stations[*node].memory;
            let reads = memory.may_read(organisation, leaf);
            if reads && !most.contains(organisation) {
                wrong.push(format!("{organisation} reads {leaf} and must not"));
            }
            if !reads && least.contains(organisation) {
                let has = memory.disk.borrow().things.contains_key(leaf);
                wrong.push(format!("{organisation} does not read {leaf} (n{node} has it: {has})"));
            }
        }
    }

    /// Of what several brought under one identifier everybody reads the same, whatever came first: of each
    /// producer the newest that may be read. What was withdrawn or revoked nobody reads, and another's all
    /// the same.
    fn choices(&self, all: &BTreeMap<Digest, (ItemId, OrganisationId)>, wrong: &mut Vec<String>) {
        let mut by_item: BTreeMap<&ItemId, Vec<&Digest>> = BTreeMap::new();
        for (leaf, (id, _)) in all {
            by_item.entry(id).or_default().push(leaf);
        }
        let withdrawn = self.withdrawn();
        for (organisation, node) in &self.country.world.speaker {
            let memory = &self.country.stations[*node].memory;
            let disk = memory.disk.borrow();
            for (id, leaves) in by_item.iter().filter(|(_, leaves)| leaves.len() > 1) {
                let here = leaves.iter().filter_map(|leaf| Some((disk.things.get(leaf)?, **leaf)));
                let here: Vec<_> = here.map(|(thing, leaf)| (Said::of(thing), leaf)).collect();
                let outdates =
                    |one: &Said, it: &Said| one.producer == it.producer && one.version > it.version;
                let stands = |it: &Said| {
                    let gone = withdrawn.contains(&(ItemId::clone(id), Some(it.producer.clone())));
                    !gone && !here.iter().any(|(one, _)| one.revokes && outdates(one, it))
                };
                let mine = here
                    .iter()
                    .filter(|(it, leaf)| stands(it) && memory.may_read(organisation, leaf));
                let mine: Vec<&Said> = mine.map(|(it, _)| it).collect();
                let newest = mine.iter().filter(|it| !mine.iter().any(|one| outdates(one, it)));
                let given: BTreeSet<_> = newest.map(|it| it.object).collect();
                if memory.reads(organisation, id) != given {
                    wrong.push(format!("{organisation} reads something else of {id}"));
                }
            }
        }
    }

    /// The texts of agreements, those that anybody still has.
    fn all_texts(&self) -> Vec<Arc<Agreement>> {
        let stations = &self.country.stations;
        let known = |id: &AgreementId| stations.iter().any(|it| it.memory.has_text(id));
        self.country.texts.iter().filter(|it| known(&it.id)).cloned().collect()
    }

    /// Who left the network, as far as anybody still knows.
    fn all_gone(&self) -> BTreeSet<OrganisationId> {
        let stations = self.country.stations.iter();
        stations.flat_map(|it| it.memory.disk.borrow().gone.clone()).collect()
    }

    /// Of which items a withdrawal is anywhere, and of whose.
    fn withdrawn(&self) -> BTreeSet<(ItemId, Option<OrganisationId>)> {
        let mut withdrawn = BTreeSet::new();
        for station in &self.country.stations {
            for thing in station.memory.disk.borrow().things.values() {
                if let What::Withdrawal(it) = &thing.envelope.what {
                    withdrawn.insert((it.item.clone(), it.producer.clone()));
                }
            }
        }
        withdrawn
    }
}

/// An identifier that follows from a value.
fn address(number: usize) -> uuid::Uuid {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &number.to_be_bytes())
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid()
}
