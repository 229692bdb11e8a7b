//! The consumers of a stream, as they are written into a snapshot.

use std::collections::BTreeMap;

use millstream_types::Millis;
use minicbor::{Decode, Encode};

use crate::consumers::{Consumer, ConsumerStatus, Consumers};

/// All consumers of a stream; left out where there is nothing to say.
#[derive(Encode, Decode)]
pub(super) struct StoredConsumers {
    #[n(0)]
    consumers: Vec<StoredConsumer>,
    /// Name, second.
    #[n(1)]
    retired: Vec<(String, u64)>,
}

#[derive(Encode, Decode)]
struct StoredConsumer {
    #[n(0)]
    name: String,
    #[n(1)]
    created_second: u64,
    #[n(2)]
    status: u8,
    #[n(3)]
    status_since: u64,
    #[n(4)]
    tags: BTreeMap<String, String>,
    #[n(5)]
    policy: Option<String>,
}

const STATUSES: [ConsumerStatus; 3] =
    [ConsumerStatus::Creating, ConsumerStatus::Active, ConsumerStatus::Deleting];

impl StoredConsumers {
    pub fn of(consumers: &Consumers) -> Option<Self> {
        if consumers.by_name.is_empty() && consumers.retired.is_empty() {
            return None;
        }
        let retired = consumers.retired.iter().map(|(name, second)| (name.to_string(), *second));
        Some(StoredConsumers {
            consumers: consumers.iter().map(StoredConsumer::of).collect(),
            retired: retired.collect(),
        })
    }

    pub fn restore(self) -> Result<Consumers, String> {
        let wrong = |what: &str| format!("a consumer's {what}");
        let mut consumers = Consumers::default();
        for stored in self.consumers {
            let consumer = stored.restore().map_err(wrong)?;
            consumers.by_name.insert(consumer.name.clone(), consumer);
        }
        for (name, second) in self.retired {
            consumers.retired.insert(name.parse().map_err(|_| wrong("name"))?, second);
        }
        Ok(consumers)
    }
}

impl StoredConsumer {
    fn of(consumer: &Consumer) -> Self {
        StoredConsumer {
            name: consumer.name.to_string(),
            created_second: consumer.created_second,
            status: super::number_of(&STATUSES, &consumer.status),
            status_since: consumer.status_since.0,
            tags: consumer.tags.clone(),
            policy: consumer.policy.clone(),
        }
    }

    fn restore(self) -> Result<Consumer, &'static str> {
        Ok(Consumer {
            name: self.name.parse().map_err(|_| "name")?,
            created_second: self.created_second,
            status: *STATUSES.get(usize::from(self.status)).ok_or("status")?,
            status_since: Millis(self.status_since),
            tags: self.tags,
            policy: self.policy,
        })
    }
}
