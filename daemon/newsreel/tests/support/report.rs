//! What a job's report says of who made it. Not whether that is right.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// A job's `report.json`.
pub fn report(out: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap()
}

/// Who made how many segments, by rung.
pub fn makers(out: &Path) -> BTreeMap<String, BTreeMap<String, u64>> {
    let rungs = report(out)["rungs"].as_array().unwrap().clone();
    let one = |rung: Value| {
        let makers = rung["made_by"].as_object().unwrap().iter();
        let makers = makers.map(|(name, count)| (name.clone(), count.as_u64().unwrap()));
        (rung["name"].as_str().unwrap().to_owned(), makers.collect())
    };
    rungs.into_iter().map(one).collect()
}

/// Every maker of any rung.
pub fn all_makers(out: &Path) -> Vec<String> {
    let mut all: Vec<String> = makers(out)
        .into_values()
        .flat_map(BTreeMap::into_keys)
        .collect();
    all.sort();
    all.dedup();
    all
}

/// `from to code` of each time work left a device.
pub fn fallbacks(out: &Path) -> Vec<String> {
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    let line = |f: &Value| {
        format!(
            "{} {} {}",
            word(&f["from"]),
            word(&f["to"]),
            word(&f["code"])
        )
    };
    let report = report(out);
    report["fallbacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect()
}
