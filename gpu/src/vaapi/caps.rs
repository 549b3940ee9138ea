//! What one VAAPI device decodes and encodes, by profile, entry point and surface format. Not whether it is fast.

use newsreel_model::device::{Chroma, Codec, Format, Side, Size, Unavailable};

use super::sys::Display;

/// Profiles, with the numbers of va.h 2.17 (2.18 for H.264 high 10).
const PROFILES: [(i32, Codec, &str); 26] = [
    (0, Codec::Mpeg2, "simple"),
    (1, Codec::Mpeg2, "main"),
    (2, Codec::Mpeg4, "simple"),
    (3, Codec::Mpeg4, "advanced simple"),
    (4, Codec::Mpeg4, "main"),
    (13, Codec::H264, "constrained baseline"),
    (6, Codec::H264, "main"),
    (7, Codec::H264, "high"),
    (36, Codec::H264, "high 10"),
    (8, Codec::Vc1, "simple"),
    (9, Codec::Vc1, "main"),
    (10, Codec::Vc1, "advanced"),
    (12, Codec::Jpeg, "baseline"),
    (14, Codec::Vp8, "0 to 3"),
    (17, Codec::Hevc, "main"),
    (18, Codec::Hevc, "main 10"),
    (23, Codec::Hevc, "main 12"),
    (24, Codec::Hevc, "main 4:2:2 10"),
    (25, Codec::Hevc, "main 4:2:2 12"),
    (26, Codec::Hevc, "main 4:4:4"),
    (27, Codec::Hevc, "main 4:4:4 10"),
    (19, Codec::Vp9, "0"),
    (20, Codec::Vp9, "1"),
    (21, Codec::Vp9, "2"),
    (22, Codec::Vp9, "3"),
    (32, Codec::Av1, "main"),
];

/// `VA_RT_FORMAT_*` bits.
const SURFACES: [(u32, Chroma, u8); 10] = [
    (0x1, Chroma::C420, 8),
    (0x100, Chroma::C420, 10),
    (0x1000, Chroma::C420, 12),
    (0x2, Chroma::C422, 8),
    (0x200, Chroma::C422, 10),
    (0x2000, Chroma::C422, 12),
    (0x4, Chroma::C444, 8),
    (0x400, Chroma::C444, 10),
    (0x4000, Chroma::C444, 12),
    (0x10, Chroma::C400, 8),
];

/// `VAEntrypointVLD`.
const DECODE: i32 = 1;
/// `VAEntrypointEncSlice`, `EncSliceLP` and, for JPEG, `EncPicture`.
const ENCODE: [i32; 3] = [6, 8, 7];
/// `VAConfigAttribRTFormat`, `MaxPictureWidth` and `MaxPictureHeight`.
const ATTRIBUTES: [i32; 3] = [0, 18, 19];
/// `VASurfaceAttribMinWidth`, `MaxWidth`, `MinHeight` and `MaxHeight`.
const SIZES: [i32; 4] = [2, 3, 4, 5];

/// What a device answers; the display is one such, and so is a test's.
pub trait Driver {
    /// Profiles it knows.
    fn profiles(&self) -> Vec<i32>;
    /// What can be done with one.
    fn entrypoints(&self, profile: i32) -> Vec<i32>;
    /// Values of [`ATTRIBUTES`].
    fn attributes(&self, profile: i32, entrypoint: i32) -> [Option<u32>; 3];
    /// Attributes of surfaces.
    fn surfaces(&self, profile: i32, entrypoint: i32) -> Vec<(i32, i32)>;
}

impl Driver for Display {
    fn profiles(&self) -> Vec<i32> {
        self.profiles().unwrap_or_default()
    }

    fn entrypoints(&self, profile: i32) -> Vec<i32> {
        self.entrypoints(profile).unwrap_or_default()
    }

    fn attributes(&self, profile: i32, entrypoint: i32) -> [Option<u32>; 3] {
        self.attributes(profile, entrypoint, ATTRIBUTES)
    }

    fn surfaces(&self, profile: i32, entrypoint: i32) -> Vec<(i32, i32)> {
        self.surface_attributes(profile, entrypoint)
    }
}

/// Both sides of a device.
pub fn sides(driver: &impl Driver) -> (Side, Side) {
    let there = driver.profiles();
    let (mut decode, mut encode) = (Side::default(), Side::default());
    for (profile, codec, name) in PROFILES {
        if !there.contains(&profile) {
            continue;
        }
        let entrypoints = driver.entrypoints(profile);
        if entrypoints.contains(&DECODE) {
            add(&mut decode, driver, (profile, codec, name), DECODE);
        }
        if let Some(entrypoint) = ENCODE.into_iter().find(|e| entrypoints.contains(e)) {
            add(&mut encode, driver, (profile, codec, name), entrypoint);
        }
    }
    let reason =
        |what: &str| format!("this GPU or its VAAPI driver has none; the CPU {what} instead");
    for (side, what, verb) in [
        (&mut decode, "decode", "decodes"),
        (&mut encode, "encode", "encodes"),
    ] {
        if side.formats.is_empty() {
            side.unavailable.push(Unavailable::new(what, reason(verb)));
        }
    }
    (decode, encode)
}

/// Adds what a profile can do to a side; profiles of one codec with the same surfaces are one format.
fn add(
    side: &mut Side,
    driver: &impl Driver,
    (profile, codec, name): (i32, Codec, &str),
    entrypoint: i32,
) {
    let [surfaces, width, height] = driver.attributes(profile, entrypoint);
    let limits = driver.surfaces(profile, entrypoint);
    let limit = |kind: i32| {
        let found = limits.iter().find(|(k, _)| *k == kind);
        found.and_then(|(_, value)| u32::try_from(*value).ok())
    };
    let [min_width, max_width, min_height, max_height] = SIZES.map(limit);
    let min = Size {
        width: min_width.unwrap_or(1),
        height: min_height.unwrap_or(1),
    };
    let max = Size {
        width: width.or(max_width).unwrap_or(0),
        height: height.or(max_height).unwrap_or(0),
    };
    for (bit, chroma, bit_depth) in SURFACES {
        if surfaces.unwrap_or(0) & bit == 0 {
            continue;
        }
        let same = side
            .formats
            .iter_mut()
            .find(|f| (f.codec, f.chroma, f.bit_depth) == (codec, chroma, bit_depth));
        match same {
            Some(format) => {
                format.profiles.push(name.to_owned());
                // What one of them takes, the device takes.
                format.max.width = format.max.width.max(max.width);
                format.max.height = format.max.height.max(max.height);
            }
            None => side.formats.push(Format {
                codec,
                chroma,
                bit_depth,
                profiles: vec![name.to_owned()],
                min,
                max,
                max_macroblocks: None,
                max_b_frames: None,
                lookahead: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An integrated GPU with HEVC in 10 bits, H.264 to encode on its low-power entry point, and one profile from the future.
    struct Integrated;

    impl Driver for Integrated {
        fn profiles(&self) -> Vec<i32> {
            vec![-1, 6, 7, 17, 18, 999]
        }

        fn entrypoints(&self, profile: i32) -> Vec<i32> {
            match profile {
                6 | 7 => vec![1, 8],
                -1 => vec![10],
                _ => vec![1],
            }
        }

        fn attributes(&self, profile: i32, _: i32) -> [Option<u32>; 3] {
            match profile {
                18 => [Some(0x101), Some(8192), Some(8192)],
                17 => [Some(0x1), None, None],
                _ => [Some(0x8000_0001), Some(4096), Some(4096)],
            }
        }

        fn surfaces(&self, _: i32, _: i32) -> Vec<(i32, i32)> {
            vec![(1, 42), (2, 32), (3, 4096), (4, 16), (5, -5)]
        }
    }

    #[test]
    fn profiles_become_formats_and_sides_are_apart() {
        let (decode, encode) = sides(&Integrated);
        let kinds = |side: &Side| -> Vec<_> {
            side.formats
                .iter()
                .map(|f| (f.codec, f.bit_depth, f.profiles.join(", ")))
                .collect()
        };
        assert_eq!(
            kinds(&decode),
            [
                (Codec::H264, 8, "main, high".to_owned()),
                (Codec::Hevc, 8, "main, main 10".to_owned()),
                (Codec::Hevc, 10, "main 10".to_owned()),
            ]
        );
        assert_eq!(kinds(&encode), [(Codec::H264, 8, "main, high".to_owned())]);
        let hevc = &decode.formats[1];
        assert_eq!((hevc.min.width, hevc.min.height), (32, 16));
        assert_eq!((hevc.max.width, hevc.max.height), (8192, 8192));
        assert!(decode.unavailable.is_empty() && encode.unavailable.is_empty());
    }

    #[test]
    fn a_device_that_only_decodes_says_so() {
        struct OnlyDecodes;
        impl Driver for OnlyDecodes {
            fn profiles(&self) -> Vec<i32> {
                vec![7]
            }
            fn entrypoints(&self, _: i32) -> Vec<i32> {
                vec![1]
            }
            fn attributes(&self, _: i32, _: i32) -> [Option<u32>; 3] {
                [Some(1), None, None]
            }
            fn surfaces(&self, _: i32, _: i32) -> Vec<(i32, i32)> {
                Vec::new()
            }
        }
        let (decode, encode) = sides(&OnlyDecodes);
        assert_eq!(decode.formats.len(), 1);
        assert!(encode.formats.is_empty());
        assert!(
            encode.unavailable[0]
                .reason
                .contains("the CPU encodes instead")
        );
    }
}
