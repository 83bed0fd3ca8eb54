//! The node as its own small certificate authority: one for its door, one for each machine.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use vedetta_model::Instant;

use crate::outcome::Failure;

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    /// The certificate.
    pub(crate) certificate: String,
    /// Its private key.
    pub(crate) key: String,
}

/// The authority of a data directory.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    ends: Instant,
}

const DAY: i64 = 86_400;
/// How long a machine's certificate lasts, in days.
pub(crate) const MACHINE_DAYS: i64 = 366;

impl Authority {
    /// Opens the authority of a data directory, making it if there is none. `now` in seconds since
    /// 1970.
    pub(crate) fn open(data: &Path, now: i64) -> Result<Self, Failure> {
        let (certificate, key) = (data.join("ca.pem"), data.join("ca.key"));
        if !key.exists() {
            let pair = new_authority(now)?;
            write_secret(&key, &pair.key)?;
            std::fs::write(&certificate, &pair.certificate)
                .map_err(|error| Failure::system(certificate.display().to_string(), error))?;
        }
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .map_err(|error| Failure::input(path.display().to_string(), error))
        };
        let (pem, key) = (read(&certificate)?, KeyPair::from_pem(&read(&key)?).map_err(refused)?);
        Self::of(pem, key)
    }

    fn of(pem: String, key: KeyPair) -> Result<Self, Failure> {
        let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(refused)?;
        let ends = ends(pem.as_bytes())?;
        Ok(Self { issuer, certificate: pem, ends })
    }

    /// When its certificate ends, and with it all that it issued.
    pub(crate) fn ends(&self) -> Instant {
        self.ends
    }

    /// The authority's own certificate, in PEM: what clients trust.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for the node's door.
    pub(crate) fn door(&self, names: &[String], now: i64) -> Result<Pair, Failure> {
        let mut params = CertificateParams::new(names.to_vec()).map_err(refused)?;
        params.distinguished_name.push(DnType::CommonName, "Vedetta node");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params, now, MACHINE_DAYS)
    }

    /// A certificate for a machine.
    pub(crate) fn machine(&self, account: &str, now: i64) -> Result<Pair, Failure> {
        let mut params = CertificateParams::new(Vec::new()).map_err(refused)?;
        params.distinguished_name.push(DnType::CommonName, account);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params, now, MACHINE_DAYS)
    }

    fn sign(&self, mut params: CertificateParams, now: i64, days: i64) -> Result<Pair, Failure> {
        let left = (self.ends.micros() / 1_000_000 - now) / DAY;
        validity(&mut params, now, days.min(left))?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(refused)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(refused)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

impl Pair {
    /// SHA-256 of the certificate's DER form, in hexadecimal.
    pub(crate) fn fingerprint(&self) -> Result<String, Failure> {
        let (certificates, _) = self.der()?;
        let first = certificates.first().map(|it| Sha256::digest(it.as_ref()));
        Ok(first.into_iter().flatten().map(|byte| format!("{byte:02x}")).collect())
    }

    /// What TLS wants.
    pub(crate) fn der(
        &self,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
        let certificates = CertificateDer::pem_slice_iter(self.certificate.as_bytes());
        let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(refused)?;
        Ok((certificates, key))
    }
}

/// When the first certificate of a text in PEM ends.
pub(crate) fn ends(pem: &[u8]) -> Result<Instant, Failure> {
    let der = CertificateDer::from_pem_slice(pem).map_err(refused)?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(refused)?;
    Ok(Instant::from_micros(certificate.validity().not_after.timestamp().saturating_mul(1_000_000)))
}

/// Writes what only the owner may read.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error: std::io::Error| Failure::system(path.display().to_string(), error))
}

fn new_authority(now: i64) -> Result<Pair, Failure> {
    let mut params = CertificateParams::new(Vec::new()).map_err(refused)?;
    params.distinguished_name.push(DnType::CommonName, "Vedetta node authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now, 3660)?;
    let key = KeyPair::generate().map_err(refused)?;
    let certificate = params.self_signed(&key).map_err(refused)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// From an hour ago, for clocks that are a little behind.
fn validity(params: &mut CertificateParams, now: i64, days: i64) -> Result<(), Failure> {
    let moment = |seconds: i64| {
        jiff::Timestamp::from_second(seconds).map_err(|error| Failure::system("the clock", error))
    };
    let date = |seconds| {
        let zoned = moment(seconds)?.to_zoned(jiff::tz::TimeZone::UTC);
        let (month, day) = (zoned.month().unsigned_abs(), zoned.day().unsigned_abs());
        Ok::<_, Failure>(rcgen::date_time_ymd(zoned.year().into(), month, day))
    };
    params.not_before = date(now - DAY)?;
    params.not_after = date(now + days * DAY)?;
    Ok(())
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::system("making or reading a certificate", error)
}
