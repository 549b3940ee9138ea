//! Object stores in the configuration: what is refused, at which line, and that a secret is never shown.

use newsreel_config::Config;

const STORE: &str = "[storage.s3.archive]\nendpoint = \"https://s3.example\"\n";

fn refused(keys: &str) -> String {
    let text = format!("{STORE}{keys}");
    Config::parse(&text, "n.toml").map_or_else(|e| e.to_string(), |_| "accepted".to_owned())
}

#[test]
fn a_store_says_where_its_credentials_come_from_and_shows_no_secret() {
    let text = format!("{STORE}buckets = [\"b\"]\nkey = \"id\"\nsecret = \"hunter2\"\n");
    let config = Config::parse(&text, "n.toml").unwrap();
    assert_eq!(config.storage.s3["archive"].secret.reveal(), "hunter2");
    assert!(!config.to_toml().unwrap().contains("hunter2"));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (keys, named) in [
        ("buckets = [\"b\"]\nsecret = \"s\"\n", "`key_env`"),
        ("buckets = [\"b\"]\nkey = \"k\"\n", "`secret_file`"),
        (
            "buckets = [\"b\"]\nkey = \"k\"\nkey_env = \"K\"\nsecret = \"s\"\n",
            "found 2",
        ),
        ("buckets = []\nkey = \"k\"\nsecret = \"s\"\n", "buckets"),
        (
            "buckets = [\"b/../c\"]\nkey = \"k\"\nsecret = \"s\"\n",
            "b/../c",
        ),
        (
            "buckets = [\"b\"]\nkey = \"k\"\nsecret = \"s\"\nallowed_networks = [\"10\"]\n",
            "network",
        ),
        (
            "buckets = [\"b\"]\nkey = \"k\"\nsecret = \"s\"\ngive_up_s = 0\n",
            "give_up_s",
        ),
        ("key = \"k\"\nsecret = \"s\"\n", "buckets"),
    ] {
        let words = refused(keys);
        assert!(words.contains(named), "{words}");
    }
}
