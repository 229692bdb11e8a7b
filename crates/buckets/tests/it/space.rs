use std::sync::Arc;

use millstream_buckets::{Condition, Error, Options, Place, Store};
use millstream_types::{ManualClock, SeededRandom};

use crate::support::{Home, START, get, key, name, put, put_if};

fn temporary(home: &Home, seed: u64, bytes_max: u64) -> Arc<Store> {
    std::fs::create_dir_all(&home.directory).unwrap();
    let place = Place::Temporary { parent: home.directory.clone(), bytes_max };
    let clock = Arc::new(ManualClock::new(START));
    let options = Options { place, bytes_reserved: 0, keys: None };
    Store::open(options, clock, Arc::new(SeededRandom::new(seed))).unwrap()
}

#[test]
fn a_temporary_store_takes_what_it_may_and_gives_room_back() {
    let home = Home::new();
    let store = temporary(&home, 1, 10_000);
    let bucket = name("bucket");
    store.create_bucket(&bucket, None, &"us-east-1".parse().unwrap()).unwrap();
    let large = vec![1; 8000];
    put(&store, &bucket, "a", &large);
    let refused = put_if(&store, &bucket, "b", &large, &Condition::Always);
    assert!(matches!(refused, Err(Error::NoSpace)), "{refused:?}");
    assert!(matches!(get(&store, &bucket, "b"), Err(Error::NoSuchKey)));
    store.delete(&bucket, &key("a"), &Condition::Always).unwrap();
    for _ in 0..3 {
        put(&store, &bucket, "b", &large[..4000]);
    }
    let own = std::fs::read_dir(&home.directory).unwrap().next().unwrap().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&own.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700, "others may not look into it");
    drop(store);
    assert_eq!(std::fs::read_dir(&home.directory).unwrap().count(), 0);
}

#[test]
fn what_a_killed_temporary_store_left_is_removed_by_the_next() {
    let home = Home::new();
    let orphan = home.directory.join("millstream-buckets-orphan");
    std::fs::create_dir_all(&orphan).unwrap();
    std::fs::write(orphan.join("lock"), "").unwrap();
    let first = temporary(&home, 1, 1000);
    assert!(!orphan.exists());
    let second = temporary(&home, 2, 1000);
    assert_eq!(std::fs::read_dir(&home.directory).unwrap().count(), 2);
    drop((first, second));
}

#[test]
fn temporary_stores_that_start_together_leave_each_other_alone() {
    let home = Home::new();
    let worker = |worker: u64| {
        let home = &home;
        move || {
            for round in 0..100 {
                let store = temporary(home, worker << 32 | round, 1000);
                store.create_bucket(&name("bucket"), None, &"us-east-1".parse().unwrap()).unwrap();
            }
        }
    };
    std::thread::scope(|scope| (1..=8).for_each(|n| drop(scope.spawn(worker(n)))));
    assert_eq!(std::fs::read_dir(&home.directory).unwrap().count(), 0);
}

#[test]
fn what_is_to_stay_free_stays_free() {
    let home = Home::new();
    let place = Place::Directory(home.directory.clone());
    let options = Options { place, bytes_reserved: u64::MAX, keys: None };
    let random = Arc::new(SeededRandom::new(1));
    let store = Store::open(options, home.clock.clone(), random).unwrap();
    let bucket = name("bucket");
    store.create_bucket(&bucket, None, &"us-east-1".parse().unwrap()).unwrap();
    let refused = put_if(&store, &bucket, "b", b"x", &Condition::Always);
    assert!(matches!(refused, Err(Error::NoSpace)), "{refused:?}");
}
