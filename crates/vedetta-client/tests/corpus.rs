//! What a hostile node answers, replayed; the fuzz target starts from it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use tokio::io::{AsyncWriteExt as _, duplex};
use vedetta_client::Following;

/// The events of an answer that comes in two pieces, and whether it was one to its end.
async fn events(answer: &[u8], cut: usize) -> (Vec<(u64, Vec<u8>)>, bool) {
    let (near, mut far) = duplex(64 << 10);
    let (first, rest) = answer.split_at(cut);
    let answers = async move {
        far.write_all(first).await.unwrap();
        tokio::task::yield_now().await;
        // Who was refused has hung up.
        let _heard = far.write_all(rest).await.is_ok();
    };
    let follows = async move {
        let mut events = Vec::new();
        let Ok(mut following) = Following::over(near, "node", None, None).await else {
            return (events, false);
        };
        loop {
            match following.next(|id, data| events.push((id, data.to_vec()))).await {
                Ok(true) => {}
                ended => return (events, ended.is_ok()),
            }
        }
    };
    tokio::join!(follows, answers).0
}

#[tokio::test]
async fn the_corpus_client_stream_is_followed_or_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/client_stream");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(files.len() >= 6);
    for file in files {
        let answer = std::fs::read(&file).unwrap();
        let whole = events(&answer, answer.len()).await;
        let name = file.file_name().unwrap().to_string_lossy();
        assert_eq!(whole.1, !name.starts_with("refused"), "{name}");
        let ids: Vec<u64> = whole.0.iter().map(|(id, _)| *id).collect();
        match &*name {
            "events" => assert_eq!(ids, [7, 11]),
            "refused-no-size" => assert_eq!(ids, [7], "what came before is told"),
            _ => assert!(ids.is_empty(), "{name}"),
        }
        for cut in 0..answer.len() {
            assert_eq!(events(&answer, cut).await, whole, "{name} cut at {cut}");
        }
    }
}
