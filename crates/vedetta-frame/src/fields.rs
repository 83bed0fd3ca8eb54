//! Fields of forms that are made of data.

use crate::forms::Sent;

/// One of several that may be chosen.
pub struct Choice {
    /// As it is sent.
    pub value: String,
    /// As people read it.
    pub label: &'static str,
    /// Whether it is the one.
    pub chosen: bool,
}

/// One field of a form, with what is in it.
pub struct Field {
    /// Its name, as it is sent.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What is in it.
    pub value: String,
    /// What helps to fill it in.
    pub hint: Option<&'static str>,
    /// How it is filled in.
    pub kind: FieldKind,
}

/// How a field is filled in.
pub enum FieldKind {
    /// In one line.
    Line {
        /// Whether it may not be left empty.
        required: bool,
    },
    /// As it is.
    Fixed,
    /// A day and an hour.
    Moment,
    /// In several lines.
    Lines,
    /// From a list.
    Of(Vec<Choice>),
    /// Several from a list in groups, each with its name.
    Some(Vec<(String, Vec<Choice>)>),
}

impl Field {
    /// Of one line.
    pub fn line(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        let kind = FieldKind::Line { required: false };
        Self { name, label, value: value.into(), hint: None, kind }
    }

    /// That may not be left empty.
    pub fn required(self) -> Self {
        Self { kind: FieldKind::Line { required: true }, ..self }
    }

    /// With a hint.
    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// Of a day and an hour.
    pub fn moment(self) -> Self {
        Self { kind: FieldKind::Moment, ..self }
    }

    /// Of several lines.
    pub fn lines(self) -> Self {
        Self { kind: FieldKind::Lines, ..self }
    }

    /// Chosen from a list.
    pub fn of(self, choices: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        let chosen = |value: &str| value == self.value;
        let choices = choices.into_iter().map(|(value, label)| {
            let chosen = chosen(&value);
            Choice { value, label, chosen }
        });
        let kind = FieldKind::Of(choices.collect());
        Self { kind, ..self }
    }

    /// Several chosen from a list, in which those of a group follow each other: value, label and group.
    pub fn some(
        self,
        choices: impl IntoIterator<Item = (String, &'static str, String)>,
        chosen: impl Fn(&str) -> bool,
    ) -> Self {
        let mut groups: Vec<(String, Vec<Choice>)> = Vec::new();
        for (value, label, group) in choices {
            let choice = Choice { chosen: chosen(&value), value, label };
            match groups.last_mut().filter(|(name, _)| *name == group) {
                Some((_, known)) => known.push(choice),
                None => groups.push((group, vec![choice])),
            }
        }
        Self { kind: FieldKind::Some(groups), ..self }
    }

    /// With what was typed, unless it is fixed.
    pub fn retype(&mut self, sent: &Sent) {
        if matches!(self.kind, FieldKind::Fixed) {
            return;
        }
        self.value = sent.text(self.name).to_owned();
        if let FieldKind::Of(choices) = &mut self.kind {
            choices.iter_mut().for_each(|choice| choice.chosen = choice.value == self.value);
        }
        if let FieldKind::Some(groups) = &mut self.kind {
            for choice in groups.iter_mut().flat_map(|(_, choices)| choices) {
                choice.chosen = sent.all(self.name).any(|it| it == choice.value);
            }
        }
    }
}

/// How a kind is written in an address.
pub fn code(kind: impl serde::Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
