//! A rule looked at on its arrival, before anybody uses it.

use super::lower::Placeholders;
use super::room::Room;
use super::rules::{Reach, Refused, Rules};
use crate::event::Tape;

/// Longest text of a rule, in bytes.
const LONGEST: usize = 256 << 10;

/// What keeps a rule from being used: nothing when it can be. `placeholders` say what `%name%` stands
/// for where it will be used.
///
/// # Errors
/// The line and the reason.
pub fn check(text: &str, placeholders: Placeholders) -> Result<(), Refused> {
    let refuse = |line, reason: String| Refused::at(String::new(), line, reason);
    if text.len() > LONGEST {
        return Err(refuse(1, "longer than 256 KiB: no rule is".into()));
    }
    let mut rules = Rules::new(placeholders);
    rules.room = Room::for_one();
    rules.take("", text);
    rules.ready();
    if let Some(refused) = rules.refused().first() {
        return Err(refused.clone());
    }
    let nothing = Tape::default();
    let nothing = nothing.event("{}");
    let passes = |number: u32| {
        rules.tests.all.get(number as usize).is_some_and(|test| test.passes(&nothing))
    };
    let found = rules.all().iter().find_map(|rule| {
        let reason = if rule.expression.holds(&mut { passes }) {
            "it matches an event with nothing in it, so it would match nearly all"
        } else if rule.reach == Reach::All {
            "it asks for nothing but that a field is there, so it would match nearly all events"
        } else {
            return None;
        };
        let line = text.lines().position(|it| it.trim_start().starts_with("condition"));
        Some(refuse(line.unwrap_or(0) + 1, format!("{}: {reason}", rule.title)))
    });
    found.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(detection: &str) -> String {
        format!("title: T\nid: t\nlogsource:\n    product: windows\ndetection:\n{detection}")
    }

    #[test]
    fn a_bad_rule_is_refused_with_its_line() {
        let none = Placeholders::new();
        let of = |text: &str| check(text, none.clone()).map_err(|it| (it.line, it.reason));
        assert_eq!(of(&rule("    s:\n        a: b\n    condition: s\n")), Ok(()));
        let (line, reason) =
            of(&rule("    s:\n        a|re: '(?=x)'\n    condition: s\n")).unwrap_err();
        assert_eq!(line, 7, "{reason}");
        let (line, reason) = of(&rule("    s:\n        a: b\n    condition: not s\n")).unwrap_err();
        assert!(line == 8 && reason.contains("nothing in it"), "{line}: {reason}");
        for all in ["Image: '*'", "Image|contains: ''", "Image|re: '.+'", "Image|exists: true"] {
            let text = rule(&format!("    s:\n        {all}\n    condition: s\n"));
            let (line, reason) = of(&text).unwrap_err();
            assert!(line == 8 && reason.contains("nearly all"), "{all}: {reason}");
        }
        let excepted =
            "    s:\n        Image: '*'\n    f:\n        User: anna\n    condition: s and not f\n";
        assert_eq!(of(&rule(excepted)), Ok(()), "it says what it excepts");
        let asked = "    s:\n        Image: '*'\n        User: anna\n    condition: s\n";
        assert_eq!(of(&rule(asked)), Ok(()));
        let wide: String = (0..200).map(|at| format!("            - 'a{at}\\w{{80}}'\n")).collect();
        let (line, reason) =
            of(&rule(&format!("    s:\n        a|re:\n{wide}    condition: s\n"))).unwrap_err();
        assert!(line == 7 && reason.contains("more than 8 MiB"), "{line}: {reason}");
        let simple: String = (0..200).map(|at| format!("            - 'a{at}[0-9]+'\n")).collect();
        assert_eq!(
            of(&rule(&format!("    s:\n        a|re:\n{simple}    condition: s\n"))),
            Ok(())
        );
        assert!(of("title: [").is_err());
        assert!(of(&"x".repeat(LONGEST + 1)).is_err());
    }
}
