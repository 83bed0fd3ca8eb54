//! The Vedetta binary.

fn main() {}
