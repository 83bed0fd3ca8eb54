//! Progress of long work: a bar on the error output where that is a terminal, and nothing elsewhere.
//!
//! Work goes in parts, as a file is checked and then read; each part begins where the one before
//! ended, whatever it told, so that the bar never leaps back and ends full.

use std::io::{IsTerminal as _, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far long work is.
pub struct Progress {
    bar: ProgressBar,
    /// Where the part under way began.
    began: AtomicU64,
}

/// A part of the work, which is over when dropped.
pub struct Part<'a> {
    of: &'a Progress,
    length: u64,
}

/// What reads a part, and tells how far it is.
pub struct Counted<'a, R> {
    inner: R,
    read: u64,
    part: &'a Part<'a>,
}

/// What writes, and tells how much.
pub struct Written<'a, W> {
    inner: W,
    progress: &'a Progress,
}

const OCTETS: &str = "{msg} {bar:32} {bytes}/{total_bytes} {eta}";
const THINGS: &str = "{msg} {bar:32} {human_pos}/{human_len} {eta}";
const STEPS: &str = "{spinner} {msg}";

impl Progress {
    /// Of so many octets.
    #[must_use]
    pub fn octets(total: u64) -> Self {
        Self::new(total, OCTETS)
    }

    /// Of so many things.
    #[must_use]
    pub fn things(total: u64) -> Self {
        Self::new(total, THINGS)
    }

    /// Of a few steps.
    #[must_use]
    pub fn steps() -> Self {
        Self::new(0, STEPS)
    }

    /// That nobody is shown.
    #[must_use]
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), began: AtomicU64::new(0) }
    }

    /// The same, unless what is printed meanwhile would be mixed with it.
    #[must_use]
    pub fn beside_output(self) -> Self {
        if std::io::stdout().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        self
    }

    fn new(total: u64, template: &str) -> Self {
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: ProgressBar::new(total).with_style(style), began: AtomicU64::new(0) }
    }

    /// Begins a part that is so long.
    #[must_use]
    pub fn part(&self, what: impl Into<String>, length: u64) -> Part<'_> {
        self.step(what);
        Part { of: self, length }
    }

    /// Says what is done now.
    pub fn step(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
        self.bar.tick();
    }

    /// How far it is, from its beginning.
    pub fn at(&self, place: u64) {
        self.bar.set_position(place);
    }

    /// Where it is.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.bar.position()
    }

    /// Where it ends.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.bar.length().unwrap_or(0)
    }

    /// What is written, counted.
    #[must_use]
    pub fn writing<W: Write>(&self, inner: W) -> Written<'_, W> {
        Written { inner, progress: self }
    }

    /// So many things more.
    pub fn more(&self, things: u64) {
        self.bar.inc(things);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Part<'_> {
    /// How far it is, from the part's beginning.
    pub fn at(&self, place: u64) {
        let began = self.of.began.load(Ordering::Relaxed);
        self.of.bar.set_position(began + place.min(self.length));
    }

    /// What reads it.
    #[must_use]
    pub fn reading<R: Read>(&self, inner: R) -> Counted<'_, R> {
        Counted { inner, read: 0, part: self }
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let began = self.of.began.fetch_add(self.length, Ordering::Relaxed);
        self.of.bar.set_position(began + self.length);
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read += read as u64;
        self.part.at(self.read);
        Ok(read)
    }
}

impl<W: Write> Write for Written<'_, W> {
    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(from)?;
        self.progress.more(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// How long a file is; nothing for one that cannot be looked at, whose reading says why.
#[must_use]
pub fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |it| it.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_one_another_whatever_each_told() {
        let progress = Progress::octets(100);
        let first = progress.part("first", 60);
        first.at(20);
        assert_eq!(progress.position(), 20);
        drop(first);
        assert_eq!(progress.position(), 60, "it ended early, and is over");
        let second = progress.part("second", 40);
        assert_eq!(std::io::copy(&mut second.reading(&[7; 30][..]), &mut Vec::new()).unwrap(), 30);
        assert_eq!(progress.position(), 90, "it begins where the first ended");
        second.at(1_000);
        assert_eq!(progress.position(), 100, "no part is longer than it is");
        let written = Progress::octets(10);
        written.writing(Vec::new()).write_all(b"vedetta").unwrap();
        assert_eq!(written.position(), 7);
    }
}
