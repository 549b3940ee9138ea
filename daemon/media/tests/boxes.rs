//! Properties of the box reader and writer: what is written is read back, and no bytes make them panic.

use newsreel_media::boxes::{
    FragmentInfo, Sample, read_init, read_segment, with_edit_list, write_fragment,
};
use proptest::prelude::*;

fn sample() -> impl Strategy<Value = Sample> {
    (0u32..40, any::<u32>(), any::<i32>(), any::<bool>()).prop_map(
        |(size, duration, composition_offset, key)| Sample {
            size,
            duration,
            composition_offset,
            key,
        },
    )
}

/// Samples that differ in everything, or in little, as real ones do: each picks another way to write the table.
fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let alike = (sample(), 1usize..30, any::<bool>()).prop_map(|(s, count, one_key)| {
        let mut all = vec![s; count];
        if one_key {
            all[0].key = !s.key;
        }
        all
    });
    let mut still = sample()
        .prop_map(|s| Sample {
            composition_offset: 0,
            ..s
        })
        .boxed();
    still = still
        .prop_map(|s| Sample {
            size: s.size.max(1),
            ..s
        })
        .boxed();
    prop_oneof![
        prop::collection::vec(sample(), 0..30),
        prop::collection::vec(still, 0..30),
        alike
    ]
}

fn bytes_of(samples: &[Sample]) -> Vec<u8> {
    let total: u32 = samples.iter().map(|s| s.size).sum();
    (0..total).map(|i| i.to_le_bytes()[0]).collect()
}

/// A minimal init segment, to be mutated.
fn init() -> Vec<u8> {
    fn boxed(kind: &[u8; 4], body: &[&[u8]]) -> Vec<u8> {
        let body = body.concat();
        let size = u32::try_from(body.len() + 8).unwrap_or(0);
        [&size.to_be_bytes()[..], kind, &body].concat()
    }
    let entry = boxed(
        b"avc1",
        &[&[0; 78], &boxed(b"avcC", &[&[1, 0x4D, 0x40, 0x28]])],
    );
    let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]);
    let minf = boxed(b"minf", &[&boxed(b"stbl", &[&stsd])]);
    let mdhd = boxed(b"mdhd", &[&[0; 12], &[0, 0, 1, 0], &[0; 8]]);
    let hdlr = boxed(b"hdlr", &[&[0; 8], b"vide", &[0; 13]]);
    let tkhd = boxed(b"tkhd", &[&[0; 84]]);
    let trak = boxed(b"trak", &[&tkhd, &boxed(b"mdia", &[&mdhd, &hdlr, &minf])]);
    let plain = boxed(b"moov", &[&trak]);
    with_edit_list(&plain, 77).unwrap_or(plain)
}

#[test]
fn the_init_to_be_mutated_is_sound() {
    assert_eq!(read_init(&init()).unwrap().media_time, 77);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read(
        samples in samples(), sequence in any::<u32>(), track_id in any::<u32>(), base in any::<u64>(),
    ) {
        let data = bytes_of(&samples);
        let file = write_fragment(sequence, track_id, base, &samples, &data);
        let read = read_segment(&file).unwrap();
        let expected = FragmentInfo {
            sequence,
            track_id,
            base_decode_time: base,
            samples,
            data: file.len() - data.len()..file.len(),
        };
        prop_assert_eq!(&read, &[expected]);
        prop_assert_eq!(&file[read[0].data.clone()], &data[..]);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_segment(&bytes);
        let _ = read_init(&bytes);
        let _ = with_edit_list(&bytes, 1024);
    }

    #[test]
    fn mutated_segments_never_panic_and_stay_inside(
        samples in samples(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(0u8), Just(1), Just(0xFF), any::<u8>()]), 1..6),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut file = write_fragment(1, 1, 0, &samples, &bytes_of(&samples));
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if shorten {
            file.truncate(cut.index(file.len()));
        }
        for fragment in read_segment(&file).unwrap_or_default() {
            prop_assert!(file.get(fragment.data.clone()).is_some());
            prop_assert!(fragment.samples.len() <= file.len());
            let _ = fragment.duration();
            let _ = fragment.presentation_times(1024).count();
        }
    }

    #[test]
    fn mutated_inits_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(0u8), Just(1), Just(0xFF), any::<u8>()]), 1..6),
        media_time in any::<i64>(),
    ) {
        let mut file = init();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let _ = read_init(&file);
        if let Ok(edited) = with_edit_list(&file, media_time)
            && let (Ok(before), Ok(after)) = (read_init(&file), read_init(&edited)) {
            prop_assert_eq!(after.media_time, media_time);
            prop_assert_eq!(after.stsd, before.stsd);
        }
    }
}
