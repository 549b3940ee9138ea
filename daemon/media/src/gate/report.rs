//! What the gate found, and how it is said. Not here: looking for it.

use std::collections::BTreeSet;
use std::fmt;

use newsreel_model::{Code, Error, Result};
use serde::{Deserialize, Serialize};

/// The most failures that are kept; the rest are counted.
pub const MAX_FAILURES: usize = 100;

/// The most failures that are put into words for the user.
const MAX_SAID: usize = 5;

/// What was looked at when a failure was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A file of the plan or the journal is not there.
    FileMissing,
    /// A file has another length than the journal says.
    FileLength,
    /// A file has other bytes than the journal says.
    FileHash,
    /// A file is there but cannot be read, or a segment's boxes make no sense.
    Unreadable,
    /// The plan promises a file that the journal does not list.
    JournalIncomplete,
    /// A segment has another number of frames or access units than it should.
    FrameCount,
    /// A segment does not start with its only key frame, shown first.
    KeyFrames,
    /// A segment is not where and as long as the grid says, or not the one its number says.
    SegmentTimes,
    /// A rung shows its frames at other times than the rungs before it.
    RungsDiffer,
    /// An init segment or an MP4 describes its samples in another way than planned.
    ParameterSets,
    /// A media playlist does not say what is in the boxes.
    PlaylistDurations,
    /// The multivariant playlist does not list what there is.
    MasterPlaylist,
    /// The DASH manifest does not say what is in the boxes.
    Manifest,
    /// Sound and picture do not start, go on and end together.
    AvOffset,
    /// Subtitles are not cut along the grid, or not the same in all their files.
    Subtitles,
    /// An MP4 does not hold the frames of its segments, playable from the start.
    Mp4Frames,
}

impl Check {
    /// The stable name used in every output, for example `frame_count`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FileMissing => "file_missing",
            Self::FileLength => "file_length",
            Self::FileHash => "file_hash",
            Self::Unreadable => "unreadable",
            Self::JournalIncomplete => "journal_incomplete",
            Self::FrameCount => "frame_count",
            Self::KeyFrames => "key_frames",
            Self::SegmentTimes => "segment_times",
            Self::RungsDiffer => "rungs_differ",
            Self::ParameterSets => "parameter_sets",
            Self::PlaylistDurations => "playlist_durations",
            Self::MasterPlaylist => "master_playlist",
            Self::Manifest => "manifest",
            Self::AvOffset => "av_offset",
            Self::Subtitles => "subtitles",
            Self::Mp4Frames => "mp4_frames",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is not as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What was looked at.
    pub check: Check,
    /// The file, relative to the job's directory.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.path, self.message, self.check)
    }
}

/// The outcome of the gate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// Everything that is not as planned, up to [`MAX_FAILURES`].
    pub failures: Vec<Failure>,
    /// Failures beyond those.
    pub unrecorded: usize,
    /// Files of the journal that were read and hashed.
    pub checked_files: usize,
    /// Segments whose boxes were read.
    pub checked_segments: usize,
}

impl GateReport {
    /// Whether the job is what was planned.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// Which checks failed.
    #[must_use]
    pub fn failed_checks(&self) -> BTreeSet<Check> {
        self.failures.iter().map(|f| f.check).collect()
    }

    /// Nothing, when the job is what was planned.
    ///
    /// # Errors
    /// [`Code::GateFailed`] with the first failures in words, and all recorded ones in the detail.
    pub fn into_result(self) -> Result<()> {
        if self.passed() {
            return Ok(());
        }
        let list = |count: usize| {
            let said: Vec<String> = self
                .failures
                .iter()
                .take(count)
                .map(Failure::to_string)
                .collect();
            said.join("; ")
        };
        let mut message = format!(
            "the finished output is not what was planned: {}",
            list(MAX_SAID)
        );
        let more = self.failures.len().saturating_sub(MAX_SAID) + self.unrecorded;
        if more > 0 {
            message.push_str(&format!("; and {more} more"));
        }
        Err(Error::new(Code::GateFailed, message).with_detail(list(MAX_FAILURES)))
    }
}

/// Collects failures while the checks go on.
#[derive(Debug, Default)]
pub(super) struct Findings {
    report: GateReport,
}

impl Findings {
    /// Notes a failure.
    pub fn fail(&mut self, check: Check, path: &str, message: impl Into<String>) {
        if self.report.failures.len() >= MAX_FAILURES {
            self.report.unrecorded += 1;
            return;
        }
        self.report.failures.push(Failure {
            check,
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// Notes a failure unless `holds`; gives `holds` back.
    pub fn expect(
        &mut self,
        holds: bool,
        check: Check,
        path: &str,
        why: impl FnOnce() -> String,
    ) -> bool {
        if !holds {
            self.fail(check, path, why());
        }
        holds
    }

    pub fn file_read(&mut self) {
        self.report.checked_files += 1;
    }

    pub fn segment_read(&mut self) {
        self.report.checked_segments += 1;
    }

    pub fn into_report(self) -> GateReport {
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_bounded_and_put_into_words() {
        let mut found = Findings::default();
        for i in 0..MAX_FAILURES + 3 {
            found.fail(
                Check::FrameCount,
                &format!("f{i}"),
                "99 frames, planned 100",
            );
        }
        let report = found.into_report();
        assert_eq!(report.failures.len(), MAX_FAILURES);
        let error = report.into_result().unwrap_err();
        assert_eq!(error.code(), Code::GateFailed);
        assert!(
            error
                .message()
                .contains("f4: 99 frames, planned 100 (frame_count); and 98 more")
        );
        assert!(!error.message().contains("f5"));
        assert!(GateReport::default().into_result().is_ok());
    }

    #[test]
    fn names_are_those_of_the_json() {
        for check in [
            Check::FileMissing,
            Check::Mp4Frames,
            Check::AvOffset,
            Check::RungsDiffer,
        ] {
            assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        }
    }
}
