//! What several kinds of destination have: retries, backups, logs of errors, secrets, networks.

use super::texts::{NON_EMPTY_STRING_WITHOUT_WHITESPACE, ROLE_ARN};
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// How long a failed delivery is tried again. The default is that of the kind of destination.
    pub struct RetryOptions {
        /// For how long, in seconds, the first attempt not counted.
        duration_in_seconds: Option<i32> = "DurationInSeconds", optional,
            Shape::Integer(Range::of(0, 7200));
    }
}

text_enum! {
    /// Whether records are kept as they arrived.
    pub enum S3BackupMode {
        /// No.
        Disabled = "Disabled",
        /// Yes.
        Enabled = "Enabled",
    }
}

text_enum! {
    /// Which records are kept in the bucket.
    pub enum FailedDataBackupMode {
        /// Those that could not be delivered.
        FailedDataOnly = "FailedDataOnly",
        /// All.
        AllData = "AllData",
    }
}

record! {
    /// Where errors of delivery are logged.
    pub struct CloudWatchLoggingOptions {
        /// Whether errors are logged.
        enabled: Option<bool> = "Enabled", optional, Shape::Boolean;
        /// The group of logs.
        log_group_name: Option<String> = "LogGroupName", optional, Shape::Text(&LOG_GROUP_NAME);
        /// The stream of logs.
        log_stream_name: Option<String> = "LogStreamName", optional, Shape::Text(&LOG_STREAM_NAME);
    }
}

record! {
    /// A secret of Secrets Manager that holds credentials.
    pub struct SecretsManagerConfiguration {
        /// The secret.
        secret_arn: Option<String> = "SecretARN", optional, Shape::Text(&SECRET_ARN);
        /// The role that delivers: recorded, not evaluated.
        role_arn: Option<String> = "RoleARN", optional, Shape::Text(&ROLE_ARN);
        /// Whether the secret is used.
        enabled: bool = "Enabled", required, Shape::Boolean;
    }
}

record! {
    /// A network that a destination is in, as it is set up.
    pub struct VpcConfiguration {
        /// The subnets.
        subnet_ids: Vec<String> = "SubnetIds", required, Shape::List(&SUBNET_ID_LIST);
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// The security groups.
        security_group_ids: Vec<String> = "SecurityGroupIds", required,
            Shape::List(&SECURITY_GROUP_ID_LIST);
    }
}

record! {
    /// A network that a destination is in, as it is described.
    pub struct VpcConfigurationDescription {
        /// The subnets.
        subnet_ids: Vec<String> = "SubnetIds", required, Shape::List(&SUBNET_ID_LIST);
        /// The role that delivers: recorded, not evaluated.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// The security groups.
        security_group_ids: Vec<String> = "SecurityGroupIds", required,
            Shape::List(&SECURITY_GROUP_ID_LIST);
        /// The network.
        vpc_id: String = "VpcId", required, Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE);
    }
}

static LOG_GROUP_NAME: Text = text(Range::of(0, 512), Some(&pattern::DELIVERY_LOG_GROUP_NAME));
static LOG_STREAM_NAME: Text = text(Range::of(0, 512), Some(&pattern::LOG_STREAM_NAME));
static SECRET_ARN: Text = text(Range::of(1, 2048), Some(&pattern::SECRET_ARN));
static SUBNET_ID_LIST: List =
    List { element: Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE), length: Range::of(1, 16) };
static SECURITY_GROUP_ID_LIST: List =
    List { element: Shape::Text(&NON_EMPTY_STRING_WITHOUT_WHITESPACE), length: Range::of(1, 5) };
