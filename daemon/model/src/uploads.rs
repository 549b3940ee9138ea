//! Files that clients send piece by piece, and what the interface and the store are asked about them.
//!
//! Not here: the protocol they come by (`newsreel-api`), or their bytes (the daemon).

use jiff::Timestamp;

use crate::control::Answer;
use crate::store::StoredJob;
use crate::{Code, Error, Result, UploadId};

/// The longest metadata of an upload, in bytes as they are sent.
pub const MAX_METADATA_BYTES: usize = 4096;

/// There is no such upload, or none that the caller may know of.
#[must_use]
pub fn unknown() -> Error {
    Error::new(
        Code::UploadUnknown,
        "there is no upload of that id; it may have been removed",
    )
}

/// An upload as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub tenant: String,
    /// Bytes it will have, all told.
    pub length: u64,
    /// `Upload-Metadata` as it was sent, at most [`MAX_METADATA_BYTES`].
    pub metadata: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Kept until then, and longer while jobs need it.
    pub expires_at: Timestamp,
    /// Whether every byte is there.
    pub complete: bool,
    /// Whether its time ran out: it is only remembered.
    pub expired: bool,
}

/// An upload to be begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    /// Whose it is.
    pub tenant: String,
    /// Bytes it will have.
    pub length: u64,
    /// See [`Upload::metadata`].
    pub metadata: String,
}

/// How much a tenant's uploads may take together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// So many of them.
    pub uploads: u64,
    /// So many bytes, whether they have arrived or not.
    pub bytes: u64,
}

/// An upload as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadView {
    /// Its id.
    pub id: UploadId,
    /// Whose it is.
    pub tenant: String,
    /// Bytes it will have.
    pub length: u64,
    /// Bytes that are in its file, from the first on without a gap.
    pub offset: u64,
    /// See [`Upload::metadata`].
    pub metadata: String,
    /// See [`Upload::expires_at`].
    pub expires_at: Timestamp,
}

/// What the HTTP interface asks of the daemon about uploads. Whose an upload is the interface looks at.
pub trait Uploads: Send + Sync {
    /// The most bytes that one may have.
    fn max_bytes(&self) -> u64;

    /// Begins one, without a byte.
    ///
    /// # Errors
    /// [`Code::RequestTooLarge`], [`Code::UploadQuota`], [`Code::DiskFull`].
    fn create(&self, new: NewUpload) -> Answer<'_, UploadView>;

    /// One upload.
    ///
    /// # Errors
    /// [`Code::UploadUnknown`], [`Code::UploadExpired`].
    fn upload(&self, id: UploadId) -> Answer<'_, UploadView>;

    /// Goes on with one. Whoever wrote to it before can do so no more: a client that comes again knows that its last
    /// connection is dead sooner than this side does.
    ///
    /// # Errors
    /// As for [`Uploads::upload`]; [`Code::UploadConflict`] when `offset` is not the next byte.
    fn resume(&self, id: UploadId, offset: u64) -> Answer<'_, Box<dyn Arriving>>;

    /// Removes one.
    ///
    /// # Errors
    /// As for [`Uploads::upload`]; [`Code::UploadConflict`] while a job that has not ended needs it.
    fn remove(&self, id: UploadId) -> Answer<'_, ()>;
}

/// The way into an upload's file, for one request.
pub trait Arriving: Send {
    /// Writes what came next. It is in the file when this returns, and stays there whatever becomes of the daemon.
    ///
    /// # Errors
    /// [`Code::RequestTooLarge`] for a byte beyond the length (what fits was kept), [`Code::UploadConflict`] when another
    /// request goes on with it, [`Code::DiskFull`].
    fn write(&mut self, bytes: Vec<u8>) -> Answer<'_, ()>;

    /// Nothing more comes in this request, for whatever reason. What came is on the disk when this returns.
    ///
    /// # Errors
    /// The disk or the store failed.
    fn end(self: Box<Self>) -> Answer<'static, UploadView>;
}

/// Where it is kept which uploads there are.
pub trait Shelf: Send + Sync {
    /// Keeps one, if its tenant has room for it; those whose time ran out take none.
    ///
    /// # Errors
    /// [`Code::UploadQuota`]; the store cannot be written.
    fn add_upload(&self, upload: Upload, room: Room) -> Result<()>;

    /// The upload of that id.
    ///
    /// # Errors
    /// The store cannot be read.
    fn upload(&self, id: UploadId) -> Result<Option<Upload>>;

    /// Every upload, oldest first by their ids.
    ///
    /// # Errors
    /// The store cannot be read.
    fn uploads(&self) -> Result<Vec<Upload>>;

    /// Lets one last at least until `expires_at`; false when it is not there or its time ran out.
    ///
    /// # Errors
    /// The store cannot be written.
    fn prolong_upload(&self, id: UploadId, expires_at: Timestamp) -> Result<bool>;

    /// Every byte of one is there.
    ///
    /// # Errors
    /// The store cannot be written.
    fn complete_upload(&self, id: UploadId) -> Result<()>;

    /// Forgets one; false when it is not there, or a job that has not ended names it.
    ///
    /// # Errors
    /// The store cannot be written.
    fn forget_upload(&self, id: UploadId) -> Result<bool>;

    /// Lets the time run out of those that are to be kept no longer at `now`, and gives them. A complete one is kept while
    /// a job that names it has not ended, or ended after `ended_after`. They are forgotten for good a week later.
    ///
    /// # Errors
    /// The store cannot be written.
    fn expire_uploads(&self, now: Timestamp, ended_after: Timestamp) -> Result<Vec<UploadId>>;

    /// The jobs that wait in the queue and name an upload, oldest first by their ids.
    ///
    /// # Errors
    /// The store cannot be read.
    fn queued_with_upload(&self, id: UploadId) -> Result<Vec<StoredJob>>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_id_is_read_in_one_form_only() {
        let id = UploadId::new();
        assert_eq!(id.to_string().parse::<UploadId>().unwrap(), id);
        let bare = id.to_string().replace('-', "");
        for text in [
            bare.as_str(),
            &format!("{{{bare}}}"),
            "",
            "../../etc/passwd",
        ] {
            let error = text.parse::<UploadId>().unwrap_err();
            assert_eq!(error.code(), Code::UploadUnknown, "{text}");
        }
    }
}
