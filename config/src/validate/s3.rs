//! What makes sense for object stores.

use std::collections::BTreeMap;

use newsreel_model::access::is_tenant;
use newsreel_model::webhook::Notification;

use super::notices::receiver_name;
use super::{Check, Point};
use crate::s3::S3Store;
use crate::webhooks::Network;

/// The most stores.
const MAX_STORES: usize = 100;
/// The most buckets of one.
const MAX_BUCKETS: usize = 1000;

pub(super) fn stores(check: &mut Check, stores: &BTreeMap<String, S3Store>) {
    let count = stores.len();
    if count > MAX_STORES {
        let message = format!("there are {count} stores; expected at most {MAX_STORES}");
        check.report("s3", message).point = Point::Key;
        return;
    }
    check.within("s3", |check| {
        for (name, store) in stores {
            receiver_name(check, name);
            check.within(name, |check| one(check, store));
        }
    });
}

fn one(check: &mut Check, store: &S3Store) {
    let address = Notification {
        url: store.endpoint.clone(),
        events: Vec::new(),
    };
    if !store.endpoint.is_empty() && address.check("endpoint").is_err() {
        let message = format!(
            "`{}` is no address, expected one such as https://s3.example:9000 without a key in it",
            store.endpoint
        );
        check.report("endpoint", message);
    }
    let buckets = &store.buckets;
    let wrong = buckets.iter().find(|bucket| !is_place(bucket));
    if buckets.is_empty() || buckets.len() > MAX_BUCKETS {
        let message = format!("expected 1–{MAX_BUCKETS} buckets");
        check.report("buckets", message);
    } else if let Some(wrong) = wrong {
        let message =
            format!("`{wrong}` is no bucket, expected one such as stories or rushes/incoming");
        check.report("buckets", message);
    }
    let region = &store.region;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if region.is_empty() || region.len() > 64 || !region.chars().all(plain) {
        let message = format!("`{region}` is no region, expected one such as eu-central-1");
        check.report("region", message);
    }
    source(check, "key", [&store.key, &store.key_env, &store.key_file]);
    let secret = store.secret.reveal();
    source(
        check,
        "secret",
        [secret, &store.secret_env, &store.secret_file],
    );
    let mut networks = store.allowed_networks.iter();
    if let Some(wrong) = networks.find_map(|n| n.parse::<Network>().err()) {
        check.report("allowed_networks", wrong);
    }
    if store.tenants.iter().any(|tenant| !is_tenant(tenant)) {
        let message = "expected tenants of 1–64 characters of a–z, 0–9, `-` and `_`";
        check.report("tenants", message.to_owned());
    }
    check.range("give_up_s", store.give_up_s, 1..=604_800, " seconds");
}

/// One of three places is where a credential comes from.
fn source(check: &mut Check, name: &str, places: [&str; 3]) {
    let given = places.iter().filter(|place| !place.is_empty()).count();
    if given != 1 {
        let message =
            format!("expected one of `{name}`, `{name}_env` and `{name}_file`, found {given}");
        check.report(name, message).stand_in = Some("buckets");
    }
}

/// Whether a text is a bucket's name, alone or with a prefix.
fn is_place(text: &str) -> bool {
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let prefix = prefix.trim_end_matches('/');
    let named = |part: &str| !part.is_empty() && part != "." && part != "..";
    (1..=63).contains(&bucket.len())
        && bucket.chars().all(plain)
        && prefix.len() <= 900
        && (prefix.is_empty() || prefix.split('/').all(named))
}
