//! The other side of a measurement, in a process of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Error, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;

use crate::doors::Doors;
use crate::outcome::Failure;

/// A process that was started, and is there.
pub(super) struct Beside {
    child: Child,
    answer: BufReader<ChildStdout>,
}

/// What it says once it is connected.
pub(super) const CONNECTED: &str = "connected";

impl Beside {
    /// Starts `vedetta bench WHAT` against open doors, with what it is given, and waits until it is
    /// connected.
    pub(super) fn start(
        doors: &Doors,
        what: &str,
        given: &[(&str, &OsStr)],
    ) -> Result<Self, Failure> {
        let failed = |error: Error| Failure::system("starting the other side", error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args(["bench", what, "--address", &doors.address.to_string()])
            .args(given.iter().flat_map(|(name, value)| [OsStr::new(*name), *value]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let answer = child.stdout.take().ok_or_else(|| failed(Error::other("no output")))?;
        let mut beside = Self { child, answer: BufReader::new(answer) };
        let mut line = String::new();
        beside.answer.read_line(&mut line).map_err(failed)?;
        if line.trim() != CONNECTED {
            return Err(failed(Error::other("it did not connect")));
        }
        Ok(beside)
    }

    /// Tells it to stop; what it saw.
    pub(super) fn end<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let failed = |error: Error| Failure::system("ending the other side", error);
        if let Some(mut input) = self.child.stdin.take() {
            input.write_all(b"stop\n").map_err(failed)?;
        }
        let mut line = String::new();
        self.answer.read_line(&mut line).map_err(failed)?;
        self.child.wait().map_err(failed)?;
        serde_json::from_str(&line).map_err(|error| failed(error.into()))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has ended, or there is nobody left to answer.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
