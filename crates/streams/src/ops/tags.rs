//! AddTagsToStream, RemoveTagsFromStream and ListTagsForStream.

use std::ops::Bound::{Excluded, Unbounded};

use millstream_api::Error;
use millstream_api::ops::{
    AddTagsToStreamInput, ListTagsForStreamInput, ListTagsForStreamOutput,
    RemoveTagsFromStreamInput, Tag,
};
use millstream_catalog::{ResourceId, Stream};

use crate::caller::Caller;
use crate::errors::ChangeOf;
use crate::limits::LIST_TAGS_MAX;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Adds tags, or overwrites them.
    pub async fn add_tags_to_stream(
        &self,
        caller: &Caller,
        input: AddTagsToStreamInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:AddTagsToStream", &stream.arn())?;
        self.admit_call(Call::AddTags, caller, Some(&stream))?;
        self.add_tags(id_of(&stream), ChangeOf::stream(&stream.name, stream.account), input.tags)
            .await
    }

    /// Removes tags; those that are not there are ignored.
    pub async fn remove_tags_from_stream(
        &self,
        caller: &Caller,
        input: RemoveTagsFromStreamInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:RemoveTagsFromStream", &stream.arn())?;
        self.admit_call(Call::RemoveTags, caller, Some(&stream))?;
        let of = ChangeOf::stream(&stream.name, stream.account);
        Ok(self.remove_tags(id_of(&stream), of, input.tag_keys).await?)
    }

    /// A page of the stream's tags, by key.
    pub async fn list_tags_for_stream(
        &self,
        caller: &Caller,
        input: ListTagsForStreamInput,
    ) -> Result<ListTagsForStreamOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:ListTagsForStream", &stream.arn())?;
        self.admit_call(Call::ListTags, caller, Some(&stream))?;
        let limit = input.limit.map_or(LIST_TAGS_MAX, |limit| limit as usize);
        let after = input.exclusive_start_tag_key.as_deref().map_or(Unbounded, Excluded);
        let mut rest = stream.tags.range::<str, _>((after, Unbounded));
        let tag =
            |(key, value): (&String, &String)| Tag { key: key.clone(), value: Some(value.clone()) };
        let tags = rest.by_ref().take(limit).map(tag).collect();
        Ok(ListTagsForStreamOutput { tags, has_more_tags: rest.next().is_some() })
    }
}

fn id_of(stream: &Stream) -> ResourceId {
    ResourceId::Stream { group: stream.group.0 }
}
