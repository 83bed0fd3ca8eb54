//! An authenticator application set up by a picture, or by the letters of its secret.

use std::fmt;

use askama::filters::HtmlSafe;
use qrcodegen::{QrCode, QrCodeEcc};

/// What a person sets the application up with; shown once.
pub(crate) struct Enrolment {
    /// The secret, in groups of four letters.
    pub(crate) secret: String,
    /// The address as a picture, unless it is too long for one.
    pub(crate) code: Option<Code>,
}

/// A QR code (ISO/IEC 18004), drawn as one path.
pub(crate) struct Code(QrCode);

impl Enrolment {
    /// Of an `otpauth:` address.
    pub(crate) fn of(address: &str) -> Self {
        let secret = address.split(['=', '&']).nth(1).unwrap_or_default();
        let letters: Vec<char> = secret.chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|it| it.iter().collect()).collect();
        let code = QrCode::encode_text(address, QrCodeEcc::Medium).ok().map(Code);
        Self { secret: groups.join(" "), code }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.size();
        // Four modules of quiet around it, as the standard asks.
        write!(f, "<path d=\"M-4-4h{0}v{0}h-{0}z\" fill=\"#fff\"/><path d=\"", size + 8)?;
        for y in 0..size {
            for x in (0..size).filter(|x| self.0.get_module(*x, y)) {
                write!(f, "M{x},{y}h1v1h-1z")?;
            }
        }
        f.write_str("\" fill=\"#000\"/>")
    }
}

impl HtmlSafe for Code {}

impl Code {
    /// What of the plane is seen.
    pub(crate) fn view(&self) -> String {
        let side = self.0.size() + 8;
        format!("-4 -4 {side} {side}")
    }
}
