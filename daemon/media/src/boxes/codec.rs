//! Names a codec as RFC 6381 does, from its configuration record. Not here: finding that record (see [`super::init`]).

use super::cursor::Cursor;
use super::walk::BoxError;

/// `avc1.PPCCLL` from the payload of `avcC`; `entry` is the sample entry's name.
///
/// # Errors
/// [`BoxError::Invalid`] when the record is too short; so do the others here.
pub fn avc(entry: &str, config: &mut Cursor<'_>) -> Result<String, BoxError> {
    config.u8()?; // configurationVersion
    let (profile, compatibility, level) = (config.u8()?, config.u8()?, config.u8()?);
    Ok(format!(
        "{entry}.{profile:02X}{compatibility:02X}{level:02X}"
    ))
}

/// `hvc1.P.C.TL.…` (ISO/IEC 14496-15, annex E) from the payload of `hvcC`.
#[allow(clippy::missing_errors_doc, reason = "see `avc`")]
pub fn hevc(entry: &str, config: &mut Cursor<'_>) -> Result<String, BoxError> {
    config.u8()?; // configurationVersion
    let first = config.u8()?;
    let space = match first >> 6 {
        0 => "",
        1 => "A",
        2 => "B",
        _ => "C",
    };
    let tier = if first & 0x20 == 0 { 'L' } else { 'H' };
    let profile = first & 0x1F;
    let compatibility = config.u32()?.reverse_bits();
    let constraints = config.take(6)?;
    let level = config.u8()?;
    let used = constraints
        .iter()
        .rposition(|&b| b != 0)
        .map_or(0, |i| i + 1);
    let tail: String = constraints
        .iter()
        .take(used)
        .map(|b| format!(".{b:X}"))
        .collect();
    Ok(format!(
        "{entry}.{space}{profile}.{compatibility:X}.{tier}{level}{tail}"
    ))
}

/// `av01.P.LLT.DD` from the payload of `av1C`.
#[allow(clippy::missing_errors_doc, reason = "see `avc`")]
pub fn av1(entry: &str, config: &mut Cursor<'_>) -> Result<String, BoxError> {
    config.u8()?; // marker and version
    let profile_level = config.u8()?;
    let bits = config.u8()?;
    let (profile, level) = (profile_level >> 5, profile_level & 0x1F);
    let tier = if bits & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (bits & 0x40 != 0, bits & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Ok(format!("{entry}.{profile}.{level:02}{tier}.{depth:02}"))
}

/// `mp4a.40.2` and its like from the payload of `esds`, version and flags included.
#[allow(clippy::missing_errors_doc, reason = "see `avc`")]
pub fn aac(entry: &str, esds: &mut Cursor<'_>) -> Result<String, BoxError> {
    esds.u32()?; // version and flags
    descriptor(esds, 3)?;
    esds.u16()?; // ES_ID
    let flags = esds.u8()?;
    if flags & 0x80 != 0 {
        esds.u16()?;
    }
    if flags & 0x40 != 0 {
        let url = esds.u8()?;
        esds.take(usize::from(url))?;
    }
    if flags & 0x20 != 0 {
        esds.u16()?;
    }
    descriptor(esds, 4)?;
    let object_type_indication = esds.u8()?;
    esds.take(12)?; // stream type, buffer size and bitrates
    if object_type_indication != 0x40 {
        return Ok(format!("{entry}.{object_type_indication:X}"));
    }
    descriptor(esds, 5)?;
    let first = esds.u8()?;
    let object_type = match first >> 3 {
        // The escape value: six more bits follow the first five.
        31 => 32 + ((first & 7) << 3 | esds.u8()? >> 5),
        plain => plain,
    };
    Ok(format!("{entry}.40.{object_type}"))
}

/// Steps over the tag and length of the next descriptor, which must be of kind `tag`.
fn descriptor(esds: &mut Cursor<'_>, tag: u8) -> Result<(), BoxError> {
    if esds.u8()? != tag {
        return Err(esds.invalid("its descriptors are not in the usual order"));
    }
    for _ in 0..4 {
        if esds.u8()? & 0x80 == 0 {
            return Ok(());
        }
    }
    Err(esds.invalid("a descriptor's length is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(bytes: &[u8]) -> Cursor<'_> {
        Cursor::new(bytes, *b"test", 0)
    }

    #[test]
    fn avc_and_av1_names() {
        let name = avc("avc1", &mut cursor(&[1, 0x64, 0, 0x1F])).unwrap();
        assert_eq!(name, "avc1.64001F");
        let main = av1("av01", &mut cursor(&[0x81, 0x08, 0x0C])).unwrap();
        assert_eq!(main, "av01.0.08M.08");
        let high = av1("av01", &mut cursor(&[0x81, 0x2D, 0xC0])).unwrap();
        assert_eq!(high, "av01.1.13H.10");
        assert!(avc("avc1", &mut cursor(&[1, 0x64])).is_err());
    }

    #[test]
    fn hevc_names() {
        let main = [1, 0x01, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93];
        let name = hevc("hvc1", &mut cursor(&main)).unwrap();
        assert_eq!(name, "hvc1.1.6.L93.B0");
        let main10 = [1, 0x62, 0x20, 0, 0, 0, 0x90, 0, 0x08, 0, 0, 0, 153];
        let name = hevc("hev1", &mut cursor(&main10)).unwrap();
        assert_eq!(name, "hev1.A2.4.H153.90.0.8");
        let bare = [1, 0x01, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 120];
        let name = hevc("hvc1", &mut cursor(&bare)).unwrap();
        assert_eq!(name, "hvc1.1.6.L120");
    }

    #[test]
    fn aac_names() {
        let mut esds = vec![
            0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 0x22, 0, 1, 0, 4, 0x14, 0x40,
        ];
        esds.extend([0; 12]);
        esds.extend([5, 2, 0x11, 0x90]);
        assert_eq!(aac("mp4a", &mut cursor(&esds)).unwrap(), "mp4a.40.2");
        let escape = esds.len() - 2;
        esds[escape..].copy_from_slice(&[0xF9, 0x40]); // 31, then 42 - 32
        assert_eq!(aac("mp4a", &mut cursor(&esds)).unwrap(), "mp4a.40.42");
        esds[14] = 0x6B;
        assert_eq!(aac("mp4a", &mut cursor(&esds)).unwrap(), "mp4a.6B");
    }
}
