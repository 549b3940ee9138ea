//! The rules of the house as tests: which crate may know which, where `unsafe` may live, how long a file may be.
//!
//! Not here: what the rooms do. `docs/ARCHITECTURE.md` says why the rules are what they are.

#[path = "house/code.rs"]
mod code;

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Which crates of the workspace a crate may depend on, for building and for its tests alike.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("newsreel-model", &[]),
    ("newsreel-config", &["newsreel-model"]),
    ("newsreel-media", &["newsreel-model", "newsreel-scale"]),
    ("newsreel-scheduler", &["newsreel-model"]),
    ("newsreel-store", &["newsreel-model"]),
    ("newsreel-api", &["newsreel-model"]),
    ("newsreel-cpu", &["newsreel-media", "newsreel-model"]),
    (
        "newsreel-gpu",
        &["newsreel-media", "newsreel-model", "newsreel-scale"],
    ),
    ("newsreel-scale", &[]),
    (
        "newsreel-stand-in",
        &["newsreel-scale", "newsreel-stand-in-kit"],
    ),
    ("newsreel-stand-in-kit", &[]),
    ("newsreel", ALL),
    ("newsreel-benches", ALL),
    ("newsreel-fuzz", ALL),
    (
        "newsreel-simulate",
        &["newsreel-model", "newsreel-scheduler"],
    ),
];

/// What the binary wires together.
const ALL: &[&str] = &[
    "newsreel-api",
    "newsreel-config",
    "newsreel-cpu",
    "newsreel-gpu",
    "newsreel-media",
    "newsreel-model",
    "newsreel-scale",
    "newsreel-scheduler",
    "newsreel-stand-in-kit",
    "newsreel-store",
];

/// The only rooms with `unsafe`.
const UNSAFE_ROOMS: &[&str] = &[
    "daemon/media/src/ffi/",
    "gpu/src/nvidia/sys/",
    "gpu/src/vaapi/sys/",
    "daemon/newsreel/src/sandbox/",
    "gpu/stand-in/",
];

/// The most lines of a source file; most have under 300.
const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

#[allow(
    clippy::expect_used,
    reason = "a test without the workspace has nothing to test"
)]
fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo describes the workspace")
}

/// Names of everything a crate declares, whether to build, to be built or to be tested.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
}

#[test]
fn crates_know_only_what_they_may() {
    let mut wrong = Vec::new();
    let workspace = workspace();
    let members = workspace.workspace_packages();
    for package in &members {
        let name = package.name.as_str();
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("{name} is a new room: give it a line in MAY_KNOW"));
            continue;
        };
        for dependency in dependencies(package) {
            // A crate may name itself, to have a feature of its own in its tests.
            let ours = dependency != name
                && members
                    .iter()
                    .any(|member| member.name.as_str() == dependency);
            if ours && !allowed.contains(&dependency) {
                wrong.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        members.len(),
        MAY_KNOW.len(),
        "MAY_KNOW has a line for a crate that is gone"
    );
}

#[test]
fn only_media_knows_ffmpeg() {
    let workspace = workspace();
    for package in workspace.workspace_packages() {
        let knows = dependencies(package).any(|name| name.contains("ffmpeg"));
        assert_eq!(
            knows,
            // The stand-in for a driver decodes and encodes with it, in a library of its own that is never shipped.
            ["newsreel-media", "newsreel-stand-in"].contains(&package.name.as_str()),
            "{} and FFmpeg",
            package.name
        );
    }
}

/// The stand-in for a driver is loaded by name, never linked; what installs it is for tests.
#[test]
fn the_stand_in_is_only_for_tests() {
    let mut wrong = Vec::new();
    for package in workspace().workspace_packages() {
        let name = package.name.as_str();
        for dependency in &package.dependencies {
            let for_tests = dependency.kind == DependencyKind::Development;
            let allowed = match dependency.name.as_str() {
                "newsreel-stand-in" => false,
                "newsreel-stand-in-kit" => for_tests || name == "newsreel-stand-in",
                _ => true,
            };
            if !allowed {
                wrong.push(format!("{name} must not ship {}", dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_denied_in_every_crate() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("\nunsafe_code = \"deny\"\n"),
        "the workspace denies unsafe code"
    );
    for package in workspace().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true\n"),
            "{} takes the workspace's lints",
            package.name
        );
    }
    let cpu = std::fs::read_to_string(root().join("fallback_cpu/src/lib.rs")).unwrap();
    assert!(
        code::only(&cpu).contains("#![forbid(unsafe_code)]"),
        "fallback_cpu forbids unsafe code"
    );
}

#[test]
fn unsafe_lives_only_in_its_rooms() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if UNSAFE_ROOMS.iter().any(|room| path.starts_with(room)) {
            continue;
        }
        let code = code::only(&text);
        wrong.extend(
            code::words(&code, "unsafe")
                .map(|line| format!("{path}:{line}: unsafe outside its rooms")),
        );
        // The lint may be lifted from outside only for a room as a whole: `#[allow(unsafe_code)] mod ffi;`.
        wrong.extend(
            code::lifts(&code, "unsafe_code")
                .filter(|(_, module)| !is_room(&path, module.as_deref()))
                .map(|(line, _)| {
                    format!("{path}:{line}: unsafe_code is allowed for more than a room")
                }),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a module declared in the file at `path` is a room with `unsafe`.
fn is_room(path: &str, module: Option<&str>) -> bool {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
    };
    module.is_some_and(|module| UNSAFE_ROOMS.contains(&format!("{folder}/{module}/").as_str()))
}

#[test]
fn a_file_fits_in_a_head() {
    let long: Vec<_> = sources()
        .filter(|(path, _)| !path.split('/').any(|part| part == "tests"))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path} has {lines} lines, more than {MAX_LINES}"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Every Rust file of the project, by its path from the root.
fn sources() -> impl Iterator<Item = (String, String)> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let built = ["target", "out", "node_modules"].contains(&name.as_str());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !built && !name.starts_with('.') => folders.push(path),
                Ok(kind) if kind.is_file() && name.ends_with(".rs") => files.push(path),
                _ => {}
            }
        }
    }
    assert!(
        files.len() > 10,
        "the walk from {} finds the sources",
        root.display()
    );
    files.into_iter().map(move |path| {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let name = path
            .strip_prefix(&root)
            .unwrap_or(&path)
            .display()
            .to_string();
        (name, text)
    })
}
