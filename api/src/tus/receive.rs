//! Takes a piece of an upload from the connection and passes it on as it comes. Not here: where it goes.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use newsreel_model::Error;
use newsreel_model::uploads::{Arriving, UploadView};

use crate::problem::{Problem, Reason};

/// Writes the body, piece by piece, to where it belongs, until it ends, breaks off, or brings nothing for `idle`. What came is
/// kept in each case. It goes on when its caller is dropped, as the library does with a handler whose client is gone.
pub(crate) async fn receive(
    body: Body,
    into: Box<dyn Arriving>,
    idle: Duration,
) -> Result<UploadView, Problem> {
    let pumped = tokio::spawn(pump(body, into, idle));
    let failed = |e: tokio::task::JoinError| Error::bug(format!("a request panicked: {e}"));
    pumped.await.map_err(failed)?
}

async fn pump(
    mut body: Body,
    mut into: Box<dyn Arriving>,
    idle: Duration,
) -> Result<UploadView, Problem> {
    let came = loop {
        match tokio::time::timeout(idle, body.frame()).await {
            Err(_) => {
                let words = "nothing came for too long; go on from where the upload is";
                break Err(Problem::new(Reason::BodyTimedOut, words));
            }
            Ok(None) => break Ok(()),
            Ok(Some(Err(_))) => break Err(Problem::malformed("the body broke off")),
            Ok(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else {
                    continue;
                };
                if let Err(error) = into.write(bytes.into()).await {
                    break Err(error.into());
                }
            }
        }
    };
    let ended = into.end().await;
    came.and(ended.map_err(Problem::from))
}
