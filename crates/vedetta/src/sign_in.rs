//! How people sign in besides a password, as the settings say.

use std::net::SocketAddr;
use std::path::Path;

use vedetta_keyring::oidc::{Client, Profile, Proof, Signer};
use vedetta_keyring::webauthn::is_origin;
use vedetta_keyring::{Provider, Ways};

use crate::node::is_safe;
use crate::outcome::Failure;
use crate::settings::{ProviderConfiguration, ProviderProfile, SignInConfiguration};

/// Where providers send people back to.
const CALLBACK: &str = "/sign-in/callback";

impl SignInConfiguration {
    /// The ways there are, of a node with these names that listens there.
    pub(crate) fn ways(
        &self,
        data: &Path,
        names: &[String],
        listens: SocketAddr,
    ) -> Result<Ways, Failure> {
        let address = match &self.address {
            Some(address) if is_origin(address) => address.clone(),
            Some(address) => {
                let advice = "write https://, a name in lower case, and the port unless it is 443";
                return Err(wrong(&format!("address {address:?}: {advice}")));
            }
            None => usual(names, listens),
        };
        let mut providers: Vec<Provider> = Vec::new();
        for provider in &self.provider {
            let read = provider
                .read(data, &address)
                .map_err(|why| wrong(&format!("provider {:?}: {why}", provider.name)))?;
            if providers.iter().any(|known| known.name == read.name) {
                return Err(wrong(&format!("provider {:?}: named twice", read.name)));
            }
            providers.push(read);
        }
        // Without a name to make them for, there are none.
        let passkeys = self.passkeys.then_some(address).filter(|address| is_origin(address));
        Ok(Ways { passkeys, providers })
    }
}

impl ProviderConfiguration {
    fn read(&self, data: &Path, address: &str) -> Result<Provider, String> {
        let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(plain) {
            return Err("name: use 1 to 40 of a-z, 0-9 and '-'".into());
        }
        if !is_safe(&self.issuer) {
            return Err(format!("issuer {:?}: write an https address", self.issuer));
        }
        let file = |what: &str, path: &Path| {
            let path = data.join(path);
            std::fs::read(&path).map_err(|error| format!("{what} {}: {error}", path.display()))
        };
        let proof = match (&self.secret, &self.key) {
            (Some(path), None) => {
                let secret = String::from_utf8(file("secret", path)?);
                let secret = secret.map_err(|_| "secret: the file is no text".to_owned())?;
                Proof::Secret(secret.trim().to_owned())
            }
            (None, Some(path)) => {
                let signer = Signer::read(&file("key", path)?, self.key_id.clone());
                Proof::Key(signer.map_err(|error| format!("key {}: {error}", path.display()))?)
            }
            _ => return Err("give it either a secret or a key, a file each".into()),
        };
        let client = Client {
            issuer: self.issuer.clone(),
            id: self.client_id.clone(),
            redirect: format!("{address}{CALLBACK}"),
            profile: match self.profile {
                ProviderProfile::Generic => Profile::Generic,
                ProviderProfile::Spid => Profile::Spid,
                ProviderProfile::Cie => Profile::Cie,
            },
            acr: self.acr.clone(),
            proof,
        };
        let label = self.label.clone().unwrap_or_else(|| self.name.clone());
        Ok(Provider { name: self.name.clone(), label, client })
    }
}

/// The address of a node that says none: its first name, and the port at which it listens.
fn usual(names: &[String], listens: SocketAddr) -> String {
    let name = names.first().map_or("localhost", String::as_str);
    match listens.port() {
        443 => format!("https://{name}"),
        port => format!("https://{name}:{port}"),
    }
}

fn wrong(what: &str) -> Failure {
    Failure::Usage(format!("vedetta.toml: sign_in: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Configuration;

    fn ways(text: &str, data: &Path) -> Result<Ways, String> {
        let configuration = Configuration::of(text).map_err(|error| error.to_string())?;
        let listens = "127.0.0.1:8443".parse().unwrap();
        let ways = configuration.sign_in.ways(data, &configuration.names, listens);
        ways.map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_documented_ways_are_taken_and_a_wrong_one_is_named() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("ente.secret"), "a secret\n").unwrap();
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        std::fs::write(data.path().join("spid.pem"), key).unwrap();
        let manual = include_str!("../../../docs/operators/configure.md");
        let (_, manual) = manual.split_once("```toml\n[sign_in]").unwrap();
        let sample = format!("[sign_in]{}", manual.split_once("```").unwrap().0);
        let read = ways(&sample, data.path()).unwrap();
        assert_eq!(read.passkeys.as_deref(), Some("https://vedetta.example.org"));
        let named: Vec<_> = read.providers.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(named, ["Ente", "SPID"]);
        let redirect = "https://vedetta.example.org/sign-in/callback";
        assert!(read.providers.iter().all(|it| it.client.redirect == redirect));
        for (right, wrong, said) in [
            ("https://vedetta.example.org", "https://192.0.2.1", "address \"https://192.0.2.1\""),
            ("issuer = \"https://", "issuer = \"http://", "write an https address"),
            ("name = \"ente\"", "name = \"Ente!\"", "use 1 to 40"),
            ("name = \"ente\"", "name = \"spid\"", "named twice"),
            ("secret = \"ente.secret\"", "", "either a secret or a key"),
            ("secret = \"ente.secret\"", "secret = \"none\"", "none: No such file"),
            ("key = \"spid.pem\"", "key = \"ente.secret\"", "no PKCS #8 key"),
            ("profile = \"spid\"", "profile = \"spd\"", "unknown variant"),
        ] {
            assert!(sample.contains(right), "{right}");
            let refused = ways(&sample.replace(right, wrong), data.path()).unwrap_err();
            assert!(refused.contains(said), "{said}: {refused}");
        }
    }

    #[test]
    fn without_a_name_there_are_no_passkeys() {
        let of = |text: &str| ways(text, Path::new(".")).unwrap().passkeys;
        assert_eq!(of("").as_deref(), Some("https://localhost:8443"));
        assert_eq!(of("names = [\"192.0.2.1\"]"), None);
        assert_eq!(of("[sign_in]\npasskeys = false"), None);
    }
}
