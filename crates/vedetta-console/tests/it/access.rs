//! The matrix: every line, tried as every role.

use http::StatusCode;
use vedetta_api::access::{Verb, Who};
use vedetta_console::access::TABLE;
use vedetta_console::gate::POLICY;
use vedetta_model::Role;

use crate::browser::Node;

/// What a line admits and its action does not, asked about an organisation that is not there: a roster is
/// its room's, and the administrator's.
const OF_OTHERS: &[(&str, Role)] = &[
    ("GET /duty/nobody/edit", Role::DutyOfficer),
    ("GET /duty/nobody/edit", Role::Analyst),
    ("POST /duty/nobody/edit", Role::DutyOfficer),
    ("POST /duty/nobody/edit", Role::Analyst),
];

#[tokio::test]
async fn no_page_is_missing_from_the_table_nor_from_the_router() {
    assert_eq!(vedetta_console::gaps(&Node::new().console), Vec::<String>::new());
}

#[tokio::test]
async fn every_line_of_the_matrix_holds_for_every_role() {
    let node = Node::new();
    for role in Role::ALL {
        node.account(&format!("{role:?}").to_lowercase(), "cnaipic", &[role]);
    }
    let mut beyond = Vec::new();
    for line in TABLE.iter().filter(|line| line.path != "/sign-out") {
        let path: Vec<&str> = line
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { "nobody" } else { part })
            .collect();
        let path = path.join("/");
        let what = format!("{} {path}", line.verb.as_str());
        let mut stranger = node.stranger();
        let unproven = match line.verb {
            Verb::Get => stranger.open(&path).await,
            _ => stranger.fill("/sign-in", &path, &[]).await,
        };
        let turned_away = match line.verb {
            Verb::Get => unproven.header("location").starts_with("/sign-in"),
            _ => {
                unproven.status == StatusCode::UNAUTHORIZED
                    && !unproven.text.contains("id=\"password\"")
            }
        };
        assert_eq!(turned_away, line.who != Who::Anyone, "{what}: {unproven:?}");
        for role in Role::ALL {
            let admitted = match line.who {
                Who::Anyone | Who::SignedIn => true,
                Who::Roles(roles) | Who::Room(roles) => roles.contains(&role),
                Who::Operator => false,
            };
            let mut browser = node.browser(&format!("{role:?}").to_lowercase());
            let answer = match line.verb {
                Verb::Get => browser.open(&path).await,
                _ => browser.fill("/help", &path, &[]).await,
            };
            assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{what} as {role:?}");
            assert_eq!(answer.header("content-security-policy"), POLICY, "{what}");
            let refused = answer.status == StatusCode::FORBIDDEN;
            if !admitted {
                assert!(refused, "{what} as {role:?}: {}", answer.status);
            } else if refused {
                beyond.push((what.clone(), role));
            }
        }
    }
    let expected: Vec<_> =
        OF_OTHERS.iter().map(|(what, role)| ((*what).to_owned(), *role)).collect();
    assert_eq!(beyond, expected, "admitted, and refused all the same");
}

#[tokio::test]
async fn a_room_elsewhere_is_not_this_room() {
    let node = Node::new();
    node.account("turno", "cosc-umbria", &[Role::DutyOfficer, Role::Analyst]);
    let mut browser = node.browser("turno");
    for line in TABLE.iter().filter(|line| matches!(line.who, Who::Room(_))) {
        let path = line.path.replace(['{', '}'], "");
        let answer = match line.verb {
            Verb::Get => browser.open(&path).await,
            _ => browser.fill("/help", &path, &[]).await,
        };
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn machines_keep_their_addresses_and_browsers_get_pages() {
    let node = Node::new();
    let mut browser = node.stranger();
    let health = browser.open("/health").await;
    assert_eq!(
        (health.status, health.header("content-type")),
        (StatusCode::OK, "application/json")
    );
    let authority = browser.open("/ca.pem").await;
    assert!(
        !authority.header("content-type").starts_with("text/html"),
        "it is a file, to be saved"
    );
    let lost = browser.open("/nowhere").await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    assert!(lost.header("content-type").starts_with("text/html"));
    let wrong = browser.open("/sign-out").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
}
