//! Files of SubRip and WebVTT as cues. Damage costs the cue it is in, not the file. Not their encoding.

use super::{Cue, MAX_CUES, markup};

/// The cues of a file, in its order.
pub fn cues(text: &str) -> Vec<Cue> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.lines().collect();
    let times: Vec<(usize, (i64, i64))> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| Some((at, interval(line)?)))
        .take(MAX_CUES)
        .collect();
    let mut cues = Vec::with_capacity(times.len());
    for (number, &(at, (from_ms, until_ms))) in times.iter().enumerate() {
        let next = times.get(number + 1).map_or(lines.len(), |(next, _)| *next);
        let body = lines.get(at + 1..next).unwrap_or_default();
        // What follows a blank line is the next cue's number or name.
        let own = body.iter().take_while(|line| !line.trim().is_empty());
        let own: Vec<&str> = own.copied().collect();
        cues.push(Cue {
            from_ms,
            until_ms,
            text: markup::from_tagged(&own.join("\n")),
        });
    }
    cues
}

/// `00:01:02,345 --> 00:01:04.000 line:0`, hours optional.
pub fn interval(line: &str) -> Option<(i64, i64)> {
    let (from, rest) = line.split_once("-->")?;
    let until = rest.split_whitespace().next()?;
    let (from, until) = (time(from.trim())?, time(until)?);
    (from < until).then_some((from, until))
}

fn time(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let mut seconds = 0i64;
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for part in parts {
        let number: i64 = part.trim().parse::<u32>().ok()?.into();
        seconds = seconds.checked_mul(60)?.checked_add(number)?;
    }
    let digits: String = fraction.chars().take(3).collect();
    let number: i64 = digits.parse::<u32>().ok()?.into();
    let scale = [1000, 100, 10, 1].get(digits.len())?;
    Some(seconds * 1000 + number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(from_ms: i64, until_ms: i64, text: &str) -> Cue {
        Cue {
            from_ms,
            until_ms,
            text: text.to_owned(),
        }
    }

    #[test]
    fn subrip_and_webvtt_are_read_and_damage_is_passed_over() {
        let srt = "1\r\n00:00:01,500 --> 00:00:02,000\r\nOne\r\n<i>two</i>\r\n\r\n2\r\n00:00:xx,000 --> 1\r\nlost\r\n\r\n\
            3\r\n01:00:00,000 --> 01:00:00,5\r\nLast";
        assert_eq!(
            cues(srt),
            [
                cue(1500, 2000, "One\n<i>two</i>"),
                cue(3_600_000, 3_600_500, "Last")
            ]
        );
        let vtt = "WEBVTT - a title\n\nNOTE no cue\n\nSTYLE\n::cue { color: red }\n\nname\n00:01.000 --> 00:02.250 line:0 align:left\n\
            <v Anna>Hello &amp; bye</v>\n";
        assert_eq!(cues(vtt), [cue(1000, 2250, "Hello &amp; bye")]);
        for junk in [
            "",
            "-->",
            "99999999999:00:00 --> 00:01",
            "00:02.000 --> 00:01.000\nbackwards",
            "\u{0}\u{0}",
        ] {
            assert_eq!(cues(junk), [], "{junk:?}");
        }
    }
}
