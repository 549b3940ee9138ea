//! Puts boxes into a byte vector and fixes their sizes up afterwards. Not here: what goes into them.

/// Appends a box of `kind` whose payload `fill` writes. Uses the 64-bit size form only where it must.
pub fn put_box(out: &mut Vec<u8>, kind: &[u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    fill(out);
    let size = out.len() - start;
    if let Ok(size) = u32::try_from(size) {
        if let Some(field) = out.get_mut(start..start + 4) {
            field.copy_from_slice(&size.to_be_bytes());
        }
        return;
    }
    let size = size as u64 + 8;
    out.splice(start + 8..start + 8, size.to_be_bytes());
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&1u32.to_be_bytes());
    }
}

/// Appends a full box: as [`put_box`], with a version and 24 bits of flags before the payload.
pub fn put_full_box(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    version: u8,
    flags: u32,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    put_box(out, kind, |out| {
        put_u32(out, u32::from(version) << 24 | (flags & 0x00FF_FFFF));
        fill(out);
    });
}

/// The header of an `mdat` with `payload` bytes: 8 bytes, or 16 where the size needs 64 bits.
#[must_use]
pub fn mdat_header(payload: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    match u32::try_from(payload.saturating_add(8)) {
        Ok(size) => {
            put_u32(&mut out, size);
            out.extend_from_slice(b"mdat");
        }
        Err(_) => {
            put_u32(&mut out, 1);
            out.extend_from_slice(b"mdat");
            put_u64(&mut out, payload.saturating_add(16));
        }
    }
    out
}

/// Appends two bytes, big-endian.
pub fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends four bytes, big-endian.
pub fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends four bytes, big-endian two's complement.
pub fn put_i32(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends eight bytes, big-endian.
pub fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends eight bytes, big-endian two's complement.
pub fn put_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_nest_and_sizes_fit() {
        let mut out = Vec::new();
        put_box(&mut out, b"moov", |out| {
            put_full_box(out, b"mfhd", 1, 2, |out| put_u32(out, 7));
        });
        assert_eq!(out, b"\0\0\0\x18moov\0\0\0\x10mfhd\x01\0\0\x02\0\0\0\x07");
        assert_eq!(mdat_header(3), b"\0\0\0\x0Bmdat");
        assert_eq!(mdat_header(1 << 32), b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\x10");
    }
}
