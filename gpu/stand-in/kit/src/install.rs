//! Puts a stand-in into a directory and says how to run a program on it. Not what it then does.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Config, ENV, REPORT, Report};

/// The names under which the driver is looked for. All of them are one file: the C library then loads it once, so that the four
/// libraries know of each other as NVIDIA's do.
const NAMES: [&str; 4] = [
    "libcuda.so.1",
    "libnvcuvid.so.1",
    "libnvidia-encode.so.1",
    "libnvidia-ml.so.1",
];

/// What can be missing from an installed driver.
#[derive(Clone, Copy, Debug)]
pub enum Missing<'a> {
    /// A library, by the name it is opened with.
    Library(&'a str),
    /// A function, by its exported name.
    Function(&'a str),
}

/// A stand-in installed in a directory of its own.
#[derive(Debug)]
pub struct StandIn {
    directory: PathBuf,
}

impl StandIn {
    /// Builds the stand-in if need be, and installs it in `directory`, which is made. What an earlier one reported there is forgotten.
    ///
    /// # Errors
    /// It cannot be built, or the directory cannot be written.
    pub fn install(directory: &Path, config: &Config) -> io::Result<Self> {
        Self::install_without(directory, config, &[])
    }

    /// The same with parts missing, as after a broken upgrade or in a container that was given half a driver.
    ///
    /// # Errors
    /// As above, or a function that is to be missing was not there.
    pub fn install_without(
        directory: &Path,
        config: &Config,
        missing: &[Missing],
    ) -> io::Result<Self> {
        let directory = std::path::absolute(directory)?;
        let stand_in = Self { directory };
        fs::create_dir_all(stand_in.libraries())?;
        let image = stand_in.directory.join("image.so");
        fs::write(&image, without_functions(fs::read(built()?)?, missing)?)?;
        for name in NAMES {
            let link = stand_in.libraries().join(name);
            let _ = fs::remove_file(&link);
            if !missing
                .iter()
                .any(|m| matches!(m, Missing::Library(l) if *l == name))
            {
                fs::hard_link(&image, link)?;
            }
        }
        let _ = fs::remove_file(stand_in.directory.join(REPORT));
        let _ = fs::remove_file(stand_in.directory.join(crate::STATE));
        stand_in.configure(config)?;
        Ok(stand_in)
    }

    /// Changes what it pretends, at once and for the processes that run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn configure(&self, config: &Config) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(config)?;
        // In place: a process that gave up its right to open files keeps this one open.
        fs::write(self.config_path(), text)
    }

    /// The directory for `LD_LIBRARY_PATH`.
    #[must_use]
    pub fn libraries(&self) -> PathBuf {
        self.directory.join("lib")
    }

    /// The file for [`ENV`].
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.directory.join("config.json")
    }

    /// What a process needs in its environment to find it.
    #[must_use]
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        vec![
            ("LD_LIBRARY_PATH".into(), self.libraries().into()),
            (ENV.into(), self.config_path().into()),
        ]
    }

    /// The same for a process that loses its right to open files before it looks for a driver: the libraries are loaded as it
    /// starts, under the names it will ask for.
    #[must_use]
    pub fn environment_preloaded(&self) -> Vec<(OsString, OsString)> {
        let mut environment = self.environment();
        environment.push(("LD_PRELOAD".into(), NAMES.join(":").into()));
        environment
    }

    /// A program that will find it.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.environment());
        command
    }

    /// What all processes that ran on it found so far.
    ///
    /// # Errors
    /// The report cannot be read, or a line of it is no entry.
    pub fn report(&self) -> io::Result<Report> {
        match fs::read_to_string(self.directory.join(REPORT)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Report::default()),
            text => Report::parse(&text?),
        }
    }
}

/// Takes functions away by giving them another name of the same length, which the loader's hash then does not find.
fn without_functions(mut image: Vec<u8>, missing: &[Missing]) -> io::Result<Vec<u8>> {
    for name in missing.iter().filter_map(|m| match m {
        Missing::Function(name) => Some(name),
        Missing::Library(_) => None,
    }) {
        let wanted = [b"\0", name.as_bytes(), b"\0"].concat();
        let mut found = false;
        while let Some(at) = image.windows(wanted.len()).position(|w| w == wanted) {
            image[at + 1] = b'_';
            found = true;
        }
        if !found {
            return Err(io::Error::other(format!("no function is named {name}")));
        }
    }
    Ok(image)
}

/// Has Cargo build the stand-in, in the profile of the test that asks, and returns where it is. Cargo knows when there is nothing to do.
fn built() -> io::Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--offline", "--package", "newsreel-stand-in"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.stderr(std::process::Stdio::piped()).output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!(
            "the stand-in does not build: {errors}"
        )));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "newsreel_stand_in")
        .filter_map(|message| message["filenames"][0].as_str().map(PathBuf::from))
        .find(|path| path.extension().is_some_and(|e| e == "so"))
        .ok_or_else(|| io::Error::other("Cargo does not say where the stand-in is"))
}
