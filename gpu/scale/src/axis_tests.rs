//! What must hold of weights whatever the sizes.

use proptest::prelude::*;

use super::*;

fn centred(region: usize, out: usize) -> Line {
    let step = as_f64(region) / as_f64(out);
    Line {
        region,
        out,
        origin: 0.5 * step - 0.5,
        step,
    }
}

#[test]
fn the_same_size_is_the_same_sample() {
    for filter in [Filter::Bicubic, Filter::Lanczos3] {
        let axis = Axis::new(filter, centred(100, 100)).unwrap();
        assert_eq!(axis.taps, 1);
        assert_eq!(axis.starts, (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn half_the_size_is_symmetric_about_the_middle_of_two_samples() {
    let axis = Axis::new(Filter::Bicubic, centred(64, 32)).unwrap();
    let (start, weights) = (axis.starts[16], &axis.weights[16]);
    let about = 2 * start + weights.len() - 1;
    let nonzero: Vec<i16> = weights.iter().copied().filter(|w| *w != 0).collect();
    let mut turned = nonzero.clone();
    turned.reverse();
    let off = nonzero.iter().zip(&turned).map(|(a, b)| (a - b).abs());
    assert!(off.max().unwrap() <= 4, "{nonzero:?}");
    assert!(about.abs_diff(65) <= 1, "centred at 32.5, found {about}/2");
}

proptest! {
    #[test]
    fn weights_add_up_stay_inside_and_never_go_back(
        region in 1usize..2000,
        out in 1usize..2000,
        origin in -3.0f64..3.0,
        lanczos in any::<bool>(),
    ) {
        let filter = if lanczos { Filter::Lanczos3 } else { Filter::Bicubic };
        let mut line = centred(region, out);
        line.origin += origin;
        let axis = Axis::new(filter, line).unwrap();
        prop_assert!(axis.taps >= 1 && axis.taps <= region);
        prop_assert!(axis.starts.is_sorted());
        prop_assert_eq!(axis.starts.len(), out);
        for (start, weights) in axis.starts.iter().zip(&axis.weights) {
            prop_assert!(start + axis.taps <= region);
            prop_assert_eq!(weights.len(), axis.taps);
            prop_assert_eq!(weights.iter().map(|w| i32::from(*w)).sum::<i32>(), ONE);
            prop_assert!(weights.iter().map(|w| i32::from(*w).abs()).sum::<i32>() <= MOST);
        }
    }
}
