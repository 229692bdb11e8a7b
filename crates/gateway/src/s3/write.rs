//! PutObject.

use hyper::header::{self, HeaderName};
use hyper::{Response, StatusCode};
use millstream_buckets::limits::PUT_BYTES_MAX;
use millstream_buckets::{Checksum, ETag, Error, Role, Sealed};

use super::ask::Ask;
use super::checksum::reply_headers;
use super::error::S3Result;
use super::headers::{add, attributes, write_condition};
use super::receive::Receiver;
use super::{blocking, empty_reply, encryption};
use crate::body::ReplyBody;

impl Ask<'_> {
    pub(super) async fn put_object(&self, body: Receiver) -> S3Result<Response<ReplyBody>> {
        let (attributes, condition) = (attributes(self.headers)?, write_condition(self.headers)?);
        let asked = encryption::asked(self.headers)?;
        let (bucket, key) = self.object().await?;
        check_size(&body)?;
        let sealing = self.sealing(&bucket, &key, &asked).await?;
        let _turn = self.turn_to_receive().await?;
        let (store, into) = (self.store(), bucket.clone());
        let staged = blocking(move || {
            let staged = store.stage(&into, PUT_BYTES_MAX)?;
            Ok(staged.sealed_with(sealing.as_ref(), Role::Object))
        })
        .await?;
        let (staged, checksum) = body.store(staged).await?;
        let store = self.store();
        let info =
            blocking(move || Ok(store.publish(staged, &key, attributes, checksum, &condition)?))
                .await?;
        Ok(written(info.etag, info.checksum.as_ref(), info.sealed.as_deref()))
    }
}

/// Refuses a body that says that it is too large before it is read.
pub(super) fn check_size(body: &Receiver) -> S3Result<()> {
    match body.declared_bytes() {
        Some(bytes) if bytes > PUT_BYTES_MAX => {
            Err(Error::TooLarge { bytes_max: PUT_BYTES_MAX }.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// What an object's or a part's writer is told.
pub(super) fn written(
    etag: ETag,
    checksum: Option<&Checksum>,
    sealed: Option<&Sealed>,
) -> Response<ReplyBody> {
    let mut reply = empty_reply(StatusCode::OK);
    let mut headers: Vec<(HeaderName, String)> = vec![(header::ETAG, format!("\"{etag}\""))];
    headers.extend(checksum.map(reply_headers).into_iter().flatten());
    headers.extend(encryption::reply_headers(sealed));
    add(reply.headers_mut(), headers);
    reply
}
