//! From a batch as it lies in the log to the payload that holds its records: whatever envelope there is ends here, for
//! all who read.

use std::sync::Arc;

use bytes::Bytes;
use millstream_api::shapes::EncryptionType;
use millstream_api::{Error, ErrorCode};
use millstream_catalog::Stream;
use millstream_log::ReadBatch;
use millstream_records::{Place, open, sealed_header};
use millstream_types::ShardId;
use millstream_vault::DataKey;

use crate::errors::Refusal;
use crate::service::Streams;

impl Streams {
    /// The payload of a batch of a stream's shard, with its table of records in the clear. Old blocks stay readable
    /// after encryption was stopped or its key changed. Fails as the master key does.
    pub(crate) async fn payload(
        &self,
        stream: &Stream,
        shard: ShardId,
        batch: &ReadBatch,
    ) -> Result<Bytes, Error> {
        let payload = &batch.batch.payload;
        let Some(header) = sealed_header(payload) else { return Ok(payload.clone()) };
        let key = self.key_of_block(stream, header.key_id).await?;
        let place = Place { group: stream.group.0, shard: shard.0, count: batch.batch.count };
        let block = open(key.bytes(), payload, place).map_err(|error| {
            tracing::error!(%error, stream = %stream.name, %shard, position = batch.first.0, "a block cannot be read");
            let text = format!("Internal service failure: {error}.");
            Error::new(ErrorCode::InternalFailureException, text)
        })?;
        Ok(Bytes::from(block))
    }

    async fn key_of_block(&self, stream: &Stream, id: u32) -> Result<Arc<DataKey>, Refusal> {
        // The block may be younger than what the caller knows of the stream.
        let newer = match stream.encryption.key(id) {
            Some(_) => None,
            None => self.catalog.by_group(stream.group),
        };
        let stream = newer.as_deref().unwrap_or(stream);
        self.vault.data_key(stream, id).await.map_err(Refusal::Key)
    }
}

/// How the records of a batch are encrypted, as readers are told; left out where they are not.
pub(crate) fn encryption_of(batch: &ReadBatch) -> Option<EncryptionType> {
    sealed_header(&batch.batch.payload).map(|_| EncryptionType::Kms)
}
