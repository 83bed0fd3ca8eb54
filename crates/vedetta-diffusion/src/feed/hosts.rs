//! A hosts file (hosts(5)): each domain leads to no address. Names below it are not covered; a
//! response policy zone is the better choice where there is a resolver.

use vedetta_indicator::Kind;

use super::{Act, Needs, Row, text};

pub(super) const NEEDS: Needs = Needs {
    act: Act::Block,
    content_type: "text/plain; charset=utf-8",
    comment: Some("#"),
    kinds: |kind| kind == Kind::Domain,
    expresses: |term| text::is_one_line(term.value()),
};

pub(super) fn write(rows: &[Row<'_>], body: &mut String) {
    rows.iter().for_each(|row| body.extend(["0.0.0.0 ", row.term.value(), "\n"]));
}
