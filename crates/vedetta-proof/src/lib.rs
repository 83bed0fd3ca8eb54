//! Properties of the whole house, proven by tests that are no single crate's.
