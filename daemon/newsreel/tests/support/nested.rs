//! Inputs that point at other files or addresses.

use std::path::Path;

/// A playlist, script or manifest that names `target`, by file name.
pub fn pointing_at(target: &str) -> Vec<(&'static str, String)> {
    let hls = format!("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n");
    let master = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\n{target}\n");
    let key = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:METHOD=AES-128,URI=\"{target}\"\n#EXT-X-MAP:URI=\"{target}\"\n\
         #EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n"
    );
    let dash = format!(
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
         mediaPresentationDuration=\"PT5S\" profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\"><Period>\
         <AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1000\"><BaseURL>{target}</BaseURL>\
         </Representation></AdaptationSet></Period></MPD>\n"
    );
    vec![
        (
            "list.ffconcat",
            format!("ffconcat version 1.0\nfile {target}\n"),
        ),
        ("list.m3u8", hls),
        ("master.m3u8", master),
        ("keyed.m3u8", key),
        ("manifest.mpd", dash),
    ]
}

/// Children of a box that lead to the data references.
const PATH: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"dinf"];

/// Puts an `alis` reference to an absolute path in the place of each track's reference to the file itself.
pub fn with_references_outside(movie: &[u8], to: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = movie;
    while rest.len() >= 8 {
        let size = usize::try_from(u32::from_be_bytes(rest[..4].try_into().unwrap())).unwrap();
        let (this, after) = rest.split_at(size.max(8));
        let kind: &[u8; 4] = this[4..8].try_into().unwrap();
        if PATH.contains(&kind) {
            out.extend(boxed(*kind, &with_references_outside(&this[8..], to)));
        } else if kind == b"dref" {
            let mut body = vec![0, 0, 0, 0, 0, 0, 0, 1];
            body.extend(boxed(*b"alis", &alias(to)));
            out.extend(boxed(*b"dref", &body));
        } else {
            out.extend(this);
        }
        rest = after;
    }
    out
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes(), kind.as_slice(), body].concat()
}

/// The body of an `alis` entry that is not self-contained, as classic Mac OS wrote them: the path is its record 18.
fn alias(to: &str) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0];
    body.extend([0; 10]);
    body.extend([4, b'd', b'i', b's', b'k']);
    body.extend([0; 23]);
    body.extend([0; 12]);
    let name = Path::new(to).file_name().unwrap().to_str().unwrap();
    body.push(u8::try_from(name.len()).unwrap());
    body.extend(name.bytes().chain(std::iter::repeat_n(0, 63 - name.len())));
    body.extend([0; 16]);
    body.extend([0, 1, 0, 1]);
    body.extend([0; 16]);
    for (kind, text) in [(2u16, to.replace('/', ":")), (18, to.to_owned())] {
        body.extend(kind.to_be_bytes());
        body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        body.extend(text.bytes());
        body.extend(vec![0; text.len() % 2]);
    }
    body.extend([0xFF, 0xFF, 0, 0]);
    body
}
