//! What goes through a limiter, and what does not.

use super::*;

fn run(input: &[f32], blocks: usize) -> Vec<f32> {
    let mut leveller = Leveller::new(1, 48_000, 0.0);
    let mut out = vec![Vec::new()];
    for block in input.chunks(blocks) {
        leveller.level(&[block.to_vec()], false, &mut out);
    }
    leveller.level(&[Vec::new()], true, &mut out);
    out.remove(0)
}

#[allow(clippy::cast_precision_loss, reason = "a second of samples")]
fn tone(frequency: f32, level: f32, phase: f32) -> Vec<f32> {
    let step = std::f32::consts::TAU * frequency / 48_000.0;
    (0..48_000)
        .map(|n| (n as f32 * step + phase).sin() * level)
        .collect()
}

#[test]
fn what_is_quiet_enough_is_not_touched() {
    let input = tone(997.0, 0.88, 0.0);
    assert_eq!(run(&input, 1024), input);
}

#[test]
fn nothing_is_louder_than_the_ceiling_and_nothing_is_lost() {
    let mut input = tone(440.0, 0.5, 0.0);
    input[20_000..20_200].iter_mut().for_each(|s| *s *= 3.0);
    let out = run(&input, 333);
    assert_eq!(out.len(), input.len());
    let loudest = out.iter().fold(0f32, |m, s| m.max(s.abs()));
    assert!(loudest <= CEILING + 1e-4, "{loudest}");
    assert_eq!(out[..19_000], input[..19_000], "before the peak");
    assert_eq!(run(&input, 48_000), out, "however it is handed over");
}

#[test]
fn the_wave_between_samples_counts() {
    // At a quarter of the rate, every sample of this tone is 3 dB lower than the wave.
    let input = tone(12_000.0, 1.2, std::f32::consts::FRAC_PI_4);
    let highest = input.iter().fold(0f32, |m, s| m.max(s.abs()));
    assert!(
        highest < 0.86,
        "the samples themselves are below the ceiling"
    );
    let out = run(&input, 1024);
    let settled = out[10_000..40_000].iter().fold(0f32, |m, s| m.max(s.abs()));
    let wave = settled * std::f32::consts::SQRT_2;
    assert!((0.85..=CEILING + 0.01).contains(&wave), "{wave}");
}
