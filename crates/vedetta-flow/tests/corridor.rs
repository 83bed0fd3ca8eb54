//! The corridor over a real ledger: what one party brings, everyone entitled reads, nobody else.

mod corridor {
    mod access;
    mod agreements;
    mod newcomers;
    mod reading;
    mod victims;
}
