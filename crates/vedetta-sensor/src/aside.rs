//! What takes long, done beside the watching: looking back, arranging rules, keeping what is usual.
//! A thread each does one piece after the other, and the one who watches hears what came of it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

use vedetta_detect::baseline::Learned;
use vedetta_detect::indicators::Id;
use vedetta_detect::sigma::{Arranged, ToArrange};
use vedetta_indicator::{Life, Term};

use crate::error::SensorError;
use crate::history::{Past, Seen};
use crate::run::Message;
use crate::usual;

/// What came of a piece of work.
pub(crate) enum Done {
    /// Rules are arranged for an origin of events.
    Arranged(Arranged),
    /// It was looked for in the past.
    LookedBack(LookBack),
    /// What is usual is on disk, or why it is not.
    Kept(Result<(), SensorError>),
}

/// Values by their marks, to be looked for in the past; and what was seen of them.
#[derive(Default)]
pub(crate) struct LookBack {
    pub(crate) wanted: HashMap<u64, Vec<(Id, Term, Life)>>,
    pub(crate) past: Past,
    pub(crate) found: HashMap<u64, Seen>,
}

/// The threads.
pub(crate) struct Aside {
    arranging: Sender<Work>,
    looking: Sender<Work>,
}

type Work = Box<dyn FnOnce() -> Done + Send>;

impl Aside {
    /// Begins the threads; what they did goes to `told`.
    pub(crate) fn begin(told: &Sender<Message>) -> std::io::Result<Self> {
        let begin = |name: &'static str| {
            let (sender, work) = channel::<Work>();
            let told = told.clone();
            let each = move || {
                for work in work {
                    let done = catch_unwind(AssertUnwindSafe(work));
                    let message = done.map_or(Message::Lost(name), Message::Done);
                    if told.send(message).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new().name(name.into()).spawn(each).map(|_| sender)
        };
        Ok(Self { arranging: begin("arrange")?, looking: begin("look-back")? })
    }

    pub(crate) fn arrange(&self, what: ToArrange) {
        give(&self.arranging, Box::new(|| Done::Arranged(what.arrange())));
    }

    pub(crate) fn look_back(&self, mut what: LookBack) {
        let work = move || {
            let mut marks: Vec<u64> = what.wanted.keys().copied().collect();
            marks.sort_unstable();
            what.past.look(&marks, &mut what.found);
            Done::LookedBack(what)
        };
        give(&self.looking, Box::new(work));
    }

    pub(crate) fn keep(&self, path: PathBuf, usual: Learned) {
        give(&self.arranging, Box::new(move || Done::Kept(usual::write(&path, usual))));
    }
}

/// A thread ends only with the one who watches.
fn give(to: &Sender<Work>, work: Work) {
    if to.send(work).is_err() {
        tracing::error!("a thread beside the one that watches was lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_breaks_off_is_told() {
        let (told, messages) = channel();
        let aside = Aside::begin(&told).unwrap();
        give(&aside.looking, Box::new(|| panic!("broken")));
        assert!(matches!(messages.recv(), Ok(Message::Lost("look-back"))));
    }
}
