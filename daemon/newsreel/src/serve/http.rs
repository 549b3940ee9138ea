//! Connections: accepted, limited, ended. Not what is said over them (`newsreel-api`).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use newsreel_model::access::Gate;
use newsreel_model::control::Control;
use newsreel_model::{Code, Error, Result};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// The most connections at a time; more wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;
/// How long the head of a request may take: who sends it a byte a second does not keep a connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a client may leave what was sent to it unread, in milliseconds.
const UNREAD_MS: u32 = 60_000;
/// How long answers underway may take when the daemon is told to stop.
const LINGER: Duration = Duration::from_secs(2);

/// Serves until `stopping` says so.
///
/// # Errors
/// The runtime cannot be started, or the listener failed.
pub fn serve(
    listener: std::net::TcpListener,
    control: Arc<dyn Control>,
    gate: Arc<dyn Gate>,
    options: newsreel_api::Options,
    stopping: watch::Receiver<bool>,
) -> Result<()> {
    let failed = |e: io::Error| {
        Error::new(
            Code::EngineUnavailable,
            format!("the HTTP interface cannot go on: {e}"),
        )
    };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("http")
        .enable_all()
        .build()
        .map_err(failed)?
        .block_on(async move {
            let listener = TcpListener::from_std(listener)?;
            let app = newsreel_api::router(control, gate, options);
            accept(listener, app, stopping).await
        })
        .map_err(failed)
}

async fn accept(
    listener: TcpListener,
    app: axum::Router,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(e) => {
                    // Out of descriptors, as a rule: the connections there are will end.
                    tracing::warn!("a connection cannot be accepted: {e}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let service = TowerToHyperService::new(app.clone());
        // Best effort: without it, one that does not read is cut off when its kernel gives up.
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, UNREAD_MS);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            // A client that breaks off is its own affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    // Players keep connections open: they must not keep the daemon.
    let _ = tokio::time::timeout(LINGER, graceful.shutdown()).await;
    Ok(())
}
