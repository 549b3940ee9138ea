//! `--config`, `--profile`, `config check`, `config show` and `config diff`.

use std::fs;

use crate::support::made::Desk;
use crate::support::process::{newsreel, run};
use crate::support::turn;

#[test]
fn an_unknown_profile_is_78_and_the_known_ones_are_named() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 1);
    let out = desk.path("out");
    let ended = run(&mut desk.with_profile("nosuch", &clip, &out)).expect(78);
    let line = ended.one_line();
    for known in [
        "nosuch", "archive", "other", "preview", "small", "uhd", "vod", "web",
    ] {
        assert!(line.contains(known), "{known}: {line}");
    }
    assert!(!out.exists());
}

/// A wrong configuration, and the place and the words its error must show.
const WRONG: [(&str, &str, &str); 6] = [
    ("[profiles.a]\ncrf = 99\nrungs = [{}]\n", "2:7", "crf"),
    ("[profiles.a]\nrungs = []\n", "2:9", "rungs"),
    ("[cpu]\nruns = \"many\"\n", "2:8", "runs"),
    ("[cpu]\nspeed = 3\n", "2:1", "speed"),
    ("[cpu\nruns = 1\n", "1:5", "]"),
    ("[limits]\nmax_gap_s = -1.0\n", "2:13", "max_gap_s"),
];

#[test]
fn a_wrong_configuration_is_78_with_line_column_and_caret() {
    let _turn = turn();
    let desk = Desk::new();
    let clip = desk.clip("clip.mp4", 1);
    let out = desk.path("out");
    let path = desk.path("wrong.toml");
    for (text, place, word) in WRONG {
        fs::write(&path, text).unwrap();
        let mut transcode = newsreel(["transcode", "--out"]);
        transcode.arg(&out).arg(&clip).arg("--config").arg(&path);
        let mut check = newsreel(["config", "check"]);
        check.arg(&path);
        let mut show = newsreel(["config", "show", "--config"]);
        show.arg(&path);
        for command in [&mut transcode, &mut check, &mut show] {
            let ended = run(command).expect(78);
            let says = &ended.stderr;
            let at = format!("{}:{place}: ", path.display());
            assert!(
                says.starts_with("newsreel: ") && says.contains(&at),
                "{at}\n{says}"
            );
            assert!(says.contains(word), "{word}\n{says}");
            // Under the place in the line that is shown.
            let lines: Vec<&str> = says.lines().collect();
            let caret = lines.iter().position(|l| l.contains('^')).unwrap();
            let column: usize = place.split(':').nth(1).unwrap().parse().unwrap();
            let text_from = lines[caret - 1].find("| ").unwrap() + 2;
            assert_eq!(
                lines[caret].find('^'),
                Some(text_from + column - 1),
                "\n{says}"
            );
            assert!(!says.contains('\u{1b}'), "colours in a log");
            assert_eq!(ended.stdout, "");
        }
        assert!(!out.exists());
    }
    fs::remove_file(&path).unwrap();
    run(newsreel(["config", "check"]).arg(&path))
        .expect(78)
        .one_line();
    run(newsreel(["config", "check"]).arg(desk.path("")))
        .expect(78)
        .one_line();
    fs::write(&path, [0xFF, 0xFE, 0]).unwrap();
    let ended = run(newsreel(["config", "check"]).arg(&path)).expect(78);
    assert!(ended.stderr.contains("UTF-8"), "{}", ended.stderr);
}

#[test]
fn what_show_prints_is_a_configuration_with_the_same_meaning() {
    let _turn = turn();
    let desk = Desk::new();
    let mine = crate::support::made::config(&desk.path(""));
    for given in [None, Some(mine)] {
        let show = |path: Option<&std::path::Path>| {
            let mut command = newsreel(["config", "show"]);
            if let Some(path) = path {
                command.arg("--config").arg(path);
            }
            run(&mut command).expect(0).stdout
        };
        let shown = show(given.as_deref());
        assert!(shown.contains("max_gap_s") && shown.contains("[profiles.web"));
        assert_eq!(shown.contains("[profiles.small"), given.is_some());
        let back = desk.path("shown.toml");
        fs::write(&back, &shown).unwrap();
        let ended = run(newsreel(["config", "check"]).arg(&back)).expect(0);
        assert!(ended.stdout.contains("valid"), "{}", ended.stdout);
        assert_eq!(show(Some(&back)), shown);
    }
}

#[test]
fn the_reference_is_a_valid_configuration() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/newsreel.toml");
    let ended = run(&mut newsreel(["config", "check", reference])).expect(0);
    assert!(ended.stdout.contains("valid"));
    run(&mut newsreel(["config", "check"])).expect(0);
    run(&mut newsreel(["config", "check", "--config", reference])).expect(0);
}

#[test]
fn diff_says_what_would_change_and_what_needs_a_restart() {
    let desk = Desk::new();
    let (old, new) = (desk.path("old.toml"), desk.path("new.toml"));
    fs::write(&old, "[queue]\nmax_queued = 7\n").unwrap();
    fs::write(
        &new,
        "[queue]\nmax_queued = 8\n[storage]\ndata_dir = \"/d\"\n",
    )
    .unwrap();
    let mut command = newsreel(["config", "diff", "--config"]);
    let ended = run(command.arg(&old).arg(&new)).expect(0);
    assert_eq!(
        ended.stdout,
        "queue.max_queued: 7 → 8\nstorage.data_dir: \"newsreel-data\" → \"/d\" (needs a restart)\n"
    );
    let mut command = newsreel(["config", "diff", "--config"]);
    let same = run(command.arg(&old).arg(&old)).expect(0);
    assert_eq!(same.stdout, "nothing would change\n");
    fs::write(&new, "[queue]\nmax_queued = 0\n").unwrap();
    let wrong = run(newsreel(["config", "diff"]).arg(&new)).expect(78);
    assert!(wrong.stderr.contains("new.toml:2:14: "), "{}", wrong.stderr);
}
