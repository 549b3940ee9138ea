//! Bits of H.264 and HEVC: read, written, escaped. Not what they mean.

use crate::av::AvError;

/// The NAL units of a stream in Annex B, without start codes.
pub fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts: Vec<usize> = Vec::new();
    let mut ends = Vec::new();
    for at in 0..stream.len().saturating_sub(2) {
        if stream[at..at + 3] == [0, 0, 1] {
            // A zero before it belongs to the start code; trailing zeros are no part of a unit.
            if !starts.is_empty() {
                ends.push(at);
            }
            starts.push(at + 3);
        }
    }
    ends.push(stream.len());
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let mut end = end;
        while end > start && stream[end - 1] == 0 {
            end -= 1;
        }
        &stream[start..end]
    })
}

/// A unit without its emulation prevention.
pub fn unescape(unit: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        bytes.push(byte);
    }
    bytes
}

/// Appends a unit with a start code and emulation prevention.
pub fn append(stream: &mut Vec<u8>, unit: &[u8]) {
    stream.extend_from_slice(&[0, 0, 0, 1]);
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte <= 3 {
            stream.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        stream.push(byte);
    }
}

/// Reads bits, the first of a byte first.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bits were read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// One bit.
    ///
    /// # Errors
    /// There is none left.
    pub fn bit(&mut self) -> Result<bool, AvError> {
        let byte = self.bytes.get(self.at / 8);
        let byte = byte.ok_or_else(|| AvError("a slice ends in its header".to_owned()))?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// A number of `count` bits, at most 32.
    ///
    /// # Errors
    /// As [`Self::bit`].
    pub fn bits(&mut self, count: u32) -> Result<u32, AvError> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | u32::from(self.bit()?)))
    }

    /// An Exp-Golomb number without sign.
    ///
    /// # Errors
    /// As [`Self::bit`], or it has more than 32 bits.
    pub fn ue(&mut self) -> Result<u32, AvError> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
        }
        if zeros > 31 {
            return Err(AvError("a number of more than 32 bits".to_owned()));
        }
        Ok((1 << zeros) - 1 + self.bits(zeros)?)
    }
}

/// Writes bits, the first of a byte first.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
    /// How many bits there are.
    length: usize,
}

impl Writer {
    /// How many bits were written.
    pub fn position(&self) -> usize {
        self.length
    }

    /// One bit.
    pub fn bit(&mut self, bit: bool) {
        if self.length.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let (true, Some(last)) = (bit, self.bytes.last_mut()) {
            *last |= 0x80 >> (self.length % 8);
        }
        self.length += 1;
    }

    /// A number of `count` bits.
    pub fn bits(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            self.bit(value >> shift & 1 == 1);
        }
    }

    /// An Exp-Golomb number without sign.
    pub fn ue(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = code.ilog2();
        for _ in 0..length {
            self.bit(false);
        }
        for shift in (0..=length).rev() {
            self.bit(code >> shift & 1 == 1);
        }
    }

    /// An Exp-Golomb number with sign.
    pub fn se(&mut self, value: i32) {
        let magnitude = value.unsigned_abs();
        self.ue(if value > 0 {
            2 * magnitude - 1
        } else {
            2 * magnitude
        });
    }

    /// A flag that an interface gives as a number.
    pub fn flag(&mut self, value: impl Into<i64>) {
        self.bit(value.into() != 0);
    }

    /// The bits of `bytes` between two positions.
    pub fn copy(&mut self, bytes: &[u8], from: usize, to: usize) {
        for at in from..to {
            self.bit(bytes[at / 8] >> (7 - at % 8) & 1 == 1);
        }
    }

    /// Ends a unit: a one, then zeros up to a whole byte.
    pub fn end(mut self) -> Vec<u8> {
        self.bit(true);
        self.bytes
    }

    /// What was written, as it is.
    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}
