//! The control socket: how the node's own commands reach it, running or not.
//!
//! A running node listens at `node.sock` in its data directory, speaking HTTP/1.1 with the routes of
//! the machine doors. Who can open it is who may read the ledger anyway: the operator at the machine.
//! The [gate](crate::gate) makes of that an administrator of the node's own organisation
//! ([`vedetta_flow::House::operator`]), there and nowhere else. A command that finds no running node
//! asks the same routes in its own process ([`Indoors`]).

use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;
use vedetta_intake::Arrival;

use crate::api::Api;
use crate::server::{ConnectionLimits, builder, rest_after, speak};

/// The socket's name in the data directory.
pub const SOCKET: &str = "node.sock";

/// The mark of a request that the operator at the machine sent. Only this module can make it.
#[derive(Clone, Copy, Debug)]
pub struct AtTheMachine(());

/// A control socket that is open; its file goes with it.
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The user that the node runs as.
    own: u32,
}

/// An arrival that a command of this very process has read: an extension of its request, in the place of
/// a body, so that it is not written and read once more. Taken once.
#[derive(Clone)]
pub struct ReadHere(Arc<Mutex<Option<Arrival>>>);

/// The routes of a node that nobody else runs, asked in this process.
pub struct Indoors(Router);

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Whoever may write into the directory could put another socket there.
    #[error("{}: others may write into it; run `chmod go-w` on it, and see whose it is", .0.display())]
    OpenToOthers(PathBuf),
    /// Something else has its name.
    #[error("{}: there is something here that is no socket; move it away", .0.display())]
    InTheWay(PathBuf),
    /// Another process answers there.
    #[error("{}: another process listens there; stop it", .0.display())]
    InUse(PathBuf),
    /// The system.
    #[error("{}: {reason}", path.display())]
    System {
        /// The socket or its directory.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

/// Commands at once.
const MOST: usize = 64;

impl ControlSocket {
    /// Opens it in a data directory, for this user only. One that a killed node left behind is
    /// replaced in one step.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn open(directory: &Path) -> Result<Self, ControlError> {
        let path = directory.join(SOCKET);
        let failed = |reason| ControlError::System { path: path.clone(), reason };
        let around = fs::metadata(directory).map_err(failed)?;
        if around.mode() & 0o022 != 0 {
            return Err(ControlError::OpenToOthers(directory.to_owned()));
        }
        check_free(&path)?;
        let fresh = directory.join("node.sock.new");
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&fresh).map_err(failed)?;
        let readied = ready(&fresh, &path).map_err(|error| {
            // What remains is a socket that nobody answers.
            let _ = fs::remove_file(&fresh);
            failed(error)
        })?;
        let socket = Self { listener, own: readied.uid(), path: path.clone() };
        if ![0, socket.own].contains(&around.uid()) {
            return Err(ControlError::OpenToOthers(directory.to_owned()));
        }
        Ok(socket)
    }

    /// Serves until `stop` ends; then the socket is removed, and answers may end for a while.
    pub async fn serve(self, app: Router, stop: impl Future<Output = ()>) {
        let (say_stop, stopping) = watch::channel(false);
        let limits = ConnectionLimits::default();
        let builder = builder(&limits).http1_only();
        let mut connections = JoinSet::new();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept(), if connections.len() < MOST => match accepted {
                    Ok((stream, _)) if self.is_the_operator(&stream) => {
                        let (app, builder, stopping) = (app.clone(), builder.clone(), stopping.clone());
                        connections.spawn(async move {
                            let stream = TokioIo::new(stream);
                            let spoken = speak(app, stopping, builder, stream, AtTheMachine(()));
                            if let Err(error) = spoken.await {
                                tracing::debug!(%error, "a command's connection ended");
                            }
                        });
                    }
                    Ok(_) => tracing::warn!("another user was turned away from the control socket"),
                    Err(error) => rest_after(&error).await,
                },
            }
        }
        drop(self);
        let _ = say_stop.send(true);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits.farewell, all_ended).await.is_err() {
            tracing::info!("commands still at work at the end were cut off");
        }
    }

    /// Whether the node's user, or root, is at the other end: besides the permissions of the file.
    fn is_the_operator(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| [0, self.own].contains(&peer.uid()))
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket was gone already");
        }
    }
}

impl ReadHere {
    /// For one request.
    #[must_use]
    pub fn new(arrival: Arrival) -> Self {
        Self(Arc::new(Mutex::new(Some(arrival))))
    }

    pub(crate) fn take(&self) -> Option<Arrival> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Indoors {
    /// Over a house of this process.
    #[must_use]
    pub fn new(api: &Api) -> Self {
        Self(crate::router(api))
    }

    /// Asks as the operator at the machine: the status and the body.
    ///
    /// # Errors
    /// An answer that did not come whole.
    pub async fn ask(&self, request: Request<Bytes>) -> io::Result<(StatusCode, Bytes)> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(AtTheMachine(()));
        let Ok(answer) = self.0.clone().oneshot(request).await;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?;
        Ok((head.status, body.to_bytes()))
    }
}

/// Refuses a name that is taken by anything but a socket that nobody answers.
fn check_free(path: &Path) -> Result<(), ControlError> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.map_err(|reason| ControlError::System { path: path.to_owned(), reason })?,
    };
    if !found.file_type().is_socket() {
        return Err(ControlError::InTheWay(path.to_owned()));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Ok(_) => Err(ControlError::InUse(path.to_owned())),
        Err(reason) => Err(ControlError::System { path: path.to_owned(), reason }),
    }
}

/// Closes a new socket to others and gives it its name, in place of what had it.
fn ready(fresh: &Path, path: &Path) -> io::Result<Metadata> {
    fs::set_permissions(fresh, Permissions::from_mode(0o600))?;
    fs::rename(fresh, path)?;
    fs::symlink_metadata(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener as StdListener;

    #[tokio::test]
    async fn is_the_owners_alone_and_goes_with_the_node() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SOCKET);
        // A socket that a killed node left behind.
        drop(StdListener::bind(&path).unwrap());
        let socket = ControlSocket::open(directory.path()).unwrap();
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(ControlSocket::open(directory.path()), Err(ControlError::InUse(_))));
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn neither_a_file_nor_an_open_directory_is_trusted() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(SOCKET), "kept").unwrap();
        let refused = ControlSocket::open(directory.path());
        assert!(matches!(refused, Err(ControlError::InTheWay(_))));
        assert_eq!(fs::read(directory.path().join(SOCKET)).unwrap(), b"kept");
        fs::remove_file(directory.path().join(SOCKET)).unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o770)).unwrap();
        let refused = ControlSocket::open(directory.path());
        assert!(matches!(refused, Err(ControlError::OpenToOthers(_))));
    }
}
