//! What members own, where it keeps machines from acting on what a feed carries.

use std::collections::HashMap;
use std::sync::Arc;

use vedetta_diffusion::feed::Doubt;
use vedetta_directory::observable::{Host, Url};
use vedetta_directory::{Directory, Observable, Relevance};
use vedetta_indicator::{Kind, Term};
use vedetta_model::OrganisationNumber;
use vedetta_model::asset::AssetValue;

/// The index of it, built once for a directory. A service makes nobody the owner of its host, which may be
/// everybody's: only of its own address and what is below that.
pub(super) struct Holdings {
    /// Of what.
    pub(super) directory: Arc<Directory>,
    owned: Relevance,
    services: HashMap<Host, Vec<(OrganisationNumber, Url)>>,
}

/// Who reads, and what of it.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    pub(super) reader: Option<OrganisationNumber>,
    /// Whether it is the organisation whose node this is.
    pub(super) whole: bool,
}

impl Holdings {
    pub(super) fn of(directory: Arc<Directory>) -> Self {
        let all = directory
            .assets()
            .iter()
            .filter_map(|asset| Some((directory.number(&asset.organisation)?, &asset.what)));
        let (services, others): (Vec<_>, Vec<_>) =
            all.partition(|(_, value)| matches!(value, AssetValue::Service(_)));
        let mut at: HashMap<Host, Vec<_>> = HashMap::new();
        for (number, value) in services {
            let AssetValue::Service(text) = value else { continue };
            if let Ok(url) = Url::new(text.trim()) {
                at.entry(url.host().clone()).or_default().push((number, url));
            }
        }
        let (owned, _) = Relevance::build(others);
        Self { owned, services: at, directory }
    }

    /// Why not to act on a term that means what a member owns, or a part of it: in full for that member
    /// and whose node this is.
    pub(super) fn doubt(&self, term: &Term, sight: Sight) -> Option<Doubt> {
        let observable = observable(term)?;
        let at_services = match &observable {
            Observable::Url(url) => self.services.get(url.host()).map(|at| (url, at)),
            _ => None,
        };
        let at_services = at_services.into_iter().flat_map(|(url, at)| {
            at.iter().filter(move |(_, service)| url.is_within(service)).map(|(number, _)| number)
        });
        let mut owners = self.owned.owners(&observable).flatten().chain(at_services);
        let first = owners.next()?;
        let is_reader = |number: &OrganisationNumber| Some(*number) == sight.reader;
        let told = sight.whole || is_reader(first) || owners.any(is_reader);
        Some(if told { Doubt::Members } else { Doubt::Withheld })
    }
}

fn observable(term: &Term) -> Option<Observable> {
    let text = match term.kind() {
        Kind::Ipv4 | Kind::Ipv6 | Kind::Domain | Kind::Url | Kind::EmailAddress => {
            term.value().to_owned()
        }
        Kind::AutonomousSystem => format!("AS{}", term.value()),
        _ => return None,
    };
    Observable::read(&text).ok()
}
