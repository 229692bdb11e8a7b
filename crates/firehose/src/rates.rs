//! Rates: of calls by account and region, of puts by delivery stream. Buckets are made when they are needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use millstream_catalog::DeliveryStream;
use millstream_log::GroupId;
use millstream_streams::{Bucket, Caller};
use millstream_types::{AccountId, Millis, Region};

use crate::errors::Refusal;
use crate::quotas::{CALL_BUCKETS_MAX, Limits, UNLIMITED};
use crate::service::Firehose;

/// An operation with a rate of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Call {
    Create,
    Delete,
    Describe,
    List,
    Update,
    StartEncryption,
    StopEncryption,
    Tag,
    Untag,
    ListTags,
}

type CallKey = (Call, AccountId, Region);

/// The buckets in use.
#[derive(Default)]
pub struct Rates {
    /// A bucket that was not touched for a second is full, so forgetting it changes nothing.
    calls: Mutex<HashMap<CallKey, (Bucket, Millis)>>,
    puts: RwLock<HashMap<GroupId, Arc<PutRates>>>,
}

/// What a delivery stream takes per second.
#[derive(Debug)]
pub struct PutRates {
    records: Bucket,
    requests: Bucket,
    bytes: Bucket,
}

impl PutRates {
    fn new(limits: &Limits, now: Millis) -> Self {
        PutRates {
            records: Bucket::new(limits.firehose_put_records_per_second, now),
            requests: Bucket::new(limits.firehose_put_requests_per_second, now),
            bytes: Bucket::new(limits.firehose_put_bytes_per_second, now),
        }
    }

    /// Takes a request; `false` if it is one too many.
    pub fn request(&self, now: Millis) -> bool {
        self.requests.take(1, now)
    }

    /// Takes a record of so many bytes; `false` if it is too much.
    pub fn record(&self, bytes: u64, now: Millis) -> bool {
        self.bytes.has_any(now) && self.records.take(1, now) && self.bytes.take(bytes, now)
    }
}

impl Rates {
    /// As if nothing had been called or put.
    pub fn clear(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.puts.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets the rates of a delivery stream that was deleted.
    pub fn forget(&self, group: GroupId) {
        self.puts.write().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }

    fn admit(&self, key: CallKey, per_second: u64, now: Millis) -> bool {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALL_BUCKETS_MAX && !calls.contains_key(&key) {
            calls.retain(|_, (_, used)| now.0 < used.0 + 1000);
            if calls.len() >= CALL_BUCKETS_MAX {
                // More callers in one second than buckets: the rate would be unknown, so the call is refused.
                return false;
            }
        }
        let (bucket, used) =
            calls.entry(key).or_insert_with(|| (Bucket::new(per_second, now), now));
        *used = now;
        bucket.take(1, now)
    }
}

impl Firehose {
    /// Takes a call of the caller's account.
    pub(crate) fn admit_call(&self, call: Call, caller: &Caller) -> Result<(), Refusal> {
        let per_second = self.limits.firehose_control_per_second;
        let key = (call, caller.account, caller.region.clone());
        if caller.is_internal()
            || per_second == UNLIMITED
            || self.rates.admit(key, per_second, self.now())
        {
            return Ok(());
        }
        Err(Refusal::CallRate)
    }

    /// What a delivery stream takes of puts; `None` if nothing limits them.
    pub fn put_rates(&self, stream: &DeliveryStream) -> Option<Arc<PutRates>> {
        let limits = &self.limits;
        let all = [
            limits.firehose_put_records_per_second,
            limits.firehose_put_requests_per_second,
            limits.firehose_put_bytes_per_second,
        ];
        if all == [UNLIMITED; 3] {
            return None;
        }
        let group = stream.data_group;
        let puts = self.rates.puts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(rates) = puts.get(&group) {
            return Some(rates.clone());
        }
        drop(puts);
        let fresh = || Arc::new(PutRates::new(limits, self.now()));
        let mut puts = self.rates.puts.write().unwrap_or_else(PoisonError::into_inner);
        Some(puts.entry(group).or_insert_with(fresh).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_and_operation_has_its_own_rate() {
        let rates = Rates::default();
        let key = |call, account| {
            let account = AccountId::from_u64(account).unwrap();
            (call, account, "us-east-1".parse().unwrap())
        };
        let admit = |call, account| rates.admit(key(call, account), 2, Millis(0));
        assert_eq!((0..5).filter(|_| admit(Call::List, 1)).count(), 2);
        assert!(admit(Call::List, 2) && admit(Call::Describe, 1));
        assert!(rates.admit(key(Call::List, 1), 2, Millis(500)));
    }

    #[test]
    fn puts_are_bounded_by_records_requests_and_bytes() {
        let limits = Limits {
            firehose_put_records_per_second: 3,
            firehose_put_requests_per_second: 1,
            firehose_put_bytes_per_second: 100,
            ..Limits::default()
        };
        let rates = PutRates::new(&limits, Millis(0));
        assert!(rates.request(Millis(0)) && !rates.request(Millis(0)));
        assert!(rates.record(60, Millis(0)) && !rates.record(60, Millis(0)));
        assert!(rates.record(40, Millis(0)) && !rates.record(0, Millis(0)));
        assert!(rates.request(Millis(1000)) && rates.record(100, Millis(1000)));
    }
}
