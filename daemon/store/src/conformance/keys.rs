//! Checks of keys and sessions. Not here: making or checking one.

use newsreel_model::access::{Grant, Scope};
use newsreel_model::keys::{Key, MAX_SESSIONS, Session};
use newsreel_model::store::Store;

use super::Check;
use super::fixtures::{at, kept_at};

pub const CHECKS: &[Check] = &[
    keys_are_kept_as_they_were_given,
    a_revoked_key_stays_known_and_its_sessions_end,
    a_refresh_token_is_swapped_once,
    sessions_end,
    a_key_has_so_many_sessions,
];

fn key(number: u8) -> Key {
    Key {
        id: format!("{number:016x}"),
        name: format!("Key {number} ☃"),
        hash: [number; 32],
        grant: Grant {
            scopes: vec![Scope::Read, Scope::Submit],
            tenant: (number > 1).then(|| "sport".to_owned()),
            roots: vec!["/in/a b".to_owned()],
        },
        created_at: kept_at(i64::from(number)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn session(number: u32, of: u8) -> Session {
    Session {
        id: format!("{number:032x}"),
        key: key(of).id,
        refresh_hash: Some([7; 32]),
        created_at: kept_at(i64::from(number)),
        expires_at: kept_at(5000),
    }
}

fn keys_are_kept_as_they_were_given(store: &dyn Store) {
    assert!(!store.has_keys().unwrap());
    assert_eq!(store.keys().unwrap(), []);
    for number in [2, 1] {
        store.add_key(key(number)).unwrap();
    }
    assert!(store.has_keys().unwrap());
    assert_eq!(store.keys().unwrap(), [key(1), key(2)]);
    assert_eq!(store.key(&key(2).id).unwrap(), Some(key(2)));
    assert_eq!(store.key("").unwrap(), None);
    store.used_key(&key(1).id, at(9)).unwrap();
    store.used_key("unknown", at(9)).unwrap();
    let used = Key {
        last_used_at: Some(kept_at(9)),
        ..key(1)
    };
    assert_eq!(store.key(&used.id).unwrap(), Some(used));
}

fn a_revoked_key_stays_known_and_its_sessions_end(store: &dyn Store) {
    for number in [1, 2] {
        store.add_key(key(number)).unwrap();
        store.begin_session(session(number.into(), number)).unwrap();
    }
    assert!(store.revoke_key(&key(1).id, at(5)).unwrap());
    assert!(!store.revoke_key(&key(1).id, at(6)).unwrap(), "once");
    assert!(!store.revoke_key("unknown", at(6)).unwrap());
    let kept = store.key(&key(1).id).unwrap().unwrap();
    assert_eq!(kept.revoked_at, Some(kept_at(5)));
    let left = [1, 2].map(|n| store.session(&session(n, 1).id, at(9)).unwrap());
    assert_eq!(left, [None, Some(session(2, 2))]);
    store.revoke_key(&key(2).id, at(7)).unwrap();
    assert!(
        store.has_keys().unwrap(),
        "it is not as if there had been none"
    );
}

fn a_refresh_token_is_swapped_once(store: &dyn Store) {
    store.add_key(key(1)).unwrap();
    store.begin_session(session(1, 1)).unwrap();
    let id = session(1, 1).id;
    let swap = |from, to| store.renew_session(&id, ([from; 32], [to; 32]), at(9), at(6000));
    assert!(!swap(8, 9).unwrap(), "another token");
    assert!(swap(7, 8).unwrap());
    assert!(!swap(7, 9).unwrap(), "it was used before");
    let renewed = Session {
        refresh_hash: Some([8; 32]),
        expires_at: kept_at(6000),
        ..session(1, 1)
    };
    assert_eq!(store.session(&id, at(5999)).unwrap(), Some(renewed));
    let late = store.renew_session(&id, ([8; 32], [9; 32]), at(7000), at(9000));
    assert!(!late.unwrap(), "it was over");
}

fn sessions_end(store: &dyn Store) {
    store.add_key(key(1)).unwrap();
    for number in [1, 2] {
        store.begin_session(session(number, 1)).unwrap();
    }
    let lives = |number, now| store.session(&session(number, 1).id, at(now)).unwrap();
    store.end_session(&session(1, 1).id).unwrap();
    store.end_session(&session(1, 1).id).unwrap();
    assert_eq!(lives(1, 9), None);
    assert!(lives(2, 4999).is_some());
    assert_eq!(lives(2, 5001), None);
    store.trim(at(5001), at(0)).unwrap();
    assert_eq!(lives(2, 9), None, "dropped");
}

fn a_key_has_so_many_sessions(store: &dyn Store) {
    store.add_key(key(1)).unwrap();
    store.add_key(key(2)).unwrap();
    store.begin_session(session(1, 2)).unwrap();
    let most = u32::try_from(MAX_SESSIONS).unwrap();
    for number in 2..most + 3 {
        store.begin_session(session(number, 1)).unwrap();
    }
    let lives = |number: u32| store.session(&session(number, 1).id, at(1));
    assert!(lives(1).unwrap().is_some(), "another key's");
    assert_eq!(lives(2).unwrap(), None, "the oldest");
    assert!(lives(3).unwrap().is_some());
    assert!(lives(most + 2).unwrap().is_some());
}
