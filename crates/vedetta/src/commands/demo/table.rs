//! The live table: what went to how many organisations, in how many milliseconds.

use vedetta_model::Instant;

/// One row.
pub(super) struct Row<'a> {
    /// Seconds since the story began.
    pub(super) at: u64,
    /// Who brought it.
    pub(super) who: &'a str,
    /// What it is.
    pub(super) what: &'a str,
    /// Its marking.
    pub(super) tlp: &'a str,
    /// To how many organisations it was cleared.
    pub(super) cleared: usize,
    /// How many of them are connected.
    pub(super) connected: usize,
    /// When it was accepted.
    pub(super) accepted: Instant,
    /// When each of them had it.
    pub(super) arrivals: &'a [Instant],
}

/// Prints the head of the table.
pub(super) fn head() {
    println!(
        "{:>5}  {:<26} {:<44} {:<13} {:>7}  {:>9}  {:>7} {:>7}",
        "time", "who", "what", "TLP", "cleared", "live", "p50 ms", "last ms"
    );
}

impl Row<'_> {
    /// Prints it.
    pub(super) fn print(&self) {
        let (p50, last) = (self.millis(self.arrivals.len() / 2), self.millis_of_last());
        let live = format!("{}/{}", self.arrivals.len(), self.connected);
        println!(
            "{:>2}:{:02}  {:<26} {:<44} {:<13} {:>7}  {live:>9}  {p50:>7} {last:>7}",
            self.at / 60,
            self.at % 60,
            shortened(self.who, 26),
            shortened(self.what, 44),
            self.tlp,
            self.cleared,
        );
    }

    fn millis(&self, place: usize) -> String {
        let arrival = self.arrivals.get(place);
        arrival.map_or("-".into(), |at| at.since(self.accepted).as_millis().to_string())
    }

    fn millis_of_last(&self) -> String {
        self.millis(self.arrivals.len().saturating_sub(1))
    }
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
