//! Tests of reading user data, over bytes put together by hand.

use super::*;
use proptest::prelude::*;

/// Two bytes of each field, as a real broadcast has them, and one that is not valid.
const CC_DATA: [u8; 11] = [
    0x40 | 3,
    0xff,
    0xfc,
    0x94,
    0x2c,
    0xfd,
    0x80,
    0x80,
    0xfa,
    0,
    0,
];
const TRIPLETS: [Triplet; 2] = [[0xfc, 0x94, 0x2c], [0xfd, 0x80, 0x80]];

fn a53() -> Vec<u8> {
    [ATSC, &CC_DATA].concat()
}

/// A picture of MPEG-2: coding extension (structure, top field first), user data, a slice.
fn picture(structure: u8, top_first: bool, user_data: &[u8]) -> Vec<u8> {
    let extension = [0x8f, 0xff, 0xf0 | structure, u8::from(top_first) << 7];
    let mut out = [&[0, 0, 1, 0, 1, 2, 0, 0, 1, 0xB5], &extension[..]].concat();
    out.extend([0, 0, 1, 0xB2]);
    out.extend(user_data);
    out.extend([0, 0, 1, 1, 9, 9, 9]);
    out
}

#[test]
fn a_picture_of_mpeg_2_says_it_in_either_way() {
    let reader = UserData::of("mpeg2video", &[]).unwrap();
    assert_eq!(reader.read(&picture(3, true, &a53())), TRIPLETS);
    // Each field of a pair has its own.
    let pair = [picture(1, false, &a53()), picture(2, false, &a53())].concat();
    assert_eq!(reader.read(&pair), [TRIPLETS, TRIPLETS].concat());
    // What follows the slices of a frame is not looked at.
    let more = [picture(3, true, &[]), picture(3, true, &a53())].concat();
    assert!(reader.read(&more).is_empty());

    // From a broadcast: two pairs, of the earlier and of the later field.
    let scte = [0x03, 0x81, 0x10, 0xac, 0x04, 0x06, 0x4b, 0x01, 0x01, 0x80];
    let first = reader.read(&picture(3, true, &scte));
    let kinds: Vec<u8> = first.iter().map(|t| t[0]).collect();
    assert_eq!(kinds, [0xfc, 0xfd]);
    let swapped: Vec<u8> = reader
        .read(&picture(3, false, &scte))
        .iter()
        .map(|t| t[0])
        .collect();
    assert_eq!(swapped, [0xfd, 0xfc]);
    // A stream with both has it once.
    let mut both = picture(3, true, &scte);
    both.truncate(both.len() - 7);
    both.extend([0, 0, 1, 0xB2]);
    both.extend(a53());
    assert_eq!(reader.read(&both), TRIPLETS);
}

#[test]
fn messages_are_found_however_units_are_parted() {
    let size = u8::try_from(T35.len() + a53().len()).unwrap();
    // Another message comes first.
    let payload = [&[1, 2, 0, 7, 4, size][..], &T35, &a53(), &[0x80]].concat();
    for (codec, header, picture, extradata) in [
        ("h264", &[0x06][..], &[0x65, 9][..], vec![1, 2, 3, 4, 0xff]),
        (
            "hevc",
            &[39 << 1, 1][..],
            &[19 << 1, 1][..],
            [vec![1; 21], vec![0xff]].concat(),
        ),
    ] {
        let sei = [header, &payload].concat();
        let start = [0, 0, 1];
        let unit = [&start[..], &sei, &start, picture].concat();
        assert_eq!(
            UserData::of(codec, &[]).unwrap().read(&unit),
            TRIPLETS,
            "{codec}"
        );
        let late = [&start[..], picture, &start, &sei].concat();
        let read = UserData::of(codec, &[]).unwrap().read(&late);
        assert!(read.is_empty(), "{codec}: the next unit's");
        let sized = |nal: &[u8]| [&[0, 0, 0, u8::try_from(nal.len()).unwrap()][..], nal].concat();
        let unit = [sized(picture), sized(&sei)].concat();
        assert_eq!(
            UserData::of(codec, &extradata).unwrap().read(&unit),
            TRIPLETS,
            "{codec}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        data in prop::collection::vec(prop_oneof![0u8..8, Just(0xB2), Just(0xB5), Just(0xff), any::<u8>()], 0..200),
        extradata in prop::collection::vec(0u8..5, 0..24),
    ) {
        for codec in ["mpeg2video", "h264", "hevc"] {
            let reader = UserData::of(codec, &extradata).unwrap();
            let marked = [&[0, 0, 1, 0xB2][..], ATSC, &data].concat();
            for bytes in [&data, &marked] {
                prop_assert!(reader.read(bytes).iter().all(|t| t[0] & 0xfc == 0xfc));
            }
        }
    }
}
