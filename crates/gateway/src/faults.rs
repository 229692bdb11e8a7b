//! Calls that fail because a test asked for it: between the caller and the operation, whatever the operation.

use std::borrow::Cow;

use hyper::Response;
use hyper::body::Body;
use millstream_api::{Error, ErrorCode, Operation, Service};
use millstream_faults::{CallFault, Cut, Injection, Place};
use millstream_streams::Caller;
use millstream_types::StreamName;
use millstream_wire::{Protocol, peek_texts};

use crate::body::ReplyBody;
use crate::service::Gateway;

/// Members that say which stream and shard a call is about.
const PLACE: [&str; 10] = [
    "StreamName",
    "StreamARN",
    "ConsumerARN",
    "ResourceARN",
    "ShardId",
    "ShardToSplit",
    "ShardToMerge",
    "ShardIterator",
    "QueueARN",
    "ChannelARN",
];

impl Gateway {
    /// What the rules have for a call; nothing, at the price of one load, while there are none. Rules are for calls of
    /// Data Streams: they tell operations by their names alone.
    pub(crate) fn injection(
        &self,
        operation: &Operation,
        protocol: Protocol,
        body: &[u8],
    ) -> Injection {
        let faults = self.streams.faults();
        if !faults.any() || operation.service != Service::Kinesis {
            return Injection::default();
        }
        faults.call(operation.name, &self.place_of(protocol, body))
    }

    /// The stream and shard of a call, as far as its members say. A NextToken says nothing.
    fn place_of(&self, protocol: Protocol, body: &[u8]) -> Place {
        let [
            name,
            stream_arn,
            consumer_arn,
            resource_arn,
            id,
            split,
            merge,
            iterator,
            queue,
            channel,
        ] = peek_texts(protocol, body, PLACE);
        if let Some(iterator) = iterator {
            return self.streams.place_of_iterator(&iterator).unwrap_or_default();
        }
        if let Some(arn) = queue.or(channel) {
            return self.streams.place_of_reader(&arn).unwrap_or_default();
        }
        if let Some(place) = resource_arn.as_deref().and_then(|a| self.streams.place_of_reader(a)) {
            return place;
        }
        let by_arn = || stream_arn.or(consumer_arn).or(resource_arn).and_then(|arn| in_arn(&arn));
        Place {
            stream: name.and_then(|name| name.parse().ok()).or_else(by_arn),
            shard: id.or(split).or(merge).and_then(|shard| shard.parse().ok()),
        }
    }
}

/// The stream's name in its ARN, or in that of its consumer.
fn in_arn(arn: &str) -> Option<StreamName> {
    let (_, rest) = arn.split_once(":stream/")?;
    rest.split('/').next()?.parse().ok()
}

/// Waits as long as the injection says; then what stands in for the operation, if it is not to be done.
pub async fn instead(
    injection: Injection,
    operation: &Operation,
    caller: &Caller,
) -> Option<Result<Response<ReplyBody>, Error>> {
    if !injection.latency.is_zero() {
        tokio::time::sleep(injection.latency).await;
    }
    match injection.fault? {
        CallFault::Throttle => Some(Err(throttled(operation, caller))),
        CallFault::Error(code) => {
            Some(Err(Error::new(code, "This error was injected by a fault rule.")))
        }
        CallFault::Cut(Cut::Before) => Some(Ok(Response::new(ReplyBody::Cut))),
        CallFault::Cut(Cut::After | Cut::During) | CallFault::Latency(_) => None,
    }
}

/// What is sent of a reply.
pub fn cut(injection: Injection, response: Response<ReplyBody>) -> Response<ReplyBody> {
    match injection.fault {
        Some(CallFault::Cut(Cut::During)) if has_middle(response.body()) => {
            response.map(|body| body.into_delivered().cut_short())
        }
        // A reply without a body has no middle.
        Some(CallFault::Cut(Cut::After | Cut::During)) => response.map(|body| {
            // The client is to believe that the reply was lost on its way.
            drop(body.into_delivered());
            ReplyBody::Cut
        }),
        Some(CallFault::Cut(Cut::Before))
        | Some(CallFault::Throttle | CallFault::Error(_) | CallFault::Latency(_))
        | None => response,
    }
}

fn has_middle(body: &ReplyBody) -> bool {
    matches!(body, ReplyBody::Events(_)) || body.size_hint().lower() > 0
}

/// The code by which the model lets this operation be throttled.
fn throttled(operation: &Operation, caller: &Caller) -> Error {
    use ErrorCode::*;
    let codes =
        [ProvisionedThroughputExceededException, LimitExceededException, ThrottlingException];
    let code = codes.into_iter().find(|code| operation.errors.contains(code));
    let text = format!("Rate exceeded for account {}. (Injected by a fault rule.)", caller.account);
    Error::new(code.unwrap_or(LimitExceededException), Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_has_the_operations_own_code() {
        let region = "us-east-1".parse().unwrap();
        let caller = Caller::internal(millstream_types::AccountId::ZERO, region);
        for (name, code) in [
            ("PutRecords", ErrorCode::ProvisionedThroughputExceededException),
            ("GetRecords", ErrorCode::ProvisionedThroughputExceededException),
            ("GetShardIterator", ErrorCode::ProvisionedThroughputExceededException),
            ("CreateStream", ErrorCode::LimitExceededException),
            ("ListShards", ErrorCode::LimitExceededException),
        ] {
            let operation = Service::Kinesis.operation(name).unwrap();
            assert_eq!(throttled(operation, &caller).code, code, "{name}");
        }
    }

    #[test]
    fn an_arn_names_its_stream() {
        for (arn, name) in [
            ("arn:aws:kinesis:us-east-1:000000000000:stream/a", Some("a")),
            ("arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/c:1", Some("a")),
            ("arn:aws:kinesis:us-east-1:000000000000:queue/q", None),
            ("", None),
        ] {
            assert_eq!(in_arn(arn), name.and_then(|name| name.parse().ok()), "{arn}");
        }
    }
}
