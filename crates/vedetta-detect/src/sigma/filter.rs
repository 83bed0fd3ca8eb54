//! Sigma filters: what a house does not want to hear of, added to the rules it names.

use rsigma_parser::{
    ConditionExpr, FilterRule, FilterRuleTarget, LogSource, SelectorPattern, SigmaCollection,
    SigmaRule,
};

/// The rules, in their order, each with the filters that are meant for it.
pub(crate) fn filtered(collection: &SigmaCollection) -> Vec<SigmaRule> {
    let mut rules = collection.rules.clone();
    for (number, filter) in collection.filters.iter().enumerate() {
        for rule in rules.iter_mut().filter(|rule| meant(filter, rule)) {
            apply(filter, number, rule);
        }
    }
    rules
}

fn meant(filter: &FilterRule, rule: &SigmaRule) -> bool {
    let named = match &filter.rules {
        FilterRuleTarget::Any => true,
        FilterRuleTarget::Specific(names) => names.iter().any(|name| {
            [rule.id.as_ref(), rule.name.as_ref()].into_iter().flatten().any(|it| it == name)
        }),
    };
    named && filter.logsource.as_ref().is_none_or(|asked| within(asked, &rule.logsource))
}

fn within(asked: &LogSource, said: &LogSource) -> bool {
    let holds = |asked: &Option<String>, said: &Option<String>| match (asked, said) {
        (None, _) => true,
        (Some(asked), Some(said)) => asked.eq_ignore_ascii_case(said),
        (Some(_), None) => false,
    };
    holds(&asked.product, &said.product)
        && holds(&asked.service, &said.service)
        && holds(&asked.category, &said.category)
}

fn apply(filter: &FilterRule, number: usize, rule: &mut SigmaRule) {
    let called = |name: &str| format!("_filter_{number}_{name}");
    for (name, detection) in &filter.detection.named {
        rule.detection.named.insert(called(name), detection.clone());
    }
    let Some(asked) = filter.detection.conditions.first() else { return };
    let asked = renamed(asked, &called);
    for condition in &mut rule.detection.conditions {
        *condition = ConditionExpr::And(vec![condition.clone(), asked.clone()]);
    }
}

fn renamed(of: &ConditionExpr, called: &dyn Fn(&str) -> String) -> ConditionExpr {
    let each = |of: &[ConditionExpr]| of.iter().map(|it| renamed(it, called)).collect();
    match of {
        ConditionExpr::And(of) => ConditionExpr::And(each(of)),
        ConditionExpr::Or(of) => ConditionExpr::Or(each(of)),
        ConditionExpr::Not(of) => ConditionExpr::Not(Box::new(renamed(of, called))),
        ConditionExpr::Identifier(name) => ConditionExpr::Identifier(called(name)),
        ConditionExpr::Selector { quantifier, pattern } => {
            let pattern = match pattern {
                SelectorPattern::Them => called("*"),
                SelectorPattern::Pattern(name) => called(name),
            };
            let pattern = SelectorPattern::Pattern(pattern);
            ConditionExpr::Selector { quantifier: quantifier.clone(), pattern }
        }
    }
}
