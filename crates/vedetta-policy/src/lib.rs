//! Who may receive what, in which form, and why; the only maker of Cleared.
