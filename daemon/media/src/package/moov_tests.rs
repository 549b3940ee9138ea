//! The index's tables, byte for byte.

use super::super::tables::tests::{fragment, info};
use super::*;
use crate::boxes::walk::require;

#[test]
fn tables_are_written_as_the_standard_has_them() {
    let mut tables = SampleTables::default();
    tables.append(&fragment(5, &[0, 20, -10])).unwrap();
    let info = info(*b"vide", 100, 0);
    let track = MovieTrack {
        info: &info,
        tables: &tables,
        chunks: &[8],
    };
    assert_eq!(movie_timescale(&[track]), 1000);
    let narrow = Placement {
        base: 92,
        wide: false,
    };
    let moov = write_moov(&[track], None, narrow);
    let stbl: &[&[u8; 4]] = &[b"moov", b"trak", b"mdia", b"minf", b"stbl"];
    let body = |kind| {
        let stbl = require(&moov, stbl).unwrap();
        stbl.require(&[kind]).unwrap().body.to_vec()
    };
    assert_eq!(body(b"stco"), b"\0\0\0\0\0\0\0\x01\0\0\0\x64");
    assert_eq!(
        body(b"stsc"),
        b"\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x03\0\0\0\x01"
    );
    assert_eq!(body(b"stss"), b"\0\0\0\0\0\0\0\x01\0\0\0\x01");
    let mut ctts = b"\0\0\0\0\0\0\0\x03".to_vec();
    ctts.extend(b"\0\0\0\x01\0\0\0\x0A\0\0\0\x01\0\0\0\x1E\0\0\0\x01\0\0\0\0");
    assert_eq!(body(b"ctts"), ctts);
    let elst = require(&moov, &[b"moov", b"trak", b"edts", b"elst"]).unwrap();
    let mut edits = b"\0\0\0\0\0\0\0\x02\0\0\0\x32\xFF\xFF\xFF\xFF\0\x01\0\0".to_vec();
    edits.extend(b"\0\0\x01\x2C\0\0\0\x0A\0\x01\0\0");
    assert_eq!(elst.body, edits);
    let wide = Placement {
        base: 1 << 32,
        wide: true,
    };
    assert_eq!(write_moov(&[track], None, wide).len(), moov.len() + 4);
}
