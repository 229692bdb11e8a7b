//! Which resource a ResourceARN means: parsed once, resolved to an identity that the change then names.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{Catalog, ResourceId};
use millstream_types::ResourceArn;

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::service::Streams;

/// A resource of the caller's account and region, with what the operations about tags and policies show.
pub(crate) struct Resource {
    /// Its identity: what is changed is what was found, even if its name has another owner by then.
    pub id: ResourceId,
    /// Its ARN.
    pub arn: ResourceArn,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its policy.
    pub policy: Option<Arc<str>>,
}

impl Streams {
    /// The resource that an ARN names.
    ///
    /// The ARN is already checked against the model's pattern, which lets much through.
    pub(crate) async fn resolve_resource(
        &self,
        caller: &Caller,
        arn: &str,
    ) -> Result<Resource, Refusal> {
        let arn = own_resource(caller, arn)?;
        if let Some(resource) = find(&self.catalog, &arn) {
            return Ok(resource);
        }
        // "Not found" is said only after everything that others have written is known.
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        match (find(&self.catalog, &arn), arn) {
            (Some(resource), _) => Ok(resource),
            (None, ResourceArn::Stream(arn)) => Err(self.not_found(caller, arn.name)),
            (None, arn) => Err(Refusal::ResourceNotFound { arn: arn.to_string() }),
        }
    }
}

/// The ARN, if it names something of the caller's account and region.
pub(crate) fn own_resource(caller: &Caller, arn: &str) -> Result<ResourceArn, Refusal> {
    let invalid = || Refusal::InvalidResourceArn { arn: arn.to_owned() };
    let parsed: ResourceArn = arn.parse().map_err(|_| invalid())?;
    if *parsed.region() != caller.region {
        return Err(invalid());
    }
    if parsed.account() != caller.account {
        return Err(Refusal::OtherAccount { arn: arn.to_owned() });
    }
    Ok(parsed)
}

fn find(catalog: &Catalog, arn: &ResourceArn) -> Option<Resource> {
    match arn {
        ResourceArn::Stream(name) => {
            let stream = catalog.lookup(name.account, &name.region, &name.name)?;
            Some(Resource {
                id: ResourceId::Stream { group: stream.group.0 },
                arn: arn.clone(),
                tags: stream.tags.clone(),
                policy: stream.policy.clone(),
            })
        }
        ResourceArn::Consumer(of) => {
            let name = &of.stream;
            let stream = catalog.lookup(name.account, &name.region, &name.name)?;
            let consumer = stream.consumers.get(&of.name)?;
            (consumer.created_second == of.created_second).then(|| Resource {
                id: ResourceId::Consumer {
                    group: stream.group.0,
                    name: of.name.to_string(),
                    created_second: of.created_second,
                },
                arn: arn.clone(),
                tags: consumer.tags.clone(),
                policy: consumer.policy.as_deref().map(Arc::from),
            })
        }
        ResourceArn::Queue(of) => {
            let queue = catalog.read(|state| state.queues().by_arn(of).cloned())?;
            Some(Resource {
                id: ResourceId::Queue { group: queue.group.0 },
                arn: arn.clone(),
                tags: queue.tags.clone(),
                policy: queue.policy.as_deref().map(Arc::from),
            })
        }
        ResourceArn::Channel(of) => {
            let channel = catalog.read(|state| state.channel(&of.id).cloned())?;
            let own = channel.account == of.account && channel.region == of.region;
            own.then(|| Resource {
                id: ResourceId::Channel { id: channel.id.to_string() },
                arn: arn.clone(),
                tags: channel.tags.clone(),
                policy: None,
            })
        }
    }
}
