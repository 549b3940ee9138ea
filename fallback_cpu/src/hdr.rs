//! What an HEVC stream says of its HDR's light. Not its colour: libavcodec passes that on by itself.

use newsreel_model::conditioning::{Light, MasteringDisplay};

/// x265's parameters for what is known of the light, to be added to the others; empty where nothing is.
pub fn x265(light: Option<&Light>) -> String {
    let Some(light) = light else {
        return String::new();
    };
    let mut text = String::new();
    if let Some(display) = &light.display {
        text += &format!(":master-display={}", master_display(display));
    }
    if let Some((most, average)) = light.content {
        text += &format!(":max-cll={most},{average}");
    }
    text
}

/// Green, blue, red, white and the range of light, as x265 wants them.
fn master_display(display: &MasteringDisplay) -> String {
    let [red, green, blue] = display.primaries;
    let point = |(x, y): (u32, u32)| format!("({x},{y})");
    format!(
        "G{}B{}R{}WP{}L({},{})",
        point(green),
        point(blue),
        point(red),
        point(display.white),
        display.max,
        display.min
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_the_light_is_passed_on() {
        let display = MasteringDisplay {
            primaries: [(34_000, 16_000), (13_250, 34_500), (7_500, 3_000)],
            white: (15_635, 16_450),
            min: 50,
            max: 10_000_000,
        };
        let light = Light {
            peak_nits: 1000,
            display: Some(display),
            content: Some((1000, 400)),
        };
        assert_eq!(
            x265(Some(&light)),
            ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
        );
        assert_eq!(x265(None), "");
    }
}
