use vedetta_model::AccountId;

use super::*;
use crate::run::Act;

const STEP: &str = "action--11111111-1111-4111-8111-111111111111";

/// A playbook of two steps: one finds an address out, one has it blocked.
fn playbook(target: &str, header: &str) -> Playbook {
    let text = include_str!("tests/block.json");
    let text = text.replace("TARGET", target).replace("HEADER", header);
    let reading = cacao::read(text.as_bytes());
    assert_eq!(reading.faults, []);
    reading.playbook.unwrap()
}

fn run(playbook: &Playbook, address: &str) -> Run {
    let (by, at) = (AccountId::new("sala").unwrap(), "2026-03-02T08:00:00Z".parse().unwrap());
    let run = Run::begin(playbook, 1, (&by, at)).unwrap();
    let found = [("__address__".to_owned(), address.to_owned())].into();
    let finish = Act::Finish { node: 1, outcome: Default::default(), found, note: String::new() };
    let run = run.act(playbook, finish, (&by, at)).unwrap();
    assert_eq!(run.open[&2].step, STEP);
    run
}

fn asked(target: &str, address: &str, allowed: &str) -> Result<Prepared, CallError> {
    let playbook = playbook(target, "X-Case");
    let hosts = Hosts([allowed.to_owned()].into());
    prepare(&run(&playbook, address), &playbook, (2, 0), &hosts)
}

#[test]
fn a_request_goes_to_an_allowed_host_with_what_was_found_out() {
    let it = asked("/v1/block/__address__:value", "203.0.113.7", "fw.example.org:8443").unwrap();
    assert_eq!(it.url, "https://fw.example.org:8443/v1/block/203.0.113.7");
    assert_eq!(it.content, br#"{"address":"203.0.113.7"}"#);
    assert_eq!(it.headers, [("X-Case".to_owned(), "203.0.113.7".to_owned())]);
    let refused = asked("/v1/block", "x", "fw.example.org");
    assert_eq!(refused, Err(CallError::Host("fw.example.org:8443".into())));
}

#[test]
fn what_was_found_out_stays_in_its_place() {
    let odd = "a/../../admin?x=1#\" }, \"all\": true";
    let it = asked("/v1/block/__address__:value", odd, "fw.example.org:8443").unwrap();
    assert!(
        it.url.ends_with(
            "/v1/block/a%2F..%2F..%2Fadmin%3Fx%3D1%23%22%20%7D%2C%20%22all%22%3A%20true"
        )
    );
    let body: serde_json::Value = serde_json::from_slice(&it.content).unwrap();
    assert_eq!(body, serde_json::json!({ "address": odd }));
}

#[test]
fn nothing_leads_to_another_host() {
    for target in [
        "https://fw.example.org:8443@evil.example/",
        "https://evil.example/?fw.example.org:8443",
        "https://__address__:value/",
        "http://fw.example.org:8443/",
        "https://FW.example.org:8443.evil.example/",
    ] {
        let refused = asked(target, "evil.example", "fw.example.org:8443");
        let refused = refused.expect_err(target);
        assert!(matches!(refused, CallError::Host(_) | CallError::Address(_)), "{refused}");
    }
    let whole = asked("https://FW.example.org:8443/x", "y", "fw.example.org:8443").unwrap();
    assert_eq!(whole.host, "fw.example.org:8443");
}

#[test]
fn headers_of_the_connection_are_not_the_playbooks() {
    for header in ["Host", "content-length", "Transfer-Encoding", "X Y"] {
        let playbook = playbook("/v1/block", header);
        let hosts = Hosts(["fw.example.org:8443".to_owned()].into());
        let refused = prepare(&run(&playbook, "x"), &playbook, (2, 0), &hosts);
        assert_eq!(refused, Err(CallError::Header(header.into())));
    }
}
