//! Finds boxes in bytes: sizes, nesting, paths. Not here: what any box means.

use std::ops::Range;

use super::cursor::Cursor;

/// What is wrong with a file's boxes, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoxError {
    /// A box claims more bytes than its parent has.
    #[error("box '{}' at byte {at} runs past the end of what holds it", .kind.escape_ascii())]
    Truncated {
        /// Its four-character code, zeros if not even that is there.
        kind: [u8; 4],
        /// Where it starts, in bytes from the start of the file.
        at: usize,
    },
    /// A box that must be there is not.
    #[error("there is no box '{path}'")]
    Missing {
        /// Its path from the outside in, such as `moov/trak`.
        path: String,
    },
    /// A box's content makes no sense.
    #[error("box '{}' at byte {at}: {why}", .kind.escape_ascii())]
    Invalid {
        /// Its four-character code.
        kind: [u8; 4],
        /// Where it starts, in bytes from the start of the file.
        at: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A box's first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxHeader {
    /// Four-character code.
    pub kind: [u8; 4],
    /// Bytes before the payload, 8 or 16.
    pub header_len: usize,
    /// Bytes of the whole box, at least `header_len`.
    pub size: u64,
}

impl BoxHeader {
    /// Reads the header at the front of `bytes` (16 are enough) of a box at byte `at`, where `available` bytes are left
    /// in what holds it. A size of 0 means all of those.
    ///
    /// # Errors
    /// [`BoxError::Truncated`] when the box does not fit, [`BoxError::Invalid`] when it is smaller than its header.
    pub fn read(bytes: &[u8], available: u64, at: usize) -> Result<Self, BoxError> {
        let cut = BoxError::Truncated { kind: [0; 4], at };
        let (size, rest) = bytes.split_first_chunk::<4>().ok_or(cut.clone())?;
        let (&kind, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
        let (header_len, size) = match u32::from_be_bytes(*size) {
            0 => (8, available),
            1 => {
                let large = rest
                    .first_chunk::<8>()
                    .ok_or(BoxError::Truncated { kind, at })?;
                (16, u64::from_be_bytes(*large))
            }
            size => (8, u64::from(size)),
        };
        if size < header_len as u64 {
            let why = "its size is smaller than its header";
            return Err(BoxError::Invalid { kind, at, why });
        }
        if size > available {
            return Err(BoxError::Truncated { kind, at });
        }
        Ok(Self {
            kind,
            header_len,
            size,
        })
    }
}

/// One box in memory.
#[derive(Clone, Copy, Debug)]
pub struct Mp4Box<'a> {
    /// Four-character code.
    pub kind: [u8; 4],
    /// Where it starts, in bytes from the start of the file.
    pub at: usize,
    /// Header and payload.
    pub whole: &'a [u8],
    /// The payload.
    pub body: &'a [u8],
}

impl<'a> Mp4Box<'a> {
    /// Where the payload lies, in bytes from the start of the file.
    #[must_use]
    pub fn body_range(&self) -> Range<usize> {
        let end = self.at.saturating_add(self.whole.len());
        end.saturating_sub(self.body.len())..end
    }

    /// The boxes in the payload.
    #[must_use]
    pub fn children(&self) -> Boxes<'a> {
        Boxes::at(self.body, self.body_range().start)
    }

    /// The boxes after the first `skip` bytes of the payload, as in sample descriptions.
    #[must_use]
    pub fn children_after(&self, skip: usize) -> Boxes<'a> {
        let start = self.body_range().start.saturating_add(skip);
        Boxes::at(self.body.get(skip..).unwrap_or_default(), start)
    }

    /// The first box at the end of `path`, each step being the first child of that kind.
    ///
    /// # Errors
    /// [`BoxError`] when the boxes on the way are broken.
    pub fn find(&self, path: &[&[u8; 4]]) -> Result<Option<Self>, BoxError> {
        find_in(self.children(), path)
    }

    /// As [`Mp4Box::find`], but the box must be there.
    ///
    /// # Errors
    /// [`BoxError::Missing`], and those of [`Mp4Box::find`].
    pub fn require(&self, path: &[&[u8; 4]]) -> Result<Self, BoxError> {
        self.find(path)?
            .ok_or_else(|| missing(std::iter::once(&self.kind).chain(path.iter().copied())))
    }

    /// The payload, to be read number by number.
    #[must_use]
    pub fn read(&self) -> Cursor<'a> {
        Cursor::new(self.body, self.kind, self.at)
    }

    /// The version and flags of a full box, and what follows them.
    ///
    /// # Errors
    /// [`BoxError::Invalid`] when the payload is shorter than four bytes.
    pub fn read_full(&self) -> Result<(u8, u32, Cursor<'a>), BoxError> {
        let mut cursor = self.read();
        let word = cursor.u32()?;
        let [version, ..] = word.to_be_bytes();
        Ok((version, word & 0x00FF_FFFF, cursor))
    }

    /// An error about this box.
    #[must_use]
    pub fn invalid(&self, why: &'static str) -> BoxError {
        BoxError::Invalid {
            kind: self.kind,
            at: self.at,
            why,
        }
    }
}

/// Walks over the boxes in a slice, one level deep. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Boxes<'a> {
    rest: &'a [u8],
    at: usize,
}

/// The boxes of a whole file.
#[must_use]
pub fn boxes(data: &[u8]) -> Boxes<'_> {
    Boxes::at(data, 0)
}

impl<'a> Boxes<'a> {
    /// The boxes in `data`, which starts at byte `at` of its file.
    #[must_use]
    pub fn at(data: &'a [u8], at: usize) -> Self {
        Self { rest: data, at }
    }

    fn advance(&mut self) -> Result<Mp4Box<'a>, BoxError> {
        let header = BoxHeader::read(self.rest, self.rest.len() as u64, self.at)?;
        let cut = BoxError::Truncated {
            kind: header.kind,
            at: self.at,
        };
        let size = usize::try_from(header.size).map_err(|_| cut.clone())?;
        let (whole, rest) = self.rest.split_at_checked(size).ok_or(cut.clone())?;
        let found = Mp4Box {
            kind: header.kind,
            at: self.at,
            whole,
            body: whole.get(header.header_len..).ok_or(cut)?,
        };
        self.rest = rest;
        self.at = self.at.saturating_add(size);
        Ok(found)
    }
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<Mp4Box<'a>, BoxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let step = self.advance();
        if step.is_err() {
            self.rest = &[];
        }
        Some(step)
    }
}

/// The first box at the end of `path` in a whole file.
///
/// # Errors
/// [`BoxError::Missing`] when there is none, others when the boxes on the way are broken.
pub fn require<'a>(data: &'a [u8], path: &[&[u8; 4]]) -> Result<Mp4Box<'a>, BoxError> {
    find_in(boxes(data), path)?.ok_or_else(|| missing(path.iter().copied()))
}

fn find_in<'a>(mut level: Boxes<'a>, path: &[&[u8; 4]]) -> Result<Option<Mp4Box<'a>>, BoxError> {
    let Some((first, deeper)) = path.split_first() else {
        return Ok(None);
    };
    let hit = level.find(|b| b.as_ref().map_or(true, |b| b.kind == **first));
    match hit.transpose()? {
        Some(found) if !deeper.is_empty() => find_in(found.children(), deeper),
        found => Ok(found),
    }
}

fn missing<'k>(path: impl Iterator<Item = &'k [u8; 4]>) -> BoxError {
    let names: Vec<String> = path.map(|k| k.escape_ascii().to_string()).collect();
    BoxError::Missing {
        path: names.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_size_forms_are_walked() {
        let mut data = b"\0\0\0\x09freeA".to_vec();
        data.extend(b"\0\0\0\x01skip\0\0\0\0\0\0\0\x12BC");
        data.extend(b"\0\0\0\0mdatDEF");
        let all: Vec<_> = boxes(&data).map(Result::unwrap).collect();
        let seen: Vec<_> = all.iter().map(|b| (&b.kind, b.at, b.body)).collect();
        assert_eq!(
            seen,
            [
                (b"free", 0, &b"A"[..]),
                (b"skip", 9, b"BC"),
                (b"mdat", 27, b"DEF")
            ]
        );
        assert_eq!(all[1].body_range(), 25..27);
    }

    #[test]
    fn errors_say_what_and_where() {
        let cut = boxes(b"\0\0\0\x08free\0\0\0\x0Amdat").last().unwrap();
        let message = cut.unwrap_err().to_string();
        assert_eq!(
            message,
            "box 'mdat' at byte 8 runs past the end of what holds it"
        );
        let small = boxes(b"\0\0\0\x07free").last().unwrap().unwrap_err();
        assert!(small.to_string().contains("smaller than its header"));
        let none = require(b"\0\0\0\x08moov", &[b"moov", b"trak"]).unwrap_err();
        assert_eq!(none.to_string(), "there is no box 'moov/trak'");
    }
}
