//! TagDeliveryStream, UntagDeliveryStream and ListTagsForDeliveryStream.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use millstream_api::Error;
use millstream_api::firehose::{
    ListTagsForDeliveryStreamInput, ListTagsForDeliveryStreamOutput, Tag, TagDeliveryStreamInput,
    TagDeliveryStreamOutput, UntagDeliveryStreamInput, UntagDeliveryStreamOutput,
};
use millstream_catalog::DeliveryStreamCommand;
use millstream_streams::Caller;

use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::Firehose;

/// Tags on a page (botocore, `ListTagsForDeliveryStreamInputLimit`).
const PAGE_DEFAULT: i32 = 50;
/// What keys of AWS's own tags begin with.
const RESERVED: &str = "aws:";

impl Firehose {
    /// Adds or replaces tags.
    pub async fn tag_delivery_stream(
        &self,
        caller: &Caller,
        input: TagDeliveryStreamInput,
    ) -> Result<TagDeliveryStreamOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:TagDeliveryStream", &stream.arn())?;
        self.admit_call(Call::Tag, caller)?;
        let (group, tags_max) = (stream.data_group.0, self.limits.firehose_tags_max);
        let tags = tag_map(input.tags)?;
        let tag = DeliveryStreamCommand::Tag { group, tags, tags_max };
        self.change(&stream.name, stream.account, tag).await?;
        Ok(TagDeliveryStreamOutput {})
    }

    /// Removes tags; those that are not there are no error.
    pub async fn untag_delivery_stream(
        &self,
        caller: &Caller,
        input: UntagDeliveryStreamInput,
    ) -> Result<UntagDeliveryStreamOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:UntagDeliveryStream", &stream.arn())?;
        self.admit_call(Call::Untag, caller)?;
        input.tag_keys.iter().try_for_each(|key| not_reserved(key))?;
        let (group, keys) = (stream.data_group.0, input.tag_keys);
        let untag = DeliveryStreamCommand::Untag { group, keys };
        self.change(&stream.name, stream.account, untag).await?;
        Ok(UntagDeliveryStreamOutput {})
    }

    /// A page of tags in the order of their keys.
    pub async fn list_tags_for_delivery_stream(
        &self,
        caller: &Caller,
        input: ListTagsForDeliveryStreamInput,
    ) -> Result<ListTagsForDeliveryStreamOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:ListTagsForDeliveryStream", &stream.arn())?;
        self.admit_call(Call::ListTags, caller)?;
        let page = usize::try_from(input.limit.unwrap_or(PAGE_DEFAULT)).unwrap_or(0);
        let start = input.exclusive_start_tag_key.as_ref().map_or(Unbounded, Excluded);
        let mut rest = stream.tags.range::<String, _>((start, Unbounded));
        let tags = rest.by_ref().take(page);
        let tags = tags.map(|(key, value)| Tag { key: key.clone(), value: Some(value.clone()) });
        let tags = tags.collect();
        Ok(ListTagsForDeliveryStreamOutput { tags, has_more_tags: rest.next().is_some() })
    }
}

/// Tags by their keys, each of which may be given once.
pub(super) fn tag_map(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut map = BTreeMap::new();
    for Tag { key, value } in tags {
        not_reserved(&key)?;
        if map.insert(key.clone(), value.unwrap_or_default()).is_some() {
            return Err(Refusal::Invalid(format!("The tag key {key} is given twice.")));
        }
    }
    Ok(map)
}

fn not_reserved(key: &str) -> Result<(), Refusal> {
    match key.starts_with(RESERVED) {
        true => Err(Refusal::Invalid(format!("The tag key {key} must not begin with {RESERVED}"))),
        false => Ok(()),
    }
}
