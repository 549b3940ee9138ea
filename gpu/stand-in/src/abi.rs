//! The types that cross the C interface, each with the one thing that may be done with it. Not what the calls do.
//!
//! A C caller promises that its pointers are null or good for the call; these types hold that promise, so that the functions built of
//! them need no `unsafe` of their own.

use std::ffi::{CStr, c_char, c_int, c_void};

/// A `CUresult` that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CuError(pub c_int);

/// What a CUDA function answers.
pub type Answer<T = ()> = Result<T, CuError>;

/// `CUresult` codes, from cuda.h.
impl CuError {
    pub const INVALID_VALUE: Self = Self(1);
    pub const OUT_OF_MEMORY: Self = Self(2);
    pub const NOT_INITIALIZED: Self = Self(3);
    pub const NO_DEVICE: Self = Self(100);
    pub const INVALID_DEVICE: Self = Self(101);
    pub const INVALID_CONTEXT: Self = Self(201);
    pub const MAP_FAILED: Self = Self(205);
    pub const INVALID_HANDLE: Self = Self(400);
    pub const NOT_FOUND: Self = Self(500);
    pub const ILLEGAL_ADDRESS: Self = Self(700);
    pub const NOT_SUPPORTED: Self = Self(801);
}

/// A handle as the client holds it: a pointer or an integer of 64 bits that is only ever looked up.
pub type Handle = u64;

/// An address in device memory.
pub type DevicePtr = u64;

/// A number as a length or an index; what does not fit is no length.
pub fn size(value: impl TryInto<usize>) -> Answer<usize> {
    value.try_into().map_err(|_| CuError::INVALID_VALUE)
}

/// A length as a C integer of whatever width; what does not fit becomes the largest.
pub fn int<T: TryFrom<u64> + Bounded>(value: impl TryInto<u64>) -> T {
    let value = value.try_into().unwrap_or(u64::MAX);
    T::try_from(value).unwrap_or(T::MAX)
}

/// A type that knows its largest value.
pub trait Bounded {
    const MAX: Self;
}

macro_rules! bounded {
    ($($t:ty),*) => { $(impl Bounded for $t { const MAX: Self = <$t>::MAX; })* };
}
bounded!(u8, u16, u32, u64, usize, i32, i64);

/// A pointer to write one value to.
#[repr(transparent)]
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Writes it, or says that there is nowhere to write to.
    pub fn put(&self, value: T) -> Answer {
        if self.0.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller passed a pointer that is null or good for a write of a `T`.
        unsafe { self.0.write(value) };
        Ok(())
    }

    /// Writes it if the caller wants to know.
    pub fn offer(&self, value: T) {
        let _ = self.put(value);
    }
}

impl Out<c_char> {
    /// Writes a text of at most `length` bytes, its end included.
    pub fn put_text(&self, text: &str, length: usize) -> Answer {
        if self.0.is_null() || length == 0 {
            return Err(CuError::INVALID_VALUE);
        }
        let kept = text.len().min(length - 1);
        // SAFETY: the caller passed a buffer of `length` bytes; `kept + 1` is no more.
        unsafe {
            self.0
                .cast::<u8>()
                .copy_from_nonoverlapping(text.as_ptr(), kept);
            self.0.add(kept).write(0);
        }
        Ok(())
    }
}

impl<T: Copy> Out<T> {
    /// Writes as many as fit into the caller's array of `length`, and returns how many.
    pub fn put_all(&self, values: &[T], length: usize) -> Answer<usize> {
        let kept = values.len().min(length);
        if self.0.is_null() && kept > 0 {
            return Err(CuError::INVALID_VALUE);
        }
        for (i, value) in values.iter().take(kept).enumerate() {
            // SAFETY: the caller passed an array of `length`; `i` is less.
            unsafe { self.0.add(i).write(*value) };
        }
        Ok(kept)
    }
}

/// A pointer to a structure of the caller's, to read and write in place.
#[repr(transparent)]
pub struct InOut<T>(*mut T);

impl<T> InOut<T> {
    /// The structure.
    pub fn get(&mut self) -> Answer<&mut T> {
        // SAFETY: the caller passed a pointer that is null or good for the call, and keeps out of it meanwhile.
        unsafe { self.0.as_mut() }.ok_or(CuError::INVALID_VALUE)
    }

    /// The pointer itself, to hand back to a callback of the caller's.
    pub fn of(value: &mut T) -> Self {
        Self(value)
    }
}

/// A pointer to a structure of the caller's, to read.
#[repr(transparent)]
pub struct In<T>(*const T);

impl<T> In<T> {
    /// The structure.
    pub fn get(&self) -> Answer<&T> {
        // SAFETY: the caller passed a pointer that is null or good for the call.
        unsafe { self.0.as_ref() }.ok_or(CuError::INVALID_VALUE)
    }
}

impl In<c_char> {
    /// The text.
    pub fn text(&self) -> Answer<String> {
        if self.0.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller passed a string with an end.
        let text = unsafe { CStr::from_ptr(self.0) };
        Ok(text.to_string_lossy().into_owned())
    }
}

/// An address in host memory, or what claims to be one.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct HostPtr(*mut c_void);

impl HostPtr {
    /// As a number, to look it up.
    pub fn address(self) -> u64 {
        int(self.0.addr())
    }

    /// Made of a number.
    pub fn at(address: u64) -> Answer<Self> {
        Ok(Self(std::ptr::with_exposed_provenance_mut(size(address)?)))
    }

    /// Made of a pointer.
    pub fn of<T>(pointer: *const T) -> Self {
        Self(pointer.cast_mut().cast())
    }

    /// `length` bytes there, `offset` bytes further on.
    pub fn read<'a>(self, offset: usize, length: usize) -> Answer<&'a [u8]> {
        if self.0.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller of the C function promised that this much can be read there during the call.
        Ok(unsafe { std::slice::from_raw_parts(self.0.cast::<u8>().add(offset), length) })
    }

    /// Writes there, `offset` bytes further on.
    pub fn write(self, offset: usize, bytes: &[u8]) -> Answer {
        if self.0.is_null() {
            return Err(CuError::INVALID_VALUE);
        }
        // SAFETY: the caller of the C function promised that this much can be written there during the call.
        unsafe {
            self.0
                .cast::<u8>()
                .add(offset)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Ok(())
    }
}
