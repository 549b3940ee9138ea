//! Keys and measurements of a store for a command that runs beside its daemon, or without one. Not here: anything else of a store.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use newsreel_model::keys::Key;
use newsreel_model::store::Calibration;
use newsreel_model::{Code, Result};
use rusqlite::Connection;

use crate::fault::{Work, failed};
use crate::{StoreOptions, calibrations, connect, files, keys, migrate};

/// A store's keys. Each method is a transaction of its own, which the daemon, if one runs, sees at once.
pub struct KeyRing(Beside);

impl KeyRing {
    /// Opens the keys of the store at `path`. Where no daemon holds the store it is made, or brought up to date, first.
    ///
    /// # Errors
    /// Those of [`crate::SqliteStore::open`]; and [`Code::StoreFailed`] when the daemon that holds it is of another version.
    pub fn open(path: &Path) -> Result<Self> {
        Beside::open(path).map(Self)
    }

    /// Keeps a key.
    ///
    /// # Errors
    /// Those of [`newsreel_model::keys::Keys::add_key`].
    pub fn add(&mut self, key: &Key) -> Result<()> {
        self.0.write(|db| keys::add(db, key))
    }

    /// Every key, revoked ones too, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn all(&self) -> Result<Vec<Key>> {
        keys::all(&self.0.db).map_err(|fault| fault.told(&self.0.path))
    }

    /// Revokes a key; false when there is none of that id that is not revoked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn revoke(&mut self, id: &str, now: Timestamp) -> Result<bool> {
        self.0.write(|db| keys::revoke(db, id, now))
    }
}

/// What a store knows of devices' speed, to be added to.
pub struct Measurements(Beside);

impl Measurements {
    /// Opens those of the store at `path`, as [`KeyRing::open`] does.
    ///
    /// # Errors
    /// As there.
    pub fn open(path: &Path) -> Result<Self> {
        Beside::open(path).map(Self)
    }

    /// Keeps one in place of an earlier one with the same driver.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn keep(&mut self, measured: &Calibration) -> Result<()> {
        self.0.write(|db| calibrations::put(db, measured))
    }

    /// All of the store at `path`, which is only read: none where there is no store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn read(path: &Path) -> Result<Vec<Calibration>> {
        if !path.exists() {
            return Ok(Vec::new());
        }
        let read = || calibrations::all(&connect::reader(path)?);
        read().map_err(|fault| fault.told(path))
    }
}

/// A connection beside the daemon's.
struct Beside {
    db: Connection,
    path: PathBuf,
    /// Held while no daemon runs; one that is started meanwhile says who holds it.
    _lock: Option<File>,
}

impl Beside {
    fn open(path: &Path) -> Result<Self> {
        let path = files::settle(path)?;
        let lock = match files::lock(&path) {
            Ok(lock) => Some(lock),
            Err(error) if error.code() == Code::StoreFailed && path.exists() => None,
            Err(error) => return Err(error),
        };
        let db = open(&path, lock.is_some()).map_err(|fault| fault.told(&path))?;
        Ok(Self {
            db,
            path,
            _lock: lock,
        })
    }

    fn write<T>(&mut self, what: impl FnOnce(&Connection) -> Work<T>) -> Result<T> {
        let in_one = |db: &mut Connection| -> Work<T> {
            let all = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = what(&all)?;
            all.commit()?;
            Ok(done)
        };
        in_one(&mut self.db).map_err(|fault| fault.told(&self.path))
    }
}

fn open(path: &Path, alone: bool) -> Work<Connection> {
    if alone {
        files::create(path)?;
    }
    migrate::recognise(path)?;
    let mut db = connect::writer(path, &StoreOptions::default())?;
    if alone {
        migrate::update(&mut db, path)?;
    } else if !migrate::is_current(&db)? {
        let what = "is held by a daemon of another version; use that version's `newsreel`";
        return Err(failed(path, what).into());
    }
    Ok(db)
}
