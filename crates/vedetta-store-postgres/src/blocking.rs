//! Blocking where one may. The client drives its connection by blocking its thread; on a thread that
//! serves an asynchronous runtime it would panic, and whoever asks the house there, or is the last to let
//! go of it, should not have to know.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs what blocks. What else the runtime has to do goes on elsewhere meanwhile; one that has a single
/// thread has nowhere else, and must not be blocked.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
