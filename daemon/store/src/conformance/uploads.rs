//! Checks of uploads, and uploads in their plainest form. Not here: their bytes.

use jiff::{SignedDuration, Timestamp};
use newsreel_model::UploadId;
use newsreel_model::event::Event;
use newsreel_model::job::JobState;
use newsreel_model::spec::InputSpec;
use newsreel_model::store::{Change, NewJob, Store, StoredJob};
use newsreel_model::uploads::{Room, Shelf, Upload};
use newsreel_model::{Code, Error, Result};

use super::Check;
use super::entry::{cut, open};
use super::fixtures::{at, job, kept_at};
use super::reference::Reference;

pub const CHECKS: &[Check] = &[
    uploads_are_kept_as_they_were_given,
    a_tenant_has_so_much_room,
    what_a_job_needs_is_kept,
    what_never_arrived_is_kept_no_longer_for_its_job,
    an_upload_lasts_longer_and_never_shorter,
];

const PLENTY: Room = Room {
    uploads: 100,
    bytes: 1000,
};

fn upload(length: u64, tenant: &str) -> Upload {
    Upload {
        id: UploadId::new(),
        tenant: tenant.to_owned(),
        length,
        metadata: "filename YQ==".to_owned(),
        created_at: kept_at(1),
        expires_at: kept_at(100),
        complete: false,
        expired: false,
    }
}

fn added(store: &dyn Store, length: u64) -> UploadId {
    let upload = upload(length, "news");
    store.add_upload(upload.clone(), PLENTY).unwrap();
    upload.id
}

fn job_of(store: &dyn Store, upload: UploadId) -> NewJob {
    let mut job = job(1);
    job.spec.input = InputSpec {
        url: String::new(),
        upload: Some(upload),
    };
    store.submit(job.clone(), None, 100).unwrap();
    job
}

fn ended(store: &dyn Store, job: &NewJob, second: i64) {
    let end = Change::End {
        job: job.id,
        state: JobState::Cancelled,
        failure: None,
        at: at(second),
    };
    store.apply(vec![(end, Some(Event::Cancelled {}))]).unwrap();
}

fn uploads_are_kept_as_they_were_given(store: &dyn Store) {
    let (first, second) = (upload(0, "news"), upload(7, "sport"));
    for one in [&first, &second] {
        store.add_upload(one.clone(), PLENTY).unwrap();
    }
    store.complete_upload(second.id).unwrap();
    store.complete_upload(UploadId::new()).unwrap();
    let second = Upload {
        complete: true,
        ..second
    };
    assert_eq!(store.upload(second.id).unwrap(), Some(second.clone()));
    assert_eq!(store.upload(UploadId::new()).unwrap(), None);
    assert_eq!(store.uploads().unwrap(), [first.clone(), second.clone()]);
    assert!(store.forget_upload(first.id).unwrap());
    assert!(!store.forget_upload(first.id).unwrap(), "once");
    assert_eq!(store.uploads().unwrap(), [second]);
}

fn a_tenant_has_so_much_room(store: &dyn Store) {
    let refused = |upload: Upload, room: Room| {
        let code = store.add_upload(upload, room).map_err(|e| e.code());
        assert_eq!(code, Err(Code::UploadQuota));
    };
    let first = added(store, 600);
    refused(upload(401, "news"), PLENTY);
    refused(upload(u64::MAX, "news"), PLENTY);
    refused(
        upload(1, "news"),
        Room {
            uploads: 1,
            ..PLENTY
        },
    );
    added(store, 400);
    store.add_upload(upload(1000, "sport"), PLENTY).unwrap();
    refused(upload(1, "news"), PLENTY);
    store.forget_upload(first).unwrap();
    added(store, 600);
    // What ran out of time takes no room.
    assert_eq!(store.expire_uploads(at(100), at(0)).unwrap().len(), 3);
    added(store, 1000);
}

fn what_a_job_needs_is_kept(store: &dyn Store) {
    let id = added(store, 5);
    store.complete_upload(id).unwrap();
    let job = job_of(store, id);
    let waiting = store.queued_with_upload(id).unwrap();
    let ids: Vec<_> = waiting.iter().map(|one| one.id).collect();
    assert_eq!(ids, [job.id]);
    assert!(!store.forget_upload(id).unwrap());
    assert_eq!(store.expire_uploads(at(500), at(400)).unwrap(), []);
    ended(store, &job, 450);
    assert_eq!(store.queued_with_upload(id).unwrap(), []);
    assert_eq!(store.expire_uploads(at(500), at(449)).unwrap(), []);
    assert_eq!(store.expire_uploads(at(500), at(450)).unwrap(), [id]);
    assert!(store.upload(id).unwrap().unwrap().expired);
    assert_eq!(store.expire_uploads(at(501), at(450)).unwrap(), [], "once");
    let week = 7 * 86_400;
    store.expire_uploads(at(100 + week), at(0)).unwrap();
    assert!(store.upload(id).unwrap().is_some());
    store.expire_uploads(at(101 + week), at(0)).unwrap();
    assert_eq!(store.upload(id).unwrap(), None, "forgotten for good");
}

fn what_never_arrived_is_kept_no_longer_for_its_job(store: &dyn Store) {
    let id = added(store, 5);
    job_of(store, id);
    assert_eq!(store.expire_uploads(at(99), at(0)).unwrap(), []);
    assert_eq!(store.expire_uploads(at(100), at(0)).unwrap(), [id]);
    assert_eq!(store.queued_with_upload(id).unwrap().len(), 1);
}

fn an_upload_lasts_longer_and_never_shorter(store: &dyn Store) {
    let id = added(store, 5);
    let until = || store.upload(id).unwrap().unwrap().expires_at;
    assert!(store.prolong_upload(id, at(200)).unwrap());
    assert!(store.prolong_upload(id, at(150)).unwrap());
    assert_eq!(until(), kept_at(200));
    assert!(!store.prolong_upload(UploadId::new(), at(1)).unwrap());
    store.expire_uploads(at(200), at(0)).unwrap();
    assert!(!store.prolong_upload(id, at(300)).unwrap(), "it is over");
    assert_eq!(until(), kept_at(200));
}

fn needs(job: &StoredJob, id: UploadId, ended_after: Timestamp) -> bool {
    let late = |at: Timestamp| at > cut(ended_after);
    job.spec.input.upload == Some(id) && (open(job) || job.ended_at.is_some_and(late))
}

impl Shelf for Reference {
    fn add_upload(&self, mut upload: Upload, room: Room) -> Result<()> {
        let mut held = self.0.lock();
        let all = held.uploads.iter();
        let own = all.filter(|one| one.tenant == upload.tenant && !one.expired);
        let lengths: Vec<u64> = own.map(|one| one.length).collect();
        let left = room.bytes.saturating_sub(lengths.iter().sum());
        if lengths.len() as u64 >= room.uploads || upload.length > left {
            return Err(Error::new(Code::UploadQuota, "no room"));
        }
        upload.created_at = cut(upload.created_at);
        upload.expires_at = cut(upload.expires_at);
        held.uploads.push(upload);
        held.uploads.sort_by_key(|one| one.id);
        Ok(())
    }

    fn upload(&self, id: UploadId) -> Result<Option<Upload>> {
        let all = self.uploads()?;
        Ok(all.into_iter().find(|one| one.id == id))
    }

    fn uploads(&self) -> Result<Vec<Upload>> {
        Ok(self.0.lock().uploads.clone())
    }

    fn prolong_upload(&self, id: UploadId, expires_at: Timestamp) -> Result<bool> {
        let mut held = self.0.lock();
        let mut all = held.uploads.iter_mut();
        let found = all.find(|one| one.id == id && !one.expired);
        Ok(found
            .map(|one| one.expires_at = one.expires_at.max(cut(expires_at)))
            .is_some())
    }

    fn complete_upload(&self, id: UploadId) -> Result<()> {
        let mut held = self.0.lock();
        let found = held.uploads.iter_mut().find(|one| one.id == id);
        if let Some(found) = found {
            found.complete = true;
        }
        Ok(())
    }

    fn forget_upload(&self, id: UploadId) -> Result<bool> {
        let mut held = self.0.lock();
        if held.all_jobs().any(|job| needs(job, id, Timestamp::MAX)) {
            return Ok(false);
        }
        let before = held.uploads.len();
        held.uploads.retain(|one| one.id != id);
        Ok(held.uploads.len() < before)
    }

    fn expire_uploads(&self, now: Timestamp, ended_after: Timestamp) -> Result<Vec<UploadId>> {
        let mut held = self.0.lock();
        let week = SignedDuration::from_hours(7 * 24);
        let long_ago = cut(now.checked_sub(week).unwrap_or(Timestamp::MIN));
        held.uploads
            .retain(|one| !one.expired || one.expires_at >= long_ago);
        let over = |one: &&Upload| {
            let needed = || held.all_jobs().any(|job| needs(job, one.id, ended_after));
            !one.expired && one.expires_at <= cut(now) && !(one.complete && needed())
        };
        let ids: Vec<UploadId> = held.uploads.iter().filter(over).map(|one| one.id).collect();
        for one in &mut held.uploads {
            one.expired |= ids.contains(&one.id);
        }
        Ok(ids)
    }

    fn queued_with_upload(&self, id: UploadId) -> Result<Vec<StoredJob>> {
        let held = self.0.lock();
        let waits =
            |job: &&StoredJob| job.state == JobState::Queued && job.spec.input.upload == Some(id);
        Ok(held.all_jobs().filter(waits).cloned().collect())
    }
}
