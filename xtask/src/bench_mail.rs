//! `cargo xtask bench-mail`: how well and how fast the mail desk is, beside others.

use std::process::{Command, Stdio};

use crate::bench::rows;
use crate::process::{capture, cargo, root, show, target_directory};
use crate::{Failure, demo, mail_templates, prerequisites};

/// Measures, prints a Markdown table, and keeps it beside the build. Without `--corpus` it makes one:
/// a fifth of the shared messages, and a model that has not seen it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut words: Vec<String> = arguments.iter().filter(|word| *word != "--").cloned().collect();
    prerequisites::for_mail()?;
    if !words.iter().any(|word| word == "--corpus") {
        words.extend(held_out()?);
    }
    let program = demo::build()?;
    let mut bench = Command::new(&program);
    bench.args(["bench", "mail", "--json"]).args(words).stderr(Stdio::inherit());
    let text = capture(&mut bench)?;
    let table =
        format!("| measurement | figure | value |\n|---|---|---:|\n{}", rows("mail", &text)?);
    let file = target_directory()?.join("bench-mail.md");
    std::fs::write(&file, &table).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("\n{table}\nKept in {}", file.display());
    Ok(())
}

/// Trains on four fifths of the shared messages: where the last fifth is, and the model.
fn held_out() -> Result<[String; 4], Failure> {
    let shared = std::env::var("VEDETTA_SHARED_DATA").unwrap_or_else(|_| "../shared/data".into());
    let archive = root().join(shared).join("mail/a.tar.xz");
    if !archive.is_file() {
        let say = "no shared messages here: --corpus DIR, with DIR/phish and DIR/ham";
        return Err(Failure::Usage(say.into()));
    }
    let folder = target_directory()?.join("bench-mail");
    let (corpus, held) = (folder.join("A"), folder.join("held-out"));
    if held.is_dir() {
        std::fs::remove_dir_all(&held).map_err(|error| format!("{}: {error}", held.display()))?;
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    show(Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(&folder))?;
    let templates = corpus.join("templates");
    std::fs::create_dir_all(&templates)
        .map_err(|error| format!("{}: {error}", templates.display()))?;
    mail_templates::run(&[templates.display().to_string()])?;
    let mut train = cargo();
    train.args(["run", "--release", "--package", "vedetta-training", "--"]).arg(&corpus);
    show(train.arg("--held-out").arg(&held))?;
    let (model, held) = (held.join("model").display().to_string(), held.display().to_string());
    Ok(["--corpus".into(), held, "--model".into(), model])
}
