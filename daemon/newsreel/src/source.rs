//! A local file as a job's input, whole or still arriving. It is opened once; readers share the descriptor, each with its own
//! position. Not here: who brings its bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use newsreel_media::ffi::{ByteSource, Source};
use newsreel_model::{Code, Error, Result};

/// How often it is looked whether more of an input has arrived.
const LOOK: Duration = Duration::from_millis(20);

/// An opened regular file.
pub struct FileSource {
    file: Arc<File>,
    len: u64,
    /// Whether reads wait for bytes before `len` that are not there yet.
    promised: bool,
    read: Arc<AtomicU64>,
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
            return Err(not_regular(&shown.to_string()));
        }
        let file = File::open(path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => {
                Error::new(Code::InputNotFound, format!("there is no file {shown}"))
            }
            _ => Error::new(Code::InputNotFound, format!("cannot open {shown}: {e}")),
        })?;
        Self::over(file, &shown.to_string())
    }

    /// A source over an open file; `shown` is what messages call it.
    ///
    /// # Errors
    /// [`Code::InputUnreadable`]: it is no regular file, or empty.
    pub fn over(file: File, shown: &str) -> Result<Self> {
        let data = file
            .metadata()
            .map_err(|e| Error::new(Code::InputUnreadable, format!("cannot read {shown}: {e}")))?;
        if !data.is_file() {
            return Err(not_regular(shown));
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
            promised: false,
            read: Arc::default(),
        })
    }

    /// The same file while it still arrives: it will have so many bytes, and reads wait for those that are not there.
    #[must_use]
    pub fn promised(self, len: Option<u64>) -> Self {
        Self {
            len: len.unwrap_or(self.len),
            promised: len.is_some(),
            ..self
        }
    }

    /// Bytes it will have, if it was [promised](Self::promised) to be arriving.
    #[must_use]
    pub fn promise(&self) -> Option<u64> {
        self.promised.then_some(self.len)
    }

    /// Bytes of it that are there.
    #[must_use]
    pub fn there(&self) -> u64 {
        self.file.metadata().map_or(0, |data| data.len())
    }

    /// Another handle on the same file, counted together with this one.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            len: self.len,
            promised: self.promised,
            read: Arc::clone(&self.read),
        }
    }

    /// Bytes read by all readers so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The file itself, for another process.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }
}

fn not_regular(shown: &str) -> Error {
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
            promised: self.promised,
            read: Arc::clone(&self.read),
        })
    }

    fn arrives(&self) -> bool {
        self.promised && self.there() < self.len
    }

    fn beginning(&self, bytes: u64) -> Option<Arc<dyn Source>> {
        let there = self.there().min(self.len);
        (self.promised && there < self.len).then(|| {
            let beginning = Self {
                len: bytes.min(there),
                promised: false,
                ..self.share()
            };
            Arc::new(beginning) as Arc<dyn Source>
        })
    }
}

struct FileReader {
    file: Arc<File>,
    position: u64,
    len: u64,
    promised: bool,
    read: Arc<AtomicU64>,
}

impl ByteSource for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The length at the start is what was fingerprinted; what grows behind it is another input.
        let left = usize::try_from(self.len.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let got = self.file.read_at(&mut buffer[..room], self.position)?;
        if got == 0 && room > 0 && self.promised {
            std::thread::sleep(LOOK);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.position += got as u64;
        self.read.fetch_add(got as u64, Ordering::Relaxed);
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
