//! Tests wait for what they test, never for the clock, and every one of them runs.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::tree::{Source, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "quiet-tests", check };

fn check(tree: &Tree, findings: &mut Findings) {
    for source in &tree.sources {
        let in_test = is_test_file(source);
        let mut scan = Scan { path: &source.path, in_test, findings };
        scan.visit_file(&source.ast);
    }
}

fn is_test_file(source: &Source) -> bool {
    let path = format!("/{}", source.path);
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/vedetta-testkit/")
}

struct Scan<'a> {
    path: &'a str,
    in_test: bool,
    findings: &'a mut Findings,
}

impl Scan<'_> {
    fn sleeps(&mut self, line: usize) {
        let remedy = "wait for the event, or move the mock clock";
        self.findings.problem((self.path, line), "a test sleeps", remedy);
    }

    /// Calls inside a macro, which no parser reads for us.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut sleeper = None;
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    if let Some(line) = sleeper {
                        self.sleeps(line);
                    }
                    self.tokens(group.stream());
                    sleeper = None;
                }
                TokenTree::Ident(ident) if ident == "sleep" => {
                    sleeper = Some(ident.span().start().line);
                }
                _ => sleeper = None,
            }
        }
    }
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let cfg_test = path.is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| mentions_test(list.tokens.clone()));
        cfg_test || path.segments.last().is_some_and(|name| name.ident == "test")
    })
}

fn mentions_test(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions_test(group.stream()),
        TokenTree::Ident(ident) => ident == "test",
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let outer = self.in_test;
        self.in_test |= is_test_only(&module.attrs);
        visit::visit_item_mod(self, module);
        self.in_test = outer;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let outer = self.in_test;
        self.in_test |= is_test_only(&function.attrs);
        visit::visit_item_fn(self, function);
        self.in_test = outer;
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if attribute.path().is_ident("ignore") {
            let line = attribute.pound_token.span.start().line;
            let remedy = "let it run, shorter; what is long is a command of its own";
            self.findings.problem((self.path, line), "a test is ignored", remedy);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(last) = path.segments.last().filter(|last| last.ident == "sleep")
            && self.in_test
        {
            self.sleeps(last.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if self.in_test {
            self.tokens(call.tokens.clone());
        }
        visit::visit_macro(self, call);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::RULE;

    const SLEEPY: &str = "
fn wait() { sleep(SECOND); }
#[cfg(test)]
mod tests {
    #[test]
    #[ignore]
    fn a() { std::thread::sleep(SECOND); }
}
#[tokio::test]
async fn b() { assert!({ tokio::time::sleep(SECOND).await; true }); }
";

    #[test]
    fn sleeping_and_ignored_tests_are_found() {
        let inside = ["src/lib.rs:10", "src/lib.rs:6", "src/lib.rs:7"];
        let mut found = problems(&RULE, &[("src/lib.rs", SLEEPY)]);
        found.sort();
        assert_eq!(found, inside);
        assert_eq!(problems(&RULE, &[("tests/it.rs", SLEEPY)]).len(), 4);
    }
}
