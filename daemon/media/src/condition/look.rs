//! A look at the first pictures of a source: what they say of themselves, and whether two fields are to be seen in them.
//!
//! Not here: what follows from it (`judge`).

use newsreel_model::conditioning::{Light, Turn};
use newsreel_model::{Cancel, Result};

use crate::errors;
use crate::ffi::{AvError, Decoder, Frame, Graph, Packet, Params, Received, Source};
use crate::index::Index;
use crate::reader::IndexedReader;

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Pictures that say that they are two fields, and how many of those say that the topmost line is in the earlier one.
    pub flagged: u32,
    /// See `flagged`.
    pub flagged_top_first: u32,
    /// Pictures that were looked at.
    pub pictures: u32,
    /// Pictures in which movement shows two fields, the topmost line in the earlier one.
    pub top_first: u32,
    /// The same with the topmost line in the later one.
    pub bottom_first: u32,
    /// Pictures in which movement shows none.
    pub progressive: u32,
    /// Which of five frames shows nothing new, where film was clearly spread over fields; see `cadence`.
    pub repeated: Option<u32>,
    /// How the bitstream asks to be turned.
    pub turn: Option<Turn>,
    /// What the bitstream says of the light of HDR.
    pub light: Option<Light>,
}

/// So many pictures with visible movement say more than any flag.
pub(super) const ENOUGH: u32 = 6;

/// Pictures that are looked at where fields may be: two seconds.
const SAMPLE: u32 = 50;

/// Pictures in a row without fields, where none says that it has any, after which no more are looked at: whoever waits for the first
/// segment waits for this.
const PLAIN: u32 = 12;

/// Lines of the systems that ever had fields, with their blanking and as codecs round them. No other picture is
/// interlaced without saying so.
const INTERLACED_LINES: [u32; 9] = [480, 484, 486, 512, 576, 608, 1080, 1088, 1035];

/// Packets that may be read without a single picture coming of them.
pub const MAX_PACKETS: usize = 600;

/// Cores that a look may use.
pub const THREADS: u32 = 4;

/// Decodes the first pictures. A source that does not decode is not looked at, and refused later by who needs pictures.
///
/// # Errors
/// The source can no longer be read, or cancelled.
pub fn look(source: &dyn Source, index: &Index, params: &Params, cancel: &Cancel) -> Result<Look> {
    let failed = errors::engine("opening the decoder");
    // A picture by itself comes soonest from a single thread.
    let likely = params.is_interlaced();
    let threads = if likely { THREADS } else { 1 };
    let mut decoder = Decoder::open(params, threads, None).map_err(&failed)?;
    if !likely {
        // Fields are not softened away, and nobody sees these pictures.
        decoder.prefer_speed();
    }
    let (mut packet, mut frame) = (
        Packet::new().map_err(&failed)?,
        Frame::new().map_err(&failed)?,
    );
    let mut reader = IndexedReader::enter(source, index, 0, &mut packet, cancel)?;
    let mut seen = Look::default();
    let mut fields = Fields::default();
    for _ in 0..MAX_PACKETS {
        cancel.check()?;
        let more = reader.next(&mut packet)?.is_some();
        decoder.send(more.then_some(&packet)).ok();
        while let Ok(Received::Output) = decoder.receive(&mut frame) {
            seen.note(&frame);
            if !likely && !seen.may_have_fields(&frame) {
                return Ok(seen);
            }
            // What cannot be measured is left to what it says of itself.
            fields.add(&mut frame, &mut seen).ok();
            if seen.is_enough() {
                break;
            }
        }
        if !more || seen.is_enough() {
            break;
        }
    }
    fields.finish(&mut seen).ok();
    Ok(seen)
}

impl Look {
    fn note(&mut self, picture: &Frame) {
        self.pictures += 1;
        if picture.is_interlaced() {
            self.flagged += 1;
            self.flagged_top_first += u32::from(picture.is_top_first());
        }
        self.turn = self.turn.or_else(|| picture.turn());
        if self.light.is_none() {
            self.light = picture.light();
        }
    }

    fn is_enough(&self) -> bool {
        let fields = self.flagged + self.top_first + self.bottom_first;
        self.pictures >= SAMPLE || (fields == 0 && self.progressive >= PLAIN)
    }

    /// The order of fields that movement shows, where it clearly does: whether the topmost line is in the earlier one.
    pub(super) fn order(&self) -> Option<bool> {
        let shown = self.top_first + self.bottom_first;
        let most = self.top_first.max(self.bottom_first);
        let evident = shown >= ENOUGH && most * 5 >= shown * 4;
        evident.then_some(self.top_first > self.bottom_first)
    }

    fn may_have_fields(&self, picture: &Frame) -> bool {
        self.flagged > 0 || INTERLACED_LINES.contains(&picture.height())
    }
}

/// `idet` for pictures that say that they are two fields.
const SAID: &str = "idet";

/// And for those that do not: test patterns that move by jerks look a little like fields, and must not be taken for them.
const UNSAID: &str = "idet=intl_thres=1.3";

/// Measures fields with libavfilter's `idet`.
#[derive(Default)]
struct Fields {
    graph: Option<Graph>,
    next: i64,
}

impl Fields {
    fn add(&mut self, picture: &mut Frame, seen: &mut Look) -> Result<(), AvError> {
        picture.set_pts(self.next);
        self.next += 1;
        let graph = match &mut self.graph {
            Some(graph) => graph,
            None => {
                let how = if seen.flagged > 0 { SAID } else { UNSAID };
                self.graph.insert(Graph::new(picture, how, 0)?)
            }
        };
        graph.send(Some(picture))?;
        count(graph, seen)
    }

    fn finish(&mut self, seen: &mut Look) -> Result<(), AvError> {
        let Some(graph) = &mut self.graph else {
            return Ok(());
        };
        graph.send(None)?;
        count(graph, seen)
    }
}

fn count(graph: &mut Graph, seen: &mut Look) -> Result<(), AvError> {
    let mut measured = Frame::new()?;
    while graph.receive(&mut measured)? == Received::Output {
        match measured
            .note(c"lavfi.idet.multiple.current_frame")
            .as_deref()
        {
            Some("tff") => seen.top_first += 1,
            Some("bff") => seen.bottom_first += 1,
            Some("progressive") => seen.progressive += 1,
            _ => {}
        }
    }
    Ok(())
}
