//! Frames out of a stream of octets: each a length (`u32`, big-endian) and so many octets.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;

/// The frames that come in. Nothing is read ahead of the frame that is asked for but what the
/// window already let through.
#[derive(Debug)]
pub struct Frames<B = Incoming> {
    body: B,
    buffer: BytesMut,
    largest: usize,
    /// Whether something came since that was asked.
    came: bool,
}

/// Why no more frames come.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The peer ended the stream, perhaps within a frame.
    #[error("the peer ended the stream")]
    Ended,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Connection(String),
    /// A frame larger than allowed.
    #[error("the peer announced a frame of {0} octets, more than {1}")]
    TooLarge(usize, usize),
}

/// The body in which frames go out: what is put in the channel.
#[derive(Debug)]
pub struct Outgoing(mpsc::Receiver<Bytes>);

/// Octets of the length before each frame.
const LENGTH: usize = 4;

impl<B> Frames<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    /// Of a body, with the largest frame that is let through.
    pub fn of(body: B, largest: usize) -> Self {
        Self { body, buffer: BytesMut::new(), largest, came: false }
    }

    /// The next frame, without its length. Cancelled, it loses nothing.
    ///
    /// # Errors
    /// [`Broken`].
    pub async fn next(&mut self) -> Result<Bytes, Broken> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            let piece = std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await;
            match piece {
                None => return Err(Broken::Ended),
                Some(Err(error)) => return Err(Broken::Connection(error.to_string())),
                Some(Ok(piece)) => {
                    if let Ok(octets) = piece.into_data() {
                        self.came |= !octets.is_empty();
                        self.buffer.extend_from_slice(&octets);
                    }
                }
            }
        }
    }

    /// Whether something came since this was asked last, if only a part of a frame.
    pub fn came(&mut self) -> bool {
        std::mem::take(&mut self.came)
    }

    fn take(&mut self) -> Result<Option<Bytes>, Broken> {
        let Some(length) = self.buffer.first_chunk::<LENGTH>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.largest {
            return Err(Broken::TooLarge(length, self.largest));
        }
        if self.buffer.len() < LENGTH + length {
            // The room grows with what comes: to announce much costs nobody anything.
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

impl Outgoing {
    /// A body, and where to put its frames.
    #[must_use]
    pub fn with_room_for(frames: usize) -> (mpsc::Sender<Bytes>, Self) {
        let (sender, receiver) = mpsc::channel(frames);
        (sender, Self(receiver))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|octets| octets.map(|octets| Ok(Frame::data(octets))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(pieces: &[&[u8]], largest: usize) -> (Vec<Bytes>, Broken) {
        let (sender, body) = Outgoing::with_room_for(pieces.len().max(1));
        for piece in pieces {
            sender.try_send(Bytes::copy_from_slice(piece)).unwrap();
        }
        drop(sender);
        let (mut frames, mut whole) = (Frames::of(body, largest), Vec::new());
        loop {
            match frames.next().await {
                Ok(frame) => whole.push(frame),
                Err(broken) => return (whole, broken),
            }
        }
    }

    #[tokio::test]
    async fn frames_are_whole_however_they_are_cut() {
        let octets = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1, 9];
        for cut in 1..octets.len() {
            let pieces: Vec<_> = octets.chunks(cut).collect();
            let (whole, broken) = of(&pieces, 3).await;
            assert_eq!(whole, [&[1, 2, 3][..], &[], &[9]]);
            assert!(matches!(broken, Broken::Ended));
        }
    }

    #[tokio::test]
    async fn a_frame_too_large_is_refused_before_it_is_read() {
        let (whole, broken) = of(&[&[0, 0, 0, 1, 5, 0xff, 0xff, 0xff, 0xff]], 1 << 20).await;
        assert_eq!(whole.len(), 1);
        assert!(matches!(broken, Broken::TooLarge(0xffff_ffff, _)));
    }

    #[tokio::test]
    async fn what_is_only_announced_takes_no_room() {
        let (sender, body) = Outgoing::with_room_for(1);
        sender.try_send(Bytes::from_static(&[0, 0xc0, 0, 0, 1, 2, 3])).unwrap();
        drop(sender);
        let mut frames = Frames::of(body, 13 << 20);
        assert!(matches!(frames.next().await, Err(Broken::Ended)));
        assert_eq!(frames.buffer.len(), 7);
        assert!(frames.buffer.capacity() < 64 << 10, "{}", frames.buffer.capacity());
    }
}
