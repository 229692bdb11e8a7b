//! StartStreamEncryption and StopStreamEncryption.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{EncryptionType, KEY_ID, STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What StartStreamEncryption takes.
    pub struct StartStreamEncryptionInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The kind of encryption.
        encryption_type: EncryptionType = "EncryptionType", required, EncryptionType::SHAPE;
        /// The master key: its id, ARN, alias or the alias's ARN.
        key_id: String = "KeyId", required, Shape::Text(&KEY_ID);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What StopStreamEncryption takes.
    pub struct StopStreamEncryptionInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The kind of encryption.
        encryption_type: EncryptionType = "EncryptionType", required, EncryptionType::SHAPE;
        /// The master key: its id, ARN, alias or the alias's ARN.
        key_id: String = "KeyId", required, Shape::Text(&KEY_ID);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}
