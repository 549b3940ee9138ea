//! One of libavfilter's filters on pictures in device memory, one in, one out. Not the choice of a filter.

use std::ptr;

use ffmpeg_sys_next as sys;

use super::{AvError, Frame, HwFrame, c_string, check};

/// Owns an `AVFilterGraph` of a source, a filter and a sink.
pub struct HwFilter {
    graph: *mut sys::AVFilterGraph,
    source: *mut sys::AVFilterContext,
    sink: *mut sys::AVFilterContext,
    /// What the pictures must be like; a change needs another graph.
    pool: usize,
    size: (u32, u32),
}

// SAFETY: a graph may be used from any one thread at a time.
unsafe impl Send for HwFilter {}

impl HwFilter {
    /// A graph for pictures like `first`; `filter` is in libavfilter's notation, for example
    /// `scale_cuda=w=640:h=360:format=nv12`. `extra` is how many pictures of a fixed pool its user may hold.
    ///
    /// # Errors
    /// There is no such filter, it refuses an option or the pictures' format.
    pub fn new(first: &HwFrame, filter: &str, extra: u32) -> Result<Self, AvError> {
        // SAFETY: the graph owns every filter made in it and is owned itself as soon as it exists.
        unsafe {
            let graph = sys::avfilter_graph_alloc();
            if graph.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let mut this = Self {
                graph,
                source: ptr::null_mut(),
                sink: ptr::null_mut(),
                pool: first.pool_address(),
                size: (first.width(), first.height()),
            };
            // A thread of its own per graph has nothing to do here.
            (*graph).nb_threads = 1;
            this.source = this.source_like(first)?;
            check(sys::avfilter_graph_create_filter(
                &raw mut this.sink,
                sys::avfilter_get_by_name(c"buffersink".as_ptr()),
                c"out".as_ptr(),
                ptr::null(),
                ptr::null_mut(),
                graph,
            ))?;
            this.link(filter)?;
            this.hold(extra);
            check(sys::avfilter_graph_config(graph, ptr::null_mut()))?;
            Ok(this)
        }
    }

    /// # Safety
    /// The graph is valid and has no source yet.
    unsafe fn source_like(&self, first: &HwFrame) -> Result<*mut sys::AVFilterContext, AvError> {
        // SAFETY: the parameters are copied by the filter, which takes a reference of its own to the pool.
        unsafe {
            let buffer = sys::avfilter_get_by_name(c"buffer".as_ptr());
            let source = sys::avfilter_graph_alloc_filter(self.graph, buffer, c"in".as_ptr());
            let parameters = sys::av_buffersrc_parameters_alloc();
            if source.is_null() || parameters.is_null() {
                sys::av_free(parameters.cast());
                return Err(AvError::NO_MEMORY);
            }
            let frame = &*first.as_ptr();
            (*parameters).format = frame.format;
            (*parameters).width = frame.width;
            (*parameters).height = frame.height;
            (*parameters).time_base = sys::AVRational { num: 1, den: 1 };
            (*parameters).hw_frames_ctx = first.pool();
            let set = sys::av_buffersrc_parameters_set(source, parameters);
            sys::av_free(parameters.cast());
            check(set)?;
            check(sys::avfilter_init_str(source, ptr::null()))?;
            Ok(source)
        }
    }

    /// # Safety
    /// Graph, source and sink are valid and unlinked.
    unsafe fn link(&mut self, filter: &str) -> Result<(), AvError> {
        // SAFETY: the lists belong to us until the parser takes them, and what it leaves is freed.
        unsafe {
            let open = |filter: *mut sys::AVFilterContext, name: &std::ffi::CStr| {
                let end = sys::avfilter_inout_alloc();
                if !end.is_null() {
                    (*end).name = sys::av_strdup(name.as_ptr());
                    (*end).filter_ctx = filter;
                    (*end).pad_idx = 0;
                    (*end).next = ptr::null_mut();
                }
                end
            };
            let mut outputs = open(self.source, c"in");
            let mut inputs = open(self.sink, c"out");
            let parsed = if outputs.is_null() || inputs.is_null() {
                AvError::NO_MEMORY.0
            } else {
                let text = c_string(filter);
                sys::avfilter_graph_parse_ptr(
                    self.graph,
                    text.as_ptr(),
                    &raw mut inputs,
                    &raw mut outputs,
                    ptr::null_mut(),
                )
            };
            sys::avfilter_inout_free(&raw mut inputs);
            sys::avfilter_inout_free(&raw mut outputs);
            check(parsed).map(|_| ())
        }
    }

    /// Makes room in every filter's pool, which a filter with a fixed one needs.
    fn hold(&mut self, extra: u32) {
        let extra = i32::try_from(extra).unwrap_or(0);
        // SAFETY: the graph's own list of its filters; the field is read when the graph is configured.
        unsafe {
            for index in 0..usize::try_from((*self.graph).nb_filters).unwrap_or(0) {
                let filter = *(*self.graph).filters.add(index);
                (*filter).extra_hw_frames = extra;
            }
        }
    }

    /// Whether it was made for pictures like this one.
    #[must_use]
    pub fn takes(&self, picture: &HwFrame) -> bool {
        picture.pool_address() == self.pool && self.size == (picture.width(), picture.height())
    }

    /// Filters one picture.
    ///
    /// # Errors
    /// The device failed.
    pub fn run(&mut self, picture: &HwFrame) -> Result<HwFrame, AvError> {
        let mut result = Frame::new()?;
        // SAFETY: a configured graph; KEEP_REF (8, libavfilter/buffersrc.h) leaves our picture as it is, so that the
        // graph only reads it.
        unsafe {
            check(sys::av_buffersrc_add_frame_flags(
                self.source,
                picture.as_ptr(),
                8,
            ))?;
            check(sys::av_buffersink_get_frame(self.sink, result.as_ptr()))?;
        }
        result.set_forced_key(false);
        HwFrame::new(result).map_err(|_| AvError(sys::AVERROR(sys::EINVAL)))
    }
}

impl Drop for HwFilter {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once with everything in it.
        unsafe { sys::avfilter_graph_free(ptr::addr_of_mut!(self.graph)) };
    }
}
