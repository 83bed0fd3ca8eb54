//! The shared nouns: organisation, asset, contact, actor, agreement, marking, item, time.
