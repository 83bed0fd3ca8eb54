//! A house in memory, a mock clock, fake neighbours.
