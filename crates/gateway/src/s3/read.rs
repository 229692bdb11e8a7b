//! GetObject and HeadObject, and the tags that no object has.

use hyper::header::{self, HeaderName};
use hyper::{Response, StatusCode};

use super::ask::Ask;
use super::error::{S3Error, S3Result};
use super::headers::{Verdict, add, object_headers, range, read_condition, text};
use super::send::ObjectBody;
use super::xml_write::Document;
use super::{blocking, document_reply, empty_reply};
use crate::body::ReplyBody;

impl Ask<'_> {
    /// GetObject, or HeadObject, which is the same without the body.
    pub(super) async fn get_object(&self, with_body: bool) -> S3Result<Response<ReplyBody>> {
        let (bucket, key) = self.object().await?;
        let place = match with_body {
            true => Some(self.place_to_send().await?),
            false => None,
        };
        let (store, from, wanted) = (self.store(), bucket.clone(), key.clone());
        let opened = blocking(move || Ok(store.open_object(&from, &wanted)?)).await;
        let mut reader = opened.map_err(|error| match error.code {
            "NoSuchKey" => error.with("Key", key.as_str()),
            _ => error,
        })?;
        let info = reader.info();
        let with_checksum = text(self.headers, "x-amz-checksum-mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"));
        match read_condition(self.headers, "", info) {
            Verdict::Holds => {}
            Verdict::Failed => return Err(millstream_buckets::Error::PreconditionFailed.into()),
            Verdict::NotModified => {
                let mut reply = empty_reply(StatusCode::NOT_MODIFIED);
                let mut headers = object_headers(info, &self.query, false);
                headers.retain(|(name, _)| {
                    [header::ETAG, header::LAST_MODIFIED, header::CACHE_CONTROL].contains(name)
                });
                add(reply.headers_mut(), headers);
                return Ok(reply);
            }
        }
        let part = range(text(self.headers, "range"), info.size)?;
        // Sizes, ETags and headers are told to who may not use the key; checksums are not.
        if with_body || with_checksum {
            reader = self.unsealed(&bucket, &key, reader).await?;
        }
        let info = reader.info();
        let (offset, bytes) = part.unwrap_or((0, info.size));
        // A checksum is one of the whole object.
        let mut headers = object_headers(info, &self.query, with_checksum && part.is_none());
        if part.is_some() {
            let last = offset + bytes - 1;
            let value = format!("bytes {offset}-{last}/{}", info.size);
            headers.push((header::CONTENT_RANGE, value));
        }
        if let Some(parts) = info.etag.parts.filter(|_| !with_body) {
            let name = HeaderName::from_static("x-amz-mp-parts-count");
            headers.push((name, parts.to_string()));
        }
        let mut reply = match place {
            Some(place) => {
                let body = ObjectBody::new(reader, offset, bytes, place);
                Response::new(ReplyBody::Object(Box::new(body)))
            }
            None => {
                headers.push((header::CONTENT_LENGTH, bytes.to_string()));
                empty_reply(StatusCode::OK)
            }
        };
        if part.is_some() {
            *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        add(reply.headers_mut(), headers);
        Ok(reply)
    }

    /// No object has tags: none can be set.
    pub(super) async fn get_object_tagging(&self) -> S3Result<Response<ReplyBody>> {
        let (bucket, key) = self.object().await?;
        let store = self.store();
        blocking(move || store.head(&bucket, &key).map_err(S3Error::from)).await?;
        let mut document = Document::new("Tagging");
        document.open("TagSet");
        Ok(document_reply(document))
    }
}
