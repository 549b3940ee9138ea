//! libavfilter's filters between a source of ours, or two, and a sink. Not the choice of filters.

use std::ffi::CStr;
use std::ptr;

use ffmpeg_sys_next as sys;

use super::decoder::{Received, received};
use super::{AvError, Frame, c_string, check};

/// Owns an `AVFilterGraph`: pictures go in numbered 0, 1, 2, … by their presentation time and come out with the number of
/// the picture they were made of, also where a filter makes two of one.
pub struct Graph {
    graph: *mut sys::AVFilterGraph,
    /// As they are named in [`NAMES`].
    sources: Vec<*mut sys::AVFilterContext>,
    sink: *mut sys::AVFilterContext,
}

/// What `filters` call what goes in: first what there always is, then what is put beside it.
const NAMES: [&CStr; 2] = [c"in", c"beside"];

// SAFETY: a graph may be used from any one thread at a time.
unsafe impl Send for Graph {}

impl Graph {
    /// A graph for pictures like `first`, in host memory or on a device; `filters` is in libavfilter's notation, for
    /// example `crop=640:360,hflip`. `extra` is how many pictures of a device's fixed pool its user may hold.
    ///
    /// # Errors
    /// There is no such filter, or it refuses an option or the pictures' format.
    pub fn new(first: &Frame, filters: &str, extra: u32) -> Result<Self, AvError> {
        Self::over(&[first], filters, extra)
    }

    /// A graph for pictures like `first`, which `filters` call `[in]`, each with one like `other` beside it, `[beside]`.
    ///
    /// # Errors
    /// There is no such filter, or it refuses an option or the pictures' format.
    pub fn beside(first: &Frame, other: &Frame, filters: &str) -> Result<Self, AvError> {
        Self::over(&[first, other], filters, 0)
    }

    fn over(firsts: &[&Frame], filters: &str, extra: u32) -> Result<Self, AvError> {
        // SAFETY: the graph owns every filter made in it and is owned itself as soon as it exists.
        unsafe {
            let graph = sys::avfilter_graph_alloc();
            if graph.is_null() {
                return Err(AvError::NO_MEMORY);
            }
            let mut this = Self {
                graph,
                sources: Vec::new(),
                sink: ptr::null_mut(),
            };
            // Runs are what uses the cores, and some filters' results depend on how many threads share a picture.
            (*graph).nb_threads = 1;
            for (first, name) in firsts.iter().zip(NAMES) {
                let source = this.source_like(first, name)?;
                this.sources.push(source);
            }
            check(sys::avfilter_graph_create_filter(
                &raw mut this.sink,
                sys::avfilter_get_by_name(c"buffersink".as_ptr()),
                c"out".as_ptr(),
                ptr::null(),
                ptr::null_mut(),
                graph,
            ))?;
            this.link(filters)?;
            this.hold(extra);
            check(sys::avfilter_graph_config(graph, ptr::null_mut()))?;
            Ok(this)
        }
    }

    /// # Safety
    /// The graph is valid and has no source of this name yet.
    unsafe fn source_like(
        &self,
        first: &Frame,
        name: &CStr,
    ) -> Result<*mut sys::AVFilterContext, AvError> {
        // SAFETY: the parameters are copied by the filter, which takes a reference of its own to a device's pool.
        unsafe {
            let buffer = sys::avfilter_get_by_name(c"buffer".as_ptr());
            let source = sys::avfilter_graph_alloc_filter(self.graph, buffer, name.as_ptr());
            let parameters = sys::av_buffersrc_parameters_alloc();
            if source.is_null() || parameters.is_null() {
                sys::av_free(parameters.cast());
                return Err(AvError::NO_MEMORY);
            }
            let frame = first.raw();
            (*parameters).format = frame.format;
            (*parameters).width = frame.width;
            (*parameters).height = frame.height;
            (*parameters).time_base = sys::AVRational { num: 1, den: 1 };
            (*parameters).hw_frames_ctx = frame.hw_frames_ctx;
            let set = sys::av_buffersrc_parameters_set(source, parameters);
            sys::av_free(parameters.cast());
            check(set)?;
            check(sys::avfilter_init_str(source, ptr::null()))?;
            Ok(source)
        }
    }

    /// # Safety
    /// Graph, sources and sink are valid and unlinked.
    unsafe fn link(&mut self, filters: &str) -> Result<(), AvError> {
        // SAFETY: the lists belong to us until the parser takes them, and what it leaves is freed.
        unsafe {
            let open = |filter: *mut sys::AVFilterContext, name: &CStr, next| {
                let end = sys::avfilter_inout_alloc();
                if !end.is_null() {
                    (*end).name = sys::av_strdup(name.as_ptr());
                    (*end).filter_ctx = filter;
                    (*end).pad_idx = 0;
                    (*end).next = next;
                } else {
                    let mut lost = next;
                    sys::avfilter_inout_free(&raw mut lost);
                }
                end
            };
            let named = self.sources.iter().zip(NAMES).rev();
            let mut outputs = named.fold(ptr::null_mut(), |next, (source, name)| {
                open(*source, name, next)
            });
            let mut inputs = open(self.sink, c"out", ptr::null_mut());
            let parsed = if outputs.is_null() || inputs.is_null() {
                AvError::NO_MEMORY.0
            } else {
                let text = c_string(filters);
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

    /// Hands over a picture, which is only read, or `None` at the end.
    ///
    /// # Errors
    /// A filter failed.
    pub fn send(&mut self, picture: Option<&Frame>) -> Result<(), AvError> {
        self.send_to(0, picture)
    }

    /// The same for what is beside it, in a graph made for that.
    ///
    /// # Errors
    /// A filter failed.
    pub fn send_beside(&mut self, picture: Option<&Frame>) -> Result<(), AvError> {
        self.send_to(1, picture)
    }

    fn send_to(&mut self, source: usize, picture: Option<&Frame>) -> Result<(), AvError> {
        let Some(&source) = self.sources.get(source) else {
            return Err(AvError(sys::AVERROR(sys::EINVAL)));
        };
        let picture = picture.map_or(ptr::null_mut(), Frame::as_ptr);
        // SAFETY: a configured graph; KEEP_REF (8, libavfilter/buffersrc.h) leaves our picture as it is, so that the
        // graph only reads it; null is the documented end.
        check(unsafe { sys::av_buffersrc_add_frame_flags(source, picture, 8) }).map(|_| ())
    }

    /// Takes the next picture out.
    ///
    /// # Errors
    /// A filter failed.
    pub fn receive(&mut self, picture: &mut Frame) -> Result<Received, AvError> {
        picture.clear();
        // SAFETY: a configured graph and a blank frame.
        let got = received(unsafe { sys::av_buffersink_get_frame(self.sink, picture.as_ptr()) })?;
        if got == Received::Output {
            // SAFETY: a configured sink has a time base.
            let unit = unsafe { sys::av_buffersink_get_time_base(self.sink) };
            let number = |time: i64| time * i64::from(unit.num) / i64::from(unit.den.max(1));
            if let Some(time) = picture.pts() {
                picture.set_pts(number(time));
            }
        }
        Ok(got)
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: allocated in `new`, freed once with everything in it.
        unsafe { sys::avfilter_graph_free(ptr::addr_of_mut!(self.graph)) };
    }
}
