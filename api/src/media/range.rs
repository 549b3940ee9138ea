//! Which part of a file is asked for. Not here: whether the part is still of the same file (`validators`).

/// What of a file to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// This part.
    Part {
        /// First byte.
        start: u64,
        /// Bytes, 1 or more.
        len: u64,
    },
    /// A part that begins at or after the end.
    Beyond,
}

/// Reads a `Range` header for a file of `total` bytes.
///
/// Several ranges, other units and what is not well-formed get the whole file, as RFC 9110 section 14.2 allows: a list of
/// small ranges must not cost more than the file.
pub(super) fn wanted(header: &str, total: u64) -> Wanted {
    match parse(header) {
        None => Wanted::Whole,
        Some((None, last)) => match last.min(total) {
            0 => Wanted::Beyond,
            len => Wanted::Part {
                start: total - len,
                len,
            },
        },
        Some((Some(start), last)) => match last.min(total.saturating_sub(1)) {
            last if start < total => Wanted::Part {
                start,
                len: last - start + 1,
            },
            _ => Wanted::Beyond,
        },
    }
}

/// `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`, as first and last, or none and count.
fn parse(header: &str) -> Option<(Option<u64>, u64)> {
    let (unit, range) = header.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    match (first, last) {
        ("", count) => Some((None, number(count)?)),
        (first, "") => Some((Some(number(first)?), u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some((Some(first), last))
        }
    }
}

/// A number of digits; one too large to count is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(start: u64, len: u64) -> Wanted {
        Wanted::Part { start, len }
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (header, found) in [
            ("bytes=0-0", part(0, 1)),
            ("bytes=0-9", part(0, 10)),
            ("bytes=3-5", part(3, 3)),
            ("bytes=5-", part(5, 5)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-30", part(0, 10)),
            ("bytes=9-99999999999999999999999", part(9, 1)),
            ("Bytes= 2-2 ", part(2, 1)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=10-12", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=99999999999999999999999-", Wanted::Beyond),
        ] {
            assert_eq!(wanted(header, 10), found, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Beyond);
        assert_eq!(wanted("bytes=-1", 0), Wanted::Beyond);
        assert_eq!(wanted("bytes=0-", u64::MAX), part(0, u64::MAX));
    }

    #[test]
    fn what_is_no_single_range_is_the_whole() {
        for header in [
            "bytes=0-1,3-4",
            "bytes=5-3",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=--1",
            "lines=1-2",
            "",
        ] {
            assert_eq!(wanted(header, 10), Wanted::Whole, "{header}");
        }
    }
}
