//! Who signed a request: SigV4 for `signed`, whatever the scope says for `open`.

use std::sync::Arc;

use hyper::http::request::Parts;
use millstream_api::{Error, ErrorCode};
use millstream_types::{AccountId, Region};

use crate::service::Gateway;

/// Who calls, and where.
pub struct Identity {
    pub account: AccountId,
    pub region: Region,
    pub principal: Arc<str>,
}
