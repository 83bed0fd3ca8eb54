//! A whole country of nodes in one process, on a simulated clock and network, against an oracle.
