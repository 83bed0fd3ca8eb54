//! Whom an item is cleared to, in groups with one reason.

use vedetta_flow::{Form, House, Preview};
use vedetta_model::{Language, OrganisationId};
use vedetta_words::Words;

/// Organisations with one reason.
pub struct Group {
    /// In which form they have it, in words.
    pub form: &'static str,
    /// Whether they have it in any.
    pub full: bool,
    /// Why.
    pub reason: String,
    /// What would have to change for them.
    pub remedy: Option<String>,
    /// How many they are.
    pub count: String,
    /// Identifiers and names of the first.
    pub names: Vec<(String, String)>,
    /// How many are not listed.
    pub others: usize,
}

/// Whom it was cleared to.
pub struct Audience {
    /// How many have it in full.
    pub full: String,
    /// How many in the redacted form.
    pub redacted: String,
    /// How many not at all.
    pub nobody: String,
    /// Those with the same reason together.
    pub groups: Vec<Group>,
}

/// Names listed in one group.
const LISTED: usize = 60;

impl Audience {
    /// As the house foresees it.
    pub fn of(house: &House, w: Words, preview: &Preview) -> Self {
        let standing = house.standing();
        let name = |id: &OrganisationId| {
            let known = standing.directory.organisation(id);
            (id.to_string(), known.map_or_else(|| id.to_string(), |it| it.name.clone()))
        };
        let groups = preview.groups.iter().map(|group| Group {
            form: form_word(w, group.form),
            full: group.form.is_some(),
            reason: said(w, &group.reason_it, &group.reason_en),
            remedy: group.remedy.as_ref().map(|it| said(w, &it.it, &it.en)),
            count: w.number(group.count as u64),
            names: group.organisations.iter().take(LISTED).map(name).collect(),
            others: group.count.saturating_sub(LISTED),
        });
        Self {
            full: w.number(preview.full as u64),
            redacted: w.number(preview.redacted as u64),
            nobody: w.number(preview.nobody as u64),
            groups: groups.collect(),
        }
    }
}

fn said(w: Words, it: &str, en: &str) -> String {
    if w.0 == Language::It { it } else { en }.to_owned()
}

/// A form in words; none when it goes not at all.
pub const fn form_word(w: Words, form: Option<Form>) -> &'static str {
    match form {
        Some(Form::Full) => w.form_full(),
        Some(Form::Redacted) => w.form_redacted(),
        None => w.form_none(),
    }
}
