//! The house: the ledger, what stands now, the one who writes, and the bell.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use vedetta_model::{Actor, Clock, Entropy, Instant};
use vedetta_policy::Waiting;
use vedetta_scribe::{AfterCommit, Bell, Scribe, Writes, not_in_effect};
use vedetta_store::{
    Draft, EntryKind, Reader, RecordKind, SecretKind, Sequence, Store, StoreError, UnitOfWork,
};

use crate::actions::note_looks::Looks;
use crate::book::Book;
use crate::error::FlowError;
use crate::losses;
use crate::mesh::Compiled;
use crate::standing::Standing;
use crate::steps::clear_newcomers::Looked;
use crate::steps::tell_lapses::Idle;
use crate::views::lapses::AllTold;
use crate::views::withdrawals::Newest;

/// One node's house. Every action, view and step is a method of it.
pub struct House {
    pub(crate) shared: Arc<Shared>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) redaction_key: Vec<u8>,
    pub(crate) mesh: Compiled,
    changing: Mutex<()>,
    looks: Mutex<Looks>,
    scribe: Scribe,
}

/// What the corridor's threads share: units of work hold this and never the house, which waits for
/// them when it is closed.
pub struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Every clearance.
    pub book: Book,
    pub(crate) bell: Bell,
    standing: ArcSwap<Standing>,
    renewing: Mutex<()>,
    /// What the past's newcomers were looked for in already.
    pub(crate) looked: Mutex<Looked>,
    pub(crate) waiting: Mutex<Waiting<Sequence>>,
    pub(crate) withdrawals: Newest,
    /// What is lost as things stand.
    pub(crate) losses: losses::Kept,
    /// What was told of it and not given back.
    pub(crate) told: Mutex<Option<Arc<AllTold>>>,
    /// Who was looked for and holds nothing, so that nobody is looked for again.
    pub(crate) idle: Mutex<Idle>,
    pub(crate) telling: Mutex<()>,
    touched: AtomicU32,
    /// What was written and could not be read back yet.
    owed: AtomicU32,
}

impl House {
    /// Opens the house over a ledger.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let (book, now) = (Book::default(), clock.now());
        let (mut standing, mut last) = (None, Sequence::START);
        store.read(&mut |reader| {
            last = reader.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
            book.catch_up(reader)?;
            standing = Some(Standing::load(reader, 1, now)?);
            Ok(())
        })?;
        let standing = standing.ok_or_else(|| StoreError::Refused("nothing was read".into()))?;
        let shared = Arc::new(Shared {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            book,
            bell: Bell::at(last),
            standing: ArcSwap::from_pointee(standing),
            renewing: Mutex::new(()),
            looked: Mutex::default(),
            waiting: Mutex::default(),
            withdrawals: Newest::default(),
            losses: losses::Kept::default(),
            told: Mutex::default(),
            idle: Mutex::default(),
            telling: Mutex::default(),
            touched: AtomicU32::new(0),
            owed: AtomicU32::new(0),
        });
        let after = Arc::clone(&shared) as Arc<dyn AfterCommit>;
        let scribe = Scribe::start(store, clock, after)
            .map_err(|error| StoreError::Refused(format!("no thread to write with: {error}")))?;
        let mut house = Self {
            shared,
            entropy,
            redaction_key: Vec::new(),
            mesh: Compiled::default(),
            changing: Mutex::new(()),
            looks: Mutex::default(),
            scribe,
        };
        house.redaction_key = house.node_secret("redaction")?;
        Ok(house)
    }

    /// The doorbell.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.shared.bell
    }

    /// The house's chance.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// The present moment, by the house's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    /// What stands now.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        self.shared.standing()
    }

    /// A secret of this node by its name, e.g. the key under which derived items are named: 32 octets, made when first asked for.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn node_secret(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        if let Some(secret) = self.read(|reader| reader.secret(SecretKind::Node, name))? {
            return Ok(secret);
        }
        let mut fresh = vec![0; 32];
        self.entropy.fill(&mut fresh);
        let name = name.to_owned();
        self.write(move |unit| {
            // Whoever asks at the same time has the same.
            if let Some(first) = unit.secret(SecretKind::Node, &name)? {
                return Ok(first);
            }
            unit.put_secret(SecretKind::Node, &name, &fresh)?;
            Ok(fresh.clone())
        })
    }

    /// Whether all that was written is in effect. Until then nothing is served.
    ///
    /// # Errors
    /// Why it could not be read back.
    pub fn ready(&self) -> Result<(), StoreError> {
        self.shared.settle().map_err(not_in_effect)
    }

    /// How writing goes.
    #[must_use]
    pub fn writes(&self) -> Writes {
        self.scribe.writing.now()
    }

    /// Reads one consistent snapshot of the ledger, when all that was written is in effect. For the
    /// corridor's own crates, as the verbs below.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn read<T>(
        &self,
        reading: impl FnMut(&mut dyn Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.shared.read(reading)
    }

    /// Writes, and returns when it is durable, seen by [`House::standing`] and rung.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn UnitOfWork) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.scribe.write(work)
    }

    /// What units of work may hold.
    #[must_use]
    pub const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Holds off other changes to what stands, from checking one against it until that is written.
    pub fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn looks(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a deed that changes no record.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn note_deed(&self, actor: &str, subject: &str, facts: String) -> Result<(), StoreError> {
        let (actor, subject) = (actor.to_owned(), subject.to_owned());
        self.write(move |unit| {
            let kind = EntryKind::Deed;
            unit.append(&Draft { kind, actor: &actor, subject: &subject, facts: &facts, body: b"" })
                .map(drop)
        })
    }

    /// Notes that a file was handed out, before it is.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn note_export(&self, by: &Actor, file: &str) -> Result<(), FlowError> {
        let facts = r#"{"deed":"exported"}"#.to_owned();
        Ok(self.note_deed(by.account.as_str(), file, facts)?)
    }
}

impl Shared {
    /// [`House::read`].
    pub(crate) fn read<T>(
        &self,
        mut reading: impl FnMut(&mut dyn Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.settle().map_err(not_in_effect)?;
        let mut answer = None;
        self.store.read(&mut |reader| {
            answer = Some(reading(reader)?);
            Ok(())
        })?;
        answer.ok_or_else(|| StoreError::Refused("nothing was read".into()))
    }

    /// What stands now; compiled again when a term has begun or ended since, and read again when
    /// what was written could not be read back: until that is done, nobody stands.
    pub(crate) fn standing(&self) -> Arc<Standing> {
        if let Err(error) = self.settle() {
            tracing::error!(%error, "what was written still cannot be read back");
        }
        let standing = self.standing.load_full();
        let now = self.clock.now();
        if now < standing.network.valid_until() {
            return standing;
        }
        let _one_at_a_time = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = self.standing.load_full();
        if now < standing.network.valid_until() {
            return standing;
        }
        let renewed = Arc::new(standing.at(now));
        self.standing.store(Arc::clone(&renewed));
        renewed
    }

    /// What stands now, and the place up to which all is in effect that was decided before it stood.
    pub(crate) fn as_of(&self) -> (Arc<Standing>, Sequence) {
        let standing = self.standing();
        // Who renews it rings before it lets go.
        let _renewed = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        (standing, self.bell.last())
    }

    /// Says that a unit of work touches records of a kind, so that what stands is read again.
    pub fn touch(&self, kind: RecordKind) {
        self.touched.fetch_or(1 << kind.code(), Ordering::SeqCst);
    }

    /// Says that a unit of work may take something back: who may receive what stays as it is.
    pub fn touch_served(&self) {
        self.touched.fetch_or(SERVED, Ordering::SeqCst);
    }

    /// Says that a unit of work may have interned a clearance.
    pub fn touch_book(&self) {
        self.touched.fetch_or(BOOK, Ordering::SeqCst);
    }

    /// Reads what was just written, and what is owed.
    fn catch_up(&self) -> Result<(), StoreError> {
        self.waiting().committed();
        let touched = self.touched.swap(0, Ordering::SeqCst);
        let _one_at_a_time = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        self.see(touched | self.owed.load(Ordering::SeqCst))
    }

    /// Reads what is owed, if anything is.
    fn settle(&self) -> Result<(), StoreError> {
        if self.owed.load(Ordering::SeqCst) == 0 {
            return Ok(());
        }
        let _one_at_a_time = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.owed.load(Ordering::SeqCst) {
            0 => Ok(()),
            owed => self.see(owed),
        }
    }

    /// Reads kinds of records again; what fails is owed. Only under the lock of renewing.
    fn see(&self, touched: u32) -> Result<(), StoreError> {
        let (standing, now) = (self.standing.load_full(), self.clock.now());
        let mut renewed = None;
        let mut last = Sequence::START;
        let outcome = self.store.read(&mut |reader| {
            last = reader.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
            if touched & BOOK != 0 {
                self.book.catch_up(reader)?;
            }
            if touched & DIRECTORY != 0 {
                renewed = Some(Standing::load(reader, standing.generation + 1, now)?);
            } else if touched & AGREEMENTS != 0 {
                renewed = Some(standing.renew(reader, now)?);
            } else if touched & SERVED != 0 {
                renewed = Some(standing.again());
            }
            Ok(())
        });
        if let Err(error) = outcome {
            self.owe(touched, &standing, now);
            return Err(error);
        }
        self.owed.store(0, Ordering::SeqCst);
        if let Some(renewed) = renewed {
            self.standing.store(Arc::new(renewed));
        }
        self.bell.ring(last);
        self.waiting().in_effect();
        Ok(())
    }
}

impl Shared {
    /// Remembers what could not be read back. If it may be who is in the network, or who may receive
    /// what, nobody stands until it is.
    fn owe(&self, touched: u32, standing: &Standing, now: Instant) {
        let mut owed = touched | HEAD;
        let before = self.owed.load(Ordering::SeqCst);
        if touched & (DIRECTORY | AGREEMENTS | SERVED) != 0 {
            owed |= DIRECTORY;
            if before & DIRECTORY == 0 {
                self.standing.store(Arc::new(Standing::nobody(standing.generation + 1, now)));
            }
        }
        self.owed.store(owed, Ordering::SeqCst);
    }
}

impl AfterCommit for Shared {
    fn ready(&self) -> Result<(), StoreError> {
        self.settle()
    }

    fn committed(&self) -> Result<(), StoreError> {
        self.catch_up().inspect_err(|error| {
            tracing::error!(%error, "what was written could not be read back; trying again before the next answer");
        })
    }
}

/// Bit of the book of clearances among the touched kinds.
const BOOK: u32 = 1 << 31;
/// Bit of what is no longer served.
const SERVED: u32 = 1 << 29;
/// Bit of the ledger's last place, which is always read.
const HEAD: u32 = 1 << 30;
/// Bits of the kinds of which the directory is made.
const DIRECTORY: u32 = 1 << RecordKind::Organisation.code()
    | 1 << RecordKind::Asset.code()
    | 1 << RecordKind::Contact.code()
    | 1 << RecordKind::Account.code()
    | 1 << RecordKind::Setting.code();
/// Bits of the kinds on which decisions depend besides.
const AGREEMENTS: u32 = 1 << RecordKind::Agreement.code()
    | 1 << RecordKind::Hold.code()
    | 1 << RecordKind::Peer.code()
    | 1 << RecordKind::Card.code();
