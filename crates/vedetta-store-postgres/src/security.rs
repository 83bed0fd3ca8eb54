//! How the way to the server is secured: in the open only where it never leaves this machine.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use vedetta_store::StoreError;

use crate::tls::Secured;

/// How the way is secured.
pub(crate) enum Security {
    /// Not at all.
    Plain,
    /// By TLS; the server's certificate must be of an authority that is trusted, and bear its name.
    Verified(Secured),
}

/// What the address says of it: `sslmode` and `sslrootcert`, as libpq calls them.
#[derive(Default)]
pub(crate) struct Wish {
    mode: Option<Mode>,
    authorities: Option<String>,
}

/// Where the way leads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nowhere outside this machine.
    Within,
    /// Over a network.
    Outside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Plain,
    Verified,
}

/// The authorities that Debian and its children trust.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Wish {
    /// Takes its parameters out of a connection string of either form.
    pub(crate) fn take_from(url: &str) -> Result<(String, Self), StoreError> {
        let (before, parameters, separator) = match url.split_once('?') {
            Some((before, parameters)) => (before, parameters, "&"),
            None if url.contains("://") => return Ok((url.to_owned(), Self::default())),
            None => ("", url, " "),
        };
        let mut wish = Self::default();
        let mut rest = Vec::new();
        for parameter in parameters.split(separator) {
            if !wish.takes(parameter)? {
                rest.push(parameter);
            }
        }
        let rest = rest.join(separator);
        let url = match (before, rest.as_str()) {
            ("", _) => rest,
            (_, "") => before.to_owned(),
            _ => format!("{before}?{rest}"),
        };
        Ok((url, wish))
    }

    fn takes(&mut self, parameter: &str) -> Result<bool, StoreError> {
        match parameter.split_once('=') {
            Some(("sslmode", "disable")) => self.mode = Some(Mode::Plain),
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => {
                self.mode = Some(Mode::Verified);
            }
            Some(("sslmode", other)) => {
                return Err(StoreError::Refused(format!(
                    "sslmode={other} in the address of PostgreSQL: say `disable` or `verify-full`; \
                     without it, only what stays on this machine goes in the open"
                )));
            }
            Some(("sslrootcert", file)) => self.authorities = Some(file.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Security {
    /// What is wished; by default nothing where the way stays on this machine, TLS elsewhere.
    pub(crate) fn of(wish: &Wish, way: Way) -> Result<Self, StoreError> {
        let default = match (way, &wish.authorities) {
            (Way::Within, None) => Mode::Plain,
            _ => Mode::Verified,
        };
        match wish.mode.unwrap_or(default) {
            Mode::Plain => Ok(Self::Plain),
            Mode::Verified => {
                let given = wish.authorities.clone();
                let file = given.or_else(|| std::env::var("SSL_CERT_FILE").ok());
                let tls =
                    trusting(file.as_deref().unwrap_or(SYSTEM)).map_err(StoreError::Refused)?;
                Ok(Self::Verified(Secured::by(tls)))
            }
        }
    }

    /// Whether it is TLS.
    #[cfg(test)]
    pub(crate) const fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }
}

/// A client that trusts the authorities of a PEM file.
fn trusting(file: &str) -> Result<ClientConfig, String> {
    let wrong = |reason: String| {
        format!(
            "{file}: {reason}; give the authority of PostgreSQL's certificate as sslrootcert=FILE, \
             in PEM, or sslmode=disable to go there in the open"
        )
    };
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("no certificate in it".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parameters_are_taken_out_of_either_form() {
        for (given, left) in [
            ("postgres://anna@db.example/x", "postgres://anna@db.example/x"),
            ("postgres://anna@db.example/x?sslmode=disable", "postgres://anna@db.example/x"),
            (
                "postgres://db.example/x?connect_timeout=3&sslmode=verify-full",
                "postgres://db.example/x?connect_timeout=3",
            ),
            ("host=db.example sslrootcert=/a.pem user=anna", "host=db.example user=anna"),
        ] {
            assert_eq!(Wish::take_from(given).unwrap().0, left, "{given}");
        }
    }
}
