//! A subtitle file's bytes as text, whatever it was written with. Not its structure.

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The largest subtitle file that is read, in bytes; the subtitles of a whole film are a fortieth of it.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// The text: by its byte order mark, as UTF-16 where every other byte says so, as UTF-8 where it is that, and otherwise as
/// Windows-1252, of which Latin-1 is a part. What a byte cannot be is replaced, so this always ends with a text.
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_FILE_BYTES).unwrap_or(bytes);
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding
            .decode_without_bom_handling(&bytes[mark..])
            .0
            .into_owned();
    }
    let encoding = match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => return text.to_owned(),
        // Cut off in the middle of a character is still UTF-8.
        Err(e) if e.error_len().is_none() => encoding_rs::UTF_8,
        _ => match zeros(bytes) {
            (_, odd) if odd * 4 > bytes.len() => UTF_16LE,
            (even, _) if even * 4 > bytes.len() => UTF_16BE,
            _ => WINDOWS_1252,
        },
    };
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// How many bytes at even and at odd places are zero: of western text in UTF-16, nearly half of all.
fn zeros(bytes: &[u8]) -> (usize, usize) {
    let count = |from: usize| {
        bytes
            .iter()
            .skip(from)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    (count(0), count(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encodings_of_newsrooms_are_told_apart() {
        let said = "1\n00:00 Zürich – «été» 10 €";
        let utf16 =
            |order: fn(u16) -> [u8; 2]| said.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        let windows = WINDOWS_1252.encode(said).0.into_owned();
        for (name, bytes) in [
            ("UTF-8", said.as_bytes().to_vec()),
            (
                "UTF-8 with its mark",
                marked(b"\xEF\xBB\xBF", said.as_bytes()),
            ),
            ("UTF-16 LE", little.clone()),
            ("UTF-16 BE", big.clone()),
            ("UTF-16 LE with its mark", marked(b"\xFF\xFE", &little)),
            ("UTF-16 BE with its mark", marked(b"\xFE\xFF", &big)),
            ("Windows-1252", windows),
        ] {
            assert_eq!(decode(&bytes), said, "{name}");
        }
        assert_eq!(decode(b"caf\xE9 \xC0 la"), "café À la", "Latin-1");
        assert!(
            decode("Zürich".as_bytes().split_at(2).0).starts_with('Z'),
            "cut off"
        );
        assert_eq!(decode(b""), "");
    }
}
