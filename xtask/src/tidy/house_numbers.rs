//! How large things may grow before they must be divided.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};

use super::tree::{Source, Tree};
use super::{Findings, Rule};

pub(super) const RULE: Rule = Rule { name: "house-numbers", check };

const FUNCTION_LINES: usize = 70;
const FUNCTION_LINES_95TH: usize = 45;
const FILE_LINES: usize = 800;
const CRATE_LINES: usize = 12_000;
const PARAMETERS: usize = 6;

/// Below this many functions a percentile says nothing.
const ENOUGH_FUNCTIONS: usize = 40;

/// A source written by hand, in any language.
const SOURCES: &[&str] = &["rs", "sql", "js", "mjs", "ts", "css", "html", "sh"];

/// A function as the numbers see it.
struct Function {
    path: String,
    line: usize,
    name: String,
    lines: usize,
}

fn check(tree: &Tree, findings: &mut Findings) {
    for file in tree.files.iter().filter(|file| file.has_extension(SOURCES)) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            let what = format!("{lines} lines");
            findings.problem((&file.path, 1), what, &format!("divide it: {FILE_LINES} at most"));
        }
    }
    crates(tree, findings);
    let mut functions = Vec::new();
    for source in &tree.sources {
        let mut scan = Scan { source, findings, functions: &mut functions, in_trait_impl: false };
        scan.visit_file(&source.ast);
    }
    percentile(functions, findings);
}

fn crates(tree: &Tree, findings: &mut Findings) {
    let mut sizes = BTreeMap::new();
    let paths = tree.sources.iter().map(|source| source.path.as_str());
    let programs: Vec<_> = paths.filter_map(|path| path.strip_suffix("src/main.rs")).collect();
    for source in &tree.sources {
        let folder: Vec<&str> = source.path.split('/').collect();
        let depth = if matches!(folder.first(), Some(&"crates" | &"libs")) { 2 } else { 1 };
        // Only the tests of a program's own package are told where it is: they cannot be elsewhere,
        // and are counted by themselves.
        let runs = |program: &&str| {
            source.path.strip_prefix(*program).is_some_and(|path| path.starts_with("tests/"))
        };
        let depth = depth + usize::from(programs.iter().any(runs));
        *sizes.entry(folder.get(..depth).unwrap_or_default().join("/")).or_insert(0) +=
            source.lines;
    }
    for (folder, lines) in sizes {
        if lines >= CRATE_LINES {
            let manifest = format!("{folder}/Cargo.toml");
            let remedy = format!("split it: below {CRATE_LINES}");
            findings.problem((&manifest, 1), format!("{lines} lines of Rust"), &remedy);
        }
    }
}

fn percentile(mut functions: Vec<Function>, findings: &mut Findings) {
    functions.sort_by_key(|function| function.lines);
    let Some(at) = functions.get(functions.len() * 95 / 100) else { return };
    let lines = at.lines;
    if functions.len() < ENOUGH_FUNCTIONS || lines <= FUNCTION_LINES_95TH {
        return;
    }
    let too_many = functions.iter().filter(|function| function.lines > FUNCTION_LINES_95TH).count();
    let excess = too_many - functions.len() * 5 / 100;
    let remedy = format!(
        "95 in 100 should have {FUNCTION_LINES_95TH} at most (now {lines}): divide {excess} of these"
    );
    for long in functions.iter().rev().take(too_many) {
        let what = format!("`{}` has {} lines", long.name, long.lines);
        findings.problem((&long.path, long.line), what, &remedy);
    }
}

struct Scan<'a> {
    source: &'a Source,
    findings: &'a mut Findings,
    functions: &'a mut Vec<Function>,
    /// A method of a trait has the signature that the trait wants.
    in_trait_impl: bool,
}

impl Scan<'_> {
    fn function(&mut self, signature: &syn::Signature, block: Option<&syn::Block>) {
        let line = signature.ident.span().start().line;
        let name = signature.ident.to_string();
        let place = (self.source.path.as_str(), line);
        if let Some(block) = block {
            let last = block.brace_token.span.close().end().line;
            let lines = last + 1 - signature.fn_token.span.start().line;
            if lines > FUNCTION_LINES {
                let what = format!("`{name}` has {lines} lines");
                self.findings.problem(place, what, &format!("divide it: {FUNCTION_LINES} at most"));
            }
            let path = self.source.path.clone();
            self.functions.push(Function { path, line, name: name.clone(), lines });
        }
        if self.in_trait_impl {
            return;
        }
        if signature.inputs.len() > PARAMETERS {
            let what = format!("`{name}` takes {} parameters", signature.inputs.len());
            let remedy = format!("group them in a struct: {PARAMETERS} at most");
            self.findings.problem(place, what, &remedy);
        }
        if signature.inputs.iter().any(is_bool) {
            let what = format!("`{name}` takes a bool");
            self.findings.problem(place, what, "take an enum that says what is meant");
        }
    }
}

fn is_bool(argument: &syn::FnArg) -> bool {
    let syn::FnArg::Typed(argument) = argument else { return false };
    matches!(&*argument.ty, syn::Type::Path(path) if path.path.is_ident("bool"))
}

impl<'ast> Visit<'ast> for Scan<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, Some(&item.block));
        let outer = std::mem::replace(&mut self.in_trait_impl, false);
        visit::visit_item_fn(self, item);
        self.in_trait_impl = outer;
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, Some(&item.block));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::problems;
    use super::{CRATE_LINES, ENOUGH_FUNCTIONS, FILE_LINES, RULE};

    fn function(lines: usize) -> String {
        format!("fn f() {{{}}}\n", "\n".repeat(lines - 1))
    }

    fn found(text: &str) -> Vec<String> {
        problems(&RULE, &[("crates/a/src/lib.rs", text)])
    }

    #[test]
    fn long_functions_are_found() {
        assert_eq!(found(&function(70)), [""; 0]);
        assert_eq!(found(&function(71)), ["crates/a/src/lib.rs:1"]);
    }

    #[test]
    fn the_95th_percentile_counts() {
        let mut text = function(2).repeat(ENOUGH_FUNCTIONS);
        text.push_str(&function(46).repeat(2));
        assert_eq!(found(&text), [""; 0]);
        text.push_str(&function(46));
        assert_eq!(found(&text).len(), 3);
    }

    #[test]
    fn long_files_and_crates_are_found() {
        assert_eq!(found(&"\n".repeat(FILE_LINES + 1)), ["crates/a/src/lib.rs:1"]);
        let file = "\n".repeat(FILE_LINES);
        let paths: Vec<String> =
            (0..CRATE_LINES / FILE_LINES).map(|n| format!("libs/a/{n}.rs")).collect();
        let files: Vec<_> = paths.iter().map(|path| (path.as_str(), file.as_str())).collect();
        assert_eq!(problems(&RULE, &files), ["libs/a/Cargo.toml:1"]);
        assert_eq!(problems(&RULE, &files[1..]), [""; 0]);
    }

    #[test]
    fn parameters_are_counted_and_bools_refused() {
        assert_eq!(found("fn f(a: A, b: A, c: A, d: A, e: A, f: A, g: A) {}").len(), 1);
        assert_eq!(found("trait T { fn f(&self, loud: bool); }").len(), 1);
        assert_eq!(found("impl Visitor for A { fn visit(&self, value: bool) {} }"), [""; 0]);
    }
}
