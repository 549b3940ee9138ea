//! The cores beside the reference, which is what the GPU's kernel does: equal to the last bit.

use newsreel_scale::cores::{Cores, Source, Target};
use newsreel_scale::{Depth, Filter, Request, RungSize, Siting};
use proptest::prelude::*;

use super::buffers::Launch;

/// Noise in all values: rounding and clamping show everywhere.
fn noise(component: u32, x: u32, y: u32) -> u16 {
    let mixed = (x * 7919 + y * 104_729 + component * 1299).wrapping_mul(2_654_435_761);
    u16::from(mixed.to_le_bytes()[3])
}

/// Hard edges: filters overshoot here.
fn edges(_: u32, x: u32, y: u32) -> u16 {
    if (x / 7 + y / 5).is_multiple_of(2) {
        0
    } else {
        255
    }
}

/// A plane with some bytes after each row but the last, as a decoder has them.
fn plane(width: u32, height: u32, sample: impl Fn(u32, u32) -> u16) -> (Vec<u8>, usize) {
    let pitch = width as usize + 13;
    let mut bytes = vec![0xa5; pitch * (height as usize - 1) + width as usize];
    for y in 0..height {
        for x in 0..width {
            bytes[y as usize * pitch + x as usize] = u8::try_from(sample(x, y)).unwrap();
        }
    }
    (bytes, pitch)
}

fn request(size: (u32, u32), rung: (u32, u32), siting: Siting, filter: Filter) -> Request {
    Request {
        depth: Depth::Eight,
        size,
        crop: (0, 0, size.0, size.1),
        siting,
        filter,
        rungs: vec![RungSize {
            width: rung.0,
            height: rung.1,
            depth: Depth::Eight,
        }],
    }
}

/// Whether both make the same picture; false where these cores cannot.
fn agree(request: &Request, picture: fn(u32, u32, u32) -> u16) -> bool {
    let Some(mut cores) = Cores::new(request).unwrap() else {
        println!("!!!!!!!! NOT TESTED: these cores have no vectors of 256 bits");
        return false;
    };
    let (width, height) = request.size;
    let (wide, high) = (width.div_ceil(2), height.div_ceil(2));
    let from = [
        plane(width, height, |x, y| picture(0, x, y)),
        plane(wide, high, |x, y| picture(1, x, y)),
        plane(wide, high, |x, y| picture(2, x, y)),
    ];
    let rung = request.rungs[0];
    let mut to = [
        plane(rung.width, rung.height, |_, _| 1),
        plane(rung.width / 2, rung.height / 2, |_, _| 1),
        plane(rung.width / 2, rung.height / 2, |_, _| 1),
    ];
    let source = from.each_ref().map(|(samples, pitch)| Source {
        samples,
        pitch: *pitch,
    });
    // Twice: nothing of the first picture may be left.
    for _ in 0..2 {
        let target = to.each_mut().map(|(samples, pitch)| Target {
            samples,
            pitch: *pitch,
        });
        cores.scale(source, target).unwrap();
    }
    let launch = Launch::new(request.clone(), picture).scaled();
    for (component, (samples, pitch)) in to.iter().enumerate() {
        let halves = if component == 0 { 1 } else { 2 };
        for y in 0..(rung.height / halves) as usize {
            for x in 0..(rung.width / halves) as usize {
                let ours = u16::from(samples[y * pitch + x]);
                let theirs = launch.sample(0, component, x, y);
                assert_eq!(
                    ours, theirs,
                    "component {component} at {x}, {y} of {request:?}"
                );
            }
            let beyond = samples.get(y * pitch + (rung.width / halves) as usize);
            assert!(beyond.is_none_or(|v| *v == 0xa5), "written beyond row {y}");
        }
    }
    true
}

#[test]
fn the_ladder_of_a_real_size_is_what_the_reference_makes() {
    for rung in [(1280, 720), (854, 480), (426, 240), (160, 90)] {
        let request = request((1920, 1080), rung, Siting::Left, Filter::Bicubic);
        agree(&request, noise);
    }
    // Ratios beyond what one window of the source holds.
    let request = request((3840, 2160), (426, 240), Siting::TopLeft, Filter::Bicubic);
    agree(&request, edges);
}

#[test]
fn a_plane_that_is_too_small_is_refused() {
    let request = request((64, 64), (32, 32), Siting::Left, Filter::Bicubic);
    let Some(mut cores) = Cores::new(&request).unwrap() else {
        return println!("!!!!!!!! NOT TESTED: these cores have no vectors of 256 bits");
    };
    let mut scaled = |source_rows: usize, target_rows: usize| {
        let (from, mut to) = (vec![0; 64 * source_rows], vec![0; 32 * target_rows]);
        let source = Source {
            samples: &from,
            pitch: 64,
        };
        let (mut u, mut v) = (to.clone(), to.clone());
        let target = [&mut to, &mut u, &mut v].map(|samples| Target { samples, pitch: 32 });
        cores.scale([source; 3], target).is_some()
    };
    assert!(scaled(64, 32));
    assert!(!scaled(63, 32));
    assert!(!scaled(64, 31));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_sizes_filters_and_sitings_agree(
        width in 2u32..300, height in 2u32..200,
        across in 1u32..150, down in 1u32..100,
        siting in prop_oneof![Just(Siting::Left), Just(Siting::Center), Just(Siting::TopLeft)],
        filter in prop_oneof![Just(Filter::Bicubic), Just(Filter::Lanczos3)],
        hard in any::<bool>(),
    ) {
        let request = request((width, height), (2 * across, 2 * down), siting, filter);
        // The kernel refuses what is too extreme for it; so do the cores.
        prop_assume!(newsreel_scale::Plan::new(&request).is_ok());
        agree(&request, if hard { edges } else { noise });
    }
}
