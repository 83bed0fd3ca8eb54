//! What is read, one input beside the other.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use vedetta_detect::decode::{Header, Local};
use vedetta_detect::report::Told;
use vedetta_detect::{Decoder, Format};
use vedetta_model::Instant;

use crate::error::SensorError;
use crate::event_log::{self, EventLog, RecordPlace};
use crate::settings::{Input, Settings};
use crate::spool::{self, Numbered, SpoolPlace, Writer};
use crate::status::InputStatus;
use crate::tail::{Found, More, Place, Tail};
use crate::watch::Watch;

/// Where an input was left.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Left {
    /// A file.
    File(Place),
    /// An event log of Windows.
    EventLog(RecordPlace),
    /// A buffer.
    Spool(SpoolPlace),
}

/// One input being read.
pub(crate) struct Reading {
    source: From,
    decoder: Decoder,
    status: InputStatus,
}

enum From {
    File(Tail),
    EventLog(EventLog),
    Spool(spool::Reader),
}

/// What all inputs have counted.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(crate) events: u64,
    pub(crate) faults: BTreeMap<String, u64>,
}

impl Reading {
    /// An input, from where it was left, under the header that it had; and the end to write to, when
    /// others bring its lines.
    pub(crate) fn open(
        directory: &Path,
        input: &Input,
        settings: &Settings,
        (left, header): (Option<&Left>, Option<&Header>),
    ) -> Result<(Self, Option<Writer>), SensorError> {
        let name = input.name();
        let format = input.format().unwrap_or(Format::Any);
        let (source, writer) = match (&input.file, left) {
            (Some(file), left) if event_log::is_one(file) => {
                let place = match left {
                    Some(Left::EventLog(place)) => Some(*place),
                    _ => None,
                };
                (From::EventLog(EventLog::new(file, place)), None)
            }
            (Some(file), Some(Left::File(place))) => {
                (From::File(Tail::new(file, Some(*place))), None)
            }
            (Some(file), _) => (From::File(Tail::new(file, None)), None),
            (None, left) => {
                let place = match left {
                    Some(Left::Spool(place)) => Some(*place),
                    _ => None,
                };
                let plain = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
                let folder: String = name.chars().map(plain).collect();
                let most = settings.limits.buffer_mib << 20;
                let folder = directory.join("spool").join(folder);
                let is_retried = input.https.is_some() || input.nats.is_some();
                let numbered = if is_retried { Numbered::ByContent } else { Numbered::ByPlace };
                let (writer, reader) = spool::open(&folder, (most, numbered), place)?;
                (From::Spool(reader), Some(writer))
            }
        };
        tracing::info!(input = %name, "reading");
        let status = InputStatus { name, ..InputStatus::default() };
        let local = Local::new(input.zone.as_deref(), Instant::default());
        let decoder = Decoder::with_columns(format, input.columns.clone())
            .with_local(local.map_err(|it| SensorError::file(Path::new(Settings::FILE), it))?)
            .with_header(left.and(header).cloned().unwrap_or_default());
        let decoder = if input.is_for_many() { decoder.for_many() } else { decoder };
        Ok((Self { source, decoder, status }, writer))
    }

    /// Reads what there is, a little at most.
    pub(crate) fn read(
        &mut self,
        watch: &mut Watch,
        counted: &mut Counted,
        now: Instant,
        told: &mut Vec<Told>,
    ) -> More {
        let Self { source, decoder, status } = self;
        decoder.at(now);
        let found = match source {
            From::File(tail) => find(tail, decoder),
            From::EventLog(_) | From::Spool(_) => Ok(()),
        };
        let mut each = |line: &[u8], number: u64| {
            status.lines += 1;
            match decoder.read(line) {
                Ok(None) => {}
                Ok(Some(event)) => {
                    counted.events += 1;
                    watch.event(&event, (&status.name, number), now, told);
                }
                Err(fault) => {
                    *counted.faults.entry(fault.name().to_owned()).or_default() += 1;
                }
            }
        };
        let read = match source {
            From::File(tail) => found.and_then(|()| tail.read(now, &mut each)),
            From::EventLog(log) => log.read(&mut each),
            From::Spool(reader) => reader.read(&mut each),
        };
        if let From::EventLog(log) = source
            && log.damaged > 0
        {
            *counted.faults.entry("damaged-record".to_owned()).or_default() +=
                std::mem::take(&mut log.damaged);
        }
        let absent = matches!(source, From::File(tail) if tail.is_absent());
        let read = if absent { read.and(Err(nothing_there())) } else { read };
        match read {
            Ok(more) => {
                status.trouble = None;
                more
            }
            Err(error) => {
                let trouble = Some(error.to_string());
                if status.trouble != trouble {
                    tracing::warn!(input = %status.name, %error, "it cannot be read; trying again");
                }
                status.trouble = trouble;
                More::Later
            }
        }
    }

    /// Where it stands.
    pub(crate) fn left(&self) -> Option<Left> {
        match &self.source {
            From::File(tail) => tail.place().map(Left::File),
            From::EventLog(log) => Some(Left::EventLog(log.place())),
            From::Spool(reader) => Some(Left::Spool(reader.place())),
        }
    }

    /// The header under which its rows are read, when it is a table.
    pub(crate) fn header(&self) -> Option<&Header> {
        self.decoder.header()
    }

    /// Where it stands is kept: what was read needs no room any more.
    pub(crate) fn kept(&mut self) -> Result<(), SensorError> {
        match &mut self.source {
            From::File(_) | From::EventLog(_) => Ok(()),
            From::Spool(reader) => reader
                .forget_read()
                .map_err(|error| SensorError::file(Path::new(&self.status.name), error)),
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.status.name
    }

    /// How it does.
    pub(crate) fn status(&self) -> InputStatus {
        let (backlog, gaps) = match &self.source {
            From::File(tail) => (tail.backlog(), tail.gaps),
            From::EventLog(_) => (0, 0),
            From::Spool(reader) => (reader.backlog(), 0),
        };
        InputStatus { backlog, gaps, ..self.status.clone() }
    }

    /// Lines that were not UTF-8, and values for which there was no room.
    pub(crate) fn mended(&self) -> (u64, u64) {
        (self.decoder.not_utf8, self.decoder.left_out)
    }
}

/// Finds the file that is to be read, and the header of its rows: another's has one of its own.
fn find(tail: &mut Tail, decoder: &mut Decoder) -> std::io::Result<()> {
    match tail.find()? {
        Some(Found::Other) => decoder.forget_header(),
        Some(Found::AsLeft(beginning)) if decoder.header().is_none() => {
            decoder.take_header(&beginning);
        }
        Some(Found::AsLeft(_)) | None => {}
    }
    Ok(())
}

fn nothing_there() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file yet")
}
