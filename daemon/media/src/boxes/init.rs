//! Reads what an init segment says about its one track, and gives it an edit list. Not here: sample tables (there are none).

use super::codec;
use super::walk::{BoxError, Boxes, Mp4Box, boxes, require};
use super::write::{put_box, put_full_box, put_i32, put_u32};

/// What an init segment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitInfo {
    /// Track number.
    pub track_id: u32,
    /// Ticks per second of the track; never 0.
    pub timescale: u32,
    /// `vide`, `soun` or another handler.
    pub handler: [u8; 4],
    /// ISO 639-2/T language letters, `und` when unknown.
    pub language: [u8; 3],
    /// Where in the media the presentation starts, in ticks: the priming of audio. From the last non-empty edit; 0 without one.
    pub media_time: i64,
    /// Coded width in pixels (the sample entry's, else the track header's); 0 for sound.
    pub width: u32,
    /// Coded height in pixels; 0 for sound.
    pub height: u32,
    /// Channels; 0 for video.
    pub channels: u32,
    /// Sample rate in Hz; 0 for video. The timescale where the sample entry cannot hold it (above 65,535 Hz).
    pub sample_rate: u32,
    /// Codec as RFC 6381 names it, for example `avc1.64001F`.
    pub codecs: String,
    /// The whole `stsd` box.
    pub stsd: Vec<u8>,
    /// The payload of `avcC`, `hvcC`, `av1C` or `esds`: how parameter sets are compared.
    pub codec_config: Vec<u8>,
}

/// Reads an init segment with exactly one track.
///
/// # Errors
/// [`BoxError`] when it is broken, has no or several tracks, or a codec other than H.264, HEVC, AV1 and MPEG-4 audio.
pub fn read_init(init: &[u8]) -> Result<InitInfo, BoxError> {
    let trak = only_trak(init)?;
    let (track_id, track_width, track_height) = read_tkhd(&trak.require(&[b"tkhd"])?)?;
    let (timescale, language) = read_mdhd(&trak.require(&[b"mdia", b"mdhd"])?)?;
    let (_, _, mut hdlr) = trak.require(&[b"mdia", b"hdlr"])?.read_full()?;
    hdlr.u32()?;
    let handler = hdlr.kind()?;
    let media_time = match trak.find(&[b"edts", b"elst"])? {
        Some(elst) => read_elst(&elst)?,
        None => 0,
    };

    let stsd = trak.require(&[b"mdia", b"minf", b"stbl", b"stsd"])?;
    let entry = stsd
        .children_after(8)
        .next()
        .ok_or_else(|| stsd.invalid("it describes no samples"))??;
    let name = entry.kind.escape_ascii().to_string();
    let mut fields = entry.read();
    fields.take(8)?; // reserved, data reference index
    let mut info = InitInfo {
        track_id,
        timescale,
        handler,
        language,
        media_time,
        width: 0,
        height: 0,
        channels: 0,
        sample_rate: 0,
        codecs: String::new(),
        stsd: stsd.whole.to_vec(),
        codec_config: Vec::new(),
    };
    let children = if &handler == b"soun" {
        fields.take(8)?;
        info.channels = u32::from(fields.u16()?);
        fields.take(6)?;
        info.sample_rate = match fields.u32()? >> 16 {
            0 => timescale,
            rate => rate,
        };
        entry.children_after(28)
    } else {
        fields.take(16)?;
        let size = (u32::from(fields.u16()?), u32::from(fields.u16()?));
        info.width = if size.0 == 0 { track_width } else { size.0 };
        info.height = if size.1 == 0 { track_height } else { size.1 };
        entry.children_after(78)
    };
    let config = configuration(&entry, children)?;
    let mut cursor = config.read();
    info.codecs = match &config.kind {
        b"avcC" => codec::avc(&name, &mut cursor)?,
        b"hvcC" => codec::hevc(&name, &mut cursor)?,
        b"av1C" => codec::av1(&name, &mut cursor)?,
        _ => codec::aac(&name, &mut cursor)?,
    };
    info.codec_config = config.body.to_vec();
    Ok(info)
}

fn configuration<'a>(entry: &Mp4Box<'a>, children: Boxes<'a>) -> Result<Mp4Box<'a>, BoxError> {
    let wanted: &[u8; 4] = match &entry.kind {
        b"avc1" | b"avc3" => b"avcC",
        b"hvc1" | b"hev1" => b"hvcC",
        b"av01" => b"av1C",
        b"mp4a" => b"esds",
        _ => return Err(entry.invalid("its codec is not one of ours")),
    };
    for child in children {
        let child = child?;
        if &child.kind == wanted {
            return Ok(child);
        }
    }
    Err(entry.invalid("it has no codec configuration"))
}

fn only_trak(init: &[u8]) -> Result<Mp4Box<'_>, BoxError> {
    let moov = require(init, &[b"moov"])?;
    let trak = moov.require(&[b"trak"])?;
    for child in moov.children() {
        let child = child?;
        if &child.kind == b"trak" && child.at != trak.at {
            return Err(child.invalid("there is more than one track"));
        }
    }
    Ok(trak)
}

fn read_tkhd(tkhd: &Mp4Box<'_>) -> Result<(u32, u32, u32), BoxError> {
    let (version, _, mut body) = tkhd.read_full()?;
    body.take(if version == 0 { 8 } else { 16 })?;
    let track_id = body.u32()?;
    // Reserved, duration, reserved, layer, group, volume, matrix.
    body.take(4 + if version == 0 { 4 } else { 8 } + 16 + 36)?;
    Ok((track_id, body.u32()? >> 16, body.u32()? >> 16))
}

fn read_mdhd(mdhd: &Mp4Box<'_>) -> Result<(u32, [u8; 3]), BoxError> {
    let (version, _, mut body) = mdhd.read_full()?;
    body.take(if version == 0 { 8 } else { 16 })?;
    let timescale = body.u32()?;
    if timescale == 0 {
        return Err(mdhd.invalid("its timescale is zero"));
    }
    body.take(if version == 0 { 4 } else { 8 })?;
    let packed = body.u16()?;
    let mut language = *b"und";
    for (letter, shift) in language.iter_mut().zip([10u16, 5, 0]) {
        let bits = u8::try_from(packed >> shift & 0x1F).unwrap_or(0);
        if !(1..=26).contains(&bits) {
            return Ok((timescale, *b"und"));
        }
        *letter = 0x60 + bits;
    }
    Ok((timescale, language))
}

fn read_elst(elst: &Mp4Box<'_>) -> Result<i64, BoxError> {
    let (version, _, mut body) = elst.read_full()?;
    let mut media_time = 0;
    for _ in 0..body.u32()? {
        let start = if version == 0 {
            body.u32()?;
            i64::from(body.i32()?)
        } else {
            body.u64()?;
            body.i64()?
        };
        body.u32()?; // rate
        if start != -1 {
            media_time = start;
        }
    }
    Ok(media_time)
}

/// The init segment with an edit list that starts its one track at `media_time` (ticks of the track, 0 to 2³¹−1) and
/// leaves the length open, in place of any edit list it had.
///
/// # Errors
/// [`BoxError`] when the segment is broken, has not exactly one track, or `media_time` is out of range.
pub fn with_edit_list(init: &[u8], media_time: i64) -> Result<Vec<u8>, BoxError> {
    let trak = only_trak(init)?;
    let start = i32::try_from(media_time)
        .ok()
        .filter(|&t| t >= 0)
        .ok_or_else(|| trak.invalid("the media time for its edit list is out of range"))?;
    let mut children = Vec::new();
    for child in trak.children() {
        let child = child?;
        if &child.kind != b"edts" {
            children.push(child);
        }
    }
    let mut out = Vec::with_capacity(init.len() + 36);
    for top in boxes(init) {
        let top = top?;
        if &top.kind != b"moov" {
            out.extend_from_slice(top.whole);
            continue;
        }
        let inner: Vec<Mp4Box<'_>> = top.children().collect::<Result<_, _>>()?;
        put_box(&mut out, b"moov", |out| {
            for child in inner {
                if child.at == trak.at {
                    put_box(out, b"trak", |out| put_trak(out, &children, start));
                } else {
                    out.extend_from_slice(child.whole);
                }
            }
        });
    }
    Ok(out)
}

fn put_trak(out: &mut Vec<u8>, children: &[Mp4Box<'_>], media_time: i32) {
    // Readers expect the edit list right behind the track header.
    let behind = children.iter().position(|c| &c.kind == b"tkhd");
    let (head, tail) = children.split_at(behind.map_or(0, |i| i + 1));
    for child in head {
        out.extend_from_slice(child.whole);
    }
    put_box(out, b"edts", |out| {
        put_full_box(out, b"elst", 0, 0, |out| {
            put_u32(out, 1);
            put_u32(out, 0); // to the end, however long that is
            put_i32(out, media_time);
            put_u32(out, 0x0001_0000);
        });
    });
    for child in tail {
        out.extend_from_slice(child.whole);
    }
}

#[cfg(test)]
#[path = "init_tests.rs"]
mod tests;
