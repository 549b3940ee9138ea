//! Subtitles in further languages by a translator of the configuration: there when the job is complete, and a translator that is
//! away or slow costs nothing but them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use newsreel_model::job::{JobState, layout};
use newsreel_model::spec::SubtitleSpec;
use serde_json::{Value, json};
use url::Url;

use crate::daemon::{Daemon, dir, spec};
use crate::support::turn;
use crate::{clip, sound};

const SAID: &str = "1\n00:00:00,500 --> 00:00:01,000\n<i>Good evening</i>\n\n2\n00:00:01,200 --> 00:00:01,900\nTom & Jerry\n";

/// A server that answers each text with the language in front, after `pause`; of French it knows nothing.
fn translator(pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                let mut length = 0;
                while reader.read_line(&mut line).unwrap() > 2 {
                    let lower = line.to_lowercase();
                    if let Some(number) = lower.strip_prefix("content-length:") {
                        length = number.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let asked: Value = serde_json::from_slice(&body).unwrap();
                assert_eq!(asked["api_key"], "let me in");
                std::thread::sleep(pause);
                let language = asked["target"].as_str().unwrap().to_owned();
                let texts = asked["q"].as_array().unwrap().iter();
                let said =
                    |t: &Value| format!("{language}: {}\n\n00:00 --> x", t.as_str().unwrap());
                let answer = json!({ "translatedText": texts.map(said).collect::<Vec<_>>() });
                let (status, answer) = match language.as_str() {
                    "fr" => ("400 Bad Request", json!({ "error": "unknown" }).to_string()),
                    _ => ("200 OK", answer.to_string()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    answer.len()
                );
                // Whoever gave up does not listen any more.
                let _ = stream.write_all(&[head, answer].concat().into_bytes());
            });
        }
    });
    url
}

fn settings(url: &str, languages: &str, more: &str) -> String {
    format!(
        "[translation]\nurl = {url:?}\nsecret = \"let me in\"\nlanguages = [{languages}]\n{more}\n"
    )
}

/// A job with English subtitles under these settings: its directory, and the codes it warns of.
fn made(daemon: &Daemon) -> (std::path::PathBuf, Vec<String>) {
    let path = daemon.path("in/en.srt");
    fs::write(&path, SAID).unwrap();
    let mut asked = spec(&clip(2), "story");
    asked.subtitles = vec![SubtitleSpec {
        url: Url::from_file_path(path).unwrap().to_string(),
        language: "en".to_owned(),
    }];
    let job = daemon.submit(&asked);
    let job = daemon.wait_for(job.id, JobState::Completed);
    sound(&dir(&job));
    let codes = job.warnings.iter().map(|w| w.code.clone()).collect();
    (dir(&job), codes)
}

const HERE: &str = "allowed_networks = [\"127.0.0.1\"]";

#[test]
fn subtitles_come_in_the_languages_that_are_missing() {
    let _turn = turn();
    let url = translator(Duration::ZERO);
    let languages = "\"de\", \"en\", \"pt-BR\", \"fr\"";
    let daemon = Daemon::start(&settings(&url, languages, HERE));
    let (dir, warned) = made(&daemon);
    for language in ["de", "pt-BR"] {
        let track = dir.join(layout::subtitle_dir(&language.to_lowercase()));
        let text = fs::read_to_string(track.join(layout::SUBTITLES_WHOLE)).unwrap();
        assert!(text.contains("00:00:00.500 --> 00:00:01.000\n"), "{text}");
        assert!(
            text.contains(&format!("{language}: <i>Good evening</i>")),
            "{text}"
        );
        assert!(text.contains("Tom &amp; Jerry"), "{text}");
        assert_eq!(
            text.matches("-->").count(),
            2,
            "what it says is no cue: {text}"
        );
        assert!(track.join(layout::INDEX).exists());
    }
    let master = fs::read_to_string(dir.join(layout::MASTER)).unwrap();
    assert!(
        master.contains("LANGUAGE=\"de\"") && master.contains("subs/pt-br/"),
        "{master}"
    );
    // The last one it does not know.
    assert!(!dir.join(layout::subtitle_dir("fr")).exists());
    assert_eq!(warned, ["subtitles_not_translated"]);
}

#[test]
fn a_translator_that_is_away_slow_or_not_allowed_costs_nothing_but_translations() {
    let _turn = turn();
    let slow = translator(Duration::from_secs(600));
    let away = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let soon = format!("give_up_s = 1\n{HERE}");
    for (url, more) in [(&slow, soon.as_str()), (&away, HERE), (&slow, "")] {
        let daemon = Daemon::start(&settings(url, "\"de\"", more));
        let (dir, warned) = made(&daemon);
        assert_eq!(warned, ["subtitles_not_translated"]);
        assert!(dir.join(layout::subtitle_dir("en")).exists());
        assert!(!dir.join(layout::subtitle_dir("de")).exists());
    }
}
