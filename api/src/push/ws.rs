//! Events over a WebSocket, each an envelope in a text message. Not here: which ones (`listen`).

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;

use super::listen::{From, Listener};
use crate::document::{Upgrades, WsQuery};
use crate::problem::{Problem, Reason};
use crate::read::Wanted;
use crate::seen::Seen;
use crate::state::Api;

/// Clients have nothing to say here.
const MAX_MESSAGE_BYTES: usize = 4096;

/// Between two pings, and how long a message may take to be sent.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Listen over a WebSocket
///
/// Each message is an envelope. Without `after`, from now on, or from the first event of `job` on. What a client sends is
/// ignored.
#[utoipa::path(
    get,
    path = "/v1/ws",
    operation_id = "listenOverWebSocket",
    tag = "events",
    params(WsQuery),
    responses(Upgrades)
)]
pub(crate) async fn socket(
    State(api): State<Api>,
    seen: Seen,
    wanted: Wanted,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| {
        Problem::new(
            Reason::UpgradeRequired,
            "this is for WebSocket clients; `/v1/events` has the same for others",
        )
    })?;
    let from = match (wanted.after, wanted.job) {
        (Some(id), _) => From::After(id),
        (None, Some(_)) => From::Start,
        (None, None) => From::Now,
    };
    let listener = Listener::new(&api, &seen, wanted.job, from).await?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES);
    Ok(upgrade.on_upgrade(move |socket| tell(socket, listener)))
}

async fn tell(mut socket: WebSocket, mut listener: Listener) {
    let mut alive = tokio::time::interval(ALIVE_EVERY);
    loop {
        let message = tokio::select! {
            told = listener.next() => match told {
                Some(told) => Message::Text(Utf8Bytes::from(told.json.clone())),
                None => {
                    let frame = CloseFrame { code: close_code::AGAIN, reason: Utf8Bytes::from_static("too far behind; come again with `after`") };
                    let _ = socket.send(Message::Close(Some(frame))).await;
                    return;
                }
            },
            _ = alive.tick() => Message::Ping(axum::body::Bytes::new()),
            said = socket.recv() => match said {
                Some(Ok(_)) => continue,
                _ => return,
            },
        };
        // One that does not read is not waited for.
        match tokio::time::timeout(ALIVE_EVERY, socket.send(message)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
}
