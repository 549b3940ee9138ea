//! NV12 and P010 pictures in device memory, ours or borrowed, and the kernel that scales them. Not the arithmetic.

use newsreel_media::ffi::{HwFrame, PixelFormat};
use newsreel_scale::block::{Surface, THREADS};
use newsreel_scale::{Depth, Plan, Request};

use super::{Buffer, Context, Failed, Kernel, Launch, Stream};

/// A picture that can be read and written on its context's device. Dropping an owned one frees it.
pub struct Picture {
    context: Context,
    surface: Surface,
    size: (u32, u32),
    depth: Depth,
    memory: Option<Buffer>,
}

impl Picture {
    /// Allocates one; its samples are undefined. Rows begin at multiples of 256 bytes.
    ///
    /// # Errors
    /// Out of memory (2), or the device is lost.
    pub fn new(context: &Context, size: (u32, u32), depth: Depth) -> Result<Self, Failed> {
        let pitch = pitch(size.0, depth);
        let rows = u64::from(size.1) + u64::from(size.1.div_ceil(2));
        let bytes = usize::try_from(u64::from(pitch) * rows).map_err(|_| TOO_LARGE)?;
        let memory = Buffer::new(context, bytes)?;
        let luma = memory.address();
        Ok(Self {
            context: context.clone(),
            surface: Surface {
                luma,
                chroma: luma + u64::from(pitch) * u64::from(size.1),
                luma_pitch: pitch,
                chroma_pitch: pitch,
            },
            size,
            depth,
            memory: Some(memory),
        })
    }

    /// Borrows a picture of another library, such as a decoder's surface.
    ///
    /// # Safety
    /// The surface must be device memory of this context with as many rows and columns of samples of that depth, and stay
    /// so until everything queued with it is done.
    #[must_use]
    pub unsafe fn borrowed(
        context: &Context,
        surface: Surface,
        size: (u32, u32),
        depth: Depth,
    ) -> Self {
        Self {
            context: context.clone(),
            surface,
            size,
            depth,
            memory: None,
        }
    }

    /// Borrows a picture of libav's in this context; `None` for one in other memory or with other samples.
    ///
    /// What is queued for it must be on the default stream, which libav gives memory back in the order of.
    #[must_use]
    pub fn of_libav(context: &Context, frame: &HwFrame) -> Option<Self> {
        let depth = match frame.samples_format() {
            PixelFormat::NV12 => Depth::Eight,
            PixelFormat::P010 => Depth::Ten,
            _ => return None,
        };
        let (luma, chroma) = (frame.plane(0)?, frame.plane(1)?);
        let surface = Surface {
            luma: luma.address,
            chroma: chroma.address,
            luma_pitch: u32::try_from(luma.pitch).ok()?,
            chroma_pitch: u32::try_from(chroma.pitch).ok()?,
        };
        let size = (frame.width(), frame.height());
        // SAFETY: libav's planes have the frame's size and samples. What the frame's end gives back is used again, or freed, by
        // work that libav queues behind ours.
        Some(unsafe { Self::borrowed(context, surface, size, depth) })
    }

    /// Where its samples are.
    #[must_use]
    pub fn surface(&self) -> Surface {
        self.surface
    }

    /// The memory of one that was made here.
    #[must_use]
    pub fn memory(&self) -> Option<&Buffer> {
        self.memory.as_ref()
    }

    fn is(&self, context: &Context, size: (u32, u32), depth: Depth) -> bool {
        self.context.raw() == context.raw() && self.size == size && self.depth == depth
    }
}

/// `CUDA_ERROR_INVALID_VALUE`, found before the driver was asked.
const TOO_LARGE: Failed = Failed {
    call: "a picture's size",
    status: 1,
};

/// Likewise: the pictures are not those the plan was made for.
const OTHER_PICTURES: Failed = Failed {
    call: "the pictures to scale",
    status: 1,
};

fn pitch(width: u32, depth: Depth) -> u32 {
    let bytes = width.next_multiple_of(2) * if depth == Depth::Eight { 1 } else { 2 };
    bytes.next_multiple_of(256)
}

/// Queues one launch of the scaling kernel: every rung from one source picture.
///
/// # Errors
/// The pictures are not what the plan was made for, or the driver refuses.
pub fn scale(
    kernel: &Kernel,
    table: &Buffer,
    (plan, request): (&Plan, &Request),
    stream: Stream,
    source: &Picture,
    rungs: &[&Picture],
) -> Result<(), Failed> {
    let context = &source.context;
    let fits = source.is(context, request.size, request.depth)
        && rungs.len() == request.rungs.len()
        && rungs
            .iter()
            .zip(&request.rungs)
            .all(|(picture, rung)| picture.is(context, (rung.width, rung.height), rung.depth));
    let surfaces: Vec<Surface> = rungs.iter().map(|picture| picture.surface).collect();
    let block = plan.block(table.address(), source.surface, &surfaces);
    let block = block.filter(|_| fits).ok_or(OTHER_PICTURES)?;
    let size = Launch {
        grid: plan.grid(),
        threads: THREADS,
        shared_bytes: plan.shared_bytes(),
    };
    // SAFETY: the kernel takes this block; it reads the table and what lies within the source's size, and writes the rungs'
    // samples, all of which are device memory of the sizes that were checked above.
    unsafe { kernel.launch(stream, size, &block.to_bytes()) }
}
