//! A node's answer is refused, or tells the same events wherever the network cuts it.

#![no_main]

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, ReadBuf, join, sink};
use vedetta_client::Following;

/// An answer that comes so many octets at a time.
struct Pieces<'a>(&'a [u8], usize);

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (piece, rest) = self.0.split_at(self.1.min(into.remaining()).min(self.0.len()));
        into.put_slice(piece);
        self.0 = rest;
        Poll::Ready(Ok(()))
    }
}

async fn events(answer: &[u8], cut: usize) -> (Vec<(u64, Vec<u8>)>, bool) {
    let (stream, mut events) = (join(Pieces(answer, cut), sink()), Vec::new());
    let Ok(mut following) = Following::over(stream, "node", None, None).await else {
        return (events, false);
    };
    loop {
        match following.next(|id, data| events.push((id, data.to_vec()))).await {
            Ok(true) => {}
            ended => return (events, ended.is_ok()),
        }
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(it) => it,
        Poll::Pending => unreachable!("all of it is there"),
    }
}

fuzz_target!(|answer: &[u8]| {
    let whole = now(events(answer, usize::MAX));
    assert_eq!(now(events(answer, 7)), whole);
    let octets = whole.0.iter().map(|(_, data)| data.len()).sum::<usize>();
    assert!(octets <= answer.len());
});
