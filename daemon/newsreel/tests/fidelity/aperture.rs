//! A clean aperture (`clap`) that a QuickTime file states is what is shown of it. FFmpeg neither writes nor reads one, so it is
//! put into the file here.

use std::path::Path;

use super::common::alone;
use super::common::place::Place;
use super::{CONFIG, NEAR_DB, least_alike, reference, stream};

/// Boxes from the outside in to the description of the samples, with the bytes before what is inside of each.
const WAY: [(&[u8; 4], usize); 6] = [
    (b"moov", 8),
    (b"trak", 8),
    (b"mdia", 8),
    (b"minf", 8),
    (b"stbl", 8),
    (b"stsd", 16),
];

/// Adds a `clap` box to the first description of the first track: width, height, and how far its middle lies off.
fn state(path: &Path, numbers: [i32; 8]) {
    let mut file = std::fs::read(path).unwrap();
    let size = |file: &[u8], at: usize| {
        usize::try_from(u32::from_be_bytes(file[at..at + 4].try_into().unwrap())).unwrap()
    };
    let mut grown = Vec::new();
    let mut at = 0;
    for (kind, inside) in WAY {
        while &file[at + 4..at + 8] != kind {
            at += size(&file, at);
        }
        grown.push(at);
        at += inside;
    }
    grown.push(at);
    let end = at + size(&file, at);
    let clap = [&40u32.to_be_bytes()[..], b"clap"].concat();
    let numbers = numbers.iter().flat_map(|n| n.to_be_bytes());
    file.splice(end..end, clap.into_iter().chain(numbers));
    for at in grown {
        let larger = u32::try_from(size(&file, at) + 40).unwrap();
        file[at..at + 4].copy_from_slice(&larger.to_be_bytes());
    }
    std::fs::write(path, file).unwrap();
}

#[test]
fn what_lies_outside_the_clean_aperture_is_cut_off() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let how = "-t 1 -c:v libx264 -preset superfast -qp 8 -pix_fmt yuv420p -g 12";
    let how: Vec<&str> = how.split(' ').collect();
    let drawn = |filters: &str, name: &str| {
        let drawn = format!("testsrc2=size=720x576:rate=25{filters}");
        let from = ["-f", "lavfi", "-i", &drawn];
        place.clip(name, &[&from[..], &how].concat())
    };
    // Of square pixels where nothing is said; of the stated shape where it is.
    for (shape, name, size) in [
        ("", "square.mov", (704, 560)),
        (",setsar=16/11", "wide.mov", (1024, 560)),
    ] {
        let input = drawn(shape, name);
        state(&input, [704, 1, 560, 1, -8, 1, 4, 1]);
        let ladder = place.transcode(&input, "cut", "exact", &[]);
        let made = ladder.mp4(ladder.lowest());
        let found = stream(&made);
        assert_eq!(
            (&found["width"], &found["height"]),
            (&size.0.into(), &size.1.into())
        );
        let wanted = reference(&place, &input, &[], "crop=704:560:0:12", size);
        let worst = least_alike(&wanted, &made, size);
        eprintln!("{name}: {worst:.1} dB at worst");
        assert!(worst >= NEAR_DB, "{worst:.1} dB");
        std::fs::remove_dir_all(&ladder.dir).unwrap();
    }
    let input = drawn("", "nonsense.mov");
    state(&input, [9000, 1, 9000, 0, 0, 1, 0, 1]);
    let ladder = place.transcode(&input, "whole", "exact", &[]);
    assert_eq!(ladder.plan().video.conditioning.crop, None);
}
