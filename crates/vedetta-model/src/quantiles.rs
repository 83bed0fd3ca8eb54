//! How long most took.

use serde::Serialize;

/// Quantiles in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Half were at most this.
    pub p50_ms: u64,
    /// 95 of 100.
    pub p95_ms: u64,
    /// 99 of 100.
    pub p99_ms: u64,
}

/// Of what was measured, each with how often.
#[must_use]
pub fn quantiles(measured: &mut [(u64, u64)]) -> Quantiles {
    measured.sort_unstable();
    let count: u64 = measured.iter().map(|(_, count)| count).sum();
    let at = |hundredth: u64| {
        let rank = (count * hundredth).div_ceil(100);
        let mut seen = 0;
        let reached = measured.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        reached.map_or(0, |(millis, _)| *millis)
    };
    Quantiles { count, p50_ms: at(50), p95_ms: at(95), p99_ms: at(99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_weigh_by_count() {
        let mut measured = vec![(900, 1), (10, 98), (50, 1)];
        let quantiles = quantiles(&mut measured);
        assert_eq!(quantiles, Quantiles { count: 100, p50_ms: 10, p95_ms: 10, p99_ms: 50 });
        assert_eq!(super::quantiles(&mut []), Quantiles::default());
    }
}
