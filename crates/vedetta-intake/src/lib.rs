//! Doors in: bytes become bounded, parsed, stamped arrivals.
