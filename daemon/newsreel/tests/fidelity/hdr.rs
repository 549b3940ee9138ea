//! HDR on its way to SDR at the sizes of rungs: each rung is like what is tone-mapped whole and made small afterwards, and the same
//! however the source is cut. Not here: the curve itself (`fidelity.rs`, `colour.rs`).

use super::*;

/// Two rungs below the source's size, without loss, in short segments.
const CONFIG: &str = r#"
[profiles.small]
preset = "ultrafast"
rate_control = "crf"
crf = 0
segment_s = 1.0
first_segment_s = 1.0
rungs = [{ short_side_px = 360 }, { short_side_px = 240 }]
[profiles.small.thumbnails]
count = 1
storyboard_tiles = 0
"#;

/// Scaling before the tone map and after it differ where light and dark meet, by less than anyone sees.
const NEAR_DB: f64 = 45.0;

#[test]
fn hdr_is_tone_mapped_at_the_size_of_the_rungs_and_looks_the_same() {
    let Some(media) = media() else { return };
    let _alone = alone();
    let place = Place::new(CONFIG);
    let input = media.join("phone-hlg-rotated.mov");
    let one = place.transcode(&input, "one", "small", &["--runs", "1"]);
    let two = place.transcode(&input, "two", "small", &["--runs", "2"]);
    assert_eq!(two.report.runs, 2);
    for (rung, size) in one.rungs().iter().zip([(360, 640), (240, 426)]) {
        assert_eq!((rung.width.into(), rung.height.into()), size);
        let made = one.mp4(rung);
        let [first, other] = [&made, &two.mp4(rung)].map(|path| made::decoded(path));
        assert_eq!(first, other, "{}: one run and two", rung.name);
        let wanted = reference(&place, &input, &[], HLG_TO_SDR, size);
        let worst = least_alike(&wanted, &made, size);
        eprintln!("{}: {worst:.1} dB at worst", rung.name);
        assert!(worst >= NEAR_DB, "{}: {worst:.1} dB", rung.name);
    }
}
