//! Patches of known colour in every system, through the ladder, and read again by what the ladder says of itself.

use std::path::Path;

use super::common::place::Place;
use super::common::{alone, tool};
use super::{CONFIG, colour_of, stream};

/// Red, green and blue of each patch: 75 % bars, paler, so that a code value more or less of a wide system is one of a
/// narrow one too.
const PATCHES: [[u8; 3]; 8] = [
    [191, 191, 191],
    [191, 191, 64],
    [64, 191, 191],
    [64, 191, 64],
    [191, 64, 191],
    [191, 64, 64],
    [64, 64, 191],
    [64, 64, 64],
];

/// How a source's samples are made of the patches, and what is written into it of that.
struct System {
    name: &'static str,
    size: (u32, u32),
    /// In zscale's words.
    samples: &'static str,
    format: &'static str,
    /// Options that tag it.
    tags: &'static [&'static str],
    /// What comes out: matrix, transfer, primaries.
    shown: [&'static str; 3],
}

const HD: [&str; 3] = ["bt709", "bt709", "bt709"];
const SD_625: [&str; 3] = ["bt470bg", "smpte170m", "bt470bg"];
const SD_525: [&str; 3] = ["smpte170m", "smpte170m", "smpte170m"];

#[rustfmt::skip]
const SYSTEMS: &[System] = &[
    System { name: "576 lines that say nothing", size: (720, 576), samples: "m=bt470bg:p=bt470bg:t=smpte170m:r=tv", format: "yuv420p", tags: &[], shown: SD_625 },
    System { name: "480 lines that say nothing", size: (720, 480), samples: "m=smpte170m:p=smpte170m:t=smpte170m:r=tv", format: "yuv422p", tags: &[], shown: SD_525 },
    System { name: "720 lines that say nothing", size: (1280, 720), samples: "m=bt709:p=bt709:t=bt709:r=tv", format: "yuv422p10", tags: &[], shown: HD },
    System { name: "full range", size: (1280, 720), samples: "m=bt709:p=bt709:t=bt709:r=pc", format: "yuv444p", tags: &["-color_range", "pc", "-colorspace", "bt709", "-color_trc", "bt709", "-color_primaries", "bt709"], shown: HD },
    System { name: "BT.601 in HD", size: (1280, 720), samples: "m=smpte170m:p=smpte170m:t=smpte170m:r=tv", format: "yuv420p", tags: &["-colorspace", "smpte170m", "-color_trc", "smpte170m", "-color_primaries", "smpte170m"], shown: SD_525 },
    System { name: "BT.2020", size: (1280, 720), samples: "m=2020_ncl:p=2020:t=2020_10:r=tv", format: "yuv420p10", tags: &["-colorspace", "bt2020nc", "-color_trc", "bt2020-10", "-color_primaries", "bt2020"], shown: HD },
];

/// Code values that a patch may be off.
const NEAR: i32 = 2;

#[test]
fn patches_keep_their_colour_in_every_system() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    let mut failed = Vec::new();
    for system in SYSTEMS {
        if std::panic::catch_unwind(|| check(&place, system)).is_err() {
            failed.push(system.name);
        }
    }
    assert!(failed.is_empty(), "see above: {failed:?}");
}

fn check(place: &Place, system: &System) {
    let (width, height) = system.size;
    // Made in the system's own primaries, so that what is compared is the same light.
    let raw = bars(place, width, height);
    let size = format!("{width}x{height}");
    let into = format!(
        "zscale=min=gbr:pin=bt709:tin=bt709:rin=pc:{},format={},setsar=1",
        system.samples, system.format
    );
    let input = [
        "-f", "rawvideo", "-pix_fmt", "gbrp", "-s", &size, "-r", "25", "-i", &raw,
    ];
    let how = [
        "-vf",
        &into,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-qp",
        "0",
    ];
    let clip = place.clip("in.mkv", &[&input[..], &how, system.tags].concat());
    let ladder = place.transcode(&clip, system.name, "exact", &[]);
    let made = ladder.mp4(ladder.lowest());
    assert_eq!(colour_of(&made), system.shown, "{}", system.name);
    assert_eq!(stream(&made)["color_range"], "tv");
    let filter = "zscale=m=bt709:p=bt709:t=bt709:r=tv,format=yuv444p";
    let wanted = {
        let mut from = input[..input.len() - 1].to_vec();
        from.push(&raw);
        let filter =
            "zscale=min=gbr:pin=bt709:tin=bt709:rin=pc:m=bt709:p=bt709:t=bt709:r=tv,format=yuv444p";
        patches(&from, filter, system.size)
    };
    let found = patches(&["-i", made.to_str().unwrap()], filter, system.size);
    eprintln!("{}: {found:?}", system.name);
    for (patch, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
        for (a, b) in wanted.iter().zip(found) {
            let off = i32::from(*a) - i32::from(*b);
            assert!(
                off.abs() <= NEAR,
                "{}, patch {patch}: {wanted:?} became {found:?}",
                system.name
            );
        }
    }
}

/// Ten pictures of the patches side by side.
fn bars(place: &Place, width: u32, height: u32) -> String {
    let path = place.path().join("bars.raw");
    let wide = width as usize / PATCHES.len();
    let plane = |channel: usize| -> Vec<u8> {
        let row: Vec<u8> = PATCHES
            .iter()
            .flat_map(|p| vec![p[channel]; wide])
            .collect();
        row.repeat(height as usize)
    };
    // Planar green, blue, red.
    let picture = [plane(1), plane(2), plane(0)].concat();
    std::fs::write(&path, picture.repeat(10)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The middle of each patch in the fifth picture.
fn patches(input: &[&str], filter: &str, (width, height): (u32, u32)) -> Vec<[u8; 3]> {
    let filter = format!("select=eq(n\\,5),{filter}");
    let how = ["-vf", &filter, "-frames:v", "1", "-f", "rawvideo", "-"];
    let all = [&["-nostdin", "-v", "error"], input, &how].concat();
    let samples = tool("ffmpeg", &all);
    let (width, height) = (width as usize, height as usize);
    assert_eq!(samples.len(), 3 * width * height);
    let wide = width / PATCHES.len();
    let at = |plane: usize, patch: usize| {
        samples[plane * width * height + height / 2 * width + patch * wide + wide / 2]
    };
    (0..PATCHES.len())
        .map(|p| [at(0, p), at(1, p), at(2, p)])
        .collect()
}

/// An HDR clip of one grey, by its signal in thousandths.
fn grey(place: &Place, system: &str, transfer: &str, signal: f64) -> std::path::PathBuf {
    // Ten bits, limited range.
    let luma = (64.0 + 876.0 * signal).round();
    let source = format!(
        "color=black:size=256x144:rate=25:duration=1,format=yuv420p10,geq=lum={luma}:cb=512:cr=512"
    );
    let params =
        format!("log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc");
    place.clip(
        &format!("{system}.mp4"),
        &[
            "-f",
            "lavfi",
            "-i",
            &source,
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            &params,
            "-color_primaries",
            "bt2020",
            "-color_trc",
            transfer,
            "-colorspace",
            "bt2020nc",
        ],
    )
}

/// Luma that light relative to reference white must have in SDR: as it is up to 0.3, then rolled off towards the peak of
/// 1,000 cd/m²; then what a display of ITU-R BT.1886 makes that light of.
fn sdr_luma(light: f64) -> f64 {
    const KNEE: f64 = 0.3;
    let peak = 1000.0 / 203.0;
    let mapped = if light <= KNEE {
        light
    } else {
        let a = -KNEE * KNEE * (peak - 1.0) / (KNEE * KNEE - 2.0 * KNEE + peak);
        let b = (KNEE * KNEE - 2.0 * KNEE * peak + peak) / (peak - 1.0);
        (b * b + 2.0 * b * KNEE + KNEE * KNEE) / (b - a) * (light + a) / (light + b)
    };
    let signal = mapped.powf(1.0 / 2.4);
    16.0 + 219.0 * signal
}

/// System, transfer, signal and the light that ITU-R BT.2408 gives for it, relative to reference white: a grey card and a
/// white sheet.
const GREYS: [(&str, &str, f64, f64); 4] = [
    ("hlg-grey", "arib-std-b67", 0.38, 26.0 / 203.0),
    ("hlg-white", "arib-std-b67", 0.75, 1.0),
    ("pq-grey", "smpte2084", 0.38, 26.0 / 203.0),
    ("pq-white", "smpte2084", 0.58, 1.0),
];

#[test]
fn the_greys_of_hdr_come_to_where_sdr_has_them() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    for (name, transfer, signal, light) in GREYS {
        let clip = grey(&place, name, transfer, signal);
        let ladder = place.transcode(&clip, name, "exact", &[]);
        let made = ladder.mp4(ladder.lowest());
        assert_eq!(colour_of(&made), HD, "{name}");
        let [luma, blue, red] = middle(&made);
        let wanted = sdr_luma(light);
        eprintln!("{name}: {luma} {blue} {red}, wanted {wanted:.1}");
        // BT.2408 rounds its signals to whole per cent.
        assert!(
            (f64::from(luma) - wanted).abs() <= 4.0,
            "{name}: {luma}, wanted {wanted:.1}"
        );
        assert!(
            blue.abs_diff(128) <= 1 && red.abs_diff(128) <= 1,
            "{name}: no grey"
        );
    }
}

/// Luma and chroma in the middle of the first picture.
fn middle(path: &Path) -> [u8; 3] {
    let filter = "crop=16:16,format=yuv444p";
    let file = path.to_str().unwrap();
    let args = [
        "-nostdin",
        "-v",
        "error",
        "-i",
        file,
        "-vf",
        filter,
        "-frames:v",
        "1",
        "-f",
        "rawvideo",
        "-",
    ];
    let samples = tool("ffmpeg", &args);
    [samples[0], samples[256], samples[512]]
}

#[test]
fn a_profile_may_keep_hdr_and_says_so_everywhere() {
    let _alone = alone();
    let place = Place::new(CONFIG);
    for (name, transfer, range, code) in [
        ("hlg", "arib-std-b67", "HLG", "18"),
        ("pq", "smpte2084", "PQ", "16"),
    ] {
        let clip = grey(&place, name, transfer, 0.58);
        let ladder = place.transcode(&clip, &format!("{name}-kept"), "hdr", &[]);
        let made = ladder.mp4(ladder.lowest());
        assert_eq!(colour_of(&made), ["bt2020nc", transfer, "bt2020"]);
        assert_eq!(stream(&made)["pix_fmt"], "yuv420p10le");
        let read = |file: &str| std::fs::read_to_string(ladder.dir.join(file)).unwrap();
        let master = read("master.m3u8");
        assert!(
            master.contains(&format!(",VIDEO-RANGE={range}")),
            "{master}"
        );
        assert!(master.contains("hvc1.2."), "{master}");
        let manifest = read("manifest.mpd");
        let told = format!("urn:mpeg:mpegB:cicp:TransferCharacteristics\" value=\"{code}\"");
        assert!(manifest.contains(&told), "{manifest}");
        // Pictures that stand alone are for everyone.
        let poster = middle(&ladder.dir.join("poster.jpg"));
        assert!(poster[0].abs_diff(128) < 100, "{poster:?}");
        // What is not kept is SDR, and not said to be anything else.
        let mapped = place.transcode(&clip, &format!("{name}-mapped"), "exact", &[]);
        let master = std::fs::read_to_string(mapped.dir.join("master.m3u8")).unwrap();
        assert!(!master.contains("VIDEO-RANGE"), "{master}");
    }
}
