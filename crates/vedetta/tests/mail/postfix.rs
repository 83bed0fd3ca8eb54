//! A Postfix of these tests alone: its own folder, queue and port.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{ADA, BRUNO, run};

/// Where what goes: an address or a domain, and how it is spoken to there.
pub(crate) const ROUTES: [(&str, &str); 4] = [
    ("segnalazioni@vedetta.example", "smtp"),
    ("abuse@vedetta.example", "lmtp:inet"),
    ("pec.comune-054039.example", "answers"),
    ("pec.comune-055032.example", "answers"),
];

/// Receives over STARTTLS, records who is known, hands on to the desk, and relays its answers.
pub(crate) struct Postfix {
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

/// Whether a program is installed; Debian keeps some where only root looks.
pub(crate) fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.into_iter().any(|folder| folder.join(program).is_file())
}

pub(crate) fn may_run() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|process| process.uid() == 0)
}

impl Postfix {
    /// Chooses a port; `start` begins.
    pub(crate) fn prepare() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::Builder::new().prefix("vedetta-postfix-").tempdir().unwrap();
        // Its own account reads here too.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { address: free.local_addr().unwrap(), folder }
    }

    pub(crate) fn start(&self, routes: &[((&str, &str), u16)]) {
        let at = self.folder.path();
        for inside in ["queue", "data"] {
            std::fs::create_dir(at.join(inside)).unwrap();
        }
        let owner = run(Command::new("id").args(["-u", "postfix"]));
        chown(at.join("data"), Some(owner.trim().parse().unwrap()), None).unwrap();
        let (key, certificate) = (at.join("key.pem"), at.join("certificate.pem"));
        let mut make = Command::new("openssl");
        make.args([
            "req",
            "-x509",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]);
        make.args(["-days", "2", "-subj", "/CN=mx.vedetta.example", "-keyout"]).arg(&key);
        run(make.arg("-out").arg(&certificate));
        let map = |((from, how), port): &((&str, &str), u16)| {
            let host = if how.starts_with("lmtp") { "127.0.0.1" } else { "[127.0.0.1]" };
            format!("{from}={how}:{host}:{port}")
        };
        let routes: Vec<String> = routes.iter().map(map).collect();
        std::fs::write(at.join("main.cf"), self.main(&routes.join(", "))).unwrap();
        std::fs::write(at.join("master.cf"), master(self.address.port())).unwrap();
        run(self.postfix().arg("start"));
    }

    fn main(&self, routes: &str) -> String {
        let at = self.folder.path().display();
        format!(
            "compatibility_level = 3.6\nqueue_directory = {at}/queue\ndata_directory = {at}/data\nmail_owner = postfix\n\
             setgid_group = postdrop\nmyhostname = mx.vedetta.example\nmydestination =\nmynetworks = 127.0.0.0/8\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmaillog_file = {at}/log\nmaillog_file_prefixes = {at}\n\
             alias_maps =\nlocal_recipient_maps =\ndisable_dns_lookups = yes\nsmtp_host_lookup = native\n\
             smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {at}/certificate.pem\nsmtpd_tls_key_file = {at}/key.pem\n\
             smtp_tls_security_level = encrypt\nlmtp_tls_security_level = encrypt\n\
             relay_domains = vedetta.example, pec.comune-054039.example, pec.comune-055032.example\n\
             transport_maps = inline:{{ {routes} }}\n\
             smtpd_data_restrictions = check_sender_access inline:{{\
             {{ pec.comune-054039.example = PREPEND Authentication-Results: mx.vedetta.example; auth=pass smtp.auth={ADA} }}, \
             {{ pec.comune-055032.example = PREPEND Authentication-Results: mx.vedetta.example; auth=pass smtp.auth={BRUNO} }} }}\n"
        )
    }

    fn postfix(&self) -> Command {
        let mut postfix = Command::new("/usr/sbin/postfix");
        postfix.arg("-c").arg(self.folder.path());
        postfix
    }

    /// Ends it, with nothing left in its queue: what was just delivered goes in a moment.
    pub(crate) fn end(self) {
        let look = || {
            let mut queue = Command::new("/usr/sbin/postqueue");
            run(queue.arg("-c").arg(self.folder.path()).arg("-p"))
        };
        let empty = (0..100).any(|_| look().contains("Mail queue is empty"));
        assert!(empty, "{}", look());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = self.postfix().arg("stop").output();
    }
}

fn master(port: u16) -> String {
    let services = [
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "smtp unix - - n - - smtp",
        "answers unix - - n - - smtp -o smtp_tls_security_level=none",
        "lmtp unix - - n - - lmtp",
        "showq unix n - n - - showq",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ];
    format!("127.0.0.1:{port} inet n - n - - smtpd\n{}\n", services.join("\n"))
}
