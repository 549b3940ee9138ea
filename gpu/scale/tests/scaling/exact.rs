//! Pictures of which it is known what must come out.

use newsreel_scale::{Depth, Filter, Plan, PlanError, Request, RungSize, Siting};

use super::buffers::Launch;

fn request(depth: Depth, size: (u32, u32), rungs: &[(u32, u32, Depth)]) -> Request {
    Request {
        depth,
        size,
        crop: (0, 0, size.0, size.1),
        siting: Siting::Left,
        filter: Filter::Bicubic,
        rungs: rungs
            .iter()
            .map(|(width, height, depth)| RungSize {
                width: *width,
                height: *height,
                depth: *depth,
            })
            .collect(),
    }
}

/// Each sample of a rung with its place: (component, column, row, value).
fn samples(launch: &Launch, rung: usize) -> impl Iterator<Item = (usize, usize, usize, u16)> {
    let size = launch.request.rungs[rung];
    let (width, height) = (size.width as usize, size.height as usize);
    (0..3).flat_map(move |c| {
        let (w, h) = if c == 0 {
            (width, height)
        } else {
            (width / 2, height / 2)
        };
        (0..w * h).map(move |at| (c, at % w, at / w, launch.sample(rung, c, at % w, at / w)))
    })
}

#[test]
fn a_rung_of_the_sources_size_is_the_source() {
    for (depth, filter) in [
        (Depth::Eight, Filter::Bicubic),
        (Depth::Ten, Filter::Lanczos3),
    ] {
        for siting in [Siting::Left, Siting::Center, Siting::TopLeft] {
            let most = 1 << depth.bits();
            let value =
                |c: u32, x: u32, y: u32| u16::try_from((c * 91 + x * 37 + y * 53) % most).unwrap();
            let mut request = request(depth, (70, 50), &[(70, 50, depth)]);
            (request.siting, request.filter) = (siting, filter);
            let launch = Launch::new(request, value).scaled();
            for (c, x, y, got) in samples(&launch, 0) {
                let [c, x, y] = [c, x, y].map(|v| u32::try_from(v).unwrap());
                let wanted = value(c, x, y);
                assert_eq!(got, wanted, "{depth:?} {siting:?} {c} {x} {y}");
            }
        }
    }
}

#[test]
fn a_flat_picture_stays_flat_and_ten_bits_become_eight_by_rounding() {
    let rungs = [
        (30, 20, Depth::Eight),
        (62, 18, Depth::Ten),
        (200, 120, Depth::Eight),
    ];
    for value in [0, 1, 2, 64, 513, 514, 1022, 1023] {
        let launch = Launch::new(request(Depth::Ten, (96, 64), &rungs), |_, _, _| value).scaled();
        for (rung, (_, _, depth)) in rungs.iter().enumerate() {
            let wanted = match depth {
                Depth::Ten => value,
                Depth::Eight => ((value + 2) / 4).min(255),
            };
            assert!(
                samples(&launch, rung).all(|(_, _, _, got)| got == wanted),
                "{value} in {depth:?}"
            );
        }
    }
}

/// A value that is a whole number of a sample's range.
fn whole(value: f64) -> u16 {
    (0..1024).find(|v| f64::from(*v) >= value).unwrap()
}

/// A slope is the same slope after scaling, if every sample is taken from where it lies.
#[test]
fn a_slope_keeps_its_place_in_luma_and_chroma_for_every_siting() {
    for (siting, across, down) in [
        (Siting::Left, 0.0, 0.5),
        (Siting::Center, 0.5, 0.5),
        (Siting::TopLeft, 0.0, 0.0),
    ] {
        // In luma samples from the centre of the first, a sample's place along x and y.
        let place = |c: usize, x: f64, y: f64| match c {
            0 => (x, y),
            _ => (2.0 * x + across, 2.0 * y + down),
        };
        let value = |x: f64, y: f64| 100.0 + 4.0 * x + 4.0 * y;
        let mut request = request(
            Depth::Ten,
            (120, 90),
            &[(80, 60, Depth::Ten), (50, 32, Depth::Ten)],
        );
        request.siting = siting;
        let launch = Launch::new(request, |c, x, y| {
            let (x, y) = place(c as usize, f64::from(x), f64::from(y));
            whole(value(x, y))
        })
        .scaled();
        for (rung, (width, height)) in [(80.0, 60.0), (50.0, 32.0)].into_iter().enumerate() {
            let (rx, ry) = (120.0 / width, 90.0 / height);
            for (c, x, y, got) in samples(&launch, rung) {
                let (x, y) = place(c, x as f64, y as f64);
                // Edges are repeated, so the outermost samples are no slope.
                if !(8.0..width - 8.0).contains(&x) || !(8.0..height - 8.0).contains(&y) {
                    continue;
                }
                let wanted = value((x + 0.5) * rx - 0.5, (y + 0.5) * ry - 0.5);
                let off = (f64::from(got) - wanted).abs();
                assert!(
                    off <= 1.2,
                    "{siting:?} {c} at {x} {y}: {got}, wanted {wanted}"
                );
            }
        }
    }
}

#[test]
fn a_point_of_light_spreads_evenly_to_all_sides() {
    let source = |c: u32, x: u32, y: u32| match (c, x, y) {
        (0, 31 | 32, 31 | 32) => 255,
        (0, _, _) => 16,
        _ => 128,
    };
    for filter in [Filter::Bicubic, Filter::Lanczos3] {
        let mut request = request(
            Depth::Eight,
            (64, 64),
            &[(32, 32, Depth::Eight), (22, 22, Depth::Eight)],
        );
        request.filter = filter;
        let launch = Launch::new(request, source).scaled();
        for (rung, last) in [(0, 31), (1, 21usize)] {
            let mut sum = 0;
            for (_, x, y, got) in samples(&launch, rung).filter(|s| s.0 == 0) {
                let turned = [(last - x, y), (x, last - y), (y, x)];
                for (x, y) in turned {
                    assert!(
                        launch.sample(rung, 0, x, y).abs_diff(got) <= 1,
                        "{filter:?} {rung}"
                    );
                }
                sum += i64::from(got) - 16;
            }
            // Its light, by area; what is below black is cut off, hence the tolerance.
            let area = ((last + 1) as f64).powi(2) / (64.0 * 64.0);
            let wanted = 4.0 * 239.0 * area;
            assert!(
                (sum as f64 / wanted - 1.0).abs() < 0.25,
                "{filter:?}: {sum}, wanted {wanted}"
            );
        }
    }
}

#[test]
fn what_lies_outside_the_crop_is_not_seen() {
    let (left, top, width, height) = (20, 12, 80, 40);
    let inside =
        |x: u32, y: u32| (left..left + width).contains(&x) && (top..top + height).contains(&y);
    let mut wanted = request(
        Depth::Eight,
        (128, 64),
        &[
            (40, 20, Depth::Eight),
            (80, 40, Depth::Eight),
            (96, 52, Depth::Eight),
        ],
    );
    wanted.crop = (left, top, width, height);
    let launch = Launch::new(wanted, |c, x, y| {
        let scale = if c == 0 { 1 } else { 2 };
        if inside(x * scale, y * scale) {
            77
        } else {
            255
        }
    })
    .scaled();
    for rung in 0..3 {
        assert!(
            samples(&launch, rung).all(|(_, _, _, got)| got == 77),
            "rung {rung}"
        );
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let with = |change: &dyn Fn(&mut Request)| {
        let mut asked = request(Depth::Eight, (1920, 1080), &[(640, 360, Depth::Eight)]);
        change(&mut asked);
        Plan::new(&asked).err()
    };
    let rung = |width, height| RungSize {
        width,
        height,
        depth: Depth::Eight,
    };
    assert_eq!(with(&|r| r.rungs.clear()), Some(PlanError::RungCount(0)));
    assert_eq!(
        with(&|r| r.rungs = vec![rung(64, 64); 9]),
        Some(PlanError::RungCount(9))
    );
    assert_eq!(
        with(&|r| r.rungs[0].width = 641),
        Some(PlanError::RungSize(641, 360))
    );
    assert_eq!(
        with(&|r| r.crop = (1, 0, 1920, 1080)),
        Some(PlanError::Crop)
    );
    assert_eq!(
        with(&|r| r.crop = (u32::MAX, 0, 2, 2)),
        Some(PlanError::Crop)
    );
    assert_eq!(with(&|r| r.crop.3 = 0), Some(PlanError::Crop));
    let far = |r: &mut Request| {
        (r.size, r.crop) = ((16384, 16384), (0, 0, 16384, 16384));
        r.rungs = vec![rung(2, 2)];
    };
    assert_eq!(with(&far), Some(PlanError::Ratio));
}

#[test]
fn a_block_survives_its_bytes_and_nonsense_is_no_block() {
    use newsreel_scale::block::{BYTES, Block, kernel_name, kernel_source};
    let launch = Launch::new(
        request(Depth::Ten, (64, 64), &[(32, 32, Depth::Eight)]),
        |_, _, _| 0,
    );
    let bytes = launch.block.to_bytes();
    assert_eq!(Block::from_bytes(&bytes), Some(launch.block));
    assert_eq!(Block::from_bytes(&bytes[1..]), None);
    assert_eq!(Block::from_bytes(&[0; BYTES]), None);
    assert_eq!(Block::from_bytes(&[0xff; BYTES]), None);
    assert_eq!(kernel_source(kernel_name(Depth::Ten)), Some(Depth::Ten));
    assert_eq!(kernel_source("Subsample_Bicubic"), None);
}
