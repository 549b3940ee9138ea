//! Bytes of ISO files and of an index of packets. Not files of a job as a whole, which the gate's own tests damage.

use newsreel_media::boxes::{carries, read_init, read_segment, with_edit_list, write_fragment};
use newsreel_media::index::Index;

/// Init segments and media segments.
pub fn boxes(data: &[u8]) {
    let (first, second) = data.split_at(data.len() / 2);
    let _ = carries(first, second);
    if let Ok(info) = read_init(data) {
        assert!(info.stsd.len() <= data.len());
        assert!(
            carries(data, data) || !carries(data, &[]),
            "an init segment carries its own sets"
        );
        if let Ok(moved) = with_edit_list(data, 1024) {
            let read = read_init(&moved).expect("what is written is read");
            assert_eq!(read.media_time, 1024);
            assert_eq!(read.stsd, info.stsd);
        }
    }
    let Ok(fragments) = read_segment(data) else {
        return;
    };
    for fragment in fragments {
        let bytes = data.get(fragment.data.clone()).expect("data lies within");
        let _ = fragment.duration();
        assert_eq!(
            fragment.presentation_times(0).count(),
            fragment.samples.len()
        );
        // The writer is only given what an encoder made: sizes that add up.
        let sum: u64 = fragment.samples.iter().map(|s| u64::from(s.size)).sum();
        if sum != bytes.len() as u64 {
            continue;
        }
        let written = write_fragment(
            fragment.sequence,
            fragment.track_id,
            fragment.base_decode_time,
            &fragment.samples,
            bytes,
        );
        let mut read = read_segment(&written).expect("what is written is read");
        let again = read.remove(0);
        assert_eq!(again.samples, fragment.samples);
        assert_eq!(again.base_decode_time, fragment.base_decode_time);
    }
}

/// What a worker hands over of the packets of a source.
pub fn index(data: &[u8]) {
    if let Ok(index) = Index::from_bytes(data) {
        let bytes = index.to_bytes().expect("an index is written");
        let again = Index::from_bytes(&bytes).expect("what is written is read");
        assert_eq!(again.to_bytes().expect("an index is written"), bytes);
    }
}
