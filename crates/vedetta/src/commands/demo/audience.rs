//! Everyone who listens: one live connection over TLS for each organisation with an agreement.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use vedetta_flow::House;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{Actor, Clock, Instant, OrganisationId, OrganisationNumber};

use crate::doors::Doors;
use crate::outcome::Failure;
use crate::system::SystemClock;
use vedetta_client::Node;

use super::organisation;

/// The connected organisations.
pub(super) struct Audience {
    numbers: BTreeSet<OrganisationNumber>,
    actors: HashMap<OrganisationId, Actor>,
    received: Arc<Received>,
    _connections: tokio::task::JoinSet<()>,
}

/// When each event arrived, at all followers.
struct Received {
    arrivals: Mutex<BTreeMap<u64, Vec<Instant>>>,
    news: watch::Sender<u64>,
}

const LIFE: Duration = Duration::from_secs(86_400);
/// TLS handshakes at once.
const AT_ONCE: usize = 32;
/// How long to wait for the last of an item's recipients.
const PATIENCE: Duration = Duration::from_secs(5);

impl Audience {
    /// Connects every centre, agency and association, and every organisation that adhered.
    pub(super) async fn connect(house: &Arc<House>, doors: &Doors) -> Result<Self, Failure> {
        let keeper = house
            .keeper(&organisation("cnaipic")?)
            .ok_or_else(|| Failure::Usage("the network has no cnaipic".into()))?;
        let listeners = listeners(house);
        let enrolled = vedetta_outpost::enrol_machines(house, &keeper, &listeners, ("live", LIFE))?;
        let node = Node::at(doors.address, &doors.authority)
            .map_err(|error| Failure::system("trusting the node", error))?;
        let received =
            Arc::new(Received { arrivals: Mutex::default(), news: watch::Sender::new(0) });
        let (open, mut opened) = watch::channel(0usize);
        let (open, gate) = (Arc::new(open), Arc::new(Semaphore::new(AT_ONCE)));
        let mut connections = tokio::task::JoinSet::new();
        let (mut numbers, mut actors) = (BTreeSet::new(), HashMap::new());
        let standing = house.standing();
        for machine in enrolled {
            numbers.extend(standing.directory.number(&machine.organisation));
            actors.insert(
                machine.organisation.clone(),
                house.actor_by_token(machine.token.reveal())?,
            );
            let (node, received) = (node.clone(), Arc::clone(&received));
            let (open, gate) = (Arc::clone(&open), Arc::clone(&gate));
            connections.spawn(async move {
                let following = {
                    let _turn = gate.acquire().await;
                    node.follow(machine.token.reveal(), None).await
                };
                open.send_modify(|count| *count += 1);
                match following {
                    Ok(following) => received.listen(following).await,
                    Err(error) => tracing::warn!(%error, "an organisation is not connected"),
                }
            });
        }
        let all = numbers.len();
        let _all_tried = opened.wait_for(|count| *count == all).await.is_ok();
        Ok(Self { numbers, actors, received, _connections: connections })
    }

    /// How many are connected.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Those connected.
    pub(super) fn numbers(&self) -> &BTreeSet<OrganisationNumber> {
        &self.numbers
    }

    /// Who acts for a connected organisation.
    pub(super) fn actor(&self, id: &str) -> Result<&Actor, Failure> {
        let actor = self.actors.get(&organisation(id)?);
        actor.ok_or_else(|| Failure::Usage(format!("{id} is not connected")))
    }

    /// When so many had an event, in order of arrival; those who had it by then when patience ends.
    pub(super) async fn arrivals(&self, event: u64, count: usize) -> Vec<Instant> {
        let mut news = self.received.news.subscribe();
        let waiting = async {
            while self.received.of(event).len() < count {
                if news.changed().await.is_err() {
                    return;
                }
            }
        };
        let _in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        let mut arrivals = self.received.of(event);
        arrivals.sort_unstable();
        arrivals
    }
}

impl Received {
    async fn listen(&self, mut following: vedetta_client::Following) {
        loop {
            let mut events = Vec::new();
            let more = following.next(|id, _| events.push(id)).await;
            if !events.is_empty() {
                let now = SystemClock.now();
                let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                events.iter().for_each(|event| arrivals.entry(*event).or_default().push(now));
                drop(arrivals);
                self.news.send_modify(|news| *news += 1);
            }
            if !more.unwrap_or(false) {
                return;
            }
        }
    }

    fn of(&self, event: u64) -> Vec<Instant> {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.get(&event).cloned().unwrap_or_default()
    }
}

/// Everyone that some agreement names, municipalities only if they adhered.
fn listeners(house: &House) -> Vec<OrganisationId> {
    use OrganisationKind::{
        Agency, Association, NationalCentre, Operator, RegionalCentre, Section,
    };
    let standing = house.standing();
    let members = standing.directory.members().iter();
    let institutions = members.filter(|member| {
        matches!(
            member.organisation.kind,
            NationalCentre | RegionalCentre | Section | Agency | Association | Operator
        )
    });
    let mut listeners: BTreeSet<_> =
        institutions.map(|member| member.organisation.id.clone()).collect();
    let adhesions = standing.agreements.iter().filter_map(|it| it.adhesion.as_ref());
    listeners.extend(adhesions.map(|adhesion| adhesion.organisation.clone()));
    listeners.into_iter().collect()
}
