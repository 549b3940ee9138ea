//! `newsreel.toml` is the whole reference: every key there is, with its true default, and none that is not.

use std::collections::BTreeSet;

use newsreel_config::{
    Access, Config, Cpu, Devices, Jwt, Limits, Mail, Messages, Prices, Queue, REFERENCE, Remote,
    Retention, Server, Storage, Traces, Translation, Uploads, Watch, Webhooks, Worker,
};
use newsreel_model::profile::{
    AudioSpec, Profile, RateControl, RungSpec, ThumbnailSpec, VideoCodec,
};
use serde::de::value::Error as ValueError;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use toml::{Table, Value};

/// Asks a struct for its keys: that is what it hands to a deserializer.
struct Keys<'a>(&'a mut BTreeSet<String>);

impl<'de> Deserializer<'de> for Keys<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ValueError> {
        Err(ValueError::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ValueError> {
        self.0.extend(fields.iter().map(|&field| field.to_owned()));
        Err(ValueError::custom("only the keys are wanted"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<T: DeserializeOwned>() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    assert!(T::deserialize(Keys(&mut keys)).is_err());
    assert!(!keys.is_empty());
    keys
}

/// The reference with the `#` of every commented default taken away.
fn uncommented() -> String {
    let mut text = String::new();
    for line in REFERENCE.lines() {
        let default = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        text += default.unwrap_or(line);
        text.push('\n');
    }
    text
}

fn keys<'a>(tables: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let tables = tables.into_iter().filter_map(Value::as_table);
    tables.flat_map(Table::keys).cloned().collect()
}

#[test]
fn every_key_is_in_it_and_no_other() {
    let file: Table = uncommented().parse().unwrap();
    let all: Table = Config::default().to_toml().unwrap().parse().unwrap();
    assert_eq!(
        keys([&Value::Table(file.clone())]),
        keys([&Value::Table(all)])
    );
    assert_eq!(keys([&file["server"]]), keys_of::<Server>());
    assert_eq!(keys([&file["access"]]), keys_of::<Access>());
    assert_eq!(keys([&file["access"]["jwt"]]), keys_of::<Jwt>());
    assert_eq!(keys([&file["storage"]]), keys_of::<Storage>());
    assert_eq!(keys([&file["uploads"]]), keys_of::<Uploads>());
    assert_eq!(keys([&file["remote"]]), keys_of::<Remote>());
    assert_eq!(keys([&file["watch"]]), keys_of::<Watch>());
    assert_eq!(keys([&file["queue"]]), keys_of::<Queue>());
    assert_eq!(keys([&file["worker"]]), keys_of::<Worker>());
    assert_eq!(keys([&file["devices"]]), keys_of::<Devices>());
    assert_eq!(keys([&file["webhooks"]]), keys_of::<Webhooks>());
    assert_eq!(keys([&file["mail"]]), keys_of::<Mail>());
    assert_eq!(keys([&file["messages"]]), keys_of::<Messages>());
    assert_eq!(keys([&file["retention"]]), keys_of::<Retention>());
    assert_eq!(keys([&file["prices"]]), keys_of::<Prices>());
    assert_eq!(keys([&file["traces"]]), keys_of::<Traces>());
    assert_eq!(keys([&file["translation"]]), keys_of::<Translation>());
    assert_eq!(keys([&file["cpu"]]), keys_of::<Cpu>());
    assert_eq!(keys([&file["limits"]]), keys_of::<Limits>());

    let profiles: Vec<&Value> = file["profiles"].as_table().unwrap().values().collect();
    assert_eq!(keys(profiles.iter().copied()), keys_of::<Profile>());
    let inner = |name: &str| {
        profiles
            .iter()
            .filter_map(|profile| profile.get(name))
            .collect::<Vec<_>>()
    };
    let rungs = inner("rungs");
    let rungs = rungs.iter().flat_map(|rungs| rungs.as_array().unwrap());
    assert_eq!(keys(rungs), keys_of::<RungSpec>());
    assert_eq!(keys(inner("audio")), keys_of::<AudioSpec>());
    assert_eq!(keys(inner("thumbnails")), keys_of::<ThumbnailSpec>());
    for (name, value) in profiles
        .iter()
        .flat_map(|profile| profile.as_table().unwrap())
    {
        let known = ["audio", "thumbnails", "rungs"].contains(&name.as_str());
        assert!(
            known || !(value.is_table() || value.is_array()),
            "{name}: compare its keys above"
        );
    }
    // One profile shows them all; `preset`, which has no default, is explained in it.
    let mut web = keys([&file["profiles"]["web"]]);
    web.insert("preset".to_owned());
    assert_eq!(web, keys_of::<Profile>());
    assert!(REFERENCE.contains("\n# `preset` is "));
}

#[test]
fn the_defaults_in_it_are_the_defaults() {
    assert_eq!(
        Config::parse(REFERENCE, "newsreel.toml").unwrap(),
        Config::default()
    );
    assert_ne!(uncommented(), format!("{REFERENCE}\n"));
    assert_eq!(
        Config::parse(&uncommented(), "newsreel.toml").unwrap(),
        Config::default()
    );
    assert_eq!(
        Config::parse("", "newsreel.toml").unwrap(),
        Config::default()
    );
}

#[test]
fn every_key_is_explained_above_it() {
    let (shown, _) = REFERENCE.split_once("# `vod`").unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    for pair in lines.windows(2) {
        let key = pair[1].trim_start_matches('#');
        if key.starts_with(|c: char| c.is_ascii_lowercase()) {
            assert!(pair[0].starts_with("# "), "{} is not explained", pair[1]);
        }
    }
}

#[test]
fn built_in_profiles() {
    let config = Config::default();
    let ladder = |name: &str| -> Vec<_> {
        let rungs = &config.profile(name).unwrap().rungs;
        rungs
            .iter()
            .map(|rung| {
                (
                    rung.short_side_px.unwrap_or(0),
                    rung.bitrate_kbps.unwrap_or(0),
                )
            })
            .collect()
    };
    assert_eq!(
        ladder("web"),
        [
            (1080, 5000),
            (720, 2800),
            (480, 1400),
            (360, 800),
            (240, 400)
        ]
    );
    assert_eq!(ladder("vod"), [(720, 2400), (480, 1200), (360, 800)]);
    assert_eq!(ladder("preview"), [(240, 400)]);
    assert_eq!(
        ladder("uhd"),
        [
            (2160, 16_000),
            (1440, 9000),
            (1080, 5500),
            (720, 3000),
            (480, 1500),
            (360, 800)
        ]
    );
    assert_eq!(ladder("archive"), [(0, 0)]);
    let shape = |name: &str| {
        let profile = config.profile(name).unwrap();
        (
            profile.codec,
            profile.rate_control,
            profile.crf,
            profile.preset.as_deref(),
        )
    };
    assert_eq!(
        shape("web"),
        (VideoCodec::H264, RateControl::CappedCrf, 23, None)
    );
    assert_eq!(
        shape("vod"),
        (VideoCodec::H264, RateControl::Average, 23, None)
    );
    assert_eq!(
        shape("preview"),
        (
            VideoCodec::H264,
            RateControl::CappedCrf,
            23,
            Some("ultrafast")
        )
    );
    assert_eq!(
        shape("uhd"),
        (VideoCodec::Hevc, RateControl::CappedCrf, 24, None)
    );
    assert_eq!(
        shape("archive"),
        (VideoCodec::H264, RateControl::Crf, 18, Some("medium"))
    );
    assert_eq!(config.profiles.len(), 5);
    let err = config.profile("wbe").unwrap_err();
    assert_eq!(
        err.message(),
        "there is no profile `wbe`; there is archive, preview, uhd, vod, web"
    );
}

#[test]
fn a_file_replaces_a_built_in_profile_as_a_whole() {
    let text = "[profiles.archive]\nrungs = [{ bitrate_kbps = 700 }]\n[cpu]\nruns = 3\n";
    let config = Config::parse(text, "n.toml").unwrap();
    let archive = config.profile("archive").unwrap();
    assert_eq!(
        (archive.crf, &archive.preset, archive.rate_control),
        (23, &None, RateControl::CappedCrf)
    );
    assert_eq!(config.profiles["web"], Config::default().profiles["web"]);
    assert_eq!((config.cpu.runs, config.cpu.threads_per_encoder), (3, 0));
    assert_eq!(config.limits, Limits::default());
}
