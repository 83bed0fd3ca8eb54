//! Who is in the network and what they own: import, export, the Italian seed, relevance.
