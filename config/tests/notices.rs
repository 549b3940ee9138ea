//! Errors in the receivers of mail and messages, at their places; and what they may be.
#![allow(clippy::unwrap_used, reason = "tests")]

use newsreel_config::Config;

const MAIL: &str =
    "[mail]\nserver = \"mail.example\"\nfrom = \"Newsreel <newsreel@news.example>\"\n";
const CHAT: &str =
    "[messages.to.chat]\nurl = \"https://chat.example/T/1\"\nevents = [\"job.failed\"]\n";

#[test]
fn what_the_reference_shows_is_accepted() {
    let desk = "[mail.to.desk]\naddresses = [\"desk@news.example\"]\nevents = [\"job.failed\", \"device.quarantined\"]\n";
    let body = "body = '{\"text\": {{ (type ~ \": \" ~ (job.title or job.id))|tojson }}}'\n";
    Config::parse(&format!("{MAIL}{desk}{CHAT}{body}"), "n.toml").unwrap();
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let to = |rest: &str| format!("{MAIL}[mail.to.desk]\n{rest}");
    let chat = |rest: &str| format!("{CHAT}{rest}");
    for (text, place, words) in [
        ("[mail]\nserver = \"mail.example\"\n".to_owned(), "1:1", "is no address"),
        ("[mail]\nserver = \"mail example\"\nfrom = \"a@b\"\n".to_owned(), "2:10", "without its port"),
        ("[mail]\nsecurity = \"ssl\"\n".to_owned(), "2:12", "starttls"),
        ("[mail]\nsubject = \"{{ type\"\n".to_owned(), "2:11", "cannot be read"),
        (to("addresses = []\nevents = [\"job.failed\"]\n"), "5:13", "expected 1–50"),
        (to("addresses = [\"desk\"]\nevents = [\"job.failed\"]\n"), "5:13", "`desk` is no mail address"),
        (to("addresses = [\"a@b.example\\r\\nBcc: c@d.example\"]\nevents = [\"job.failed\"]\n"), "5:13", "is no mail address"),
        (to("addresses = [\"a@b.example\"]\nevents = []\n"), "6:10", "names no event"),
        (to("addresses = [\"a@b.example\"]\nevents = [\"job.done\"]\n"), "6:10", "`job.done`"),
        (chat("body = \"{% if %}\"\n"), "4:8", "cannot be read"),
        (chat("body = \"\"\nheaders = { \"A b\" = \"c\" }\n"), "5:11", "is no header"),
        ("[messages.to.\"A b\"]\nurl = \"https://chat.example/\"\nbody = \"\"\nevents = [\"job.failed\"]\n".to_owned(), "1:14", "is no name"),
        ("[messages.to.chat]\nurl = \"chat.example\"\nbody = \"\"\nevents = [\"job.failed\"]\n".to_owned(), "2:7", "expected http"),
    ] {
        let error = Config::parse(&text, "n.toml").unwrap_err().to_string();
        assert!(error.contains(&format!("n.toml:{place}: ")), "{place} of\n{text}\n{error}");
        assert!(error.contains(words), "{words}\n{error}");
    }
}

#[test]
fn no_error_shows_a_secret() {
    for (line, shown) in [
        (
            "webhooks.endpoints.cms.secret = \"whsec_mine\"",
            "secret = \"••••••••••\"",
        ),
        ("mail.password = mine", "password = ••••"),
        (
            "mail = { password = \"mine\", port = 0 }",
            "password = \"••••\", •••• = •",
        ),
        (
            "messages.to.chat.headers = { Authorization = \"mine\" }",
            "•••••",
        ),
        (
            "messages.to.chat.url = \"https://chat.example/mine\"",
            "https://chat.example/••••\"",
        ),
    ] {
        let error = Config::parse(line, "n.toml").unwrap_err().to_string();
        assert!(error.contains(shown), "{shown} of\n{error}");
        assert!(!error.contains("mine"), "{error}");
    }
}
