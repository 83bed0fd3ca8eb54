//! Attempts at passwords: who guesses is stopped, and nobody else.

use std::net::IpAddr;
use std::time::Duration;

use vedetta_model::{AccountId, Instant};

use crate::limits::{Limiter, Rate};

/// Wrong attempts, counted by account and address together, and more generously by account over all
/// addresses; the latter does not hold where the account signed in lately. So a stranger keeps only
/// strangers out. An attempt is counted before it is looked at, and given back when it was right.
#[derive(Debug)]
pub struct Attempts {
    here: Limiter<(AccountId, IpAddr)>,
    anywhere: Limiter<AccountId>,
    /// Where accounts signed in: drawn on, for as long as it is remembered.
    known: Limiter<(AccountId, IpAddr)>,
}

/// How many times the attempts of one address an account bears from all of them.
const ADDRESSES: u32 = 20;
/// How long it is remembered where an account signed in.
const LATELY: Duration = Duration::from_secs(30 * 86_400);

impl Attempts {
    /// With the rate for one account from one address, for at most so many keys.
    #[must_use]
    pub fn new(rate: Rate, keys: usize) -> Self {
        let anywhere = Rate { burst: rate.burst.saturating_mul(ADDRESSES), ..rate };
        let known = Rate { burst: 1, every: LATELY };
        Self {
            here: Limiter::new(rate, keys),
            anywhere: Limiter::new(anywhere, keys),
            known: Limiter::new(known, keys),
        }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// How long to wait.
    pub fn begin(
        &self,
        account: &AccountId,
        address: IpAddr,
        now: Instant,
    ) -> Result<(), Duration> {
        let key = (account.clone(), address);
        if self.known.look(&key, now).is_err() {
            return self.here.take(key, now);
        }
        self.here.take(key.clone(), now)?;
        self.anywhere.take(account.clone(), now).inspect_err(|_| self.here.give_back(&key))
    }

    /// The attempt was right.
    pub fn was_right(&self, account: &AccountId, address: IpAddr, now: Instant) {
        let key = (account.clone(), address);
        self.here.give_back(&key);
        if self.known.take(key, now).is_ok() {
            self.anywhere.give_back(account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, every: Duration::from_secs(60) };

    fn from(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        [198, 51, high, low].into()
    }

    #[test]
    fn a_stranger_keeps_only_strangers_out() {
        let attempts = Attempts::new(RATE, 1_000);
        let (ada, now) = (AccountId::new("ada").unwrap(), Instant::from_micros(0));
        for _ in 0..10 {
            attempts.begin(&ada, from(1), now).unwrap();
            attempts.was_right(&ada, from(1), now);
        }
        let wrong = |address| attempts.begin(&ada, from(address), now).is_ok();
        assert_eq!([wrong(2), wrong(2), wrong(2)], [true, true, false]);
        assert_eq!((10..1_000).filter(|address| wrong(*address)).count(), 38);
        assert!(!wrong(2_000), "from nowhere new");
        assert!(wrong(1), "where she signed in she may");
        assert!(attempts.begin(&AccountId::new("bob").unwrap(), from(2), now).is_ok());
    }
}
