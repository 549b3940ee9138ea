//! From a URL in a request to a path this daemon may use. Nothing outside the configured roots is ever opened.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use newsreel_config::Storage;
use newsreel_model::spec::InputSpec;
use newsreel_model::store::StoredJob;
use newsreel_model::{Code, Error, Result};
use parking_lot::RwLock;

use super::early::Arriving;
use super::file_url::file_path;
use super::message::Message;
use super::place;
use crate::source::FileSource;
use crate::{fetch, uploads};

/// Where jobs may read and write. Clones share it: a change is everyone's.
#[derive(Clone, Debug)]
pub struct Roots {
    shared: Arc<RwLock<Lists>>,
    /// Those of whoever asks; none when they may use all of the others.
    own: Vec<PathBuf>,
    /// The daemon's own directory: uploads lie there, and what was brought from elsewhere.
    own_dir: PathBuf,
}

#[derive(Clone, Debug)]
struct Lists {
    inputs: Vec<PathBuf>,
    outputs: Vec<PathBuf>,
}

impl Roots {
    /// The configured roots, links in them resolved.
    ///
    /// # Errors
    /// A root is not there.
    pub fn new(storage: &Storage) -> Result<Self> {
        let resolve = |key: &str, roots: &[String]| {
            let one = |root: &String| {
                std::fs::canonicalize(root).map_err(|e| {
                    Error::new(
                        Code::ConfigInvalid,
                        format!("storage.{key}: {root}: {e}; create it or take it out of the list"),
                    )
                })
            };
            roots.iter().map(one).collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            shared: Arc::new(RwLock::new(Lists {
                inputs: resolve("input_roots", &storage.input_roots)?,
                outputs: resolve("output_roots", &storage.output_roots)?,
            })),
            own: Vec::new(),
            own_dir: PathBuf::new(),
        })
    }

    /// The same, with the daemon's own directory.
    #[must_use]
    pub fn with_own(mut self, dir: PathBuf) -> Self {
        self.own_dir = dir;
        self
    }

    /// From now on it is as `other` says. What is open stays open.
    pub fn become_like(&self, other: &Self) {
        let lists = other.lists();
        *self.shared.write() = lists;
    }

    fn lists(&self) -> Lists {
        self.shared.read().clone()
    }

    /// The same, as far as they lie below the roots of a key; a key without any may use all of them.
    #[must_use]
    pub fn within(&self, own: &[String]) -> Self {
        Self {
            own: own.iter().map(PathBuf::from).collect(),
            ..self.clone()
        }
    }

    fn holds(&self, path: &Path, roots: &[PathBuf]) -> bool {
        below(path, roots) && (self.own.is_empty() || below(path, &self.own))
    }

    /// The path an input's URL means.
    ///
    /// # Errors
    /// No `file` URL, not below an input root, or not there.
    pub fn input(&self, url: &str) -> Result<PathBuf> {
        self.file("input.url", url)
    }

    /// The path a URL in `field` means, by the same rules.
    ///
    /// # Errors
    /// As for [`Roots::input`].
    pub fn file(&self, field: &str, url: &str) -> Result<PathBuf> {
        let asked = file_path(field, url)?;
        let inputs = self.lists().inputs;
        let path = std::fs::canonicalize(&asked).map_err(|_| {
            // Whether it exists is nobody's business where it may not be read.
            if self.holds(&asked, &inputs) {
                Error::new(
                    Code::InputNotFound,
                    format!("there is no file {}", asked.display()),
                )
            } else {
                forbidden(field, &asked, "storage.input_roots")
            }
        })?;
        self.holds(&path, &inputs)
            .then_some(path)
            .ok_or_else(|| forbidden(field, &asked, "storage.input_roots"))
    }

    /// What the deciding thread is told of a job to be worked on; the look at its input may block, so it is not made there.
    pub fn queued(&self, job: StoredJob, arriving: Option<Arriving>) -> Message {
        let roots = self.within(&job.roots);
        let here = self.here(&job).map(Ok);
        let path = here.unwrap_or_else(|| roots.input(&job.spec.input.url));
        let file = path.and_then(|path| {
            std::fs::metadata(&path).map_err(|e| Error::new(Code::InputNotFound, e.to_string()))
        });
        // An input that is gone is told of by whoever opens it.
        let there = file.map_or(0, |m| m.len());
        Message::Queued {
            job: Box::new(job),
            input_bytes: arriving.as_ref().map_or(there, |a| a.length),
            arriving,
        }
    }

    /// Opens an input.
    ///
    /// # Errors
    /// As for [`Roots::open_file`].
    pub fn open(&self, job: &StoredJob) -> Result<FileSource> {
        match self.here(job) {
            Some(path) => open_here(&path, &job.spec.input),
            None => self.open_file("input.url", &job.spec.input.url),
        }
    }

    /// Opens a file. What was opened is checked once more: the path may have been changed since it was resolved.
    ///
    /// # Errors
    /// As for [`Roots::input`], and when it is no regular file.
    pub fn open_file(&self, field: &str, url: &str) -> Result<FileSource> {
        let path = self.file(field, url)?;
        let source = FileSource::open(&path)?;
        let opened = real_path(source.file())?;
        if self.holds(&opened, &self.lists().inputs) {
            Ok(source)
        } else {
            Err(forbidden(field, &path, "storage.input_roots"))
        }
    }

    /// The directory of a job on this machine.
    pub fn dir_of(&self, job: &StoredJob) -> PathBuf {
        place::of(job, &self.own_dir)
    }

    /// Where an input lies that was sent or brought here. Whose it may be was looked at when the job was submitted.
    fn here(&self, job: &StoredJob) -> Option<PathBuf> {
        let input = &job.spec.input;
        match input.upload {
            Some(id) => Some(uploads::path(&self.own_dir.join(uploads::FOLDER), id)),
            None if fetch::is_remote(&input.url) => {
                Some(fetch::path(&self.own_dir.join(fetch::FOLDER), job.id))
            }
            None => None,
        }
    }

    /// The directory a destination's URL means; its parent has to be there.
    ///
    /// # Errors
    /// No `file` URL, or not below an output root.
    pub fn destination(&self, url: &str) -> Result<PathBuf> {
        let asked = file_path("destination", url)?;
        let outputs = self.lists().outputs;
        let refused = || forbidden("destination", &asked, "storage.output_roots");
        let path = match std::fs::canonicalize(&asked) {
            Ok(path) => path,
            Err(_) => {
                let parent = asked.parent().ok_or_else(refused)?;
                let name = asked.file_name().ok_or_else(refused)?;
                let parent = std::fs::canonicalize(parent).map_err(|_| {
                    if self.holds(&asked, &outputs) {
                        Error::new(
                            Code::RequestInvalid,
                            format!(
                                "`destination`: there is no directory {}; create it first",
                                parent.display()
                            ),
                        )
                    } else {
                        refused()
                    }
                })?;
                parent.join(name)
            }
        };
        let is_root = outputs.contains(&path);
        (self.holds(&path, &outputs) && !is_root)
            .then_some(path)
            .ok_or_else(refused)
    }
}

fn open_here(path: &Path, input: &InputSpec) -> Result<FileSource> {
    let shown = match input.upload {
        Some(id) => format!("upload {id}"),
        None => "the input".to_owned(),
    };
    let file = File::open(path).map_err(|_| {
        let words = format!("{shown} is not there any more; submit it again");
        Error::new(Code::InputNotFound, words)
    })?;
    FileSource::over(file, &shown)
}

fn below(path: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| path.starts_with(root))
}

fn forbidden(field: &str, path: &Path, key: &str) -> Error {
    Error::new(
        Code::PathForbidden,
        format!(
            "`{field}`: {} does not lie below a directory that may be used here; choose another, or ask for it to be named in {key} and among the roots of the key, if it has any",
            path.display()
        ),
    )
}

/// Where an open file lies now, by the kernel's word.
fn real_path(file: &File) -> Result<PathBuf> {
    use std::os::fd::AsRawFd;
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
        .map_err(|e| Error::bug(format!("an open file has no path: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(dir: &Path) -> Roots {
        let root = dir.join("in");
        std::fs::create_dir_all(&root).unwrap();
        std::fs::create_dir_all(dir.join("out")).unwrap();
        std::fs::write(root.join("a clip.mp4"), "x").unwrap();
        std::fs::write(dir.join("secret.mp4"), "x").unwrap();
        std::os::unix::fs::symlink(dir.join("secret.mp4"), root.join("link.mp4")).unwrap();
        let name = |n: &str| vec![dir.join(n).display().to_string()];
        Roots::new(&Storage {
            input_roots: name("in"),
            output_roots: name("out"),
            ..Storage::default()
        })
        .unwrap()
    }

    #[test]
    fn what_lies_below_a_root_is_found_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let roots = roots(dir.path());
        let base = dir.path().display();
        assert!(
            roots
                .input(&format!("file://{base}/in/a%20clip.mp4"))
                .is_ok()
        );
        for (url, code) in [
            (format!("file://{base}/in/none.mp4"), Code::InputNotFound),
            (format!("file://{base}/in/link.mp4"), Code::PathForbidden),
            (format!("file://{base}/secret.mp4"), Code::PathForbidden),
            (format!("file://{base}/no-secret.mp4"), Code::PathForbidden),
            (
                format!("file://{base}/in/../secret.mp4"),
                Code::RequestInvalid,
            ),
            (
                format!("file://{base}/in/%2e%2e/secret.mp4"),
                Code::RequestInvalid,
            ),
            (
                "https://example.org/a.mp4".to_owned(),
                Code::InputSchemeUnsupported,
            ),
            ("/in/a.mp4".to_owned(), Code::RequestInvalid),
            ("file://other/in/a.mp4".to_owned(), Code::RequestInvalid),
        ] {
            assert_eq!(roots.input(&url).unwrap_err().code(), code, "{url}");
        }
    }

    #[test]
    fn the_roots_of_a_key_narrow_and_never_widen() {
        let dir = tempfile::tempdir().unwrap();
        let all = roots(dir.path());
        let base = dir.path().display();
        for name in ["in/sport", "in/news"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
            std::fs::write(dir.path().join(name).join("a.mp4"), "x").unwrap();
        }
        let link = dir.path().join("in/sport/link.mp4");
        std::os::unix::fs::symlink(dir.path().join("in/news/a.mp4"), link).unwrap();
        let sport = all.within(&[format!("{base}/in/sport")]);
        let tried = |roots: &Roots, name: &str| {
            let found = roots.input(&format!("file://{base}/{name}"));
            found.map_err(|error| error.code()).err()
        };
        assert_eq!(tried(&sport, "in/sport/a.mp4"), None);
        assert_eq!(
            tried(&sport, "in/sport/none.mp4"),
            Some(Code::InputNotFound)
        );
        for name in [
            "in/news/a.mp4",
            "in/news/none.mp4",
            "in/sport/link.mp4",
            "in/a%20clip.mp4",
        ] {
            assert_eq!(tried(&sport, name), Some(Code::PathForbidden), "{name}");
            assert_ne!(tried(&all, name), Some(Code::PathForbidden), "{name}");
        }
        let elsewhere = all.within(&[base.to_string()]);
        assert_eq!(tried(&elsewhere, "secret.mp4"), Some(Code::PathForbidden));
        assert_eq!(tried(&elsewhere, "in/news/a.mp4"), None);
        let to = |roots: &Roots| {
            roots
                .destination(&format!("file://{base}/out/story"))
                .is_ok()
        };
        assert!(to(&all) && to(&elsewhere) && !to(&sport));
    }

    #[test]
    fn a_destination_lies_below_a_root_and_is_none_itself() {
        let dir = tempfile::tempdir().unwrap();
        let roots = roots(dir.path());
        let base = dir.path().display();
        assert!(
            roots
                .destination(&format!("file://{base}/out/story"))
                .is_ok()
        );
        assert!(roots.destination(&format!("file://{base}/out/")).is_err());
        assert!(
            roots
                .destination(&format!("file://{base}/in/story"))
                .is_err()
        );
    }
}
