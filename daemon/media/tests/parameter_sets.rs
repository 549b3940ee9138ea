//! One init segment for two encoders: what lets libx264 go on with a rung that another encoder began.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

use newsreel_media::boxes::{carries, read_init};
use newsreel_media::ffi::{Encoder, PixelFormat, VideoSettings, init_segment};
use newsreel_model::Rational;

fn session(id: u32, profile: &str) -> Encoder {
    Encoder::video(&VideoSettings {
        encoder: "libx264".to_owned(),
        width: 320,
        height: 180,
        format: PixelFormat::YUV420P,
        time_base: Rational::new(1, 90_000),
        frame_rate: Some(Rational::new(25, 1)),
        colour: (1, 1, 1),
        full_range: false,
        threads: 1,
        options: vec![
            ("profile".to_owned(), profile.to_owned()),
            ("x264-params".to_owned(), format!("sps-id={id}")),
        ],
    })
    .unwrap()
}

#[test]
fn an_init_segment_of_two_encoders_carries_both_and_no_other() {
    let (first, second) = (session(0, "main"), session(1, "high"));
    let alone = |encoder: &Encoder| init_segment(&encoder.params().unwrap(), 90_000, None).unwrap();
    let mut both = first.params().unwrap();
    both.add_parameter_sets(second.params().unwrap().extradata())
        .unwrap();
    let both = init_segment(&both, 90_000, None).unwrap();

    assert!(carries(&both, &both));
    assert!(carries(&both, &alone(&first)));
    assert!(carries(&both, &alone(&second)));
    assert!(!carries(&alone(&first), &alone(&second)));
    assert!(!carries(&alone(&first), &both));
    assert!(!carries(&both, &alone(&session(2, "high"))));
    assert!(!carries(&both, &alone(&session(0, "high"))));
    // Players are told of the encoder that the rung is begun with.
    assert_eq!(
        read_init(&both).unwrap().codecs,
        read_init(&alone(&first)).unwrap().codecs
    );
}
