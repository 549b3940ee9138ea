//! 3:2 pulldown is undone where it is clear: film's pictures come out once each, evenly, as they went in; and what only looks
//! like it is left to the deinterlacer.

use std::path::{Path, PathBuf};

use newsreel_model::conditioning::Pulldown;

use super::common::place::Place;
use super::common::{Tier, alone, tier};
use super::made::decoded;
use super::{CONFIG, NEAR_DB, least_alike, reference};

const SIZE: (u64, u64) = (320, 480);

/// Five seconds of film, or of what else is drawn, without loss.
fn film(place: &Place, rate: &str) -> PathBuf {
    let drawn = format!("testsrc2=size=320x480:rate={rate},gblur=1.5,scroll=h=0.004:v=0.002");
    let how = ["-t", "5", "-pix_fmt", "yuv420p", "-c:v", "ffv1"];
    let from = ["-f", "lavfi", "-i", &drawn];
    place.clip("film.mkv", &[&from[..], &how].concat())
}

/// The same through these filters of FFmpeg's, as a recorder would have it.
fn through(place: &Place, film: &Path, filters: &str, name: &str, how: &str) -> PathBuf {
    let film = ["-i", film.to_str().unwrap(), "-vf", filters];
    let how: Vec<&str> = how.split(' ').collect();
    let passed = ["-fps_mode", "passthrough"];
    place.clip(name, &[&film[..], &how, &passed].concat())
}

const H264: &str = "-c:v libx264 -preset superfast -qp 8 -g 20";
const MPEG2: &str = "-c:v mpeg2video -qscale:v 2 -g 15 -flags +ildct+ilme";

#[test]
fn fields_of_film_become_its_pictures_in_one_run_and_three() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let film = film(&place, "24000/1001");
    // The cut of the last one lets the cadence begin elsewhere.
    let mut all = vec![
        ("telecine=first_field=top:pattern=23", "top.mov", H264),
        ("telecine=first_field=bottom:pattern=32", "bottom.ts", MPEG2),
    ];
    if tier() > Tier::Quick {
        all.push(("telecine=pattern=23,select='gte(n,3)'", "cut.mkv", H264));
        all.push(("telecine=pattern=2332", "other.mov", H264));
    }
    for (filters, name, how) in all {
        let input = through(&place, &film, filters, name, how);
        let one = place.transcode(&input, "one", "seconds", &["--runs", "1"]);
        let three = place.transcode(&input, "three", "seconds", &["--runs", "3"]);
        assert_eq!(three.report.runs, 3);
        let made = one.mp4(one.lowest());
        assert_eq!(
            decoded(&made),
            decoded(&three.mp4(three.lowest())),
            "{name}"
        );
        let video = &one.plan().video;
        if name == "other.mov" {
            // Another cadence is not one of five frames.
            assert_eq!(video.conditioning.pulldown, None);
        } else {
            let found = video.conditioning.pulldown;
            assert!(matches!(found, Some(Pulldown::Fields { .. })), "{name}");
            let rate = video.frame_rate.unwrap();
            assert_eq!((rate.num, rate.den), (24_000, 1001), "{name}");
            let frames = one.plan().grid.frames();
            assert!((115..=121).contains(&frames), "{name}: {frames} of 120");
            let even = one.video(one.lowest()).shown();
            assert!(even.windows(2).all(|w| w[1] - w[0] == 1001), "{name}");
            assert!((one.report.duration_s - 5.0).abs() < 0.2, "{name}");
            let worst = least_alike(&film, &made, SIZE);
            eprintln!("{name}: {worst:.1} dB at worst");
            assert!(worst >= 35.0, "{name}: {worst:.1} dB");
        }
        for ladder in [one, three] {
            std::fs::remove_dir_all(&ladder.dir).unwrap();
        }
    }
}

#[test]
fn video_and_a_cadence_that_changes_are_deinterlaced_as_before() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let video = film(&place, "60000/1001");
    let fields = "tinterlace=interleave_top";
    let flags = format!("{H264} -flags +ildct+ilme -x264-params tff=1");
    let input = through(&place, &video, fields, "video.mov", &flags);
    check_deinterlaced(&place, &input, "bwdif=0:0:0");
    let film = film(&place, "24000/1001");
    let broken = "telecine,select='not(eq(n,31))',setpts=N*1001/30000/TB";
    let input = through(&place, &film, broken, "broken.mov", H264);
    check_deinterlaced(&place, &input, "bwdif=0:0:0");
}

fn check_deinterlaced(place: &Place, input: &Path, filters: &str) {
    let ladder = place.transcode(input, "fields", "exact", &[]);
    let video = &ladder.plan().video;
    assert_eq!(video.conditioning.pulldown, None);
    assert!(video.conditioning.deinterlace.is_some());
    let rate = video.frame_rate.unwrap();
    assert_eq!((rate.num, rate.den), (30_000, 1001));
    let wanted = reference(place, input, &[], filters, SIZE);
    assert!(least_alike(&wanted, &ladder.mp4(ladder.lowest()), SIZE) >= NEAR_DB);
    std::fs::remove_dir_all(&ladder.dir).unwrap();
}

#[test]
fn pictures_that_stand_for_two_fields_and_three_in_turn_become_even() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let film = film(&place, "24000/1001");
    // Five fields for two pictures, the first of two.
    let turns = "settb=1/90000,setpts='floor(N/2)*7507.5+mod(N,2)*3003'";
    let how = format!("{H264} -bf 2 -enc_time_base -1");
    let input = through(&place, &film, turns, "soft.ts", &how);
    let ladder = place.transcode(&input, "soft", "exact", &[]);
    let video = &ladder.plan().video;
    assert_eq!(video.conditioning.pulldown, Some(Pulldown::Times));
    let rate = video.frame_rate.unwrap();
    assert_eq!((rate.num, rate.den), (24_000, 1001));
    let even = ladder.video(ladder.lowest()).shown();
    assert_eq!(even.len(), 120);
    assert!(even.windows(2).all(|w| w[1] - w[0] == 1001));
    assert!(least_alike(&film, &ladder.mp4(ladder.lowest()), SIZE) >= 35.0);
}
