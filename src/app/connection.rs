//! One connection: what is read and written on it, and the place that it takes.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    http::Request,
};
use axum_server::accept::Accept;
use http_body_util::BodyExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::futures::OwnedNotified,
};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::edge::connections::{Connections, Place};

/// How long a client may leave what we wrote unread before it is given up.
const WRITE_TIME: Duration = Duration::from_secs(15);

/// Takes no more connections at one time than allowed.
#[derive(Clone, Debug)]
pub(super) struct Limited<A> {
    inner: A,
    connections: Arc<Connections>,
}

impl<A> Limited<A> {
    pub(super) const fn over(inner: A, connections: Arc<Connections>) -> Self {
        Self { inner, connections }
    }
}

impl<A, I, S> Accept<I, S> for Limited<A>
where
    A: Accept<I, ()>,
    A::Stream: AsyncRead + AsyncWrite,
    A::Future: Send + 'static,
    S: Send + 'static,
{
    type Stream = Closable<A::Stream>;
    type Service = Placed<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let place = Arc::clone(&self.connections).take();
        // What it would tell the service of the TLS that is spoken, nobody asks.
        let accepted = self.inner.accept(stream, ());
        Box::pin(async move {
            let place = place.await.ok_or(io::ErrorKind::ConnectionRefused)?;
            let mut must_close = Box::pin(place.must_close());
            // Who never ends the TLS handshake waits in the line like everybody else.
            let (stream, _) = tokio::select! {
                () = &mut must_close => return Err(given_up()),
                accepted = accepted => accepted?,
            };
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(WRITE_TIME));
            let place = Arc::new(place);
            let stream = Closable {
                stream: Box::pin(stream),
                must_close,
                place: Arc::clone(&place),
            };
            Ok((stream, Placed { service, place }))
        })
    }
}

fn given_up() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// What is read and written, until the connection must close.
#[derive(Debug)]
pub(super) struct Closable<T> {
    stream: Pin<Box<TimeoutStream<T>>>,
    must_close: Pin<Box<OwnedNotified>>,
    place: Arc<Place>,
}

impl<T> Closable<T> {
    /// The stream, unless it must close.
    fn open(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TimeoutStream<T>>> {
        match self.must_close.as_mut().poll(context) {
            Poll::Ready(()) => Err(given_up()),
            Poll::Pending => Ok(self.stream.as_mut()),
        }
    }
}

impl<T: AsyncRead + AsyncWrite> AsyncRead for Closable<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.open(context)?.poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite> AsyncWrite for Closable<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.open(context)?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.open(context)?.poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(self.open(context)?.poll_flush(context));
        if flushed.is_ok() {
            self.place.is_read();
        }
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open(context)?.poll_shutdown(context)
    }
}

/// The service of one connection, which says for whom that waits: its client, or us.
#[derive(Clone, Debug)]
pub(super) struct Placed<S> {
    service: S,
    place: Arc<Place>,
}

impl<S, B> Service<Request<B>> for Placed<S>
where
    S: Service<Request<Body>>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let place = Arc::clone(&self.place);
        let request = if request.body().is_end_stream() {
            place.is_being_answered();
            request.map(Body::new)
        } else {
            let place = Arc::clone(&self.place);
            place.asks();
            // There are none: this is how one hears of the end of a body.
            let trailers = async move {
                place.is_being_answered();
                None
            };
            request.map(|body| Body::new(body.with_trailers(trailers)))
        };
        Answering {
            answer: Box::pin(self.service.call(request)),
            place,
        }
    }
}

/// An answer that is being made.
#[derive(Debug)]
pub(super) struct Answering<F> {
    answer: Pin<Box<F>>,
    place: Arc<Place>,
}

impl<F: Future> Future for Answering<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(self.answer.as_mut().poll(context));
        self.place.has_answer();
        Poll::Ready(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::to_bytes;
    use tokio::{io::AsyncWriteExt as _, sync::Notify};
    use tower::service_fn;

    use super::*;

    /// Reads the body, and answers when it is let go.
    async fn read_and_wait(request: Request<Body>, let_go: Arc<Notify>) -> Result<(), Infallible> {
        to_bytes(request.into_body(), 10).await.unwrap();
        let_go.notified().await;
        Ok(())
    }

    /// Whether the one connection there is gives way to another one.
    async fn gives_way(connections: &Arc<Connections>) -> bool {
        let closed = connections.closed();
        let next = Arc::clone(connections).take();
        // It has no place yet, whatever becomes of it.
        tokio::select! {
            biased;
            place = next => assert!(place.is_none()),
            () = std::future::ready(()) => {}
        }
        connections.closed() > closed
    }

    #[tokio::test]
    async fn r123_a_request_is_closed_for_others_until_its_body_is_there_and_not_while_it_is_answered()
     {
        let connections = Arc::new(Connections::at_most(1));
        let let_go = Arc::<Notify>::default();
        for body_is_there in [false, true] {
            let place = Arc::new(Arc::clone(&connections).take().await.unwrap());
            let mut placed = Placed {
                service: service_fn(|request| read_and_wait(request, Arc::clone(&let_go))),
                place: Arc::clone(&place),
            };
            let (mut client, body) = tokio::io::duplex(10);
            client.write_all(b"half").await.unwrap();
            if body_is_there {
                client.shutdown().await.unwrap();
            }
            let body = Body::from_stream(futures_util::stream::unfold(body, async |mut body| {
                let mut read = [0; 10];
                let length = tokio::io::AsyncReadExt::read(&mut body, &mut read).await;
                let length = length.unwrap();
                let part = Ok::<_, Infallible>(read[..length].to_vec());
                (length > 0).then_some((part, body))
            }));
            let mut answer = Box::pin(placed.call(Request::new(body)));
            tokio::select! {
                biased;
                _ = &mut answer => panic!("it is answered"),
                () = std::future::ready(()) => {}
            }
            assert_eq!(gives_way(&connections).await, !body_is_there);
            if body_is_there {
                let_go.notify_one();
                answer.await.unwrap();
                // Now its client has to read, and to ask anew.
                assert!(gives_way(&connections).await);
            }
            drop(place);
        }
    }

    #[tokio::test]
    async fn r123_what_must_close_is_neither_read_nor_written_any_more() {
        use tokio::io::AsyncReadExt as _;
        let connections = Arc::new(Connections::at_most(1));
        let place = Arc::clone(&connections).take().await.unwrap();
        let (_client, stream) = tokio::io::duplex(10);
        let mut stream = Closable {
            stream: Box::pin(TimeoutStream::new(stream)),
            must_close: Box::pin(place.must_close()),
            place: Arc::new(place),
        };
        stream.write_all(b"open").await.unwrap();
        // It waits for what its client sends when it is told.
        let reading = async { stream.read_u8().await.unwrap_err().kind() };
        let (end, was_closed) = tokio::join!(reading, gives_way(&connections));
        assert!(was_closed);
        assert_eq!(end, io::ErrorKind::ConnectionAborted);
        let end = stream.write_all(b"shut").await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::ConnectionAborted);
    }
}
