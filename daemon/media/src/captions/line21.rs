//! The four channels of CEA-608 told apart: two share a field, and take turns by control codes. Not what they say.

use super::Triplet;

/// CC1 and CC2 in the first field, CC3 and CC4 in the second.
pub const CHANNELS: usize = 4;

/// Follows both fields.
#[derive(Default)]
pub struct Router {
    fields: [Field; 2],
}

#[derive(Clone, Copy, Default)]
struct Field {
    /// Whether its second channel has the turn.
    second: bool,
    /// Whether what comes is about the programme (XDS), not captions.
    other: bool,
}

impl Router {
    /// Which channels (0–3) a triplet is for, and the triplet as a channel alone in the first field would have it; an empty
    /// pair is for both of its field. `None` where it is no caption of CEA-608.
    pub fn route(&mut self, triplet: Triplet) -> Option<(std::ops::Range<usize>, Triplet)> {
        let [kind, one, two] = triplet;
        let number = usize::from(kind & 3);
        let field = self.fields.get_mut(number)?;
        let base = number * 2;
        let (code, is_sound) = (one & 0x7f, one.count_ones() % 2 == 1);
        let alone = |one: u8| [0xfc, one, two];
        if code == 0 && two & 0x7f == 0 {
            return Some((base..base + 2, alone(one)));
        }
        match code {
            0x10..=0x1f if is_sound => {
                field.second = code & 0x08 != 0;
                field.other = false;
                let channel = base + usize::from(field.second);
                // The bit that names the second channel goes, and the parity with it.
                let one = if field.second { one ^ 0x88 } else { one };
                Some((channel..channel + 1, alone(one)))
            }
            0x01..=0x0f if is_sound => {
                field.other = code != 0x0f;
                None
            }
            _ if field.other => None,
            _ => {
                let channel = base + usize::from(field.second);
                Some((channel..channel + 1, alone(one)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_parity(byte: u8) -> u8 {
        byte | u8::from(byte.count_ones().is_multiple_of(2)) << 7
    }

    fn route(router: &mut Router, kind: u8, one: u8, two: u8) -> Option<(usize, u8)> {
        let routed = router.route([0xfc | kind, with_parity(one), with_parity(two)]);
        let (channels, [_, one, _]) = routed?;
        assert!(!one.count_ones().is_multiple_of(2), "parity");
        Some((channels.start, one & 0x7f))
    }

    #[test]
    fn channels_take_turns_and_what_is_about_the_programme_is_left_out() {
        let mut router = Router::default();
        let mut field = |kind, one, two| route(&mut router, kind, one, two);
        assert_eq!(
            field(0, 0x41, 0x42),
            Some((0, 0x41)),
            "CC1 until it is said"
        );
        assert_eq!(field(0, 0x1c, 0x20), Some((1, 0x14)), "CC2 begins");
        assert_eq!(field(0, 0x41, 0x42), Some((1, 0x41)));
        assert_eq!(field(0, 0x14, 0x20), Some((0, 0x14)), "CC1 again");
        assert_eq!(field(1, 0x15, 0x20), Some((2, 0x15)), "CC3 begins");
        assert_eq!(field(1, 0x01, 0x03), None, "XDS begins");
        assert_eq!(field(1, 0x41, 0x42), None);
        assert_eq!(field(1, 0x0f, 0x1d), None, "and ends");
        assert_eq!(field(1, 0x41, 0x42), Some((2, 0x41)));
        assert_eq!(field(2, 0x41, 0x42), None, "CEA-708");
        assert_eq!(
            router.route([0xfd, 0x80, 0x80]),
            Some((2..4, [0xfc, 0x80, 0x80]))
        );
    }
}
