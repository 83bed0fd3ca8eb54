//! Files of a case.

use vedetta_watch::desk::Audience;
use vedetta_watch::{NewFile, WatchError};

use crate::room::{Room, is_conflict, is_unknown, liaison, officer};

#[test]
fn a_file_is_kept_once_and_given_back_as_it_was() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "caso", "x");
    let new = |version, octets: &[u8]| NewFile {
        version,
        name: "../registri.csv".into(),
        octets: octets.to_vec(),
        audience: Audience::Room,
    };
    let version = |by| room.watch.case(by, &number).unwrap().version;
    let (terni, sala) = (liaison("terni"), officer());
    let view = room.watch.attach(&terni, &number, new(version(&terni), b"a,b\n1,2\n")).unwrap();
    let file = view.incident.files[0].clone();
    // Who does not lead the case cannot hide a file from those who take part in it.
    assert_eq!((file.name.as_str(), file.audience), ("registri.csv", Audience::Participants));
    let found = room.reopened().file(&sala, &number, &file.sha256).unwrap();
    assert_eq!(
        (found.octets.as_slice(), found.file.media.as_str()),
        (&b"a,b\n1,2\n"[..], "text/csv")
    );
    assert!(is_conflict(room.watch.attach(&sala, &number, new(version(&sala), b"a,b\n1,2\n"))));
    assert!(is_unknown(room.watch.file(&liaison("perugia"), &number, &file.sha256)));
    assert!(is_unknown(room.watch.file(&sala, &number, &"0".repeat(64))));
    let program = room.watch.attach(&sala, &number, new(version(&sala), b"MZ\x90\0"));
    assert!(program.is_err_and(|error| error.to_string().contains("a program")));
    let stale = room.watch.attach(&sala, &number, new(vedetta_flow::Sequence(1), b"x"));
    assert!(matches!(stale, Err(WatchError::Stale(_))));
    // Taken back, it is no longer the case's.
    room.watch.undo_case(&sala, &number, version(&sala)).unwrap();
    assert!(is_unknown(room.watch.file(&sala, &number, &file.sha256)));
}
