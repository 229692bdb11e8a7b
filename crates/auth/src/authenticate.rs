//! From a signed request to who sent it, in one call.

use millstream_types::{AccountId, Millis};

use crate::Request;
use crate::claim::parse;
use crate::error::AuthError;
use crate::keys::SigningKeys;
use crate::scope::Scope;
use crate::secret::Secret;

/// Where access keys are found.
pub trait KeyStore: Send + Sync {
    /// The secret and the account of an access key; `None` if it is not known.
    fn lookup(&self, access_key_id: &str) -> Option<(Secret, AccountId)>;
}

/// Who sent a request, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account of the key.
    pub account: AccountId,
    /// The key, the day, the region and the service that were signed for.
    pub scope: Scope,
}

/// Verifies a request to `service`. A session token is refused: keys of a `KeyStore` have none.
///
/// # Errors
/// AWS's error for a request that is not to be believed.
pub fn authenticate(
    request: &Request<'_>,
    service: &str,
    payload_sha256: &[u8; 32],
    now: Millis,
    store: &dyn KeyStore,
    keys: &SigningKeys,
) -> Result<Identity, AuthError> {
    let claim = parse(request, service)?;
    let known = store.lookup(&claim.scope().access_key_id).filter(|_| !claim.has_token());
    let secret = known.as_ref().map(|(secret, _)| secret);
    claim.verify(request, payload_sha256, secret, now, keys)?;
    // `verify` refuses what has no secret.
    let (_, account) = known.ok_or_else(AuthError::unrecognized)?;
    Ok(Identity { account, scope: claim.scope().clone() })
}

/// Reads any bytes as the parts of a signed request, a line each: path, query, then headers; for fuzzing.
pub fn fuzz_request(input: &[u8]) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut text = || std::str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let (path, query) = (text(), text());
    let headers: Vec<(&str, &[u8])> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]))
        })
        .collect();
    let request = Request { method: "POST", path, query, headers: &headers };
    let _ = crate::claimed(request.header("authorization"), query, |_, _| Some(()));
    if let Ok(claim) = parse(&request, "kinesis") {
        let keys = SigningKeys::new();
        let at = Millis(1_700_000_000_000);
        let _ = claim.verify(&request, &[0; 32], Some(&Secret::new("secret")), at, &keys);
    }
}
