//! When the door is open, and how long a link opens it. Not here: tokens of an identity provider.

use newsreel_store::{SqliteStore, StoreOptions};

use super::*;

#[test]
fn only_a_loopback_address_without_keys_or_a_provider_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, StoreOptions::default()).unwrap();
    let keys: Arc<dyn Keys> = Arc::new(store);
    let door = |config: &Access, loopback| {
        Doorkeeper::new(Arc::clone(&keys), config, folder.path(), loopback).unwrap()
    };
    let auto = Access::default();
    let always = Access {
        require_keys: newsreel_config::RequireKeys::Always,
        ..Access::default()
    };
    let open = door(&auto, true);
    assert!(open.is_open().unwrap());
    assert!(!door(&auto, false).is_open().unwrap());
    assert!(!door(&always, true).is_open().unwrap());
    let (id, whole) = token::key().unwrap();
    let key = Key {
        id: id.clone(),
        name: "cms".to_owned(),
        hash: token::hash(&whole),
        grant: newsreel_model::access::Grant::default(),
        created_at: Timestamp::now(),
        revoked_at: None,
        last_used_at: None,
    };
    keys.add_key(key).unwrap();
    assert!(!open.is_open().unwrap(), "from the first key on");
    keys.revoke_key(&id, Timestamp::now()).unwrap();
    assert!(!door(&auto, true).is_open().unwrap(), "and for good");
}

#[test]
fn a_link_is_good_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, StoreOptions::default()).unwrap();
    let door = Doorkeeper::new(Arc::new(store), &Access::default(), folder.path(), true);
    let (door, job) = (door.unwrap(), JobId::new());
    let link = door.link(job, 600).unwrap();
    let token = link.base.trim_start_matches("/media/~");
    let (token, rest) = token.split_once('/').unwrap();
    assert_eq!(rest, format!("{job}/"));
    assert!(door.opens(token, job));
    assert!(!door.opens(token, JobId::new()));
    let past = Timestamp::now()
        .checked_sub(SignedDuration::from_secs(2))
        .unwrap();
    let old = door.0.seal.make(MEDIA, &job.to_string(), past);
    assert!(!door.opens(&old, job));
    for seconds in [0, 604_801, u32::MAX] {
        assert_eq!(
            door.link(job, seconds).unwrap_err().code(),
            Code::RequestInvalid
        );
    }
}
