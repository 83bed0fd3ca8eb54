//! Certified mail (posta elettronica certificata, DM 2 novembre 2005, technical rules §6): the
//! provider signs the envelope, which says nothing about the message inside.

use crate::mime::Mime;

/// Whether the message is a transport or anomaly envelope (RFC 6109 §3.1.5, §3.2.2).
pub(crate) fn is_envelope(mime: &Mime<'_>) -> bool {
    let named = |name: &str| mime.leaves.iter().any(|leaf| leaf.name.eq_ignore_ascii_case(name));
    // A header field alone is anybody's: an envelope has both.
    mime.headers.raw("x-ricevuta").is_none()
        && (named("postacert.eml") && named("daticert.xml") || is_anomaly(mime))
}

/// Ordinary mail that came to a certified mailbox: nobody certifies who sent it, and there is no
/// `daticert.xml`.
fn is_anomaly(mime: &Mime<'_>) -> bool {
    let word = |name: &str| mime.headers.text(name).unwrap_or_default().trim().to_lowercase();
    let from = mime.headers.mailboxes("from");
    let provider = from.first().is_some_and(|it| it.address.starts_with("posta-certificata@"));
    provider
        && word("x-trasporto") == "errore"
        && word("subject").starts_with("anomalia messaggio")
        && mime.leaves.iter().any(super::is_letter)
}

/// Whether it is a receipt of a provider, which carries one's own message back.
pub(crate) fn is_receipt(mime: &Mime<'_>) -> bool {
    mime.headers.raw("x-ricevuta").is_some()
}

/// What `daticert.xml` declares. The provider's signature is not verified here.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Certificate {
    /// Who sent it, as the envelope declares.
    pub sender: String,
    /// The provider.
    pub provider: String,
    /// The message's number.
    pub identifier: String,
}

/// Reads `daticert.xml`; what is missing stays empty.
pub(crate) fn certificate(xml: &str) -> Certificate {
    let inside = |tag: &str| {
        let (_, rest) = xml.split_once(&format!("<{tag}"))?;
        let (_, rest) = rest.split_once('>')?;
        let (value, _) = rest.split_once("</")?;
        Some(value.trim().chars().take(300).collect::<String>())
    };
    Certificate {
        sender: inside("mittente").unwrap_or_default(),
        provider: inside("gestore-emittente").unwrap_or_default(),
        identifier: inside("identificativo").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::certificate;

    #[test]
    fn the_certificate_is_read() {
        let xml = "<postacert tipo=\"posta-certificata\"><intestazione><mittente>a@pec.example</mittente>\
                   </intestazione><dati><gestore-emittente>Gestore S.p.A.</gestore-emittente></dati></postacert>";
        let certificate = certificate(xml);
        assert_eq!(certificate.sender, "a@pec.example");
        assert_eq!(certificate.provider, "Gestore S.p.A.");
        assert_eq!(certificate.identifier, "");
    }
}
