//! Init segments built box by box.

use newsreel_media::boxes::write::{put_box, put_full_box, put_u16, put_u32};

fn init(
    handler: &[u8; 4],
    timescale: u32,
    size: (u32, u32),
    entry: impl Fn(&mut Vec<u8>),
) -> Vec<u8> {
    let mut out = Vec::new();
    put_box(&mut out, b"ftyp", |out| out.extend(b"cmfc\0\0\0\0iso6"));
    put_box(&mut out, b"moov", |out| {
        put_full_box(out, b"mvhd", 0, 0, |out| out.extend([0; 96]));
        put_box(out, b"trak", |out| {
            put_full_box(out, b"tkhd", 0, 3, |out| {
                out.extend([0; 8]);
                put_u32(out, 1);
                out.extend([0; 60]);
                put_u32(out, size.0 << 16);
                put_u32(out, size.1 << 16);
            });
            put_box(out, b"mdia", |out| {
                put_full_box(out, b"mdhd", 0, 0, |out| {
                    out.extend([0; 8]);
                    put_u32(out, timescale);
                    put_u32(out, 0);
                    put_u32(out, 0x15C7_0000);
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
        put_box(out, b"mvex", |_| {});
    });
    out
}

pub fn video(width: u32, height: u32) -> Vec<u8> {
    init(b"vide", 12_800, (width, height), |out| {
        put_box(out, b"avc1", |out| {
            out.extend([0; 24]);
            put_u16(out, u16::try_from(width).unwrap());
            put_u16(out, u16::try_from(height).unwrap());
            out.extend([0; 50]);
            put_box(out, b"avcC", |out| {
                out.extend([1, 0x4D, 0x40, 0x28, 0xFF]);
                out.extend(b"\xE1\0\x04\x67\x4D\x40\x28\x01\0\x02\x68\xEE");
            });
        });
    })
}

pub fn sound() -> Vec<u8> {
    init(b"soun", 48_000, (0, 0), |out| {
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
