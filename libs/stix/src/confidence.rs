//! Confidence: the scales of the specification (appendix A).

use std::ops::RangeInclusive;

/// A scale in words for the property `confidence`, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scale {
    /// None, low, medium, high.
    NoneLowMedHigh,
    /// Whole numbers from 0 to 10.
    ZeroToTen,
    /// Admiralty credibility, from 5 (improbable) to 1 (confirmed).
    Admiralty,
    /// Words of estimative probability.
    Wep,
    /// The scale of the Director of National Intelligence.
    Dni,
}

/// One step of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The word.
    pub name: &'static str,
    /// The confidence that it is written as.
    pub value: u8,
    least: u8,
    most: u8,
}

impl Level {
    /// The confidences that are read as this word.
    pub fn range(&self) -> RangeInclusive<u8> {
        self.least..=self.most
    }
}

const fn level(name: &'static str, value: u8, least: u8, most: u8) -> Level {
    Level { name, value, least, most }
}

const NONE_LOW_MED_HIGH: &[Level] = &[
    level("None", 0, 0, 0),
    level("Low", 15, 1, 29),
    level("Med", 50, 30, 69),
    level("High", 85, 70, 100),
];

const ZERO_TO_TEN: &[Level] = &[
    level("0", 0, 0, 4),
    level("1", 10, 5, 14),
    level("2", 20, 15, 24),
    level("3", 30, 25, 34),
    level("4", 40, 35, 44),
    level("5", 50, 45, 54),
    level("6", 60, 55, 64),
    level("7", 70, 65, 74),
    level("8", 80, 75, 84),
    level("9", 90, 85, 94),
    level("10", 100, 95, 100),
];

const ADMIRALTY: &[Level] = &[
    level("5 - Improbable", 10, 0, 19),
    level("4 - Doubtful", 30, 20, 39),
    level("3 - Possibly True", 50, 40, 59),
    level("2 - Probably True", 70, 60, 79),
    level("1 - Confirmed by other sources", 90, 80, 100),
];

const WEP: &[Level] = &[
    level("Impossible", 0, 0, 0),
    level("Highly Unlikely/Almost Certainly Not", 10, 1, 19),
    level("Unlikely/Probably Not", 30, 20, 39),
    level("Even Chance", 50, 40, 59),
    level("Likely/Probable", 70, 60, 79),
    level("Highly likely/Almost Certain", 90, 80, 99),
    level("Certain", 100, 100, 100),
];

const DNI: &[Level] = &[
    level("Almost No Chance/Remote", 5, 0, 9),
    level("Very Unlikely/Highly Improbable", 15, 10, 19),
    level("Unlikely/Improbable", 30, 20, 39),
    level("Roughly Even Chance/Roughly Even Odds", 50, 40, 59),
    level("Likely/Probable", 70, 60, 79),
    level("Very Likely/Highly Probable", 85, 80, 89),
    level("Almost Certain/Nearly Certain", 95, 90, 100),
];

impl Scale {
    /// Every scale.
    pub const ALL: [Self; 5] =
        [Self::NoneLowMedHigh, Self::ZeroToTen, Self::Admiralty, Self::Wep, Self::Dni];

    /// The steps, from the least confidence to the most.
    pub const fn levels(self) -> &'static [Level] {
        match self {
            Self::NoneLowMedHigh => NONE_LOW_MED_HIGH,
            Self::ZeroToTen => ZERO_TO_TEN,
            Self::Admiralty => ADMIRALTY,
            Self::Wep => WEP,
            Self::Dni => DNI,
        }
    }

    /// The step that a confidence falls on; above 100 counts as 100.
    pub fn level(self, confidence: u8) -> &'static Level {
        let levels = self.levels();
        let above = levels.iter().position(|level| confidence.min(100) <= level.most);
        &levels[above.unwrap_or(levels.len() - 1)]
    }

    /// The confidence that a word of the scale is written as, whatever its case.
    pub fn value(self, name: &str) -> Option<u8> {
        let levels = self.levels().iter();
        levels.clone().find(|level| level.name.eq_ignore_ascii_case(name)).map(|level| level.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_cover_every_confidence_once() {
        for scale in Scale::ALL {
            for confidence in 0..=100 {
                let levels = scale.levels().iter();
                let covering: Vec<_> =
                    levels.filter(|level| level.range().contains(&confidence)).collect();
                assert_eq!(covering, [scale.level(confidence)], "{scale:?} {confidence}");
            }
            for level in scale.levels() {
                assert_eq!(scale.level(level.value), level);
                assert_eq!(scale.value(level.name), Some(level.value));
            }
            assert_eq!(scale.level(255), scale.level(100));
        }
        assert_eq!(Scale::NoneLowMedHigh.value("high"), Some(85));
        assert_eq!(Scale::Wep.value("perhaps"), None);
    }
}
