//! Encryption of objects: what a request asks for, what a reply says, and the keys in between.
//!
//! User guide, "Protecting data with server-side encryption"; decision 0331 has what it leaves open.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName};
use millstream_buckets::{
    Asked, BucketName, Encryption, Key, ObjectReader, Sealed, Sealing, Writer,
};
use millstream_buckets::{KeyError, KeyFault};

use super::ask::Ask;
use super::error::{S3Error, S3Result};
use super::headers::text;

/// `AES256` or `aws:kms`.
const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-server-side-encryption");
const KEY: HeaderName = HeaderName::from_static("x-amz-server-side-encryption-aws-kms-key-id");
const BUCKET_KEY: HeaderName =
    HeaderName::from_static("x-amz-server-side-encryption-bucket-key-enabled");

/// What a request that writes an object asks for.
pub(crate) fn asked(headers: &HeaderMap) -> S3Result<Asked> {
    let (algorithm, key) = (text(headers, ALGORITHM.as_str()), text(headers, KEY.as_str()));
    let bucket_key = match text(headers, BUCKET_KEY.as_str()) {
        None => None,
        Some(enabled) if enabled.eq_ignore_ascii_case("true") => Some(true),
        Some(enabled) if enabled.eq_ignore_ascii_case("false") => Some(false),
        Some(other) => {
            let error = S3Error::bad("InvalidArgument", "The value must be true or false.");
            let error = error.with("ArgumentName", BUCKET_KEY.as_str());
            return Err(error.with("ArgumentValue", other));
        }
    };
    Ok(Asked { encryption: encryption(algorithm, key)?, bucket_key })
}

/// The encryption of an algorithm and a key, as headers or a bucket's configuration name them.
pub(crate) fn encryption(
    algorithm: Option<&str>,
    key: Option<&str>,
) -> S3Result<Option<Encryption>> {
    let invalid = |text: &'static str| {
        let error = S3Error::bad("InvalidArgument", text);
        error
            .with("ArgumentName", ALGORITHM.as_str())
            .with("ArgumentValue", algorithm.unwrap_or("null"))
    };
    match (algorithm, key.filter(|key| !key.is_empty())) {
        (None, None) => Ok(None),
        (Some("AES256"), None) => Ok(Some(Encryption::Managed)),
        (Some("aws:kms"), key) => Ok(Some(Encryption::Kms(key.map(str::to_owned)))),
        (None | Some("AES256"), Some(_)) => Err(invalid(
            "Server Side Encryption with KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
        )),
        (Some(layers @ ("aws:kms:dsse" | "aws:fsx")), _) => {
            Err(S3Error::not_implemented(&format!("{ALGORITHM}: {layers}")))
        }
        (Some(_), _) => Err(invalid("The encryption method specified is not supported")),
    }
}

/// What a reply says of an object's encryption.
pub(crate) fn reply_headers(sealed: Option<&Sealed>) -> Vec<(HeaderName, String)> {
    let Some(sealed) = sealed else { return Vec::new() };
    let mut headers = vec![(ALGORITHM, algorithm_of(sealed.key_arn.is_some()).to_owned())];
    headers.extend(sealed.key_arn.clone().map(|arn| (KEY, arn)));
    headers.extend(sealed.bucket_key.then(|| (BUCKET_KEY, "true".to_owned())));
    headers
}

/// The algorithm by the name that S3 has for it.
pub(crate) fn algorithm_of(has_name: bool) -> &'static str {
    if has_name { "aws:kms" } else { "AES256" }
}

impl Ask<'_> {
    /// How the object that is written is encrypted: as is asked, else as the bucket has it.
    pub(super) async fn sealing(
        &self,
        bucket: &BucketName,
        key: &Key,
        asked: &Asked,
    ) -> S3Result<Option<Sealing>> {
        let (account, region) = (self.identity.account, self.identity.region.clone());
        let writer = Writer { account, region };
        Ok(self.face.store.sealing(&writer, bucket, key, asked).await?)
    }

    /// The key to what is there, if it is encrypted.
    pub(super) async fn unsealing(
        &self,
        bucket: &BucketName,
        key: &Key,
        sealed: Option<&Sealed>,
    ) -> S3Result<Option<Sealing>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let reader = self.owners_only.then_some(self.identity.account);
        let sealing = self.face.store.unsealing(reader, bucket, key, sealed).await?;
        Ok(Some(sealing))
    }

    /// The same object with the key to it, if it needs one.
    pub(super) async fn unsealed(
        &self,
        bucket: &BucketName,
        key: &Key,
        reader: ObjectReader,
    ) -> S3Result<ObjectReader> {
        match self.unsealing(bucket, key, reader.info().sealed.as_deref()).await? {
            Some(sealing) => Ok(reader.unseal(&sealing)?),
            None => Ok(reader),
        }
    }
}

/// A master key's failure as S3 tells it.
pub(crate) fn of_key(error: KeyError) -> S3Error {
    let KeyError { fault, text } = error;
    match fault {
        KeyFault::NotFound => S3Error::bad("KMS.NotFoundException", text),
        KeyFault::Disabled => S3Error::bad("KMS.DisabledException", text),
        KeyFault::InvalidState => S3Error::bad("KMS.KMSInvalidStateException", text),
        KeyFault::AccessDenied => S3Error::denied(text),
        KeyFault::OptInRequired => S3Error::new("KMS.OptInRequired", StatusCode::FORBIDDEN, text),
        KeyFault::Throttled => S3Error::bad("KMS.ThrottlingException", text),
        KeyFault::Unavailable => {
            S3Error::new("ServiceUnavailable", StatusCode::SERVICE_UNAVAILABLE, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    const SSE: &str = "x-amz-server-side-encryption";
    const ENABLED: &str = "x-amz-server-side-encryption-bucket-key-enabled";
    const ID: &str = "x-amz-server-side-encryption-aws-kms-key-id";

    #[test]
    fn what_is_asked_for_is_read_and_nothing_is_left_out() {
        assert_eq!(asked(&headers(&[])), Ok(Asked::default()));
        for (text, expected) in [("true", true), ("False", false)] {
            let bucket_key = asked(&headers(&[(ENABLED, text)])).map(|asked| asked.bucket_key);
            assert_eq!(bucket_key, Ok(Some(expected)));
        }
        for (pairs, expected) in [
            (&[][..], None),
            (&[(SSE, "AES256")], Some(Encryption::Managed)),
            (&[(SSE, "aws:kms")], Some(Encryption::Kms(None))),
            (&[(SSE, "aws:kms"), (ID, "k")], Some(Encryption::Kms(Some("k".into())))),
        ] {
            let encryption = asked(&headers(pairs)).map(|asked| asked.encryption);
            assert_eq!(encryption, Ok(expected), "{pairs:?}");
        }
        for (pairs, code) in [
            (&[(ID, "k")][..], "InvalidArgument"),
            (&[(SSE, "AES256"), (ID, "k")], "InvalidArgument"),
            (&[(SSE, "aes256")], "InvalidArgument"),
            (&[(SSE, "")], "InvalidArgument"),
            (&[(SSE, "aws:kms:dsse")], "NotImplemented"),
            (&[(SSE, "aws:kms"), (ENABLED, "yes")], "InvalidArgument"),
        ] {
            assert_eq!(asked(&headers(pairs)).unwrap_err().code, code, "{pairs:?}");
        }
    }
}
