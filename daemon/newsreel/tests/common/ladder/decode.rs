//! Everything in a file decoded by FFmpeg, which must have nothing to complain about.

use std::path::Path;

use super::super::{silent, text};

/// Pictures as a decoder gives them out.
pub struct Pictures {
    /// Seconds.
    pub times: Vec<f64>,
    /// A checksum of each.
    pub sums: Vec<String>,
}

/// Decodes everything in a file; any word of complaint fails.
pub fn decode(path: &Path) -> Pictures {
    let file = path.to_str().unwrap();
    let args = [
        "-nostdin",
        "-v",
        "error",
        "-copyts",
        "-i",
        file,
        "-map",
        "0",
        "-fps_mode",
    ];
    let how = ["passthrough", "-enc_time_base", "-1", "-f", "framecrc", "-"];
    let out = text(&silent("ffmpeg", &[&args[..], &how].concat()));
    let (mut unit, mut video) = (Vec::<f64>::new(), None);
    let mut pictures = Pictures {
        times: Vec::new(),
        sums: Vec::new(),
    };
    for line in out.lines() {
        if let Some(rest) = line.strip_prefix("#tb ") {
            let (num, den) = rest.split_once(": ").unwrap().1.split_once('/').unwrap();
            unit.push(num.parse::<f64>().unwrap() / den.parse::<f64>().unwrap());
        } else if let Some(rest) = line.strip_prefix("#media_type ") {
            let (stream, kind) = rest.split_once(": ").unwrap();
            if kind == "video" {
                video = Some(stream.parse::<usize>().unwrap());
            }
        } else if !line.starts_with('#') {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let stream: usize = fields[0].parse().unwrap();
            if Some(stream) == video {
                let time: f64 = fields[2].parse().unwrap();
                pictures.times.push(time * unit[stream]);
                pictures.sums.push(fields[5].to_owned());
            }
        }
    }
    pictures
}
