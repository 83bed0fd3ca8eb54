//! What records say of one another: nobody twice, nobody unknown, nobody above itself.

use std::collections::{HashMap, HashSet};

use vedetta_model::OrganisationId;

use super::fault::{Fault, Faults};
use super::record::Record;
use super::row::Row;
use crate::Directory;
use crate::columns::Noun;
use crate::name::nearest;

/// The identifiers that a file declares, also in records with faults: what refers to them is not
/// to blame.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    lines: HashMap<(Noun, Box<str>), u64>,
}

/// A reference, and what it is called when it leads nowhere.
struct Reference<'a> {
    field: &'static str,
    noun: Noun,
    id: &'a str,
}

/// An edge of the tree or of the clients.
#[derive(Clone, Copy)]
enum Edge {
    Parent,
    ClientOf,
}

impl Declared {
    /// Takes the identifier of a row, and names it when it was there before.
    pub(super) fn add(&mut self, row: &Row, faults: &mut Faults) {
        let Some(id) = row.value("id") else { return };
        match self.lines.entry((row.noun, id.into())) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(row.line);
            }
            std::collections::hash_map::Entry::Occupied(first) => {
                let reason = format!("there already in line {}", first.get());
                let fault = Fault::new(row.line, reason, "take one out, or give it another id");
                faults.push(fault.at("id", id));
            }
        }
    }

    fn has(&self, noun: Noun, id: &str) -> bool {
        self.lines.contains_key(&(noun, id.into()))
    }
}

/// Checks what records say of one another and of the directory.
pub(super) fn check(
    records: &[(u64, Record)],
    declared: &Declared,
    directory: &Directory,
    faults: &mut Faults,
) {
    for (line, record) in records {
        for reference in references(record) {
            let Reference { field, noun, id } = reference;
            if !declared.has(noun, id) && !is_in(directory, noun, id) {
                let reason = format!("not among the {}", noun.name());
                let fault = Fault::new(*line, reason, remedy(directory, noun, id));
                faults.push(fault.at(field, id));
            }
        }
        if let Record::Contact(contact) = record
            && contact.substitute.as_ref() == Some(&contact.id)
        {
            let fault = Fault::new(*line, "its own substitute", "name another contact");
            faults.push(fault.at("substitute", contact.id.as_str()));
        }
    }
    check_circles(records, directory, Edge::Parent, faults);
    check_circles(records, directory, Edge::ClientOf, faults);
}

fn references(record: &Record) -> Vec<Reference<'_>> {
    let owner = |id| Reference { field: "organisation", noun: Noun::Organisations, id };
    match record {
        Record::Organisation(new) => {
            let parent = new.parent.iter().map(|id| ("parent", id));
            let providers = new.client_of.iter().map(|id| ("client_of", id));
            let all = parent.chain(providers);
            all.map(|(field, id)| Reference { field, ..owner(id.as_str()) }).collect()
        }
        Record::Asset(asset) => vec![owner(asset.organisation.as_str())],
        Record::Account(account) => vec![owner(account.organisation.as_str())],
        Record::Contact(contact) => {
            let mut all = vec![owner(contact.organisation.as_str())];
            all.extend(contact.substitute.iter().map(|id| Reference {
                field: "substitute",
                noun: Noun::Contacts,
                id: id.as_str(),
            }));
            all.extend(contact.account.iter().map(|id| Reference {
                field: "account",
                noun: Noun::Accounts,
                id: id.as_str(),
            }));
            all
        }
    }
}

fn is_in(directory: &Directory, noun: Noun, id: &str) -> bool {
    match noun {
        Noun::Organisations | Noun::Everything => {
            id.parse().is_ok_and(|id| directory.organisation(&id).is_some())
        }
        Noun::Assets => id.parse().is_ok_and(|id| directory.asset(&id).is_some()),
        Noun::Contacts => id.parse().is_ok_and(|id| directory.contact(&id).is_some()),
        Noun::Accounts => id.parse().is_ok_and(|id| directory.account(&id).is_some()),
    }
}

fn remedy(directory: &Directory, noun: Noun, id: &str) -> String {
    let members = directory.members().iter().map(|member| member.organisation.id.as_str());
    let near = if noun == Noun::Organisations { nearest(id, members) } else { None };
    match near {
        Some(near) => format!("write {near}, or import it first"),
        None => "import it first, or correct it".into(),
    }
}

/// Names each circle once, at a record of the file.
fn check_circles(
    records: &[(u64, Record)],
    directory: &Directory,
    edge: Edge,
    faults: &mut Faults,
) {
    let new: HashMap<&OrganisationId, &[OrganisationId]> = records
        .iter()
        .filter_map(|(_, record)| match record {
            Record::Organisation(new) => Some((&new.id, edge.of(new))),
            _ => None,
        })
        .collect();
    let next = |id: &OrganisationId| match new.get(id) {
        Some(targets) => *targets,
        None => directory.organisation(id).map_or(&[][..], |known| edge.of(known)),
    };
    let mut done: HashSet<&OrganisationId> = HashSet::new();
    for (line, record) in records {
        let Record::Organisation(start) = record else { continue };
        if let Some(circle) = circle(&start.id, next, &mut done) {
            let shown: Vec<&str> = circle.iter().take(8).map(|id| id.as_str()).collect();
            let fault = Fault::new(*line, "goes in a circle", "break the circle");
            faults.push(fault.at(edge.field(), &shown.join(" -> ")));
        }
    }
}

/// A circle that can be reached and was not walked before; walks each organisation once.
fn circle<'a>(
    start: &'a OrganisationId,
    next: impl Fn(&OrganisationId) -> &'a [OrganisationId],
    done: &mut HashSet<&'a OrganisationId>,
) -> Option<Vec<&'a OrganisationId>> {
    let mut found = None;
    if !done.insert(start) {
        return found;
    }
    let mut path = vec![(start, next(start).iter())];
    let mut open = HashSet::from([start]);
    while let Some((at, targets)) = path.last_mut() {
        let Some(target) = targets.next() else {
            open.remove(*at);
            path.pop();
            continue;
        };
        if open.contains(target) {
            let ids = path.iter().map(|(id, _)| *id);
            found = Some(ids.skip_while(|id| *id != target).chain([target]).collect());
        } else if done.insert(target) {
            open.insert(target);
            path.push((target, next(target).iter()));
        }
    }
    found
}

impl Edge {
    fn of(self, organisation: &vedetta_model::Organisation) -> &[OrganisationId] {
        match self {
            Self::Parent => organisation.parent.as_slice(),
            Self::ClientOf => &organisation.client_of,
        }
    }

    const fn field(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::ClientOf => "client_of",
        }
    }
}
