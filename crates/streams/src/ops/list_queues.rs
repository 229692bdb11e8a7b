//! ListQueues: the account's queues in the region, by name.

use millstream_api::Error;
use millstream_api::ops::{
    ListQueuesInput, ListQueuesOutput, QueueStreamFilter, QueueStreamIdentifier, QueueSummary,
};
use millstream_catalog::Queue;
use millstream_types::{Millis, QueueName};

use crate::caller::Caller;
use crate::describe::queue_status_of;
use crate::errors::Refusal;
use crate::limits::{LIST_QUEUES_DEFAULT, LIST_QUEUES_MAX, LIST_QUEUES_SCAN_MAX};
use crate::next_token::list_of;
use crate::rates::Call;
use crate::service::Streams;
use crate::token::TokenKind;

impl Streams {
    /// A page of queues. A filter is given again with each page, as SDKs do.
    pub async fn list_queues(
        &self,
        caller: &Caller,
        input: ListQueuesInput,
    ) -> Result<ListQueuesOutput, Error> {
        self.admit_call(Call::ListQueues, caller, None)?;
        let token = input.next_token.as_deref();
        let after = token
            .map(|token| self.open_page(TokenKind::ListQueues, &list_of(caller, &[]), token))
            .transpose()?;
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        let limit = input.max_results.map_or(LIST_QUEUES_DEFAULT, |max| max as usize);
        let limit = limit.min(LIST_QUEUES_MAX);
        let filter = input.stream_filter.as_deref();
        let (page, last) = self.catalog.read(|state| {
            let mut rest =
                state.queues().list(caller.account, &caller.region, after.as_ref()).peekable();
            let (mut page, mut looked_at, mut last) = (Vec::new(), 0, None);
            while page.len() < limit && looked_at < LIST_QUEUES_SCAN_MAX {
                let Some(queue) = rest.next() else { break };
                looked_at += 1;
                last = Some(queue.name.clone());
                if matches(queue, filter) {
                    page.push(queue.clone());
                }
            }
            (page, last.filter(|_| rest.peek().is_some()))
        });
        let next_token = last.map(|name: QueueName| {
            self.seal_page(TokenKind::ListQueues, &list_of(caller, &[]), name.as_str())
        });
        let queue_summaries = page.iter().map(|queue| summary(queue)).collect();
        Ok(ListQueuesOutput { queue_summaries, next_token })
    }
}

fn matches(queue: &Queue, filter: Option<&[QueueStreamFilter]>) -> bool {
    let Some(filter) = filter else { return true };
    let arn = queue.stream_arn().to_string();
    filter.iter().any(|stream| {
        // Creation times are shown in whole seconds, and so they come back.
        let made = stream.stream_creation_timestamp.map(Millis::seconds);
        stream.stream_arn == arn && made.is_none_or(|made| made == queue.stream_created.seconds())
    })
}

fn summary(queue: &Queue) -> QueueSummary {
    QueueSummary {
        queue_name: queue.name.to_string(),
        queue_arn: queue.arn().to_string(),
        queue_status: queue_status_of(queue.status),
        queue_creation_timestamp: Millis::from_seconds(queue.created.seconds()),
        streams: vec![QueueStreamIdentifier {
            stream_arn: queue.stream_arn().to_string(),
            stream_creation_timestamp: Millis::from_seconds(queue.stream_created.seconds()),
        }],
    }
}
