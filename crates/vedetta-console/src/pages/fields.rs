//! Fields of forms that are made of data.

use super::Choice;
use crate::forms::Sent;

/// One field of a form, with what is in it.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) hint: Option<&'static str>,
    pub(super) kind: FieldKind,
}

/// How a field is filled in.
pub(super) enum FieldKind {
    /// In one line.
    Line { required: bool },
    /// As it is.
    Fixed,
    /// A day and an hour.
    Moment,
    /// In several lines.
    Lines,
    /// From a list.
    Of(Vec<Choice>),
}

impl Field {
    pub(super) fn line(name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        let kind = FieldKind::Line { required: false };
        Self { name, label, value: value.into(), hint: None, kind }
    }

    pub(super) fn required(self) -> Self {
        Self { kind: FieldKind::Line { required: true }, ..self }
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn moment(self) -> Self {
        Self { kind: FieldKind::Moment, ..self }
    }

    pub(super) fn lines(self) -> Self {
        Self { kind: FieldKind::Lines, ..self }
    }

    pub(super) fn of(self, choices: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        let chosen = |value: &str| value == self.value;
        let choices = choices.into_iter().map(|(value, label)| {
            let chosen = chosen(&value);
            Choice { value, label, chosen }
        });
        let kind = FieldKind::Of(choices.collect());
        Self { kind, ..self }
    }

    /// With what was typed, unless it is fixed.
    pub(super) fn retype(&mut self, sent: &Sent) {
        if matches!(self.kind, FieldKind::Fixed) {
            return;
        }
        self.value = sent.text(self.name).to_owned();
        if let FieldKind::Of(choices) = &mut self.kind {
            choices.iter_mut().for_each(|choice| choice.chosen = choice.value == self.value);
        }
    }
}
