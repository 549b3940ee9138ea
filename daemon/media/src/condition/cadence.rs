//! Whether fields are film's: twenty-four pictures a second that were spread over sixty fields, so that of five frames one
//! shows nothing new once fields that belong together are put together. Not what follows from it (`judge`).

use newsreel_model::{Cancel, Result};

use crate::errors;
use crate::ffi::{AvError, Decoder, Frame, Graph, Packet, Params, Received, Source};
use crate::index::Index;
use crate::reader::IndexedReader;

use super::look::{Look, MAX_PACKETS, THREADS};

/// Pictures that are looked at: two seconds and a half.
const SAMPLE: usize = 75;

/// Frames in which film has four pictures.
const CYCLE: usize = 5;

/// In so many cycles something has to move.
const TELLING: u32 = 6;

/// Mean difference of luma to the picture before from which on something moves, in code values.
const MOVES: f64 = 0.25;

/// A picture that shows nothing new differs by less than this part of what any other in its cycle does.
const SAME: f64 = 1.0 / 3.0;

/// The place among five of the frame that shows nothing new; `None` where that is not clear, also where it changes: it has to
/// hold for the whole programme.
///
/// # Errors
/// The source can no longer be read, or cancelled.
pub fn cadence(
    source: &dyn Source,
    index: &Index,
    params: &Params,
    seen: &Look,
    cancel: &Cancel,
) -> Result<Option<u32>> {
    let Some(top_first) = seen.order() else {
        return Ok(None);
    };
    let failed = errors::engine("opening the decoder");
    let mut decoder = Decoder::open(params, THREADS, None).map_err(&failed)?;
    let (mut packet, mut frame) = (
        Packet::new().map_err(&failed)?,
        Frame::new().map_err(&failed)?,
    );
    let mut reader = IndexedReader::enter(source, index, 0, &mut packet, cancel)?;
    let mut differences = Differences::new(top_first);
    for _ in 0..MAX_PACKETS {
        cancel.check()?;
        let more = reader.next(&mut packet)?.is_some();
        decoder.send(more.then_some(&packet)).ok();
        while differences.given < SAMPLE
            && let Ok(Received::Output) = decoder.receive(&mut frame)
        {
            if differences.add(&mut frame).is_err() {
                return Ok(None);
            }
        }
        if !more || differences.given >= SAMPLE {
            break;
        }
    }
    differences.finish().ok();
    Ok(clear(&differences.found))
}

/// How much each picture differs from the one before, after fields were matched.
struct Differences {
    filters: String,
    graph: Option<Graph>,
    given: usize,
    found: Vec<f64>,
}

impl Differences {
    fn new(top_first: bool) -> Self {
        let order = if top_first { "tff" } else { "bff" };
        // Lines are what fields are made of; a quarter of their length says as much.
        let narrow = "scale=w='max(iw/4,64)':h=ih:flags=fast_bilinear";
        Self {
            filters: format!("{narrow},fieldmatch=order={order}:combmatch=none,signalstats"),
            graph: None,
            given: 0,
            found: Vec::new(),
        }
    }

    fn add(&mut self, picture: &mut Frame) -> Result<(), AvError> {
        picture.set_pts(i64::try_from(self.given).unwrap_or(0));
        self.given += 1;
        let graph = match &mut self.graph {
            Some(graph) => graph,
            None => self.graph.insert(Graph::new(picture, &self.filters, 0)?),
        };
        graph.send(Some(picture))?;
        self.collect()
    }

    fn finish(&mut self) -> Result<(), AvError> {
        if let Some(graph) = &mut self.graph {
            graph.send(None)?;
        }
        self.collect()
    }

    fn collect(&mut self) -> Result<(), AvError> {
        let Some(graph) = &mut self.graph else {
            return Ok(());
        };
        let mut measured = Frame::new()?;
        while graph.receive(&mut measured)? == Received::Output {
            let said = measured.note(c"lavfi.signalstats.YDIF");
            let difference = said.and_then(|text| text.parse().ok());
            self.found.push(difference.unwrap_or(f64::NAN));
        }
        Ok(())
    }
}

/// In every cycle in which something moves it is the same one of five, and there are enough of those.
fn clear(differences: &[f64]) -> Option<u32> {
    let mut places: Vec<usize> = Vec::new();
    // The first picture of all has none before it.
    for cycle in differences.chunks_exact(CYCLE).skip(1) {
        if cycle.iter().any(|difference| difference.is_nan()) {
            return None;
        }
        let mut order: Vec<usize> = (0..CYCLE).collect();
        order.sort_by(|a, b| cycle[*a].total_cmp(&cycle[*b]));
        let (least, next) = (cycle[order[0]], cycle[order[1]]);
        if next < MOVES {
            continue;
        }
        if least > next * SAME {
            return None;
        }
        places.push(order[0]);
    }
    let first = *places.first()?;
    let enough = u32::try_from(places.len()).unwrap_or(u32::MAX) >= TELLING;
    let always = places.iter().all(|place| *place == first);
    (enough && always).then(|| u32::try_from(first).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(cycles: usize) -> Vec<f64> {
        [4.0, 5.0, 0.1, 4.0, 6.0].repeat(cycles)
    }

    #[test]
    fn film_is_known_by_what_it_repeats() {
        assert_eq!(clear(&film(10)), Some(2));
        // Where nothing moves nothing is told.
        let still = [vec![0.1; 15], film(10)].concat();
        assert_eq!(clear(&still), Some(2));
    }

    #[test]
    fn what_is_not_clear_is_no_film() {
        assert_eq!(clear(&film(5)), None, "too short");
        assert_eq!(clear(&[film(5), vec![3.0], film(5)].concat()), None, "cut");
        assert_eq!(clear(&[3.0; 60]), None, "video");
        assert_eq!(clear(&[f64::NAN; 60]), None);
    }
}
