//! A wire between two nodes that can be cut and mended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A wire from one address to another.
#[derive(Debug)]
pub struct Wire {
    whole: watch::Sender<bool>,
    carried: Arc<AtomicU64>,
    carrying: JoinHandle<()>,
}

impl Wire {
    /// Lays it.
    ///
    /// # Errors
    /// When nobody can listen at its beginning.
    pub async fn lay(from: SocketAddr, to: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(from).await?;
        let (whole, cut) = watch::channel(true);
        let carried = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&carried);
        let carrying = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, to, cut.clone(), Arc::clone(&count)));
            }
        });
        Ok(Self { whole, carried, carrying })
    }

    /// Cuts it: what passes it breaks, and nothing passes it until it is mended.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Octets that went over it, both ways.
    #[must_use]
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    /// Mends it.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(
    mut here: TcpStream,
    to: SocketAddr,
    mut whole: watch::Receiver<bool>,
    count: Arc<AtomicU64>,
) {
    if !*whole.borrow() {
        return;
    }
    let Ok(mut there) = TcpStream::connect(to).await else { return };
    let ((here_in, here_out), (there_in, there_out)) = (here.split(), there.split());
    tokio::select! {
        // How it ended is seen at both ends.
        () = pump(here_in, there_out, &count) => {}
        () = pump(there_in, here_out, &count) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}

/// Carries octets one way until either end closes.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        let Some(octets) = buffer.get(..read).filter(|octets| !octets.is_empty()) else { return };
        if to.write_all(octets).await.is_err() {
            return;
        }
        count.fetch_add(octets.len() as u64, Ordering::Relaxed);
    }
}
