//! What is known to be in the bucket: remembered in a file of the job's work directory, believed as far as the bucket's own
//! list agrees. Not here: sending.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use futures_util::StreamExt as _;
use newsreel_model::job::layout;
use newsreel_model::{Error, Result};
use object_store::ObjectStore;
use object_store::path::Path as Key;
use serde::{Deserialize, Serialize};

/// The file's name.
const FILE: &str = "delivered.jsonl";

/// The most objects that a destination may hold.
const MAX_OBJECTS: usize = 1_000_000;

/// A file that the store said it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its path in the job's directory.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Hash of its bytes, as the journal has it.
    pub hash: String,
    /// What the store calls these bytes.
    pub tag: Option<String>,
}

/// An object as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    bytes: u64,
    tag: Option<String>,
}

impl Listed {
    fn agrees(&self, sent: &Sent) -> bool {
        // Not every store lists tags.
        let same = match (&self.tag, &sent.tag) {
            (Some(listed), Some(told)) => listed.trim_matches('"') == told.trim_matches('"'),
            _ => true,
        };
        self.bytes == sent.bytes && same
    }
}

/// Everything below `prefix`, by its path there.
///
/// # Errors
/// The store's; [`object_store::Error::Generic`] when there is more than may be.
pub async fn list(
    store: &dyn ObjectStore,
    prefix: &Key,
) -> object_store::Result<HashMap<String, Listed>> {
    let mut found = HashMap::new();
    let mut objects = store.list(Some(prefix));
    while let Some(object) = objects.next().await.transpose()? {
        let below = object.location.prefix_match(prefix);
        let parts: Option<Vec<_>> =
            below.map(|parts| parts.map(|p| p.as_ref().to_owned()).collect());
        let path = parts.unwrap_or_default().join("/");
        let listed = Listed {
            bytes: object.size,
            tag: object.e_tag,
        };
        found.insert(path, listed);
        if found.len() > MAX_OBJECTS {
            return Err(object_store::Error::Generic {
                store: "S3",
                source: format!("there are more than {MAX_OBJECTS} objects below it").into(),
            });
        }
    }
    Ok(found)
}

/// What was sent, by path.
pub struct Ledger {
    file: File,
    sent: HashMap<String, Sent>,
    /// How often something was sent since it was opened.
    added: usize,
}

impl Ledger {
    /// Reads what an earlier execution remembered; what the list does not bear out is forgotten.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(dir: &Path, listed: &HashMap<String, Listed>) -> Result<Self> {
        let path = dir.join(layout::WORK).join(FILE);
        let failed = |e: std::io::Error| Error::writing(&path.display().to_string(), &e);
        std::fs::create_dir_all(dir.join(layout::WORK)).map_err(failed)?;
        let text = std::fs::read(&path).unwrap_or_default();
        // A line that a crash cut off is no line.
        let lines = text.split(|byte| *byte == b'\n');
        let known = lines.filter_map(|line| serde_json::from_slice::<Sent>(line).ok());
        let sent: HashMap<String, Sent> = known.map(|sent| (sent.path.clone(), sent)).collect();
        let agrees = |path: &String, sent: &Sent| listed.get(path).is_some_and(|l| l.agrees(sent));
        let sent = sent.into_iter().filter(|(path, sent)| agrees(path, sent));
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .append(true)
            .open(&path)
            .map_err(failed)?;
        if text.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self {
            file,
            sent: sent.collect(),
            added: 0,
        })
    }

    /// Whether the bucket has these bytes under this path.
    pub fn has(&self, path: &str, hash: &str) -> bool {
        self.sent.get(path).is_some_and(|sent| sent.hash == hash)
    }

    /// Whether the bucket has something of ours under this path.
    pub fn knows(&self, path: &str) -> bool {
        self.sent.contains_key(path)
    }

    /// Remembers a file.
    ///
    /// # Errors
    /// The disk's.
    pub fn add(&mut self, sent: Sent) -> Result<()> {
        let mut line = serde_json::to_vec(&sent).map_err(|e| Error::bug(e.to_string()))?;
        line.push(b'\n');
        let written = self.file.write_all(&line);
        written.map_err(|e| Error::writing(FILE, &e))?;
        self.sent.insert(sent.path.clone(), sent);
        self.added += 1;
        Ok(())
    }

    /// Forgets what the list does not bear out; the first of it.
    pub fn compare(&mut self, listed: &HashMap<String, Listed>) -> Option<String> {
        let differs = |sent: &&Sent| !listed.get(&sent.path).is_some_and(|l| l.agrees(sent));
        let wrong: Vec<String> = self
            .sent
            .values()
            .filter(differs)
            .map(|s| s.path.clone())
            .collect();
        wrong.iter().for_each(|path| drop(self.sent.remove(path)));
        wrong.into_iter().min()
    }

    /// How many files were sent by this execution, each as often as it was.
    pub fn count(&self) -> usize {
        self.added
    }

    /// How many files there are, and how long they are together.
    pub fn sums(&self) -> (usize, u64) {
        (self.sent.len(), self.sent.values().map(|s| s.bytes).sum())
    }
}
