//! Encryption of streams: what is written, what is read, keys that cannot be used.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::EncryptionType;
use millstream_api::{Error, ErrorCode};
use millstream_catalog::{Command, Stream};
use millstream_log::{LogId, Position};
use millstream_records::sealed_header;
use millstream_streams::{Limits, NoDelivery, Parts, Streams};
use millstream_types::{Clock, SeededRandom};
use millstream_vault::{CHECKED_FOR, KeyUse, LocalKey, Vault, VaultCounters};

use crate::harness::{Harness, read};
use crate::keys;

const SERVICE: &str = "alias/aws/kinesis";

pub async fn start(h: &Harness, key: &str, kind: EncryptionType) -> Result<(), Error> {
    let input = StartStreamEncryptionInput {
        stream_name: Some("s".into()),
        encryption_type: kind,
        key_id: key.into(),
        stream_arn: None,
        stream_id: None,
    };
    h.streams.start_stream_encryption(&h.caller, input).await
}

pub async fn stop(h: &Harness, key: &str, kind: EncryptionType) -> Result<(), Error> {
    let input = StopStreamEncryptionInput {
        stream_name: Some("s".into()),
        encryption_type: kind,
        key_id: key.into(),
        stream_arn: None,
        stream_id: None,
    };
    h.streams.stop_stream_encryption(&h.caller, input).await
}

pub async fn activate(h: &Harness, stream: &Stream) {
    h.submit(Command::Activate { group: stream.group.0, at: h.clock.now().0 }).await;
}

async fn encrypted(limits: Limits) -> (Harness, Arc<Stream>) {
    let h = Harness::new(limits).await;
    let stream = h.stream("s", 1).await;
    start(&h, SERVICE, EncryptionType::Kms).await.unwrap();
    activate(&h, &stream).await;
    (h, stream)
}

/// The same catalog and log under other declared keys, as after a restart.
async fn with_keys(h: &mut Harness, declared: Vec<LocalKey>) -> Arc<VaultCounters> {
    let vault = keys::vault(&h.catalog, &h.clock, declared).await;
    with_vault(h, vault)
}

/// The same catalog and log under another vault, as after a restart.
pub fn with_vault(h: &mut Harness, vault: Arc<Vault>) -> Arc<VaultCounters> {
    let counters = vault.counters();
    h.streams = Streams::new(Parts {
        catalog: h.catalog.clone(),
        log: h.log.clone(),
        clock: h.clock.clone(),
        limits: Limits::default().without_rates(),
        vault,
        random: Arc::new(SeededRandom::new(77)),
        delivery: Arc::new(NoDelivery),
    });
    counters
}

pub async fn put(h: &Harness, data: &[u8]) -> Result<Option<EncryptionType>, Error> {
    h.put("s", &[("k", data)]).await.map(|reply| reply.encryption)
}

/// Everything in the shard, over as many replies as it takes, with how each record is encrypted.
async fn all(h: &Harness) -> Result<Vec<(Vec<u8>, Option<EncryptionType>)>, Error> {
    let mut at = h.horizon_iterator("s", 0).await;
    let mut all = Vec::new();
    loop {
        let held = h.get(&at, None).await?;
        if held.reply.records.is_empty() {
            return Ok(all);
        }
        let encryption = held.reply.encryption;
        all.extend(read(&held).into_iter().map(|(_, data)| (data, encryption)));
        at = held.reply.next_shard_iterator.unwrap();
    }
}

/// The numbers of the data keys of the blocks in the log; `None` for those in the clear.
async fn keys_on_disk(h: &Harness, stream: &Stream) -> Vec<Option<u32>> {
    let log = LogId { group: stream.group, index: 0 };
    let read = h.log.read(log, Position(0), usize::MAX).await.unwrap();
    let key = |payload: &[u8]| sealed_header(payload).map(|header| header.key_id);
    read.batches.iter().map(|batch| key(&batch.batch.payload)).collect()
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ErrorCode {
    outcome.unwrap_err().code
}

#[tokio::test]
async fn blocks_are_sealed_from_active_to_active_and_all_stay_readable() {
    let kms = Some(EncryptionType::Kms);
    let h = Harness::new(Limits::default().without_rates()).await;
    let stream = h.stream("s", 1).await;
    assert_eq!(put(&h, b"clear").await.unwrap(), None);
    start(&h, SERVICE, EncryptionType::Kms).await.unwrap();
    assert_eq!(put(&h, b"updating").await.unwrap(), None, "until the stream is ACTIVE");
    activate(&h, &stream).await;
    assert_eq!(put(&h, b"one").await.unwrap(), kms);
    start(&h, SERVICE, EncryptionType::Kms).await.unwrap();
    assert_eq!(put(&h, b"still one").await.unwrap(), kms);
    activate(&h, &stream).await;
    assert_eq!(put(&h, b"two").await.unwrap(), kms);
    stop(&h, SERVICE, EncryptionType::Kms).await.unwrap();
    activate(&h, &stream).await;
    assert_eq!(put(&h, b"").await.unwrap(), None);
    let expected: [(&[u8], _); 6] = [
        (b"clear", None),
        (b"updating", None),
        (b"one", kms),
        (b"still one", kms),
        (b"two", kms),
        (b"", None),
    ];
    assert_eq!(all(&h).await.unwrap(), expected.map(|(data, kind)| (data.to_vec(), kind)));
    let on_disk = keys_on_disk(&h, &stream).await;
    assert_eq!(on_disk, [None, None, Some(1), Some(1), Some(2), None]);
}

#[tokio::test]
async fn a_block_moved_to_another_shard_or_stream_is_refused() {
    let (h, stream) = encrypted(Limits::default().without_rates()).await;
    put(&h, b"secret").await.unwrap();
    let other = h.stream("other", 1).await;
    let log = LogId { group: stream.group, index: 0 };
    let moved = h.log.read(log, Position(0), 1).await.unwrap().batches.remove(0).batch;
    let log = LogId { group: other.group, index: 0 };
    h.log.open(log).await.unwrap().append(moved).unwrap().await.unwrap();
    let at = h.horizon_iterator("other", 0).await;
    assert!(h.get(&at, None).await.is_err());
}

#[tokio::test]
async fn start_and_stop_are_refused_as_the_service_does() {
    let (h, stream) = encrypted(Limits::default().without_rates()).await;
    let kms = EncryptionType::Kms;
    assert_eq!(code(start(&h, SERVICE, EncryptionType::None).await), InvalidArgumentException);
    assert_eq!(code(start(&h, "no key", kms).await), InvalidArgumentException);
    assert_eq!(code(start(&h, "alias/none", kms).await), KMSNotFoundException);
    assert_eq!(code(stop(&h, SERVICE, EncryptionType::None).await), InvalidArgumentException);
    assert_eq!(code(stop(&h, "alias/none", kms).await), InvalidArgumentException);
    stop(&h, "arn:aws:kms:us-east-1:000000000000:alias/aws/kinesis", kms).await.unwrap();
    assert_eq!(code(start(&h, SERVICE, kms).await), ResourceInUseException);
    assert_eq!(code(stop(&h, SERVICE, kms).await), ResourceInUseException);
    activate(&h, &stream).await;
    assert_eq!(code(stop(&h, SERVICE, kms).await), InvalidArgumentException);
}

#[tokio::test]
async fn twenty_five_starts_are_taken_in_a_day() {
    let per_day = Limits::default().encryption_starts_per_day;
    let mut limits = Limits::default().without_rates();
    limits.encryption_starts_per_day = per_day;
    let (h, stream) = encrypted(limits).await;
    for _ in 1..25 {
        start(&h, SERVICE, EncryptionType::Kms).await.unwrap();
        activate(&h, &stream).await;
    }
    let refused = start(&h, SERVICE, EncryptionType::Kms).await;
    assert_eq!(code(refused), LimitExceededException);
    h.clock.advance(Duration::from_secs(24 * 3600));
    start(&h, SERVICE, EncryptionType::Kms).await.unwrap();
}

#[tokio::test]
async fn a_key_that_can_no_longer_be_used_stops_puts_and_gets() {
    for (usable, expected) in [
        (KeyUse::Disabled, KMSDisabledException),
        (KeyUse::PendingDeletion, KMSInvalidStateException),
        (KeyUse::Denied, KMSAccessDeniedException),
    ] {
        let mut h = Harness::new(Limits::default().without_rates()).await;
        let stream = h.stream("s", 1).await;
        with_keys(&mut h, vec![keys::key("k1", "alias/mine", KeyUse::Enabled)]).await;
        start(&h, "alias/mine", EncryptionType::Kms).await.unwrap();
        activate(&h, &stream).await;
        put(&h, b"x").await.unwrap();
        with_keys(&mut h, vec![keys::key("k1", "alias/mine", usable)]).await;
        assert_eq!(code(put(&h, b"y").await), expected);
        assert_eq!(code(all(&h).await), expected);
        assert_eq!(code(start(&h, "k1", EncryptionType::Kms).await), expected);
        stop(&h, "k1", EncryptionType::Kms).await.unwrap();
        activate(&h, &stream).await;
        put(&h, b"z").await.unwrap();
        with_keys(&mut h, vec![keys::key("k1", "alias/mine", KeyUse::Enabled)]).await;
        let data: Vec<_> = all(&h).await.unwrap().into_iter().map(|(data, _)| data).collect();
        assert_eq!(data, [b"x", b"z"]);
    }
}

#[tokio::test]
async fn a_master_key_is_asked_at_the_first_use_and_after_five_minutes() {
    let (mut h, _) = encrypted(Limits::default().without_rates()).await;
    let counters = with_keys(&mut h, vec![]).await;
    let mut asked = Vec::new();
    for wait in [Duration::ZERO, CHECKED_FOR - Duration::from_millis(1), Duration::from_millis(1)] {
        h.clock.advance(wait);
        put(&h, b"x").await.unwrap();
        all(&h).await.unwrap();
        asked.push(counters.unwrapped.get());
    }
    assert_eq!(asked, [1, 1, 2]);
}
