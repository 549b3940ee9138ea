//! Every number's range: its ends are accepted, what is beyond them is not, and the reference file states it.

use newsreel_config::{Config, REFERENCE};

/// `table.key`, the lowest and highest value, one value below and one above.
type Row = (&'static str, &'static str, &'static str, [&'static str; 2]);

const ROWS: &[Row] = &[
    ("access.requests_per_s", "1", "100000", ["0", "100001"]),
    ("access.burst", "1", "100000", ["0", "100001"]),
    ("access.access_token_s", "10", "86400", ["9", "86401"]),
    (
        "access.refresh_token_s",
        "60",
        "31536000",
        ["59", "31536001"],
    ),
    ("access.cookie_s", "60", "2592000", ["59", "2592001"]),
    ("mail.port", "1", "65535", ["0", "65536"]),
    ("retention.days", "0", "36500", ["-1", "36501"]),
    ("uploads.max_mib", "1", "10000000", ["0", "10000001"]),
    (
        "uploads.tenant_mib",
        "1",
        "10000000000",
        ["0", "10000000001"],
    ),
    ("uploads.tenant_count", "1", "100000", ["0", "100001"]),
    ("uploads.keep_h", "1", "8760", ["0", "8761"]),
    ("translation.give_up_s", "1", "600", ["0", "601"]),
    ("uploads.early", "0", "64", ["-1", "65"]),
    ("uploads.early_stall_s", "1", "3600", ["0", "3601"]),
    ("remote.max_mib", "1", "10000000", ["0", "10000001"]),
    ("remote.at_once", "1", "64", ["0", "65"]),
    ("remote.tries", "1", "100", ["0", "101"]),
    ("watch.settle_s", "1", "3600", ["0", "3601"]),
    (
        "retention.max_mib",
        "0",
        "10000000000",
        ["-1", "10000000001"],
    ),
    ("cpu.runs", "0", "64", ["-1", "65"]),
    ("cpu.threads_per_encoder", "0", "64", ["-1", "65"]),
    (
        "limits.max_input_frames",
        "1",
        "100000000",
        ["0", "100000001"],
    ),
    (
        "limits.max_duration_s",
        "1",
        "604800",
        ["0.99", "604800.01"],
    ),
    ("limits.max_gap_s", "0.1", "3600", ["0.09", "inf"]),
    ("limits.lead_in_packets", "1", "1000000", ["0", "1000001"]),
    ("profiles.web.crf", "0", "51", ["-1", "52"]),
    ("profiles.web.segment_s", "1", "30", ["0.99", "30.01"]),
    (
        "profiles.web.audio.bitrate_kbps",
        "16",
        "512",
        ["15", "513"],
    ),
    ("profiles.web.audio.max_channels", "1", "2", ["0", "3"]),
    ("profiles.web.thumbnails.count", "0", "100", ["-1", "101"]),
    (
        "profiles.web.thumbnails.width_px",
        "16",
        "4096",
        ["15", "4097"],
    ),
    (
        "profiles.web.thumbnails.storyboard_tiles",
        "0",
        "400",
        ["-1", "401"],
    ),
    (
        "profiles.web.thumbnails.storyboard_tile_width_px",
        "16",
        "640",
        ["15", "641"],
    ),
    ("short_side_px", "16", "8192", ["15", "8193"]),
    ("bitrate_kbps", "16", "400000", ["15", "400001"]),
];

/// A file with one value set.
fn file(key: &str, value: &str) -> String {
    let rung = match key {
        "short_side_px" => format!("{{ short_side_px = {value}, bitrate_kbps = 500 }}"),
        "bitrate_kbps" => format!("{{ bitrate_kbps = {value} }}"),
        _ => "{ bitrate_kbps = 500 }".to_owned(),
    };
    let mut text = format!("profiles.web.rungs = [{rung}]\n");
    if key.contains('.') {
        text += &format!("{key} = {value}\n");
    }
    if key.ends_with(".segment_s") {
        text += "profiles.web.first_segment_s = 1\n";
    }
    text
}

#[test]
fn ends_are_in_and_beyond_is_out() {
    for (key, low, high, beyond) in ROWS {
        for value in [low, high] {
            let parsed = Config::parse(&file(key, value), "n.toml");
            assert!(parsed.is_ok(), "{key} = {value}: {}", parsed.unwrap_err());
        }
        for value in beyond {
            let parsed = Config::parse(&file(key, value), "n.toml");
            assert!(parsed.is_err(), "{key} = {value} was accepted");
        }
    }
}

#[test]
fn the_reference_states_them() {
    for (path, low, high, _) in ROWS {
        let (table, key) = path.rsplit_once('.').unwrap_or(("profiles.web", path));
        let stated = format!("{}–{}", grouped(low), grouped(high));
        let header = format!("[{table}]\n");
        let section = REFERENCE.split_once(&header).unwrap().1;
        let section = section.split("\n[").next().unwrap();
        let paragraph = section
            .split("\n\n")
            .find(|paragraph| {
                paragraph.contains(&format!("#{key} = "))
                    || paragraph.contains(&format!("# `{key}`: "))
            })
            .unwrap_or_else(|| panic!("{path} is not explained"));
        assert!(
            paragraph.contains(&stated),
            "{path}: {stated} is not in\n{paragraph}"
        );
    }
}

#[test]
fn a_price_is_no_less_than_nothing() {
    for (price, good) in [
        ("0", true),
        ("1000000", true),
        ("-0.1", false),
        ("nan", false),
    ] {
        let text = format!("[prices.per_hour]\n\"cuda:0\" = {price}\n");
        assert_eq!(Config::parse(&text, "n.toml").is_ok(), good, "{price}");
    }
}

/// `1000000` as `1,000,000`.
fn grouped(number: &str) -> String {
    let mut out = String::new();
    for (index, digit) in number.chars().enumerate() {
        if index > 0 && (number.len() - index).is_multiple_of(3) && !number.contains('.') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
