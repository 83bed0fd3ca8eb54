//! A node that answers as a test has written, and keeps what it was asked.

use std::collections::VecDeque;

use serde_json::{Value, json};
use vedetta_model::Instant;

use crate::node::{Fault, Node, Request, Verb};

/// The node.
pub(crate) struct Scripted {
    /// What it was asked.
    pub(crate) asked: Vec<Request>,
    /// What was shown to whoever waits.
    pub(crate) shown: Vec<String>,
    answers: VecDeque<Result<Vec<u8>, Refused>>,
}

/// What it refuses, or what a command refused by itself.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    Node(Value, Option<String>),
    Command(Fault),
}

impl Scripted {
    pub(crate) fn new() -> Self {
        Self { asked: Vec::new(), shown: Vec::new(), answers: VecDeque::new() }
    }

    pub(crate) fn gives(mut self, answer: &Value) -> Self {
        self.answers.push_back(Ok(answer.to_string().into_bytes()));
        self
    }

    pub(crate) fn gives_nothing(mut self) -> Self {
        self.answers.push_back(Ok(Vec::new()));
        self
    }

    pub(crate) fn refuses(mut self, refusal: Value) -> Self {
        self.answers.push_back(Err(Refused::Node(refusal, None)));
        self
    }

    /// What it was asked, in a line each.
    pub(crate) fn told(&self) -> Vec<String> {
        let line = |it: &Request| {
            let verb = match it.verb {
                Verb::Get => "GET",
                Verb::Post => "POST",
                Verb::Put => "PUT",
                Verb::Delete => "DELETE",
            };
            let body = String::from_utf8_lossy(&it.body);
            format!("{verb} {} {body}", it.path).trim_end().to_owned()
        };
        self.asked.iter().map(line).collect()
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Command(fault)
    }
}

impl Node for Scripted {
    type Failure = Refused;

    fn send(&mut self, request: Request) -> Result<Vec<u8>, Refused> {
        self.asked.push(request);
        self.answers.pop_front().unwrap_or_else(|| Ok(b"null".to_vec()))
    }

    fn working(&mut self, what: &str, (done, of): (usize, usize)) {
        self.shown.push(format!("{what}: {done} of {of}"));
    }

    fn now(&self) -> Instant {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }

    fn fresh_password(&self) -> String {
        "a fresh password".into()
    }

    fn refusal(failure: &Refused) -> Value {
        match failure {
            Refused::Node(refusal, _) => refusal.clone(),
            Refused::Command(fault) => json!({ "detail": fault.to_string() }),
        }
    }

    fn about(failure: Refused, place: &str) -> Refused {
        match failure {
            Refused::Node(refusal, _) => Refused::Node(refusal, Some(place.to_owned())),
            command => command,
        }
    }
}

#[derive(clap::Parser)]
struct Line<C: clap::Args> {
    #[command(flatten)]
    command: C,
}

fn parse<C: clap::Args>(words: &str) -> Result<C, clap::Error> {
    let words = words.split(' ').filter(|it| !it.is_empty());
    let line = <Line<C> as clap::Parser>::try_parse_from(std::iter::once("vedetta").chain(words));
    line.map(|line| line.command)
}

/// The words of a command line, parsed.
pub(crate) fn parsed<C: clap::Args>(words: &str) -> C {
    parse(words).unwrap_or_else(|error| panic!("{error}"))
}

/// Why the words of a command line are refused.
pub(crate) fn refused<C: clap::Args>(words: &str) -> String {
    parse::<C>(words).err().expect("it was taken").to_string()
}
