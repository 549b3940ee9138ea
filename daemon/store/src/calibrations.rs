//! What was measured of devices, one row for each device and driver. Not here: how it is measured.

use newsreel_model::calibration::{Rate, VramCost};
use newsreel_model::capacity::Resources;
use newsreel_model::store::Calibration;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::fault::Work;
use crate::rows::{from_json, from_word, json, micros, time, word};

/// What the column `capacity` holds: nobody asks for a part of it.
#[derive(Serialize, Deserialize)]
struct Kept {
    capacity: Resources,
    rates: Vec<Rate>,
    vram: Option<VramCost>,
}

/// Keeps a measurement in place of an earlier one with the same driver.
pub fn put(db: &Connection, measured: &Calibration) -> Work<()> {
    let kept = Kept {
        capacity: measured.capacity,
        rates: measured.rates.clone(),
        vram: measured.vram,
    };
    db.prepare_cached(
        "INSERT OR REPLACE INTO calibrations (device, driver, kind, name, capacity, measured_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        measured.device,
        measured.driver,
        word(&measured.kind)?,
        measured.name,
        json(&kept)?,
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
        let kept: Kept = from_json(row, 4)?;
        Ok(Calibration {
            device: row.get(0)?,
            driver: row.get(1)?,
            kind: from_word(row, 2)?.ok_or(rusqlite::Error::InvalidColumnIndex(2))?,
            name: row.get(3)?,
            capacity: kept.capacity,
            rates: kept.rates,
            vram: kept.vram,
            measured_at: time(5, row.get(5)?)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
