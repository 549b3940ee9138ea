//! People are told by mail and by chat services: what they chose, once it can be delivered, as it was written.

use newsreel_model::job::JobState;
use serde_json::Value;

use crate::clip;
use crate::daemon::{Daemon, spec};
use crate::processes::until;
use crate::receiver::{Answer, Receiver};
use crate::sink::Sink;
use crate::support::turn;

/// Pauses between attempts that a test can wait for.
pub const FAST: [(&str, &str); 1] = [("NEWSREEL_FAULTS_WEBHOOK_MS", "50")];

fn mail(sink: &Sink) -> String {
    format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"Newsreel <newsreel@news.example>\"\n\
         [mail.to.desk]\naddresses = [\"desk@news.example\", \"Night <night@news.example>\"]\n\
         events = [\"job.completed\", \"job.failed\"]\n",
        sink.address.port()
    )
}

/// A job that cannot be completed.
pub fn bad(daemon: &Daemon, title: &str) -> newsreel_model::JobId {
    std::fs::write(daemon.path("in/text.mp4"), "no video").unwrap();
    let mut spec = spec(&daemon.path("in/text.mp4"), "story");
    spec.title = Some(title.to_owned());
    let job = daemon.submit(&spec);
    daemon.wait_for(job.id, JobState::Failed).id
}

pub fn endpoint(daemon: &Daemon, name: &str) -> Option<Value> {
    let all = daemon.ask("GET", "/v1/webhooks", None, None).unwrap();
    let mut all = all.as_array().unwrap().iter();
    all.find(|e| e["endpoint"] == name).cloned()
}

#[test]
fn mail_is_tried_until_the_server_takes_it_and_says_what_happened_to_which_story() {
    let _turn = turn();
    // Busy for two attempts, then it takes what comes, and refuses the fifth mail for good.
    let sink = Sink::start(|before| match before {
        0 | 1 => "451 busy",
        4 => "550 no such user",
        _ => "250 taken",
    });
    let daemon = Daemon::start_with(&mail(&sink), &FAST);
    let first = bad(&daemon, "Flood\nBcc: x@y.example");
    until("the first mail is taken", || sink.taken().len() == 1);
    let taken = &sink.taken()[0];
    assert_eq!(taken.to, ["desk@news.example", "night@news.example"]);
    let (head, text) = taken.text.split_once("\n\n").unwrap();
    assert!(
        head.contains("From: Newsreel <newsreel@news.example>"),
        "{head}"
    );
    assert!(
        head.contains("Subject: Newsreel: job.failed Flood Bcc: x@y.example"),
        "{head}"
    );
    assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
    assert!(
        text.contains("code: input_unreadable") && text.contains(&first.to_string()),
        "{text}"
    );
    let ids = |mails: &[crate::sink::Mail]| -> Vec<String> {
        let id = |m: &crate::sink::Mail| {
            m.text
                .lines()
                .find(|l| l.starts_with("Message-ID:"))
                .unwrap()
                .to_owned()
        };
        mails.iter().map(id).collect()
    };
    let attempts = ids(&sink.came());
    assert!(attempts.iter().all(|id| *id == attempts[0]), "{attempts:?}");

    let done = daemon.submit(&spec(&clip(2), "story"));
    daemon.wait_for(done.id, JobState::Completed);
    until("the second mail is taken", || sink.taken().len() == 2);
    assert!(
        sink.taken()[1]
            .text
            .contains(&format!("job.completed {}", done.id))
    );

    let third = bad(&daemon, "Fire");
    until("the third is given up", || {
        endpoint(&daemon, "mail:desk").is_some_and(|e| e["parked"] == 1)
    });
    let why = endpoint(&daemon, "mail:desk").unwrap()["last_error"].to_string();
    assert!(why.contains("550") && why.contains("no such user"), "{why}");
    let replay = daemon.ask("POST", "/v1/webhooks/replay?endpoint=mail:desk", None, None);
    assert_eq!(replay.unwrap()["replayed"], 1);
    until("it is taken after all", || sink.taken().len() == 3);
    assert!(sink.taken()[2].text.contains(&third.to_string()));
    until("nothing is left", || {
        endpoint(&daemon, "mail:desk").is_none()
    });
}

#[test]
fn a_chat_service_gets_its_body_and_a_template_that_was_put_right_is_tried_again() {
    let _turn = turn();
    let chat = Receiver::start(|_, before| Answer::Status(if before == 0 { 503 } else { 200 }));
    let settings = format!(
        "[messages.to.chat]\nurl = {:?}\nheaders = {{ Authorization = \"Bearer token\" }}\nevents = [\"job.failed\"]\n\
         body = '{{\"text\": {{{{ (type ~ \": \" ~ job.title)|tojson }}}}}}'\n\
         [messages.to.broken]\nurl = {:?}\nevents = [\"job.failed\"]\nbody = '{{{{ job.nothing.at.all }}}}'\n",
        chat.url(),
        chat.url(),
    );
    let daemon = Daemon::start_with(&settings, &FAST);
    bad(&daemon, "The \"Flood\"");
    until("the message is taken", || chat.taken().len() == 1);
    let taken = chat.taken();
    assert_eq!(taken[0].event()["text"], "job.failed: The \"Flood\"");
    assert_eq!(taken[0].authorization, "Bearer token");
    until("the broken one is given up", || {
        endpoint(&daemon, "message:broken").is_some_and(|e| e["parked"] == 1)
    });
    let why = endpoint(&daemon, "message:broken").unwrap()["last_error"].to_string();
    assert!(why.contains("template"), "{why}");

    let path = daemon.path("newsreel.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let better = text.replace(
        "{{ job.nothing.at.all }}",
        "{\"told\": {{ data.code|tojson }}}",
    );
    std::fs::write(&path, better).unwrap();
    until("it is put right", || {
        daemon.lines_with("configuration: messages.to.broken.body") == 1
    });
    // What tells receivers looks for another configuration now and then.
    until("it is taken after all", || {
        let replay = "/v1/webhooks/replay?endpoint=message:broken";
        daemon.ask("POST", replay, None, None).unwrap();
        chat.taken().len() == 2
    });
    assert_eq!(chat.taken()[1].event()["told"], "input_unreadable");
    let shown = daemon
        .ask("GET", "/v1/config", None, None)
        .unwrap()
        .to_string();
    assert!(
        !shown.contains("Bearer token") && !shown.contains(&chat.url()),
        "{shown}"
    );
}
