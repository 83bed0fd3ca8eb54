//! What a webhook call is, who believes it, and when it comes again.

use std::time::Duration;

use proptest::prelude::*;
use vedetta_diffusion::webhook::{
    ATTEMPTS, Answer, Destination, Inner, Next, Notice, SIGNATURE_HEADER, Secret, VerifyError,
    again, answer, call, verify,
};
use vedetta_model::{Entropy, Instant, Tlp};
use vedetta_policy::Cleared;

use crate::world::{NOW, PRODUCER, STRANGER, clear};

const TOLERANCE: Duration = Duration::from_mins(5);

fn secret(byte: u8) -> Secret {
    Secret::new(&[byte; 32]).unwrap()
}

fn notice(tlp: Tlp) -> Cleared<Notice> {
    clear(tlp, Notice { id: 7, tlp, body: r#"{"id":"7"}"#.into() })
}

fn destination() -> Destination {
    Destination::new("https://soc.comune.example/hook", &Inner::default()).unwrap()
}

fn signature(secrets: &[Secret]) -> String {
    let call = call(&notice(Tlp::Amber), &PRODUCER, &destination(), secrets, 2, NOW).unwrap();
    let found = call.headers.iter().find(|(name, _)| *name == SIGNATURE_HEADER);
    found.unwrap().1.clone()
}

#[test]
fn a_call_is_one_signed_request() {
    let call = call(&notice(Tlp::Amber), &PRODUCER, &destination(), &[secret(1)], 2, NOW).unwrap();
    assert_eq!((call.method, call.url.as_str()), ("POST", "https://soc.comune.example/hook"));
    assert!(call.headers.contains(&("Vedetta-Call".into(), "7".into())));
    assert!(call.headers.contains(&("Vedetta-Attempt".into(), "2".into())));
    // printf '1800000000.{"id":"7"}' | openssl mac -digest SHA256 -macopt hexkey:01…01 HMAC
    let expected =
        "t=1800000000,v1=c58e01f2cb31f79ed7e2afd56c55e107cc12b20182221f6a215cae5d846b1f2c";
    assert_eq!(signature(&[secret(1)]), expected);
    assert!(!format!("{:?}", secret(1)).contains('1'));
}

#[test]
fn nothing_is_called_out_to_strangers_nor_red() {
    let secrets = [secret(1)];
    assert!(call(&notice(Tlp::Amber), &STRANGER, &destination(), &secrets, 1, NOW).is_none());
    assert!(call(&notice(Tlp::Red), &PRODUCER, &destination(), &secrets, 1, NOW).is_none());
}

#[test]
fn only_the_right_call_in_time_is_believed() {
    let header = signature(&[secret(1), secret(2)]);
    let check =
        |body: &str, byte, now| verify(&header, body.as_bytes(), &secret(byte), now, TOLERANCE);
    let body = r#"{"id":"7"}"#;
    assert_eq!(check(body, 1, NOW), Ok(()));
    assert_eq!(check(body, 2, NOW.after(TOLERANCE)), Ok(()));
    assert_eq!(check(body, 3, NOW), Err(VerifyError::Wrong));
    assert_eq!(check(r#"{"id":"8"}"#, 1, NOW), Err(VerifyError::Wrong));
    let later = NOW.after(TOLERANCE + Duration::from_secs(1));
    assert_eq!(check(body, 1, later), Err(VerifyError::Stale));
    assert_eq!(check(body, 1, Instant::from_micros(i64::MIN)), Err(VerifyError::Stale));
    let moved = header.replace("t=18", "t=19");
    assert_eq!(
        verify(&moved, body.as_bytes(), &secret(1), NOW, TOLERANCE),
        Err(VerifyError::Wrong)
    );
    assert!(Secret::new(&[1; 31]).is_err());
}

struct Dice(u8);

impl Entropy for Dice {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

#[test]
fn it_comes_again_ever_later_and_then_no_more() {
    let wait = |attempt, dice| match again(attempt, NOW, &Dice(dice)) {
        Next::At(moment) => Some(moment.since(NOW)),
        Next::DeadLetter => None,
    };
    assert_eq!(wait(1, 0), Some(Duration::from_secs(8)));
    assert!(wait(1, 255).unwrap() <= Duration::from_secs(12));
    assert_eq!(wait(ATTEMPTS - 1, 128).unwrap().as_secs() / 3_600, 6);
    for attempt in 1..ATTEMPTS - 1 {
        assert!(wait(attempt, 255).unwrap() < wait(attempt + 1, 0).unwrap(), "{attempt}");
    }
    assert_eq!((wait(ATTEMPTS, 0), wait(0, 0), wait(u32::MAX, 0)), (None, None, None));
}

#[test]
fn answers_are_understood() {
    assert_eq!(answer(Some(204)), Answer::Taken);
    assert_eq!(answer(Some(410)), Answer::Gone);
    for failed in [None, Some(302), Some(404), Some(429), Some(500), Some(0)] {
        assert_eq!(answer(failed), Answer::Failed);
    }
}

proptest! {
    #[test]
    fn no_header_is_believed_by_chance(header in "(t=[0-9-]{0,20},)?(v1=[0-9a-fx]{0,70},?){0,10}|\\PC{0,60}") {
        let believed = verify(&header, b"x", &secret(1), NOW, TOLERANCE);
        prop_assert!(believed.is_err());
    }
}
