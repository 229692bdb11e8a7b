//! Entry point of the fuzz target: any text may be given as a name or number; what is taken reads back as it was
//! written.

use std::fmt::Display;
use std::str::FromStr;

use crate::{
    AccountId, ConsumerArn, DeliveryStreamArn, HashKey, QueueArn, Region, ResourceArn,
    SequenceNumber, ShardId, StreamArn, StreamName,
};

/// Reads any bytes as each kind of text.
pub fn fuzz_texts(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    fuzz_text::<StreamName>(text);
    fuzz_text::<AccountId>(text);
    fuzz_text::<Region>(text);
    fuzz_text::<ShardId>(text);
    fuzz_text::<HashKey>(text);
    fuzz_text::<SequenceNumber>(text);
    fuzz_text::<StreamArn>(text);
    fuzz_text::<ResourceArn>(text);
    fuzz_text::<ConsumerArn>(text);
    fuzz_text::<QueueArn>(text);
    fuzz_text::<DeliveryStreamArn>(text);
}

fn fuzz_text<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert!(value.to_string().parse::<T>().is_ok_and(|same| same == value), "{text}");
    }
}
