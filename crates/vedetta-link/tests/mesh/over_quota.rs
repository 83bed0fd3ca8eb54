//! Who has brought as much as it may in a day waits for its credit: its link stays, others are
//! served, and later it goes on.

use std::sync::Arc;
use std::time::Duration;

use vedetta_link::courier::Courier;
use vedetta_link::{Allowance, Input, Speaker as _};
use vedetta_mesh::Nodes;
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

/// Two couriers, and what each has to say to the other.
struct Talk([Courier; 2]);

impl Talk {
    /// Between two nodes, of which the first lets the second bring so many octets in a day.
    fn between((one, a): (&Node, &Arc<Nodes>), (two, b): (&Node, &Arc<Nodes>), quota: u64) -> Self {
        let begin = |nodes: &Arc<Nodes>, peer: &Node, quota| {
            let allowance = Allowance { quota, reserve: None };
            Courier::begin(Arc::clone(nodes), id(peer.name), allowance).unwrap()
        };
        Self([begin(a, two, quota), begin(b, one, 1 << 30)])
    }

    /// Both hear that their ledgers grew.
    fn grown(&mut self) {
        self.0.iter_mut().for_each(|courier| courier.hear(Input::Grown).unwrap());
    }

    /// Carries what is said, and has done what is to be done, until it is so.
    async fn until(&mut self, so: impl Fn(&[Courier; 2]) -> bool) {
        loop {
            while self.carry() {}
            if so(&self.0) {
                return;
            }
            // Something is being written.
            let [one, two] = [0, 1].map(|at| self.0[at].ring().unwrap());
            tokio::select! { () = one.notified() => {}, () = two.notified() => {} }
            self.0.iter_mut().for_each(|courier| courier.work().unwrap());
        }
    }

    /// Whether anything was said or done.
    fn carry(&mut self) -> bool {
        let mut did = false;
        for from in [0, 1] {
            while let Some(octets) = self.0[from].say().unwrap() {
                did = true;
                self.0[1 - from].hear(Input::Frame(octets.slice(4..))).unwrap();
            }
            while self.0[from].is_busy() {
                did = true;
                self.0[from].work().unwrap();
            }
        }
        did
    }
}

fn items(range: std::ops::Range<u32>) -> Vec<TestItem> {
    range.map(|n| TestItem::indicator(n).tlp("AMBER")).collect()
}

#[tokio::test]
async fn who_is_over_its_quota_waits_while_others_are_served_and_goes_on_later() {
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria"];
    let [national, umbria, liguria] = names.map(|name| Node::new(name, agreements()));
    for region in [&umbria, &liguria] {
        pair(&national, region);
        settle(&mut [Wire::between(&national, region)]);
    }
    let nodes =
        [&national, &umbria, &liguria].map(|it| Arc::new(Nodes::new(Arc::clone(&it.house))));
    let [centre, first, second] = &nodes;
    // Each weighs some 3 KB.
    let a_day = 300 << 10;
    let mut slow = Talk::between((&national, centre), (&umbria, first), a_day);
    let mut other = Talk::between((&national, centre), (&liguria, second), a_day);
    umbria.bring("cosc-umbria", &items(0..60));
    slow.grown();
    slow.until(|_| national.reads("cnaipic", &items(59..60)[0].id())).await;
    umbria.bring("cosc-umbria", &items(60..120));
    slow.grown();
    slow.until(|[taking, _]| taking.report().over_quota).await;
    assert_eq!(national.read_by("cnaipic").len(), 60);
    // What others bring comes, and so does what goes the other way.
    liguria.bring("cosc-liguria", &items(1_000..1_010));
    other.grown();
    other.until(|_| national.reads("cnaipic", &items(1_009..1_010)[0].id())).await;
    national.bring("cnaipic", &items(2_000..2_010));
    slow.grown();
    slow.until(|_| umbria.reads("cosc-umbria", &items(2_009..2_010)[0].id())).await;
    for courier in &mut slow.0 {
        courier.hear(Input::Tick).unwrap();
    }
    slow.until(|[taking, _]| taking.report().over_quota).await;
    assert!(!national.reads("cnaipic", &items(60..61)[0].id()));
    // Half a day later there is room again; that it lives is heard before the silence is noticed.
    for node in [&national, &umbria] {
        node.clock.advance(Duration::from_secs(43_200));
    }
    umbria.bring("cosc-umbria", &items(120..121));
    slow.grown();
    while slow.carry() {}
    slow.0[0].hear(Input::Tick).unwrap();
    slow.until(|_| national.reads("cnaipic", &items(120..121)[0].id())).await;
    assert!(!slow.0[0].report().over_quota);
    assert_eq!(national.read_by("cnaipic").len(), 60 + 61 + 10 + 10, "nothing is missing");
}
