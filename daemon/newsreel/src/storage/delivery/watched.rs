//! A bucket in memory that watches over what is put into it and in which order. For tests alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use parking_lot::Mutex;

use super::playlist;

/// Where a story is delivered to.
pub const PREFIX: &str = "news/story";

/// A bucket that notes what is put into it, and holes: playlists that name what is not there.
#[derive(Debug, Default)]
pub struct Watched {
    pub inner: InMemory,
    pub puts: Mutex<HashMap<String, usize>>,
    pub holes: Mutex<Vec<String>>,
    /// So many puts fail with this answer, after so many that do not.
    pub refuse: Mutex<Option<(usize, usize, &'static str)>>,
    pub parts: AtomicUsize,
}

impl std::fmt::Display for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watched")
    }
}

fn generic(words: &str) -> object_store::Error {
    object_store::Error::Generic {
        store: "S3",
        source: format!("Server returned non-2xx status code: {words}").into(),
    }
}

impl Watched {
    async fn look(&self, location: &Path, payload: &PutPayload) -> object_store::Result<()> {
        let path = location.as_ref().strip_prefix(&format!("{PREFIX}/"));
        let path = path.expect("below the destination").to_owned();
        if let Some((after, times, words)) = &mut *self.refuse.lock() {
            match (*after, *times) {
                (0, 0) => {}
                (0, _) => {
                    *times -= 1;
                    return Err(generic(words));
                }
                _ => *after -= 1,
            }
        }
        if path.ends_with(".m3u8") {
            let text: Vec<u8> = payload.iter().flat_map(|b| b.to_vec()).collect();
            for name in playlist::names(&path, &String::from_utf8(text).unwrap()) {
                if self.inner.head(&at(&name)).await.is_err() {
                    self.holes.lock().push(name);
                }
            }
        }
        *self.puts.lock().entry(path).or_default() += 1;
        Ok(())
    }

    pub fn count(&self) -> usize {
        self.puts.lock().values().sum()
    }

    /// Segments and init segments that were put more often than once.
    pub fn twice(&self) -> Vec<String> {
        let puts = self.puts.lock();
        let media = |path: &&String| path.ends_with(".m4s") || path.ends_with(".mp4");
        puts.keys()
            .filter(media)
            .filter(|p| puts[*p] > 1)
            .cloned()
            .collect()
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        self.look(location, &payload).await?;
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.look(location, &PutPayload::default()).await?;
        self.parts.fetch_add(1, Ordering::SeqCst);
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Where a file of the story lies.
pub fn at(path: &str) -> Path {
    Path::parse(format!("{PREFIX}/{path}")).unwrap()
}
