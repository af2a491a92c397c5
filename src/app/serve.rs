//! Listens, and stops gracefully.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{ServiceExt, extract::Request};
use axum_server::{
    Handle,
    accept::{DefaultAcceptor, NoDelayAcceptor},
    tls_openssl::{OpenSSLAcceptor, OpenSSLConfig},
};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::TcpSocket,
    task::JoinHandle,
    time::{interval, sleep, timeout},
};

use super::{
    connection::Limited,
    door::{Caller, Door, Key},
    live::Live,
};
use crate::{
    config::sections::{Metrics, Server},
    edge::connections::Connections,
    sys::tls,
};

/// How long a request's head may take to arrive, and a connection may stay idle.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How much of a head is buffered at once; one that is some times larger is refused.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How many connections the kernel keeps for us until we take them, where it allows so many: of a flood that
/// comes at once, those beyond it wait for a second and more before they try again.
const BACKLOG: u32 = 4096;

/// How long from one beat of [`pulse`] to the next: less than nearly every time limit of ours, and much
/// more than it costs.
const PULSE: Duration = Duration::from_millis(500);

/// How long a connection that was taken before the end may be silent, or in its TLS handshake, and still be served.
const FIRST_WORDS: Duration = Duration::from_secs(1);

/// How long connections may take to end that are told to, and how often is looked whether they have.
const LAST_CONNECTIONS: Duration = Duration::from_secs(1);
const LAST_BEAT: Duration = Duration::from_millis(5);

/// How many machines may ask for the counts at one time.
const MOST_WATCHERS: usize = 16;

/// Serves, where `server` says, until `stop` is done, then lets the requests under way end.
///
/// Calls `ready` with the address once connections are taken.
///
/// # Errors
///
/// The address cannot be listened on, or the certificate cannot be used.
pub async fn serve(
    live: &Arc<Live>,
    server: &Server,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = bind(server.listen)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    live.current().front.bridge.store.open();
    let limit = Arc::clone(&live.current().front.connections);
    let routes = live.routes();
    let service = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(routes);
    let tls = match &server.tls {
        None => None,
        Some(tls) => Some(
            tls::acceptor(&tls.certificate, &tls.key)
                .map(OpenSSLConfig::from_acceptor)
                .map_err(io::Error::other)?,
        ),
    };
    if let Some(tls) = &tls {
        live.keeps_tls(tls);
    }
    let (listening, door) = listening(listener)?;
    let listening = listening.handle(handle.clone());
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
        never = pulse() => match never {},
        () = stop => {}
    }
    let grace = Duration::from_secs(live.current().server.stop_grace_seconds.into());
    tokio::select! {
        end = &mut run => return end,
        () = let_speak(&door, &handle, grace) => {}
    }
    handle.graceful_shutdown(Some(grace));
    let end = run.await;
    // Past the grace those that are left are told to end, and are waited for by nobody; what they have come to is still
    // to be kept.
    let over = async {
        while handle.connection_count() > 0 {
            sleep(LAST_BEAT).await;
        }
    };
    let _in_time = timeout(LAST_CONNECTIONS, over).await;
    end
}

/// Takes no connection from now on, and waits for what those that were taken are asked for.
///
/// A connection on which nothing has come yet is closed by what follows, and what is on its way there is lost; a
/// password is never sent again by a balancer.
async fn let_speak(door: &Key, handle: &Handle<Caller>, grace: Duration) {
    door.shut().await;
    if handle.connection_count() > 0 {
        sleep(FIRST_WORDS.min(grace)).await;
    }
}

/// Has something fall due soon, always.
///
/// The thread that waits for connections has said until when it sleeps. Whoever sets a time limit that
/// ends before that wakes it, to have it say so anew: each question to CAS or to a directory did, and paid
/// for one thread waking another. Such limits end after the next beat.
async fn pulse() -> Infallible {
    let mut beats = interval(PULSE);
    loop {
        beats.tick().await;
    }
}

/// Compares our clock with those of the store and of the other nodes, again and again, until the process ends.
pub async fn compare_clocks(live: Arc<Live>) {
    loop {
        let again_after = {
            let current = live.current();
            let bridge = &current.front.bridge;
            bridge.store.compare_clocks(&*bridge.clock).await
        };
        sleep(again_after).await;
    }
}

/// Tells what is counted, at the address of `[metrics]`, until the process ends.
///
/// # Errors
///
/// The address cannot be listened on.
pub fn tell_metrics(live: &Arc<Live>, metrics: Metrics) -> io::Result<JoinHandle<()>> {
    let listener = bind(metrics.listen)?;
    let limit = Arc::new(Connections::at_most(MOST_WATCHERS));
    // Never shut: it is there to the end.
    let (listening, _) = listening(listener)?;
    let listening = listening.acceptor(Limited::over(NoDelayAcceptor, limit));
    let service = ServiceExt::<Request>::into_make_service(live.metrics());
    Ok(tokio::spawn(async move {
        if let Err(error) = listening.serve(service).await {
            tracing::error!(error.cause = %error, "what is counted is told no more");
        }
    }))
}

fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // After a restart, the connections of before may not have ended yet.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// HTTP as it is spoken here, to whomever: version 1.1, in bounds; and what ends the taking of connections.
fn listening(
    listener: std::net::TcpListener,
) -> io::Result<(axum_server::Server<Caller, DefaultAcceptor>, Key)> {
    let (door, key) = Door::at(listener)?;
    let mut listening = axum_server::Server::from_listener(door).http1_only();
    listening
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD_BYTES);
    Ok((listening, key))
}
