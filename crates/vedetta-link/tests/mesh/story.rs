//! Four to six real houses through chance: items, later versions, revocations and sightings are
//! brought, some withdrawn, agreements suspended and resumed, links cut in the middle of what they
//! carry, nodes restored from an old copy of their ledgers. At the end all is joined, and an oracle
//! that knows no house says who reads what.
//!
//! `VEDETTA_MESH_SEEDS=N` plays so many, `VEDETTA_MESH_SEED=S` one.

mod country;
mod oracle;

use std::time::Duration;

use country::{Country, Piece};
use oracle::Oracle;
use serde_json::json;
use vedetta_federation::envelope::Stands;
use vedetta_testkit::items::TestItem;

use super::wire::{Wire, settle};

/// So many seeds among the tests.
const SEEDS: u64 = 4;

#[test]
fn after_all_that_can_happen_everyone_entitled_reads_everything_and_nobody_else_anything() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let seeds = match number("VEDETTA_MESH_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VEDETTA_MESH_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let mut country = Country::found(seed);
        country.meet();
        for _ in 0..country.chance.between(5, 9) {
            country.between_cuts();
            country.cut_copy_or_restore();
        }
        country.heal();
        let wrong = country.judge();
        let history = country.history.join("\n");
        assert!(wrong.is_empty(), "VEDETTA_MESH_SEED={seed}: {wrong:#?}\n{history}");
    }
}

impl Country {
    /// Each node brings something for everyone: of whom nobody has heard yet, who is accepted for
    /// everything speaks.
    fn meet(&mut self) {
        for node in 0..self.nodes.len() {
            let producer = self.nodes[node].name.to_owned();
            self.bring_for(node, producer, "CLEAR", None);
        }
        self.settle();
    }

    /// The links that are not cut carry something, and people do something.
    fn between_cuts(&mut self) {
        let edges = self.edges.iter().zip(&self.cut).filter(|(_, cut)| !**cut);
        let edges: Vec<_> = edges.map(|(edge, _)| *edge).collect();
        for _ in 0..self.chance.between(1, 3) {
            for _ in 0..self.chance.between(1, 3) {
                self.act();
            }
            let (nodes, chance) = (&self.nodes, &mut self.chance);
            let mut wires: Vec<_> =
                edges.iter().map(|(a, b)| Wire::between(&nodes[*a], &nodes[*b])).collect();
            let steps = if wires.is_empty() { 0 } else { chance.between(0, 24) };
            for _ in 0..steps {
                let (wire, from) = (chance.below(wires.len()), chance.below(2));
                wires[wire].carry_some(from, chance.between(1, 4));
            }
            let seen: Vec<_> = wires.into_iter().map(|wire| wire.seen).collect();
            self.watch(&edges, seen);
            self.pass(Duration::from_secs(7));
        }
    }

    fn act(&mut self) {
        let node = self.chance.below(self.nodes.len());
        match self.chance.below(10) {
            0..=2 => self.bring(node),
            3 => self.contest(node),
            4 | 5 => self.bring_again(node),
            6 => self.withdraw(node),
            7 | 8 => self.say_of_an_agreement(node),
            _ => self.cleared(node),
        }
    }

    fn bring(&mut self, node: usize) {
        let theirs = self.spoken_for(node);
        let producer = self.chance.pick(&theirs).clone();
        let tlp = *self.chance.pick(&["CLEAR", "GREEN", "AMBER", "AMBER"]);
        let acts = oracle::agreements();
        let only = self.chance.once_in(4).then(|| self.chance.pick(&acts).id.to_string());
        self.bring_for(node, producer, tlp, only);
    }

    fn bring_for(&mut self, node: usize, producer: String, tlp: &str, only: Option<String>) {
        let number = u32::try_from(self.pieces.len()).unwrap();
        let mut item = TestItem::indicator(number).tlp(tlp).handled("victim_refs", json!([]));
        let ids = self.pieces.iter().map(|it| it.item.id());
        let indicators: Vec<_> = ids.filter(|id| id.kind() == "indicator").collect();
        let sees = self.chance.once_in(4) && !indicators.is_empty();
        if sees {
            let id = format!("sighting--00000000-0000-4000-8000-{number:012x}");
            let seen = self.chance.pick(&indicators).to_string();
            item = item.without(&["pattern", "pattern_type", "valid_from", "name"]);
            item = item.with("type", "sighting".into()).with("id", id.into());
            item = item.with("sighting_of_ref", seen.into()).with("count", 3.into());
        }
        if let Some(only) = &only {
            item = item.handled("only_under", json!([only]));
        }
        let piece = Piece {
            item,
            node,
            producer,
            everyone: tlp == "CLEAR",
            only,
            versions: Vec::new(),
            withdrawn: None,
            revoked: false,
        };
        self.pieces.push(piece);
        self.version(self.pieces.len() - 1);
    }

    /// Somebody elsewhere brings something under an identifier that another has brought, if it is not
    /// there yet: each reaches whom it reaches.
    fn contest(&mut self, node: usize) {
        let theirs = self.spoken_for(node);
        let producer = self.chance.pick(&theirs).clone();
        let such = |it: &Piece| it.node != node && it.item.id().kind() == "indicator";
        let Some(other) = self.some_piece(such).map(|at| self.pieces[at].item.id()) else { return };
        if self.pieces.iter().any(|it| it.node == node && it.item.id() == other) {
            return;
        }
        let number = u32::from_str_radix(&other.as_str()[other.as_str().len() - 8..], 16).unwrap();
        let tlp = *self.chance.pick(&["CLEAR", "GREEN", "AMBER"]);
        let acts = oracle::agreements();
        let only = self.chance.once_in(2).then(|| self.chance.pick(&acts).id.to_string());
        let mut item = TestItem::indicator(number).tlp(tlp).handled("victim_refs", json!([]));
        item = item.with("name", json!(format!("as {producer} says")));
        if let Some(only) = &only {
            item = item.handled("only_under", json!([only]));
        }
        let (versions, everyone) = (Vec::new(), tlp == "CLEAR");
        let (withdrawn, revoked) = (None, false);
        let piece = Piece { item, node, producer, everyone, only, versions, withdrawn, revoked };
        self.pieces.push(piece);
        self.version(self.pieces.len() - 1);
        self.pieces.retain(|it| !it.versions.is_empty());
    }

    /// Who brought something brings a later version, which may revoke it.
    fn bring_again(&mut self, node: usize) {
        let such = |it: &Piece| it.node == node && it.withdrawn.is_none() && !it.revoked;
        let Some(piece) = self.some_piece(such) else { return };
        if self.chance.once_in(4) {
            let it = &mut self.pieces[piece];
            (it.item, it.revoked) = (it.item.clone().with("revoked", true.into()), true);
        }
        self.version(piece);
    }

    fn withdraw(&mut self, node: usize) {
        let such = |it: &Piece| it.node == node && it.withdrawn.is_none();
        let Some(piece) = self.some_piece(such) else { return };
        let (id, by) = (self.pieces[piece].item.id(), self.pieces[piece].producer.clone());
        let node = &self.nodes[node];
        if node.house.withdraw(&node.person(&by), &id, "a mistake").is_ok() {
            let name = node.name;
            self.say(format!("{name} withdraws {id} of {by}"));
            self.pieces[piece].withdrawn = Some(self.turn);
        }
    }

    /// The node of a party suspends an agreement, or resumes what it suspended.
    fn say_of_an_agreement(&mut self, node: usize) {
        let acts = oracle::agreements();
        let act = self.chance.pick(&acts).id.clone();
        if self.is_party(node, &act) {
            let suspended = self.suspended.contains(&(node, act.clone()));
            self.step(node, &act, if suspended { Stands::InForce } else { Stands::Suspended });
        }
    }

    /// What stands has brought in somebody: the step that sees to it runs.
    fn cleared(&mut self, node: usize) {
        self.nodes[node].house.clear_newcomers().unwrap();
        self.nodes[node].house.tell_lapses().unwrap();
    }

    fn cut_copy_or_restore(&mut self) {
        let node = self.chance.below(self.nodes.len());
        match self.chance.below(4) {
            0 | 1 => {
                let edge = self.chance.below(self.edges.len());
                self.cut[edge] ^= true;
                let (a, b) = self.edges[edge];
                let now = if self.cut[edge] { "cut" } else { "joined" };
                self.say(format!("{}–{} is {now}", self.nodes[a].name, self.nodes[b].name));
            }
            _ => self.restore_some(node),
        }
    }

    /// All is joined, what the steps of the houses do is done, and nothing more is said.
    fn heal(&mut self) {
        self.say("all is well again".into());
        self.settle();
        // Of what a restored node has said nobody knows what it remembers: it says it again.
        for (node, act) in std::mem::take(&mut self.uncertain) {
            let now = *self.chance.pick(&[Stands::InForce, Stands::InForce, Stands::Suspended]);
            self.step(node, &act, now);
        }
        self.settle();
    }

    fn settle(&mut self) {
        let edges = self.edges.clone();
        for _ in 0..3 {
            // What waits is tried again each minute.
            self.pass(Duration::from_secs(61));
            let between = |(a, b): &(usize, usize)| Wire::between(&self.nodes[*a], &self.nodes[*b]);
            let mut wires: Vec<_> = edges.iter().map(between).collect();
            settle(&mut wires);
            for node in &self.nodes {
                node.house.clear_newcomers().unwrap();
            }
            settle(&mut wires);
            let seen: Vec<_> = wires.into_iter().map(|wire| wire.seen).collect();
            self.watch(&edges, seen);
        }
    }

    /// What went over the links went to nodes that speak for somebody who might ever read it.
    fn watch(&mut self, edges: &[(usize, usize)], seen: Vec<Vec<String>>) {
        let oracle = Oracle::of_all();
        for ((a, b), frames) in edges.iter().zip(seen) {
            for piece in &self.pieces {
                let id = piece.item.id();
                let all = || self.pieces.iter().filter(|it| it.item.id() == id);
                let speaks = |node: usize| {
                    let entitled = all().flat_map(|it| oracle.entitled(it));
                    entitled.into_iter().any(|it| self.speaker(&it) == node)
                };
                let brings = |node: usize| all().any(|it| it.node == node);
                let between = [*a, *b].iter().all(|it| brings(*it) || speaks(*it));
                if !between && frames.iter().any(|frame| frame.contains(&brought(&id))) {
                    let (a, b) = (self.nodes[*a].name, self.nodes[*b].name);
                    self.wrong.push(format!("{id} went over {a}–{b}"));
                }
            }
        }
    }
}

/// An object as the frames that were seen show it, and not who speaks of it.
fn brought(id: &vedetta_model::ItemId) -> String {
    format!("\"id\":\"{id}\"")
}

#[test]
fn the_oracle_knows_how_far_an_act_leads() {
    let piece = |only: Option<&str>| Piece {
        item: TestItem::indicator(1),
        node: 0,
        producer: "perugia".into(),
        everyone: false,
        only: only.map(str::to_owned),
        versions: Vec::new(),
        withdrawn: None,
        revoked: false,
    };
    let all = Oracle::of_all();
    assert_eq!(
        all.entitled(&piece(Some("umbria"))),
        ["cosc-umbria", "perugia", "terni"].map(Into::into).into()
    );
    assert!(all.entitled(&piece(None)).contains("genova"));
    let without =
        Oracle { binding: all.binding.into_iter().filter(|it| it.as_str() != "umbria").collect() };
    assert_eq!(without.entitled(&piece(None)), ["perugia"].map(Into::into).into());
}
