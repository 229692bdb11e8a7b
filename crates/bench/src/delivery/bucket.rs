//! Reads a bucket: a listing and the objects, each on a connection of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::caller::Caller;
use crate::error::shortened;
use crate::limits::{LISTED_MAX, OBJECT_BYTES_MAX, REPLY_WAIT};
use crate::{Error, clock, reply};

/// A bucket at an endpoint.
pub struct Bucket {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Who reads.
    pub caller: Caller,
    /// Its name.
    pub name: String,
}

impl Bucket {
    /// The keys below a prefix.
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let (path, mut keys) = (format!("/{}", self.name), Vec::new());
        let mut after: Option<String> = None;
        loop {
            // Parameters in the order of their names, as signatures want them.
            let token = after.as_deref().map(|token| encoded(token, false));
            let token = token.map(|token| format!("continuation-token={token}&"));
            let (token, prefix) = (token.unwrap_or_default(), encoded(prefix, false));
            let query = format!("{token}list-type=2&prefix={prefix}");
            let page = self.get(&path, &query)?;
            let page = String::from_utf8_lossy(&page);
            keys.extend(elements(&page, "Key").map(unescaped));
            if keys.len() > LISTED_MAX {
                return Err(Error::Reply(format!("more than {LISTED_MAX} objects")));
            }
            let more = elements(&page, "IsTruncated").next() == Some("true");
            after = elements(&page, "NextContinuationToken").next().map(unescaped);
            if !more || after.is_none() {
                return Ok(keys);
            }
        }
    }

    /// An object.
    pub fn object(&self, key: &str) -> Result<Vec<u8>, Error> {
        self.get(&format!("/{}/{}", self.name, encoded(key, true)), "")
    }

    fn get(&self, path: &str, query: &str) -> Result<Vec<u8>, Error> {
        let mut request = Vec::new();
        self.caller.write_get(&mut request, path, query, clock::unix_seconds());
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(REPLY_WAIT))?;
        stream.write_all(&request)?;
        let (mut inbox, mut chunk) = (Vec::new(), vec![0; 256 << 10]);
        let mut head = None;
        loop {
            if head.is_none() {
                head = reply::head_within(&inbox, OBJECT_BYTES_MAX)?;
            }
            if let Some(head) = head.filter(|head: &reply::Head| inbox.len() >= head.end) {
                inbox.truncate(head.end);
                inbox.drain(..head.body_at);
                if head.status == 200 {
                    return Ok(inbox);
                }
                let (call, body) = (format!("GET {path}"), shortened(&inbox));
                return Err(Error::Refused { call, status: head.status, body });
            }
            let count = stream.read(&mut chunk)?;
            if count == 0 {
                return Err(Error::NotHttp(format!("GET {path}: the connection was closed")));
            }
            inbox.extend_from_slice(&chunk[..count]);
        }
    }
}

/// The texts of all elements of this name, which hold no others.
fn elements<'a>(page: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = page;
    std::iter::from_fn(move || {
        let from = rest.find(&open)? + open.len();
        let to = from + rest[from..].find(&close)?;
        let text = &rest[from..to];
        rest = &rest[to..];
        Some(text)
    })
}

fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        text = text.replace(entity, character);
    }
    text
}

/// Percent-encoded as signatures want it.
fn encoded(text: &str, slashes: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            b'/' if slashes => encoded.push('/'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_a_listing_and_encoded_in_a_path() {
        let page = "<R><IsTruncated>false</IsTruncated><Contents><Key>a/b=1&amp;c</Key></Contents>\
                    <Contents><Key>d</Key></Contents></R>";
        let keys: Vec<String> = elements(page, "Key").map(unescaped).collect();
        assert_eq!(keys, ["a/b=1&c", "d"]);
        assert_eq!(encoded(&keys[0], true), "a/b%3D1%26c");
        assert_eq!(encoded("a/b", false), "a%2Fb");
    }
}
