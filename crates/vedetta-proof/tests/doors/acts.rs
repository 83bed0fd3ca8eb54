//! Random acts, done to the node and to what is true alike.

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan as _;
use vedetta_directory::directory::Records;
use vedetta_flow::Step;
use vedetta_flow::actions::keep_webhooks::Webhook;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::account::AccountState;
use vedetta_model::agreement::{Agreement, Stage};
use vedetta_model::asset::AssetValue;
use vedetta_model::hold::HoldScope;
use vedetta_model::*;
use vedetta_testkit::TestHouse;

use crate::dice::Dice;
use crate::items::Written;
use crate::lines::Lines;
use crate::node::Node;
use crate::readers::Reader;
use crate::truth::{Truth, Who};
use crate::worlds::World;

/// One random history.
pub(crate) struct History {
    pub(crate) node: Node,
    pub(crate) truth: Truth,
    pub(crate) readers: Vec<Reader>,
    pub(crate) dice: Dice,
    pub(crate) log: Vec<String>,
    pub(crate) lines: Lines,
    written: usize,
}

impl History {
    pub(crate) async fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let world = World::new(&mut dice);
        let test = TestHouse::empty();
        let organisations: Vec<_> =
            world.organisations.iter().map(|(_, it)| Organisation::clone(it)).collect();
        let assets = organisations.iter().map(|it| domain_of(&it.id)).collect();
        let accounts = world.accounts.clone();
        let records = Records { organisations, assets, accounts, ..Records::default() };
        let agreements = world.agreements.iter().map(|it| Agreement::clone(it)).collect();
        test.house.found(records, agreements).unwrap();
        let mut readers = Vec::new();
        for account in &world.accounts {
            readers.push(Reader::new(&test, &admin(), account));
        }
        for id in world.ids() {
            let webhook = serde_json::json!({
                "id": "soc", "organisation": id, "url": format!("https://{id}.example/"), "by": id,
            });
            let webhook: Webhook = serde_json::from_value(webhook).unwrap();
            test.house.put_webhook(&admin(), webhook).unwrap();
        }
        let log = vec![format!("{world:#?}")];
        let mut history = Self {
            node: Node::new(test),
            truth: Truth::new(world),
            readers,
            dice,
            log,
            lines: Lines::default(),
            written: 0,
        };
        for reader in &mut history.readers {
            reader.begin(&history.node).await;
        }
        history
    }

    /// Does something; says what.
    pub(crate) fn act(&mut self) -> String {
        let told = match self.dice.below(100) {
            0..34 => self.bring_new(),
            34..50 => self.bring_version(),
            50..54 => self.bring_twin(),
            54..57 => self.withdraw(),
            57..63 => self.hold(),
            63..68 => self.lift(),
            68..80 => self.step(),
            80..86 => self.sign(),
            86..89 => self.change_organisation(),
            89..91 => self.remove_organisation(),
            91..93 => self.turn_account(),
            93..97 => self.wait(),
            97..99 => self.acknowledge(),
            _ => self.restart(),
        };
        self.truth.changed();
        self.pass_boundaries();
        // The past is given a moment later, or together with what comes next.
        if self.dice.chance(65) {
            self.node.api.house().settle_terms().unwrap();
            self.settle();
            self.node.api.house().clear_newcomers().unwrap();
            self.truth.welcome(self.now());
            return told;
        }
        told + " (no newcomers yet)"
    }

    /// While everyone looks, minutes pass: nothing is to begin or end by itself in them.
    fn pass_boundaries(&mut self) {
        let soon = Duration::from_mins(30);
        loop {
            let now = self.now();
            let holds = self.truth.world.holds.iter();
            let moments = holds.flat_map(|hold| [Some(hold.from), hold.until]).flatten();
            let midnight = Instant::start_of_day(now.day().tomorrow().unwrap());
            let mut near =
                moments.chain([midnight]).filter(|it| *it > now && *it <= now.after(soon));
            let Some(next) = near.next() else { return };
            self.node.clock.advance(next.since(now) + Duration::from_secs(1));
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.node.api.house().now()
    }

    fn bring_new(&mut self) -> String {
        self.written += 1;
        let written = Written::new(&self.truth.world, self.written, &mut self.dice);
        let by = self.anyone();
        self.bring(&by, written)
    }

    /// A later version, a revocation, or an older version that comes late.
    fn bring_version(&mut self) -> String {
        self.written += 1;
        let items: Vec<_> = self.truth.items.iter().filter(|it| !it.versions.is_empty()).collect();
        let Some(item) = self.dice.pick(&items) else { return "nothing to change".into() };
        let (id, by) = (item.id.clone(), item.producer.clone());
        let minute = if self.dice.chance(15) { 1 + self.dice.below(9) } else { self.written + 10 };
        let place = (self.written, minute);
        let taken = format!("T{:02}:{:02}:00.000Z", minute / 60, minute % 60);
        let all = self.truth.items.iter().filter(|it| it.id == id).flat_map(|it| &it.versions);
        let taken = all.into_iter().any(|it| {
            it.written.object["modified"].as_str().is_some_and(|it| it.ends_with(&taken))
        });
        if taken || self.truth.world.find(&by).is_none() {
            return "nobody to change it".into();
        }
        let written = Written::version(&self.truth.world, id, place, &mut self.dice);
        let revokes = self.dice.chance(30) && !written.id.follows_from_value();
        self.bring(&by, if revokes { written.revoked() } else { written })
    }

    /// Who has an item brings it too, octet for octet.
    fn bring_twin(&mut self) -> String {
        let by = self.anyone();
        let who = Who { organisation: by.clone(), person: None };
        let readable = self.truth.readable(&who, self.now());
        let full: Vec<_> =
            readable.iter().filter(|it| it.form == vedetta_policy::Form::Full).collect();
        let Some(twin) = self.dice.pick(&full) else { return format!("{by} has nothing") };
        self.written += 1;
        let written = twin.written.clone().again(self.written);
        self.bring(&by, written)
    }

    fn bring(&mut self, by: &OrganisationId, written: Written) -> String {
        let told = format!("{by} brings {} {}", written.mark, written.object);
        let arrival = stix_bundle::read(
            DoorIn::Api,
            "test",
            written.object.to_string().as_bytes(),
            &stix_bundle::limits(),
        );
        let receipt = self.node.api.house().accept(&self.liaison(by), arrival).unwrap();
        let expected = self.truth.bring(by, written, self.now());
        assert_eq!(receipt.accepted.len() == 1, expected, "{told}: {receipt:?}");
        told
    }

    fn withdraw(&mut self) -> String {
        let open: Vec<_> = (0..self.truth.items.len())
            .filter(|place| !self.truth.items[*place].withdrawn)
            .collect();
        let Some(place) = self.dice.pick(&open).copied() else {
            return "nothing to withdraw".into();
        };
        let (id, by) =
            (self.truth.items[place].id.clone(), self.truth.items[place].producer.clone());
        if self.truth.world.find(&by).is_none() {
            return format!("{by} is gone");
        }
        match self.node.api.house().withdraw(&self.liaison(&by), &id, "a mistake") {
            Ok(()) => self.truth.items[place].withdrawn = true,
            // Its own, held or of nobody's: it may be that it does not read it.
            Err(error) => return format!("{by} does not withdraw {id}: {error}"),
        }
        format!("{by} withdraws {id}")
    }

    fn hold(&mut self) -> String {
        let (organisation, of) = (self.anyone(), self.anyone());
        let items: Vec<_> = self.truth.items.iter().map(|it| it.id.clone()).collect();
        let scope = match (self.dice.below(3), self.dice.pick(&items)) {
            (0, Some(item)) => HoldScope::Item(item.clone()),
            (1, _) => HoldScope::Victim(of),
            _ => HoldScope::Producer(of),
        };
        let (now, count) = (self.now(), self.truth.world.holds.len());
        let hours = |many: usize| Duration::from_hours(u64::try_from(many).unwrap());
        let hold = Hold {
            id: HoldId::new(&format!("hold-{count}")).unwrap(),
            authority: "Procura".into(),
            organisation,
            scope,
            reason: "an order".into(),
            from: if self.dice.chance(80) { now } else { now.after(hours(5)) },
            until: self.dice.chance(40).then(|| now.after(hours(6 + self.dice.below(48)))),
        };
        self.node.api.house().place_hold(&admin(), &hold).unwrap();
        let told = format!("hold {hold:?}");
        self.truth.world.holds.push(hold);
        told
    }

    fn lift(&mut self) -> String {
        let now = self.now();
        let binding: Vec<_> = (0..self.truth.world.holds.len())
            .filter(|place| self.truth.world.holds[*place].binds(now))
            .collect();
        let Some(place) = self.dice.pick(&binding).copied() else { return "no hold".into() };
        let hold = &mut self.truth.world.holds[place];
        self.node.api.house().lift_hold(&admin(), &hold.id).unwrap();
        hold.until = Some(now);
        format!("{} is lifted", hold.id)
    }

    fn step(&mut self) -> String {
        let agreement = Arc::clone(self.dice.pick(&self.truth.world.agreements).unwrap());
        let until = agreement.term.until.checked_add(9.days()).unwrap();
        let suspend = Step::Suspend { reason: "a review".into() };
        let step = match (&agreement.stage, self.dice.below(10)) {
            (Stage::Draft, _) => Step::PutInForce,
            (Stage::Suspended { .. }, 0..8) => Step::Resume,
            (_, 0..6) => suspend,
            (_, 6) => Step::End,
            _ => Step::Renew { until },
        };
        self.take(&agreement.id, &step)
    }

    fn take(&mut self, id: &AgreementId, step: &Step) -> String {
        match self.node.api.house().step_agreement(&admin(), id, step) {
            Ok(after) => {
                self.replace(&after);
                format!("{id}: {step:?}")
            }
            Err(error) => format!("{id}: not {step:?}: {error}"),
        }
    }

    fn sign(&mut self) -> String {
        let drawn = self.truth.world.agreement(&mut self.dice);
        let draft = Agreement { stage: Stage::Draft, ..drawn };
        let told = format!("{draft:?}");
        if let Err(error) = self.node.api.house().put_draft(&admin(), &draft) {
            return format!("not signed, {error}: {told}");
        }
        let id = draft.id.clone();
        self.truth.world.agreements.push(Arc::new(draft));
        format!("{}; {told}", self.take(&id, &Step::PutInForce))
    }

    fn change_organisation(&mut self) -> String {
        let id = self.anyone();
        let ids: Vec<_> = self.truth.world.ids().into_iter().filter(|it| *it != id).collect();
        let mut changed = Organisation::clone(self.truth.world.find(&id).unwrap());
        if self.dice.chance(50) {
            changed.client_of = self.dice.some(&ids, 25);
        } else {
            changed.population = Some(u32::try_from(self.dice.below(40_000)).unwrap());
        }
        let records = Records { organisations: vec![changed.clone()], ..Records::default() };
        self.node.api.house().put_records(&admin(), records).unwrap();
        let told = format!("{changed:?}");
        let mut all = self.truth.world.organisations.iter_mut();
        all.find(|(_, it)| it.id == id).unwrap().1 = Arc::new(changed);
        told
    }

    fn remove_organisation(&mut self) -> String {
        let id = self.anyone();
        if id == admin().organisation || self.truth.world.organisations.len() < 4 {
            return "nobody is removed".into();
        }
        if let Err(error) = self.node.api.house().remove_organisation(&admin(), &id) {
            return format!("{id} is not removed: {error}");
        }
        self.truth.world.organisations.retain(|(_, it)| it.id != id);
        self.truth.world.accounts.retain(|it| it.organisation != id);
        format!("{id} is removed")
    }

    fn turn_account(&mut self) -> String {
        let people: Vec<_> = (0..self.truth.world.accounts.len())
            .filter(|place| self.truth.world.accounts[*place].roles.contains(&Role::Liaison))
            .collect();
        let Some(place) = self.dice.pick(&people) else { return "nobody".into() };
        let account = &mut self.truth.world.accounts[*place];
        account.state = match account.state {
            AccountState::Active => AccountState::Closed,
            AccountState::Closed => AccountState::Active,
        };
        let house = self.node.api.house();
        house.put_account(&admin(), account).unwrap();
        // Its session has ended with the account.
        if account.state == AccountState::Active {
            let reader = self.readers.iter_mut().find(|it| it.is(&account.id));
            reader.unwrap().sign_in(house);
        }
        format!("{} is {:?}", account.id, account.state)
    }

    fn wait(&mut self) -> String {
        let hours =
            if self.dice.chance(60) { 1 + self.dice.below(12) } else { 24 + self.dice.below(48) };
        self.node.clock.advance(Duration::from_hours(u64::try_from(hours).unwrap()));
        format!("{hours} hours pass; now {}", self.now())
    }

    fn acknowledge(&mut self) -> String {
        let by = self.anyone();
        let items: Vec<_> = self.truth.items.iter().map(|it| it.id.clone()).collect();
        let Some(id) = self.dice.pick(&items) else { return "nothing to acknowledge".into() };
        let actor = self.liaison(&by);
        let who = Who { organisation: by.clone(), person: Some(actor.account.clone()) };
        let readable = self.truth.readable(&who, self.now());
        let may =
            readable.iter().any(|it| it.item.id == *id && it.form == vedetta_policy::Form::Full);
        let done = self.node.api.house().acknowledge(&actor, id, None);
        assert_eq!(done.is_ok(), may, "{by} acknowledges {id}: {done:?}");
        format!("{by} acknowledges {id}")
    }

    fn restart(&mut self) -> String {
        self.readers.iter_mut().for_each(Reader::part);
        self.node.restart();
        "the node starts again".into()
    }

    /// Terms that are over are marked so.
    fn settle(&mut self) {
        let standing = self.node.api.house().standing();
        for agreement in &standing.agreements {
            self.replace(agreement);
        }
    }

    fn replace(&mut self, after: &Agreement) {
        let mut all = self.truth.world.agreements.iter_mut();
        *all.find(|it| it.id == after.id).unwrap() = Arc::new(after.clone());
    }

    /// Mostly one of the first, so that much is handled alike.
    fn anyone(&mut self) -> OrganisationId {
        let ids = self.truth.world.ids();
        let few = if self.dice.chance(60) { 2 } else { ids.len() };
        self.dice.pick(&ids[..few]).unwrap().clone()
    }

    /// The person of an organisation.
    fn liaison(&self, organisation: &OrganisationId) -> Actor {
        let mut readers = self.readers.iter();
        readers.find(|it| it.is_liaison_of(organisation)).unwrap().actor()
    }
}

/// Who runs the node.
pub(crate) fn admin() -> Actor {
    Actor {
        account: AccountId::new("admin").unwrap(),
        organisation: OrganisationId::new("centrale").unwrap(),
        roles: [Role::Administrator, Role::DutyOfficer].into(),
        language: Language::En,
        way: vedetta_model::Way::InPerson,
    }
}

fn domain_of(organisation: &OrganisationId) -> Asset {
    Asset {
        id: AssetId::new(&format!("{organisation}-domain")).unwrap(),
        organisation: organisation.clone(),
        what: AssetValue::Domain(format!("{organisation}.example.org")),
        note: None,
    }
}
