//! Whether a device scales as it should: a built-in pattern through the kernel, compared with the scalar reference, byte by byte.
//!
//! Not here: decoding and encoding ([`crate::trial`]).

use std::ops::Range;

use newsreel_model::device::SelfTest;
use newsreel_model::{Code, Error, Result};
use newsreel_scale::block::Surface;
use newsreel_scale::reference::{self, Fault, Memory};
use newsreel_scale::{Depth, Filter, Plan, Request, RungSize, Siting};

use super::scale::Scaler;
use super::sys::{Context, Picture, Stream};
use super::why::explain;

const SIZE: (u32, u32) = (320, 180);
/// Where the reference sees the table: beyond any device address.
const TABLE: u64 = 1 << 62;

/// Tries both kernels on the context's device.
pub fn scale(context: &Context) -> SelfTest {
    let tried = [Depth::Eight, Depth::Ten]
        .into_iter()
        .try_for_each(|depth| try_depth(context, depth));
    SelfTest::of(tried)
}

fn try_depth(context: &Context, depth: Depth) -> Result<()> {
    let request = request(depth);
    let scaler = Scaler::new(context, request.clone())?;
    let source = picture(context, SIZE, depth, &mut pattern())?;
    let rungs = request
        .rungs
        .iter()
        .map(|r| {
            picture(
                context,
                (r.width, r.height),
                r.depth,
                &mut std::iter::repeat(0),
            )
        })
        .collect::<Result<Vec<_>>>()?;
    let mut host = Host::default();
    host.take(&source)?;
    for rung in &rungs {
        host.take(rung)?;
    }
    let targets: Vec<&Picture> = rungs.iter().collect();
    scaler.scale(Stream::DEFAULT, &source, &targets)?;
    context.wait(Stream::DEFAULT).map_err(|e| explain(&e))?;

    let plan = Plan::new(&request).map_err(|e| Error::bug(e.to_string()))?;
    host.0.push((TABLE, plan.table().to_vec()));
    let surfaces: Vec<Surface> = rungs.iter().map(Picture::surface).collect();
    let block = plan.block(TABLE, source.surface(), &surfaces);
    let block = block.ok_or_else(|| Error::bug("a plan without its rungs"))?;
    reference::execute(depth, &block, &mut host).map_err(|e| Error::bug(e.to_string()))?;

    let mut made = Host::default();
    for rung in &rungs {
        made.take(rung)?;
    }
    // The source comes first in what the reference has, the table last.
    if made.0 == host.0[1..=rungs.len()] {
        return Ok(());
    }
    Err(Error::new(
        Code::EngineFailed,
        "the scaling kernel gives other pictures than it should; update the driver, and check the card",
    ))
}

/// Ratios of common ladders, and from ten bits to both depths.
fn request(depth: Depth) -> Request {
    let rung = |width, height, depth| RungSize {
        width,
        height,
        depth,
    };
    Request {
        depth,
        size: SIZE,
        crop: (0, 0, SIZE.0, SIZE.1),
        siting: Siting::Left,
        filter: Filter::Bicubic,
        rungs: vec![
            rung(320, 180, depth),
            rung(214, 120, Depth::Eight),
            rung(142, 80, depth),
            rung(106, 60, Depth::Eight),
        ],
    }
}

/// Bytes without order, the same each time.
fn pattern() -> impl Iterator<Item = u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
}

/// A picture in device memory, padding included, with these bytes.
fn picture(
    context: &Context,
    size: (u32, u32),
    depth: Depth,
    bytes: &mut dyn Iterator<Item = u8>,
) -> Result<Picture> {
    let picture = Picture::new(context, size, depth).map_err(|e| explain(&e))?;
    if let Some(memory) = picture.memory() {
        let bytes: Vec<u8> = bytes.take(memory.bytes()).collect();
        memory.upload(&bytes).map_err(|e| explain(&e))?;
    }
    Ok(picture)
}

/// Copies of device memory under its own addresses.
#[derive(Default)]
struct Host(Vec<(u64, Vec<u8>)>);

impl Host {
    /// Takes a copy of all of a picture.
    fn take(&mut self, picture: &Picture) -> Result<()> {
        let memory = picture.memory();
        let memory = memory.ok_or_else(|| Error::bug("a picture without memory"))?;
        let bytes = memory.download().map_err(|e| explain(&e))?;
        self.0.push((memory.address(), bytes));
        Ok(())
    }

    /// Which copy holds these bytes, and where.
    fn find(&self, address: u64, bytes: usize) -> Result<(usize, Range<usize>), Fault> {
        let within = |(start, memory): &(u64, Vec<u8>)| {
            let at = usize::try_from(address.checked_sub(*start)?).ok()?;
            let end = at.checked_add(bytes)?;
            (end <= memory.len()).then_some(at..end)
        };
        let mut copies = self.0.iter().enumerate();
        let found = copies.find_map(|(copy, memory)| Some((copy, within(memory)?)));
        found.ok_or(Fault { address, bytes })
    }
}

impl Memory for Host {
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        let (copy, range) = self.find(address, bytes.len())?;
        bytes.copy_from_slice(&self.0[copy].1[range]);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let (copy, range) = self.find(address, bytes.len())?;
        self.0[copy].1[range].copy_from_slice(bytes);
        Ok(())
    }
}
