//! Checks of finished pieces and the frames they count for. Not here: what else happens to a job.

use newsreel_model::job::JobState;
use newsreel_model::store::{Change, Store};

use super::Check;
use super::fixtures::{commit, end, id, make, piece, submit};

pub const CHECKS: &[Check] = &[
    pieces_are_kept_in_commit_order,
    only_video_segments_count,
    a_path_counts_once,
    forgotten_pieces_count_no_more,
    jobs_do_not_share_paths,
];

const FIRST: &str = "video/720p/seg-00001.m4s";
const SECOND: &str = "video/720p/seg-00002.m4s";

fn done(store: &dyn Store, number: u32) -> u64 {
    store.job(id(number)).unwrap().unwrap().frames_done
}

fn paths(store: &dyn Store, number: u32) -> Vec<String> {
    let pieces = store.pieces(id(number)).unwrap();
    pieces.into_iter().map(|piece| piece.path).collect()
}

fn pieces_are_kept_in_commit_order(store: &dyn Store) {
    submit(store, [1]);
    let given = [
        piece(SECOND, 100),
        piece("video/720p/init.mp4", 0),
        piece(FIRST, 99),
    ];
    assert!(make(store, commit(1, &given[..1])));
    assert!(make(store, commit(1, &given[1..])));
    assert_eq!(store.pieces(id(1)).unwrap(), given);
}

fn only_video_segments_count(store: &dyn Store) {
    submit(store, [1]);
    let pieces = [
        piece(FIRST, 100),
        piece("audio/en/seg-00001.m4s", 188),
        piece("video/720p/init.mp4", 7),
        piece("poster.jpg", 1),
    ];
    assert!(make(store, commit(1, &pieces)));
    assert_eq!(done(store, 1), 100);
}

fn a_path_counts_once(store: &dyn Store) {
    submit(store, [1]);
    assert!(make(
        store,
        commit(1, &[piece(FIRST, 100), piece(SECOND, 50)])
    ));
    assert_eq!(done(store, 1), 150);
    assert!(make(store, commit(1, &[piece(FIRST, 100)])));
    assert_eq!(done(store, 1), 150, "the same again");
    assert_eq!(paths(store, 1), [SECOND, FIRST], "the later commit counts");
    let twice = [piece(FIRST, 70), piece(FIRST, 80)];
    assert!(make(store, commit(1, &twice)));
    assert_eq!(done(store, 1), 130, "another number, twice in one commit");
    assert_eq!(
        store.pieces(id(1)).unwrap(),
        [piece(SECOND, 50), piece(FIRST, 80)]
    );
}

fn forgotten_pieces_count_no_more(store: &dyn Store) {
    submit(store, [1]);
    assert!(make(
        store,
        commit(1, &[piece(FIRST, 100), piece(SECOND, 50)])
    ));
    let forget = |paths: &[&str]| Change::Forget {
        job: id(1),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    };
    assert!(make(store, forget(&[FIRST, FIRST, "video/none.m4s"])));
    assert_eq!(
        (done(store, 1), paths(store, 1)),
        (50, vec![SECOND.to_owned()])
    );
    assert!(make(store, commit(1, &[piece(FIRST, 100)])));
    assert_eq!(paths(store, 1), [SECOND, FIRST]);
    assert!(make(store, end(1, JobState::Failed)));
    assert!(!make(store, forget(&[FIRST])), "it has ended");
    assert_eq!(done(store, 1), 150);
}

fn jobs_do_not_share_paths(store: &dyn Store) {
    submit(store, [1, 2]);
    assert!(make(store, commit(1, &[piece(FIRST, 100)])));
    assert!(make(store, commit(2, &[piece(FIRST, 30)])));
    assert!(make(store, end(1, JobState::Completed)));
    assert!(store.delete(id(1)).unwrap());
    assert_eq!(store.pieces(id(1)).unwrap(), []);
    assert_eq!(store.pieces(id(2)).unwrap(), [piece(FIRST, 30)]);
    assert_eq!(done(store, 2), 30);
}
