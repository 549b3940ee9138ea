//! Serves the interface over a stand-in daemon in memory, for trying it and for fuzzing it. Not here: a daemon.
//!
//! `cargo run -p newsreel-api --example standin -- 127.0.0.1:8470`

#[path = "../tests/common/mod.rs"]
mod common;

use std::io;
use std::sync::Arc;

use common::{Door, Standin};
use newsreel_api::{Options, router};

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8470".to_owned());
    let mut standin = Standin::new();
    standin.lenient = true;
    let routes = router(
        Arc::new(standin),
        Arc::new(Door::open()),
        Options::default(),
    );
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await
}
