//! ListStreamConsumers: the consumers of a stream, by name.

use millstream_api::Error;
use millstream_api::ops::{ListStreamConsumersInput, ListStreamConsumersOutput};

use crate::caller::Caller;
use crate::consumers::consumer_of;
use crate::errors::Refusal;
use crate::limits::LIST_CONSUMERS_MAX;
use crate::rates::Call;
use crate::service::Streams;
use crate::token::TokenKind;

impl Streams {
    /// A page of consumers.
    pub async fn list_stream_consumers(
        &self,
        caller: &Caller,
        input: ListStreamConsumersInput,
    ) -> Result<ListStreamConsumersOutput, Error> {
        // botocore, `ListStreamConsumersInput`: a token already says which stream it is.
        if input.next_token.is_some() && input.stream_creation_timestamp.is_some() {
            return Err(Error::invalid_argument(
                "NextToken and StreamCreationTimestamp cannot be provided together.",
            ));
        }
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        let stream = self.resolve(caller, None, Some(&input.stream_arn)).await?;
        caller.may("kinesis:ListStreamConsumers", &stream.arn())?;
        self.admit_call_on(Call::ListStreamConsumers, caller, &stream)?;
        if let Some(created) = input.stream_creation_timestamp
            && created.seconds() != stream.created.seconds()
        {
            return Err(self.not_found(caller, stream.name.clone()).into());
        }
        let list = stream.group.0.to_be_bytes();
        let after = input
            .next_token
            .as_deref()
            .map(|token| self.open_page(TokenKind::ListStreamConsumers, &list, token))
            .transpose()?;
        let limit = input.max_results.map_or(LIST_CONSUMERS_MAX, |max| max as usize);
        let mut rest = stream.consumers.after(after.as_ref());
        let page: Vec<_> = rest.by_ref().take(limit.min(LIST_CONSUMERS_MAX)).collect();
        let last = page.last().filter(|_| rest.next().is_some());
        Ok(ListStreamConsumersOutput {
            next_token: last.map(|last| {
                self.seal_page(TokenKind::ListStreamConsumers, &list, last.name.as_str())
            }),
            consumers: Some(page.iter().map(|one| consumer_of(&stream, one)).collect()),
        })
    }
}
