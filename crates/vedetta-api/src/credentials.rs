//! What a request says of who sends it: RFC 7617 (Basic), RFC 6750 (Bearer).
//!
//! TAXII clients send `Basic account:token`; everyone else `Bearer token`, where a person's token
//! is that of the session begun with password and code. A machine may send nothing and prove
//! itself by its certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What was presented.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// A token, with the account that it must belong to when that was said.
    Token {
        /// The account named beside it.
        account: Option<String>,
        /// The token.
        token: String,
    },
}

/// A header that is no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header is neither `Basic base64(account:token)` nor `Bearer token`")]
pub struct Unreadable;

/// The longest header read.
const LONGEST: usize = 1_024;

impl Presented {
    /// Reads the `Authorization` header.
    ///
    /// # Errors
    /// [`Unreadable`]; given twice is unreadable too.
    pub fn read(headers: &HeaderMap) -> Result<Self, Unreadable> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Self::Nothing) };
        let text = value.to_str().map_err(|_| Unreadable)?;
        let (scheme, rest) = text.trim().split_once(' ').ok_or(Unreadable)?;
        if values.next().is_some() || text.len() > LONGEST {
            return Err(Unreadable);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Self::Token { account: None, token: rest.trim().to_owned() }),
            "basic" => {
                let octets = STANDARD.decode(rest.trim()).map_err(|_| Unreadable)?;
                let pair = String::from_utf8(octets).map_err(|_| Unreadable)?;
                let (account, token) = pair.split_once(':').ok_or(Unreadable)?;
                Ok(Self::Token { account: Some(account.to_owned()), token: token.to_owned() })
            }
            _ => Err(Unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Presented, Unreadable> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        Presented::read(&headers)
    }

    #[test]
    fn both_schemes() {
        assert!(matches!(read(&[]), Ok(Presented::Nothing)));
        let bearer = read(&["bearer vdt_a_b"]);
        assert!(
            matches!(bearer, Ok(Presented::Token { account: None, token }) if token == "vdt_a_b")
        );
        let basic = read(&[&format!("Basic {}", STANDARD.encode("cosc-umbria:vdt_a_b:c"))]);
        let fits = |account: &str, token: &str| account == "cosc-umbria" && token == "vdt_a_b:c";
        assert!(matches!(basic,
            Ok(Presented::Token { account: Some(account), token }) if fits(&account, &token)));
    }

    #[test]
    fn anything_else_is_unreadable() {
        let long = format!("Bearer {}", "a".repeat(2_000));
        for wrong in ["", "Bearer", "Digest x", "Basic !", "Basic YQ==", "Basic /w==", &long] {
            assert!(read(&[wrong]).is_err(), "{wrong}");
        }
        assert!(read(&["Bearer a", "Bearer b"]).is_err());
    }

    #[test]
    fn the_corpus_authorization_is_a_credential_or_refused() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/authorization");
        let files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
        assert!(files.len() >= 4);
        for file in files {
            let found = read(&[&std::fs::read_to_string(&file).unwrap()]);
            let refused = file.file_name().unwrap().to_string_lossy().starts_with("refused");
            assert_eq!(found.is_err(), refused, "{}", file.display());
        }
    }
}
