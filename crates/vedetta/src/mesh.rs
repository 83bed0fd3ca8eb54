//! The node among others: its links, and where other nodes dial in.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use vedetta_federation::scope::Scope;
use vedetta_flow::House;
use vedetta_link::{Bounds, Keeper, Links, Listener, Papers};
use vedetta_mesh::Nodes;
use vedetta_model::OrganisationId;
use vedetta_model::organisation::OrganisationKind;

use crate::node::Configuration;
use crate::outcome::Failure;
use crate::renewal::{Files, OfLinks};
use crate::system::{SystemClock, SystemEntropy};

/// How often it is looked whether a link is silent.
const LOOK: Duration = Duration::from_secs(10);
/// A link gives a sign of life every ten seconds, so less than this would be no alarm.
const SHORTEST: u32 = 30;

/// How a node meets others.
#[derive(Clone, Debug)]
pub(crate) struct Meeting {
    /// Where it takes their links.
    listen: Option<SocketAddr>,
    /// Where they dial it.
    address: Option<String>,
    /// For whom it speaks.
    serves: Option<Scope>,
    /// Its certificates, and theirs.
    pub(crate) papers: Papers,
    /// Where these stand.
    files: Files,
    /// After how long without a sign of life a link raises an alarm.
    silence: Duration,
}

/// The links of a node that runs.
pub(crate) struct Mesh {
    links: Links,
    keeper: Arc<Keeper>,
    meeting: Meeting,
    address: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl Meeting {
    /// As the configuration says.
    pub(crate) fn of(configuration: &Configuration, data: &Path) -> Result<Self, Failure> {
        let usage = |what: &str, reason: &dyn std::fmt::Display| {
            Failure::Usage(format!("vedetta.toml: {what}: {reason}"))
        };
        let listen = configuration.peer_listen.as_ref();
        let listen = listen.map(|text| text.parse::<SocketAddr>()).transpose();
        let listen = listen.map_err(|_| usage("peer_listen", &"not address:port"))?;
        let serves = configuration.peer_serves.as_deref().map(scope).transpose();
        let serves = serves.map_err(|reason| usage("peer_serves", &reason))?;
        let papers = Papers {
            addresses: configuration.peer_dial.clone(),
            certificate: pem(configuration.peer_certificate.as_deref())?,
            authorities: pem(configuration.peer_authorities.as_deref())?,
            allowance: configuration.allowance(data),
        };
        let (address, silence) = (configuration.peer_address.clone(), configuration.peer_silence);
        if silence < SHORTEST {
            return Err(usage("peer_silence", &"at least 30 seconds: links beat every ten"));
        }
        let silence = Duration::from_secs(silence.into());
        let files = Files {
            certificate: configuration.peer_certificate.clone(),
            authorities: configuration.peer_authorities.clone(),
        };
        Ok(Self { listen, address, serves, papers, files, silence })
    }

    /// Has the house say for whom it speaks, and where others dial it.
    pub(crate) fn establish(
        &self,
        house: &House,
        listening: Option<SocketAddr>,
    ) -> Result<(), Failure> {
        let serves = self.serves.clone().unwrap_or_else(|| usual_scope(house));
        let address = self.address(listening.or(self.listen));
        Ok(house.establish_node(&serves, address.as_deref())?)
    }

    /// Where others dial, with the port that is listened on. An address that means every network
    /// card says nothing to them.
    fn address(&self, listening: Option<SocketAddr>) -> Option<String> {
        let open = |at: SocketAddr| (!at.ip().is_unspecified()).then(|| at.to_string());
        self.address.clone().or_else(|| listening.and_then(open))
    }
}

impl Mesh {
    /// Opens them. A node that does not know whose it is has none.
    pub(crate) async fn open(
        nodes: &Arc<Nodes>,
        meeting: &Meeting,
    ) -> Result<Option<Self>, Failure> {
        let house = nodes.house();
        if house.standing().own.is_none() {
            return Ok(None);
        }
        let failed = |error: &dyn std::fmt::Display| Failure::system("meeting other nodes", error);
        let listener = match meeting.listen {
            Some(address) => Some(Listener::bind(address).await.map_err(|error| failed(&error))?),
            None => None,
        };
        let address = listener.as_ref().map(Listener::address);
        meeting.establish(house, address)?;
        let keeper = Arc::new(Keeper::new(Arc::clone(nodes), meeting.papers.clone()));
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let links = Links::new(Arc::clone(&keeper) as _, Bounds::default(), clock, entropy);
        let links = links.map_err(|error| failed(&error))?;
        let watching = watch(Arc::clone(nodes), links.clone(), meeting.silence);
        let mut tasks = vec![tokio::spawn(links.clone().dial_all()), tokio::spawn(watching)];
        tasks.extend(listener.map(|listener| tokio::spawn(listener.serve(links.clone()))));
        Ok(Some(Self { links, keeper, meeting: meeting.clone(), address, tasks }))
    }

    /// The links.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// Its papers, which may change while it runs.
    pub(crate) fn papers(&self) -> OfLinks {
        let Papers { certificate, authorities, .. } = self.meeting.papers.clone();
        OfLinks {
            keeper: Arc::clone(&self.keeper),
            links: self.links.clone(),
            files: self.meeting.files.clone(),
            read: (certificate, authorities),
        }
    }

    /// Where other nodes dial in.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Ends the links, with a farewell.
    pub(crate) async fn close(self) {
        self.links.close().await;
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "the door to other nodes did not close as it should");
            }
        }
    }
}

/// Looks whether links have fallen silent, until they are closed. The house writes it down and
/// tells the log; `vedetta peer list` and `/metrics` show it.
async fn watch(nodes: Arc<Nodes>, links: Links, longest: Duration) {
    let mut looks = tokio::time::interval(LOOK.min(longest / 4));
    loop {
        tokio::select! {
            () = links.stopped() => return,
            _ = looks.tick() => {}
        }
        let nodes = Arc::clone(&nodes);
        let looking = tokio::task::spawn_blocking(move || nodes.watch_links(longest));
        if let Ok(Err(error)) = looking.await {
            tracing::error!(%error, "silent links are not looked for: the ledger refused");
        }
    }
}

/// The scope of a node of which nobody said for whom it speaks: a national centre for everyone, a
/// regional one for its region, others for those below them.
fn usual_scope(house: &House) -> Scope {
    let standing = house.standing();
    let Some(own) = &standing.own else { return Scope::default() };
    let organisation = standing.directory.organisation(own);
    let below = Scope::below(own.clone());
    match organisation.map(|it| (it.kind, it.region.clone())) {
        Some((OrganisationKind::NationalCentre, _)) => Scope::everything(),
        Some((OrganisationKind::RegionalCentre, Some(region))) => {
            Scope { regions: [region].into(), ..below }
        }
        _ => below,
    }
}

/// Reads a scope: `everything`, `region:NAME`, `below:ID`, `ID`, several with commas.
pub(crate) fn scope(text: &str) -> Result<Scope, String> {
    let mut scope = Scope::default();
    let organisation = |id: &str| OrganisationId::new(id).map_err(|error| error.to_string());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once(':') {
            None if part == "everything" => scope.everything = true,
            None => {
                scope.organisations.insert(organisation(part)?);
            }
            Some(("region", region)) => {
                scope.regions.insert(region.trim().to_owned());
            }
            Some(("below", id)) => {
                scope.below.insert(organisation(id.trim())?);
            }
            Some((other, _)) => {
                return Err(format!(
                    "{other:?} is no kind of scope: write everything, region:NAME, below:ID or ID"
                ));
            }
        }
    }
    if scope == Scope::default() {
        return Err("it names nobody: write everything, region:NAME, below:ID or ID".into());
    }
    Ok(scope)
}

fn pem(path: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| Failure::input(path.display().to_string(), error))
    };
    path.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written() {
        let read = scope("region:Umbria, below:cosc-umbria,ipzs").unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            serde_json::json!({
                "regions": ["Umbria"], "below": ["cosc-umbria"], "organisations": ["ipzs"],
            })
        );
        assert!(scope("everything").unwrap().everything);
        for wrong in ["", "province:PG", "below:Not An Id"] {
            assert!(scope(wrong).is_err(), "{wrong}");
        }
    }
}
