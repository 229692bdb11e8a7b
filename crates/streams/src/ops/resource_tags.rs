//! TagResource, UntagResource and ListTagsForResource; the operations about tags of streams use the same code.

use std::collections::BTreeMap;

use millstream_api::Error;
use millstream_api::ops::{
    ListTagsForResourceInput, ListTagsForResourceOutput, Tag, TagResourceInput, UntagResourceInput,
};
use millstream_catalog::{ResourceId, SettingsCommand};

use crate::caller::Caller;
use crate::errors::{ChangeOf, Refusal};
use crate::rates::Call;
use crate::service::Streams;
use crate::tags::check_tags;

impl Streams {
    /// Adds tags to a resource, or overwrites them.
    pub async fn tag_resource(
        &self,
        caller: &Caller,
        input: TagResourceInput,
    ) -> Result<(), Error> {
        let resource = self.resolve_resource(caller, &input.resource_arn).await?;
        caller.may("kinesis:TagResource", &resource.arn)?;
        self.admit_call(Call::TagResource, caller, None)?;
        self.add_tags(resource.id, resource.arn.into(), input.tags).await
    }

    /// Removes tags of a resource; those that are not there are ignored.
    pub async fn untag_resource(
        &self,
        caller: &Caller,
        input: UntagResourceInput,
    ) -> Result<(), Error> {
        let resource = self.resolve_resource(caller, &input.resource_arn).await?;
        caller.may("kinesis:UntagResource", &resource.arn)?;
        self.admit_call(Call::UntagResource, caller, None)?;
        Ok(self.remove_tags(resource.id, resource.arn.into(), input.tag_keys).await?)
    }

    /// All tags of a resource, by key: at most fifty.
    pub async fn list_tags_for_resource(
        &self,
        caller: &Caller,
        input: ListTagsForResourceInput,
    ) -> Result<ListTagsForResourceOutput, Error> {
        let resource = self.resolve_resource(caller, &input.resource_arn).await?;
        caller.may("kinesis:ListTagsForResource", &resource.arn)?;
        self.admit_call(Call::ListTagsForResource, caller, None)?;
        let tag = |(key, value)| Tag { key, value: Some(value) };
        Ok(ListTagsForResourceOutput { tags: Some(resource.tags.into_iter().map(tag).collect()) })
    }

    /// Adds tags, once they are checked.
    pub(crate) async fn add_tags(
        &self,
        resource: ResourceId,
        of: ChangeOf,
        tags: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let tags_max = self.limits.tags_max;
        check_tags(&tags, tags_max)?;
        self.submit_of(&of, &SettingsCommand::TagResource { resource, tags, tags_max }.into())
            .await?;
        Ok(())
    }

    /// Removes tags.
    pub(crate) async fn remove_tags(
        &self,
        resource: ResourceId,
        of: ChangeOf,
        keys: Vec<String>,
    ) -> Result<(), Refusal> {
        self.submit_of(&of, &SettingsCommand::UntagResource { resource, keys }.into()).await?;
        Ok(())
    }
}
