//! Which stream a request means: by name, by ARN, or by both if they agree.

use std::sync::Arc;

use millstream_catalog::Stream;
use millstream_types::{StreamArn, StreamName};

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::service::Streams;

impl Streams {
    /// The stream that a request names, in the caller's account and region.
    ///
    /// The name and the ARN are already checked against the model's patterns; the ARN may still be no stream's.
    pub(crate) async fn resolve(
        &self,
        caller: &Caller,
        name: Option<&str>,
        arn: Option<&str>,
    ) -> Result<Arc<Stream>, Refusal> {
        let name = stream_name(caller, name, arn)?;
        if let Some(stream) = self.catalog.lookup(caller.account, &caller.region, &name) {
            return Ok(stream);
        }
        // "Not found" is said only after everything that others have written is known.
        let found = self.catalog.find(caller.account, &caller.region, &name).await;
        match found.map_err(|error| Refusal::Catalog(error.to_string()))? {
            Some(stream) => Ok(stream),
            None => Err(self.not_found(caller, name)),
        }
    }

    /// "Not found", with the regions in which the name exists.
    pub(crate) fn not_found(&self, caller: &Caller, name: StreamName) -> Refusal {
        let elsewhere = self.catalog.in_other_regions(caller.account, &caller.region, &name);
        Refusal::StreamNotFound { name, account: caller.account, elsewhere }
    }
}

fn stream_name(
    caller: &Caller,
    name: Option<&str>,
    arn: Option<&str>,
) -> Result<StreamName, Refusal> {
    let from_arn = arn.map(|arn| own_stream(caller, arn)).transpose()?;
    // The model's pattern for names is the type's own, so a name that came through the wire parses.
    let name = name.map(|name| name.parse().map_err(|_| Refusal::NoStreamNamed)).transpose()?;
    match (name, from_arn) {
        (None, None) => Err(Refusal::NoStreamNamed),
        (Some(name), None) | (None, Some(name)) => Ok(name),
        (Some(name), Some(from_arn)) if name == from_arn => Ok(name),
        (Some(_), Some(_)) => Err(Refusal::NameAndArnDisagree),
    }
}

fn own_stream(caller: &Caller, arn: &str) -> Result<StreamName, Refusal> {
    let invalid = || Refusal::InvalidArn { arn: arn.to_owned() };
    let parsed: StreamArn = arn.parse().map_err(|_| invalid())?;
    if parsed.region != caller.region {
        return Err(invalid());
    }
    if parsed.account != caller.account {
        return Err(Refusal::OtherAccount { arn: arn.to_owned() });
    }
    Ok(parsed.name)
}
