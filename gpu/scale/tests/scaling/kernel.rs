//! `scale.cu`, compiled for the host with clang, does what the reference does, to the last bit, and touches nothing else.
//!
//! This shows the kernel's source, not a device: what a driver makes of the PTX is seen where there is one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use newsreel_scale::{Depth, Filter, Request, RungSize, Siting};

use super::buffers::Launch;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Builds the kernel with its host harness.
fn host(folder: &Path) -> PathBuf {
    let program = folder.join("host");
    let status = Command::new("clang")
        .args([
            "-x",
            "c++",
            "-std=c++17",
            "-O1",
            "-pthread",
            "-fno-exceptions",
            "-o",
        ])
        .arg(&program)
        .arg(Path::new(HERE).join("tests/scaling/host.cpp"))
        .status();
    let status = status.expect("this test needs clang, which scripts/setup installs");
    assert!(status.success(), "clang compiles scale.cu for the host");
    program
}

/// What the kernel leaves in every buffer.
fn run(program: &Path, launch: &Launch, threads: u32, at_end: bool) -> Vec<u8> {
    let (columns, rows, planes) = launch.plan.grid();
    assert_eq!(planes, 2);
    let numbers = [
        columns,
        rows,
        launch.plan.shared_bytes(),
        threads,
        u32::from(at_end),
    ];
    let mut child = Command::new(program)
        .arg(launch.plan.kernel_name())
        .args(numbers.map(|n| n.to_string()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = launch.block.to_bytes().to_vec();
    for buffer in &launch.buffers.0 {
        input.extend((buffer.len() as u64).to_le_bytes());
        input.extend(buffer);
    }
    let mut stdin = child.stdin.take().unwrap();
    let feed = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap().unwrap();
    assert!(
        output.status.success(),
        "{} (a signal is an access out of bounds): {:?}",
        output.status,
        launch.request
    );
    output.stdout
}

/// Random, but the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 33).unwrap() % limit
    }

    fn depth(&mut self) -> Depth {
        [Depth::Eight, Depth::Ten][self.below(2) as usize]
    }

    fn request(&mut self) -> Request {
        let size = (2 + self.below(400), 2 + self.below(300));
        let (left, top) = (self.below(size.0 / 4 + 1), self.below(size.1 / 4 + 1));
        let crop = (
            left,
            top,
            size.0 - left - self.below(size.0 / 4 + 1),
            size.1 - top - self.below(size.1 / 4 + 1),
        );
        let rungs = (0..=self.below(8))
            .map(|_| RungSize {
                width: 2 + 2 * self.below(size.0),
                height: 2 + 2 * self.below(size.1),
                depth: self.depth(),
            })
            .collect();
        Request {
            depth: self.depth(),
            size,
            crop,
            siting: [Siting::Left, Siting::Center, Siting::TopLeft][self.below(3) as usize],
            filter: [Filter::Bicubic, Filter::Lanczos3][self.below(2) as usize],
            rungs,
        }
    }
}

#[test]
fn the_kernels_source_and_the_reference_write_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let program = host(folder.path());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for round in 0..60 {
        let request = numbers.request();
        let most = 1 << request.depth.bits();
        let launch = Launch::new(request, |_, _, _| {
            u16::try_from(numbers.below(most)).unwrap()
        });
        let made = run(&program, &launch, 1 + round % 7, round % 2 == 0);
        let wanted = launch.scaled();
        assert!(
            made == wanted.buffers.0.concat(),
            "the bytes differ: {:?}",
            wanted.request
        );
    }
}

#[test]
fn a_ladder_of_a_broadcasters_sizes_fits_and_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let program = host(folder.path());
    let rung = |width, height, depth| RungSize {
        width,
        height,
        depth,
    };
    let mut numbers = Numbers(7);
    for (size, depth) in [((1920, 1080), Depth::Eight), ((3840, 2160), Depth::Ten)] {
        let request = Request {
            depth,
            size,
            crop: (0, 0, size.0, size.1),
            siting: Siting::Left,
            filter: Filter::Bicubic,
            rungs: vec![
                rung(1920, 1080, depth),
                rung(1280, 720, Depth::Eight),
                rung(854, 480, Depth::Eight),
                rung(640, 360, Depth::Eight),
                rung(426, 240, Depth::Eight),
            ],
        };
        let most = 1 << depth.bits();
        let launch = Launch::new(request, |_, _, _| {
            u16::try_from(numbers.below(most)).unwrap()
        });
        println!(
            "{}x{} {depth:?}: grid {:?}, {} bytes of shared memory",
            size.0,
            size.1,
            launch.plan.grid(),
            launch.plan.shared_bytes()
        );
        let made = run(&program, &launch, 1, true);
        assert!(
            made == launch.scaled().buffers.0.concat(),
            "the bytes differ"
        );
    }
}
