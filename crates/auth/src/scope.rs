//! The scope of a signature: which key signed, for which day, region and service.

use std::borrow::Cow;

use millstream_types::Region;

use crate::error::{AuthError, echo};
use crate::limits::ACCESS_KEY_ID_BYTES_MAX;

/// What a `Credential` says: `<access key id>/<date>/<region>/<service>/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Which key signed.
    pub access_key_id: String,
    /// The day of the signing key, `20150830`.
    pub date: String,
    /// The region.
    pub region: Region,
    /// The service, such as `kinesis`.
    pub service: String,
}

/// The last element of every scope.
pub(crate) const TERMINATOR: &str = "aws4_request";

impl Scope {
    /// Reads a `Credential` strictly, but does not compare the date with anything.
    pub(crate) fn parse(credential: &str, service: &str) -> Result<Scope, AuthError> {
        let parts: Vec<&str> = credential.splitn(6, '/').collect();
        let [access_key_id, date, region, given_service, terminator] = parts[..] else {
            return Err(AuthError::incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, \
                    got '{}'",
                echo(credential)
            )));
        };
        if access_key_id.is_empty() || access_key_id.len() > ACCESS_KEY_ID_BYTES_MAX {
            return Err(AuthError::unrecognized());
        }
        let Ok(region) = region.parse::<Region>() else {
            let text =
                format!("Credential should be scoped to a valid region, not '{}'.", echo(region));
            return Err(AuthError::invalid(text));
        };
        if given_service != service {
            let text = format!("Credential should be scoped to correct service: '{service}'.");
            return Err(AuthError::invalid(text));
        }
        if terminator != TERMINATOR {
            return Err(AuthError::invalid(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                echo(terminator)
            )));
        }
        Ok(Scope {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region,
            service: given_service.to_owned(),
        })
    }

    /// The scope without the key: `20150830/us-east-1/kinesis/aws4_request`.
    pub(crate) fn suffix(&self) -> String {
        format!("{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

/// What a request claims of itself, nothing of it verified: `use_scope` gets its access key id and its region; `None`
/// if it has no credential that can be read, or `use_scope` says so.
///
/// For `open` mode, where a request may be signed with anything: the values of its `Authorization` headers or the query
/// are searched for a credential.
pub fn claimed<'a, T>(
    authorization: impl Iterator<Item = &'a [u8]>,
    query: &str,
    use_scope: impl FnOnce(&str, &str) -> Option<T>,
) -> Option<T> {
    let credential = credential(authorization, query)?;
    let mut parts = credential.splitn(6, '/');
    let (access_key_id, _date) = (parts.next()?, parts.next()?);
    let (region, _service, _terminator) = (parts.next()?, parts.next()?, parts.next()?);
    let short = !access_key_id.is_empty() && access_key_id.len() <= ACCESS_KEY_ID_BYTES_MAX;
    if !short || parts.next().is_some() {
        return None;
    }
    use_scope(access_key_id, region)
}

/// The service that a request claims to be signed for, nothing of it verified; `None` if it has no credential that can
/// be read.
pub fn claimed_service<'a>(
    authorization: impl Iterator<Item = &'a [u8]>,
    query: &str,
) -> Option<String> {
    let credential = credential(authorization, query)?;
    let mut parts = credential.splitn(6, '/').skip(3);
    let (service, _terminator) = (parts.next()?, parts.next()?);
    parts.next().is_none().then(|| service.to_owned())
}

/// The credential in the header or in the query.
fn credential<'a>(
    mut authorization: impl Iterator<Item = &'a [u8]>,
    query: &str,
) -> Option<Cow<'a, str>> {
    const NAME: &[u8] = b"Credential=";
    let in_header = authorization.find_map(|value| {
        let at = value.windows(NAME.len()).position(|window| window == NAME)?;
        std::str::from_utf8(&value[at + NAME.len()..]).ok()
    });
    if let Some(rest) = in_header {
        return rest.split([',', ' ']).next().map(Cow::Borrowed);
    }
    let mut parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = parameters.find(|(name, _)| *name == "X-Amz-Credential")?;
    Some(Cow::Owned(value.replace("%2F", "/").replace("%2f", "/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_found_in_header_or_query_and_garbage_is_none() {
        let both = |key: &str, region: &str| {
            let region = region.parse::<Region>().ok()?;
            Some((key.to_owned(), region.as_str().to_owned()))
        };
        let with = |value: &str| claimed([value.as_bytes()].into_iter(), "", both);
        let good = "AWS4-HMAC-SHA256 Credential=123456789012/20150830/eu-west-1/kinesis/aws4_request, \
            SignedHeaders=host";
        let found = |key: &str, region: &str| Some((key.to_owned(), region.to_owned()));
        assert_eq!(with(good), found("123456789012", "eu-west-1"));
        for bad in [
            "",
            "Credential=",
            "Credential=a/b/c",
            "Credential=a/b/C D/e/f",
            "Bearer x",
            "Credential=////",
            "Credential=a/b/us-east-1/d/e/f",
        ] {
            assert_eq!(with(bad), None, "{bad}");
        }
        let query = "x=1&X-Amz-Credential=k%2F20150830%2Fus-east-1%2Fs3%2Faws4_request";
        assert_eq!(claimed([].into_iter(), query, both), found("k", "us-east-1"));
        assert_eq!(claimed_service([].into_iter(), query).as_deref(), Some("s3"));
        let in_header = claimed_service([good.as_bytes()].into_iter(), query);
        assert_eq!(in_header.as_deref(), Some("kinesis"));
    }
}
