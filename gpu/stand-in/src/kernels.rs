//! Kernels by name: each is a scalar function over the argument block it would be launched with. Not PTX, which nothing here runs.
//!
//! To emulate another kernel, write a function `fn(&Grid, &Arguments) -> Answer` in a file of its own, take each argument by its
//! position with [`Arguments::get`] (in the order of the kernel's parameters, with their C types), reach device memory with
//! [`crate::memory::with`], [`crate::memory::read`] and [`crate::memory::change`] (which check every access), and give it a line in [`TABLE`].
//! A module's PTX decides which names exist; this table decides which of them do something. The grid says how the kernel was launched:
//! a function that computes all its output at once asks [`Grid::covers`] whether the threads would have.

mod newsreel;
mod subsample;

use std::ffi::c_void;

use crate::abi::{Answer, CuError};

/// A kernel's stand-in.
#[derive(Clone, Copy)]
pub struct Kernel {
    /// Does what a launch would.
    pub run: Run,
}

/// What is run for a launch.
type Run = fn(&Grid, &Arguments) -> Answer;

/// How a name is compared.
enum Name {
    Exactly(&'static str),
    /// A family that is told apart by what follows; the function decides whether it knows the rest.
    Beginning(&'static str, fn(&str) -> Option<Run>),
}

/// Every kernel there is.
const TABLE: &[(Name, Run)] = &[
    (Name::Exactly("newsreel_scale_nv12"), newsreel::nv12),
    (Name::Exactly("newsreel_scale_p010"), newsreel::p010),
    (
        Name::Beginning("Subsample_", subsample::variant),
        subsample::none,
    ),
];

/// The kernel of this name.
pub fn find(name: &str) -> Option<Kernel> {
    TABLE.iter().find_map(|(known, run)| match known {
        Name::Exactly(known) => (*known == name).then_some(Kernel { run: *run }),
        Name::Beginning(known, variant) => {
            let rest = name.strip_prefix(known)?;
            variant(rest).map(|run| Kernel { run })
        }
    })
}

/// How many threads a kernel was launched with.
pub struct Grid {
    /// Blocks in x, y and z.
    pub blocks: [u32; 3],
    /// Threads of a block in x, y and z.
    pub threads: [u32; 3],
}

impl Grid {
    /// Whether it is none at all, or a block larger than a device takes.
    pub fn is_empty(&self) -> bool {
        let threads: u64 = self.threads.iter().map(|t| u64::from(*t)).product();
        self.blocks.contains(&0) || threads == 0 || threads > 1024
    }

    /// Whether there is a thread for each element of `width` × `height` × `depth`.
    pub fn covers(&self, width: usize, height: usize, depth: usize) -> bool {
        let wanted = [width, height, depth];
        let pairs = self.blocks.iter().zip(&self.threads).zip(wanted);
        pairs
            .map(|((b, t), wanted)| (u64::from(*b) * u64::from(*t), wanted))
            .all(|(threads, wanted)| usize::try_from(threads).is_ok_and(|t| t >= wanted))
    }
}

/// Values that may be taken from an argument block: any bytes are one.
///
/// # Safety
/// Every pattern of bits is a value of the type.
pub unsafe trait Plain: Copy {}

// SAFETY: integers and floats have no invalid patterns.
unsafe impl Plain for i32 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: as above.
unsafe impl Plain for f32 {}
// SAFETY: an array of such values is one.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// The arguments of a launch: an array of pointers to values.
pub struct Arguments(*mut *mut c_void);

impl Arguments {
    /// As `cuLaunchKernel` is given them.
    pub fn of(pointers: *mut *mut c_void) -> Self {
        Self(pointers)
    }

    /// The argument at `index`, from 0. The kernel's parameters say how many there are and of which types.
    ///
    /// # Errors
    /// There are no arguments, or a null among them.
    pub fn get<T: Plain>(&self, index: usize) -> Answer<T> {
        if self.0.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the client launches with one pointer for each parameter of the kernel; `index` is one of them, as the kernel's
        // function knows, and each points to a value of its type.
        let value = unsafe { self.0.add(index).read().cast::<T>().as_ref() };
        value.copied().ok_or(CuError::INVALID_VALUE)
    }
}
