//! URL parameters are taken as they are described, and as nothing else.

use http::StatusCode;
use vedetta_api::access::{Parameter, Shape, TABLE, Verb, Who};

use crate::door::Door;

/// What must be asked beside, where something must.
const BESIDE: &[(&str, &str)] = &[("/api/v1/lapses/items", "agreement=act&")];

/// Values that a parameter takes, and one that it does not.
fn samples(parameter: &Parameter) -> Option<(Vec<String>, &'static str)> {
    match parameter.shape {
        Shape::Text | Shape::Texts => None,
        Shape::Word(words) => Some((words.iter().map(|it| (*it).to_owned()).collect(), "nobody")),
        Shape::Flag => Some((["true", "false"].map(str::to_owned).to_vec(), "maybe")),
        Shape::Moment => Some((vec!["2026-03-02T08:00:00Z".to_owned()], "yesterday")),
        Shape::Number { least, most, .. } => {
            let most = (most < u64::MAX).then_some(most);
            Some(([least].into_iter().chain(most).map(|it| it.to_string()).collect(), "many"))
        }
    }
}

#[tokio::test]
async fn every_parameter_takes_what_is_described_and_nothing_else() {
    let door = Door::new();
    let token = door.token("admin");
    let routes = TABLE.iter().filter(|it| it.verb == Verb::Get && it.who != Who::Operator);
    let mut tried = 0;
    for route in routes.filter(|it| !it.path.contains('{')) {
        let beside = BESIDE.iter().find(|(path, _)| *path == route.path).map_or("", |it| it.1);
        for parameter in route.query {
            let Some((taken, refused)) = samples(parameter) else { continue };
            let ask = async |value: &str| {
                let line = format!("GET {}?{beside}{}={value}", route.path, parameter.name);
                (door.ask(&token, &line, None).await.status, line)
            };
            for value in &taken {
                let (status, line) = ask(value).await;
                assert_ne!(status, StatusCode::BAD_REQUEST, "{line}");
            }
            let (status, line) = ask(refused).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{line}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}
