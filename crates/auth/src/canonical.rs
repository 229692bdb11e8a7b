//! Canonical requests: the one form of a request that both ends hash.

use std::borrow::Cow;

use ring::digest::{Context, SHA256};

use crate::Request;

/// How the query is brought into its canonical form. SDKs differ on queries that are not canonical as they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryForm {
    /// Decoded (a plus is a space) and encoded again: AWS's documentation, and the SDK for Rust.
    Encoded,
    /// Only sorted: botocore, which encodes before it sends.
    AsSent,
}

/// How the path is brought into its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathForm {
    /// Without empty and dot segments, encoded once more than it was sent: every service but S3.
    Normalised,
    /// As it is, encoded once: S3, whose keys may be anything.
    Once,
}

/// The SHA-256 of the canonical request.
pub(crate) fn request_sha256(
    request: &Request<'_>,
    signed_headers: &str,
    payload_hash_hex: &str,
    (path_form, query_form): (PathForm, QueryForm),
) -> [u8; 32] {
    let path = match path_form {
        PathForm::Normalised => path(request.path),
        PathForm::Once => path_once(request.path),
    };
    let query = query(request.query, query_form);
    let mut canonical = Vec::with_capacity(1024);
    for part in [request.method, "\n", &path, "\n", &query, "\n"] {
        canonical.extend_from_slice(part.as_bytes());
    }
    for name in signed_headers.split(';') {
        canonical.extend_from_slice(name.as_bytes());
        canonical.push(b':');
        for (index, value) in request.header(name).enumerate() {
            if index > 0 {
                canonical.push(b',');
            }
            header_value(value, &mut canonical);
        }
        canonical.push(b'\n');
    }
    for part in ["\n", signed_headers, "\n", payload_hash_hex] {
        canonical.extend_from_slice(part.as_bytes());
    }
    let mut context = Context::new(&SHA256);
    context.update(&canonical);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The path, without empty and dot segments, encoded once more than it was sent (every service but S3).
fn path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = kept.pop(),
            segment => kept.push(segment),
        }
    }
    let trailing = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    let mut out = String::with_capacity(path.len() + 2);
    for segment in &kept {
        out.push('/');
        percent_encode(segment.as_bytes(), &mut out);
    }
    if kept.is_empty() { "/".to_owned() } else { out + trailing }
}

/// The path as S3 has it: decoded and encoded again, so that it does not matter what the client left unencoded.
fn path_once(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 16);
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        percent_encode(&percent_decode(segment), &mut out);
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

/// The parameters, sorted, without the signature itself.
fn query(query: &str, form: QueryForm) -> String {
    if query.is_empty() {
        return String::new();
    }
    let pairs = query.split('&').filter(|pair| form == QueryForm::AsSent || !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let encoded = |text: &str| match form {
        QueryForm::AsSent => text.to_owned(),
        QueryForm::Encoded => {
            let mut out = String::with_capacity(text.len());
            percent_encode(&percent_decode(&text.replace('+', " ")), &mut out);
            out
        }
    };
    let mut pairs: Vec<(String, String)> = pairs
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Trimmed, and runs of spaces within made one.
fn header_value(value: &[u8], out: &mut Vec<u8>) {
    let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// Encodes all but the unreserved characters of RFC 3986.
pub(crate) fn percent_encode(bytes: &[u8], out: &mut String) {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(*byte));
            continue;
        }
        let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
        out.extend(['%', high, low]);
    }
}

/// Decodes percent signs with two hexadecimal digits; others stay.
pub(crate) fn percent_decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(HEX[usize::from(digit)])).collect()
}

/// Reads 32 bytes of lower-case hexadecimal.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut out = [0; 32];
    if pairs.len() != out.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        for (sent, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a//b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..", "/"),
            ("/../..", "/"),
            ("/a/", "/a/"),
            ("/a/../", "/"),
            ("/a%2Fb", "/a%252Fb"),
            ("/a+b c", "/a%2Bb%20c"),
            ("/%C3%A4", "/%25C3%25A4"),
            ("/ä", "/%C3%A4"),
            ("/a~b_c-d.e", "/a~b_c-d.e"),
            ("/%2E%2E/x", "/%252E%252E/x"),
        ] {
            assert_eq!(path(sent), canonical, "{sent}");
        }
    }

    #[test]
    fn paths_of_s3_stay_as_they_are_and_are_encoded_once() {
        for (sent, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("/b//a/../x/", "/b//a/../x/"),
            ("/a%2fb", "/a%2Fb"),
            ("/a+b c", "/a%2Bb%20c"),
            ("/%c3%a4", "/%C3%A4"),
            ("/%7e!", "/~%21"),
        ] {
            assert_eq!(path_once(sent), canonical, "{sent}");
        }
    }

    #[test]
    fn queries_are_sorted_and_encoded() {
        for (sent, encoded, as_sent) in [
            ("", "", ""),
            ("b=2&a=1", "a=1&b=2", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2", "a=1&a=2"),
            ("a", "a=", "a="),
            ("a=b=c", "a=b%3Dc", "a=b=c"),
            ("a=x+y", "a=x%20y", "a=x+y"),
            ("a=%2f", "a=%2F", "a=%2f"),
            ("a=ä", "a=%C3%A4", "a=ä"),
            ("a=%zz", "a=%25zz", "a=%zz"),
            ("X-Amz-Signature=x&a=1", "a=1", "a=1"),
        ] {
            assert_eq!(query(sent, QueryForm::Encoded), encoded, "{sent}");
            assert_eq!(query(sent, QueryForm::AsSent), as_sent, "{sent}");
        }
    }

    #[test]
    fn header_values_lose_needless_spaces() {
        for (sent, canonical) in [("", ""), ("  a   b  ", "a b"), ("a\t b", "a b"), (" ", "")] {
            let mut out = Vec::new();
            header_value(sent.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), canonical);
        }
    }

    #[test]
    fn only_lower_case_hex_of_32_bytes_is_read() {
        let bytes: Vec<u8> = (0..32).map(|n| n * 8).collect();
        assert_eq!(unhex(&hex(&bytes)).unwrap().to_vec(), bytes);
        for bad in
            ["", "0g", &"A".repeat(64) as &str, &"a".repeat(63), &"a".repeat(66), &"ä".repeat(32)]
        {
            assert_eq!(unhex(bad), None, "{bad}");
        }
    }
}
