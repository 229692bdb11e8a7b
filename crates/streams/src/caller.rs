//! Who calls.

use std::fmt;
use std::sync::Arc;

use millstream_api::Error;
use millstream_types::{AccountId, Region};

/// The caller of an operation, as the gateway knows it. Services never see HTTP or credentials.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account of the access key.
    pub account: AccountId,
    /// The region of the signature's scope.
    pub region: Region,
    /// Who it is, for policies and audit: an access key id, or `anonymous`.
    pub principal: Arc<str>,
    /// The id that the client sees as `x-amzn-RequestId`.
    pub request_id: Arc<str>,
}

impl Caller {
    /// Whether the caller may do `action` to the resource of an ARN. Asked once by each operation, right after the resource is
    /// known and before anything is read or changed; `open` and `signed` answer yes.
    pub fn may(&self, _action: &'static str, _resource: &impl fmt::Display) -> Result<(), Error> {
        Ok(())
    }
}
