//! Chance operations, beside a model too simple to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use vedetta_model::{Instant, ItemId, OrganisationNumber};

use super::scene::{self, Scene, Version, everything};
use crate::entry::Sequence;
use crate::item::{Claim, ClearanceId, ItemQuery, ItemState, Placement, VersionFilter};
use crate::line::order;
use crate::store::UnitOfWork;

/// Numbers that look like chance, the same in every run.
struct Dice(u64);

/// An item, and by whom.
type Whose = (ItemId, u32);

fn whose(version: &Version) -> Whose {
    (version.id.clone(), version.producer)
}

/// Every release in a list, looked through from end to end for every answer.
#[derive(Default)]
struct Model {
    releases: Vec<(Sequence, Sequence, Version)>,
    withdrawn: BTreeSet<Whose>,
    aside: BTreeSet<Sequence>,
}

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % sides
    }

    fn small(&mut self, sides: u32) -> u32 {
        u32::try_from(self.roll(u64::from(sides))).unwrap_or(0)
    }

    fn clearance(&mut self) -> ClearanceId {
        ClearanceId(1 + self.small(6).min(self.small(6)))
    }

    fn version(&mut self) -> Version {
        let kind = if self.roll(3) == 0 { "malware" } else { "indicator" };
        let version = Version::of(self.small(12), self.clearance()).kind(kind);
        let version = match self.roll(4) {
            0 => Version::address(self.small(6), version.clearance).by(self.small(3)),
            1 => version.by(self.small(3)).own(),
            _ => version.by(u32::from(self.roll(12) == 0)),
        };
        let version = version.version(self.small(6).into());
        match self.roll(14) {
            0 => version.revoked(),
            1 => version.body(b"other"),
            _ => version,
        }
    }

    fn filter(&mut self) -> VersionFilter {
        match self.roll(5) {
            0 => VersionFilter::First,
            1 => VersionFilter::At(vec![Instant::from_micros(self.small(6).into())]),
            2 => VersionFilter::AnyOf(vec![self.filter(), self.filter()]),
            3 => VersionFilter::All,
            _ => VersionFilter::Last,
        }
    }
}

impl Model {
    fn originals<'a>(
        &'a self,
        of: &'a Version,
    ) -> impl Iterator<Item = &'a (Sequence, Sequence, Version)> {
        self.releases
            .iter()
            .filter(move |(seq, origin, version)| seq == origin && whose(version) == whose(of))
            .filter(|(_, origin, _)| !self.aside.contains(origin))
    }

    fn place(&mut self, version: &Version, placed: Placement) {
        let beside = version.id.follows_from_value();
        let same = |it: &&(_, _, Version)| beside || it.2.version == version.version;
        let twin = self.originals(version).find(same);
        let first = self.originals(version).next();
        let others = || {
            let standing =
                self.releases.iter().filter(|(_, origin, _)| !self.aside.contains(origin));
            standing.filter(|(seq, origin, it)| seq == origin && it.id == version.id)
        };
        match (twin, first, placed) {
            (Some(twin), _, Placement::Duplicate(stamp)) => {
                assert_eq!((twin.0, &twin.2.body), (stamp.seq, &version.body));
            }
            (Some(twin), _, Placement::Conflict(stamp)) => {
                assert_eq!(twin.0, stamp.seq);
                assert_ne!(twin.2.body, version.body);
            }
            (None, None, Placement::Twin(stamp)) => {
                let found = others().find(|it| it.0 == stamp.seq).expect("it is there");
                assert_eq!((found.2.version, &found.2.body), (version.version, &version.body));
                assert_eq!(version.claim, Claim::First);
            }
            (None, None, Placement::Foreign(stamp)) => {
                assert!(others().any(|it| it.0 == stamp.seq));
                let same = |it: &Version| it.version == version.version && it.body == version.body;
                assert!(version.claim == Claim::First && !others().any(|it| same(&it.2)));
            }
            (None, first, Placement::Added(stamp) | Placement::Withdrawn(stamp)) => {
                let gone = !beside && self.withdrawn.contains(&whose(version));
                assert_eq!(matches!(placed, Placement::Withdrawn(_)), gone);
                let free = beside || version.claim == Claim::Own || first.is_some();
                assert!(free || others().next().is_none());
                let at = if beside { stamp.at.micros() } else { version.version };
                let version = Version { version: at, ..version.clone() };
                self.releases.push((stamp.seq, stamp.seq, version));
            }
            (twin, _, placed) => panic!("{version:?} beside {twin:?}: {placed:?}"),
        }
    }

    fn is_served(&self, (_, origin, version): &(Sequence, Sequence, Version)) -> bool {
        let revoked = self.originals(version).any(|(_, _, other)| {
            other.state == ItemState::Revoked && other.version > version.version
        });
        !revoked && !self.withdrawn.contains(&whose(version)) && !self.aside.contains(origin)
    }

    fn items(&self, query: &ItemQuery<'_>) -> Vec<u64> {
        let cleared = |version: &Version| {
            query.clearances.is_none_or(|set| set.contains(&version.clearance))
                && query.producer.is_none_or(|producer| producer.0 == version.producer)
        };
        let served: Vec<_> = self
            .releases
            .iter()
            .filter(|release| self.is_served(release) && cleared(&release.2))
            .filter(|(seq, ..)| query.as_of.is_none_or(|as_of| *seq <= as_of))
            .filter(|(seq, ..)| !query.without.contains(seq))
            .collect();
        let mut lines: BTreeMap<_, Vec<&Version>> = BTreeMap::new();
        for (_, _, version) in &served {
            let order = order(&version.id, OrganisationNumber(version.producer));
            lines.entry((&version.id, order)).or_default().push(version);
        }
        let mut ends: BTreeMap<&ItemId, [Vec<Version>; 2]> = BTreeMap::new();
        for ((id, _), mut line) in lines {
            line.sort_by_key(|version| version.version);
            let both = [line.first(), line.last()];
            for (ends, version) in ends.entry(id).or_default().iter_mut().zip(both) {
                ends.extend(version.map(|it| Version::clone(it)));
            }
        }
        let passes = |(seq, _, version): &&&(Sequence, Sequence, Version)| {
            *seq > query.after
                && query.until.is_none_or(|until| *seq <= until)
                && (query.ids.is_empty() || query.ids.contains(&version.id))
                && (query.kinds.is_empty() || query.kinds.iter().any(|k| k == version.id.kind()))
                && is_version(&query.versions, version, &ends[&version.id])
        };
        served.iter().filter(passes).map(|(seq, _, _)| seq.0).collect()
    }
}

fn is_version(filter: &VersionFilter, version: &Version, ends: &[Vec<Version>; 2]) -> bool {
    let among = |ends: &[Version]| {
        let same = |it: &Version| it.version == version.version;
        let own = |it: &Version| it.producer == version.producer || it.id.follows_from_value();
        ends.iter().any(|it| same(it) && own(it))
    };
    match filter {
        VersionFilter::All => true,
        VersionFilter::First => among(&ends[0]),
        VersionFilter::Last => among(&ends[1]),
        VersionFilter::At(at) => at.contains(&Instant::from_micros(version.version)),
        VersionFilter::AnyOf(any) => any.iter().any(|filter| is_version(filter, version, ends)),
    }
}

/// Versions placed, released again and withdrawn by chance; every question has the model's answer.
pub fn agrees_with_a_naive_one(scene: &mut Scene) {
    let mut dice = Dice(7);
    for number in 0..6 {
        let _ = scene.clearance(&[number]);
    }
    let mut model = Model::default();
    for round in 0..60 {
        scene.write(|unit| (0..4).try_for_each(|_| act(unit, &mut model, &mut dice)));
        for _ in 0..6 {
            ask(scene, &model, &mut dice);
        }
        if round % 20 == 19 {
            scene.reopen();
        }
    }
    counts(scene, &model);
    for number in 0..12 {
        let id = scene::id("indicator", number);
        let found = scene.read(|reader| reader.releases(&id));
        let expected: Vec<Sequence> =
            model.releases.iter().filter(|release| release.2.id == id).map(|r| r.0).collect();
        assert_eq!(found.iter().map(|item| item.stamp.seq).collect::<Vec<_>>(), expected);
    }
}

fn act(unit: &mut dyn UnitOfWork, model: &mut Model, dice: &mut Dice) -> scene::Told<()> {
    let version = dice.version();
    match dice.roll(10) {
        0 if model.releases.len() > 3 => {
            let index = usize::try_from(dice.roll(model.releases.len() as u64)).unwrap_or(0);
            let (_, origin, mut version) = model.releases[index].clone();
            version.clearance = dice.clearance();
            let stamp = unit.rerelease(&[(origin, version.clearance)], "tester")?[0];
            if model.releases.iter().all(|(seq, _, _)| *seq != stamp.seq) {
                model.releases.push((stamp.seq, origin, version));
            }
        }
        1 if dice.roll(4) == 0 => {
            let known = model.originals(&version).next().is_some();
            let known = known || model.withdrawn.contains(&whose(&version));
            let stamp =
                unit.withdraw(&version.id, OrganisationNumber(version.producer), "tester", "{}")?;
            assert_eq!(stamp.is_some(), known && !model.withdrawn.contains(&whose(&version)));
            if known {
                model.withdrawn.insert(whose(&version));
            }
        }
        2 if dice.roll(3) == 0 && !model.releases.is_empty() => {
            let index = usize::try_from(dice.roll(model.releases.len() as u64)).unwrap_or(0);
            let (_, origin, version) = model.releases[index].clone();
            let told = unit.set_aside(&[origin], "tester", "another prevails");
            assert_eq!(scene::is_refused(&told), model.withdrawn.contains(&whose(&version)));
            if told.is_ok() {
                model.aside.insert(origin);
            }
        }
        _ => model.place(&version, scene::place(unit, &version)?),
    }
    Ok(())
}

fn ask(scene: &Scene, model: &Model, dice: &mut Dice) {
    let entitled: Vec<ClearanceId> =
        (1..=6).map(ClearanceId).filter(|_| dice.roll(2) == 0).collect();
    let ids: Vec<ItemId> = (0..dice.roll(4)).map(|_| dice.version().id).collect();
    let kinds = vec!["malware".to_owned(); usize::from(dice.roll(4) == 0)];
    let without: Vec<Sequence> = match dice.roll(3) {
        0 => (0..dice.roll(20)).map(|_| Sequence(dice.roll(150))).collect(),
        _ => Vec::new(),
    };
    let query = ItemQuery {
        after: Sequence(dice.roll(3) * dice.roll(40)),
        until: (dice.roll(4) == 0).then(|| Sequence(dice.roll(150))),
        as_of: (dice.roll(4) == 0).then(|| Sequence(dice.roll(150))),
        without: &without,
        limit: 1 + usize::from(dice.roll(2) == 0) * 50,
        clearances: (dice.roll(4) != 0).then_some(&entitled[..]),
        producer: (dice.roll(8) == 0).then_some(OrganisationNumber(1)),
        ids: if dice.roll(3) == 0 { &ids } else { &[] },
        kinds: &kinds,
        versions: dice.filter(),
    };
    assert_eq!(scene.releases(&query), model.items(&query), "{query:?}");
}

fn counts(scene: &Scene, model: &Model) {
    let mut expected: BTreeMap<ClearanceId, u64> = BTreeMap::new();
    for (_, _, version) in model.releases.iter().filter(|release| model.is_served(release)) {
        *expected.entry(version.clearance).or_default() += 1;
    }
    let found = scene.read(|reader| reader.releases_per_clearance());
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    assert!(scene.all(&everything()).len() > 50, "the dice were thrown enough");
}
