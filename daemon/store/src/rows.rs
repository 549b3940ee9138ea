//! How the model's values look in columns, and back. Not here: any statement.

use jiff::Timestamp;
use newsreel_model::store::{LoggedEvent, StoredJob};
use newsreel_model::{Code, Error, JobId};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Work;

/// What [`job`] reads, in its order.
pub const JOB: &str = "id, spec, profile, destination, state, phase, created_at, started_at, ended_at, \
     failures, frames_total, frames_done, playable, warnings, failure, roots";

/// A job from a row of [`JOB`].
pub fn job(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    Ok(StoredJob {
        id: id(row, 0)?,
        spec: from_json(row, 1)?,
        profile: from_json(row, 2)?,
        destination: row.get(3)?,
        roots: from_json(row, 15)?,
        state: from_word(row, 4)?.ok_or(rusqlite::Error::InvalidColumnIndex(4))?,
        phase: from_word(row, 5)?,
        created_at: time(6, row.get(6)?)?,
        started_at: some_time(row, 7)?,
        ended_at: some_time(row, 8)?,
        failures: row.get(9)?,
        frames_total: count(row, 10)?,
        frames_done: count(row, 11)?,
        playable: row.get(12)?,
        warnings: from_json(row, 13)?,
        failure: match row.get_ref(14)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(from_json(row, 14)?),
        },
    })
}

/// An event from a row of `id, created_at, job_id, event, tenant`.
pub fn event(row: &Row<'_>) -> rusqlite::Result<LoggedEvent> {
    let job: Option<[u8; 16]> = row.get(2)?;
    Ok(LoggedEvent {
        id: count(row, 0)?,
        created_at: time(1, row.get(1)?)?,
        job_id: job.map(JobId::from_bytes),
        tenant: row.get(4)?,
        event: from_json(row, 3)?,
    })
}

/// A job's id.
pub fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<JobId> {
    row.get(column).map(JobId::from_bytes)
}

/// A time as microseconds since 1970; what is finer is cut off.
pub fn micros(time: Timestamp) -> i64 {
    // Nanoseconds before 1970 are negative: rounding towards zero there would move a time forward.
    let nanos = time.as_nanosecond().div_euclid(1000);
    i64::try_from(nanos).unwrap_or_else(|_| time.as_microsecond())
}

/// `time` as it will be read back.
pub fn kept(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(micros(time)).unwrap_or(time)
}

/// A time from microseconds since 1970.
pub fn time(column: usize, micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, micros))
}

/// A time, if there is one.
pub fn some_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let micros: Option<i64> = row.get(column)?;
    micros.map(|micros| time(column, micros)).transpose()
}

/// A number that is never negative.
pub fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A number as a column holds it.
///
/// # Errors
/// [`Code::StoreFailed`] for one above 2⁶³ − 1.
pub fn number(number: u64) -> Work<i64> {
    let words = "the job store cannot keep a number above 9,223,372,036,854,775,807";
    Ok(i64::try_from(number).map_err(|_| Error::new(Code::StoreFailed, words))?)
}

/// A value as JSON.
pub fn json<T: Serialize>(value: &T) -> Work<String> {
    Ok(serde_json::to_string(value).map_err(|err| {
        Error::bug("something to be stored is no JSON").with_detail(err.to_string())
    })?)
}

/// A value from JSON.
pub fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|err| unreadable(column, err))
}

/// A value of an enumeration, spelt as in JSON but without its quotes.
pub fn word<T: Serialize>(value: &T) -> Work<String> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// A value of an enumeration from its word, if there is one.
pub fn from_word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let word: Option<String> = row.get(column)?;
    word.map(|word| serde_json::from_value(word.into()).map_err(|err| unreadable(column, err)))
        .transpose()
}

fn unreadable(column: usize, err: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(err))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_the_microsecond_and_never_move_forward() {
        for (nanos, micros_kept) in [(1_999, 1), (-1, -1), (-1_000, -1), (0, 0)] {
            let time = Timestamp::from_nanosecond(nanos).unwrap();
            assert_eq!(micros(time), micros_kept, "{nanos} ns");
            assert!(kept(time) <= time);
        }
    }
}
