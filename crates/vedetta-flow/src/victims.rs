//! Whom a text means, and whose misfortune an item may tell: nobody is protected under a name that
//! nobody has.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_intake::{Brought, Fault};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::{Actor, Handling, OrganisationId};

use crate::error::FlowError;
use crate::house::House;
use crate::standing::Standing;

/// Items of one arrival, and octets of each, that are looked through for names.
const LOOKED_THROUGH: (usize, usize) = (100, 64 << 10);
/// Victims that are looked up by name at once: each is looked for among all names.
pub const MOST_VICTIMS: usize = 100;
/// Names that are told of one item.
const TOLD: usize = 5;

impl House {
    /// The organisation of an identifier, name or alias.
    ///
    /// # Errors
    /// None is called so, or several are: with those that may have been meant.
    pub fn called(&self, place: &str, text: &str) -> Result<OrganisationId, FlowError> {
        self.ready()?;
        let standing = self.standing();
        let meant = match standing.directory.called(text) {
            Ok(member) => return Ok(member.organisation.id.clone()),
            Err(meant) => meant,
        };
        let meant =
            meant.iter().map(|it| format!("{} ({})", it.organisation.id, it.organisation.name));
        let meant: Vec<_> = meant.take(TOLD).collect();
        let advice = match meant.as_slice() {
            [] => "write an identifier or a name of the directory".to_owned(),
            some => format!("write {}", some.join(" or ")),
        };
        let text: String = text.chars().take(80).collect();
        Err(FlowError::invalid(place, format!("{text:?} is no one organisation; {advice}")))
    }

    /// The victims that one handling names, each by identifier, name or alias.
    ///
    /// # Errors
    /// More than a hundred; [`House::called`].
    pub fn victims_called<'a>(
        &self,
        texts: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<BTreeSet<OrganisationId>, FlowError> {
        if texts.len() > MOST_VICTIMS {
            let many = format!("{} are named, and at most {MOST_VICTIMS} may be", texts.len());
            return Err(FlowError::invalid("victims", many));
        }
        texts.map(|it| self.called("victims", it)).collect()
    }

    /// That an identifier is not of the directory, with whom it may mean.
    pub(crate) fn not_known(&self, place: &str, id: &OrganisationId) -> FlowError {
        let meant = |meant| FlowError::invalid(place, format!("{id} is not known; write {meant}"));
        self.called(place, id.as_str()).map_or_else(|error| error, meant)
    }

    /// Refuses a handling whose victims the directory does not know.
    pub(crate) fn check_victims(&self, handling: &Handling) -> Result<(), FlowError> {
        let directory = &self.standing().directory;
        match handling.victims.iter().find(|it| directory.number(it).is_none()) {
            None => Ok(()),
            Some(unknown) => Err(self.not_known("victims", unknown)),
        }
    }
}

/// The items all of whose victims are of the network; the others are refused: they would go out as
/// if they told somebody else. A sighting says where it was seen, which may be anywhere.
pub(crate) fn known(
    standing: &Standing,
    items: Vec<Brought>,
    refused: &mut Vec<Fault>,
) -> Vec<Brought> {
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        let mut named =
            item.claim.victims.iter().flatten().filter(|_| item.id.kind() != "sighting");
        let unknown = named.find(|it| standing.known_by(it).is_none());
        match unknown {
            None => kept.push(item),
            Some(unknown) => refused.push(Fault {
                refused: true,
                id: Some(item.id.to_string()),
                place: format!("objects[{}].extensions.{HANDLING_EXTENSION}.victim_refs", item.place),
                rule: "unknown-victim".into(),
                reason: format!(
                    "{unknown} is the identity of no organisation of the directory, so nobody would be \
                     protected; make it of the identifier in the directory, as \
                     docs/integrators/handling.md says"
                ),
            }),
        }
    }
    kept
}

/// Remarks on items that name no victim while their text names an organisation.
pub(crate) fn remarks(
    by: &Actor,
    standing: &Standing,
    (items, handlings): (&[Brought], &[Arc<Handling>]),
) -> Vec<Fault> {
    if items.len() > LOOKED_THROUGH.0 {
        return Vec::new();
    }
    let silent = items.iter().zip(handlings).filter(|(it, handling)| {
        let says = it.claim.victims.is_some() || it.id.kind() == "identity";
        !says && handling.victims.is_empty()
    });
    let remarks = silent.filter_map(|(item, _)| {
        let named = named(standing, &by.organisation, &item.body);
        let names: Vec<_> = named.iter().map(OrganisationId::as_str).collect();
        (!names.is_empty()).then(|| Fault {
            refused: false,
            id: Some(item.id.to_string()),
            place: format!("objects[{}]", item.place),
            rule: "names-an-organisation".into(),
            reason: format!(
                "its text names {}, and no victim is given: everyone reads the name; name the victim \
                 in victim_refs, or give [] when it is nobody's misfortune",
                names.join(", ")
            ),
        })
    });
    remarks.collect()
}

/// The organisations whose names stand in what people read of an object, but for its bringer; of a
/// large one none.
pub(crate) fn named(
    standing: &Standing,
    bringer: &OrganisationId,
    body: &[u8],
) -> Vec<OrganisationId> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Said {
        name: Option<String>,
        description: Option<String>,
        #[serde(rename = "abstract")]
        short: Option<String>,
        content: Option<String>,
    }
    if body.len() > LOOKED_THROUGH.1 {
        return Vec::new();
    }
    let said: Said = serde_json::from_slice(body).unwrap_or_default();
    let texts = [said.name, said.description, said.short, said.content];
    let text = texts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    if text.is_empty() {
        return Vec::new();
    }
    let named = standing.directory.named_in(&text);
    let ids = named.into_iter().map(|it| it.organisation.id.clone());
    ids.filter(|it| it != bringer).take(TOLD).collect()
}
