//! The doors' worker: the ledger's bell fills the hub of the live stream, and what every door
//! delivered is recorded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use vedetta_diffusion::{Frame, Hub};
use vedetta_flow::{FlowError, House, ReadItem, Releases, Sequence};

use crate::api::Api;
use crate::lines::Lines;
use crate::recorder;

/// How long to wait when the ledger cannot be read.
const AGAIN: Duration = Duration::from_secs(1);
/// How long to wait before newcomers and notices are tried again, however often the bell rings.
const LATER: Duration = Duration::from_secs(10);
/// How often terms are looked at when nothing happens.
const RECONCILING: Duration = Duration::from_secs(60);
/// How often what expired is removed.
const SWEEPING: Duration = Duration::from_secs(3600);
/// Releases read from the ledger at once.
const PAGE: usize = 1000;

/// Fills the hub and records what all doors delivered until stopped; what was delivered by then
/// is recorded.
pub async fn run(api: Api, stop: impl Future<Output = ()>) {
    let filling = fill(api.house(), api.hub());
    let reconciling = reconcile(&api);
    let offering = offer(api.house());
    let sweeping = sweep(api.house());
    tokio::select! {
        () = filling => {}
        () = reconciling => {}
        () = offering => {}
        () = sweeping => {}
        () = crate::v1::sensors::watch(&api) => {}
        () = recorder::run(&api, stop) => {}
    }
    recorder::finish(&api).await;
}

/// Records what was delivered since the last time.
pub async fn record(api: &Api) {
    // What the ledger refused is told in the log, and kept.
    let _kept = recorder::record(api).await;
}

/// Whenever what stands has changed: marks what expired, tells those who hold what is given to them no
/// longer, and releases to newcomers what they are entitled to of the past. Once a minute again, when
/// something of it had to wait.
async fn reconcile(api: &Api) {
    let house = api.house();
    let mut bell = house.bell().listen();
    let (mut seen, mut last) = (0, Instant::now());
    loop {
        let generation = house.standing().compiled;
        // Of what waits alone nothing else is looked through.
        let lapses = generation != seen || house.lapses_wait();
        let waits = lapses || house.newcomers_wait();
        if generation != seen || (last.elapsed() >= RECONCILING && waits) {
            last = Instant::now();
            // Who had something a moment ago is to be told too.
            record(api).await;
            let house = Arc::clone(house);
            let steps = move || {
                if lapses {
                    house.settle_terms()?;
                    house.tell_lapses()?;
                }
                house.clear_newcomers()
            };
            match tokio::task::spawn_blocking(steps).await {
                Ok(Ok(released)) => {
                    seen = generation;
                    if released > 0 {
                        tracing::info!(released, "released to newcomers");
                    }
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "newcomers and notices wait: the ledger refused");
                    tokio::time::sleep(LATER).await;
                }
                Err(error) => {
                    tracing::error!(%error, "newcomers and notices wait: a thread ended");
                    tokio::time::sleep(LATER).await;
                }
            }
        }
        let _rung = tokio::time::timeout(quiet(house), bell.changed()).await;
    }
}

/// Offers to the other nodes again what binds again. That may be the whole ledger, so nothing else waits
/// for it.
async fn offer(house: &Arc<House>) {
    let mut bell = house.bell().listen();
    let mut seen = 0;
    loop {
        let generation = house.standing().compiled;
        while generation != seen {
            let house = Arc::clone(house);
            match tokio::task::spawn_blocking(move || house.offer_again()).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => seen = generation,
                Ok(Err(error)) => {
                    tracing::error!(%error, "what binds again is not offered yet: the ledger refused");
                    tokio::time::sleep(LATER).await;
                }
                Err(error) => {
                    tracing::error!(%error, "what binds again is not offered yet: a thread ended");
                    tokio::time::sleep(LATER).await;
                }
            }
        }
        let _rung = tokio::time::timeout(quiet(house), bell.changed()).await;
    }
}

/// How long nothing changes unless the bell rings: until a term or a hold begins or ends by the clock.
fn quiet(house: &House) -> Duration {
    house.standing().network.valid_until().since(house.now()).min(RECONCILING)
}

/// Removes tokens and certificates that expired: at the start, and now and then.
async fn sweep(house: &Arc<House>) {
    loop {
        let house = Arc::clone(house);
        match tokio::task::spawn_blocking(move || house.remove_expired()).await {
            Ok(Ok(0)) => {}
            Ok(Ok(removed)) => tracing::info!(removed, "expired tokens and certificates removed"),
            Ok(Err(error)) => tracing::error!(%error, "what expired stays: the ledger refused"),
            Err(error) => tracing::error!(%error, "what expired stays: a thread ended"),
        }
        tokio::time::sleep(SWEEPING).await;
    }
}

async fn fill(house: &Arc<House>, hub: &Arc<Hub>) {
    let mut bell = house.bell().listen();
    loop {
        let place = hub.place();
        // The house outlives its doors, so the bell is never gone.
        let _rung = bell.wait_for(|last| last.0 > place).await.is_ok();
        tokio::time::sleep(hub.gathering()).await;
        if let Err(error) = pour(house, hub).await {
            tracing::error!(%error, "the stream waits: the ledger cannot be read");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Pushes a page of what was released since the last time to the followers.
///
/// # Errors
/// What the ledger said.
pub async fn pour(house: &Arc<House>, hub: &Hub) -> Result<(), FlowError> {
    if hub.followers() == 0 {
        // What comes in bulk is not read once more for nobody.
        hub.skip(house.bell().last().0, house.standing().generation);
        return Ok(());
    }
    let (releases, lines) = read(house, hub.place()).await?;
    let frames = releases.items.into_iter().map(|it| it.map(|it| frame(it, &lines))).collect();
    hub.push(frames, releases.place.0, releases.generation);
    Ok(())
}

async fn read(house: &Arc<House>, place: u64) -> Result<(Releases, Lines), FlowError> {
    let house = Arc::clone(house);
    let reading = move || Ok((house.releases(Sequence(place), PAGE)?, Lines::of(&house)?));
    tokio::task::spawn_blocking(reading).await.unwrap_or_else(|error| {
        Err(FlowError::Conflict(format!("the reading thread ended: {error}")))
    })
}

/// A release as the stream shows it.
pub(crate) fn frame(item: ReadItem, lines: &Lines) -> Frame {
    let line = Some(lines.number(&item.id, item.producer));
    let iep = item.obligations.and_then(|it| serde_json::to_vec(&*it).ok()).map(Bytes::from);
    let (tlp, pap, object) = (item.tlp, item.pap, Bytes::from_owner(item.body));
    Frame { place: item.stamp.seq.0, at: item.stamp.at, tlp, pap, line, object, iep }
}

#[cfg(test)]
mod tests {
    use vedetta_model::hold::HoldScope;
    use vedetta_model::{Hold, OrganisationId};
    use vedetta_testkit::TestHouse;

    use super::*;

    #[test]
    fn it_looks_again_when_a_hold_is_over() {
        let test = TestHouse::small();
        assert_eq!(quiet(&test.house), RECONCILING);
        let hold = Hold {
            id: "order".parse().unwrap(),
            authority: "Procura della Repubblica".into(),
            organisation: OrganisationId::new("cnaipic").unwrap(),
            scope: HoldScope::Producer(OrganisationId::new("perugia").unwrap()),
            reason: "proc. 1/26".into(),
            from: test.house.now(),
            until: Some(test.house.now().after(Duration::from_secs(90))),
        };
        test.house.place_hold(&test.administrator(), &hold).unwrap();
        test.clock.advance(Duration::from_secs(85));
        let quiet = quiet(&test.house);
        assert!(quiet <= Duration::from_secs(5), "{quiet:?}");
    }
}
