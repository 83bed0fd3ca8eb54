//! Whom a party leaves out for one condition of its selector alone.

use vedetta_model::Audience;
use vedetta_model::agreement::Selector;

use crate::network::Network;
use crate::selection::selects;

/// A condition of a selector, the nearest to being met first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    Residents,
    Criticality,
    Sector,
    Province,
    Region,
}

impl Condition {
    pub(crate) const ALL: [Self; 5] =
        [Self::Residents, Self::Criticality, Self::Sector, Self::Province, Self::Region];

    /// A selector without the condition; nothing where it has none.
    fn waived(self, selector: &Selector) -> Option<Selector> {
        let mut rest = selector.clone();
        let had = match self {
            Self::Residents => rest.population_above.take().is_some(),
            Self::Criticality => rest.criticality.take().is_some(),
            Self::Sector => !std::mem::take(&mut rest.sectors).is_empty(),
            Self::Province => !std::mem::take(&mut rest.provinces).is_empty(),
            Self::Region => !std::mem::take(&mut rest.regions).is_empty(),
        };
        had.then_some(rest)
    }

    /// Those of an audience whom a selector would select but for the condition.
    pub(crate) fn alone_fails(
        self,
        selector: &Selector,
        network: &Network,
        among: &Audience,
    ) -> Audience {
        let Some(rest) = self.waived(selector) else { return Audience::nobody() };
        let fails = |number: &_| {
            let organisation = network.organisation(*number);
            organisation.is_some_and(|it| selects(&rest, it) && !selects(selector, it))
        };
        among.iter().filter(fails).collect()
    }
}
