//! Houses that exchange through the room's link, in one process and without sockets.

// Set-up that fails should stop the test at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

mod mesh {
    mod agreements;
    mod ahead;
    mod contested;
    mod dialled;
    mod exercises;
    mod far;
    mod held;
    mod hostile;
    mod impostor;
    mod in_effect;
    mod large;
    mod network;
    mod observables;
    mod over_quota;
    mod pairing;
    mod quota;
    mod refusals;
    mod relay;
    mod remembered;
    mod removal;
    mod restore;
    mod scopes;
    mod sent;
    mod spoilers;
    mod story;
    mod urgent;
    mod versions;
    mod victims;
    mod wire;
    mod withdrawal;
}
