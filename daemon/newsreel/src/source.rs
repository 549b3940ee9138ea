//! A local file as a job's input. The file is opened once; readers share the descriptor, each with its own position.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use newsreel_media::ffi::{ByteSource, Source};
use newsreel_model::{Code, Error, Result};

/// An opened regular file.
pub struct FileSource {
    file: Arc<File>,
    len: u64,
}

impl FileSource {
    /// Opens the file.
    ///
    /// # Errors
    /// [`Code::InputNotFound`] or [`Code::InputUnreadable`], with words that name the path.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        // Opening a pipe would wait for its writer, and opening a device may do anything.
        if std::fs::metadata(path).is_ok_and(|data| !data.is_file()) {
            return Err(not_regular(path));
        }
        let file = File::open(path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => {
                Error::new(Code::InputNotFound, format!("there is no file {shown}"))
            }
            _ => Error::new(Code::InputNotFound, format!("cannot open {shown}: {e}")),
        })?;
        let data = file
            .metadata()
            .map_err(|e| Error::new(Code::InputUnreadable, format!("cannot read {shown}: {e}")))?;
        if !data.is_file() {
            return Err(not_regular(path));
        }
        if data.len() == 0 {
            return Err(Error::new(
                Code::InputUnreadable,
                format!("{shown} is empty"),
            ));
        }
        Ok(Self {
            file: Arc::new(file),
            len: data.len(),
        })
    }
}

fn not_regular(path: &Path) -> Error {
    let shown = path.display();
    Error::new(
        Code::InputUnreadable,
        format!("{shown} is not a regular file; give the path of a video file"),
    )
}

impl Source for FileSource {
    fn reader(&self) -> Box<dyn ByteSource> {
        Box::new(FileReader {
            file: Arc::clone(&self.file),
            position: 0,
            len: self.len,
        })
    }
}

struct FileReader {
    file: Arc<File>,
    position: u64,
    len: u64,
}

impl ByteSource for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The length at the start is what was fingerprinted; what grows behind it is another input.
        let left = usize::try_from(self.len.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let got = self.file.read_at(&mut buffer[..room], self.position)?;
        self.position += got as u64;
        Ok(got)
    }

    fn seek(&mut self, position: u64) {
        self.position = position;
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn len(&self) -> u64 {
        self.len
    }
}
