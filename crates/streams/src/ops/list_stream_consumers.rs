//! ListStreamConsumers: the consumers of a stream, by name.

use millstream_api::Error;
use millstream_api::ops::{ListStreamConsumersInput, ListStreamConsumersOutput};
use millstream_catalog::Stream;
use millstream_types::{ConsumerName, Millis};

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
        let after = input
            .next_token
            .as_deref()
            .map(|token| self.open_consumers_token(&stream, token))
            .transpose()?;
        let limit = input.max_results.map_or(LIST_CONSUMERS_MAX, |max| max as usize);
        let mut rest = stream.consumers.after(after.as_ref());
        let page: Vec<_> = rest.by_ref().take(limit.min(LIST_CONSUMERS_MAX)).collect();
        let last = page.last().filter(|_| rest.next().is_some());
        Ok(ListStreamConsumersOutput {
            next_token: last.map(|last| self.seal_consumers_token(&stream, &last.name)),
            consumers: Some(page.iter().map(|one| consumer_of(&stream, one)).collect()),
        })
    }

    /// When it was made, the stream's group, the last consumer's name.
    fn seal_consumers_token(&self, stream: &Stream, last: &ConsumerName) -> String {
        let mut fields = self.now().0.to_be_bytes().to_vec();
        fields.extend(stream.group.0.to_be_bytes());
        fields.extend(last.as_str().as_bytes());
        self.sealer.seal(TokenKind::ListStreamConsumers, &fields)
    }

    fn open_consumers_token(&self, stream: &Stream, token: &str) -> Result<ConsumerName, Error> {
        let invalid = || Error::invalid_argument("Invalid NextToken.");
        let kind = TokenKind::ListStreamConsumers;
        let fields = self.sealer.open(kind, token).map_err(|_| invalid())?;
        let (made, name) = page_of(stream, &fields).ok_or_else(invalid)?;
        self.check_token_age(made)?;
        Ok(name)
    }
}

/// What a token of this stream holds; `None` if it is another's.
fn page_of(stream: &Stream, fields: &[u8]) -> Option<(Millis, ConsumerName)> {
    let (made, rest) = fields.split_first_chunk()?;
    let (group, name) = rest.split_first_chunk()?;
    let name = std::str::from_utf8(name).ok()?.parse().ok()?;
    let own = u64::from_be_bytes(*group) == stream.group.0;
    own.then_some((Millis(u64::from_be_bytes(*made)), name))
}
