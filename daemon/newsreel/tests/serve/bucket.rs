//! An object store under test: `s3s-fs` over a directory, in this process, behind a door that counts, refuses and waits.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use ureq::http::StatusCode;

/// The only bucket.
pub const BUCKET: &str = "stories";
const KEY: &str = "newsreel";
pub const SECRET: &str = "hunter2-of-the-bucket";

/// What the door does with requests that write.
#[derive(Clone, Copy, Default)]
pub enum Door {
    #[default]
    Open,
    /// So many pass, all later ones wait until it is opened.
    Shut(usize),
    /// It answers with a status and a code of S3.
    Say(u16, &'static str),
}

#[derive(Default)]
struct Seen {
    door: Door,
    /// How often each object was put, by its key.
    puts: HashMap<String, usize>,
}

#[derive(Clone)]
struct Front {
    store: S3Service,
    seen: Arc<Mutex<Seen>>,
}

/// A store that can be stopped and started again at the same address.
pub struct Store {
    dir: TempDir,
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    running: Mutex<Option<Runtime>>,
}

impl Store {
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(BUCKET)).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let store = Self {
            dir,
            address,
            seen: Arc::default(),
            running: Mutex::new(None),
        };
        store.restart();
        store
    }

    /// Cuts every connection; nobody listens afterwards.
    pub fn stop(&self) {
        let running = self.running.lock().unwrap().take();
        running.expect("it runs").shutdown_background();
    }

    pub fn restart(&self) {
        let mut builder = S3ServiceBuilder::new(FileSystem::new(self.dir.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let front = Front {
            store: builder.build(),
            seen: Arc::clone(&self.seen),
        };
        let app = Router::new().fallback(answer).with_state(front);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        let listener = loop {
            match runtime.block_on(tokio::net::TcpListener::bind(self.address)) {
                Ok(listener) => break listener,
                Err(e) => assert!(Instant::now() < until, "{e}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        runtime.spawn(async move { axum::serve(listener, app).await });
        *self.running.lock().unwrap() = Some(runtime);
    }

    pub fn set_door(&self, door: Door) {
        self.seen.lock().unwrap().door = door;
    }

    /// How often each object was put, by its key.
    pub fn puts(&self) -> HashMap<String, usize> {
        self.seen.lock().unwrap().puts.clone()
    }

    /// A section of the configuration that leads here.
    pub fn section(&self, secret: &str, more: &str) -> String {
        format!(
            "[storage.s3.archive]\nendpoint = \"http://{}\"\nbuckets = [\"{BUCKET}\"]\nkey = \"{KEY}\"\nsecret = \"{secret}\"\n\
             allowed_networks = [\"127.0.0.0/8\"]\n{more}\n",
            self.address
        )
    }

    /// The file of an object.
    pub fn file(&self, key: &str) -> PathBuf {
        self.dir.path().join(BUCKET).join(key)
    }

    /// Puts an object there behind the store's back.
    pub fn has(&self, key: &str, from: &Path) {
        let to = self.file(key);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
}

/// What becomes of a request that writes; none: it waits.
fn at_the_door(front: &Front) -> Option<Result<(), Response>> {
    match &mut front.seen.lock().unwrap().door {
        Door::Open => Some(Ok(())),
        Door::Shut(0) => None,
        Door::Shut(more) => {
            *more -= 1;
            Some(Ok(()))
        }
        Door::Say(status, code) => {
            let words = format!("<Error><Code>{code}</Code><Message>as told</Message></Error>");
            let status = StatusCode::from_u16(*status).unwrap();
            Some(Err((status, words).into_response()))
        }
    }
}

async fn wait_at_the_door(front: &Front) -> Result<(), Response> {
    loop {
        match at_the_door(front) {
            Some(admitted) => return admitted,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn answer(State(front): State<Front>, request: Request) -> Response {
    let key = request.uri().path().to_owned();
    let key = key
        .strip_prefix(&format!("/{BUCKET}/"))
        .unwrap_or(&key)
        .to_owned();
    let writes = request.method() == "PUT";
    if writes && let Err(refusal) = wait_at_the_door(&front).await {
        return refusal;
    }
    let request = request.map(s3s::Body::http_body_unsync);
    let answer = front.store.call(request).await.unwrap();
    if writes && answer.status().is_success() {
        *front.seen.lock().unwrap().puts.entry(key).or_default() += 1;
    }
    answer.map(Body::new)
}
