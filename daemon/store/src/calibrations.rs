//! What was measured of devices, one row for each device and driver. Not here: how it is measured.

use newsreel_model::store::Calibration;
use rusqlite::{Connection, params};

use crate::fault::Work;
use crate::rows::{from_json, from_word, json, micros, time, word};

/// Keeps a measurement in place of an earlier one with the same driver.
pub fn put(db: &Connection, measured: &Calibration) -> Work<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO calibrations (device, driver, kind, name, capacity, measured_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        measured.device,
        measured.driver,
        word(&measured.kind)?,
        measured.name,
        json(&measured.capacity)?,
        micros(measured.measured_at),
    ])?;
    Ok(())
}

/// Every measurement, by device and time.
pub fn all(db: &Connection) -> Work<Vec<Calibration>> {
    let mut list = db.prepare_cached(
        "SELECT device, driver, kind, name, capacity, measured_at FROM calibrations
         ORDER BY device, measured_at, driver",
    )?;
    let found = list.query_map([], |row| {
        Ok(Calibration {
            device: row.get(0)?,
            driver: row.get(1)?,
            kind: from_word(row, 2)?.ok_or(rusqlite::Error::InvalidColumnIndex(2))?,
            name: row.get(3)?,
            capacity: from_json(row, 4)?,
            measured_at: time(5, row.get(5)?)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
