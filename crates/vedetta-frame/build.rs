//! Lists what `cargo xtask assets` built, so that it is embedded. Nothing built is nothing embedded:
//! the pages are then plain, and readable.

use std::fmt::Write as _;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let built = root.join("web").join("built");
    // A folder that is not there would be built for each time.
    let watched = if built.is_dir() { built.clone() } else { root.join("web") };
    println!("cargo::rerun-if-changed={}", watched.display());
    println!("cargo::rerun-if-changed={}", root.join("templates").display());
    let mut files: Vec<PathBuf> = match built.read_dir() {
        Ok(entries) => entries.filter_map(|entry| entry.ok().map(|it| it.path())).collect(),
        Err(_) => Vec::new(),
    };
    files.sort();
    if files.is_empty() && std::env::var("PROFILE").is_ok_and(|profile| profile != "debug") {
        println!(
            "cargo::warning=the console's pages will be plain; `cargo xtask assets` builds their look"
        );
    }
    let mut table = String::from("const EMBEDDED: &[(&str, &[u8])] = &[\n");
    for file in files.iter().filter(|file| file.is_file()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display());
    }
    table.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    std::fs::write(out.join("embedded.rs"), table)
}
