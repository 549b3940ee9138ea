//! One file on its way: read, compared with what was made, put in one request or in parts. Not here: which, or when.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use newsreel_model::{Code, Error};
use object_store::path::Path as Key;
use object_store::{
    Attributes, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions, PutResult,
};

use super::ledger::Sent;
use crate::storage::kinds;

/// Files up to this length go in one request, longer ones in parts of it.
pub const PART_BYTES: u64 = 16 << 20;

/// The most parts that stores take.
const MAX_PARTS: u64 = 10_000;

/// A file to be sent.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its path in the job's directory, and below the destination.
    pub path: String,
    /// Hash of its bytes.
    pub hash: String,
    /// Its bytes, of a file that may be replaced meanwhile; else they are read when it is sent.
    pub text: Option<Vec<u8>>,
}

/// Why a file was not sent.
pub enum Failed {
    /// The store's reason.
    Store(object_store::Error),
    /// This machine's.
    Here(Error),
}

impl From<object_store::Error> for Failed {
    fn from(error: object_store::Error) -> Self {
        Self::Store(error)
    }
}

/// Sends a file.
///
/// # Errors
/// The store's, or the file is not what was made.
pub async fn send(
    store: &dyn ObjectStore,
    prefix: &Key,
    dir: &Path,
    item: &Item,
) -> Result<Sent, Failed> {
    let key = Key::parse(format!("{prefix}/{}", item.path))
        .map_err(|e| Failed::Here(Error::bug(format!("{}: {e}", item.path))))?;
    let attributes = kinds::attributes(&item.path);
    let (bytes, put) = match &item.text {
        Some(text) => (
            text.len() as u64,
            whole(store, &key, text.clone(), attributes).await?,
        ),
        None => {
            let unread = |e: std::io::Error| Failed::Here(Error::writing(&item.path, &e));
            let file = File::open(dir.join(&item.path)).map_err(unread)?;
            let bytes = file.metadata().map_err(unread)?.len();
            let put = if bytes <= PART_BYTES {
                let mut text = Vec::new();
                file.take(PART_BYTES + 1)
                    .read_to_end(&mut text)
                    .map_err(unread)?;
                is_as_made(item, &blake3::hash(&text))?;
                whole(store, &key, text, attributes).await?
            } else {
                in_parts(store, &key, item, file, bytes, attributes).await?
            };
            (bytes, put)
        }
    };
    Ok(Sent {
        path: item.path.clone(),
        bytes,
        hash: item.hash.clone(),
        tag: put.e_tag,
    })
}

async fn whole(
    store: &dyn ObjectStore,
    key: &Key,
    text: Vec<u8>,
    attributes: Attributes,
) -> object_store::Result<PutResult> {
    let options = PutOptions {
        attributes,
        ..PutOptions::default()
    };
    store.put_opts(key, text.into(), options).await
}

async fn in_parts(
    store: &dyn ObjectStore,
    key: &Key,
    item: &Item,
    file: File,
    bytes: u64,
    attributes: Attributes,
) -> Result<PutResult, Failed> {
    let options = PutMultipartOptions {
        attributes,
        ..PutMultipartOptions::default()
    };
    let mut upload = store.put_multipart_opts(key, options).await?;
    let put = parts(upload.as_mut(), item, file, bytes).await;
    if put.is_err() {
        // What is left of it a rule of the bucket has to remove where this fails, too.
        let _ = upload.abort().await;
    }
    put
}

async fn parts(
    upload: &mut dyn MultipartUpload,
    item: &Item,
    mut file: File,
    bytes: u64,
) -> Result<PutResult, Failed> {
    let unread = |e: std::io::Error| Failed::Here(Error::writing(&item.path, &e));
    let length = PART_BYTES.max(bytes.div_ceil(MAX_PARTS));
    let mut hasher = blake3::Hasher::new();
    loop {
        let mut part = Vec::new();
        let read = (&mut file).take(length).read_to_end(&mut part);
        if read.map_err(unread)? == 0 {
            break;
        }
        hasher.update(&part);
        upload.put_part(part.into()).await?;
    }
    is_as_made(item, &hasher.finalize())?;
    Ok(upload.complete().await?)
}

fn is_as_made(item: &Item, hash: &blake3::Hash) -> Result<(), Failed> {
    match hash.to_hex().as_str() == item.hash {
        true => Ok(()),
        false => Err(Failed::Here(Error::new(
            Code::OutputUnwritable,
            format!(
                "{} was changed on the daemon's disk after it was made; submit the job anew",
                item.path
            ),
        ))),
    }
}
