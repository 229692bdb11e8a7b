//! Headers of objects, in both directions, and conditions.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use millstream_buckets::limits::METADATA_BYTES_MAX;
use millstream_buckets::{Attributes, Condition, ETag, ObjectInfo};

use super::checksum;
use super::dates;
use super::encryption;
use super::error::{S3Error, S3Result};
use super::operation::METADATA;
use super::target::Query;

/// Classes of storage whose objects can be read at once; those of others would have to be restored.
const STORAGE_CLASSES: [&str; 6] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
];
/// The type of an object of which none was said.
const CONTENT_TYPE: &str = "binary/octet-stream";

/// A header as text.
pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).map(str::trim)
}

/// What a request says of the object that it writes.
pub(crate) fn attributes(headers: &HeaderMap) -> S3Result<Attributes> {
    let own = |name: &str| text(headers, name).map(str::to_owned);
    let mut metadata = Vec::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(METADATA) else { continue };
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| {
            S3Error::bad("InvalidArgument", format!("The metadata {name} must be UTF-8."))
        })?;
        metadata.push((name.to_owned(), value.trim().to_owned()));
    }
    metadata.sort();
    if metadata.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(S3Error::bad("InvalidArgument", "A name of metadata is given twice."));
    }
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        let text = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(S3Error::bad("MetadataTooLarge", text)
            .with("Size", bytes.to_string())
            .with("MaxSizeAllowed", METADATA_BYTES_MAX.to_string()));
    }
    Ok(Attributes {
        content_type: own("content-type"),
        content_encoding: content_encoding(headers),
        content_disposition: own("content-disposition"),
        content_language: own("content-language"),
        cache_control: own("cache-control"),
        expires: own("expires"),
        metadata,
        storage_class: storage_class(headers)?,
    })
}

/// The encoding without the framing of the transfer.
fn content_encoding(headers: &HeaderMap) -> Option<String> {
    let codings = text(headers, "content-encoding")?.split(',').map(str::trim);
    let kept: Vec<_> =
        codings.filter(|coding| !coding.is_empty() && *coding != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

fn storage_class(headers: &HeaderMap) -> S3Result<Option<String>> {
    match text(headers, "x-amz-storage-class") {
        None | Some("STANDARD") => Ok(None),
        Some(class) if STORAGE_CLASSES.contains(&class) => Ok(Some(class.to_owned())),
        Some(_) => Err(S3Error::bad(
            "InvalidStorageClass",
            format!(
                "The storage class you specified is not valid here; valid are {}.",
                STORAGE_CLASSES.join(", ")
            ),
        )),
    }
}

/// What must hold for a write: `If-None-Match: *`, or `If-Match`.
pub(crate) fn write_condition(headers: &HeaderMap) -> S3Result<Condition> {
    match (text(headers, "if-none-match"), text(headers, "if-match")) {
        (None, None) => Ok(Condition::Always),
        (Some("*"), None) => Ok(Condition::IfAbsent),
        (None, Some("*")) => Ok(Condition::IfPresent),
        (None, Some(etags)) => Ok(Condition::IfMatch(etags_of(etags))),
        (Some(_), None) => Err(S3Error::not_implemented("If-None-Match of a write but with *")),
        (Some(_), Some(_)) => {
            Err(S3Error::not_implemented("If-None-Match and If-Match in one write"))
        }
    }
}

/// Those that are no ETags of ours match nothing.
fn etags_of(text: &str) -> Vec<ETag> {
    text.split(',').filter_map(ETag::parse).collect()
}

/// How a condition on a read ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    NotModified,
    Failed,
}

/// Looks at the conditions of a read, in the order of RFC 9110 (13.2.2). `prefix` is empty, or `x-amz-copy-source-`.
pub(crate) fn read_condition(headers: &HeaderMap, prefix: &str, info: &ObjectInfo) -> Verdict {
    let text = |name: &str| text(headers, &format!("{prefix}{name}"));
    let matches = |etags: &str| etags == "*" || etags_of(etags).contains(&info.etag);
    let modified_after =
        |date: &str| dates::parse_http(date).map(|seconds| info.modified.seconds() > seconds);
    if let Some(etags) = text("if-match") {
        if !matches(etags) {
            return Verdict::Failed;
        }
    } else if text("if-unmodified-since").and_then(modified_after) == Some(true) {
        return Verdict::Failed;
    }
    if let Some(etags) = text("if-none-match") {
        if matches(etags) {
            return Verdict::NotModified;
        }
    } else if text("if-modified-since").and_then(modified_after) == Some(false) {
        return Verdict::NotModified;
    }
    Verdict::Holds
}

/// The headers of an object in a reply.
pub(crate) fn object_headers(
    info: &ObjectInfo,
    query: &Query,
    with_checksum: bool,
) -> Vec<(HeaderName, String)> {
    let attributes = &info.attributes;
    let mut headers = vec![
        (header::ETAG, format!("\"{}\"", info.etag)),
        (header::LAST_MODIFIED, dates::http(info.modified)),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let content_type = attributes.content_type.clone().or_else(|| Some(CONTENT_TYPE.to_owned()));
    for (name, parameter, value) in [
        (header::CONTENT_TYPE, "response-content-type", &content_type),
        (header::CONTENT_ENCODING, "response-content-encoding", &attributes.content_encoding),
        (
            header::CONTENT_DISPOSITION,
            "response-content-disposition",
            &attributes.content_disposition,
        ),
        (header::CONTENT_LANGUAGE, "response-content-language", &attributes.content_language),
        (header::CACHE_CONTROL, "response-cache-control", &attributes.cache_control),
        (header::EXPIRES, "response-expires", &attributes.expires),
    ] {
        let value = query.text(parameter).map(str::to_owned).or_else(|| value.clone());
        headers.extend(value.map(|value| (name, value)));
    }
    for (name, value) in &attributes.metadata {
        if let Ok(name) = format!("{METADATA}{name}").parse() {
            headers.push((name, value.clone()));
        }
    }
    if let Some(class) = &attributes.storage_class {
        headers.push((HeaderName::from_static("x-amz-storage-class"), class.clone()));
    }
    headers.extend(encryption::reply_headers(info.sealed.as_deref()));
    if let Some(checksum) = info.checksum.as_ref().filter(|_| with_checksum) {
        headers.extend(checksum::reply_headers(checksum));
    }
    headers
}

/// Adds headers to a reply; values that cannot be sent as they are left out, which none is that came as a header.
pub(crate) fn add(to: &mut HeaderMap, headers: Vec<(HeaderName, String)>) {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            to.insert(name, value);
        }
    }
}

/// A range of an object: where it begins and how long it is. `None` for the whole: no range, several, or one in another
/// unit.
pub(crate) fn range(header: Option<&str>, size: u64) -> S3Result<Option<(u64, u64)>> {
    let Some(range) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Ok(None);
    };
    let Some((first, last)) = range.split_once('-').filter(|_| !range.contains(',')) else {
        return Ok(None);
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (start, end) = match (first.trim().is_empty(), number(first), number(last)) {
        (true, _, Some(suffix)) => (size.saturating_sub(suffix), size),
        (false, Some(start), None) if last.trim().is_empty() => (start, size),
        (false, Some(start), Some(last)) if last >= start => {
            (start, last.saturating_add(1).min(size))
        }
        _ => return Ok(None),
    };
    if start >= end {
        return Err(S3Error::new(
            "InvalidRange",
            hyper::StatusCode::RANGE_NOT_SATISFIABLE,
            "The requested range is not satisfiable",
        )
        .with("RangeRequested", header.unwrap_or_default())
        .with("ActualObjectSize", size.to_string()));
    }
    Ok(Some((start, end - start)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::Millis;

    #[test]
    fn ranges_are_cut_to_the_object() {
        for (text, expected) in [
            ("bytes=0-3", Some((0, 4))),
            ("bytes=5-", Some((5, 5))),
            ("bytes=5-100", Some((5, 5))),
            ("bytes=-3", Some((7, 3))),
            ("bytes=-30", Some((0, 10))),
            ("bytes=3-2", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("bytes=x-1", None),
        ] {
            assert_eq!(range(Some(text), 10), Ok(expected), "{text}");
        }
        assert_eq!(range(None, 10), Ok(None));
        for bad in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            assert_eq!(range(Some(bad), 10).unwrap_err().code, "InvalidRange", "{bad}");
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    #[test]
    fn conditions_of_reads_are_looked_at_in_their_order() {
        let info = ObjectInfo {
            key: "k".parse().unwrap(),
            size: 1,
            modified: Millis(1_255_369_830_500),
            etag: ETag { md5: [0xaa; 16], parts: None },
            attributes: Attributes::default(),
            checksum: None,
            sealed: None,
        };
        let own = format!("\"{}\"", info.etag);
        let (same, later) = ("Mon, 12 Oct 2009 17:50:30 GMT", "Mon, 12 Oct 2009 17:50:31 GMT");
        let earlier = "Mon, 12 Oct 2009 17:50:29 GMT";
        for (pairs, expected) in [
            (&[][..], Verdict::Holds),
            (&[("if-match", own.as_str())], Verdict::Holds),
            (&[("if-match", "\"x\"")], Verdict::Failed),
            (&[("if-match", own.as_str()), ("if-unmodified-since", earlier)], Verdict::Holds),
            (&[("if-unmodified-since", earlier)], Verdict::Failed),
            (&[("if-unmodified-since", same)], Verdict::Holds),
            (&[("if-none-match", own.as_str())], Verdict::NotModified),
            (&[("if-none-match", "*")], Verdict::NotModified),
            (&[("if-none-match", "\"x\""), ("if-modified-since", later)], Verdict::Holds),
            (&[("if-modified-since", same)], Verdict::NotModified),
            (&[("if-modified-since", earlier)], Verdict::Holds),
            (&[("if-modified-since", "nonsense")], Verdict::Holds),
        ] {
            assert_eq!(read_condition(&headers(pairs), "", &info), expected, "{pairs:?}");
        }
    }

    #[test]
    fn what_is_said_of_an_object_is_kept_without_the_framing() {
        let said = attributes(&headers(&[
            ("content-encoding", "aws-chunked,gzip"),
            ("x-amz-meta-b", "2"),
            ("x-amz-meta-a", "1"),
            ("x-amz-storage-class", "STANDARD"),
        ]));
        let said = said.unwrap();
        assert_eq!(said.content_encoding.as_deref(), Some("gzip"));
        assert_eq!(said.metadata, [("a", "1"), ("b", "2")].map(|(n, v)| (n.into(), v.into())));
        assert_eq!(said.storage_class, None);
        let only = headers(&[("content-encoding", "aws-chunked")]);
        assert_eq!(attributes(&only).unwrap().content_encoding, None);
        let frozen = headers(&[("x-amz-storage-class", "GLACIER")]);
        assert_eq!(attributes(&frozen).unwrap_err().code, "InvalidStorageClass");
        let large = headers(&[("x-amz-meta-a", &"x".repeat(2048))]);
        assert_eq!(attributes(&large).unwrap_err().code, "MetadataTooLarge");
    }
}
