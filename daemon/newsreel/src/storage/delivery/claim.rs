//! Whose a destination is: it holds a job's record, or nothing. Not here: what is sent there.

use std::collections::HashMap;
use std::path::Path;

use newsreel_model::JobId;
use newsreel_model::job::layout;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use serde::Deserialize;

use super::ledger::{Listed, list};
use crate::storage::kinds;

/// What a destination turned out to be.
pub enum Claim {
    /// This job's, with what is there.
    Ours(HashMap<String, Listed>),
    /// Another's; words that say whose.
    Foreign(String),
}

#[derive(Deserialize)]
struct Owner {
    id: String,
}

/// Takes the destination for a job, if it is nobody's. The record that marks it is only put where there is none.
///
/// # Errors
/// The store's; [`object_store::Error::NotFound`] when the job's directory has no record.
pub async fn claim(
    store: &dyn ObjectStore,
    prefix: &Key,
    dir: &Path,
    job: JobId,
) -> object_store::Result<Claim> {
    let mark = prefix.clone().join(layout::JOB);
    let listed = list(store, prefix).await?;
    if listed.contains_key(layout::JOB) {
        let record = store.get(&mark).await?.bytes().await?;
        let owner = serde_json::from_slice::<Owner>(&record).map(|owner| owner.id);
        return Ok(match owner {
            Ok(owner) if owner == job.to_string() => Claim::Ours(listed),
            Ok(owner) => Claim::Foreign(format!("the output of job {owner}")),
            Err(_) => Claim::Foreign("a job.json that is none of Newsreel's".to_owned()),
        });
    }
    if !listed.is_empty() {
        return Ok(Claim::Foreign("files that are none of a job's".to_owned()));
    }
    let record =
        std::fs::read(dir.join(layout::JOB)).map_err(|e| object_store::Error::NotFound {
            path: layout::JOB.to_owned(),
            source: Box::new(e),
        })?;
    let mut options = PutOptions {
        mode: PutMode::Create,
        attributes: kinds::attributes(layout::JOB),
        ..PutOptions::default()
    };
    match store
        .put_opts(&mark, record.clone().into(), options.clone())
        .await
    {
        // Older stores know no conditions.
        Err(error) if error.to_string().contains("status code: 501") => {
            options.mode = PutMode::Overwrite;
            store.put_opts(&mark, record.into(), options).await?;
        }
        put => drop(put?),
    }
    Ok(Claim::Ours(listed))
}
