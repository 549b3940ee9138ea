//! Which pictures are chosen of a clip: none that is black, blurred or in a transition, and in which sizes they are there.

use std::path::Path;

use newsreel_model::job::layout;

use crate::common::{alone, clips, tool, transcode};

const CONFIG: &str = r#"
[profiles.pictures]
preset = "ultrafast"
rungs = [{ short_side_px = 96, bitrate_kbps = 150 }]
[profiles.pictures.thumbnails]
count = 4
width_px = 320
storyboard_tiles = 0
sizes = [{ name = "teaser", width_px = 160 }, { name = "large", width_px = 4096 }]
"#;

/// Colour of each scene as U and V, and the second in which it is looked at: the third part of the programme has two.
const SCENES: [([u8; 2], f64); 5] = [
    ([80, 128], 1.0),
    ([128, 180], 7.0),
    ([180, 100], 13.0),
    ([100, 190], 17.0),
    ([128, 70], 21.0),
];

/// Four parts of six seconds. In the middle of the first it is black, the second is out of focus there, and the third goes over
/// from one scene to another.
fn film() -> String {
    let mut graph = String::new();
    for (number, (seconds, ([u, v], _))) in [6, 6, 4, 4, 6].iter().zip(SCENES).enumerate() {
        let spoilt = match number {
            0 => ",drawbox=0:0:iw:ih:black:fill:enable='between(t,2,4)'",
            1 => ",boxblur=14:2:enable='between(t,2,4)'",
            3 => ",lutyuv=y=negval",
            _ => "",
        };
        graph += &format!(
            "testsrc2=s=640x360:r=25:d={seconds},format=yuv420p,lutyuv=u={u}:v={v}{spoilt}[s{number}];"
        );
    }
    graph + "[s2][s3]xfade=duration=2:offset=2[over];[s0][s1][over][s4]concat=n=4[v]"
}

/// One picture of a film, or the only one of a file.
fn raw(path: &Path, at: f64, filter: &str) -> Vec<u8> {
    let (file, at) = (path.to_str().unwrap(), format!("trim=start={at},{filter}"));
    let from = ["-nostdin", "-v", "error", "-i", file, "-vf", &at];
    let how = ["-frames:v", "1", "-f", "rawvideo", "-"];
    tool("ffmpeg", &[&from[..], &how].concat())
}

/// How far each pixel lies from what its neighbours beside it would have it be, on average.
fn sharpness(path: &Path, at: f64) -> f64 {
    let luma = raw(path, at, "scale=320:180:flags=area,format=gray");
    let edge = |near: &[u8]| {
        let [left, here, right] = [near[0], near[1], near[2]].map(f64::from);
        (2.0 * here - left - right).abs()
    };
    luma.windows(3).map(edge).sum::<f64>() / luma.len() as f64
}

/// How far the average colour lies from a scene's.
fn off(path: &Path, at: f64, scene: usize) -> u8 {
    let mean = raw(path, at, "scale=1:1:flags=area,format=yuv444p");
    let [u, v] = SCENES[scene].0;
    mean[1].abs_diff(u).max(mean[2].abs_diff(v))
}

fn size(path: &Path) -> (u64, u64) {
    let stream = &crate::common::probe(path, &["-show_streams"])["streams"][0];
    let px = |side: &str| stream[side].as_u64().unwrap();
    (px("width"), px("height"))
}

#[test]
fn what_is_chosen_is_neither_black_nor_blurred_nor_in_a_transition() {
    let dir = tempfile::tempdir().unwrap();
    let (clip, out, config) = (
        dir.path().join("scenes.mp4"),
        dir.path().join("out"),
        dir.path().join("newsreel.toml"),
    );
    std::fs::write(&config, CONFIG).unwrap();
    let how = "-map [v] -c:v libx264 -preset veryfast -g 10 -sc_threshold 0";
    let mut args = vec!["-filter_complex".to_owned(), film()];
    args.extend(how.split_whitespace().map(str::to_owned));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    clips::ffmpeg(&args, &clip);

    let clean = |scene: usize| sharpness(&clip, SCENES[scene].1);
    // What even spacing would have given.
    let spoilt = [sharpness(&clip, 3.0), sharpness(&clip, 9.0)];
    assert!(spoilt[0] < clean(0) / 4.0, "{spoilt:?} {}", clean(0));
    assert!(spoilt[1] < clean(1) / 2.0, "{spoilt:?} {}", clean(1));
    assert!(off(&clip, 15.0, 2).min(off(&clip, 15.0, 3)) > 20);

    let _alone = alone();
    let config = config.to_str().unwrap();
    transcode(&clip, &out, &["--profile", "pictures", "--config", config]);
    let picture = |size: &str, index: usize| out.join(layout::thumbnail_in(size, index));
    for (index, scenes) in [vec![0], vec![1], vec![2, 3], vec![4]].iter().enumerate() {
        let path = picture("", index);
        let scene = scenes.iter().copied().min_by_key(|s| off(&path, 0.0, *s));
        let scene = scene.unwrap();
        assert!(off(&path, 0.0, scene) < 10, "{index} is a mixture");
        let (got, wanted) = (sharpness(&path, 0.0), clean(scene));
        assert!(got > wanted * 0.8, "{index}: {got:.1} of {wanted:.1}");
        assert_eq!(size(&path), (320, 180));
        assert_eq!(size(&picture("teaser", index)), (160, 90));
        assert_eq!(size(&picture("large", index)), (640, 360));
        assert!(off(&picture("large", index), 0.0, scene) < 10);
    }
    assert!(!picture("", 4).exists());
    let poster = out.join(layout::POSTER);
    assert!(sharpness(&poster, 0.0) > clean(0) * 0.8);
    assert_eq!(size(&poster), (640, 360));
    assert_eq!(size(&out.join(layout::poster_in("teaser"))), (160, 90));
    assert_eq!(size(&out.join(layout::poster_in("large"))), (640, 360));
}
