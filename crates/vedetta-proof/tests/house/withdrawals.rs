//! What is taken back is told to each who had it: all of it, however much there is.

use vedetta_flow::Sequence;
use vedetta_flow::views::withdrawals::REMEMBERED;
use vedetta_model::{Actor, ItemId};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

fn told(test: &TestHouse, actor: &Actor, mut after: Sequence) -> Vec<ItemId> {
    let mut told = Vec::new();
    loop {
        let page = test.house.withdrawals(actor, after).unwrap();
        told.extend(page.notices.into_iter().map(|it| it.item));
        after = page.next;
        if !page.more {
            return told;
        }
    }
}

#[test]
fn none_is_passed_over_from_wherever_one_begins() {
    let test = TestHouse::small();
    let many = u32::try_from(REMEMBERED).unwrap() + 5;
    let items: Vec<_> = (1..=many).map(|n| TestItem::indicator(n).tlp("GREEN")).collect();
    let ids: Vec<_> = items.iter().map(TestItem::id).collect();
    test.bring("perugia", &items);
    let (perugia, terni) = (test.person("perugia"), test.person("terni"));
    for (n, id) in ids.iter().enumerate() {
        test.house.withdraw(&perugia, id, "a mistake").unwrap();
        // What is remembered grows by one, and by many.
        if n == 10 || n > REMEMBERED {
            assert_eq!(told(&test, &terni, Sequence::START), ids[..=n]);
        }
    }
    let page = test.house.withdrawals(&terni, Sequence::START).unwrap();
    assert!(page.more, "one page does not hold them all");
    let seventh = page.notices[6].place;
    assert_eq!(told(&test, &terni, seventh), ids[7..]);
    assert_eq!(told(&test, &test.person("stranger"), Sequence::START), []);
    let again = TestHouse::over(std::sync::Arc::clone(&test.store));
    assert_eq!(told(&again, &terni, seventh), ids[7..], "another house over the same ledger");
}
