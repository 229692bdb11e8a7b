//! The entry point for fuzzing.

use crate::{Aggregate, Builder};

/// Reads any bytes; what is read must come back from what is written. Bytes without a right MD5 are tried with one.
pub fn fuzz_aggregate(input: &[u8]) {
    read(input);
    let mut sealed = crate::MAGIC.to_vec();
    sealed.extend_from_slice(input);
    sealed.extend_from_slice(&crate::digest(input));
    read(&sealed);
}

fn read(data: &[u8]) {
    let Some(aggregate) = Aggregate::decode(data) else { return };
    let mut builder = Builder::new();
    for record in aggregate.records() {
        let expected = builder.encoded_bytes_with(&record);
        builder.add(&record);
        assert_eq!(builder.encoded_bytes(), expected);
    }
    assert_eq!(builder.count(), aggregate.count());
    let again = builder.finish();
    let again = Aggregate::decode(&again).expect("what is written can be read");
    assert!(again.records().eq(aggregate.records()));
}
