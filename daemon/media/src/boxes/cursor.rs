//! Reads big-endian numbers off the front of a box's payload. Not a bit reader, and it never looks past its box.

use super::walk::BoxError;

/// A position in one box's payload. Every read past the end is an error that names the box.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    kind: [u8; 4],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `payload`, which belongs to the box `kind` at byte `at`.
    #[must_use]
    pub fn new(payload: &'a [u8], kind: [u8; 4], at: usize) -> Self {
        Self {
            rest: payload,
            kind,
            at,
        }
    }

    /// Bytes not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`BoxError::Invalid`] when fewer are left; so do all the other reads.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], BoxError> {
        let (head, tail) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.invalid("it ends too early"))?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BoxError> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or_else(|| self.invalid("it ends too early"))?;
        self.rest = tail;
        Ok(*head)
    }

    /// One byte.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn u8(&mut self) -> Result<u8, BoxError> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    /// Two bytes.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn u16(&mut self) -> Result<u16, BoxError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    /// Four bytes.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn u32(&mut self) -> Result<u32, BoxError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// Four bytes, two's complement.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn i32(&mut self) -> Result<i32, BoxError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// Eight bytes.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn u64(&mut self) -> Result<u64, BoxError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// Eight bytes, two's complement.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn i64(&mut self) -> Result<i64, BoxError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A four-character code.
    #[allow(clippy::missing_errors_doc, reason = "see `take`")]
    pub fn kind(&mut self) -> Result<[u8; 4], BoxError> {
        self.array()
    }

    /// An error about the box being read.
    #[must_use]
    pub fn invalid(&self, why: &'static str) -> BoxError {
        BoxError::Invalid {
            kind: self.kind,
            at: self.at,
            why,
        }
    }
}
