//! Files of the sensor's own: written whole or not at all, readable by its user only.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::SensorError;

/// Writes a file in the place of what was there; after a crash it is the old one or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SensorError> {
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        std::fs::rename(&fresh, path)
    };
    write().map_err(|error| SensorError::file(path, error))
}

/// Makes a file that nobody else may read.
pub(crate) fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Opens a file to write at its end.
pub(crate) fn append(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Keeps a value as JSON.
pub(crate) fn put<T: Serialize>(path: &Path, value: &T) -> Result<(), SensorError> {
    let bytes = serde_json::to_vec(value).map_err(|error| SensorError::file(path, error))?;
    replace(path, &bytes)
}

/// A value that was kept, if any was.
pub(crate) fn get<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SensorError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).map_err(|error| SensorError::file(path, error))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SensorError::file(path, error)),
    }
}

/// The number of no octets.
pub(crate) const NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

/// A number of octets (FNV-1a), the same in every version of the program.
pub(crate) fn number(parts: &[&[u8]]) -> u64 {
    let octets = parts.iter().flat_map(|part| part.iter());
    octets.fold(NOTHING, |state: u64, octet| {
        (state ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
