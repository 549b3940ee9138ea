//! What a real driver knows across processes, in a file that all of them map: memory and encode sessions of each, faults that happened,
//! the errors in the kernel's log. Not what one process does with it.
//!
//! A process holds a lock on its byte of the file for as long as it lives; what is written for one without a lock is over, however it ended.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use newsreel_stand_in_kit::{ENV, STATE};

/// Processes at once, devices, faults that happen once, and errors that are remembered.
const PROCESSES: usize = 256;
const DEVICES: usize = 16;
const FAULTS: usize = 256;
const ERRORS: usize = 256;

/// The file. All zeros is a machine on which nothing runs.
#[repr(C)]
struct Page {
    processes: [[Use; DEVICES]; PROCESSES],
    fired: [AtomicU64; FAULTS],
    /// Device and number of each error in the log, and how many there are.
    errors: [[AtomicU64; 2]; ERRORS],
    logged: AtomicU64,
}

/// What one process uses of one device.
#[derive(Default)]
#[repr(C)]
struct Use {
    bytes: AtomicU64,
    sessions: AtomicU64,
}

/// The state, and this process's place in it.
pub struct Shared {
    page: &'static Page,
    file: Option<File>,
    own: usize,
}

/// Which of the two is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Device memory, bytes.
    Bytes,
    /// Encode sessions.
    Sessions,
}

impl Use {
    fn of(&self, what: What) -> &AtomicU64 {
        match what {
            What::Bytes => &self.bytes,
            What::Sessions => &self.sessions,
        }
    }
}

/// The one state.
pub fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(Shared::open)
}

impl Shared {
    fn open() -> Self {
        let length = size_of::<Page>();
        let file = std::env::var_os(ENV).and_then(|config| {
            let path = PathBuf::from(config).with_file_name(STATE);
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.open(path).ok()?;
            let length = u64::try_from(length).ok()?;
            file.set_len(length).ok().map(|()| file)
        });
        let (flags, descriptor) = match &file {
            Some(file) => (libc::MAP_SHARED, file.as_raw_fd()),
            None => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1),
        };
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a fresh mapping of `length` bytes, never undone; the file is that long, and is never made shorter.
        let mapped = unsafe { libc::mmap(ptr::null_mut(), length, access, flags, descriptor, 0) };
        if mapped == libc::MAP_FAILED {
            eprintln!("stand-in: there is no memory for its state");
            std::process::abort();
        }
        // SAFETY: the mapping is aligned to a page and as long as the structure, all of which is atomic numbers.
        let page: &Page = unsafe { &*mapped.cast() };
        let mut shared = Self { page, file, own: 0 };
        let free = (0..PROCESSES).find(|at| shared.lock(*at, libc::F_OFD_SETLK).is_some());
        shared.own = free.unwrap_or(0);
        for device in &page.processes[shared.own] {
            device.bytes.store(0, Ordering::Relaxed);
            device.sessions.store(0, Ordering::Relaxed);
        }
        shared
    }

    /// Asks for, or about, the lock of a process: what the kernel says of it.
    fn lock(&self, process: usize, command: libc::c_int) -> Option<libc::flock> {
        let Some(file) = &self.file else {
            // SAFETY: numbers, for which zero is a value.
            return (process == 0).then(|| unsafe { std::mem::zeroed() });
        };
        // SAFETY: as above.
        let mut about: libc::flock = unsafe { std::mem::zeroed() };
        about.l_type = i16::try_from(libc::F_WRLCK).ok()?;
        about.l_start = i64::try_from(process).ok()?;
        about.l_len = 1;
        // SAFETY: an open file and a structure of the type these commands take.
        let done = unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut about) };
        (done == 0).then_some(about)
    }

    fn lives(&self, process: usize) -> bool {
        let about = self.lock(process, libc::F_OFD_GETLK);
        about.is_some_and(|about| i32::from(about.l_type) != libc::F_UNLCK)
    }

    /// What this process uses of a device.
    fn own(&self, device: usize, what: What) -> &AtomicU64 {
        self.page.processes[self.own][device.min(DEVICES - 1)].of(what)
    }

    /// What all living processes use of a device.
    pub fn all(&self, device: usize, what: What) -> u64 {
        let of = |process: usize| self.page.processes[process][device.min(DEVICES - 1)].of(what);
        let others = (0..PROCESSES)
            .filter(|process| *process != self.own)
            .map(|process| (process, of(process).load(Ordering::Relaxed)))
            .filter(|(process, used)| *used > 0 && self.lives(*process));
        let others: u64 = others.map(|(_, used)| used).sum();
        others.saturating_add(of(self.own).load(Ordering::Relaxed))
    }

    /// What this process uses of all devices.
    pub fn here(&self, what: What) -> u64 {
        let all = (0..DEVICES).map(|device| self.own(device, what).load(Ordering::Relaxed));
        all.sum()
    }

    /// Takes `count` more, if all processes together then use no more than `most`; whether it did.
    pub fn take(&self, device: usize, what: What, count: u64, most: u64) -> bool {
        self.own(device, what).fetch_add(count, Ordering::AcqRel);
        let fits = self.all(device, what) <= most;
        if !fits {
            self.give(device, what, count);
        }
        fits
    }

    /// Gives `count` back.
    pub fn give(&self, device: usize, what: What, count: u64) {
        self.own(device, what).fetch_sub(count, Ordering::AcqRel);
    }

    /// Whether this is the first time that the fault at `index` of the configuration happens on this machine.
    pub fn first(&self, index: usize) -> bool {
        self.page.fired[index.min(FAULTS - 1)].fetch_add(1, Ordering::AcqRel) == 0
    }

    /// Writes an error into the kernel's log.
    pub fn log(&self, device: usize, number: u64) {
        let at = self.logged();
        let entry = &self.page.errors[at % ERRORS];
        entry[0].store(u64::try_from(device).unwrap_or(0), Ordering::Relaxed);
        entry[1].store(number, Ordering::Relaxed);
        self.page.logged.fetch_add(1, Ordering::AcqRel);
    }

    /// How many errors there are in the log.
    pub fn logged(&self) -> usize {
        usize::try_from(self.page.logged.load(Ordering::Acquire)).unwrap_or(0)
    }

    /// Device and number of the error at `index`.
    pub fn error(&self, index: usize) -> (usize, u64) {
        let [device, number] = &self.page.errors[index % ERRORS];
        let device = usize::try_from(device.load(Ordering::Relaxed)).unwrap_or(0);
        (device, number.load(Ordering::Relaxed))
    }
}
