//! Who may read what, found with names alone: it shares nothing with the houses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use vedetta_model::agreement::Redistribution;
use vedetta_model::{Agreement, AgreementId};

use super::super::network::{self, agreement, party};
use super::country::Piece;

/// The framework, an act of each region, one between the regions, and one of an agency that lets
/// nobody pass anything on.
pub(super) fn agreements() -> Vec<Agreement> {
    let regions = json!([party("one", &["cosc-umbria"]), party("two", &["cosc-liguria"])]);
    let agency =
        json!([party("agency", &["poli-cert"]), party("all", &["cnaipic", "cosc-umbria"])]);
    let own = [
        agreement("regions", Some("pro-c2si"), ("named", "lineage"), &regions),
        agreement("agency", None, ("named", "none"), &agency),
    ];
    network::agreements().into_iter().chain(own).collect()
}

pub(super) struct Oracle {
    /// The agreements that bind, those above apart.
    pub(super) binding: BTreeSet<AgreementId>,
}

/// Within which frameworks somebody passes on.
#[derive(Clone, PartialEq)]
enum Right {
    Any,
    Within(BTreeSet<AgreementId>),
}

impl Oracle {
    /// Everything binds: who may read now, or might have.
    pub(super) fn of_all() -> Self {
        Self { binding: agreements().into_iter().map(|it| it.id).collect() }
    }

    /// Who may read a piece.
    pub(super) fn entitled(&self, piece: &Piece) -> BTreeSet<String> {
        if piece.everyone {
            let all = network::everyone();
            return all.into_iter().collect();
        }
        let all = agreements();
        let mut held = BTreeMap::from([(piece.producer.clone(), Right::Any)]);
        loop {
            let before = held.clone();
            for act in all.iter().filter(|act| self.carries(act, piece)) {
                pass(act, &before, &mut held);
            }
            if held == before {
                return held.into_keys().collect();
            }
        }
    }

    fn carries(&self, act: &Agreement, piece: &Piece) -> bool {
        let line = [Some(&act.id), act.parent.as_ref()];
        let mut line = line.into_iter().flatten();
        let meant = |only: &String| line.clone().any(|it| it.as_str() == only);
        piece.only.as_ref().is_none_or(meant) && line.all(|it| self.binding.contains(it))
    }
}

fn pass(act: &Agreement, before: &BTreeMap<String, Right>, held: &mut BTreeMap<String, Right>) {
    let root = act.parent.as_ref().unwrap_or(&act.id);
    let gives = |id: &str| match before.get(id) {
        Some(Right::Any) => true,
        Some(Right::Within(some)) => some.contains(root),
        None => false,
    };
    for (i, giving) in act.parties.iter().enumerate() {
        if !giving.organisations.iter().any(|id| gives(id.as_str())) {
            continue;
        }
        let others = act.parties.iter().enumerate().filter(|(j, _)| *j != i);
        for receiver in others.flat_map(|(_, party)| &party.organisations) {
            let right = held.entry(receiver.to_string());
            let right = right.or_insert_with(|| Right::Within(BTreeSet::new()));
            if let (Right::Within(some), Redistribution::Lineage) =
                (right, act.handling.redistribution)
            {
                some.insert(root.clone());
            }
        }
    }
}
