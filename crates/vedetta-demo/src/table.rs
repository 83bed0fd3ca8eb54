//! How the story is told: a live table of what went to how many organisations, in how many milliseconds, and
//! why; to people, or to programs.

use serde_json::{Value, json};
use vedetta_flow::Answer;
use vedetta_model::{Instant, ItemId};

/// How it is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// In lines, for people.
    Lines,
    /// An object of JSON a line.
    Json,
}

/// One row.
pub struct Row<'a> {
    /// Seconds since the story began.
    pub at: u64,
    /// Who brought it.
    pub who: &'a str,
    /// What it is.
    pub what: &'a str,
    /// Its marking.
    pub tlp: &'a str,
    /// To how many organisations it was cleared.
    pub cleared: usize,
    /// How many of them are connected.
    pub connected: usize,
    /// When it was accepted.
    pub accepted: Instant,
    /// When each of them had it.
    pub arrivals: &'a [Instant],
}

impl Table {
    /// Says something to people.
    pub fn say(self, line: &str) {
        if self == Self::Lines {
            println!("{line}");
        }
    }

    /// Says something to programs.
    pub fn tell(self, told: &Value) {
        if self == Self::Json {
            println!("{told}");
        }
    }

    /// Prints the head of the table.
    pub fn head(self) {
        self.say(&format!(
            "{:>5}  {:<26} {:<44} {:<13} {:>7}  {:>9}  {:>7} {:>7}",
            "time", "who", "what", "TLP", "cleared", "live", "p50 ms", "last ms"
        ));
    }

    /// Prints a row.
    pub fn row(self, row: &Row<'_>) {
        match self {
            Self::Lines => row.print(),
            Self::Json => println!("{}", row.json()),
        }
    }

    /// Asks why.
    pub fn question(self, item: &ItemId) {
        self.say(&format!("\nwhy did they get it, and they did not?  ({item})"));
    }

    /// Answers of one organisation.
    pub fn answer(self, item: &ItemId, organisation: &str, answer: &Answer) {
        let word = if answer.allowed { "yes" } else { "no" };
        self.say(&format!("  {organisation:<14} {word:<3} {}", answer.reason_it));
        self.say(&format!("  {:<14} {:<3} {}", "", "", answer.reason_en));
        self.tell(&json!({ "item": item, "organisation": organisation, "allowed": answer.allowed,
            "reason_it": answer.reason_it, "reason_en": answer.reason_en }));
    }
}

impl Row<'_> {
    fn json(&self) -> Value {
        let last = self.arrivals.len().saturating_sub(1);
        json!({
            "at_s": self.at, "who": self.who, "what": self.what, "tlp": self.tlp,
            "cleared": self.cleared, "connected": self.connected, "received": self.arrivals.len(),
            "p50_ms": self.took(self.arrivals.len() / 2), "last_ms": self.took(last),
        })
    }

    fn print(&self) {
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

    fn took(&self, place: usize) -> Option<u64> {
        let arrival = self.arrivals.get(place)?;
        u64::try_from(arrival.since(self.accepted).as_millis()).ok()
    }

    fn millis(&self, place: usize) -> String {
        self.took(place).map_or("-".into(), |millis| millis.to_string())
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
