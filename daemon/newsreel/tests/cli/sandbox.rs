//! What a worker may not do, tried from inside one.

use crate::support::process::{newsreel, run};

#[test]
fn a_worker_reaches_no_file_no_network_and_no_program() {
    let ended = run(&mut newsreel(["worker", "--check"]));
    if ended.stderr.contains("not enforced") {
        eprintln!(
            "\n!!!!!!!! this kernel does not enforce the whole sandbox, so it was not tested:\n{}",
            ended.stderr
        );
        return;
    }
    let ended = ended.expect(0);
    assert!(ended.stdout.lines().count() >= 12, "{}", ended.stdout);
    assert!(
        ended.stdout.lines().all(|l| l.contains("\"refused\":true")),
        "{}",
        ended.stdout
    );
}
