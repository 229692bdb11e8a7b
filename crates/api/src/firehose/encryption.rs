//! StartDeliveryStreamEncryption and StopDeliveryStreamEncryption, and what they set.

use super::describe_delivery_stream::FailureDescription;
use super::texts::DELIVERY_STREAM_NAME;
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{Range, Shape, Text};
use crate::shapes::text;

record! {
    /// What StartDeliveryStreamEncryption takes.
    pub struct StartDeliveryStreamEncryptionInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// How records are encrypted while they wait for delivery.
        delivery_stream_encryption_configuration_input: Option<DeliveryStreamEncryptionConfigurationInput> =
            "DeliveryStreamEncryptionConfigurationInput", optional,
            Shape::Structure(DeliveryStreamEncryptionConfigurationInput::SHAPE);
    }
}

record! {
    /// What StartDeliveryStreamEncryption returns: nothing.
    pub struct StartDeliveryStreamEncryptionOutput {}
}

record! {
    /// What StopDeliveryStreamEncryption takes.
    pub struct StopDeliveryStreamEncryptionInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
    }
}

record! {
    /// What StopDeliveryStreamEncryption returns: nothing.
    pub struct StopDeliveryStreamEncryptionOutput {}
}

record! {
    /// How records are to be encrypted while they wait for delivery.
    pub struct DeliveryStreamEncryptionConfigurationInput {
        /// The master key, for `CUSTOMER_MANAGED_CMK`.
        key_arn: Option<String> = "KeyARN", optional, Shape::Text(&AWS_KMS_KEY_ARN_FOR_SSE);
        /// Whose the master key is.
        key_type: KeyType = "KeyType", required, KeyType::SHAPE;
    }
}

text_enum! {
    /// Whose a master key is.
    pub enum KeyType {
        /// The service's.
        AwsOwned = "AWS_OWNED_CMK",
        /// The customer's.
        CustomerManaged = "CUSTOMER_MANAGED_CMK",
    }
}

record! {
    /// How records are encrypted while they wait for delivery.
    pub struct DeliveryStreamEncryptionConfiguration {
        /// The master key, for `CUSTOMER_MANAGED_CMK`.
        key_arn: Option<String> = "KeyARN", optional, Shape::Text(&AWS_KMS_KEY_ARN_FOR_SSE);
        /// Whose the master key is.
        key_type: Option<KeyType> = "KeyType", optional, KeyType::SHAPE;
        /// Whether it is on.
        status: Option<DeliveryStreamEncryptionStatus> = "Status", optional,
            DeliveryStreamEncryptionStatus::SHAPE;
        /// Why it could not be switched on or off.
        failure_description: Option<FailureDescription> = "FailureDescription", optional,
            Shape::Structure(FailureDescription::SHAPE);
    }
}

text_enum! {
    /// Whether records are encrypted while they wait for delivery.
    pub enum DeliveryStreamEncryptionStatus {
        /// On.
        Enabled = "ENABLED",
        /// Being switched on.
        Enabling = "ENABLING",
        /// It could not be switched on.
        EnablingFailed = "ENABLING_FAILED",
        /// Off.
        Disabled = "DISABLED",
        /// Being switched off.
        Disabling = "DISABLING",
        /// It could not be switched off.
        DisablingFailed = "DISABLING_FAILED",
    }
}

static AWS_KMS_KEY_ARN_FOR_SSE: Text = text(Range::of(1, 512), Some(&pattern::KMS_KEY_ARN));
