//! The corridor: steps by workers, actions by people, views for people.
