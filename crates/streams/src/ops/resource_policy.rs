//! PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy.

use millstream_api::Error;
use millstream_api::ops::{
    DeleteResourcePolicyInput, GetResourcePolicyInput, GetResourcePolicyOutput,
    PutResourcePolicyInput,
};
use millstream_auth::policy::parse_policy;
use millstream_catalog::SettingsCommand;
use millstream_types::ResourceArn;

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::rates::Call;
use crate::resource::Resource;
use crate::resource_errors::no_policy;
use crate::service::Streams;

/// What a resource without a policy has: see `docs/decisions/0060-resource-policies.md`.
const NO_POLICY: &str = "{}";

impl Streams {
    /// Attaches a policy to a stream, a queue or a consumer, in the place of the one that was there.
    pub async fn put_resource_policy(
        &self,
        caller: &Caller,
        input: PutResourcePolicyInput,
    ) -> Result<(), Error> {
        let resource = self.with_policy(caller, &input.resource_arn).await?;
        caller.may("kinesis:PutResourcePolicy", &resource.arn)?;
        self.admit_call(Call::PutResourcePolicy, caller, None)?;
        check_policy(&input.policy, &resource.arn)?;
        let of = resource.arn.into();
        let (resource, policy) = (resource.id, Some(input.policy));
        self.submit_of(&of, &SettingsCommand::SetPolicy { resource, policy }.into()).await?;
        Ok(())
    }

    /// The policy of a stream, a queue or a consumer, as it was put.
    pub async fn get_resource_policy(
        &self,
        caller: &Caller,
        input: GetResourcePolicyInput,
    ) -> Result<GetResourcePolicyOutput, Error> {
        let resource = self.with_policy(caller, &input.resource_arn).await?;
        caller.may("kinesis:GetResourcePolicy", &resource.arn)?;
        self.admit_call(Call::GetResourcePolicy, caller, None)?;
        let policy = resource.policy.as_deref().unwrap_or(NO_POLICY).to_owned();
        Ok(GetResourcePolicyOutput { policy })
    }

    /// Takes the policy away; one that is not there is an error.
    pub async fn delete_resource_policy(
        &self,
        caller: &Caller,
        input: DeleteResourcePolicyInput,
    ) -> Result<(), Error> {
        let resource = self.with_policy(caller, &input.resource_arn).await?;
        caller.may("kinesis:DeleteResourcePolicy", &resource.arn)?;
        self.admit_call(Call::DeleteResourcePolicy, caller, None)?;
        if resource.policy.is_none() {
            return Err(no_policy(&input.resource_arn));
        }
        let of = resource.arn.into();
        let command = SettingsCommand::SetPolicy { resource: resource.id, policy: None }.into();
        self.submit_of(&of, &command).await?;
        Ok(())
    }

    /// A resource of a kind that has policies: not a channel (botocore, `PutResourcePolicy`).
    async fn with_policy(&self, caller: &Caller, arn: &str) -> Result<Resource, Error> {
        let resource = self.resolve_resource(caller, arn).await?;
        match resource.arn {
            ResourceArn::Stream(_) | ResourceArn::Consumer(_) | ResourceArn::Queue(_) => {
                Ok(resource)
            }
            ResourceArn::Channel(_) => Err(Refusal::NoPolicies { arn: arn.to_owned() }.into()),
        }
    }
}

/// A document that is kept is one that can be evaluated, and is about this resource.
///
/// Errors are InvalidArgumentException, also for one that is too large: clients try again after LimitExceededException.
fn check_policy(policy: &str, arn: &ResourceArn) -> Result<(), Error> {
    let malformed = |why: String| {
        Error::invalid_argument(format!("The policy is not a valid policy document: {why}."))
    };
    let policy = parse_policy(policy).map_err(|why| malformed(why.to_string()))?;
    if !policy.actions_are_of("kinesis") {
        return Err(malformed("an action is not one of kinesis".into()));
    }
    if !policy.is_about(&arn.to_string()) {
        return Err(malformed(format!("a Resource does not name {arn}")));
    }
    Ok(())
}
