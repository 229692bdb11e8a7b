//! Which bucket and key a request is about, and what its query says.

use hyper::http::request::Parts;
use millstream_buckets::{BucketName, Key};

use super::error::{S3Error, S3Result};

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The server.
    Service,
    /// A bucket.
    Bucket(BucketName),
    /// An object.
    Object(BucketName, Key),
}

/// The bucket that a host names (virtual-hosted style): what is before `.localhost`, `.s3.localhost`, one of the
/// server's own names, or, where every name is answered, before `.s3.` or `.s3-`.
pub(crate) fn bucket_of_host<'a>(host: &'a str, names: &[String], any: bool) -> Option<&'a str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let own = names.iter().map(String::as_str).chain(["localhost"]);
    for own in own {
        let Some(before) = name.strip_suffix(own).and_then(|before| before.strip_suffix('.'))
        else {
            continue;
        };
        let before = match before.rsplit_once('.') {
            _ if before == "s3" => return None,
            Some((bucket, "s3")) => bucket,
            _ => before,
        };
        // The services' own hosts, as clients make them of an endpoint.
        let service = ["kinesis", "firehose", "monitoring", "dynamodb", "sts", "iam"];
        return (!service.contains(&before)).then_some(before);
    }
    let mark = name.find(".s3.").or_else(|| name.find(".s3-")).filter(|_| any)?;
    Some(&name[..mark])
}

/// Finds what a request is about.
pub(crate) fn target(host_bucket: Option<&str>, path: &str) -> S3Result<Target> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = match (host_bucket, path.split_once('/')) {
        (Some(bucket), _) => (bucket.to_owned(), path),
        (None, Some((bucket, key))) => (decoded(bucket)?, key),
        (None, None) => (decoded(path)?, ""),
    };
    if bucket.is_empty() {
        return Ok(Target::Service);
    }
    let invalid = || {
        S3Error::bad("InvalidBucketName", "The specified bucket is not valid.")
            .with("BucketName", bucket.clone())
    };
    let name = bucket.parse().map_err(|_| invalid())?;
    let key = decoded(key)?;
    if key.is_empty() {
        return Ok(Target::Bucket(name));
    }
    Ok(Target::Object(name, key_of(&key)?))
}

/// A key, or S3's error for one that is too long.
pub(crate) fn key_of(text: &str) -> S3Result<Key> {
    text.parse().map_err(|_| match text.is_empty() {
        true => S3Error::bad("InvalidRequest", "A key must not be empty."),
        false => S3Error::bad("KeyTooLongError", "Your key is too long")
            .with("Size", text.len().to_string())
            .with("MaxSizeAllowed", millstream_buckets::limits::KEY_BYTES_MAX.to_string()),
    })
}

/// Takes percent signs out.
pub(crate) fn decoded(text: &str) -> S3Result<String> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let invalid = || S3Error::bad("InvalidURI", "Couldn't parse the specified URI.");
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte != b'%' {
            out.push(*byte);
            at += 1;
            continue;
        }
        let (high, low) = (digit(bytes.get(at + 1)), digit(bytes.get(at + 2)));
        let (Some(high), Some(low)) = (high, low) else { return Err(invalid()) };
        out.push((high << 4 | low) as u8);
        at += 3;
    }
    String::from_utf8(out).map_err(|_| invalid())
}

/// The parameters of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub fn of(head: &Parts) -> S3Result<Self> {
        let text = head.uri.query().unwrap_or_default();
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(&name.replace('+', " "))?, decoded(&value.replace('+', " "))?))
        });
        let query = Query(pairs.collect::<S3Result<_>>()?);
        // Two readers could believe two of them.
        let mut names: Vec<&str> = query.names().collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some([name, _]) => {
                Err(S3Error::bad("InvalidArgument", format!("{name} is given twice.")))
            }
            _ => Ok(query),
        }
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text that says nothing if it is not there.
    pub fn text_or_empty(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A whole number of zero or more.
    pub fn number(&self, name: &str) -> S3Result<Option<u32>> {
        let Some(text) = self.text(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text.parse::<u32>().ok().filter(|number| *number <= i32::MAX as u32);
        number.map(Some).ok_or_else(|| {
            let text = format!("Provided {name} not an integer or within integer range");
            S3Error::bad("InvalidArgument", text).with("ArgumentName", name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_buckets_or_not() {
        let names = ["millstream".to_owned()];
        for (host, any, bucket) in [
            ("localhost:4567", false, None),
            ("127.0.0.1:4567", false, None),
            ("[::1]:4567", false, None),
            ("s3.localhost:4567", false, None),
            ("kinesis.localhost", false, None),
            ("b.localhost:4567", false, Some("b")),
            ("a.b.s3.localhost", false, Some("a.b")),
            ("b.millstream:80", false, Some("b")),
            ("b.s3.eu-west-1.example.org", true, Some("b")),
            ("b.s3.eu-west-1.example.org", false, None),
            ("example.org", true, None),
        ] {
            assert_eq!(bucket_of_host(host, &names, any), bucket, "{host}");
        }
    }

    #[test]
    fn paths_name_buckets_and_keys() {
        let bucket = |name: &str| Target::Bucket(name.parse().unwrap());
        let object =
            |name: &str, key: &str| Target::Object(name.parse().unwrap(), key.parse().unwrap());
        for (host, path, expected) in [
            (None, "/", Target::Service),
            (None, "/bucket", bucket("bucket")),
            (None, "/bucket/", bucket("bucket")),
            (None, "/bucket/a//b/../c", object("bucket", "a//b/../c")),
            (None, "/bucket//", object("bucket", "/")),
            (None, "/bucket/%C3%A4%2F+", object("bucket", "ä/+")),
            (Some("bucket"), "/", bucket("bucket")),
            (Some("bucket"), "/a/b", object("bucket", "a/b")),
        ] {
            assert_eq!(target(host, path), Ok(expected), "{path}");
        }
        for (path, code) in [
            ("/B", "InvalidBucketName"),
            ("/../etc", "InvalidBucketName"),
            ("/bucket/%ff", "InvalidURI"),
            ("/bucket/%4", "InvalidURI"),
            (&format!("/bucket/{}", "x".repeat(1025)), "KeyTooLongError"),
        ] {
            assert_eq!(target(None, path).unwrap_err().code, code, "{path}");
        }
    }
}
