//! The scope of a signature: which key signed, for which day, region and service.

use millstream_types::Region;

use crate::Request;
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

/// The scope that a request claims, nothing of it verified; `None` if it has none that can be read.
///
/// For `open` mode, where a request may be signed with anything: the header or the query is searched for a credential.
pub fn credential_scope(request: &Request<'_>) -> Option<Scope> {
    let header =
        request.header("authorization").filter_map(|value| std::str::from_utf8(value).ok());
    let in_header = header.filter_map(|value| value.split_once("Credential=")).next();
    let credential = match in_header {
        Some((_, rest)) => rest.split([',', ' ']).next()?.to_owned(),
        None => {
            let mut parameters = request.query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = parameters.find(|(name, _)| *name == "X-Amz-Credential")?;
            value.replace("%2F", "/").replace("%2f", "/")
        }
    };
    let parts: Vec<&str> = credential.splitn(6, '/').collect();
    let [access_key_id, date, region, service, _] = parts[..] else { return None };
    let short = !access_key_id.is_empty() && access_key_id.len() <= ACCESS_KEY_ID_BYTES_MAX;
    let region = region.parse().ok().filter(|_| short)?;
    Some(Scope {
        access_key_id: access_key_id.to_owned(),
        date: date.to_owned(),
        region,
        service: service.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_found_in_header_or_query_and_garbage_is_none() {
        let with = |value: &str| {
            let headers = [("Authorization", value.as_bytes())];
            credential_scope(&Request { method: "POST", path: "/", query: "", headers: &headers })
        };
        let good = "AWS4-HMAC-SHA256 Credential=123456789012/20150830/eu-west-1/kinesis/aws4_request, \
            SignedHeaders=host";
        let scope = with(good).unwrap();
        assert_eq!(scope.access_key_id, "123456789012");
        assert_eq!(scope.region.as_str(), "eu-west-1");
        assert_eq!(scope.service, "kinesis");
        for bad in [
            "",
            "Credential=",
            "Credential=a/b/c",
            "Credential=a/b/C D/e/f",
            "Bearer x",
            "Credential=////",
        ] {
            assert_eq!(with(bad), None, "{bad}");
        }
        let query = "x=1&X-Amz-Credential=k%2F20150830%2Fus-east-1%2Fs3%2Faws4_request";
        let request = Request { method: "GET", path: "/", query, headers: &[] };
        assert_eq!(credential_scope(&request).unwrap().service, "s3");
    }
}
