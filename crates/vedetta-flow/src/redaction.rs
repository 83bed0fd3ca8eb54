//! Derived items: the same information without its victim, under a name that only this node can
//! compute.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use vedetta_model::{Handling, ItemId, OrganisationId};
use vedetta_policy::{Redaction, Reference, Victim, redact};

use crate::house::House;
use crate::standing::Standing;

/// Makes derived items.
#[derive(Clone)]
pub(crate) struct Redactor {
    key: Vec<u8>,
}

/// Whether an item tells a victim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tells {
    /// It does not.
    Nobody,
    /// It does.
    Victim,
}

/// A derived item.
pub(crate) struct Derived {
    pub(crate) id: ItemId,
    pub(crate) body: Vec<u8>,
}

impl House {
    /// The identifier of the derived form of an item.
    pub(crate) fn derived_id(&self, item: &ItemId) -> ItemId {
        derived_id(&self.redaction_key, item)
    }
}

impl Redactor {
    pub(crate) fn of(house: &House) -> Self {
        Self { key: house.redaction_key.clone() }
    }

    /// Makes the derived form of an item, or says why there can be none.
    ///
    /// `told` says whether the item of an identifier tells a victim, where that is known.
    pub(crate) fn derive(
        &self,
        standing: &Standing,
        handling: &Handling,
        (item, body): (&ItemId, &[u8]),
        told: &dyn Fn(&ItemId) -> Option<Tells>,
    ) -> Result<Derived, String> {
        if item.kind() == "identity" {
            return Err("an identity without its name says nothing".into());
        }
        let id = self.derived_id(item);
        let value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let victims: Vec<Victim> =
            handling.victims.iter().filter_map(|victim| facts_of(standing, victim)).collect();
        let references = |text: &str| self.reference(text, told);
        let redaction =
            Redaction { victims: &victims, id: &id, publisher: None, references: &references };
        let value = redact(&value, &redaction).map_err(|withheld| withheld.to_string())?;
        Ok(Derived { id, body: value.to_string().into_bytes() })
    }

    /// Markings stay; what tells no victim stays; what tells one is replaced by its derived form;
    /// what is unknown goes.
    fn reference(&self, text: &str, told: &dyn Fn(&ItemId) -> Option<Tells>) -> Reference {
        let Ok(id) = ItemId::new(text) else { return Reference::Drop };
        if matches!(id.kind(), "marking-definition" | "extension-definition") {
            return Reference::Keep;
        }
        match told(&id) {
            Some(Tells::Nobody) => Reference::Keep,
            Some(Tells::Victim) => Reference::Replace(self.derived_id(&id)),
            None => Reference::Drop,
        }
    }

    pub(crate) fn derived_id(&self, item: &ItemId) -> ItemId {
        derived_id(&self.key, item)
    }
}

/// What is known of a victim, all of which a derived item must not tell.
pub(crate) fn facts_of(standing: &Standing, victim: &OrganisationId) -> Option<Victim> {
    let directory = &standing.directory;
    let organisation = directory.organisation(victim)?;
    let assets = directory.assets_of(victim).iter().map(AsRef::as_ref);
    let contacts = directory.contacts_of(victim).iter().map(AsRef::as_ref);
    Some(Victim::of(organisation, assets, contacts))
}

fn derived_id(key: &[u8], item: &ItemId) -> ItemId {
    // HMAC takes keys of any length.
    let mut bytes = [0; 16];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(item.as_str().as_bytes());
        bytes.copy_from_slice(&mac.finalize().into_bytes()[..16]);
    }
    ItemId::of(item.kind(), uuid::Builder::from_random_bytes(bytes).into_uuid())
}
