//! Content transfer encodings (RFC 2045 §6), decoded as far as damage allows.

pub mod charset;

/// How a body travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transfer {
    /// As it is.
    Plain,
    /// Base64 (RFC 2045 §6.8).
    Base64,
    /// Quoted-printable (RFC 2045 §6.7).
    QuotedPrintable,
    /// As programs did before there was MIME.
    Uuencode,
}

impl Transfer {
    /// Of the field `Content-Transfer-Encoding`; what nobody knows travels as it is.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let value = value.trim().to_ascii_lowercase();
        match value.split([';', ' ']).next().unwrap_or_default() {
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            "x-uuencode" | "uuencode" | "x-uue" => Self::Uuencode,
            _ => Self::Plain,
        }
    }
}

/// What came out, and whether the encoding was broken.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The octets.
    pub bytes: Vec<u8>,
    /// Letters that do not belong to the encoding, beyond what real clients leave.
    pub damaged: bool,
    /// The limit cut it.
    pub cut: bool,
}

/// Decodes to at most `most` bytes.
#[must_use]
pub fn decode(body: &[u8], transfer: Transfer, most: usize) -> Decoded {
    let (mut bytes, wrong) = match transfer {
        Transfer::Plain => (body.get(..most + 1).unwrap_or(body).to_vec(), 0),
        Transfer::Base64 => base64(body, most),
        Transfer::QuotedPrintable => quoted_printable(body, most),
        Transfer::Uuencode => (uuencode(body, most), 0),
    };
    let cut = bytes.len() > most;
    bytes.truncate(most);
    Decoded { damaged: wrong * 50 > body.len().max(50), cut, bytes }
}

/// Lenient base64: what is no letter of it is left out, padding may stand anywhere. The octets, at most so many
/// and a few, and how many letters were none.
#[must_use]
pub fn base64(body: &[u8], most: usize) -> (Vec<u8>, usize) {
    let mut bytes = Vec::with_capacity((body.len() / 4 * 3).min(most) + 3);
    let (mut bits, mut held, mut wrong) = (0_u32, 0_u32, 0);
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (bits, held) = (0, 0);
                continue;
            }
            b'\r' | b'\n' | b' ' | b'\t' => continue,
            _ => {
                wrong += 1;
                continue;
            }
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
            if bytes.len() > most {
                break;
            }
        }
    }
    (bytes, wrong)
}

fn quoted_printable(body: &[u8], most: usize) -> (Vec<u8>, usize) {
    let mut bytes = Vec::with_capacity(body.len().min(most));
    let (mut at, mut wrong) = (0, 0);
    while let Some(&byte) = body.get(at) {
        if bytes.len() > most {
            break;
        }
        at += 1;
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        match (body.get(at).copied(), body.get(at + 1).copied()) {
            (Some(b'\r'), Some(b'\n')) => at += 2,
            (Some(b'\n'), _) => at += 1,
            (Some(high), Some(low)) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(nibble(high) << 4 | nibble(low));
                at += 2;
            }
            _ => {
                wrong += 1;
                bytes.push(b'=');
            }
        }
    }
    (bytes, wrong)
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

fn uuencode(body: &[u8], most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some((&count, rest)) = line.split_first() else { continue };
        if line.starts_with(b"begin ") || line == b"end" || bytes.len() > most {
            continue;
        }
        let mut group = Vec::new();
        for four in rest.chunks(4) {
            let bits =
                four.iter().fold(0_u32, |bits, c| bits << 6 | u32::from(c.wrapping_sub(32) & 63));
            let [_, one, two, three] = (bits << (6 * (4 - four.len() as u32))).to_be_bytes();
            group.extend([one, two, three]);
        }
        group.truncate(usize::from(count.wrapping_sub(32) & 63));
        bytes.extend(group);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Transfer, decode};

    fn text(body: &str, transfer: Transfer) -> String {
        String::from_utf8(decode(body.as_bytes(), transfer, 100).bytes).unwrap()
    }

    #[test]
    fn damage_costs_only_itself() {
        assert_eq!(text("Y2lh\r\nbw==", Transfer::Base64), "ciao");
        assert_eq!(text("Y2*lh!bw", Transfer::Base64), "ciao");
        assert_eq!(text("Y2lhbw==Y2lhbw==", Transfer::Base64), "ciaociao");
        assert_eq!(text("a=3D=\r\nb=zz=", Transfer::QuotedPrintable), "a=b=zz=");
        assert_eq!(text("begin 644 x\n#8VEA\nend\n", Transfer::Uuencode), "cia");
    }

    #[test]
    fn growth_is_cut_and_said() {
        let whole = decode(&[b'A'; 400], Transfer::Base64, 10);
        assert!(whole.cut && whole.bytes.len() == 10);
        assert!(decode(&[b'*'; 400], Transfer::Base64, 10).damaged);
    }
}
