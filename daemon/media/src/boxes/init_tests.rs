//! Tests of the init segment reader, on segments built here box by box.

use super::super::write::{put_box, put_full_box, put_i32, put_u16, put_u32};
use super::*;

fn track(handler: &[u8; 4], size: (u16, u16), entry: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put_box(&mut out, b"trak", |out| {
        put_full_box(out, b"tkhd", 0, 3, |out| {
            out.extend([0; 8]);
            put_u32(out, 4);
            out.extend([0; 60]);
            put_u32(out, u32::from(size.0) << 16);
            put_u32(out, u32::from(size.1) << 16);
        });
        put_box(out, b"mdia", |out| {
            put_full_box(out, b"mdhd", 0, 0, |out| {
                out.extend([0; 8]);
                put_u32(out, 48_000);
                put_u32(out, 0);
                put_u16(out, (5 << 10) | (14 << 5) | 7);
                put_u16(out, 0);
            });
            put_full_box(out, b"hdlr", 0, 0, |out| {
                put_u32(out, 0);
                out.extend(handler);
                out.extend([0; 13]);
            });
            put_box(out, b"minf", |out| {
                put_box(out, b"stbl", |out| {
                    put_full_box(out, b"stsd", 0, 0, |out| {
                        put_u32(out, 1);
                        entry(out);
                    });
                });
            });
        });
    });
    out
}

fn init(tracks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    put_box(&mut out, b"ftyp", |out| out.extend(b"cmfc\0\0\0\0iso6"));
    put_box(&mut out, b"moov", |out| {
        put_full_box(out, b"mvhd", 0, 0, |out| out.extend([0; 96]));
        for track in tracks {
            out.extend(track);
        }
        put_box(out, b"mvex", |_| {});
    });
    out
}

fn video() -> Vec<u8> {
    track(b"vide", (640, 360), |out| {
        put_box(out, b"avc1", |out| {
            out.extend([0; 24]);
            put_u16(out, 1280);
            put_u16(out, 720);
            out.extend([0; 50]);
            put_box(out, b"pasp", |out| out.extend([0, 0, 0, 1, 0, 0, 0, 1]));
            put_box(out, b"avcC", |out| out.extend([1, 0x4D, 0x40, 0x28, 0xFF]));
        });
    })
}

fn audio() -> Vec<u8> {
    track(b"soun", (0, 0), |out| {
        put_box(out, b"mp4a", |out| {
            out.extend([0; 16]);
            put_u16(out, 2);
            put_u16(out, 16);
            put_u32(out, 0);
            put_u32(out, 48_000 << 16);
            put_full_box(out, b"esds", 0, 0, |out| {
                out.extend([3, 0x19, 0, 1, 0, 4, 0x11, 0x40]);
                out.extend([0; 12]);
                out.extend([5, 2, 0x11, 0x90]);
            });
        });
    })
}

#[test]
fn a_video_track_is_read() {
    let info = read_init(&init(&[video()])).unwrap();
    assert_eq!((info.track_id, info.timescale), (4, 48_000));
    assert_eq!(&info.handler, b"vide");
    assert_eq!(&info.language, b"eng");
    assert_eq!((info.width, info.height), (1280, 720));
    assert_eq!((info.channels, info.sample_rate), (0, 0));
    assert_eq!(info.codecs, "avc1.4D4028");
    assert_eq!(info.codec_config, [1, 0x4D, 0x40, 0x28, 0xFF]);
    assert_eq!(info.stsd.get(4..8), Some(&b"stsd"[..]));
    assert_eq!(info.media_time, 0);
}

#[test]
fn an_edit_list_is_added_then_replaced() {
    let plain = init(&[audio()]);
    let info = read_init(&plain).unwrap();
    assert_eq!(info.codecs, "mp4a.40.2");
    assert_eq!((info.channels, info.sample_rate), (2, 48_000));
    let edited = with_edit_list(&plain, 1024).unwrap();
    assert_eq!(edited.len(), plain.len() + 36);
    let again = with_edit_list(&edited, 2112).unwrap();
    assert_eq!(again.len(), edited.len());
    assert_eq!(read_init(&edited).unwrap().media_time, 1024);
    let expected = InitInfo {
        media_time: 2112,
        ..info
    };
    assert_eq!(read_init(&again).unwrap(), expected);
    let kinds: Vec<_> = only_trak(&again)
        .unwrap()
        .children()
        .map(|b| b.unwrap().kind)
        .collect();
    assert_eq!(kinds, [*b"tkhd", *b"edts", *b"mdia"]);
    assert!(with_edit_list(&plain, -1).is_err());
    assert!(with_edit_list(&plain, 1 << 31).is_err());
}

#[test]
fn the_last_edit_that_is_not_empty_counts() {
    let mut elst = Vec::new();
    put_full_box(&mut elst, b"elst", 0, 0, |out| {
        put_u32(out, 2);
        for (duration, media_time) in [(40, -1), (0, 512)] {
            put_u32(out, duration);
            put_i32(out, media_time);
            put_u32(out, 0x0001_0000);
        }
    });
    let elst = boxes(&elst).next().unwrap().unwrap();
    assert_eq!(read_elst(&elst).unwrap(), 512);
}

#[test]
fn two_tracks_or_none_are_refused() {
    let two = read_init(&init(&[video(), audio()])).unwrap_err();
    assert!(two.to_string().contains("more than one track"), "{two}");
    let none = read_init(&init(&[])).unwrap_err();
    assert_eq!(none.to_string(), "there is no box 'moov/trak'");
}
