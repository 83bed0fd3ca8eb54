//! Names that mean nothing attract everything. And a module is `name.rs`, not `name/mod.rs`.

use syn::visit::{self, Visit};

use super::tree::Tree;
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "names", check };

const EMPTY: &[&str] =
    &["common", "utils", "util", "helpers", "helper", "core", "types", "misc", "manager"];

const REMEDY: &str = "name it after what it holds";

fn check(tree: &Tree, findings: &mut Findings) {
    for package in tree.ours() {
        if package.name.split('-').any(is_empty_word) {
            let what = format!("a crate called {}", package.name);
            findings.problem((&package.manifest_path, 1), what, REMEDY);
        }
    }
    for file in tree.files.iter().filter(|file| file.has_extension(&["rs"])) {
        let name = file.name().trim_end_matches(".rs");
        if name == "mod" {
            let remedy = "call it by the folder's name, beside the folder";
            findings.problem((&file.path, 1), "a file called mod.rs", remedy);
        } else if is_empty_word(name) {
            findings.problem((&file.path, 1), format!("a module called {name}"), REMEDY);
        }
    }
    for source in &tree.sources {
        let mut inline = InlineModules { path: &source.path, findings };
        inline.visit_file(&source.ast);
    }
}

fn is_empty_word(word: &str) -> bool {
    EMPTY.contains(&word)
}

struct InlineModules<'a> {
    path: &'a str,
    findings: &'a mut Findings,
}

impl<'ast> Visit<'ast> for InlineModules<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if module.content.is_some() && is_empty_word(&name) {
            let line = module.ident.span().start().line;
            self.findings.problem((self.path, line), format!("a module called {name}"), REMEDY);
        }
        visit::visit_item_mod(self, module);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{problems, problems_in};
    use super::super::tree::Tree;
    use super::RULE;

    #[test]
    fn empty_names_are_found() {
        let files = [
            ("crates/a/src/incident.rs", "mod clock {\n    mod helpers {}\n}"),
            ("crates/a/src/utils.rs", ""),
            ("crates/a/src/steps/mod.rs", ""),
        ];
        let expected = [
            "crates/a/src/incident.rs:2",
            "crates/a/src/steps/mod.rs:1",
            "crates/a/src/utils.rs:1",
        ];
        assert_eq!(problems(&RULE, &files), expected);
        let tree = Tree::of_packages(&["crates/vedetta-core:", "crates/vedetta-score:"]);
        assert_eq!(problems_in(&RULE, &tree), ["crates/vedetta-core/Cargo.toml:1"]);
    }
}
