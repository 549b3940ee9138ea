//! Hot paths alone, for `scripts/guards` to count their instructions: the router over a daemon in memory. Not here: an assertion.
//!
//! `hot-api submit N`: a job is submitted. `hot-api list N`: a page of jobs is asked for.
#![allow(
    clippy::unwrap_used,
    reason = "a measuring tool may stop at the first surprise"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::Client;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap();
    let count: u32 = arguments.next().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let client = Client::new();
        for _ in 0..20 {
            client.job().await;
        }
        for _ in 0..count {
            if path == "submit" {
                client.job().await;
            } else {
                assert_eq!(client.get("/v1/jobs?limit=20").await.status, 200);
            }
        }
    });
}
