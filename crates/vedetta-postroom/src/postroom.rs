//! The postroom: the house, what the desk was told, and what is on its table.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use vedetta_flow::{FlowError, House};
use vedetta_mail::{Brand, Brands, KeyFault, Keys, Published, Sample};
use vedetta_model::Actor;
use vedetta_model::asset::AssetValue;
use vedetta_store::StoreError;

use crate::acquainted::Acquaintances;
use crate::hearing::Hearing;
use crate::reporter::Mailboxes;
use crate::sealing::{Cover, MasterKey, Sealed};
use crate::settings::Settings;
use crate::state::State;

/// The mail desk of one node. Every action, view and step of it is a method.
pub struct Postroom {
    pub(crate) house: Arc<House>,
    pub(crate) settings: Settings,
    pub(crate) master: MasterKey,
    pub(crate) keys: Published,
    naming: Vec<u8>,
    state: Mutex<State>,
    around: Mutex<Option<Arc<Surroundings>>>,
    unsigned: Mutex<Option<String>>,
    pub(crate) overrulings: AtomicU64,
    pub(crate) known: Mutex<Acquaintances>,
    /// The letters to the room of this hour.
    pub(crate) hearing: Mutex<Hearing>,
}

/// What the directory says that the desk needs, of one snapshot.
pub(crate) struct Surroundings {
    generation: u64,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) brands: Brands,
}

impl Postroom {
    /// Opens the desk over a house: reads what was reported before. `keys` are those that domains
    /// publish, where an administrator has them at hand.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn open(
        house: Arc<House>,
        settings: Settings,
        master: MasterKey,
        keys: Published,
    ) -> Result<Self, FlowError> {
        let naming = house.node_secret("mail-desk")?;
        let state = Mutex::new(house.read(|reader| State::load(reader, &master))?);
        let (around, known, unsigned) = (Mutex::default(), Mutex::default(), Mutex::default());
        let overrulings = AtomicU64::new(0);
        Ok(Self {
            house,
            settings,
            master,
            keys,
            naming,
            state,
            around,
            unsigned,
            overrulings,
            known,
            hearing: Mutex::default(),
        })
    }

    /// A letter of the desk's own to one mailbox, signed as its answers are. `name` makes its number.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn compose(
        &self,
        to: &str,
        name: &str,
        (subject, text): (String, String),
    ) -> Result<Vec<u8>, KeyFault> {
        let reply = vedetta_mail::Reply { subject, text };
        let letter =
            crate::letter::write(&self.settings, (to, ""), (name, &reply), self.house.now());
        self.note_signing(letter.as_ref().err());
        letter
    }

    /// Why letters wait unsigned, when the last one could not be signed.
    #[must_use]
    pub fn unsigned(&self) -> Option<String> {
        self.unsigned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note_signing(&self, fault: Option<&KeyFault>) {
        let fault = fault.map(ToString::to_string);
        *self.unsigned.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The house.
    #[must_use]
    pub const fn house(&self) -> &Arc<House> {
        &self.house
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the table again: what was put on it could not be written.
    pub(crate) fn reread(&self) {
        match self.house.read(|reader| State::load(reader, &self.master)) {
            Ok(state) => *self.state() = state,
            Err(error) => tracing::error!(%error, "the mail desk's reports do not read back"),
        }
    }

    /// A message sealed for a case.
    pub(crate) fn sealed(
        &self,
        case: &str,
        (cover, message): (&Cover, &[u8]),
    ) -> Result<Sealed, StoreError> {
        let sealed = Sealed::new(&self.master, self.house.entropy(), case, (cover, message));
        sealed.ok_or_else(|| StoreError::Refused("it does not seal".into()))
    }

    /// How a campaign shows, sealed under its name.
    pub(crate) fn sealed_sample(
        &self,
        campaign: &str,
        sample: &Sample,
    ) -> Result<Sealed, StoreError> {
        let sample =
            serde_json::to_vec(sample).map_err(|it| StoreError::Refused(it.to_string()))?;
        self.sealed(campaign, (&Cover::default(), &sample))
    }

    /// A name that only this node gives: equal for equal values.
    pub(crate) fn named(&self, value: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.naming) else {
            return String::new();
        };
        mac.update(value.as_bytes());
        let whole = mac.finalize().into_bytes();
        whole.iter().take(10).map(|octet| format!("{octet:02x}")).collect()
    }

    /// What the directory says now.
    pub(crate) fn around(&self) -> Arc<Surroundings> {
        let snapshot = self.house.standing();
        let mut around = self.around.lock().unwrap_or_else(PoisonError::into_inner);
        match &*around {
            Some(known) if known.generation == snapshot.compiled => Arc::clone(known),
            _ => {
                let fresh = Arc::new(Surroundings {
                    generation: snapshot.compiled,
                    mailboxes: Mailboxes::of(&snapshot),
                    brands: Brands::with(organisations(&snapshot)),
                });
                *around = Some(Arc::clone(&fresh));
                fresh
            }
        }
    }

    pub(crate) fn published(&self) -> &dyn Keys {
        &self.keys
    }

    /// The one who acts when a rule does.
    pub(crate) fn keeper(&self) -> Result<Actor, FlowError> {
        self.house.operator()
    }
}

/// The organisations of the directory by their domains: what imitates these is found. Their names
/// are not: too many messages speak of a municipality.
fn organisations(snapshot: &vedetta_flow::Standing) -> Vec<Brand> {
    let directory = &snapshot.directory;
    let with_domains = directory.members().iter().filter_map(|member| {
        let organisation = &member.organisation;
        let domain = |what: &AssetValue| match what {
            AssetValue::Domain(domain) | AssetValue::MailDomain(domain) => {
                Some(domain.to_lowercase())
            }
            _ => None,
        };
        let mut domains: Vec<String> = directory
            .assets_of(&organisation.id)
            .iter()
            .filter_map(|it| domain(&it.what))
            .collect();
        domains.sort();
        domains.dedup();
        let name = organisation.name.clone();
        (!domains.is_empty()).then(|| Brand { name, words: Vec::new(), domains })
    });
    with_domains.collect()
}
