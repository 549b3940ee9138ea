//! What makes sense for translated subtitles.

use super::Check;
use crate::translation::Translation;
use crate::webhooks::Network;

/// The most languages.
const MAX_LANGUAGES: usize = 20;

pub(super) fn translation(check: &mut Check, translation: &Translation) {
    let url = &translation.url;
    let is_http = ["http://", "https://"].iter().any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|host| !host.is_empty())
    });
    if !url.is_empty() && !is_http {
        let message = "expected `http://…` or `https://…`, or nothing";
        check.report("url", message.to_owned());
    }
    let is_language = |tag: &String| {
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
        (2..=8).contains(&tag.len()) && tag.bytes().all(plain)
    };
    let count = translation.languages.len();
    if count > MAX_LANGUAGES || !translation.languages.iter().all(is_language) {
        let message =
            format!("expected at most {MAX_LANGUAGES} languages such as \"de\" and \"pt-BR\"");
        check.report("languages", message);
    }
    check.range("give_up_s", translation.give_up_s, 1..=600, " seconds");
    let mut networks = translation.allowed_networks.iter();
    if let Some(wrong) = networks.find_map(|n| n.parse::<Network>().err()) {
        check.report("allowed_networks", wrong);
    }
}
