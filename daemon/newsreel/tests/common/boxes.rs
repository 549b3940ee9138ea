//! A second reader of MP4 boxes, by the standard and not by `newsreel-media`, which wrote them. Only what tests ask for.

/// One box: its four letters and its payload.
pub struct Mp4Box<'a> {
    pub kind: [u8; 4],
    pub body: &'a [u8],
}

/// The boxes that lie side by side in `data`.
pub fn boxes(mut data: &[u8]) -> Vec<Mp4Box<'_>> {
    let mut out = Vec::new();
    while !data.is_empty() {
        let (mut head, mut size) = (8, u64::from(u32_at(data, 0)));
        if size == 1 {
            (head, size) = (16, u64_at(data, 8));
        }
        let size = usize::try_from(size).unwrap();
        assert!(size >= head && size <= data.len(), "a box of {size} bytes");
        out.push(Mp4Box {
            kind: data[4..8].try_into().unwrap(),
            body: &data[head..size],
        });
        data = &data[size..];
    }
    out
}

/// The first box along a path of names.
pub fn find<'a>(data: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(data, |data, name| {
        boxes(data)
            .into_iter()
            .find(|b| &b.kind == *name)
            .map(|b| b.body)
    })
}

fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(data[at..at + 4].try_into().unwrap())
}

fn u64_at(data: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(data[at..at + 8].try_into().unwrap())
}

/// What an init segment says that times depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Init {
    pub timescale: u32,
    /// Media time at which the presentation begins.
    pub media_time: i64,
}

pub fn init(data: &[u8]) -> Init {
    let mdhd = find(data, &[b"moov", b"trak", b"mdia", b"mdhd"]).unwrap();
    let timescale = u32_at(mdhd, if mdhd[0] == 0 { 12 } else { 20 });
    let media_time = find(data, &[b"moov", b"trak", b"edts", b"elst"]).map_or(0, |elst| {
        assert_eq!(u32_at(elst, 4), 1, "one edit");
        match elst[0] {
            0 => i64::from(u32_at(elst, 12) as i32),
            _ => u64_at(elst, 16) as i64,
        }
    });
    Init {
        timescale,
        media_time,
    }
}

/// One coded picture or access unit of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub dts: i64,
    pub pts: i64,
    pub duration: u32,
    pub size: u32,
    /// Not marked as depending on others.
    pub sync: bool,
}

/// One segment: its only fragment and the bytes of its samples.
pub struct Segment<'a> {
    pub tfdt: u64,
    pub samples: Vec<Sample>,
    pub data: &'a [u8],
}

impl Segment<'_> {
    pub fn duration(&self) -> u64 {
        self.samples.iter().map(|s| u64::from(s.duration)).sum()
    }

    /// The bytes of each sample.
    pub fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        let mut at = 0;
        self.samples.iter().map(move |s| {
            let from = at;
            at += s.size as usize;
            &self.data[from..at]
        })
    }
}

/// Reads a segment with one `moof` of one track and one `mdat`.
pub fn segment(data: &[u8]) -> Segment<'_> {
    let all = boxes(data);
    let named = |name: &[u8; 4]| {
        let mut found = all.iter().filter(|b| &b.kind == name);
        let first = found.next().expect("a moof and an mdat").body;
        assert!(found.next().is_none(), "one fragment per segment");
        first
    };
    let (moof, mdat) = (named(b"moof"), named(b"mdat"));
    let traf = find(moof, &[b"traf"]).unwrap();
    let tfdt = find(traf, &[b"tfdt"]).unwrap();
    let tfdt = match tfdt[0] {
        0 => u64::from(u32_at(tfdt, 4)),
        _ => u64_at(tfdt, 4),
    };
    let tfhd = find(traf, &[b"tfhd"]).unwrap();
    let flags = u32_at(tfhd, 0) & 0xFF_FFFF;
    let mut at = 8;
    let mut default = |bit: u32, size: usize| {
        let here = at;
        let there = flags & bit != 0;
        at += if there { size } else { 0 };
        there.then(|| u32_at(tfhd, here))
    };
    let _base = default(1, 8);
    let _description = default(2, 4);
    let defaults = [default(8, 4), default(0x10, 4), default(0x20, 4)];

    let mut samples = Vec::new();
    let mut dts = i64::try_from(tfdt).expect("a decode time that has not wrapped");
    for trun in boxes(traf).into_iter().filter(|b| &b.kind == b"trun") {
        read_trun(trun.body, defaults, &mut dts, &mut samples);
    }
    let bytes: usize = samples.iter().map(|s| s.size as usize).sum();
    assert_eq!(bytes, mdat.len(), "the samples fill the mdat");
    Segment {
        tfdt,
        samples,
        data: mdat,
    }
}

fn read_trun(trun: &[u8], defaults: [Option<u32>; 3], dts: &mut i64, samples: &mut Vec<Sample>) {
    let flags = u32_at(trun, 0) & 0xFF_FFFF;
    let count = u32_at(trun, 4);
    let mut at = 8;
    let mut field = |bit: u32| {
        let here = at;
        let there = flags & bit != 0;
        at += if there { 4 } else { 0 };
        there.then(|| u32_at(trun, here))
    };
    field(1);
    let first = field(4);
    for i in 0..count {
        let duration = field(0x100).or(defaults[0]).unwrap();
        let size = field(0x200).or(defaults[1]).unwrap();
        let own = field(0x400);
        let own = own
            .or(first.filter(|_| i == 0))
            .or(defaults[2])
            .unwrap_or(0);
        let offset = field(0x800).unwrap_or(0);
        samples.push(Sample {
            dts: *dts,
            pts: *dts + i64::from(offset as i32),
            duration,
            size,
            sync: own & 0x1_0000 == 0,
        });
        *dts += i64::from(duration);
    }
}

/// The codecs a rung can have, as far as key pictures are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    H264,
    Hevc,
    Av1,
}

/// Whether a sample is a picture that decoding can start at with nothing left over from before: an IDR.
pub fn is_idr(coding: Coding, sample: &[u8]) -> bool {
    let kinds: Vec<u8> = match coding {
        Coding::H264 => nal_units(sample).map(|n| n[0] & 0x1F).collect(),
        Coding::Hevc => nal_units(sample).map(|n| n[0] >> 1 & 0x3F).collect(),
        Coding::Av1 => return av1_is_key(sample),
    };
    let (pictures, idr) = match coding {
        Coding::H264 => (1..=5, 5..=5),
        _ => (0..=31, 19..=20),
    };
    let pictures: Vec<u8> = kinds.into_iter().filter(|k| pictures.contains(k)).collect();
    assert!(!pictures.is_empty(), "a sample without a picture");
    pictures.iter().all(|k| idr.contains(k))
}

fn nal_units(mut sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let size = u32_at(sample.get(..4)?, 0) as usize;
        let unit = &sample[4..4 + size];
        sample = &sample[4 + size..];
        Some(unit)
    })
}

/// Whether the first frame of a temporal unit is a shown key frame (AV1 5.9.2: `show_existing_frame` 0, `frame_type` 0).
fn av1_is_key(mut unit: &[u8]) -> bool {
    while !unit.is_empty() {
        let kind = unit[0] >> 3 & 0xF;
        let mut at = 1 + usize::from(unit[0] >> 2 & 1);
        let (mut size, mut shift) = (0usize, 0);
        assert!(unit[0] & 2 != 0, "an OBU has its size");
        loop {
            let byte = unit[at];
            at += 1;
            size |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        if matches!(kind, 3 | 6) {
            return unit[at] & 0b1110_0000 == 0 && unit[at] & 0b0001_0000 != 0;
        }
        unit = &unit[at + size..];
    }
    false
}
