//! Finding jobs by their words: what is asked, and what is found. Not here: how words are told apart (the store does).

use serde::Serialize;

use crate::control::JobView;
use crate::spoken::{Passage, Said};
use crate::store::StoredJob;
use crate::{JobId, Result};

/// The longest text that is searched for, in characters.
pub const MAX_QUERY_CHARS: usize = 200;

/// The most words of a query that count.
const MAX_TERMS: usize = 16;

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Anything a person may write, at most [`MAX_QUERY_CHARS`].
    pub text: String,
    /// Only jobs of this tenant.
    pub tenant: Option<String>,
    /// At most so many, 1–200.
    pub limit: u32,
}

impl SearchQuery {
    /// The words of the text: runs of letters and digits, whatever lies between them.
    #[must_use]
    pub fn terms(&self) -> Vec<&str> {
        let runs = self.text.split(|c: char| !c.is_alphanumeric());
        runs.filter(|run| !run.is_empty()).take(MAX_TERMS).collect()
    }
}

/// A stretch of text around what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Stretch {
    /// As the job has it: to be shown as text, never as markup.
    pub text: String,
    /// Whether this is what was searched for.
    pub found: bool,
}

/// A job that has every word.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredHit {
    /// The job.
    pub job: StoredJob,
    /// Where the words are, one stretch after the other.
    pub snippet: Vec<Stretch>,
    /// Where its subtitles say them, in order of time.
    pub said: Vec<Said>,
}

/// A job that has every word, or whose subtitles say them together, as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SearchHit {
    /// The job.
    pub job: JobView,
    /// Where the words are, one stretch after the other.
    pub snippet: Vec<Stretch>,
    /// Where its subtitles say them, at most 3 passages in order of time: `at_s` is what a player jumps to.
    #[cfg_attr(feature = "schema", schema(max_items = 3))]
    pub said: Vec<Said>,
}

/// Where jobs are found by their words and by what their subtitles say.
pub trait Finds: Send + Sync {
    /// Jobs with every word of a query in their title, description, external id and values of metadata together, the best
    /// match first, then those whose subtitles say them all within one passage. Case and accents do not count, and the last word may be the beginning of one. None for a query without words.
    ///
    /// # Errors
    /// The store cannot be read.
    fn search(&self, query: &SearchQuery) -> Result<Vec<StoredHit>>;
    /// Keeps what a track of a job's subtitles says, in the place of what it said before. Of a job at most
    /// [`crate::spoken::MAX_JOB_BYTES`] are kept; a job that is not there is passed over.
    ///
    /// # Errors
    /// The store cannot be written.
    fn keep_spoken(&self, job: JobId, track: &str, passages: Vec<Passage>) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_lies_between_anything_else() {
        let terms = |text: &str| {
            let query = SearchQuery {
                text: text.to_owned(),
                ..SearchQuery::default()
            };
            query.terms().join("|")
        };
        assert_eq!(terms("Flood in Köln-Ost"), "Flood|in|Köln|Ost");
        assert_eq!(
            terms("\"a* OR (b NEAR/2 c):^{d} -- ' ; %"),
            "a|OR|b|NEAR|2|c|d"
        );
        assert_eq!(terms(" *\"'\u{0} "), "");
        assert_eq!(terms(&"a ".repeat(100)).matches('a').count(), 16);
    }
}
