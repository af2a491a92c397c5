//! Listens, and stops gracefully.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum_server::{
    Handle,
    accept::{Accept, DefaultAcceptor, NoDelayAcceptor},
    tls_openssl::{OpenSSLAcceptor, OpenSSLConfig},
};
use hyper_util::rt::TokioTimer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::{
    config::sections::{Metrics, Server},
    sys::tls,
    telemetry::metrics,
    web::{Front, router},
};

/// How long a request's head may take to arrive, and a connection may stay idle.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a client may leave what we wrote unread before it is given up.
const WRITE_TIME: Duration = Duration::from_secs(15);
/// How much of a head is buffered at once; one that is some times larger is refused.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How many machines may ask for the counts at one time.
const MOST_WATCHERS: usize = 16;

/// Serves until `stop` is done, then lets the requests under way end.
///
/// Calls `ready` with the address once connections are taken.
///
/// # Errors
///
/// The address cannot be listened on, or the certificate cannot be used.
pub async fn serve(
    front: Arc<Front>,
    server: &Server,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = std::net::TcpListener::bind(server.listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let service = router(front).into_make_service_with_connect_info::<SocketAddr>();
    let limit = Arc::new(Semaphore::new(
        usize::try_from(server.max_connections).unwrap_or(1),
    ));
    let tls = match &server.tls {
        None => None,
        Some(tls) => Some(
            tls::acceptor(&tls.certificate, &tls.key)
                .map(OpenSSLConfig::from_acceptor)
                .map_err(io::Error::other)?,
        ),
    };
    let listening = listening(listener)?.handle(handle.clone());
    let run = async move {
        match tls {
            None => {
                listening
                    .acceptor(Limited::over(NoDelayAcceptor, limit))
                    .serve(service)
                    .await
            }
            Some(tls) => {
                let tls = OpenSSLAcceptor::new(tls).acceptor(NoDelayAcceptor);
                listening
                    .acceptor(Limited::over(tls, limit))
                    .serve(service)
                    .await
            }
        }
    };
    let mut run = std::pin::pin!(run);
    ready(address);
    tokio::select! {
        end = &mut run => return end,
        () = stop => {}
    }
    handle.graceful_shutdown(Some(Duration::from_secs(server.stop_grace_seconds.into())));
    run.await
}

/// Tells what is counted, at the address of `[metrics]`, until the process ends.
///
/// # Errors
///
/// The address cannot be listened on.
pub fn tell_metrics(front: Arc<Front>, metrics: Metrics) -> io::Result<JoinHandle<()>> {
    let listener = std::net::TcpListener::bind(metrics.listen)?;
    listener.set_nonblocking(true)?;
    let limit = Arc::new(Semaphore::new(MOST_WATCHERS));
    let listening = listening(listener)?.acceptor(Limited::over(NoDelayAcceptor, limit));
    let service = metrics::router(front).into_make_service();
    Ok(tokio::spawn(async move {
        if let Err(error) = listening.serve(service).await {
            tracing::error!(error.cause = %error, "what is counted is told no more");
        }
    }))
}

/// HTTP as it is spoken here, to whomever: version 1.1, in bounds.
fn listening(
    listener: std::net::TcpListener,
) -> io::Result<axum_server::Server<SocketAddr, DefaultAcceptor>> {
    let mut listening = axum_server::from_tcp(listener)?.http1_only();
    listening
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD_BYTES);
    Ok(listening)
}

/// Takes no more connections at one time than allowed: the next one is closed at once.
#[derive(Clone, Debug)]
struct Limited<A> {
    inner: A,
    limit: Arc<Semaphore>,
}

impl<A> Limited<A> {
    const fn over(inner: A, limit: Arc<Semaphore>) -> Self {
        Self { inner, limit }
    }
}

impl<A, I, S> Accept<I, S> for Limited<A>
where
    A: Accept<I, S>,
    A::Stream: AsyncRead + AsyncWrite,
    A::Future: Send + 'static,
{
    type Stream = Pin<Box<TimeoutStream<A::Stream>>>;
    type Service = Permitted<A::Service>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let Ok(permit) = Arc::clone(&self.limit).try_acquire_owned() else {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        };
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(WRITE_TIME));
            let stream = Box::pin(stream);
            Ok((
                stream,
                Permitted {
                    service,
                    _permit: Arc::new(permit),
                },
            ))
        })
    }
}

/// The service of one connection, which gives its place back when it ends.
#[derive(Clone, Debug)]
struct Permitted<S> {
    service: S,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl<S: Service<R>, R> Service<R> for Permitted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.service.call(request)
    }
}
