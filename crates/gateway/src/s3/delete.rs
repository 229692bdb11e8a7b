//! DeleteObject and DeleteObjects.

use hyper::{Response, StatusCode};
use millstream_buckets::limits::LIST_ENTRIES_MAX;
use millstream_buckets::{Condition, ETag};

use super::ask::Ask;
use super::error::{S3Error, S3Result};
use super::headers::{text, write_condition};
use super::receive::Receiver;
use super::target::key_of;
use super::xml_read::{self, Element};
use super::xml_write::Document;
use super::{blocking, document_reply, empty_reply};
use crate::body::ReplyBody;

/// Largest list of keys: 1,000 of the longest, each byte written as a reference, are no more.
const DELETE_BYTES_MAX: usize = 8 << 20;

impl Ask<'_> {
    pub(super) async fn delete_object(&self) -> S3Result<Response<ReplyBody>> {
        if text(self.headers, "if-none-match").is_some() {
            return Err(S3Error::not_implemented("If-None-Match of a delete"));
        }
        let condition = write_condition(self.headers)?;
        let (bucket, key) = self.object().await?;
        let store = self.store();
        blocking(move || Ok(store.delete(&bucket, &key, &condition)?)).await?;
        Ok(empty_reply(StatusCode::NO_CONTENT))
    }

    pub(super) async fn delete_objects(&self, body: Receiver) -> S3Result<Response<ReplyBody>> {
        let bucket = self.bucket().await?.name;
        let _turn = self.turn_to_receive().await?;
        let body = body.read(DELETE_BYTES_MAX).await?;
        let root = xml_read::document(&body)?;
        let wanted: Vec<Wanted> = root.all("Object").map(Wanted::of).collect::<S3Result<_>>()?;
        if root.name != "Delete" || wanted.is_empty() || wanted.len() > LIST_ENTRIES_MAX {
            return Err(S3Error::malformed_xml());
        }
        let quiet = root.text_of("Quiet").is_some_and(|quiet| quiet.trim() == "true");
        let store = self.store();
        let results = blocking(move || {
            let delete = |wanted: Wanted| -> (String, S3Result<()>) {
                let key = key_of(&wanted.key);
                let deleted =
                    key.and_then(|key| Ok(store.delete(&bucket, &key, &wanted.condition)?));
                (wanted.key, deleted)
            };
            Ok(wanted.into_iter().map(delete).collect::<Vec<_>>())
        })
        .await?;
        let mut document = Document::new("DeleteResult");
        for (key, result) in results {
            match result {
                Ok(()) if quiet => {}
                Ok(()) => {
                    document.open("Deleted").element("Key", key).close();
                }
                Err(error) => {
                    document
                        .open("Error")
                        .element("Key", key)
                        .element("Code", error.code)
                        .element("Message", error.message)
                        .close();
                }
            }
        }
        Ok(document_reply(document))
    }
}

/// An object to delete.
struct Wanted {
    key: String,
    condition: Condition,
}

impl Wanted {
    fn of(element: &Element) -> S3Result<Self> {
        let key = element.text_of("Key").ok_or_else(S3Error::malformed_xml)?.to_owned();
        let condition = match element.text_of("ETag") {
            None => Condition::Always,
            Some("*") => Condition::IfPresent,
            Some(etag) => Condition::IfMatch(ETag::parse(etag).into_iter().collect()),
        };
        let other = element.children.iter().find(|child| match child.name.as_str() {
            "Key" | "ETag" => false,
            // What has no versions has this one.
            "VersionId" => child.text != "null",
            _ => true,
        });
        match other {
            Some(other) => {
                Err(S3Error::not_implemented(&format!("{} of DeleteObjects", other.name)))
            }
            None => Ok(Wanted { key, condition }),
        }
    }
}
