//! A set of organisations that is quick to look through when it is small.

use vedetta_model::{Audience, OrganisationNumber};

/// Up to so many members are kept as a list too.
const FEW: usize = 24;

/// A set of organisations, and their list when they are few.
#[derive(Clone, Default)]
pub(crate) struct Group {
    all: Audience,
    few: Option<Box<[OrganisationNumber]>>,
}

impl Group {
    pub(crate) fn of(all: Audience) -> Self {
        let few = (all.len() <= FEW).then(|| all.iter().collect());
        Self { all, few }
    }

    pub(crate) const fn all(&self) -> &Audience {
        &self.all
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn contains(&self, number: OrganisationNumber) -> bool {
        self.all.contains(number)
    }

    /// Whether anyone is in both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (&self.few, &other.few) {
            (Some(few), _) => few.iter().any(|&number| other.contains(number)),
            (_, Some(few)) => few.iter().any(|&number| self.contains(number)),
            (None, None) => self.all.meets(&other.all),
        }
    }

    /// The first two members that are in one of the two sets.
    pub(crate) fn first_two_of(
        &self,
        one: &Audience,
        other: &Audience,
    ) -> (Option<OrganisationNumber>, Option<OrganisationNumber>) {
        let fits = |number: &OrganisationNumber| one.contains(*number) || other.contains(*number);
        if let Some(few) = &self.few {
            let mut found = few.iter().copied().filter(fits);
            return (found.next(), found.next());
        }
        let mut by_one = self.all.common(one);
        let mut by_other = self.all.common(other);
        match (by_one.next(), by_other.next()) {
            (None, first) => (first, by_other.next()),
            (first, None) => (first, by_one.next()),
            (Some(one), Some(other)) if one != other => (Some(one), Some(other)),
            (first, _) => (first, by_one.next().or_else(|| by_other.next())),
        }
    }

    /// Adds its members to an audience.
    pub(crate) fn pour_into(&self, audience: &mut Audience) {
        match &self.few {
            Some(few) => {
                for &number in few {
                    audience.insert(number);
                }
            }
            None => {
                audience.absorb(&self.all);
            }
        }
    }

    /// Whether a member other than one is in an audience.
    pub(crate) fn meets_but(&self, but: OrganisationNumber, audience: &Audience) -> bool {
        let another = |number: OrganisationNumber| number != but;
        match &self.few {
            Some(few) => few.iter().any(|&it| another(it) && audience.contains(it)),
            None => self.all.common(audience).any(another),
        }
    }

    /// Its members in an audience.
    pub(crate) fn within(&self, audience: &Audience) -> Audience {
        match &self.few {
            Some(few) => few.iter().copied().filter(|&number| audience.contains(number)).collect(),
            None => self.all.intersection(audience),
        }
    }
}
