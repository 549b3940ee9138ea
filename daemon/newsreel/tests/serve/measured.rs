//! A job that asks how like its source the rungs are: measured by a worker when everything can be played, told with the outputs.

use newsreel_model::job::JobState;
use newsreel_model::output::OutputView;

use crate::daemon::{Daemon, spec};
use crate::support::{made, turn};

#[test]
fn a_job_that_asks_for_it_says_how_like_its_source_each_rung_is() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let clip = made::clip(daemon.path("in").as_path(), "clip.mp4", 5);
    let asked = |measure: bool| {
        let mut spec = spec(&clip, "story");
        spec.measure = measure;
        let job = daemon.submit(&spec);
        let job = daemon.wait_for(job.id, JobState::Completed);
        assert!(job.warnings.is_empty(), "{:?}", job.warnings);
        let path = format!("/v1/jobs/{}/outputs", job.id);
        let outputs = daemon.ask("GET", &path, None, None).unwrap();
        serde_json::from_value::<Vec<OutputView>>(outputs).unwrap()
    };
    for output in asked(true) {
        let quality = output.quality.unwrap();
        assert!((20.0..60.0).contains(&quality.psnr_db), "{quality:?}");
        assert!((0.5..1.0).contains(&quality.ssim), "{quality:?}");
        assert_eq!(u64::from(quality.frames), output.frames_total);
    }
    assert!(asked(false).iter().all(|output| output.quality.is_none()));
}
