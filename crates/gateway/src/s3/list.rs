//! ListObjects and ListObjectsV2.

use base64_simd::URL_SAFE_NO_PAD;
use hyper::Response;
use millstream_buckets::limits::LIST_ENTRIES_MAX;
use millstream_buckets::{Entry, ListQuery, Listing};

use super::ask::Ask;
use super::buckets::owner;
use super::checksum::{algorithm_of, kind_of};
use super::dates;
use super::error::{S3Error, S3Result};
use super::xml_write::Document;
use super::{blocking, document_reply};
use crate::body::ReplyBody;

/// How keys are written: as they are, or percent-encoded, so that any can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub fn of(ask: &Ask<'_>) -> S3Result<Self> {
        match ask.query.text("encoding-type") {
            None | Some("") => Ok(Encoding::Plain),
            Some("url") => Ok(Encoding::Url),
            Some(_) => {
                let text = "Invalid Encoding Method specified in Request";
                Err(S3Error::bad("InvalidArgument", text).with("ArgumentName", "encoding-type"))
            }
        }
    }

    pub fn write(self, text: &str) -> String {
        match self {
            Encoding::Plain => text.to_owned(),
            Encoding::Url => {
                let mut out = String::with_capacity(text.len());
                for byte in text.bytes() {
                    match byte {
                        b'-' | b'.' | b'_' | b'~' | b'/' | b'*' => out.push(char::from(byte)),
                        byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
                        b' ' => out.push('+'),
                        byte => out.push_str(&format!("%{byte:02X}")),
                    }
                }
                out
            }
        }
    }

    /// Says how keys are written.
    pub fn tell(self, document: &mut Document) {
        if self == Encoding::Url {
            document.element("EncodingType", "url");
        }
    }
}

impl Ask<'_> {
    pub(super) async fn list_objects(&self) -> S3Result<Response<ReplyBody>> {
        let encoding = Encoding::of(self)?;
        let marker = self.query.text_or_empty("marker").to_owned();
        let (query, max, listing) = self.listing(marker.clone()).await?;
        let mut document = Document::new("ListBucketResult");
        document
            .element("Name", self.bucket_name()?)
            .element("Prefix", encoding.write(&query.prefix))
            .element("Marker", encoding.write(&marker))
            .element("MaxKeys", max);
        self.tell_entries(&mut document, &query, &listing, encoding, true);
        let last = listing.entries.last().filter(|_| listing.truncated);
        // Without a delimiter clients go on from the last key.
        let next = last.filter(|_| !query.delimiter.is_empty());
        document.optional("NextMarker", next.map(|entry| encoding.write(entry.name())));
        Ok(document_reply(document))
    }

    pub(super) async fn list_objects_v2(&self) -> S3Result<Response<ReplyBody>> {
        let encoding = Encoding::of(self)?;
        let token = self.query.text("continuation-token");
        let start_after = self.query.text("start-after");
        let after = match token {
            Some(token) => read_token(token)?,
            None => start_after.unwrap_or_default().to_owned(),
        };
        let fetch_owner = self.query.text("fetch-owner") == Some("true");
        let (query, max, listing) = self.listing(after).await?;
        let mut document = Document::new("ListBucketResult");
        document
            .element("Name", self.bucket_name()?)
            .element("Prefix", encoding.write(&query.prefix))
            .element("KeyCount", listing.entries.len())
            .element("MaxKeys", max)
            .optional("ContinuationToken", token)
            .optional("StartAfter", start_after.map(|after| encoding.write(after)));
        self.tell_entries(&mut document, &query, &listing, encoding, fetch_owner);
        let last = listing.entries.last().filter(|_| listing.truncated);
        document.optional("NextContinuationToken", last.map(|entry| token_of(entry.name())));
        Ok(document_reply(document))
    }

    /// What is asked for, how many entries as asked, and the page.
    async fn listing(&self, after: String) -> S3Result<(ListQuery, u32, Listing)> {
        let bucket = self.bucket().await?.name;
        let max = self.query.number("max-keys")?.unwrap_or(LIST_ENTRIES_MAX as u32);
        let query = ListQuery {
            prefix: self.query.text_or_empty("prefix").to_owned(),
            delimiter: self.query.text_or_empty("delimiter").to_owned(),
            after,
            entries_max: max as usize,
        };
        let (store, asked) = (self.store(), query.clone());
        let listing = blocking(move || Ok(store.list(&bucket, &asked)?)).await?;
        Ok((query, max.min(LIST_ENTRIES_MAX as u32), listing))
    }

    fn tell_entries(
        &self,
        document: &mut Document,
        query: &ListQuery,
        listing: &Listing,
        encoding: Encoding,
        with_owner: bool,
    ) {
        let delimiter = Some(&query.delimiter).filter(|delimiter| !delimiter.is_empty());
        document.optional("Delimiter", delimiter.map(|delimiter| encoding.write(delimiter)));
        document.element("IsTruncated", listing.truncated);
        encoding.tell(document);
        let account = self.identity.account.to_string();
        for entry in &listing.entries {
            let Entry::Object(info) = entry else { continue };
            document
                .open("Contents")
                .element("Key", encoding.write(info.key.as_str()))
                .element("LastModified", dates::iso(info.modified))
                .element("ETag", format!("\"{}\"", info.etag));
            if let Some(checksum) = &info.checksum
                && let Some(algorithm) = algorithm_of(checksum)
            {
                document
                    .element("ChecksumAlgorithm", algorithm.name())
                    .element("ChecksumType", kind_of(checksum.full_object));
            }
            document.element("Size", info.size);
            if with_owner {
                owner(document, &account);
            }
            let class = info.attributes.storage_class.as_deref().unwrap_or("STANDARD");
            document.element("StorageClass", class).close();
        }
        for entry in &listing.entries {
            let Entry::CommonPrefix(prefix) = entry else { continue };
            document.open("CommonPrefixes").element("Prefix", encoding.write(prefix)).close();
        }
    }
}

/// A token is the last name of its page: it says nothing that the page did not.
fn token_of(name: &str) -> String {
    URL_SAFE_NO_PAD.encode_to_string(name)
}

fn read_token(token: &str) -> S3Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(token).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        let text = "The continuation token provided is incorrect";
        S3Error::bad("InvalidArgument", text).with("ArgumentName", "continuation-token")
    })
}
