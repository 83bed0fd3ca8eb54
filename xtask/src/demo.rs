//! `cargo xtask demo`: the product, built and shown.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{cargo, root, show, target_directory};
use crate::{Failure, assets, prerequisites};

/// Builds the product and becomes its demo: the keyboard's interruption and the exit code are its.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let words = demo_words(arguments).map_err(Failure::Usage)?;
    let program = build()?;
    let data = root().join("vedetta-data");
    println!("Data directory: {}", data.display());
    let mut demo = Command::new(&program);
    demo.arg("demo").args(words);
    if !arguments.iter().any(|word| word == "--data" || word.starts_with("--data=")) {
        demo.arg("--data").arg(data);
    }
    let error = demo.exec();
    Err(format!("{} did not start: {error}", program.display()).into())
}

/// The release build of the product.
pub(crate) fn build() -> Result<PathBuf, String> {
    prerequisites::for_build()?;
    assets::ensure()?;
    println!("Building Vedetta, optimised: some minutes the first time, seconds afterwards.");
    show(cargo().args(["build", "--release", "--package", "vedetta"]))?;
    Ok(target_directory()?.join("release").join("vedetta"))
}

fn demo_words(arguments: &[String]) -> Result<Vec<&str>, String> {
    let mut words = Vec::new();
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        match word {
            "--seconds" => {
                let seconds = rest.next().and_then(|text| text.parse::<u64>().ok().map(|_| text));
                words.extend([word, seconds.ok_or("--seconds needs a whole number")?]);
            }
            "--listen" => {
                let address = rest.next().filter(|text| text.parse::<SocketAddr>().is_ok());
                words.extend([word, address.ok_or("--listen needs an address with its port")?]);
            }
            "--mesh" | "--sensors" => words.push(word),
            "--" => words.extend(rest.by_ref()),
            other => return Err(format!("`demo` does not know `{other}`; pass it after `--`")),
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::demo_words;

    #[test]
    fn seconds_and_the_rest_reach_the_demo() {
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let asked = words("--seconds 20 -- --port 8443");
        assert_eq!(demo_words(&asked), Ok(vec!["--seconds", "20", "--port", "8443"]));
        assert_eq!(demo_words(&words("--mesh --seconds 9")), Ok(vec!["--mesh", "--seconds", "9"]));
        assert_eq!(demo_words(&words("--sensors")), Ok(vec!["--sensors"]));
        assert!(demo_words(&words("--seconds soon")).is_err());
        let asked = words("--mesh --listen 127.0.0.1:9443");
        assert_eq!(demo_words(&asked), Ok(vec!["--mesh", "--listen", "127.0.0.1:9443"]));
        assert!(demo_words(&words("--listen 9443")).is_err(), "an address, not a port");
        assert!(demo_words(&words("--port 8443")).is_err());
        for way in ["--seconds", "--mesh", "--sensors", "--listen"] {
            assert!(
                crate::USAGE.contains(&format!("demo {way}"))
                    || crate::USAGE.contains(&format!("[{way}")),
                "{way}"
            );
        }
    }
}
