//! The simple indicators inside a pattern, and the constants that it mentions.

use std::borrow::Cow;

use super::check::network;
use super::{
    CompareOp, Comparison, ComparisonOp, Literal, Number, ObjectPath, Observation, ObservationOp,
    Pattern, Predicate, QualifierKind, Span, Step, Test,
};

/// One observable value that a pattern looks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What the value is.
    pub kind: TermKind,
    /// The value as written; for [`TermKind::Ipv4`] and [`TermKind::Ipv6`] it always parses as an
    /// address or, with a `/`, as a network.
    pub value: String,
    /// In which place the pattern looks for it.
    pub position: Position,
    /// What the term means for the whole pattern.
    pub role: Role,
    /// The test that it comes from.
    pub span: Span,
}

/// What the value of a [`Term`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TermKind {
    /// IPv4 address or network.
    Ipv4,
    /// IPv6 address or network.
    Ipv6,
    /// Domain name.
    Domain,
    /// URL.
    Url,
    /// E-mail address.
    EmailAddress,
    /// Subject of an e-mail message.
    EmailSubject,
    /// Hash of a file or an artifact.
    FileHash(HashAlgorithm),
    /// Name of a file.
    FileName,
    /// Path of a directory.
    Directory,
    /// MAC address.
    MacAddress,
    /// `User-Agent` of an HTTP request.
    UserAgent,
    /// Number of an autonomous system, in decimal.
    AutonomousSystem,
    /// Hash of an X.509 certificate.
    CertificateHash(HashAlgorithm),
    /// Serial number of an X.509 certificate.
    CertificateSerial,
    /// Key of the Windows registry.
    RegistryKey,
    /// Name of a mutex.
    Mutex,
    /// Command line of a process.
    CommandLine,
    /// Login of a user account.
    AccountLogin,
    /// CPE of a software product.
    Cpe,
    /// Fingerprint of a TLS client or server.
    TlsFingerprint(TlsFingerprint),
}

/// How TLS clients and servers are recognised by the way they say hello. STIX has no property for it:
/// taken is the last key of a path into `network-traffic`, as `x_ja3` or
/// `extensions.'tls-ext'.ja3_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsFingerprint {
    /// JA3, an MD5 of the client's hello.
    Ja3,
    /// JA3S, an MD5 of the server's.
    Ja3s,
    /// JA4 of the client's hello.
    Ja4,
    /// JA4S of the server's.
    Ja4s,
}

/// A hash algorithm of the STIX vocabulary (10.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashAlgorithm {
    /// MD5
    Md5,
    /// SHA-1
    Sha1,
    /// SHA-224 (not in the vocabulary, but seen)
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384 (not in the vocabulary, but seen)
    Sha384,
    /// SHA-512
    Sha512,
    /// SHA3-256
    Sha3_256,
    /// SHA3-512
    Sha3_512,
    /// SSDEEP
    Ssdeep,
    /// TLSH
    Tlsh,
}

/// Where a pattern looks for a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Position {
    /// Wherever it is observed.
    Anywhere,
    /// As the source of network traffic.
    Source,
    /// As the destination of network traffic.
    Destination,
    /// As the sender of a message (`from` or `sender`).
    Sender,
    /// As a recipient of a message.
    Recipient,
    /// In some other relation to the object of the pattern.
    Related,
}

/// What one term means for the whole pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The pattern says "any of these terms" and nothing else; this is one of them.
    Whole,
    /// Observing the term alone satisfies the pattern, which can be satisfied by other means too.
    Enough,
    /// The pattern asks for more than this term.
    Part,
}

/// The simple terms that a pattern looks for, in the order written.
///
/// What is negated, ordered or matched by wildcard is no term. When the result is not empty and
/// its terms have [`Role::Whole`] (all do, or none), the pattern is equivalent to their list.
#[must_use]
pub fn terms(pattern: &Pattern) -> Vec<Term> {
    let mut found = Found { terms: Vec::new(), whole: true };
    found.observation(&pattern.root, Role::Enough);
    if found.whole {
        found.terms.iter_mut().for_each(|term| term.role = Role::Whole);
    }
    found.terms
}

/// Every constant of the pattern and every key of its paths as text, for a search of names that
/// must not be there. Binary constants are decoded; what is not UTF-8 is replaced.
#[must_use]
pub fn values(pattern: &Pattern) -> Vec<Cow<'_, str>> {
    let mut values = Vec::new();
    pattern.for_each_test(&mut |test| {
        values.push(Cow::Borrowed(test.path.object_type.as_str()));
        values.extend(test.path.steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(Cow::Borrowed(key.as_str())),
            Step::Index(_) | Step::Any => None,
        }));
        match &test.predicate {
            Predicate::Compare(_, literal) => values.push(text(literal)),
            Predicate::In(members) => values.extend(members.iter().map(text)),
            Predicate::Like(text)
            | Predicate::Matches(text)
            | Predicate::IsSubset(text)
            | Predicate::IsSuperset(text) => values.push(Cow::Borrowed(text)),
            Predicate::Exists => {}
        }
    });
    values
}

fn text(literal: &Literal) -> Cow<'_, str> {
    match literal {
        Literal::String(text) => Cow::Borrowed(text),
        Literal::Hex(bytes) | Literal::Binary(bytes) => String::from_utf8_lossy(bytes),
        Literal::Number(number) => Cow::Owned(number.to_string()),
        Literal::Boolean(value) => Cow::Owned(value.to_string()),
        Literal::Timestamp(at) => Cow::Owned(at.to_string()),
    }
}

impl HashAlgorithm {
    /// The name in the STIX vocabulary.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
            Self::Sha3_512 => "SHA3-512",
            Self::Ssdeep => "SSDEEP",
            Self::Tlsh => "TLSH",
        }
    }

    /// The algorithm of this name, whatever its case and hyphens.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        const ALL: [HashAlgorithm; 10] = [
            HashAlgorithm::Md5,
            HashAlgorithm::Sha1,
            HashAlgorithm::Sha224,
            HashAlgorithm::Sha256,
            HashAlgorithm::Sha384,
            HashAlgorithm::Sha512,
            HashAlgorithm::Sha3_256,
            HashAlgorithm::Sha3_512,
            HashAlgorithm::Ssdeep,
            HashAlgorithm::Tlsh,
        ];
        let bare = |name: &str| -> Vec<u8> {
            let kept = name.bytes().filter(|b| !matches!(b, b'-' | b'_'));
            kept.map(|b| b.to_ascii_uppercase()).collect()
        };
        let wanted = bare(name);
        ALL.into_iter().find(|algorithm| bare(algorithm.name()) == wanted)
    }

    /// Whether a value can be a hash of this algorithm, by its length and alphabet.
    #[must_use]
    pub fn admits(self, value: &str) -> bool {
        let digits = match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha224 => 56,
            Self::Sha256 | Self::Sha3_256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 | Self::Sha3_512 => 128,
            Self::Ssdeep => return value.split(':').count() == 3 && value.len() <= 256,
            Self::Tlsh => {
                let body = value.strip_prefix("T1").unwrap_or(value);
                return body.len() == 70 && body.bytes().all(|b| b.is_ascii_hexdigit());
            }
        };
        value.len() == digits && value.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

impl TlsFingerprint {
    /// The fingerprint that a key names, as `ja3`, `x_ja3`, `ja3_hash` or `ja3.hash` do.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let key = key.to_ascii_lowercase();
        let bare = key.strip_prefix("x_").unwrap_or(&key);
        let bare =
            bare.strip_suffix("_hash").or_else(|| bare.strip_suffix(".hash")).unwrap_or(bare);
        Some(match bare {
            "ja3" => Self::Ja3,
            "ja3s" => Self::Ja3s,
            "ja4" => Self::Ja4,
            "ja4s" => Self::Ja4s,
            _ => return None,
        })
    }
}

/// The algorithm's key when a path ends in `hashes.KEY`.
pub(super) fn last_hash_key(path: &ObjectPath) -> Option<&str> {
    match path.steps.as_slice() {
        [.., Step::Key(hashes), Step::Key(key)] if hashes == "hashes" => Some(key),
        _ => None,
    }
}

struct Found {
    terms: Vec<Term>,
    /// Nothing but alternatives of terms was met.
    whole: bool,
}

impl Found {
    fn observation(&mut self, expression: &Observation, role: Role) {
        match expression {
            Observation::Single(comparison) => self.comparison(comparison, role),
            Observation::Joined(ObservationOp::Or, operands) => {
                operands.iter().for_each(|operand| self.observation(operand, role));
            }
            Observation::Joined(_, operands) => {
                self.whole = false;
                operands.iter().for_each(|operand| self.observation(operand, Role::Part));
            }
            Observation::Qualified(inner, qualifiers) => {
                // One observation is always within any time of itself, and repeats once.
                let alone = qualifiers.iter().all(|qualifier| match qualifier.kind {
                    QualifierKind::Within(_) | QualifierKind::Repeats(1) => true,
                    QualifierKind::Repeats(_) | QualifierKind::StartStop { .. } => false,
                });
                self.whole &= alone;
                self.observation(inner, if alone { role } else { Role::Part });
            }
        }
    }

    fn comparison(&mut self, comparison: &Comparison, role: Role) {
        match comparison {
            Comparison::Test(test) => self.test(test, role),
            Comparison::Joined(ComparisonOp::Or, operands) => {
                operands.iter().for_each(|operand| self.comparison(operand, role));
            }
            Comparison::Joined(ComparisonOp::And, operands) => {
                let telling = || operands.iter().filter(|o| !is_type_of_sibling(o, operands));
                if telling().count() == 1 {
                    telling().for_each(|operand| self.comparison(operand, role));
                } else {
                    self.whole = false;
                    operands.iter().for_each(|operand| self.comparison(operand, Role::Part));
                }
            }
        }
    }

    fn test(&mut self, test: &Test, role: Role) {
        let before = self.terms.len();
        let complete = if test.negated { false } else { self.add(test, role) };
        self.whole &= complete && self.terms.len() > before;
    }

    /// Adds the terms of a test; whether they say all that it says.
    fn add(&mut self, test: &Test, role: Role) -> bool {
        let mut put = |value: Cow<'_, str>| match classify(&test.path, &value) {
            Some((kind, position)) => {
                let (value, span) = (value.into_owned(), test.span);
                self.terms.push(Term { kind, value, position, role, span });
                true
            }
            None => false,
        };
        match &test.predicate {
            Predicate::Compare(CompareOp::Equal, literal) => constant(literal).is_some_and(put),
            Predicate::In(members) => {
                let terms = members.iter().filter(|m| constant(m).is_some_and(&mut put)).count();
                terms == members.len()
            }
            Predicate::Like(text) if !text.contains(['%', '_']) => put(Cow::Borrowed(text)),
            Predicate::IsSubset(text) if network(text).is_some() => put(Cow::Borrowed(text)),
            _ => false,
        }
    }
}

fn constant(literal: &Literal) -> Option<Cow<'_, str>> {
    match literal {
        Literal::String(text) => Some(Cow::Borrowed(text)),
        Literal::Number(Number::Integer(value)) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

/// Whether an operand of `AND` says `X_ref.type = 'T'` and a sibling tests `X_ref.value` for a
/// constant that only a `T` can have: then it adds nothing.
fn is_type_of_sibling(operand: &Comparison, siblings: &[Comparison]) -> bool {
    let Some((path, named)) = equality(operand) else { return false };
    let [owner, Step::Key(last)] = path.steps.as_slice() else { return false };
    last == "type"
        && siblings.iter().filter_map(equality).any(|(other, value)| {
            other.object_type == path.object_type
                && matches!(other.steps.as_slice(), [first, _] if first == owner)
                && classify(other, value).and_then(|(kind, _)| object_type(kind)) == Some(named)
        })
}

/// The path and string of a test for equality.
fn equality(comparison: &Comparison) -> Option<(&ObjectPath, &str)> {
    match comparison {
        Comparison::Test(Test {
            path,
            negated: false,
            predicate: Predicate::Compare(CompareOp::Equal, Literal::String(value)),
            ..
        }) => Some((path, value)),
        _ => None,
    }
}

/// The type of the object whose `value` is of this kind.
fn object_type(kind: TermKind) -> Option<&'static str> {
    Some(match kind {
        TermKind::Ipv4 => "ipv4-addr",
        TermKind::Ipv6 => "ipv6-addr",
        TermKind::Domain => "domain-name",
        TermKind::MacAddress => "mac-addr",
        TermKind::EmailAddress => "email-addr",
        _ => return None,
    })
}

/// What a constant at the end of a path is, and in which position.
fn classify(path: &ObjectPath, value: &str) -> Option<(TermKind, Position)> {
    let is_ref = |key: &str| key.ends_with("_ref") || key.ends_with("_refs");
    let reference =
        path.steps.iter().rposition(|step| matches!(step, Step::Key(key) if is_ref(key)));
    let (object, rest, position) = match reference {
        None => (path.object_type.as_str(), path.steps.as_slice(), Position::Anywhere),
        Some(at) => {
            let Step::Key(key) = &path.steps[at] else { return None };
            let (object, position) = referent(key, value)?;
            let direct = at == 0;
            let rest = match &path.steps[at + 1..] {
                [Step::Any | Step::Index(_), rest @ ..] => rest,
                rest => rest,
            };
            (object, rest, if direct { position } else { Position::Related })
        }
    };
    let keys: Option<Vec<&str>> = rest
        .iter()
        .map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) | Step::Any => None,
        })
        .collect();
    kind(object, &keys?, value).map(|kind| (kind, position))
}

/// The type of object behind a reference property, and what being there means.
fn referent(key: &str, value: &str) -> Option<(&'static str, Position)> {
    Some(match key {
        "src_ref" => (endpoint(value), Position::Source),
        "dst_ref" => (endpoint(value), Position::Destination),
        "from_ref" | "sender_ref" => ("email-addr", Position::Sender),
        "to_refs" | "cc_refs" | "bcc_refs" => ("email-addr", Position::Recipient),
        "resolves_to_refs" => (endpoint(value), Position::Related),
        "belongs_to_refs" => ("autonomous-system", Position::Related),
        "image_ref" | "binary_ref" | "content_ref" | "contains_refs" | "body_raw_ref"
        | "raw_email_ref" | "src_payload_ref" | "dst_payload_ref" | "service_dll_refs" => {
            ("file", Position::Related)
        }
        "parent_directory_ref" | "cwd_ref" => ("directory", Position::Related),
        "creator_user_ref" | "creator_ref" => ("user-account", Position::Related),
        _ => return None,
    })
}

/// The type of object whose `value` this is, among those at an end of network traffic.
fn endpoint(value: &str) -> &'static str {
    match network(value) {
        Some((address, _)) if address.is_ipv4() => "ipv4-addr",
        Some(_) => "ipv6-addr",
        None if is_mac(value) => "mac-addr",
        None => "domain-name",
    }
}

fn is_mac(value: &str) -> bool {
    let pairs = || value.split([':', '-']);
    pairs().count() == 6
        && pairs().all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn kind(object: &str, keys: &[&str], value: &str) -> Option<TermKind> {
    let family = || network(value).map(|(address, _)| address.is_ipv4());
    Some(match (object, keys) {
        ("ipv4-addr", ["value"]) if family() == Some(true) => TermKind::Ipv4,
        ("ipv6-addr", ["value"]) if family() == Some(false) => TermKind::Ipv6,
        ("domain-name", ["value"]) => TermKind::Domain,
        ("url", ["value"]) => TermKind::Url,
        ("email-addr", ["value"]) => TermKind::EmailAddress,
        ("email-message", ["subject"]) => TermKind::EmailSubject,
        ("mac-addr", ["value"]) => TermKind::MacAddress,
        ("file" | "artifact", ["hashes", name]) => {
            TermKind::FileHash(HashAlgorithm::from_name(name)?)
        }
        ("file", ["name"]) => TermKind::FileName,
        ("directory", ["path"]) => TermKind::Directory,
        ("x509-certificate", ["hashes", name]) => {
            TermKind::CertificateHash(HashAlgorithm::from_name(name)?)
        }
        ("x509-certificate", ["serial_number"]) => TermKind::CertificateSerial,
        ("autonomous-system", ["number"]) if value.parse::<u32>().is_ok() => {
            TermKind::AutonomousSystem
        }
        ("windows-registry-key", ["key"]) => TermKind::RegistryKey,
        ("mutex", ["name"]) => TermKind::Mutex,
        ("process", ["command_line"]) => TermKind::CommandLine,
        ("user-account", ["account_login" | "user_id"]) => TermKind::AccountLogin,
        ("software", ["cpe"]) => TermKind::Cpe,
        ("network-traffic", ["extensions", "http-request-ext", "request_header", header])
            if header.eq_ignore_ascii_case("user-agent") =>
        {
            TermKind::UserAgent
        }
        ("network-traffic", [.., key]) => TermKind::TlsFingerprint(TlsFingerprint::from_key(key)?),
        _ => return None,
    })
}
