//! Decoded pictures are those of software, by both ways into the decode engines.

use newsreel_stand_in_kit::Config;

use crate::support::{clip, full, plain, real, rig};

/// Digests of all frames.
fn digests(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit(',').next())
        .map(|d| d.trim().to_owned())
        .collect()
}

/// Compares a device's pictures with software's.
fn same(path: &str, ten_bit: bool, how: &str) {
    let (format, surface) = if ten_bit {
        ("yuv420p10le", "p010le")
    } else {
        ("yuv420p", "nv12")
    };
    let rig = rig(&Config::default());
    let end = "-an -map 0:v:0 -vsync 0 -f framemd5 -";
    let software = plain(&format!(
        "-v quiet -noautorotate -i {path} -pix_fmt {format} {end}"
    ));
    let cuda = "-v quiet -noautorotate -hwaccel cuda -hwaccel_output_format cuda";
    let down = format!("-vf hwdownload,format={surface},format={format}");
    let device = rig.clean(&format!("{cuda} {how} -i {path} {down} {end}"));
    let (software, device) = (digests(&software), digests(&device));
    assert_eq!(software.len(), device.len(), "{path} {how}: frames");
    let wrong = software.iter().zip(&device).position(|(s, d)| s != d);
    assert_eq!(wrong, None, "{path} {how}: the first frame that differs");
    let counters = rig.driver.report().unwrap().total();
    assert!(
        !device.is_empty() && counters.mapped > 0,
        "{path} {how}: {counters:?}"
    );
}

#[test]
fn plain_nvdec_gives_true_pictures() {
    same(&clip("h264.mp4"), false, "");
    same(&clip("h264i.mp4"), false, "");
    same(&clip("h264w.mp4"), false, "");
    same(&clip("hevc.mp4"), false, "");
    same(&clip("hevc10.mp4"), true, "");
}

#[test]
fn the_parser_gives_true_pictures() {
    same(&clip("h264.mp4"), false, "-c:v h264_cuvid");
    same(&clip("hevc.mp4"), false, "-c:v hevc_cuvid");
    same(&clip("hevc10.mp4"), true, "-c:v hevc_cuvid");
}

#[test]
fn real_inputs_too() {
    const QUICK: [(&str, bool); 3] = [
        ("bunny-720p25.mp4", false),
        ("interlaced-bff-480i.mkv", false),
        ("broadcast-1080i25-2audio.ts", false),
    ];
    const FULL: [(&str, bool); 5] = [
        ("phone-hlg-rotated.mov", true),
        ("traffic-432p12.mp4", false),
        ("film-576p24-37s.mkv", false),
        ("starts-on-nonkeyframe.mp4", false),
        ("anamorphic-720p30.mp4", false),
    ];
    let more: &[_] = if full() { &FULL } else { &[] };
    for (name, ten_bit) in QUICK.iter().chain(more) {
        if let Some(path) = real(name) {
            same(&path.display().to_string(), *ten_bit, "");
        }
    }
}

/// Seeking enters in the middle: what the engine remembers of before must not matter.
#[test]
fn a_seek_changes_nothing() {
    for name in ["h264.mp4", "hevc.mp4"] {
        same(
            &clip(name),
            false,
            "-ss 1.3 -noaccurate_seek -copyts -start_at_zero -ss 0",
        );
    }
}
