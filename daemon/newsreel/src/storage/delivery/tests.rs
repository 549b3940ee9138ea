//! Deliveries of made-up files to a bucket that watches.

use std::path::Path as Dir;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use newsreel_model::Code;
use newsreel_model::job::layout;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};

use super::watched::{PREFIX, Watched, at};
use super::*;
use crate::job::files;

/// A file that appears as a job's do, but without syncs: thousands of them would take minutes.
fn replace(dir: &Dir, path: &str, bytes: &[u8]) -> Finished {
    let target = dir.join(path);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::write(dir.join(".new"), bytes).unwrap();
    std::fs::rename(dir.join(".new"), target).unwrap();
    files::describe(path, bytes)
}

/// A job's directory with nothing but its record, and the bucket.
struct Story {
    dir: tempfile::TempDir,
    job: JobId,
    bucket: Arc<Watched>,
    made: Vec<Finished>,
}

impl Story {
    fn new() -> Self {
        let job = JobId::new();
        let story = Self {
            dir: tempfile::tempdir().unwrap(),
            job,
            bucket: Arc::default(),
            made: Vec::new(),
        };
        let record = format!("{{\"id\":\"{job}\"}}");
        replace(story.dir(), layout::JOB, record.as_bytes());
        story
    }

    fn dir(&self) -> &Dir {
        self.dir.path()
    }

    fn start(&self, give_up: Duration) -> Delivery {
        let order = Order {
            job: self.job,
            dir: self.dir().to_owned(),
            bucket: Bucket {
                store: Arc::<Watched>::clone(&self.bucket),
                section: "archive".to_owned(),
            },
            place: Place::parse("destination", &format!("s3://b/{PREFIX}")).unwrap(),
            give_up,
        };
        Delivery::start(order, self.made.clone()).unwrap()
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Finished {
        let file = replace(self.dir(), path, bytes);
        self.made.retain(|known| known.path != path);
        self.made.push(file.clone());
        file
    }

    /// One more segment, and the playlists that name it.
    fn segment(&mut self, number: usize) -> Finished {
        let path = format!("video/96p/{}", layout::segment(number));
        let segment = self.write(&path, format!("segment {number}").repeat(9).as_bytes());
        let mut text = "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n".to_owned();
        for listed in 0..=number {
            text += &format!("#EXTINF:1,\n{}\n", layout::segment(listed));
        }
        replace(self.dir(), "video/96p/index.m3u8", text.as_bytes());
        let master = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo/96p/index.m3u8\n";
        replace(self.dir(), layout::MASTER, master);
        segment
    }

    /// Everything there is, playlists, report and record with it.
    fn all(&self) -> Vec<Finished> {
        let mut all = self.made.clone();
        for path in ["video/96p/index.m3u8", layout::MASTER, layout::JOB] {
            let bytes = std::fs::read(self.dir().join(path)).unwrap();
            all.push(files::describe(path, &bytes));
        }
        all
    }

    /// Asks for everything, and waits for how it ends.
    fn end(&self, delivery: &Delivery) -> Result<Delivered> {
        let (tell, told) = mpsc::channel();
        let told_once = move |outcome| drop(tell.send(outcome));
        delivery.finish(self.all(), Box::new(told_once));
        told.recv_timeout(Duration::from_secs(120))
            .expect("it ends")
    }

    /// Fails unless the bucket has exactly the files there are.
    #[track_caller]
    fn is_there(&self) {
        let (all, prefix) = (self.all(), Path::parse(PREFIX).unwrap());
        let read = async {
            let mut wrong = Vec::new();
            for file in &all {
                let local = std::fs::read(self.dir().join(&file.path)).unwrap();
                let there = self.bucket.inner.get(&at(&file.path)).await.unwrap();
                if there.bytes().await.unwrap() != local {
                    wrong.push(file.path.clone());
                }
            }
            let listed = ledger::list(&*self.bucket, &prefix);
            (wrong, listed.await.unwrap().len())
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert_eq!(runtime.block_on(read), (Vec::new(), all.len()));
        assert_eq!(*self.bucket.holes.lock(), [""; 0]);
    }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_thousand_segments_arrive_once_each_and_before_what_names_them() {
    let mut story = Story::new();
    let init = story.write("video/96p/init.mp4", b"init");
    let delivery = story.start(LONG);
    delivery.note(&[init]);
    for number in 0..1000 {
        let segment = story.segment(number);
        delivery.note(&[segment]);
    }
    story.write("mp4/96p.mp4", b"whole");
    let delivered = story.end(&delivery).unwrap();
    assert_eq!(delivered.files, 1005);
    let bytes: u64 = story.all().iter().map(|file| file.bytes).sum();
    assert_eq!(delivered.bytes, bytes);
    story.is_there();
    assert_eq!(story.bucket.twice(), [""; 0]);
}

#[test]
fn what_was_interrupted_goes_on_with_what_is_missing_and_makes_good_what_was_lost() {
    let mut story = Story::new();
    story.write("video/96p/init.mp4", b"init");
    (0..40).for_each(|number| drop(story.segment(number)));
    let delivery = story.start(LONG);
    while story.bucket.count() < 20 {
        std::thread::yield_now();
    }
    drop(delivery);
    // The handle is gone at once, what was under way a little later.
    let mut before = 0;
    while before != story.bucket.count() {
        before = story.bucket.count();
        std::thread::sleep(Duration::from_millis(400));
    }
    (40..50).for_each(|number| drop(story.segment(number)));
    story.end(&story.start(LONG)).unwrap();
    story.is_there();
    assert_eq!(story.bucket.twice(), [""; 0]);

    let lost = format!("video/96p/{}", layout::segment(7));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime
        .block_on(story.bucket.inner.delete(&at(&lost)))
        .unwrap();
    story.end(&story.start(LONG)).unwrap();
    story.is_there();
    assert_eq!(story.bucket.twice(), [lost]);
}

#[test]
fn a_store_that_is_away_is_waited_for_and_one_that_refuses_is_not() {
    for (words, named) in [
        ("503 Service Unavailable: ", None),
        ("403 Forbidden: <Code>QuotaExceeded</Code>", Some("no room")),
        (
            "403 Forbidden: <Code>SignatureDoesNotMatch</Code>",
            Some("[storage.s3.archive]"),
        ),
    ] {
        let mut story = Story::new();
        story.write("video/96p/init.mp4", b"init");
        (0..9).for_each(|number| drop(story.segment(number)));
        *story.bucket.refuse.lock() = Some((5, 3, words));
        let outcome = story.end(&story.start(LONG));
        match (named, outcome) {
            (None, Ok(_)) => story.is_there(),
            (Some(named), Err(error)) => {
                assert_eq!(error.code(), Code::OutputUnwritable);
                assert!(error.message().contains(named), "{error}");
                assert!(error.message().contains("retry the job"), "{error}");
                *story.bucket.refuse.lock() = None;
                story.end(&story.start(LONG)).unwrap();
                story.is_there();
            }
            (_, outcome) => panic!("{words}: {outcome:?}"),
        }
        assert_eq!(story.bucket.twice(), [""; 0], "{words}");
    }
}

#[test]
fn a_store_that_stays_away_is_given_up() {
    let mut story = Story::new();
    story.write("video/96p/init.mp4", b"init");
    story.segment(0);
    *story.bucket.refuse.lock() = Some((0, usize::MAX, "503 Service Unavailable: "));
    let error = story.end(&story.start(Duration::ZERO)).unwrap_err();
    assert_eq!(error.code(), Code::OutputUnwritable);
    assert!(error.message().contains("503"), "{error}");
}

#[test]
fn what_is_anothers_is_left_alone() {
    let mut story = Story::new();
    story.write("video/96p/init.mp4", b"init");
    story.segment(0);
    story.end(&story.start(LONG)).unwrap();
    let mut other = Story::new();
    other.bucket = Arc::clone(&story.bucket);
    other.write("video/96p/init.mp4", b"another");
    other.segment(0);
    let error = other.end(&other.start(LONG)).unwrap_err();
    assert_eq!(error.code(), Code::OutputForeign);
    assert!(error.message().contains(&story.job.to_string()), "{error}");
    story.is_there();

    let mut stray = Story::new();
    stray.write("video/96p/init.mp4", b"init");
    stray.segment(0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let holiday = at("holiday.jpg");
    let put = (stray.bucket.inner).put(&holiday, PutPayload::from_static(b"x"));
    runtime.block_on(put).unwrap();
    let error = stray.end(&stray.start(LONG)).unwrap_err();
    assert_eq!(error.code(), Code::OutputForeign);
    assert_eq!(stray.bucket.count(), 0);
}

#[test]
fn a_large_file_goes_in_parts_and_one_that_was_changed_does_not_go() {
    let mut story = Story::new();
    story.write("video/96p/init.mp4", b"init");
    story.segment(0);
    let large = vec![7; usize::try_from(send::PART_BYTES).unwrap() + 5];
    story.write("mp4/96p.mp4", &large);
    story.end(&story.start(LONG)).unwrap();
    story.is_there();
    assert_eq!(story.bucket.parts.load(Ordering::SeqCst), 1);

    let mut damaged = Story::new();
    damaged.write("video/96p/init.mp4", b"init");
    damaged.segment(0);
    std::fs::write(damaged.dir().join("video/96p/init.mp4"), b"xxxx").unwrap();
    let error = damaged.end(&damaged.start(LONG)).unwrap_err();
    assert!(error.message().contains("was changed"), "{error}");
}
