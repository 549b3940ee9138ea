//! Real init segments of the three video codecs, named. FFmpeg's own reading of profile and level is the reference.

use std::process::Command;

use newsreel_media::boxes::{read_init, read_segment};

#[test]
fn real_init_segments_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let picture = "testsrc2=size=320x180:rate=25:duration=0.4";
    for (encoder, tag, expected) in [
        ("libx264", "avc1", "avc1.64000C"),
        ("libx265", "hvc1", "hvc1.1.6.L60.90"),
        ("libsvtav1", "av01", "av01.0.00M.08"),
    ] {
        let path = dir.path().join(format!("{encoder}.mp4"));
        let to = path.to_str().unwrap();
        // SVT-AV1 and x265 log on their own; what they say is of no interest here.
        let quiet = [
            "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture,
        ];
        let rest = ["-pix_fmt", "yuv420p", "-c:v", encoder, "-tag:v", tag];
        let form = [
            "-movflags",
            "frag_keyframe+empty_moov+default_base_moof+delay_moov",
            to,
        ];
        let done = Command::new("ffmpeg")
            .args(quiet)
            .args(rest)
            .args(form)
            .output()
            .unwrap();
        assert!(done.status.success(), "{encoder}: {done:?}");
        let bytes = std::fs::read(&path).unwrap();
        let info = read_init(&bytes).unwrap();
        assert_eq!(info.codecs, expected);
        assert_eq!((info.width, info.height), (320, 180));
        assert_eq!(read_segment(&bytes).unwrap()[0].samples.len(), 10);
    }
}
