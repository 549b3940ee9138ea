//! Device memory as numbered buffers, and pictures in it. Not what is done with them.

use newsreel_scale::block::Surface;
use newsreel_scale::reference::{Fault, Memory};
use newsreel_scale::{Depth, Plan, Request};

/// Buffer `n` begins at `(n + 1) << 40`.
#[derive(Clone, Default)]
pub struct Buffers(pub Vec<Vec<u8>>);

impl Buffers {
    pub fn add(&mut self, bytes: Vec<u8>) -> u64 {
        self.0.push(bytes);
        (self.0.len() as u64) << 40
    }

    pub fn at(&self, address: u64) -> &[u8] {
        &self.0[usize::try_from(address >> 40).unwrap() - 1]
    }

    /// A surface with the given rows; the last row ends where its samples do, so that nothing beyond may be touched.
    pub fn surface(
        &mut self,
        size: (u32, u32),
        depth: Depth,
        mut sample: impl FnMut(u32, u32, u32) -> u16,
    ) -> Surface {
        let width = size.0.next_multiple_of(2);
        let mut plane = |width: u32, height: u32, channels: u32| {
            let pitch = width as usize * depth.bytes() + 24;
            let mut bytes =
                vec![0xa5; pitch * (height as usize - 1) + width as usize * depth.bytes()];
            for y in 0..height {
                for x in 0..width {
                    let value = sample(channels - 1 + x % channels, x / channels, y);
                    let at = y as usize * pitch + x as usize * depth.bytes();
                    match depth {
                        Depth::Eight => bytes[at] = u8::try_from(value).unwrap(),
                        Depth::Ten => {
                            bytes[at..at + 2].copy_from_slice(&(value << 6).to_le_bytes())
                        }
                    }
                }
            }
            (self.add(bytes), u32::try_from(pitch).unwrap())
        };
        let (luma, luma_pitch) = plane(width, size.1, 1);
        let (chroma, chroma_pitch) = plane(width, size.1.div_ceil(2), 2);
        Surface {
            luma,
            chroma,
            luma_pitch,
            chroma_pitch,
        }
    }

    fn find(&self, address: u64, len: usize) -> Result<(usize, usize), Fault> {
        let fault = Fault {
            address,
            bytes: len,
        };
        let buffer = usize::try_from(address >> 40)
            .unwrap()
            .checked_sub(1)
            .ok_or(fault)?;
        let at = usize::try_from(address & ((1 << 40) - 1)).unwrap();
        let fits = self.0.get(buffer).is_some_and(|b| at + len <= b.len());
        if fits { Ok((buffer, at)) } else { Err(fault) }
    }
}

impl Memory for Buffers {
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Fault> {
        let (buffer, at) = self.find(address, bytes.len())?;
        bytes.copy_from_slice(&self.0[buffer][at..at + bytes.len()]);
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        let (buffer, at) = self.find(address, bytes.len())?;
        self.0[buffer][at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// A whole launch in memory: plan, block and buffers.
pub struct Launch {
    pub plan: Plan,
    pub block: newsreel_scale::block::Block,
    pub buffers: Buffers,
    pub request: Request,
}

impl Launch {
    /// With a source made sample by sample: (0 luma, 1 U, 2 V; column; row) to its value.
    pub fn new(request: Request, sample: impl FnMut(u32, u32, u32) -> u16) -> Self {
        let plan = Plan::new(&request).unwrap();
        let mut buffers = Buffers::default();
        let table = buffers.add(plan.table().to_vec());
        let source = buffers.surface(request.size, request.depth, sample);
        let rungs: Vec<Surface> = request
            .rungs
            .iter()
            .map(|r| buffers.surface((r.width, r.height), r.depth, |_, _, _| 1))
            .collect();
        let block = plan.block(table, source, &rungs).unwrap();
        Self {
            plan,
            block,
            buffers,
            request,
        }
    }

    /// Runs the reference.
    pub fn scaled(mut self) -> Self {
        newsreel_scale::reference::execute(self.request.depth, &self.block, &mut self.buffers)
            .unwrap();
        self
    }

    /// A sample of a rung: 0 luma, 1 U, 2 V.
    pub fn sample(&self, rung: usize, component: usize, x: usize, y: usize) -> u16 {
        let (to, depth) = (
            &self.block.rungs[rung].surface,
            self.request.rungs[rung].depth,
        );
        let (address, pitch, column) = match component {
            0 => (to.luma, to.luma_pitch, x),
            c => (to.chroma, to.chroma_pitch, 2 * x + c - 1),
        };
        let at = y * pitch as usize + column * depth.bytes();
        let bytes = self.buffers.at(address);
        match depth {
            Depth::Eight => u16::from(bytes[at]),
            Depth::Ten => u16::from_le_bytes([bytes[at], bytes[at + 1]]) >> 6,
        }
    }
}
