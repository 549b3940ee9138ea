//! Scaling on a device: one launch makes every rung of a decoded picture. Not the arithmetic (`newsreel-scale`).
//!
//! A [`Scaler`] is made once per source format and ladder. Everything is queued on the stream it is given, behind what the
//! decoder queued there and before what the encoder will.

use std::ffi::CStr;

use newsreel_model::{Code, Error, Result};
use newsreel_scale::{Depth, Plan, PlanError, Request};

use super::sys::{self, Buffer, Context, Kernel, Picture, Stream};
use super::why::explain;

/// Both kernels, made from `kernels/scale.cu` by `scripts/kernels`.
const PTX: &str = concat!(include_str!("kernels/scale.ptx"), "\0");

/// A ladder's scaler on one device.
pub struct Scaler {
    request: Request,
    plan: Plan,
    table: Buffer,
    kernel: Kernel,
}

impl Scaler {
    /// Works the weights out, uploads them and has the driver compile the kernel.
    ///
    /// # Errors
    /// [`Code::EngineUnavailable`] where the kernel cannot do it (another scaler can), otherwise what the driver refused.
    pub fn new(context: &Context, request: Request) -> Result<Self> {
        let plan = Plan::new(&request).map_err(cannot)?;
        let name = match request.depth {
            Depth::Eight => c"newsreel_scale_nv12",
            Depth::Ten => c"newsreel_scale_p010",
        };
        let ptx = CStr::from_bytes_with_nul(PTX.as_bytes())
            .map_err(|_| Error::bug("the kernel's PTX is no text"))?;
        Ok(Self {
            table: Buffer::holding(context, plan.table()).map_err(|e| explain(&e))?,
            kernel: Kernel::load(context, ptx, name).map_err(|e| explain(&e))?,
            request,
            plan,
        })
    }

    /// What it was made for.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Queues the making of every rung from one picture. Pictures must be of the sizes and depths of the request.
    ///
    /// # Errors
    /// They are not, or the driver refuses; an error of earlier work on the context may show here.
    pub fn scale(&self, stream: Stream, source: &Picture, rungs: &[&Picture]) -> Result<()> {
        let plan = (&self.plan, &self.request);
        sys::scale(&self.kernel, &self.table, plan, stream, source, rungs).map_err(|e| explain(&e))
    }
}

fn cannot(error: PlanError) -> Error {
    Error::new(
        Code::EngineUnavailable,
        "the GPU's kernel cannot scale this picture to these rungs",
    )
    .with_detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ptx_is_one_text_with_both_kernels() {
        let text = CStr::from_bytes_with_nul(PTX.as_bytes())
            .unwrap()
            .to_str()
            .unwrap();
        for depth in [Depth::Eight, Depth::Ten] {
            let entry = format!(
                ".visible .entry {}(",
                newsreel_scale::block::kernel_name(depth)
            );
            assert!(text.contains(&entry));
        }
    }
}
