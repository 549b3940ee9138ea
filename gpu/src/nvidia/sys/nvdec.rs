//! What NVDEC says it can decode. Decoding itself is libavcodec's.

use std::sync::OnceLock;

use libloading::Library;
use nvidia_video_codec_sdk::sys::cuviddec::{
    CUVIDDECODECAPS, cudaVideoChromaFormat, cudaVideoCodec,
};

use super::{Context, Failed, Missing, check};

super::functions! {
    /// What we use of libnvcuvid.
    struct Cuvid {
        decoder_caps = "cuvidGetDecoderCaps"(*mut CUVIDDECODECAPS);
    }
}

/// The decoder library, loaded once for the process and never unloaded.
pub struct Nvdec {
    cuvid: Cuvid,
}

/// What NVDEC can do with one kind of stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderCaps {
    /// Engines that can decode it; 0 where the driver is too old to say.
    pub engines: u32,
    /// The smallest picture.
    pub min: (u32, u32),
    /// The largest picture.
    pub max: (u32, u32),
    /// The most macroblocks of a picture.
    pub max_macroblocks: u32,
}

impl Nvdec {
    /// Loads it.
    ///
    /// # Errors
    /// There is none, or it is too old to be asked.
    pub fn get() -> Result<&'static Self, Missing> {
        static NVDEC: OnceLock<Result<Nvdec, Missing>> = OnceLock::new();
        NVDEC.get_or_init(Self::load).as_ref().map_err(Clone::clone)
    }

    fn load() -> Result<Self, Missing> {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        // SAFETY: its initialisers may run in any process.
        let opened = unsafe { Library::new("libnvcuvid.so.1") };
        let library = opened.map_err(|e| Missing::Library(e.to_string()))?;
        let library = LIBRARY.get_or_init(|| library);
        // SAFETY: the table is `cuviddec.h`'s, and the library lies in a static.
        let cuvid = unsafe { Cuvid::of(library) }.map_err(Missing::Function)?;
        Ok(Self { cuvid })
    }

    /// What the context's device can do with such streams; `None` where it cannot decode them.
    ///
    /// # Errors
    /// The driver refuses to answer.
    pub fn caps(
        &self,
        context: &Context,
        codec: cudaVideoCodec,
        chroma: cudaVideoChromaFormat,
        bit_depth: u8,
    ) -> Result<Option<DecoderCaps>, Failed> {
        let mut caps = CUVIDDECODECAPS {
            eCodecType: codec,
            eChromaFormat: chroma,
            nBitDepthMinus8: u32::from(bit_depth).saturating_sub(8),
            reserved1: [0; 3],
            bIsSupported: 0,
            nNumNVDECs: 0,
            nOutputFormatMask: 0,
            nMaxWidth: 0,
            nMaxHeight: 0,
            nMaxMBCount: 0,
            nMinWidth: 0,
            nMinHeight: 0,
            bIsHistogramSupported: 0,
            nCounterBitDepth: 0,
            nMaxHistogramBins: 0,
            reserved3: [0; 10],
        };
        context.within(|| {
            // SAFETY: the structure is the driver's, its inputs are set, the context is current.
            check("cuvidGetDecoderCaps", unsafe {
                (self.cuvid.decoder_caps)(&raw mut caps)
            })
        })?;
        Ok((caps.bIsSupported != 0).then(|| DecoderCaps {
            engines: u32::from(caps.nNumNVDECs),
            min: (u32::from(caps.nMinWidth), u32::from(caps.nMinHeight)),
            max: (caps.nMaxWidth, caps.nMaxHeight),
            max_macroblocks: caps.nMaxMBCount,
        }))
    }
}
