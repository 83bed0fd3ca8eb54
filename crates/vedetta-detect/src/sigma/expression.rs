//! What a rule asks: tests joined by and, or, not.

/// The number of a test among all tests of all rules.
pub(super) type TestNumber = u32;

/// An expression over tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// One test.
    Test(TestNumber),
    /// All of these; of none, true.
    All(Box<[Expression]>),
    /// One of these; of none, false.
    Any(Box<[Expression]>),
    /// So many of these.
    AtLeast(u64, Box<[Expression]>),
    /// Not this.
    Not(Box<Expression>),
}

impl Expression {
    /// All of these.
    pub(crate) fn all(mut of: Vec<Self>) -> Self {
        if of.len() == 1 { of.remove(0) } else { Self::All(of.into()) }
    }

    /// One of these.
    pub(crate) fn any(mut of: Vec<Self>) -> Self {
        if of.len() == 1 { of.remove(0) } else { Self::Any(of.into()) }
    }

    /// Whether it holds, given which tests do.
    pub fn holds(&self, test: &mut impl FnMut(TestNumber) -> bool) -> bool {
        match self {
            Self::Test(number) => test(*number),
            Self::All(of) => of.iter().all(|it| it.holds(test)),
            Self::Any(of) => of.iter().any(|it| it.holds(test)),
            Self::Not(of) => !of.holds(test),
            Self::AtLeast(least, of) => {
                let mut held = 0;
                of.iter().any(|it| {
                    held += u64::from(it.holds(test));
                    held >= *least
                }) || *least == 0
            }
        }
    }

    /// The tests that hold and speak for it, given that it holds.
    pub(crate) fn reasons(
        &self,
        test: &mut impl FnMut(TestNumber) -> bool,
        found: &mut Vec<TestNumber>,
    ) {
        match self {
            Self::Test(number) => {
                if test(*number) && !found.contains(number) {
                    found.push(*number);
                }
            }
            Self::All(of) | Self::Any(of) | Self::AtLeast(_, of) => {
                for it in of {
                    if it.holds(test) {
                        it.reasons(test, found);
                    }
                }
            }
            Self::Not(_) => {}
        }
    }
}
