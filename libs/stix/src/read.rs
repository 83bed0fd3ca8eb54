//! Reads bundles, envelopes, arrays and single objects, within bounds.
//!
//! What is not JSON gives one problem and nothing else. In what is JSON, each object stands for
//! itself: one that breaks a rule is refused with its problems, and the others are read.

use std::io::Read;

use crate::json::{Bounds, Fault, Node, What};
use crate::object::Object;
use crate::problem::{Origin, Path, Place, Problem, Report, Rule, Severity};
use crate::validate;

mod window;

use window::{Extent, Window};

/// What an input may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes of one object, and of a bundle's properties besides its objects.
    pub object_bytes: usize,
    /// Objects.
    pub objects: usize,
    /// Levels of nesting in one object; never more than 100, whatever is asked.
    pub depth: usize,
    /// Bytes of one string.
    pub string_bytes: usize,
}

impl Default for Limits {
    /// 64 MiB, 8 MiB an object, a million objects, 64 levels, strings of 4 MiB.
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            object_bytes: 8 << 20,
            objects: 1_000_000,
            depth: 64,
            string_bytes: 4 << 20,
        }
    }
}

impl Limits {
    /// For trusted bulk files read one object at a time: any number of bytes and objects.
    pub const fn bulk() -> Self {
        Self {
            bytes: u64::MAX,
            object_bytes: 8 << 20,
            objects: usize::MAX,
            depth: 64,
            string_bytes: 4 << 20,
        }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds { depth: self.depth, string: self.string_bytes }
    }
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The valid objects, in the order of the input.
    pub objects: Vec<Object>,
    /// All problems: those that refuse an object or the input, and warnings.
    pub problems: Vec<Problem>,
    /// How many objects were seen.
    pub seen: usize,
    /// How many of them were refused.
    pub refused: usize,
}

impl Reading {
    /// The problems that refused an object or the whole input.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }
}

/// Reads an input that is in memory.
///
/// Accepts a bundle, a TAXII envelope, an array of objects, or one object. If the input as a whole
/// cannot be read (it is not JSON, not UTF-8, too large), the only content is that problem.
pub fn read(bytes: &[u8], limits: &Limits) -> Reading {
    let mut reading = Reading::default();
    for entry in BundleReader::new(bytes, *limits) {
        match entry {
            Entry::Accepted { object, warnings, .. } => {
                reading.seen += 1;
                reading.objects.push(object);
                reading.problems.extend(warnings);
            }
            Entry::Refused { problems, .. } => {
                reading.seen += 1;
                reading.refused += 1;
                reading.problems.extend(problems);
            }
            Entry::Container(problems) => reading.problems.extend(problems),
            Entry::Broken(problem) => {
                return Reading { problems: vec![*problem], ..Reading::default() };
            }
        }
    }
    reading
}

/// One step through an input.
#[derive(Debug)]
pub enum Entry {
    /// A valid object.
    Accepted {
        /// Its position, from 0.
        index: usize,
        /// The object.
        object: Object,
        /// What its producer may want to know.
        warnings: Vec<Problem>,
    },
    /// An object that is refused.
    Refused {
        /// Its position, from 0.
        index: usize,
        /// Why, at least one of them an error.
        problems: Vec<Problem>,
    },
    /// Warnings about the bundle itself; its objects are not affected.
    Container(Vec<Problem>),
    /// The input cannot be read further; nothing follows.
    Broken(Box<Problem>),
}

/// Reads an input object by object, in memory bounded by the largest object: a file of any size.
///
/// An input that turns out to be broken near its end has already given its first objects; who must
/// not keep halves undoes them at [`Entry::Broken`].
pub struct BundleReader<R> {
    window: Window<R>,
    limits: Limits,
    state: State,
    /// The objects met so far.
    index: usize,
}

enum State {
    Start,
    /// In a list; whether an element has been met, and what the list is in.
    List {
        first: First,
        inside: Inside,
    },
    End,
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Yes,
    No,
}

/// What a list of objects is in.
enum Inside {
    Array,
    /// An object, whose text before the list this is.
    Object {
        head: String,
        place: Place,
    },
}

type Broken = Box<Problem>;

impl<R: Read> BundleReader<R> {
    /// A reader of this source. Small reads are fine: it has a buffer of its own.
    pub fn new(source: R, limits: Limits) -> Self {
        let window = Window::new(source, limits.bytes);
        Self { window, limits, state: State::Start, index: 0 }
    }

    /// Bytes taken from the source so far, to show progress.
    pub fn bytes_read(&self) -> u64 {
        self.window.bytes_read()
    }

    fn step(&mut self) -> Result<Option<Entry>, Broken> {
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Start => {
                    if let Some(entry) = self.start()? {
                        return Ok(Some(entry));
                    }
                }
                State::List { first, inside } => {
                    if let Some(entry) = self.list(first, inside)? {
                        return Ok(Some(entry));
                    }
                }
                State::End => {
                    if self.window.peek()?.is_some() {
                        return Err(self.window.not_json(0, What::Trailing));
                    }
                }
                State::Done => return Ok(None),
            }
        }
    }

    fn start(&mut self) -> Result<Option<Entry>, Broken> {
        self.window.skip_byte_order_mark()?;
        match self.window.peek()? {
            Some(b'[') => {
                self.window.consume(1);
                self.state = State::List { first: First::Yes, inside: Inside::Array };
                Ok(None)
            }
            Some(b'{') => match self.window.seek_list("\"objects\"", self.limits.object_bytes)? {
                Some((key, list)) => {
                    let place = self.window.place(0);
                    let head = self.window.text(0..key)?.to_owned();
                    self.window.consume(list + 1);
                    let inside = Inside::Object { head, place };
                    self.state = State::List { first: First::Yes, inside };
                    Ok(None)
                }
                None => {
                    self.state = State::End;
                    self.single()
                }
            },
            None => Err(self.window.not_json(0, What::End)),
            Some(_) => {
                let Extent::Whole(end) = self.window.extent(self.limits.object_bytes)? else {
                    return Err(self.window.problem(
                        0,
                        Rule::NotAContainer,
                        "is a long value".into(),
                    ));
                };
                let node = self.parse(end)?.map_err(|fault| self.fault(fault))?;
                let message = format!("is {}, not a bundle or an object", node.kind());
                Err(self.window.problem(0, Rule::NotAContainer, message))
            }
        }
    }

    /// An object without a list of objects: a STIX object, or a bundle of nothing.
    fn single(&mut self) -> Result<Option<Entry>, Broken> {
        if let Extent::Whole(end) = self.window.extent_ahead(self.limits.object_bytes)?
            && let Ok(node) = self.parse(end)?
            && node.get("type").and_then(Node::text) == Some("bundle")
        {
            if let Some(objects) = node.get("objects") {
                let message = format!("objects is {}, not a plain list", objects.kind());
                return Err(self.window.problem(objects.at, Rule::NotAContainer, message));
            }
            let entry = container(&node, |at| self.window.place(at))?;
            self.window.consume(end);
            return Ok(entry);
        }
        self.element(Origin::Whole).map(Some)
    }

    fn list(&mut self, first: First, inside: Inside) -> Result<Option<Entry>, Broken> {
        let mut next = self.window.peek()?;
        if next == Some(b']') {
            self.window.consume(1);
            self.state = State::End;
            return match inside {
                Inside::Array => Ok(None),
                Inside::Object { head, place } => self.tail(&head, place),
            };
        }
        if first == First::No {
            if next != Some(b',') {
                let what = next.map_or(What::End, |_| What::Expected("a comma or ]"));
                return Err(self.window.not_json(0, what));
            }
            self.window.consume(1);
            next = self.window.peek()?;
        }
        if matches!(next, None | Some(b',' | b']' | b'}' | b':')) {
            let what = next.map_or(What::End, |_| What::Expected("a value"));
            return Err(self.window.not_json(0, what));
        }
        if self.index >= self.limits.objects {
            let message = format!("has more than {} objects", self.limits.objects);
            return Err(self.window.problem(0, Rule::TooManyObjects, message));
        }
        let origin = match &inside {
            Inside::Array => Origin::Element(self.index),
            Inside::Object { .. } => Origin::Listed(self.index),
        };
        self.state = State::List { first: First::No, inside };
        self.element(origin).map(Some)
    }

    /// The next value, which should be an object of STIX.
    fn element(&mut self, origin: Origin) -> Result<Entry, Broken> {
        let index = self.index;
        self.index += 1;
        let refuse = |place, rule, message| {
            let mut report = Report::new(origin);
            report.note(rule, &Path::Root, 0, message);
            Entry::Refused { index, problems: report.finish(|_| Some(place)) }
        };
        let begin = self.window.place(0);
        let end = match self.window.extent(self.limits.object_bytes)? {
            Extent::Whole(end) => end,
            Extent::TooLarge => {
                let message = format!("is larger than {} bytes", self.limits.object_bytes);
                return Ok(refuse(begin, Rule::ObjectTooLarge, message));
            }
        };
        let node = match self.parse(end)? {
            Ok(node) => node,
            Err(fault) => {
                let rule = fault.rule();
                if rule == Rule::NotJson {
                    return Err(self.fault(fault));
                }
                let entry = refuse(self.window.place(fault.at), rule, fault.what.to_string());
                self.window.consume(end);
                return Ok(entry);
            }
        };
        let text = self.window.text(0..end)?;
        let place = |at| Some(self.window.place(at));
        let (object, problems) = Object::checked(&node, text, origin, place);
        self.window.consume(end);
        Ok(match object {
            Some(object) => Entry::Accepted { index, object, warnings: problems },
            None => Entry::Refused { index, problems },
        })
    }

    fn parse(&self, end: usize) -> Result<Result<Node<'_>, Fault>, Broken> {
        Ok(Node::parse(self.window.text(0..end)?, self.limits.bounds()))
    }

    fn fault(&self, fault: Fault) -> Broken {
        self.window.not_json(fault.at, fault.what)
    }

    /// The rest of the object that the list was in: with what came before it, the bundle itself.
    fn tail(&mut self, head: &str, begin: Place) -> Result<Option<Entry>, Broken> {
        let Extent::Whole(end) = self.window.rest_of_object(self.limits.object_bytes)? else {
            let message = format!("is larger than {} bytes", self.limits.object_bytes);
            return Err(self.window.problem(0, Rule::ObjectTooLarge, message));
        };
        let tail = self.window.text(0..end)?;
        let bridge = "\"objects\":[]";
        let whole = format!("{head}{bridge}{tail}");
        let after = head.len() + bridge.len();
        let place = |at: usize| match at.checked_sub(after) {
            Some(at) => self.window.place(at),
            None => begin.after(&head.as_bytes()[..at.min(head.len())]),
        };
        let node = Node::parse(&whole, self.limits.bounds()).map_err(|fault| {
            window::problem(place(fault.at), Rule::NotJson, fault.what.to_string())
        })?;
        let entry = container(&node, place)?;
        self.window.consume(end);
        Ok(entry)
    }
}

/// Checks what a list of objects was in: a bundle, or an envelope without a type.
fn container(node: &Node<'_>, place: impl Fn(usize) -> Place) -> Result<Option<Entry>, Broken> {
    let members = node.members().unwrap_or_default();
    if let Some(second) = members.iter().filter(|member| member.name == "objects").nth(1) {
        let message = "has a second list of objects".to_owned();
        return Err(window::problem(place(second.at), Rule::DuplicateKey, message));
    }
    match node.get("type") {
        None => return Ok(None),
        Some(found) if found.text() == Some("bundle") => {}
        Some(found) => {
            let message =
                "has a list of objects and is neither a bundle nor an envelope".to_owned();
            return Err(window::problem(place(found.at), Rule::NotAContainer, message));
        }
    }
    let mut report = Report::new(Origin::Whole);
    validate::bundle(node, &mut report);
    let mut problems = report.finish(|at| Some(place(at)));
    for problem in &mut problems {
        problem.severity = Severity::Warning;
    }
    Ok((!problems.is_empty()).then_some(Entry::Container(problems)))
}

impl<R: Read> Iterator for BundleReader<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.step().unwrap_or_else(|problem| {
            self.state = State::Done;
            Some(Entry::Broken(problem))
        })
    }
}

#[cfg(test)]
mod tests;
