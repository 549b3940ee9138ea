//! Events over real sockets: what a listener misses, repeats, and what one that does not read costs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests, where a panic is the report"
)]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Door, Standin};
use futures_util::StreamExt as _;
use newsreel_api::{Options, router};
use newsreel_model::JobId;
use newsreel_model::access::Principal;
use newsreel_model::control::{Control as _, Progress, RunningJob};
use newsreel_model::event::Event;
use newsreel_model::spec::JobSpec;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{self, Message};

/// Nothing here takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    address: SocketAddr,
    standin: Arc<Standin>,
    door: Arc<Door>,
}

impl Server {
    async fn start(options: Options) -> Self {
        let standin = Arc::new(Standin::new());
        let door = Arc::new(Door::open());
        let routes = router(standin.clone(), door.clone(), options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            standin,
            door,
        }
    }

    async fn job(&self) -> JobId {
        let spec = JobSpec::new("file:///in/a.mxf".to_owned());
        self.standin
            .submit(spec, None, &Principal::local())
            .await
            .unwrap()
            .job
            .id
    }

    async fn listen(&self, path: &str, headers: &str) -> Stream {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(socket).lines();
        let status = lines.next_line().await.unwrap().unwrap();
        let mut head = String::new();
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if line.is_empty() {
                break;
            }
            head += &line.to_ascii_lowercase();
            head.push('\n');
        }
        Stream {
            status,
            head,
            lines,
        }
    }
}

/// A stream of events as a client sees it.
struct Stream {
    status: String,
    head: String,
    lines: Lines<BufReader<TcpStream>>,
}

#[derive(Debug)]
struct Heard {
    id: Option<u64>,
    kind: String,
    data: Value,
}

impl Stream {
    /// The next event; none when the stream ends.
    async fn next(&mut self) -> Option<Heard> {
        let (mut id, mut kind) = (None, String::new());
        loop {
            let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.expect("an event, or the end").ok()??;
            if line == "0" {
                // The last chunk of the answer.
                return None;
            }
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.parse().unwrap());
            } else if let Some(text) = line.strip_prefix("event: ") {
                text.clone_into(&mut kind);
            } else if let Some(text) = line.strip_prefix("data: ") {
                let data: Value = serde_json::from_str(text).unwrap();
                assert_eq!(data["type"], kind.as_str());
                assert_eq!(data.get("id").and_then(Value::as_u64), id);
                return Some(Heard { id, kind, data });
            }
        }
    }

    async fn ids(&mut self, count: usize) -> Vec<u64> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.extend(self.next().await.expect("the stream goes on").id);
        }
        ids
    }
}

fn playable() -> Event {
    Event::Playable {
        playlist: "master.m3u8".to_owned(),
    }
}

#[tokio::test]
async fn events_come_as_they_happen_in_the_form_that_was_promised() {
    let server = Server::start(Options::default()).await;
    let job = server.job().await;
    server.standin.log.add(Some(job), Event::Queued {});
    let mut all = server.listen("/v1/events", "").await;
    assert!(all.status.contains("200"), "{}", all.status);
    assert!(
        all.head.contains("content-type: text/event-stream\n"),
        "{}",
        all.head
    );
    assert!(
        all.head.contains("cache-control: no-store\n"),
        "{}",
        all.head
    );
    let mut of_job = server.listen(&format!("/v1/jobs/{job}/events"), "").await;
    let id = server.standin.log.add(Some(job), playable());
    let other = server.standin.log.add(
        None,
        Event::DeviceRestored {
            device: "cpu".to_owned(),
        },
    );
    // Everything from now on, without what was logged before.
    let heard = all.next().await.unwrap();
    assert_eq!(
        (heard.id, heard.kind.as_str()),
        (Some(id), "output.playable")
    );
    assert_eq!(heard.data["job_id"], job.to_string());
    assert_eq!(heard.data["data"]["playlist"], "master.m3u8");
    assert!(heard.data["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(all.next().await.unwrap().id, Some(other));
    // A job's from its first event on, without those of others.
    assert_eq!(of_job.next().await.unwrap().kind, "job.queued");
    assert_eq!(of_job.next().await.unwrap().id, Some(id));
    let last = server.standin.log.add(
        Some(job),
        Event::Completed {
            wall_s: 1.0,
            spent: None,
        },
    );
    assert_eq!(of_job.next().await.unwrap().id, Some(last));
}

#[tokio::test]
async fn a_client_cut_fifty_times_misses_and_repeats_nothing() {
    let server = Server::start(Options::default()).await;
    let standin = server.standin.clone();
    let job = server.job().await;
    let writing = tokio::spawn(async move {
        for number in 0..500 {
            standin.log.add(Some(job), playable());
            if number % 7 == 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    });
    let (mut seen, mut last) = (Vec::new(), 0);
    for cut in 0..50 {
        // By the header, as a browser does, or by the parameter.
        let mut stream = match cut % 2 {
            0 => {
                server
                    .listen("/v1/events", &format!("Last-Event-ID: {last}\r\n"))
                    .await
            }
            _ => {
                server
                    .listen(&format!("/v1/jobs/{job}/events?after={last}"), "")
                    .await
            }
        };
        seen.extend(stream.ids(1 + cut % 19).await);
        last = *seen.last().unwrap();
    }
    let mut stream = server
        .listen("/v1/events", &format!("Last-Event-ID: {last}\r\n"))
        .await;
    while seen.len() < 500 {
        seen.extend(stream.ids(1).await);
    }
    writing.await.unwrap();
    assert!(seen.iter().copied().eq(1..=500), "{seen:?}");
}

#[tokio::test]
async fn who_was_away_too_long_is_told_of_the_gap() {
    let server = Server::start(Options::default()).await;
    for _ in 0..5 {
        server.standin.log.add(None, Event::Queued {});
    }
    server.standin.log.trim();
    let id = server.standin.log.add(None, Event::Queued {});
    let mut stream = server.listen("/v1/events", "Last-Event-ID: 2\r\n").await;
    let gap = stream.next().await.unwrap();
    assert_eq!((gap.id, gap.kind.as_str()), (None, "log.gap"));
    assert_eq!(gap.data["data"]["dropped_to"], 5);
    assert_eq!(stream.next().await.unwrap().id, Some(id));
    // Who saw everything that was dropped has no gap, and an id of another daemon's log is none of this one's.
    let mut stream = server.listen("/v1/events", "Last-Event-ID: 5\r\n").await;
    assert_eq!(stream.next().await.unwrap().id, Some(id));
    let mut stream = server.listen("/v1/events", "Last-Event-ID: 1000\r\n").await;
    assert_eq!(stream.next().await.unwrap().kind, "log.gap");
    assert_eq!(stream.next().await.unwrap().id, Some(id));
}

#[tokio::test]
async fn a_tenant_hears_of_its_own_jobs_alone() {
    let server = Server::start(Options::default()).await;
    let log = &server.standin.log;
    let [sport, news] = [(); 2].map(|()| Some(JobId::new()));
    let tell = |number: usize| {
        // More of the other's, and of nobody's, than are read at a time.
        for _ in 0..number {
            log.add_of(news, Some("news"), Event::Queued {});
            log.add(
                None,
                Event::DeviceRestored {
                    device: "cpu".to_owned(),
                },
            );
        }
        log.add_of(sport, Some("sport"), Event::Queued {})
    };
    let first = tell(4);
    let key = "Authorization: Bearer read@sport\r\n";
    let mut stream = server.listen("/v1/events?after=0", key).await;
    assert_eq!(stream.next().await.unwrap().id, Some(first));
    let second = tell(4);
    assert_eq!(stream.next().await.unwrap().id, Some(second));
    let running = |id: Option<JobId>, tenant: &str| RunningJob {
        id: id.unwrap(),
        tenant: tenant.to_owned(),
        progress: Progress::default(),
    };
    *log.running.lock().unwrap() = vec![running(news, "news"), running(sport, "sport")];
    let heard = stream.next().await.unwrap();
    assert_eq!(heard.kind, "job.progress");
    assert_eq!(heard.data["job_id"], sport.unwrap().to_string());
}

#[tokio::test]
async fn whoever_s_key_is_revoked_hears_no_more() {
    let server = Server::start(Options {
        listener_check: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let mut stream = server
        .listen("/v1/events", "Authorization: Bearer read@*\r\n")
        .await;
    let id = server.standin.log.add(None, Event::Queued {});
    assert_eq!(stream.next().await.unwrap().id, Some(id));
    server.door.revoked.store(true, Ordering::SeqCst);
    assert!(stream.next().await.is_none(), "the stream ends");
}

#[tokio::test]
async fn progress_is_told_without_a_number() {
    let server = Server::start(Options::default()).await;
    let job = server.job().await;
    let mut stream = server.listen("/v1/events", "").await;
    for done in [10, 20] {
        *server.standin.log.running.lock().unwrap() = vec![RunningJob {
            id: job,
            tenant: "default".to_owned(),
            progress: Progress {
                progress: 0.5,
                frames_done: done,
                frames_total: 40,
                speed: 2.0,
                eta_s: Some(1.5),
            },
        }];
        let heard = stream.next().await.unwrap();
        assert_eq!((heard.id, heard.kind.as_str()), (None, "job.progress"));
        assert_eq!(heard.data["data"]["frames_done"], done);
        assert_eq!(heard.data["data"]["progress"], 0.5);
        assert_eq!(heard.data["job_id"], job.to_string());
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off_and_holds_nobody_up() {
    let server = Server::start(Options::default()).await;
    let mut lazy = server.listen("/v1/events", "").await;
    let mut busy = server.listen("/v1/events", "").await;
    let long = "x".repeat(4000);
    let count = 5000;
    let mut seen = 0;
    for number in 1..=count {
        let message = long.clone();
        let event = Event::Failed {
            code: "internal".to_owned(),
            message,
        };
        server.standin.log.add(None, event);
        if number % 100 == 0 {
            seen += busy.ids(100).await.len();
        }
    }
    assert_eq!(seen, count);
    // What it had not read was not kept for it: its stream ends long before the last event.
    let mut heard = 0;
    while let Some(event) = lazy.next().await {
        heard = event.id.unwrap_or(heard);
    }
    assert!(heard < 5000, "all of 20 MB was kept for it");
    let mut again = server
        .listen("/v1/events", &format!("Last-Event-ID: {heard}\r\n"))
        .await;
    assert_eq!(again.next().await.unwrap().id, Some(heard + 1));
}

#[tokio::test]
async fn only_so_many_may_listen_and_a_place_is_free_again() {
    let server = Server::start(Options {
        max_listeners: 1,
        ..Options::default()
    })
    .await;
    let first = server.listen("/v1/events", "").await;
    let second = server.listen("/v1/events", "").await;
    assert!(second.status.contains("503"), "{}", second.status);
    drop(first);
    let until = std::time::Instant::now() + PATIENCE;
    while !server.listen("/v1/events", "").await.status.contains("200") {
        assert!(std::time::Instant::now() < until);
        // The server notices when it next writes.
        server.standin.log.add(None, Event::Queued {});
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_wrong_place_to_begin_at_is_refused() {
    let server = Server::start(Options::default()).await;
    for (path, headers, status) in [
        ("/v1/events?after=x", "", "400"),
        ("/v1/events?after=-1", "", "400"),
        ("/v1/events?since=1", "", "400"),
        ("/v1/events", "Last-Event-ID: x\r\n", "400"),
        (
            "/v1/events",
            "Last-Event-ID: 1\r\nLast-Event-ID: 2\r\n",
            "400",
        ),
        ("/v1/events", "Host: evil.example\r\n", "400"),
        (
            "/v1/jobs/0199b1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b/events",
            "",
            "404",
        ),
        ("/v1/ws", "", "426"),
        ("/v1/ws?job=x", "", "400"),
    ] {
        let headers = format!("Connection: close\r\n{headers}");
        let answer = server.listen(path, &headers).await;
        assert!(
            answer.status.contains(status),
            "{path} {headers}: {}",
            answer.status
        );
        let mut body = String::new();
        let mut rest = answer.lines.into_inner();
        let end = tokio::time::timeout(PATIENCE, rest.read_to_string(&mut body));
        end.await.expect("the connection is closed").unwrap();
        assert!(body.contains("\"code\""), "{body}");
    }
}

async fn connect(
    server: &Server,
    path: &str,
    origin: Option<&str>,
) -> Result<tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>, u16> {
    use tungstenite::client::IntoClientRequest as _;
    let mut request = format!("ws://{}{path}", server.address)
        .into_client_request()
        .unwrap();
    if let Some(origin) = origin {
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_websocket_is_told_the_same() {
    let server = Server::start(Options::default()).await;
    let job = server.job().await;
    let other = server.job().await;
    server.standin.log.add(Some(job), Event::Queued {});
    server.standin.log.add(Some(other), Event::Queued {});
    let mut all = connect(&server, "/v1/ws?after=0", None).await.unwrap();
    let mut one = connect(&server, &format!("/v1/ws?job={job}"), None)
        .await
        .unwrap();
    let last = server.standin.log.add(Some(job), playable());
    let mut heard = Vec::new();
    for socket in [&mut all, &mut one] {
        let mut ids = Vec::new();
        while ids.last() != Some(&last) {
            let message = tokio::time::timeout(PATIENCE, socket.next())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            if let Message::Text(text) = message {
                let told: Value = serde_json::from_str(&text).unwrap();
                ids.push(told["id"].as_u64().unwrap());
            }
        }
        heard.push(ids);
    }
    assert_eq!(heard, [vec![1, 2, 3], vec![1, 3]]);
}

#[tokio::test]
async fn another_sites_page_gets_no_websocket() {
    let server = Server::start(Options::default()).await;
    let own = format!("http://{}", server.address);
    assert!(connect(&server, "/v1/ws", Some(&own)).await.is_ok());
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let refused = connect(&server, "/v1/ws", Some(origin)).await;
        assert_eq!(refused.err(), Some(403), "{origin}");
    }
}
