//! Where picture and sound are on one clock, in a source and in what was made of it. Measured on decoded media.

use std::path::Path;

use super::{pictures, probe, tool};

/// Samples per second that sound is compared at.
pub const HZ: u32 = 8000;

/// Sound as mono samples, the first of them at `start_s` of the file's own clock.
pub struct Sound {
    pub start_s: f64,
    pub samples: Vec<f32>,
}

/// Decodes one stream of sound (`a:0`, `3`); at most `seconds` of it. One without a single packet is empty.
pub fn decode(path: &Path, stream: &str, seconds: f64) -> Sound {
    let select = ["-select_streams", stream, "-read_intervals", "%+#40"];
    let show = ["-show_entries", "frame=pts_time,best_effort_timestamp_time"];
    let frames = probe(path, &[&select[..], &show].concat());
    let frames = frames["frames"].as_array().unwrap();
    let start = frames
        .iter()
        .find_map(|f| f["best_effort_timestamp_time"].as_str());
    let start_s = start.map_or(0.0, |s| s.parse().unwrap());
    let (file, map) = (path.to_str().unwrap(), format!("0:{stream}"));
    let (rate, limit) = (HZ.to_string(), seconds.to_string());
    let args = [
        "-nostdin", "-v", "quiet", "-i", file, "-map", &map, "-t", &limit,
    ];
    let how = ["-ac", "1", "-ar", &rate, "-f", "f32le", "-"];
    let bytes = tool("ffmpeg", &[&args[..], &how].concat());
    let samples = bytes.chunks_exact(4);
    Sound {
        start_s,
        samples: samples
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect(),
    }
}

/// When the beeps begin.
pub fn beeps(sound: &Sound) -> Vec<f64> {
    let quiet = HZ as usize / 2;
    let mut last = None;
    let mut out = Vec::new();
    for (i, sample) in sound.samples.iter().enumerate() {
        if sample.abs() > 0.2 {
            if last.is_none_or(|l| i - l > quiet) {
                out.push(sound.start_s + i as f64 / f64::from(HZ));
            }
            last = Some(i);
        }
    }
    out
}

/// When the flashes begin.
pub fn flashes(path: &Path) -> Vec<f64> {
    let times = picture_times(path);
    let light = pictures::brightness(path);
    assert_eq!(times.len(), light.len(), "{}", path.display());
    let mut dark = true;
    let mut out = Vec::new();
    for (time, light) in times.iter().zip(light) {
        if light > 120 && dark {
            out.push(*time);
        }
        dark = light <= 120;
    }
    out
}

/// Presentation times of the decoded pictures in seconds.
pub fn picture_times(path: &Path) -> Vec<f64> {
    let show = ["-select_streams", "V:0", "-show_entries"];
    let frames = probe(
        path,
        &[&show[..], &["frame=best_effort_timestamp_time"]].concat(),
    );
    let frames = frames["frames"].as_array().unwrap();
    let time = |f: &serde_json::Value| f["best_effort_timestamp_time"].as_str()?.parse().ok();
    frames.iter().filter_map(time).collect()
}

/// By how much `copy` is later than `original` on their clocks, in seconds, and how alike they are there (0–1).
pub fn lag(original: &Sound, copy: &Sound, around_s: f64, search_s: f64) -> (f64, f64) {
    let hz = f64::from(HZ);
    // Index into the copy of the original's first sample, were they `around_s` apart.
    let base = ((original.start_s + around_s - copy.start_s) * hz).round() as i64;
    let reach = (search_s * hz) as i64;
    let own: f64 = original.samples.iter().map(|x| f64::from(x * x)).sum();
    let mut best = (0, -1.0);
    for shift in -reach..=reach {
        let place = base + shift;
        let skip = usize::try_from(-place).unwrap_or(0);
        let from = usize::try_from(place).unwrap_or(0);
        let a = original.samples.get(skip..).unwrap_or(&[]);
        let b = copy.samples.get(from..).unwrap_or(&[]);
        let (mut product, mut other) = (0.0, 0.0);
        for (a, b) in a.chunks(512).zip(b.chunks(512)) {
            let both = a.iter().zip(b);
            let (p, o) = both.fold((0f32, 0f32), |(p, o), (x, y)| (p + x * y, o + y * y));
            product += f64::from(p);
            other += f64::from(o);
        }
        let alike = product / (own * other).sqrt().max(1e-9);
        if alike > best.1 {
            best = (shift, alike);
        }
    }
    let moved = copy.start_s + (base + best.0) as f64 / hz - original.start_s;
    (moved, best.1)
}

/// By how much the pictures of `copy` are later than those of `original`: the shift under which most of them meet.
pub fn picture_lag(original: &[f64], copy: &[f64]) -> f64 {
    let meets = |shift: f64| {
        let mut next = original.iter().peekable();
        copy.iter()
            .filter(|&&c| {
                while next.next_if(|&&o| o + shift < c - 0.002).is_some() {}
                next.peek()
                    .is_some_and(|&&o| (o + shift - c).abs() <= 0.002)
            })
            .count()
    };
    let candidates = original
        .iter()
        .take(6)
        .flat_map(|o| copy.iter().take(6).map(move |c| c - o));
    let mut best = (0, 0.0);
    for shift in candidates {
        let count = meets(shift);
        if count > best.0 {
            best = (count, shift);
        }
    }
    assert!(
        best.0 * 10 >= original.len().min(copy.len()) * 8,
        "the times do not fit: {best:?}"
    );
    best.1
}
