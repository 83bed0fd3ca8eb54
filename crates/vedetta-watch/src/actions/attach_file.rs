//! Attaching a file to a case: its octets once in the ledger, in an entry of their own.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use vedetta_desk::file::{check, quiet};
use vedetta_desk::refusal::Refusal as _;
use vedetta_desk::{Audience, Change, FileNote, Sight, Stands};
use vedetta_flow::FlowError;
use vedetta_model::Actor;
use vedetta_store::{Draft, EntryKind, Sequence, UnitOfWork};

use crate::actions::change_case::{Refusal, number_of, put};
use crate::error::WatchError;
use crate::kept::{self, Did};
use crate::views::see_case::CaseView;
use crate::watch::Watch;

/// A file to be attached.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// The version of the case that was read.
    pub version: Sequence,
    /// Its name.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
    /// Who may read it; who does not lead the case attaches for the participants.
    pub audience: Audience,
}

/// A file as it was attached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attached {
    /// What it is.
    pub file: FileNote,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// The octets that a case holds at most, all its files together.
const TOGETHER: u64 = 200 << 20;

impl Watch {
    /// Attaches a file. The same octets twice are one file.
    ///
    /// # Errors
    /// Unknown, changed meanwhile, of no kind that is taken, or too large.
    pub fn attach(&self, by: &Actor, number: &str, new: NewFile) -> Result<CaseView, WatchError> {
        let number = number_of(number)?;
        let NewFile { version, name, octets, audience } = new;
        let checked = check(&name, &octets).map_err(|error| {
            WatchError::refused(FlowError::invalid("file", &error), error.italian())
        })?;
        let (asker, now) = (self.asker(by), self.house().now());
        let file = FileNote {
            sha256: digest(&octets),
            name: checked.name,
            media: checked.media.into(),
            size: octets.len() as u64,
            by: by.account.clone(),
            at: now,
            audience,
        };
        let subject = blob(&number.to_string(), &file.sha256);
        self.write_case(by, number, Some(version), move |unit| {
            let (stamp, kept) = match asker.read(unit, number, Some(version))? {
                Ok(read) => read,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let (viewer, access) = (asker.viewer(), kept.incident.access());
            if !matches!(access.stands(viewer), Stands::InTheRoom | Stands::Outside) {
                return Ok(Err(Refusal::Forbidden));
            }
            let mut file = file.clone();
            if !access.is_led_by(viewer) {
                file.audience = Audience::Participants;
            }
            let files = &kept.incident.files;
            if files.iter().any(|it| it.sha256 == file.sha256) {
                let reason = format!("{} is attached already", file.name);
                return Ok(Err(Refusal::Conflict(reason)));
            }
            if files.iter().map(|it| it.size).sum::<u64>() + file.size > TOGETHER {
                let reason =
                    "its files are too many octets together; open another case and join the two";
                return Ok(Err(Refusal::Conflict(reason.into())));
            }
            let (account, change) = (viewer.account.clone(), Change::Attach { file: file.clone() });
            let incident = match kept.incident.clone().change(change.clone(), &account, now) {
                Ok(incident) => incident,
                Err(error) => return Ok(Err(Refusal::Change(error))),
            };
            let next = kept.then(incident, Did::Changed(change), &account, stamp.seq);
            if next.is_too_large() {
                return Ok(Err(Refusal::Large));
            }
            keep(unit, account.as_str(), &subject, &octets)?;
            put(unit, vec![next])
        })
    }

    /// A file of a case, once the ledger says who has it.
    ///
    /// # Errors
    /// Unknown to the actor: the case, or the file.
    pub fn file(&self, by: &Actor, number: &str, sha256: &str) -> Result<Attached, WatchError> {
        let number = number_of(number)?;
        let viewer = self.viewer(by);
        let found = self.house().read(|reader| {
            let Some((_, kept)) = kept::newest(reader, number)? else { return Ok(None) };
            let Some(sight) = kept.incident.sight(viewer) else { return Ok(None) };
            let file = kept.incident.files.into_iter().find(|file| file.sha256 == sha256);
            let shown =
                |file: &FileNote| sight == Sight::Whole || file.audience == Audience::Participants;
            let Some(mut file) = file.filter(shown) else { return Ok(None) };
            file.name = quiet(file.name, &file.media);
            let name = blob(&number.to_string(), sha256);
            let place = reader.bookmark(&name)?.and_then(|place| read_place(&place));
            let Some(place) = place else { return Ok(None) };
            let entry = reader.entries(Sequence(place.0.saturating_sub(1)), 1)?.pop();
            let entry = entry.filter(|it| it.subject == name && digest(&it.body) == sha256);
            Ok(entry.map(|entry| Attached { file, octets: entry.body }))
        })?;
        let found = found.ok_or_else(|| WatchError::unknown("file", sha256))?;
        let facts = json!({ "deed": "file-read", "name": found.file.name, "sha256": sha256 });
        let noted =
            self.house().note_deed(by.account.as_str(), &number.to_string(), facts.to_string());
        noted.map_err(FlowError::from)?;
        Ok(found)
    }
}

/// Keeps octets in an entry of their own, and remembers its place.
fn keep(
    unit: &mut dyn UnitOfWork,
    actor: &str,
    subject: &str,
    octets: &[u8],
) -> Result<(), vedetta_store::StoreError> {
    let facts = format!(r#"{{"octets":{}}}"#, octets.len());
    let kind = EntryKind::Deed;
    let stamp = unit.append(&Draft { kind, actor, subject, facts: &facts, body: octets })?;
    unit.set_bookmark(subject, stamp.seq.to_string().as_bytes())
}

/// Under which name a file's octets are found.
fn blob(number: &str, sha256: &str) -> String {
    format!("case/{number}/{sha256}")
}

fn read_place(bytes: &[u8]) -> Option<Sequence> {
    std::str::from_utf8(bytes).ok()?.parse().ok().map(Sequence)
}

fn digest(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|byte| format!("{byte:02x}")).collect()
}
