//! What the demuxer has to say about every packet of the video stream, gathered without decoding.
//!
//! Not here: what the times mean (`timeline`). The index can be partial: a head start is planned from its beginning.

use std::collections::HashMap;

use newsreel_model::{Cancel, Code, Error, Rational, Result};
use serde::{Deserialize, Serialize};

use crate::captions::{Gathered, UserData};
use crate::errors;
use crate::ffi::{Input, Packet, Params, Parser};
use crate::mend::Settled;
use crate::reader::PacketReader;

/// One video packet, in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRecord {
    /// Presentation time in the source's time base.
    pub pts: Option<i64>,
    /// Decode time in the source's time base.
    pub dts: Option<i64>,
    /// Length in the source's time base, 0 when unknown.
    pub duration: i64,
    /// Byte position in the input.
    pub position: Option<u64>,
    /// Length in bytes.
    pub bytes: u32,
    /// Whether decoding can start here.
    pub key: bool,
    /// Whether it yields a picture to show: not so for packets an edit list cuts off, or reference-only pictures.
    pub shown: bool,
    /// Whether it is the second field of the frame the packet before it began.
    pub second_field: bool,
}

/// From the first to the end of the last packet of a stream, in its own time base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// First presentation time.
    pub start: i64,
    /// End of the last packet.
    pub end: i64,
    /// Sum of all packet lengths: what the stream holds whatever its times claim.
    pub content: i64,
    /// Unit.
    pub time_base: Rational,
}

/// The packets of one video stream, and how far the sound goes.
#[derive(Serialize, Deserialize)]
pub struct Index {
    /// Stream index in the source.
    pub stream: usize,
    /// All packets read so far.
    pub packets: Vec<PacketRecord>,
    /// Captions in the packets.
    pub captions: Gathered,
    /// The chosen sound stream, once a packet of it was seen.
    pub audio: Option<Extent>,
    /// What was planned before the rest was read, once something was.
    pub settled: Option<Settled>,
    /// Whether the whole source was read.
    pub complete: bool,
    /// Whether reading ended in damage rather than at the end.
    pub ended_in_damage: bool,
    /// Whether this container is moved about in by byte: those whose packets can be found again from anywhere.
    pub seek_by_byte: bool,
    #[serde(skip)]
    by_position: HashMap<u64, usize>,
}

impl Index {
    /// An index of nothing.
    #[must_use]
    pub fn empty(stream: usize) -> Self {
        Self {
            stream,
            packets: Vec::new(),
            captions: Gathered::default(),
            audio: None,
            settled: None,
            complete: false,
            ended_in_damage: false,
            seek_by_byte: false,
            by_position: HashMap::new(),
        }
    }

    /// A copy of what was read so far, to plan a head start from while reading goes on.
    #[must_use]
    pub fn prefix(&self) -> Self {
        Self {
            packets: self.packets.clone(),
            captions: self.captions.clone(),
            by_position: self.by_position.clone(),
            audio: self.audio,
            complete: self.complete,
            ..Self::empty(self.stream)
        }
    }

    /// The index as bytes, for another process that executes runs of the same plan.
    ///
    /// # Errors
    /// [`Code::Internal`], which no index causes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        postcard::to_allocvec(self).map_err(|e| Error::bug(format!("an index: {e}")))
    }

    /// An index from [`Index::to_bytes`] of the same version.
    ///
    /// # Errors
    /// [`Code::InputChanged`]: these bytes are no index.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut index: Self = postcard::from_bytes(bytes).map_err(|e| {
            Error::new(Code::InputChanged, "the index of the input is damaged")
                .with_detail(e.to_string())
        })?;
        for (ordinal, record) in index.packets.iter().enumerate() {
            if let Some(position) = record.position {
                index.by_position.entry(position).or_insert(ordinal);
            }
        }
        Ok(index)
    }

    /// Which packet of the index this one is; `None` when it cannot be told.
    #[must_use]
    pub fn find(&self, packet: &Packet) -> Option<usize> {
        let matches = |ordinal: &usize| {
            self.packets
                .get(*ordinal)
                .is_some_and(|r| r.bytes as usize == packet.data().len())
        };
        match packet.position() {
            Some(position) => self.by_position.get(&position).copied().filter(matches),
            None => {
                let dts = packet.dts()?;
                let at = self
                    .packets
                    .partition_point(|r| r.dts.is_some_and(|d| d < dts));
                Some(at)
                    .filter(|&o| self.packets.get(o).and_then(|r| r.dts) == Some(dts))
                    .filter(matches)
            }
        }
    }
}

/// Limits on what is indexed.
#[derive(Clone, Copy, Debug)]
pub struct IndexLimits {
    /// The most video packets of one source.
    pub max_packets: u64,
}

/// Reads a source from its start and fills an [`Index`], in steps.
pub struct Indexer {
    reader: PacketReader,
    packet: Packet,
    parser: Option<Parser>,
    user_data: Option<UserData>,
    codec: String,
    /// Whether the container has no framing of its own for the pictures.
    unframed: bool,
    video_stream: Option<usize>,
    audio_stream: Option<(usize, Rational)>,
    /// Whether the last packet was a first field waiting for its second.
    open_field: bool,
    limits: IndexLimits,
    cancel: Cancel,
    /// What was gathered so far.
    pub index: Index,
}

impl Indexer {
    /// Takes over an input that has just been opened; without a `video` stream, only how far the sound goes is found out.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new(
        input: Input,
        video: Option<(usize, &Params)>,
        audio: Option<(usize, Rational)>,
        limits: IndexLimits,
        cancel: &Cancel,
    ) -> Result<Self> {
        let format = input.format_name();
        let stream = video.map(|v| v.0);
        let wanted: Vec<usize> = stream.into_iter().chain(audio.map(|a| a.0)).collect();
        let failed = errors::engine("indexing");
        let codec = video.map_or_else(String::new, |(_, params)| params.codec_name());
        // Only H.264 without a container's framing has the two fields of a frame in packets of their own.
        let unframed = matches!(format.as_str(), "mpegts" | "mpeg" | "h264" | "wtv");
        let parser = match video {
            Some((_, params)) if codec == "h264" => Parser::new(params).map_err(&failed)?,
            _ => None,
        };
        Ok(Self {
            reader: PacketReader::over(input, &wanted),
            packet: Packet::new().map_err(&failed)?,
            parser,
            user_data: video.and_then(|(_, params)| UserData::of(&codec, params.extradata())),
            codec,
            unframed,
            video_stream: stream,
            audio_stream: audio,
            open_field: false,
            limits,
            cancel: cancel.clone(),
            index: Index {
                seek_by_byte: matches!(format.as_str(), "mpegts" | "mpeg" | "mpegvideo"),
                ..Index::empty(stream.unwrap_or_default())
            },
        })
    }

    /// Reads on until `enough` says so or the source ends.
    ///
    /// # Errors
    /// [`Code::Cancelled`], or more packets than the limits allow.
    pub fn advance(&mut self, mut enough: impl FnMut(&Index) -> bool) -> Result<()> {
        while !self.index.complete && !enough(&self.index) {
            self.cancel.check()?;
            if !self.reader.next(&mut self.packet)? {
                self.index.complete = true;
                self.index.ended_in_damage = self.reader.bad_reads() > 0;
            } else if self.video_stream == Some(self.packet.stream()) {
                self.add_video()?;
            } else {
                self.add_audio();
            }
        }
        Ok(())
    }

    fn add_video(&mut self) -> Result<()> {
        if self.index.packets.len() as u64 >= self.limits.max_packets {
            return Err(Error::new(
                Code::InputUnreadable,
                format!(
                    "the input has more than {} video packets; raise limits.max_input_frames or cut it",
                    self.limits.max_packets
                ),
            ));
        }
        let packet = &self.packet;
        let unframed = self.unframed;
        let picture = self
            .parser
            .as_mut()
            .filter(|_| unframed || packet.is_key())
            .map(|p| p.look(packet))
            .unwrap_or_default();
        let is_field = picture.is_field && unframed;
        let second_field = is_field && self.open_field;
        self.open_field = is_field && !second_field;
        let record = PacketRecord {
            pts: packet.pts(),
            dts: packet.dts(),
            duration: packet.duration().max(0),
            position: packet.position(),
            bytes: u32::try_from(packet.data().len()).unwrap_or(u32::MAX),
            key: packet.is_key() && !second_field && !picture.is_predicted,
            shown: !packet.is_discard() && !second_field && !is_hidden(&self.codec, packet.data()),
            second_field,
        };
        if let Some(position) = record.position {
            // Several pictures of one PES packet share a position; only the first can be found by it.
            self.index
                .by_position
                .entry(position)
                .or_insert(self.index.packets.len());
        }
        if let (Some(reader), Ok(ordinal)) = (&self.user_data, self.index.packets.len().try_into())
        {
            self.index
                .captions
                .push(ordinal, reader.read(packet.data()));
        }
        self.index.packets.push(record);
        Ok(())
    }

    fn add_audio(&mut self) {
        let Some((_, time_base)) = self.audio_stream else {
            return;
        };
        let Some(pts) = self.packet.pts().or(self.packet.dts()) else {
            return;
        };
        let duration = self.packet.duration().max(0);
        let end = pts.saturating_add(duration);
        let extent = self.index.audio.get_or_insert(Extent {
            start: pts,
            end,
            content: 0,
            time_base,
        });
        extent.end = extent.end.max(end);
        extent.content = extent.content.saturating_add(duration);
    }
}

/// Whether a VP8 packet only updates a reference picture: `show_frame` is bit 4 of the frame tag (RFC 6386, 9.1).
fn is_hidden(codec: &str, data: &[u8]) -> bool {
    codec == "vp8" && data.first().is_some_and(|tag| tag & 0x10 == 0)
}
