//! In whose name items speak: an organisation's identity, and what names it as its creator, are its
//! own to bring; rows of a table have names that nobody else can compute.

use serde::Deserialize;
use vedetta_intake::arrival::Identity;
use vedetta_intake::{Brought, Fault};
use vedetta_model::{Actor, ItemId, OrganisationId, OrganisationNumber};
use vedetta_store::{Digest, StoreError};

use crate::house::House;
use crate::pseudonyms::own_id;
use crate::standing::Standing;

#[derive(Default, Deserialize)]
struct Created {
    created_by_ref: Option<String>,
}

impl House {
    /// The items that speak in nobody else's name; the others are refused, unless they are there
    /// already in the same bytes; of what each brings for itself nothing is there. Whoever brings for
    /// another does so as that organisation.
    pub(crate) fn in_own_name(
        &self,
        by: &Actor,
        standing: &Standing,
        items: Vec<Brought>,
        refused: &mut Vec<Fault>,
    ) -> Result<Vec<Brought>, StoreError> {
        let mut own = Vec::with_capacity(items.len());
        for item in items {
            let other = in_name_of(&item, standing).filter(|other| **other != by.organisation);
            if let Some(other) = other
                && (item.id.follows_from_value()
                    || !self.read(|reader| {
                        let (there, digest) = (reader.releases(&item.id)?, Digest::of(&item.body));
                        Ok(there.iter().any(|it| it.digest == digest))
                    })?)
            {
                refused.push(foreign(&item, other));
            } else {
                own.push(item);
            }
        }
        Ok(own)
    }

    /// Gives rows the names that this node alone can compute, to each bringer its own, so that nobody
    /// brings them first.
    pub(crate) fn name_rows(
        &self,
        producer: OrganisationNumber,
        items: &mut [Brought],
    ) -> Result<(), StoreError> {
        let rows: Vec<_> =
            items.iter_mut().filter(|it| it.identity == Identity::FromContent).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let key = self.node_secret("rows")?;
        let names: Vec<ItemId> = self.read(|reader| {
            rows.iter().map(|row| own_id(&key, reader, (&row.id, producer))).collect()
        })?;
        for (row, own) in rows.into_iter().zip(names) {
            let body = String::from_utf8_lossy(&row.body);
            row.body = body.replace(row.id.as_str(), own.as_str()).into_bytes().into();
            row.id = own;
        }
        Ok(())
    }
}

/// The organisation of the network that an item is the identity of, or names as its creator.
fn in_name_of<'a>(item: &Brought, standing: &'a Standing) -> Option<&'a OrganisationId> {
    if item.id.kind() == "identity" && standing.known_by(&item.id).is_some() {
        return standing.known_by(&item.id);
    }
    let created: Created = serde_json::from_slice(&item.body).unwrap_or_default();
    standing.known_by(&ItemId::new(&created.created_by_ref?).ok()?)
}

fn foreign(item: &Brought, other: &OrganisationId) -> Fault {
    Fault {
        refused: true,
        id: Some(item.id.to_string()),
        place: format!("objects[{}].created_by_ref", item.place),
        rule: "in-anothers-name".into(),
        reason: format!(
            "it speaks in the name of {other}, who alone brings that; bring an item of your own \
             that refers to it, or bring it as {other} where you may"
        ),
    }
}
