//! A text without which a regular expression cannot match.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::event::fold::folded;

/// The longest text, in lower case, that every match contains; nothing shorter than three letters.
pub(crate) fn required(expression: &str) -> Option<String> {
    let hir = regex_syntax::parse(expression).ok()?;
    best(&hir).filter(|it| it.len() >= 3)
}

fn best(hir: &Hir) -> Option<String> {
    if let Some(text) = exact(hir) {
        return Some(text);
    }
    match hir.kind() {
        HirKind::Capture(of) => best(&of.sub),
        HirKind::Repetition(of) if of.min > 0 => best(&of.sub),
        HirKind::Concat(parts) => {
            let (mut longest, mut run): (Option<String>, String) = (None, String::new());
            let mut consider = |text: String| {
                if text.len() > longest.as_ref().map_or(0, String::len) {
                    longest = Some(text);
                }
            };
            for part in parts {
                match exact(part) {
                    Some(text) => run.push_str(&text),
                    None if matches!(part.kind(), HirKind::Look(_)) => {}
                    None => {
                        consider(std::mem::take(&mut run));
                        best(part).into_iter().for_each(&mut consider);
                    }
                }
            }
            consider(run);
            longest
        }
        _ => None,
    }
}

/// The one text, without case, that it matches, when it is plain ASCII.
fn exact(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(of) => {
            let text = std::str::from_utf8(&of.0).ok()?;
            text.is_ascii().then(|| folded(text))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut letters = class.iter().flat_map(|range| range.start()..=range.end()).take(5);
            let first = folded(&letters.next()?.to_string());
            let same = first.is_ascii() && letters.all(|it| folded(&it.to_string()) == first);
            same.then_some(first)
        }
        HirKind::Capture(of) => exact(&of.sub),
        HirKind::Concat(parts) => parts.iter().map(exact).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn what_must_be_there() {
        for (expression, text) in [
            (r"(?i)\AInvoke-.*Skimmer\z", Some("invoke-")),
            (r"(?i)powershell\s+-(e|enc)", Some("powershell")),
            (r"Set-(Alias|Item)", Some("set-")),
            (r"(abc|abd)+", Some("ab")),
            (r"[0-9]{3}", None),
            (r"(foobar)?x", None),
            (r"(?i)kiss", Some("kiss")),
            (r"a.b", None),
        ] {
            let found = required(expression);
            assert_eq!(found.as_deref(), text.filter(|it| it.len() > 2), "{expression}");
        }
    }
}
