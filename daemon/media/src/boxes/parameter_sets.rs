//! Whether what a session will send can be decoded with an init segment that is already public. Not what a parameter set says.

use super::cursor::Cursor;
use super::init::{InitInfo, read_init};
use super::walk::BoxError;

/// Whether samples of a session whose init segment would be `session` can be decoded with `published`: the same bytes, or
/// the same track with all of the session's H.264 parameter sets among the published ones. Each sample names its set by
/// number, so sets of several encoders stand beside each other in one configuration (ISO/IEC 14496-15, 5.3.3).
#[must_use]
pub fn carries(published: &[u8], session: &[u8]) -> bool {
    if published == session {
        return true;
    }
    let (Ok(published), Ok(session)) = (read_init(published), read_init(session)) else {
        return false;
    };
    if !same_track(&published, &session) || !session.codecs.starts_with("avc1.") {
        return false;
    }
    match (sets(&published.codec_config), sets(&session.codec_config)) {
        (Ok(published), Ok(session)) => session.iter().all(|set| published.contains(set)),
        _ => false,
    }
}

fn same_track(a: &InitInfo, b: &InitInfo) -> bool {
    let shape = |i: &InitInfo| {
        (
            i.track_id,
            i.timescale,
            i.handler,
            i.media_time,
            i.width,
            i.height,
        )
    };
    // The sample entry's name; profile and level may differ, the sets themselves say them.
    shape(a) == shape(b) && a.codecs.get(..5) == b.codecs.get(..5)
}

/// Sequence and picture parameter sets in the payload of `avcC`.
fn sets(config: &[u8]) -> Result<Vec<&[u8]>, BoxError> {
    let mut cursor = Cursor::new(config, *b"avcC", 0);
    cursor.take(5)?; // version, profile, compatibility, level, length size
    let mut found = Vec::new();
    for mask in [0x1f, 0xff] {
        for _ in 0..cursor.u8()? & mask {
            let size = cursor.u16()?;
            found.push(cursor.take(usize::from(size))?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_two_encoders_are_read() {
        let config = [
            1, 100, 0, 31, 0xff, 0xe2, 0, 2, 0x67, 1, 0, 1, 0x67, 1, 0, 2, 0x68, 5,
        ];
        let found = sets(&config).unwrap();
        assert_eq!(found, [&[0x67, 1][..], &[0x67], &[0x68, 5]]);
        assert!(sets(&config[..config.len() - 1]).is_err());
        assert!(sets(&[]).is_err());
    }

    #[test]
    fn what_cannot_be_read_carries_only_itself() {
        assert!(carries(b"same", b"same"));
        assert!(!carries(b"same", b"other"));
    }
}
