//! How a user names a master key: id, ARN, alias, or the alias's ARN (botocore, `StartStreamEncryptionInput`).

use std::fmt;

use millstream_types::{AccountId, Region};

/// The alias of the own key of Data Streams and Data Firehose, which every account has.
pub const SERVICE_ALIAS: &str = "alias/aws/kinesis";
/// The alias of S3's own key, which every account has.
pub const S3_ALIAS: &str = "alias/aws/s3";
/// What stands for the key of objects that name none (SSE-S3). No user can say it: it has a space.
const S3_MANAGED: &str = "s3 managed";

/// A key's name, as it was given, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName {
    text: String,
    place: Option<(Region, AccountId)>,
    resource_at: usize,
    is_alias: bool,
}

/// The text is neither an id, an alias nor an ARN of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKeyName;

impl KeyName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        let (place, resource) = match text.starts_with("arn:") {
            true => arn(text)?,
            false => (None, text),
        };
        // In an ARN a key's id follows `key/`; alone it stands for itself.
        let (id, is_alias) = match (resource.strip_prefix("alias/"), place.is_some()) {
            (Some(alias), _) => (alias, true),
            (None, true) => (resource.strip_prefix("key/").ok_or(InvalidKeyName)?, false),
            (None, false) => (resource, false),
        };
        let allowed = |c: u8| {
            c.is_ascii_alphanumeric() || c == b'-' || is_alias && matches!(c, b'/' | b'_' | b':')
        };
        if id.is_empty() || id.len() > 256 || !id.bytes().all(allowed) {
            return Err(InvalidKeyName);
        }
        let resource = if is_alias { resource } else { id };
        let resource_at = text.len() - resource.len();
        Ok(KeyName { text: text.to_owned(), place, resource_at, is_alias })
    }

    /// The service's own key.
    pub fn service() -> Self {
        KeyName { text: SERVICE_ALIAS.into(), place: None, resource_at: 0, is_alias: true }
    }

    /// S3's own key, which users can name.
    pub fn s3() -> Self {
        KeyName { text: S3_ALIAS.into(), place: None, resource_at: 0, is_alias: true }
    }

    /// The key of objects that are encrypted without a key being named (SSE-S3).
    pub fn s3_managed() -> Self {
        KeyName { text: S3_MANAGED.into(), place: None, resource_at: 0, is_alias: false }
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `alias/NAME`, or the id.
    pub fn resource(&self) -> &str {
        &self.text[self.resource_at..]
    }

    /// Whether it is an alias.
    pub fn is_alias(&self) -> bool {
        self.is_alias
    }

    /// Region and account, if it is an ARN.
    pub fn place(&self) -> Option<&(Region, AccountId)> {
        self.place.as_ref()
    }

    /// Whether it names a service's own key.
    pub fn is_service(&self) -> bool {
        matches!(self.resource(), SERVICE_ALIAS | S3_ALIAS | S3_MANAGED)
    }

    /// Whether it names a key of S3's.
    pub fn is_s3(&self) -> bool {
        matches!(self.resource(), S3_ALIAS | S3_MANAGED)
    }

    /// Its ARN, where a name that is none belongs to `account` and `region`.
    pub fn arn(&self, region: &Region, account: AccountId) -> String {
        if self.place.is_some() {
            return self.text.clone();
        }
        let kind = if self.is_alias { "" } else { "key/" };
        let partition = region.partition();
        format!("arn:{partition}:kms:{region}:{account}:{kind}{}", self.resource())
    }

    /// The same key named by its ARN, so that it means the same to everyone.
    pub fn qualified(&self, region: &Region, account: AccountId) -> Self {
        if self.place.is_some() {
            return self.clone();
        }
        let text = self.arn(region, account);
        let resource_at = text.len() - self.resource().len();
        KeyName {
            text,
            place: Some((region.clone(), account)),
            resource_at,
            is_alias: self.is_alias,
        }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

type Place = Option<(Region, AccountId)>;

fn arn(text: &str) -> Result<(Place, &str), InvalidKeyName> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().ok_or(InvalidKeyName);
    let (_, partition, service) = (next()?, next()?, next()?);
    let (region, account, resource) = (next()?, next()?, next()?);
    if !partition.starts_with("aws") || service != "kms" {
        return Err(InvalidKeyName);
    }
    let region = region.parse().map_err(|_| InvalidKeyName)?;
    let account = account.parse().map_err(|_| InvalidKeyName)?;
    Ok((Some((region, account)), resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms_are_read() {
        let arn = "arn:aws:kms:us-east-1:123456789012:";
        for (text, resource, is_alias) in [
            ("1234abcd-12ab-34cd", "1234abcd-12ab-34cd", false),
            ("alias/My_Key", "alias/My_Key", true),
            (SERVICE_ALIAS, SERVICE_ALIAS, true),
            (&format!("{arn}key/1234abcd"), "1234abcd", false),
            (&format!("{arn}alias/aws/kinesis"), SERVICE_ALIAS, true),
        ] {
            let name = KeyName::parse(text).unwrap();
            assert_eq!((name.resource(), name.is_alias()), (resource, is_alias), "{text}");
            let place = ("us-east-1".parse().unwrap(), "123456789012".parse().unwrap());
            let whole = name.arn(&place.0, place.1);
            assert_eq!(KeyName::parse(&whole), Ok(name.qualified(&place.0, place.1)));
            assert_eq!(KeyName::parse(&whole).unwrap().resource(), resource);
        }
        assert!(KeyName::service().is_service() && !KeyName::service().is_s3());
        for name in [KeyName::s3(), KeyName::s3_managed()] {
            assert!(name.is_service() && name.is_s3());
        }
        let china = "cn-north-1".parse().unwrap();
        let arn = KeyName::parse("a").unwrap().arn(&china, AccountId::from_u64(7).unwrap());
        assert_eq!(arn, "arn:aws-cn:kms:cn-north-1:000000000007:key/a");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "alias/",
            "a key",
            "aws/kinesis",
            S3_MANAGED,
            "arn:aws:kms:us-east-1:123456789012:1234",
            "arn:aws:s3:us-east-1:123456789012:key/1234",
            "arn:aws:kms:us-east-1:12:key/1234",
            "arn:aws:kms:us-east-1",
        ] {
            assert_eq!(KeyName::parse(text), Err(InvalidKeyName), "{text}");
        }
    }
}
