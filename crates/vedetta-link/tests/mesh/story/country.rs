//! The houses of a story, the links between them, and what was brought.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use vedetta_federation::cards::Vouches;
use vedetta_federation::envelope::Stands;
use vedetta_federation::scope::Scope;
use vedetta_flow::Step;
use vedetta_mesh::Terms;
use vedetta_model::{AgreementId, Entropy, ItemId};
use vedetta_store::written::WithdrawnFacts;
use vedetta_store::{EntryKind, Sequence, StoredItem, Verification, verify};
use vedetta_testkit::SeededEntropy;
use vedetta_testkit::items::TestItem;

use super::super::network::{Node, everyone, id};
use super::super::restore::copy;
use super::super::wire::pair_on;
use super::oracle::{Oracle, agreements};

/// What somebody brought.
pub(super) struct Piece {
    pub(super) item: TestItem,
    /// Where.
    pub(super) node: usize,
    pub(super) producer: String,
    /// Whether it is for everybody.
    pub(super) everyone: bool,
    /// The agreement to which its producer limits it.
    pub(super) only: Option<String>,
    /// When which version was brought.
    pub(super) versions: Vec<(u64, String)>,
    pub(super) withdrawn: Option<u64>,
    pub(super) revoked: bool,
}

/// What should be there of a piece at the end.
struct Line {
    /// Whether the newest version says something, and which it is.
    newest: Option<(bool, String)>,
    entitled: BTreeSet<String>,
    reached: BTreeSet<usize>,
}

pub(super) struct Country {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<(usize, usize)>,
    pub(super) cut: Vec<bool>,
    pub(super) chance: Chance,
    pub(super) pieces: Vec<Piece>,
    /// What which node has suspended.
    pub(super) suspended: BTreeSet<(usize, AgreementId)>,
    /// What a node has said that it may not remember.
    pub(super) uncertain: BTreeSet<(usize, AgreementId)>,
    pub(super) turn: u64,
    pub(super) history: Vec<String>,
    pub(super) wrong: Vec<String>,
    said: BTreeMap<(usize, AgreementId), u64>,
    /// Where the ledger of each is, and copies of it, with when they were made.
    places: Vec<TempDir>,
    copies: Vec<Option<(TempDir, u64)>>,
    /// The copy from which each was restored: what it did since then, up to the restore, may be lost.
    lost: Vec<Vec<(u64, u64)>>,
    elapsed: Duration,
}

/// Chance that comes again.
pub(super) struct Chance(SeededEntropy);

impl Chance {
    pub(super) fn below(&mut self, end: usize) -> usize {
        let mut octets = [0; 8];
        self.0.fill(&mut octets);
        usize::try_from(u64::from_le_bytes(octets) % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    pub(super) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to - from + 1)
    }

    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }
}

impl Country {
    /// The centre and two regions; some have a town or an agency with a node of its own.
    pub(super) fn found(seed: u64) -> Self {
        let mut chance = Chance(SeededEntropy::new(seed));
        let mut names = vec!["cnaipic", "cosc-umbria", "cosc-liguria"];
        let mut edges = vec![(0, 1), (0, 2)];
        let others = [("poli-cert", 0), ("perugia", 1), ("genova", 2)];
        let first = chance.below(3);
        for (place, (name, by)) in others.into_iter().enumerate() {
            if place == first || chance.once_in(2) {
                edges.push((by, names.len()));
                names.push(name);
            }
        }
        if chance.once_in(2) {
            edges.push((1, 2));
        }
        if let Some(agency) = names.iter().position(|it| *it == "poli-cert")
            && chance.once_in(2)
        {
            edges.push((1, agency));
        }
        let places: Vec<_> = names.iter().map(|_| tempfile::tempdir().unwrap()).collect();
        let found = |(name, place): (&&'static str, &TempDir)| {
            let node = Node::at(name, place.path());
            node.found(agreements());
            node
        };
        let nodes: Vec<_> = names.iter().zip(&places).map(found).collect();
        for (a, b) in &edges {
            // A town hears of all others by its region.
            let town = ["perugia", "genova"].contains(&nodes[*b].name);
            let all = Terms { serves: Scope::everything(), vouches: Vouches::Everything };
            pair_on(&nodes[*a], &nodes[*b], &if town { all } else { nodes[*a].terms() });
        }
        Self {
            cut: vec![false; edges.len()],
            copies: nodes.iter().map(|_| None).collect(),
            lost: vec![Vec::new(); nodes.len()],
            nodes,
            edges,
            chance,
            pieces: Vec::new(),
            suspended: BTreeSet::new(),
            uncertain: BTreeSet::new(),
            turn: 0,
            history: vec![format!("{names:?}")],
            wrong: Vec::new(),
            said: BTreeMap::new(),
            places,
            elapsed: Duration::ZERO,
        }
    }

    pub(super) fn say(&mut self, what: String) {
        self.turn += 1;
        self.history.push(format!("{:>4}  {what}", self.turn));
    }

    /// Time passes at all nodes.
    pub(super) fn pass(&mut self, time: Duration) {
        self.elapsed += time;
        self.nodes.iter().for_each(|node| node.clock.advance(time));
    }

    /// The node that speaks for an organisation.
    pub(super) fn speaker(&self, organisation: &str) -> usize {
        let own = |name: &str| self.nodes.iter().position(|node| node.name == name);
        let region = match organisation {
            "perugia" | "terni" => own("cosc-umbria"),
            "genova" => own("cosc-liguria"),
            _ => None,
        };
        own(organisation).or(region).unwrap_or(0)
    }

    pub(super) fn spoken_for(&self, node: usize) -> Vec<String> {
        everyone().into_iter().filter(|it| self.speaker(it) == node).collect()
    }

    pub(super) fn is_party(&self, node: usize, act: &AgreementId) -> bool {
        let acts = agreements();
        let parties = acts.iter().filter(|it| it.id == *act).flat_map(|it| &it.parties);
        let mut members = parties.flat_map(|party| &party.organisations);
        members.any(|it| self.speaker(it.as_str()) == node)
    }

    pub(super) fn some_piece(&mut self, such: impl Fn(&Piece) -> bool) -> Option<usize> {
        let some: Vec<_> = (0..self.pieces.len()).filter(|at| such(&self.pieces[*at])).collect();
        if some.is_empty() { None } else { Some(*self.chance.pick(&some)) }
    }

    /// Brings a piece as it is now, as a version of its own, where it does not begin what another has
    /// brought there.
    pub(super) fn version(&mut self, piece: usize) {
        let seconds = self.turn + 1;
        let moment = format!("2026-03-01T01:{:02}:{:02}.000Z", seconds / 60, seconds % 60);
        let it = &self.pieces[piece];
        let item = it.item.clone().modified(&moment);
        let refused = self.nodes[it.node].offer(&it.producer, &[item]).rejected;
        if !refused.is_empty() {
            let same = |other: &&Piece| other.item.id() == it.item.id();
            assert!(self.pieces.iter().filter(same).count() > 1, "{refused:?}");
            return;
        }
        let kind = if it.revoked { ", revoked" } else { "" };
        let told = format!(
            "{} brings {} of {}{kind}, {moment}, for {}",
            self.nodes[it.node].name,
            it.item.id(),
            it.producer,
            it.only.as_deref().unwrap_or(if it.everyone { "everyone" } else { "all parties" }),
        );
        self.say(told);
        let turn = self.turn;
        self.pieces[piece].versions.push((turn, moment));
    }

    /// Suspends or resumes; after it the node's own word is that, whether it was before or not.
    pub(super) fn step(&mut self, node: usize, act: &AgreementId, now: Stands) {
        let (house, by) = (&self.nodes[node].house, self.nodes[node].administrator());
        let step = match now {
            Stands::InForce => Step::Resume,
            _ => Step::Suspend { reason: "review".into() },
        };
        let done = house.step_agreement(&by, act, &step).is_ok();
        self.say(format!("{}: {act} is {now:?} ({done})", self.nodes[node].name));
        let key = (node, act.clone());
        self.said.insert(key.clone(), self.turn);
        match now {
            Stands::InForce => self.suspended.remove(&key),
            _ => self.suspended.insert(key),
        };
    }

    fn copy(&mut self, node: usize) {
        let to = tempfile::tempdir().unwrap();
        self.closed(node, |from| {
            copy(from, to.path());
            None
        });
        self.say(format!("{} is copied", self.nodes[node].name));
        self.copies[node] = Some((to, self.turn));
    }

    /// Restores a node of which there is a copy; without any it makes one, of this node.
    pub(super) fn restore_some(&mut self, node: usize) {
        let with: Vec<_> = (0..self.nodes.len()).filter(|at| self.copies[*at].is_some()).collect();
        if with.is_empty() {
            return self.copy(node);
        }
        let node = *self.chance.pick(&with);
        let Some((from, at)) = self.copies[node].take() else { return };
        self.closed(node, |_| Some(from));
        self.say(format!("{} is restored as it was at {at}", self.nodes[node].name));
        self.lost[node].push((at, self.turn));
        let later = self.said.iter().filter(|((it, _), when)| *it == node && **when > at);
        self.uncertain.extend(later.map(|(key, _)| key.clone()));
    }

    /// Closes a node, does something with where its ledger is, and opens it, there or elsewhere.
    fn closed(&mut self, node: usize, act: impl FnOnce(&Path) -> Option<TempDir>) {
        // Another ledger in its place, so that it is let go.
        let name = self.nodes[node].name;
        self.nodes[node] = Node::new(name, Vec::new());
        if let Some(other) = act(self.places[node].path()) {
            self.places[node] = other;
        }
        self.nodes[node] = Node::again(name, self.places[node].path(), self.turn);
        self.nodes[node].clock.advance(self.elapsed);
    }

    /// What does not read as the oracle says.
    pub(super) fn judge(&mut self) -> Vec<String> {
        let mut wrong = std::mem::take(&mut self.wrong);
        let off: BTreeSet<_> = self.suspended.iter().map(|(_, act)| act).collect();
        let all = agreements().into_iter().map(|it| it.id);
        let oracle = Oracle { binding: all.filter(|it| !off.contains(it)).collect() };
        let ever = Oracle::of_all();
        let ids: BTreeSet<_> = self.pieces.iter().map(|it| it.item.id()).collect();
        for id in ids {
            self.judge_item(&id, (&oracle, &ever), &mut wrong);
        }
        for node in &self.nodes {
            let mut sound = None;
            let mut look = |reader: &mut dyn vedetta_store::Reader| {
                sound = Some(verify(reader)?);
                Ok(())
            };
            node.store.read(&mut look).unwrap();
            if !matches!(sound, Some(Verification::Sound { .. })) {
                wrong.push(format!("the ledger of {}: {sound:?}", node.name));
            }
        }
        wrong
    }

    fn judge_item(&self, id: &ItemId, (oracle, ever): (&Oracle, &Oracle), wrong: &mut Vec<String>) {
        let kept: Vec<_> = self.nodes.iter().map(|node| versions_in(node, id)).collect();
        let pieces = || self.pieces.iter().filter(|it| it.item.id() == *id);
        for (node, kept) in kept.iter().enumerate() {
            let might = |it: &Piece| ever.entitled(it).iter().any(|it| self.speaker(it) == node);
            if !kept.is_empty() && !pieces().any(|it| it.node == node || might(it)) {
                wrong.push(format!("{} has {id}, where it is for nobody", self.nodes[node].name));
            }
        }
        let lines: Vec<_> = pieces().map(|piece| self.line(piece, oracle, &kept)).collect();
        for reader in everyone() {
            let node = self.speaker(&reader);
            let read = read_of(&self.nodes[node], &reader, id);
            let mine = lines.iter().filter(|line| line.entitled.contains(&reader));
            let mine = mine.filter_map(|line| Some((line.newest.as_ref()?, line)));
            let (certain, others): (Vec<_>, Vec<_>) =
                mine.partition(|(_, line)| line.reached.contains(&node));
            // What a node must not have, since none led there that must have it too, it may have.
            let may = (0..1_usize << others.len()).map(|some| {
                let some = others.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1);
                let newest = certain.iter().chain(some.map(|(_, it)| it)).map(|(newest, _)| newest);
                newest.max().map(|(_, version)| version.clone())
            });
            let may: BTreeSet<_> = may.collect();
            if !may.contains(&read) {
                wrong
                    .push(format!("{reader} reads {id} as of {read:?}, and not {may:?}: {kept:?}"));
            }
        }
    }

    /// What of a piece there should be at the end, for whom, and at which nodes.
    fn line(&self, piece: &Piece, oracle: &Oracle, kept: &[BTreeSet<String>]) -> Line {
        let survives = |(when, version): &&(u64, String)| {
            !self.may_be_lost(piece.node, *when) || kept.iter().any(|it| it.contains(version))
        };
        let withdrawn = piece.withdrawn.is_some_and(|when| {
            !self.may_be_lost(piece.node, when) || self.nodes.iter().any(|it| took_back(it, piece))
        });
        let newest = piece.versions.iter().rfind(survives).filter(|_| !withdrawn);
        let revokes = |it: &(u64, String)| piece.revoked && piece.versions.last() == Some(it);
        let newest = newest.map(|it| (!revokes(it), it.1.clone()));
        let entitled = oracle.entitled(piece);
        let having: BTreeSet<_> = entitled.iter().map(|it| self.speaker(it)).collect();
        let reached = self.reached(piece.node, &having);
        Line { newest, entitled, reached }
    }

    /// Whether what a node did then is not in its ledger any more, as far as it can be known.
    fn may_be_lost(&self, node: usize, when: u64) -> bool {
        self.lost[node].iter().any(|(from, to)| (*from..*to).contains(&(when - 1)))
    }

    /// The nodes to which others lead that have it themselves.
    fn reached(&self, origin: usize, having: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([origin]);
        loop {
            let before = found.len();
            for (a, b) in &self.edges {
                for (from, to) in [(a, b), (b, a)] {
                    if found.contains(from) && having.contains(to) {
                        found.insert(*to);
                    }
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }
}

fn version_of(body: &[u8]) -> String {
    let object: serde_json::Value = serde_json::from_slice(body).unwrap();
    object["modified"].as_str().unwrap().to_owned()
}

/// Every version of an item in a ledger, served or not.
fn versions_in(node: &Node, item: &ItemId) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut look = |reader: &mut dyn vedetta_store::Reader| {
        let of = |it: &StoredItem| it.version.to_string().replace(".000000Z", ".000Z");
        found = reader.releases(item)?.iter().map(of).collect();
        Ok(())
    };
    node.store.read(&mut look).unwrap();
    found
}

/// Whether the withdrawal of a piece is in a ledger.
fn took_back(node: &Node, piece: &Piece) -> bool {
    let mut found = false;
    let producer = node.house.standing().directory.number(&id(&piece.producer));
    let mut look = |reader: &mut dyn vedetta_store::Reader| {
        let entries = reader.entries(Sequence::START, 100_000)?;
        let mut gone = entries.iter().filter(|it| it.kind == EntryKind::Withdrawn);
        found = gone.any(|it| {
            it.subject == piece.item.id().as_str()
                && WithdrawnFacts::read(&it.facts).producer == producer
        });
        Ok(())
    };
    node.store.read(&mut look).unwrap();
    found
}

/// The newest version of an item that somebody reads, who reads each once: one that revokes it only
/// where there is no other.
fn read_of(node: &Node, reader: &str, item: &ItemId) -> Option<String> {
    let mine = |text: &String| text.contains(&format!("\"id\":\"{item}\""));
    let read = node.read_by(reader).into_iter().filter(mine);
    let says = |text: &String| !text.contains("\"revoked\":true");
    let versions: Vec<_> = read.map(|it| (says(&it), version_of(it.as_bytes()))).collect();
    let once: BTreeSet<_> = versions.iter().collect();
    assert_eq!(once.len(), versions.len(), "{reader} reads {item} twice at {}", node.name);
    let newest = node.house.item(&node.person(reader), item).ok();
    let newest = newest.map(|it| version_of(&it.body));
    let last = once.last().map(|(_, version)| version);
    assert_eq!(newest.as_ref(), last, "{reader} at {}", node.name);
    newest
}
