//! The default encryption of a bucket: PutBucketEncryption, GetBucketEncryption, DeleteBucketEncryption.

use hyper::{Response, StatusCode};
use millstream_buckets::{DefaultEncryption, Encryption};

use super::ask::Ask;
use super::encryption::{algorithm_of, encryption};
use super::error::{S3Error, S3Result};
use super::receive::Receiver;
use super::xml_read::{self, Element};
use super::xml_write::Document;
use super::{blocking, document_reply, empty_reply};
use crate::body::ReplyBody;

/// Largest configuration.
const CONFIGURATION_BYTES_MAX: usize = 64 * 1024;
const ROOT: &str = "ServerSideEncryptionConfiguration";
const RULE: &str = "Rule";
const DEFAULT: &str = "ApplyServerSideEncryptionByDefault";
const ALGORITHM: &str = "SSEAlgorithm";
const KEY: &str = "KMSMasterKeyID";
const BUCKET_KEY: &str = "BucketKeyEnabled";

impl Ask<'_> {
    pub(super) async fn put_bucket_encryption(
        &self,
        body: Receiver,
    ) -> S3Result<Response<ReplyBody>> {
        let info = self.bucket().await?;
        let encryption = configuration(&body.read(CONFIGURATION_BYTES_MAX).await?)?;
        self.set_encryption(info.name, Some(encryption)).await?;
        Ok(empty_reply(StatusCode::OK))
    }

    pub(super) async fn get_bucket_encryption(&self) -> S3Result<Response<ReplyBody>> {
        let info = self.bucket().await?;
        let (store, name) = (self.store(), info.name.clone());
        let found = blocking(move || Ok(store.default_encryption(&name)?)).await?;
        let encryption = found.ok_or_else(|| {
            let text = "The server side encryption configuration was not found";
            let code = "ServerSideEncryptionConfigurationNotFoundError";
            S3Error::new(code, StatusCode::NOT_FOUND, text).with("BucketName", info.name.as_str())
        })?;
        let (has_name, key) = match encryption.encryption {
            Encryption::Managed => (false, None),
            Encryption::Kms(key) => (true, key),
        };
        let mut document = Document::new(ROOT);
        document.open(RULE).open(DEFAULT);
        document.element(ALGORITHM, algorithm_of(has_name)).optional(KEY, key).close();
        document.element(BUCKET_KEY, encryption.bucket_key).close();
        Ok(document_reply(document))
    }

    pub(super) async fn delete_bucket_encryption(&self) -> S3Result<Response<ReplyBody>> {
        let info = self.bucket().await?;
        self.set_encryption(info.name, None).await?;
        Ok(empty_reply(StatusCode::NO_CONTENT))
    }

    async fn set_encryption(
        &self,
        bucket: millstream_buckets::BucketName,
        encryption: Option<DefaultEncryption>,
    ) -> S3Result<()> {
        let store = self.store();
        blocking(move || Ok(store.set_default_encryption(&bucket, encryption)?)).await
    }
}

/// Reads a configuration: one rule, all of which can be done.
fn configuration(body: &[u8]) -> S3Result<DefaultEncryption> {
    let root = xml_read::document(body)?;
    let [rule] = &root.children[..] else { return Err(S3Error::malformed_xml()) };
    if root.name != ROOT || rule.name != RULE {
        return Err(S3Error::malformed_xml());
    }
    known(rule, &[DEFAULT, BUCKET_KEY])?;
    let bucket_key = match rule.text_of(BUCKET_KEY).map(str::trim) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(S3Error::malformed_xml()),
    };
    let default = rule.all(DEFAULT).next().ok_or_else(S3Error::malformed_xml)?;
    known(default, &[ALGORITHM, KEY])?;
    let algorithm = default.text_of(ALGORITHM).map(str::trim);
    let key = default.text_of(KEY).map(str::trim);
    let encryption = encryption(algorithm, key)?.ok_or_else(S3Error::malformed_xml)?;
    Ok(DefaultEncryption { encryption, bucket_key })
}

/// Refuses elements by name that would change what the rule means, and those that are there twice.
fn known(element: &Element, names: &[&str]) -> S3Result<()> {
    if let Some(other) = element.children.iter().find(|child| !names.contains(&&*child.name)) {
        let name: String = other.name.chars().take(100).collect();
        return Err(S3Error::not_implemented(&format!("{name} of a bucket's encryption")));
    }
    match names.iter().any(|name| element.all(name).count() > 1) {
        true => Err(S3Error::malformed_xml()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rule: &str) -> Result<DefaultEncryption, &'static str> {
        let text =
            format!("<{ROOT} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rule}</{ROOT}>");
        configuration(text.as_bytes()).map_err(|error| error.code)
    }

    #[test]
    fn a_configuration_is_one_rule_of_which_nothing_is_left_out() {
        let rule = |inner: &str, more: &str| {
            read(&format!("<{RULE}><{DEFAULT}>{inner}</{DEFAULT}>{more}</{RULE}>"))
        };
        let algorithm = |name: &str| format!("<{ALGORITHM}>{name}</{ALGORITHM}>");
        let kms = format!("{}<{KEY}>k</{KEY}>", algorithm("aws:kms"));
        let disabled = "<BucketKeyEnabled>false</BucketKeyEnabled>";
        let enabled = "<BucketKeyEnabled>true</BucketKeyEnabled>";
        let of_key = Encryption::Kms(Some("k".into()));
        for (given, encryption, bucket_key) in [
            (rule(&algorithm("AES256"), disabled), Encryption::Managed, false),
            (rule(&algorithm("AES256"), enabled), Encryption::Managed, true),
            (rule(&algorithm("aws:kms"), ""), Encryption::Kms(None), false),
            (rule(&kms, enabled), of_key, true),
        ] {
            assert_eq!(given, Ok(DefaultEncryption { encryption, bucket_key }));
        }
        for (given, code) in [
            (read(""), "MalformedXML"),
            (read("<Rule/>"), "MalformedXML"),
            (read("<Rule/><Rule/>"), "MalformedXML"),
            (rule("", ""), "MalformedXML"),
            (rule(&algorithm("AES256").repeat(2), ""), "MalformedXML"),
            (rule(&algorithm("aws:kms:dsse"), ""), "NotImplemented"),
            (rule(&algorithm("x"), ""), "InvalidArgument"),
            (rule(&kms, "<BucketKeyEnabled>yes</BucketKeyEnabled>"), "MalformedXML"),
            (rule(&kms, "<BlockedEncryptionTypes/>"), "NotImplemented"),
        ] {
            assert_eq!(given, Err(code));
        }
    }
}
