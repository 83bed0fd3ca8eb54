//! Who has an item, in a table: on its page, and on that of what is left of it.

use vedetta_flow::views::see_withdrawn::Holder;
use vedetta_flow::{Delivery, House};
use vedetta_frame::audience::form_word;
use vedetta_frame::shown::Moment;
use vedetta_words::Words;

/// Those who have it: some in rows, the others counted.
pub(super) struct WhoHas {
    pub(super) rows: Vec<Has>,
    /// How many they are, in figures.
    pub(super) count: String,
    pub(super) hidden: usize,
}

/// One who has it.
pub(super) struct Has {
    pub(super) id: String,
    pub(super) name: String,
    /// In which form, where that is told.
    pub(super) form: Option<&'static str>,
    pub(super) door: Option<&'static str>,
    pub(super) at: Option<Moment>,
    pub(super) acknowledged: Option<(Moment, String)>,
}

/// Rows that are shown.
const ROWS: usize = 200;

impl WhoHas {
    /// Those to whom it was delivered, or who should have had it.
    pub(super) fn delivered(house: &House, w: Words, deliveries: &[Delivery]) -> Self {
        Self::of(house, w, deliveries.iter().map(|it| (it.clone(), None)).collect())
    }

    /// Those who hold it, each in its form.
    pub(super) fn holding(house: &House, w: Words, holders: &[Holder]) -> Self {
        let of = |it: &Holder| {
            let (organisation, acknowledged) = (it.organisation.clone(), it.acknowledged.clone());
            let delivery = Delivery { organisation, door: it.door, at: it.at, acknowledged };
            (delivery, Some(form_word(w, Some(it.form))))
        };
        Self::of(house, w, holders.iter().map(of).collect())
    }

    /// Those who have not acknowledged first.
    fn of(house: &House, w: Words, mut all: Vec<(Delivery, Option<&'static str>)>) -> Self {
        let standing = house.standing();
        all.sort_by_key(|(it, _)| (it.acknowledged.is_some(), it.at));
        let (count, hidden) = (w.number(all.len() as u64), all.len().saturating_sub(ROWS));
        let rows = all.into_iter().take(ROWS).map(|(it, form)| {
            let known = standing.directory.organisation(&it.organisation);
            Has {
                id: it.organisation.to_string(),
                name: known.map_or_else(|| it.organisation.to_string(), |it| it.name.clone()),
                form,
                door: it.door.map(|door| w.door(door)),
                at: it.at.map(|at| Moment::of(at, w)),
                acknowledged: acknowledged(&it, w),
            }
        });
        Self { rows: rows.collect(), count, hidden }
    }

    /// Whether it is told in which form they have it.
    pub(super) fn tells_forms(&self) -> bool {
        self.rows.iter().any(|it| it.form.is_some())
    }
}

/// When it was acknowledged, and by whom.
pub(super) fn acknowledged(it: &Delivery, w: Words) -> Option<(Moment, String)> {
    it.acknowledged.as_ref().map(|it| (Moment::of(it.at, w), w.who_by(it)))
}
