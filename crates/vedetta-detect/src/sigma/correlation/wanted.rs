//! What a correlation asks of the events of one of its rules, under the names that pipelines give it.

use rsigma_parser::{CorrelationCondition, CorrelationRule, SigmaRule};

use crate::event::Name;
use crate::sigma::pipeline::Pipeline;

/// What is asked, while pipelines rewrite it.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The correlation, by its place among all that were read.
    pub(crate) correlation: usize,
    /// As which of its rules.
    pub(super) nth: usize,
    /// What its groups have in common: as the correlation calls it, and as events may.
    group: Vec<(String, Vec<String>)>,
    /// What is counted together, each as events may call it; none when nothing is.
    fields: Vec<Vec<String>>,
    /// Why a pipeline lets the correlation not be used.
    pub(super) refused: Option<String>,
}

/// That a correlation waits for a rule, or for another correlation.
#[derive(Debug)]
pub(super) struct Wait {
    /// The correlation, by its place among those in use.
    pub(super) correlation: usize,
    pub(super) nth: usize,
    pub(super) group: Vec<(String, Vec<Name>)>,
    pub(super) fields: Vec<Vec<Name>>,
}

impl Wanted {
    /// What a correlation asks of its rule of that place.
    pub(super) fn of(rule: &CorrelationRule, (correlation, nth): (usize, usize)) -> Self {
        let called = rule.rules.get(nth);
        let own = |field: &String| {
            let alias = rule.aliases.iter().find(|it| it.alias == *field);
            let meant = alias.zip(called).and_then(|(it, called)| it.mapping.get(called));
            (field.clone(), vec![meant.unwrap_or(field).clone()])
        };
        let fields = match &rule.condition {
            CorrelationCondition::Threshold { field, .. } => field.as_deref().unwrap_or_default(),
            CorrelationCondition::Extended(_) => &[],
        };
        let fields = fields.iter().map(|it| vec![it.clone()]).collect();
        let group = rule.group_by.iter().map(own).collect();
        Self { correlation, nth, group, fields, refused: None }
    }

    /// Takes up what a step of a pipeline makes of each name.
    pub(crate) fn rename(&mut self, renamed: &dyn Fn(&str) -> Option<Vec<String>>) {
        let groups = self.group.iter_mut().map(|(_, names)| names);
        for names in groups.chain(&mut self.fields) {
            let each = |name: String| renamed(&name).unwrap_or_else(|| vec![name]);
            let before = names.first().cloned().unwrap_or_default();
            *names = std::mem::take(names).into_iter().flat_map(each).collect();
            if names.is_empty() {
                self.refused = Some(format!("a pipeline leaves no name for the field {before:?}"));
            }
        }
    }

    /// A pipeline lets the correlation not be used.
    pub(crate) fn refuse(&mut self, why: &str) {
        self.refused = Some(why.to_owned());
    }

    pub(super) fn wait(&self, correlation: usize) -> Wait {
        let names = |of: &Vec<String>| of.iter().map(|it| Name::of(it)).collect();
        Wait {
            correlation,
            nth: self.nth,
            group: self.group.iter().map(|(field, of)| (field.clone(), names(of))).collect(),
            fields: self.fields.iter().map(names).collect(),
        }
    }
}

/// What correlations ask of a rule, after the pipelines, which rewrite the rule too.
///
/// # Errors
/// Why the rule cannot be used after them.
pub(crate) fn rewritten<'c>(
    correlations: impl Iterator<Item = &'c CorrelationRule>,
    rule: &mut SigmaRule,
    pipelines: &[Pipeline],
) -> Result<Vec<Wanted>, String> {
    let is = |called: &String| {
        *called == rule.title
            || Some(called) == rule.id.as_ref()
            || Some(called) == rule.name.as_ref()
    };
    let of = |(at, it): (usize, &CorrelationRule)| -> Vec<Wanted> {
        let called = it.rules.iter().enumerate().filter(|(_, called)| is(called));
        called.map(|(nth, _)| Wanted::of(it, (at, nth))).collect()
    };
    let mut wanted: Vec<Wanted> = correlations.enumerate().flat_map(of).collect();
    pipelines.iter().try_for_each(|it| it.apply(rule, &mut wanted))?;
    Ok(wanted)
}
