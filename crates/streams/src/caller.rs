//! Who calls.

use std::fmt;
use std::sync::{Arc, LazyLock};

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

/// Who the service itself is. Known by identity and not by its text, which a client might call itself by.
static INTERNAL: LazyLock<Arc<str>> = LazyLock::new(|| "internal".into());

impl Caller {
    /// The service itself in an account and region, for what it does by its own operations: without call rates.
    pub fn internal(account: AccountId, region: Region) -> Self {
        Caller { account, region, principal: INTERNAL.clone(), request_id: INTERNAL.clone() }
    }

    /// Whether this is the service itself.
    pub fn is_internal(&self) -> bool {
        Arc::ptr_eq(&self.principal, &INTERNAL)
    }

    /// Whether the caller may do `action` to the resource of an ARN. Asked once by each operation, right after the
    /// resource is known and before anything is read or changed; `open` and `signed` answer yes.
    pub fn may(&self, _action: &'static str, _resource: &impl fmt::Display) -> Result<(), Error> {
        Ok(())
    }
}
