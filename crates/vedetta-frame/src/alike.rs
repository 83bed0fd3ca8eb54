//! The parts of open pages, asked for again when something changed: of those who see the same one has
//! them written, and the others are given the same.
//!
//! Who sees the same is of this node's organisation, has the same roles, and is named by no case that few
//! see. What is given holds nothing of anybody: the seal of its forms is a blank that is filled for each.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use vedetta_model::{AccountId, Instant, OrganisationId, Role, Tlp};

use crate::access::Line;
use crate::console::Console;
use crate::visit::{Person, Visit};

/// By what an open page asks for its parts alone: the place of the ledger that they must show, at least.
const PARTS: HeaderName = HeaderName::from_static("parts-since");
/// How long what was written is given, if nothing happens: what is left of a clock is on it.
const FRESH: Duration = Duration::from_secs(1);
/// Answers kept.
const MOST: usize = 256;
/// The largest page that is looked through.
const LARGEST: usize = 4 << 20;
/// The largest answer that is kept, so that all are 64 MiB at most.
const LARGEST_KEPT: usize = 256 << 10;
/// Pages whose parts are the same for all who see the same, and what may be asked of them without being
/// answered alone.
const SAME: &[(&str, &[&str])] = &[
    ("/", &["said"]),
    ("/wall", &["tlp", "said"]),
    ("/queue", &["said"]),
    ("/incidents", &["text", "stage", "category", "after", "said"]),
    ("/clocks", &["said"]),
];

/// Answers that were given.
#[derive(Default)]
pub(crate) struct Alike(Mutex<HashMap<Asked, Arc<Slot>>>);

/// What is asked, as far as the answer depends on it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    path: &'static str,
    /// As they are decoded, whatever their order; what is empty asks nothing.
    pairs: BTreeSet<(String, String)>,
    language: &'static str,
    organisation: OrganisationId,
    roles: BTreeSet<Role>,
    called: Option<Arc<[String]>>,
    /// Who alone is answered so.
    alone: Option<AccountId>,
}

/// Written by one while the others wait.
type Slot = tokio::sync::Mutex<Option<Written>>;

/// What was written.
struct Written {
    /// What it shows at least.
    place: u64,
    at: Instant,
    parts: String,
}

/// The place of which the parts alone are asked for.
pub(crate) fn since(headers: &HeaderMap) -> Option<u64> {
    headers.get(PARTS)?.to_str().ok()?.parse().ok()
}

/// What somebody asks; none of a page that is not the same for others.
pub(crate) async fn asked(console: &Console, line: &Line, visit: &Visit) -> Option<Asked> {
    let person = visit.person.as_ref().filter(|it| it.at_home)?;
    let (path, known) = SAME.iter().find(|(path, _)| *path == line.path)?;
    let pairs = pairs(&visit.here)?;
    let account = &person.actor.account;
    let shared =
        pairs.iter().all(|it| is_shared(known, it)) && sees_as_others(console, account).await?;
    Some(Asked {
        path,
        pairs,
        language: visit.words.tag(),
        organisation: person.actor.organisation.clone(),
        roles: person.actor.roles.clone(),
        called: person.called.clone(),
        alone: (!shared).then(|| account.clone()),
    })
}

/// What an address asks, as the pages read it; none when they cannot.
fn pairs(here: &str) -> Option<BTreeSet<(String, String)>> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&here.parse().ok()?).ok()?;
    Some(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
}

/// Whether what is asked is answered to all alike. What is RED is for persons, and what is not known here
/// may be about who asks.
fn is_shared(known: &[&str], (name, value): &(String, String)) -> bool {
    let red = name == "tlp" && value.parse() == Ok(Tlp::Red);
    known.contains(&name.as_str()) && !red
}

async fn sees_as_others(console: &Console, account: &AccountId) -> Option<bool> {
    let account = account.clone();
    console.watch(move |watch| watch.sees_as_others(&account)).await.ok()
}

/// Answers as others were, or has it written by who is given nobody's name and seal.
pub(crate) async fn answer<F: Future<Output = Response>>(
    console: &Console,
    (asked, since): (Asked, u64),
    visit: &Visit,
    write: impl FnOnce(Visit) -> F,
) -> Response {
    let Some(person) = &visit.person else { return write(visit.clone()).await };
    let alone = asked.alone.is_some();
    let slot = console.alike().slot(asked, console.house().now());
    let mut kept = slot.lock().await;
    let now = console.house().now();
    let fits = |it: &&Written| it.place >= since && now >= it.at && now.since(it.at) < FRESH;
    let blank = console.blank();
    if let Some(written) = kept.as_ref().filter(fits) {
        return told(written.parts.replace(blank, &person.seal));
    }
    *kept = None;
    let place = console.house().bell().last().0;
    let nobody = Person {
        actor: person.actor.clone(),
        name: String::new(),
        organisation: String::new(),
        session: String::new(),
        seal: blank.to_owned(),
        at_home: person.at_home,
        postures: person.postures.clone(),
        called: person.called.clone(),
    };
    let visit = Visit { person: Some(Arc::new(nobody)), ..visit.clone() };
    match parts_of(write(visit).await).await {
        Err(other) => *other,
        Ok(parts) => {
            let answer = told(parts.replace(blank, &person.seal));
            // Who was named by a case while it was written, or while they waited, wrote for themselves.
            let shown = alone || sees_as_others(console, &person.actor.account).await == Some(true);
            if shown && parts.len() <= LARGEST_KEPT {
                *kept = Some(Written { place, at: now, parts });
            }
            answer
        }
    }
}

/// A page's parts alone, whoever asks; what is no page as it is.
pub(crate) async fn only_parts(page: Response) -> Response {
    match parts_of(page).await {
        Ok(parts) => told(parts),
        Err(other) => *other,
    }
}

impl Alike {
    /// Where an answer is, or will be.
    fn slot(&self, asked: Asked, now: Instant) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Who is at one of them keeps it.
        slots.retain(|_, slot| {
            let fresh = |it: &Written| now.since(it.at) < FRESH;
            Arc::strong_count(slot) > 1
                || slot.try_lock().is_ok_and(|kept| kept.as_ref().is_some_and(fresh))
        });
        if slots.len() >= MOST && !slots.contains_key(&asked) {
            slots.clear();
        }
        Arc::clone(slots.entry(asked).or_default())
    }
}

fn told(parts: String) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], parts).into_response()
}

/// The parts of a page; what is no page comes back.
async fn parts_of(page: Response) -> Result<String, Box<Response>> {
    let html = page.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if page.status() != StatusCode::OK || !html.is_some_and(|it| it.starts_with("text/html")) {
        return Err(Box::new(page));
    }
    let (head, body) = page.into_parts();
    let whole = match Limited::new(body, LARGEST).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) => {
            tracing::error!(%error, "the parts of a page cannot be told");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Err(Box::new(status.into_response()));
        }
    };
    match std::str::from_utf8(&whole) {
        Ok(html) => Ok(elements(html)),
        Err(_) => Err(Box::new(Response::from_parts(head, Body::from(whole)))),
    }
}

/// The elements of a page that are its parts, one after the other. Our pages are well-formed.
fn elements(html: &str) -> String {
    let (mut parts, mut rest) = (String::new(), html);
    while let Some(at) = rest.find(" data-part") {
        let start = rest[..at].rfind('<').filter(|start| !rest[*start..at].contains('>'));
        let end = start.and_then(|start| Some((start, start + length(&rest[start..])?)));
        match end {
            Some((start, end)) => {
                parts.push_str(&rest[start..end]);
                parts.push('\n');
                rest = &rest[end..];
            }
            None => rest = &rest[at + 1..],
        }
    }
    parts
}

/// How long the element is with which a text begins.
fn length(element: &str) -> Option<usize> {
    let name = element[1..].split([' ', '>', '\n']).next()?;
    let is =
        |tag: &str, ends: &[char]| tag.strip_prefix(name).is_some_and(|it| it.starts_with(ends));
    let mut depth = 0_usize;
    for (at, _) in element.match_indices('<') {
        let tag = &element[at + 1..];
        match tag.strip_prefix('/') {
            Some(tag) if is(tag, &['>']) => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + "</>".len() + name.len());
                }
            }
            None if is(tag, &[' ', '>', '\n']) => depth += 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_red_or_not_known_is_answered_alone_however_it_is_spelt() {
        let shared = |here: &str| {
            let path = here.split('?').next().unwrap();
            let (_, known) = SAME.iter().find(|(known, _)| *known == path).unwrap();
            pairs(here).is_some_and(|pairs| pairs.iter().all(|it| is_shared(known, it)))
        };
        for alone in [
            "/wall?tlp=RED",
            "/wall?tlp=red",
            "/wall?tlp=%52ED",
            "/wall?tlp=TLP:RED",
            "/wall?%74lp=TLP%3ARED",
            "/wall?said=x&tlp=Red",
            "/incidents?mine=yes",
            "/incidents?%6dine=yes",
            "/incidents?stage=reported&min%65=1",
            "/incidents?unknown=1",
        ] {
            assert!(!shared(alone), "{alone}");
        }
        for same in
            ["/", "/wall", "/wall?tlp=amber", "/incidents?mine=&stage=reported", "/queue?said=x"]
        {
            assert!(shared(same), "{same}");
        }
        assert_eq!(pairs("/wall?tlp=%67reen&said=x"), pairs("/wall?said=x&tlp=green"));
    }

    #[test]
    fn the_parts_of_a_page_are_told_whole_and_nothing_around_them() {
        let page = "<header>Ada</header><main><div id=\"a\" data-part><div>1</div><divider></divider>\
            </div><p>data-part in words: x data-part</p><ol id=\"b\" class=\"c\" data-part><li>2</li>\
            </ol></main>";
        let parts = "<div id=\"a\" data-part><div>1</div><divider></divider></div>\n\
            <ol id=\"b\" class=\"c\" data-part><li>2</li></ol>\n";
        assert_eq!(elements(page), parts);
        assert_eq!(elements("<p>none</p>"), "");
        assert_eq!(elements("<div data-part><div>not closed</div>"), "");
    }
}
