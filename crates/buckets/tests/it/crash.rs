use millstream_buckets::{Condition, Error};

use crate::support::{Home, get, key, put};

#[test]
fn what_a_crash_left_half_written_is_gone_at_the_next_start() {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "whole", b"x");
    let mut staged = store.stage(&bucket, 100).unwrap();
    staged.write(b"half").unwrap();
    // A process that is killed drops nothing.
    std::mem::forget(staged);
    let aside = home.directory.join("trash/half-made");
    std::fs::create_dir_all(aside.join("objects")).unwrap();
    let at = home.directory.join("names/bucket/staged");
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), 1);
    // The lock of the one that was killed is gone with it; here it is another process's to take.
    let copy = Home::new();
    let mut command = std::process::Command::new("cp");
    let copied = command.arg("-r").args([&home.directory, &copy.directory]).status();
    assert!(copied.unwrap().success());
    let store = copy.open();
    assert_eq!(get(&store, &bucket, "whole").unwrap(), b"x");
    for emptied in ["names/bucket/staged", "trash"] {
        assert_eq!(
            std::fs::read_dir(copy.directory.join(emptied)).unwrap().count(),
            0,
            "{emptied}"
        );
    }
}

#[test]
fn a_damaged_file_is_named_and_not_served() {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "k", b"hello");
    let path = home.directory.join("names/bucket/objects/k,o");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 30;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    match get(&store, &bucket, "k") {
        Err(Error::Damaged { path }) => assert!(path.ends_with("k,o"), "{path}"),
        other => panic!("{other:?}"),
    }
    // It can be replaced and deleted.
    put(&store, &bucket, "k", b"new");
    assert_eq!(get(&store, &bucket, "k").unwrap(), b"new");
    std::fs::write(home.directory.join("names/bucket/objects/k,o"), b"junk").unwrap();
    store.delete(&bucket, &key("k"), &Condition::Always).unwrap();
}
