//! Who follows the live stream, and comes back with the last id that it had.

use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::timeout;
use vedetta_client::Following;

use crate::node::{PATIENCE, Place};

/// What it had.
#[derive(Default)]
pub(crate) struct Heard {
    /// Each event, by place and name, in the order of arrival.
    pub(crate) events: Vec<(u64, String)>,
    /// How often it came back.
    pub(crate) breaks: u64,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Follows from the beginning, wherever the node is, until it has what is at a place.
pub(crate) async fn follow(
    token: String,
    mut place: watch::Receiver<Place>,
    mut upto: watch::Receiver<u64>,
) -> Heard {
    let mut heard = Heard::default();
    loop {
        let here = place.borrow().clone();
        if let Ok(following) = here.node.follow(&token, Some(heard.last())).await
            && heard.until_gone(following, &mut upto).await
        {
            return heard;
        }
        heard.breaks += 1;
        let moved = timeout(PATIENCE, place.wait_for(|it| it.start > here.start)).await;
        moved.expect("the stream ended, and the node did not").unwrap();
    }
}

impl Heard {
    fn last(&self) -> u64 {
        self.events.last().map_or(0, |(place, _)| *place)
    }

    /// Takes what comes; whether it has all that there is.
    async fn until_gone(
        &mut self,
        mut following: Following,
        upto: &mut watch::Receiver<u64>,
    ) -> bool {
        while self.last() < *upto.borrow() {
            let more = following.next(|place, object| {
                let named: Named = serde_json::from_slice(object).unwrap();
                self.events.push((place, named.name));
            });
            tokio::select! {
                more = timeout(PATIENCE, more) => match more.expect("nothing comes any more") {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return false,
                },
                changed = upto.changed() => changed.unwrap(),
            }
        }
        true
    }
}
