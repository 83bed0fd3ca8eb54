//! What is wrong with an input: which rule, where, and what to do about it.

use std::fmt;

use serde::Serialize;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The object is kept; its producer may want to know.
    Warning,
    /// The object, or the whole input, is refused.
    Error,
}

/// A place in the input: offset in bytes from 0, line and column (in bytes) from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Bytes before it.
    pub offset: u64,
    /// Line, from 1.
    pub line: u64,
    /// Bytes from the beginning of the line, from 1.
    pub column: u64,
}

impl Place {
    /// The beginning of an input.
    pub(crate) const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place after these bytes.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        let offset = self.offset + bytes.len() as u64;
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let column = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) if lines > 0 => (bytes.len() - last) as u64,
            _ => self.column + bytes.len() as u64,
        };
        Self { offset, line: self.line + lines, column }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether the object is refused for it.
    pub severity: Severity,
    /// The rule that is broken.
    pub rule: Rule,
    /// The property, as in `objects[3].external_references[0].url`; empty for the whole input.
    pub path: String,
    /// The position of the object among those of the input, from 0.
    pub index: Option<usize>,
    /// The object's `id` as it stands in the input, shortened if it is absurdly long.
    pub id: Option<String>,
    /// What was found and what was expected, a lower-case fragment.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
    /// Where in the input, where that is known.
    pub place: Option<Place>,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column, .. }) = self.place {
            write!(out, "line {line}, column {column}: ")?;
        }
        if !self.path.is_empty() {
            write!(out, "{}", self.path)?;
            if let Some(id) = &self.id {
                write!(out, " of {id}")?;
            }
            out.write_str(": ")?;
        }
        write!(out, "{} [{}]; {}", self.message, self.rule, self.advice)
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])+ $name:ident, $slug:literal, $severity:ident, $advice:literal;)+) => {
        /// The rules that an input can break. The slug is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])+ $name,)+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable name, in lower case with hyphens.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// How much breaking it matters.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)+ }
            }
        }
    };
}

rules! {
    /// The input could not be read.
    Unreadable, "unreadable", Error, "check the file or the connection and try again";
    /// The input is larger than the limit.
    InputTooLarge, "input-too-large", Error, "split it into smaller bundles, or raise the limit";
    /// There are more objects than the limit.
    TooManyObjects, "too-many-objects", Error, "split the bundle, or raise the limit";
    /// One object is larger than the limit.
    ObjectTooLarge, "object-too-large", Error, "move the large content elsewhere and refer to it by url";
    /// One string is longer than the limit.
    StringTooLong, "string-too-long", Error, "move the large content elsewhere and refer to it by url";
    /// Arrays and objects are nested deeper than the limit.
    TooDeep, "too-deep", Error, "flatten it: STIX needs a dozen levels at most";
    /// The bytes are not UTF-8.
    NotUtf8, "not-utf8", Error, "save it as UTF-8";
    /// The text is not JSON.
    NotJson, "not-json", Error, "correct it there, or ask its producer for a complete file";
    /// JSON, but not a bundle, an envelope, an array or an object.
    NotAContainer, "not-a-container", Error,
        "send a bundle, a TAXII envelope, an array of objects or one object";
    /// An element that is not an object.
    NotAnObject, "not-an-object", Error, "put STIX objects only into the list";
    /// An object has the same property twice.
    DuplicateKey, "duplicate-key", Error, "keep one of the two";
    /// An object of STIX 2.0.
    Stix20, "stix-2-0", Error,
        "convert it to STIX 2.1 at its source; it was left as it is";
    /// Another `spec_version` than 2.1.
    SpecVersion, "spec-version", Error, "write \"spec_version\": \"2.1\"";
    /// A required property is absent.
    MissingProperty, "missing-property", Error, "add the property";
    /// A value of another JSON type than the property has.
    WrongType, "wrong-type", Error, "write the value in the type that the property has";
    /// An empty list.
    EmptyList, "empty-list", Error, "leave the property out if there is nothing to list";
    /// An empty dictionary or embedded object.
    EmptyObject, "empty-object", Error, "leave the property out if it has nothing to say";
    /// A number outside its range.
    OutOfRange, "out-of-range", Error, "write a number inside the range";
    /// A malformed timestamp.
    BadTimestamp, "bad-timestamp", Error, "write it as 2026-01-31T08:30:00.000Z, in UTC";
    /// More digits of a second than are compared.
    TimestampPrecision, "timestamp-precision", Warning,
        "microseconds are enough; two versions must differ by one at least";
    /// A malformed identifier.
    BadIdentifier, "bad-identifier", Error, "write the type, two hyphens and a UUID";
    /// The `id` names another type than `type`.
    IdType, "id-type", Error, "make the id begin with the object's type";
    /// A UUID of no standard version.
    UuidVersion, "uuid-version", Warning, "use random UUIDs (version 4), or version 5 for observables";
    /// An observable's version-5 id differs from the one its properties give.
    DeterministicId, "deterministic-id", Warning,
        "compute it from the id contributing properties, or use a random UUID";
    /// A reference to a type that may not be referred to there.
    ReferenceType, "reference-type", Error, "refer to an object of an allowed type";
    /// Not the base64 of RFC 4648.
    BadBinary, "bad-binary", Error, "encode it in base64 with padding";
    /// Not pairs of hexadecimal digits.
    BadHex, "bad-hex", Error, "write pairs of hexadecimal digits";
    /// A hash that its algorithm cannot have given.
    BadHash, "bad-hash", Error, "check the algorithm's name and the value's length";
    /// A hash algorithm that is not in the vocabulary.
    HashAlgorithm, "hash-algorithm", Warning, "use a name of hash-algorithm-ov";
    /// A malformed language tag.
    BadLanguage, "bad-language", Error, "write an RFC 5646 tag, as it or en-GB";
    /// A value that is not in a closed enumeration.
    Enumeration, "enumeration", Error, "use one of the listed values";
    /// A value that is not in an open vocabulary.
    OpenVocabulary, "open-vocabulary", Warning, "prefer a value of the vocabulary where one fits";
    /// A value whose form does not fit its property.
    BadForm, "bad-form", Warning, "check the value";
    /// Two times in the wrong order.
    TimeOrder, "time-order", Error, "check both times";
    /// None of the properties of which one is required.
    AtLeastOne, "at-least-one", Error, "add one of them";
    /// Two properties that exclude each other.
    Exclusive, "exclusive", Error, "keep one of them";
    /// A property without the one it depends on.
    Dependency, "dependency", Error, "add the property it depends on, or leave it out";
    /// Two values that contradict each other.
    Contradiction, "contradiction", Error, "correct one of the two";
    /// A property that cannot be called so.
    PropertyName, "property-name", Error,
        "use 3 to 250 of a-z, 0-9 and _, beginning with a letter";
    /// A dictionary's key that cannot be called so.
    DictionaryKey, "dictionary-key", Error, "use 1 to 250 of a-z, A-Z, 0-9, - and _";
    /// A name that the specification reserves.
    ReservedName, "reserved-name", Error, "choose another name";
    /// A property that the specification does not know.
    UnknownProperty, "unknown-property", Warning,
        "it is kept as it is; prefer an extension with a definition";
    /// A malformed extension.
    BadExtension, "bad-extension", Error, "see section 7.3 of the specification";
    /// An extension that is neither predefined nor defined by an extension-definition.
    UnknownExtension, "unknown-extension", Warning,
        "it is kept as it is; prefer an extension-definition's id as the key";
    /// A selector that selects nothing.
    Selector, "selector", Error, "name a property that the object has, as external_references.[0].url";
    /// A TLP marking other than those fixed once for all.
    TlpMarking, "tlp-marking", Error, "use the marking that the specification defines, with its id";
    /// There were more problems than are listed.
    MoreProblems, "more-problems", Warning, "correct these first";
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.slug())
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

/// The way from an object to a part of it, kept on the stack while walking.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    /// The object itself.
    Root,
    /// A property of the part before.
    Key(&'p Path<'p>, &'p str),
    /// An element of the part before.
    Item(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(crate) fn key(&'p self, name: &'p str) -> Path<'p> {
        Path::Key(self, name)
    }

    pub(crate) fn item(&'p self, index: usize) -> Path<'p> {
        Path::Item(self, index)
    }

    fn write(&self, out: &mut String) {
        match self {
            Path::Root => {}
            Path::Item(parent, index) => {
                parent.write(out);
                out.push_str(&format!("[{index}]"));
            }
            Path::Key(parent, name) => {
                parent.write(out);
                let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
                if name.is_empty() || name.len() > LONGEST_SHOWN || !name.bytes().all(plain) {
                    out.push_str(&format!("[{}]", shown(name)));
                } else {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(name);
                }
            }
        }
    }
}

/// Longer strings are cut in messages.
const LONGEST_SHOWN: usize = 80;

/// A string of the input, quoted, escaped and cut, so that it is safe in a message.
pub(crate) fn shown(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST_SHOWN);
    let mark = if end < text.len() { "…" } else { "" };
    format!("\"{}{mark}\"", text[..end].escape_debug())
}

/// The problems found in one object, and what is needed to write them down.
pub(crate) struct Report<'r> {
    /// Where the object stands, as `objects[3]`, and its index; nothing for a single object.
    origin: Origin,
    id: Option<&'r str>,
    found: Vec<(Problem, usize)>,
    refused: bool,
    left_out: usize,
}

/// Where an object stands in the input.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// It is the input.
    Whole,
    /// It is this element of the list `objects`.
    Listed(usize),
    /// It is this element of an array.
    Element(usize),
}

/// At most so many problems are written down for one object.
const PROBLEMS_PER_OBJECT: usize = 40;

impl<'r> Report<'r> {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, id: None, found: Vec::new(), refused: false, left_out: 0 }
    }

    /// Names the object that the following problems are about.
    pub(crate) fn about(&mut self, id: &'r str) {
        self.id = Some(id);
    }

    /// Notes a broken rule at a path and an offset in the object's text.
    pub(crate) fn note(&mut self, rule: Rule, path: &Path<'_>, at: usize, message: String) {
        self.refused |= rule.severity() == Severity::Error;
        if self.found.len() >= PROBLEMS_PER_OBJECT && rule.severity() == Severity::Warning {
            self.left_out += 1;
            return;
        }
        if self.found.len() >= 2 * PROBLEMS_PER_OBJECT {
            self.left_out += 1;
            return;
        }
        let problem = self.problem(rule, path, message);
        self.found.push((problem, at));
    }

    fn problem(&self, rule: Rule, path: &Path<'_>, message: String) -> Problem {
        let (mut start, index) = match self.origin {
            Origin::Whole => (String::new(), None),
            Origin::Listed(index) => (format!("objects[{index}]"), Some(index)),
            Origin::Element(index) => (format!("[{index}]"), Some(index)),
        };
        path.write(&mut start);
        Problem {
            severity: rule.severity(),
            rule,
            path: start,
            index,
            id: self.id.map(|id| {
                let end = id.floor_char_boundary(LONGEST_SHOWN);
                id[..end].escape_debug().to_string()
            }),
            message,
            advice: rule.advice(),
            place: None,
        }
    }

    /// Whether the object is refused.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// The problems, with the place of each in the input by its offset in the object's text.
    pub(crate) fn finish(mut self, place: impl Fn(usize) -> Option<Place>) -> Vec<Problem> {
        if self.left_out > 0 {
            let message = format!("{} more problems in this object", self.left_out);
            let problem = self.problem(Rule::MoreProblems, &Path::Root, message);
            self.found.push((problem, 0));
        }
        let placed = |(problem, at)| Problem { place: place(at), ..problem };
        self.found.into_iter().map(placed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_distinct_and_speak() {
        let mut slugs: Vec<_> = Rule::ALL.iter().map(|rule| rule.slug()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), Rule::ALL.len());
        assert!(Rule::ALL.iter().all(|rule| !rule.advice().is_empty()));
    }

    #[test]
    fn a_problem_reads_as_a_sentence() {
        let mut report = Report::new(Origin::Listed(3));
        report.about("indicator--x\u{7}");
        let references = Path::Root.key("external_references");
        let reference = references.item(0);
        report.note(Rule::WrongType, &reference.key("a b"), 7, "is a number".into());
        assert!(report.refused());
        let place = |at| Some(Place { offset: at as u64, line: 2, column: 5 });
        let problems = report.finish(place);
        assert_eq!(
            problems[0].to_string(),
            "line 2, column 5: objects[3].external_references[0][\"a b\"] of indicator--x\\u{7}: \
             is a number [wrong-type]; write the value in the type that the property has"
        );
    }

    #[test]
    fn a_flood_is_summed_up() {
        let mut report = Report::new(Origin::Whole);
        for _ in 0..1000 {
            report.note(Rule::WrongType, &Path::Root, 0, "x".into());
        }
        let problems = report.finish(|_| None);
        assert_eq!(problems.len(), 2 * PROBLEMS_PER_OBJECT + 1);
        assert_eq!(problems.last().map(|problem| problem.rule), Some(Rule::MoreProblems));
    }
}
