//! Real pictures beside two scalers of others: libswscale and zimg, as Debian's `ffmpeg` has them.

use std::path::Path;
use std::process::Command;

use newsreel_scale::{Depth, Filter, Request, RungSize, Siting};

use super::buffers::Launch;

const MEDIA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/media");
const SIZE: (u32, u32) = (1920, 1080);
const RUNGS: [(u32, u32); 3] = [(1280, 720), (854, 480), (640, 360)];
/// What a scaled frame must reach against a reference scaler, in dB. Enough would be 45; the same filter in integers gives more.
const LEAST: f64 = 60.0;

/// What `ffmpeg` writes as raw pictures.
fn ffmpeg(input: &[&str], filter: &str, format: &str) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(input)
        .args([
            "-frames:v",
            "1",
            "-vf",
            filter,
            "-pix_fmt",
            format,
            "-f",
            "rawvideo",
            "-",
        ])
        .output()
        .expect("this test needs ffmpeg, which scripts/setup installs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Samples of an NV12 or P010 picture without padding, component by component.
fn component(raw: &[u8], depth: Depth, size: (u32, u32), c: usize) -> Vec<u16> {
    let values: Vec<u16> = match depth {
        Depth::Eight => raw.iter().map(|v| u16::from(*v)).collect(),
        Depth::Ten => raw
            .as_chunks()
            .0
            .iter()
            .map(|v| u16::from_le_bytes(*v) >> 6)
            .collect(),
    };
    let (luma, chroma) = values.split_at((size.0 * size.1) as usize);
    match c {
        0 => luma.to_vec(),
        c => chroma.iter().skip(c - 1).step_by(2).copied().collect(),
    }
}

fn psnr(a: &[u16], b: &[u16], depth: Depth) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
        .sum();
    let peak = f64::from((1 << depth.bits()) - 1);
    10.0 * (peak * peak / (sum / a.len() as f64).max(1e-9)).log10()
}

/// Scales one picture and compares each rung with what both of the others make of it.
fn compare(name: &str, input: &[&str], depth: Depth, filter: Filter) {
    let (planar, packed) = match depth {
        Depth::Eight => ("yuv420p", "nv12"),
        Depth::Ten => ("yuv420p10le", "p010le"),
    };
    // Whatever the clip is, its second picture becomes a progressive 1080p one in 4:2:0 first; that is scaled by everyone.
    let source = format!(
        "select=gte(n\\,1),scale={}:{}:flags=bicubic,format={planar}",
        SIZE.0, SIZE.1
    );
    let raw = ffmpeg(input, &source, packed);
    let parts: Vec<Vec<u16>> = (0..3).map(|c| component(&raw, depth, SIZE, c)).collect();
    let request = Request {
        depth,
        size: SIZE,
        crop: (0, 0, SIZE.0, SIZE.1),
        siting: Siting::Left,
        filter,
        rungs: RUNGS
            .map(|(width, height)| RungSize {
                width,
                height,
                depth,
            })
            .to_vec(),
    };
    let launch = Launch::new(request, |c, x, y| {
        let width = if c == 0 { SIZE.0 } else { SIZE.0 / 2 };
        parts[c as usize][(y * width + x) as usize]
    })
    .scaled();
    let (sws, zimg) = match filter {
        Filter::Bicubic => ("bicubic", "bicubic:param_a=0:param_b=0.6"),
        Filter::Lanczos3 => ("lanczos", "lanczos"),
    };
    for (rung, (width, height)) in RUNGS.into_iter().enumerate() {
        let others = [
            format!(
                "scale={width}:{height}:flags={sws}+accurate_rnd:in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=128:out_v_chr_pos=128"
            ),
            format!("zscale={width}:{height}:chromalin=left:chromal=left:filter={zimg}"),
        ];
        for other in others {
            let theirs = ffmpeg(input, &format!("{source},{other},format={planar}"), packed);
            for c in 0..3 {
                let (w, h) = if c == 0 {
                    (width, height)
                } else {
                    (width / 2, height / 2)
                };
                let ours: Vec<u16> = (0..(w * h) as usize)
                    .map(|at| launch.sample(rung, c, at % w as usize, at / w as usize))
                    .collect();
                let db = psnr(&ours, &component(&theirs, depth, (width, height), c), depth);
                let by = other.split('=').next().unwrap();
                println!(
                    "{name} {depth:?} {filter:?} {height} lines, {}: {db:.1} dB to {by}",
                    ["Y", "U", "V"][c]
                );
                assert!(db >= LEAST, "{name}: {db:.1} dB to {other}");
            }
        }
    }
}

#[test]
fn pictures_are_within_60_db_of_libswscale_and_zimg() {
    let made = ["-f", "lavfi", "-i", "testsrc2=size=1920x1080,noise=alls=12"];
    compare("made", &made, Depth::Eight, Filter::Bicubic);
    compare("made", &made, Depth::Ten, Filter::Lanczos3);
    let media = Path::new(MEDIA);
    if !media.is_dir() {
        println!("!!!! the folder of real media is absent: only a made picture was compared");
        return;
    }
    for (clip, depth, filter) in [
        ("xavc-1080i25-422-10bit.mxf", Depth::Ten, Filter::Bicubic),
        ("broadcast-1080i25-2audio.ts", Depth::Eight, Filter::Bicubic),
        ("bunny-720p25.mp4", Depth::Eight, Filter::Lanczos3),
        ("phone-hlg-rotated.mov", Depth::Ten, Filter::Lanczos3),
    ] {
        let path = media.join(clip);
        let input = ["-i", path.to_str().unwrap()];
        compare(clip, &input, depth, filter);
    }
}
