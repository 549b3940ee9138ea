//! Reads the fragments of a segment on disk without reading its media data. Not here: what is done with them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use newsreel_model::{Code, Error, Result};

use crate::boxes::walk::{BoxHeader, Boxes};
use crate::boxes::{FragmentInfo, read_moof};

/// The most a `moof` may take in memory, in bytes: about a million samples.
const MAX_MOOF: u64 = 16 << 20;

/// A segment file of ours could not be read or is not what it should be: always [`Code::GateFailed`], since we wrote it.
pub(super) fn broken(path: &Path, why: impl std::fmt::Display) -> Error {
    let why = format!("segment {} cannot be used: {why}", path.display());
    Error::new(Code::GateFailed, why)
}

/// Reads every `moof` of the segment at `path`; media data is stepped over.
///
/// # Errors
/// [`Code::GateFailed`] when the file cannot be read or is not a well-formed segment.
pub fn read_fragments(path: &PathBuf) -> Result<Vec<FragmentInfo>> {
    let io = |e: std::io::Error| broken(path, e);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut fragments = Vec::new();
    let mut open: Option<(usize, Vec<u8>)> = None;
    let mut at = 0u64;
    while at < length {
        let offset = usize::try_from(at).map_err(|e| broken(path, e))?;
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        let mut front = Vec::with_capacity(16);
        file.by_ref().take(16).read_to_end(&mut front).map_err(io)?;
        let header = BoxHeader::read(&front, length - at, offset).map_err(|e| broken(path, e))?;
        match &header.kind {
            b"moof" if open.is_some() => return Err(broken(path, "a moof has no mdat")),
            b"moof" => {
                if header.size > MAX_MOOF {
                    return Err(broken(path, "its sample table is too large"));
                }
                file.seek(SeekFrom::Start(at)).map_err(io)?;
                let mut bytes = Vec::new();
                let size = file.by_ref().take(header.size).read_to_end(&mut bytes);
                size.map_err(io)?;
                open = Some((offset, bytes));
            }
            b"mdat" => {
                if let Some((moof_at, bytes)) = open.take() {
                    let moof = Boxes::at(&bytes, moof_at)
                        .next()
                        .ok_or_else(|| broken(path, "it became shorter"))?
                        .map_err(|e| broken(path, e))?;
                    let size = usize::try_from(header.size).map_err(|e| broken(path, e))?;
                    let mdat = offset + header.header_len..offset + size;
                    fragments.push(read_moof(&moof, mdat).map_err(|e| broken(path, e))?);
                }
            }
            _ => {}
        }
        at += header.size;
    }
    if open.is_some() {
        return Err(broken(path, "a moof has no mdat"));
    }
    Ok(fragments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxes::{Sample, read_segment, write_fragment};

    #[test]
    fn a_file_reads_as_its_bytes_do() {
        let sample = |size| Sample {
            size,
            duration: 1,
            composition_offset: -1,
            key: size == 3,
        };
        let mut bytes = write_fragment(1, 1, 9, &[sample(3), sample(1)], b"abcd");
        bytes.extend(write_fragment(2, 1, 11, &[sample(2)], b"ef"));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seg-00001.m4s");
        std::fs::write(&path, &bytes).unwrap();
        let from_file = read_fragments(&path).unwrap();
        assert_eq!(from_file, read_segment(&bytes).unwrap());
        assert_eq!(&bytes[from_file[1].data.clone()], b"ef");

        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let error = read_fragments(&path).unwrap_err();
        assert_eq!(error.code(), Code::GateFailed);
        assert!(error.message().contains("runs past the end"), "{error}");
        assert!(read_fragments(&dir.path().join("none")).is_err());
    }
}
