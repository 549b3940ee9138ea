//! Subtitles of jobs handed to the daemon: files named beside a clip become tracks, and none is opened that may not be.

use std::fs;

use newsreel_model::Code;
use newsreel_model::job::{JobState, layout};
use newsreel_model::spec::SubtitleSpec;
use url::Url;

use crate::daemon::{Bad, Daemon, dir, spec};
use crate::support::made::ffmpeg;
use crate::support::turn;
use crate::{clip, sound};

const SAID: &str = "1\n00:00:00,500 --> 00:00:01,500\nGuten Abend\n";

fn file(url: &str, language: &str) -> SubtitleSpec {
    SubtitleSpec {
        url: url.to_owned(),
        language: language.to_owned(),
    }
}

#[test]
fn what_subtitles_say_is_found_with_the_second_it_is_said_in() {
    let _turn = turn();
    let daemon = Daemon::start("");
    // One track is inside the clip, the other beside it.
    let (inside, film) = (daemon.path("in/inside.srt"), daemon.path("in/film.mkv"));
    let late = "1\n00:00:06,200 --> 00:00:07,000\n<i>The dam</i> &amp; its <keeper>\n";
    fs::write(&inside, late).unwrap();
    let from = format!("-i {} -i {}", clip(8).display(), inside.display());
    ffmpeg(
        &format!("{from} -c copy -c:s srt -metadata:s:s:0 language=eng"),
        &film,
    );
    let beside = daemon.path("in/de.srt");
    fs::write(&beside, SAID).unwrap();
    let mut asked = spec(&film, "story");
    asked.subtitles = vec![file(Url::from_file_path(beside).unwrap().as_str(), "de")];
    let job = daemon.submit(&asked);
    daemon.wait_for(job.id, JobState::Completed);
    let search = |words: &str| {
        let found = daemon.ask("GET", &format!("/v1/search?q={words}"), None, None);
        found.unwrap()["results"].as_array().unwrap().clone()
    };
    for (words, track, at_s) in [("DAM", "en", 6.2), ("guten+ab", "de", 0.5)] {
        let hits = search(words);
        assert_eq!(hits.len(), 1, "{words}");
        assert_eq!(hits[0]["job"]["id"], job.id.to_string());
        let said = &hits[0]["said"][0];
        assert_eq!(said["track"], track, "{said}");
        assert_eq!(said["at_s"], at_s, "{said}");
        assert_eq!(&hits[0]["snippet"], &said["text"]);
    }
    assert!(search("dam+abend").is_empty());
    assert!(search("%22dam%22+OR+text:*").is_empty());
    let delete = format!("/v1/jobs/{}", job.id);
    daemon.ask("DELETE", &delete, None, None).unwrap();
    assert!(search("dam").is_empty());
}

#[test]
fn files_named_beside_a_clip_are_tracks_and_others_are_refused() {
    let _turn = turn();
    let daemon = Daemon::start("");
    let folder = daemon.path("in");
    let beside = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Url::from_file_path(path).unwrap().to_string()
    };
    let (german, empty) = (beside("de.srt", SAID), beside("empty.srt", "nothing\n"));
    let mut asked = spec(&clip(2), "story");
    asked.subtitles = vec![file(&german, "de"), file(&german, "")];
    let job = daemon.submit(&asked);
    daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&job));
    for name in ["de", "und"] {
        let track = dir(&job).join(layout::subtitle_dir(name));
        let text = fs::read_to_string(track.join(layout::SUBTITLES_WHOLE)).unwrap();
        assert!(text.contains("00:00:00.500 --> 00:00:01.500"), "{text}");
        assert!(text.contains("Guten Abend"), "{text}");
    }
    let master = fs::read_to_string(dir(&job).join(layout::MASTER)).unwrap();
    assert!(master.contains("TYPE=SUBTITLES"), "{master}");

    asked.subtitles = vec![file(&empty, "de")];
    let job = daemon.wait_for(daemon.submit(&asked).id, JobState::Failed);
    let failure = job.failure.unwrap();
    assert!(failure.message.contains("subtitle file 1"), "{failure:?}");

    for (url, code) in [
        ("file:///etc/passwd", Code::PathForbidden),
        ("https://example.org/de.srt", Code::InputSchemeUnsupported),
    ] {
        asked.subtitles = vec![file(&german, "de"), file(url, "fr")];
        let refused = daemon.try_submit(&asked, None).unwrap_err();
        let Bad::Refused(refused) = refused else {
            panic!("{url}: {refused:?}")
        };
        assert_eq!(refused.code, code.name(), "{url}");
    }
}
