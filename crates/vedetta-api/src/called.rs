//! What people call who and what the ledger names: each as the ledger has it.

use std::collections::BTreeSet;

use vedetta_directory::name::fold;
use vedetta_flow::Standing;
use vedetta_model::part::is_reserved;

/// What may be meant as the subject of an entry: the text itself, and whichever organisations, agreements,
/// accounts and contacts are called so.
#[must_use]
pub fn subjects(standing: &Standing, text: &str) -> BTreeSet<String> {
    let (text, wanted) = (text.trim(), fold(text.trim()));
    let mut found = BTreeSet::from([text.to_owned()]);
    let directory = &standing.directory;
    found.extend(directory.called(text).ok().map(|it| it.organisation.id.to_string()));
    let agreements = standing.agreements.iter().filter(|it| fold(&it.title) == wanted);
    found.extend(agreements.map(|it| it.id.to_string()));
    let accounts = directory.accounts().iter().filter(|it| fold(&it.name) == wanted);
    found.extend(accounts.map(|it| it.id.to_string()));
    let contacts = directory.contacts().iter().filter(|it| fold(&it.name) == wanted);
    found.extend(contacts.map(|it| it.id.to_string()));
    found
}

/// Who may be meant as the one who did it: the text itself, alone or before its organisation
/// (`account@organisation`); unless an account or a part of the node has exactly that name, also the
/// persons and everybody of the organisation called so.
#[must_use]
pub fn actors(standing: &Standing, text: &str) -> BTreeSet<String> {
    let text = text.trim();
    let (alone, wanted) = (text.split('@').next().unwrap_or_default(), fold(text));
    let mut found = BTreeSet::from([alone.to_owned()]);
    let directory = &standing.directory;
    if is_reserved(text) || directory.accounts().iter().any(|it| it.id.as_str() == alone) {
        return found;
    }
    let accounts = directory.accounts().iter().filter(|it| fold(&it.name) == wanted);
    found.extend(accounts.map(|it| it.id.to_string()));
    let member = directory.called(text);
    let accounts = member.iter().flat_map(|it| directory.accounts_of(&it.organisation.id));
    found.extend(accounts.map(|it| it.id.to_string()));
    found
}
