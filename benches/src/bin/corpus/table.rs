//! What came of all files, as Markdown and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::judge::Judged;

/// A row for each file, and a summary.
pub fn markdown(rows: &[(String, Judged)]) -> String {
    let mut out = String::from(
        "| file | outcome | made | ffmpeg | words |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, judged) in rows {
        let words = judged.words.replace('|', "\\|");
        let (short, made, plain) = (judged.short(), judged.made_s, judged.ffmpeg_s);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| {name} | {short} | {made:.1} s | {plain:.1} s | {words} |"
        );
    }
    let count = |which: &dyn Fn(&Judged) -> bool| rows.iter().filter(|(_, j)| which(j)).count();
    let _ = write!(
        out,
        "\n{} files: {} completed, {} refused; {} crashed or failed, {} hung, {} completed that are not sound, {} refused that \
         ffmpeg shows a second of.\n",
        rows.len(),
        count(&|j| j.exit == 0),
        count(&|j| is_refused(j)),
        count(&|j| j.exit > 0 && !is_refused(j)),
        count(&|j| j.exit == -1),
        count(&|j| j.exit == 0 && !j.wrong.is_empty()),
        count(&|j| is_refused(j) && !j.wrong.is_empty()),
    );
    out
}

fn is_refused(judged: &Judged) -> bool {
    matches!(judged.exit, 65 | 66)
}

/// An object with the file's name as key.
pub fn json(rows: &[(String, Judged)]) -> String {
    let all: BTreeMap<&str, &Judged> = rows.iter().map(|(n, j)| (n.as_str(), j)).collect();
    serde_json::to_string_pretty(&all).unwrap_or_default()
}
