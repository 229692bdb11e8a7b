//! Kafka topics as sources: shapes only, the source is refused.

use millstream_types::Millis;

use crate::firehose::texts::ROLE_ARN;
use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{Range, Shape, Text};
use crate::shapes::text;

record! {
    /// A Kafka topic, as it is set up.
    pub struct MSKSourceConfiguration {
        /// The cluster.
        msk_cluster_arn: String = "MSKClusterARN", required, Shape::Text(&MSK_CLUSTER_ARN);
        /// The topic.
        topic_name: String = "TopicName", required, Shape::Text(&TOPIC_NAME);
        /// How the cluster is reached, and as whom.
        authentication_configuration: AuthenticationConfiguration =
            "AuthenticationConfiguration", required,
            Shape::Structure(AuthenticationConfiguration::SHAPE);
        /// Where to begin.
        read_from_timestamp: Option<Millis> = "ReadFromTimestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// A Kafka topic, as it is described.
    pub struct MSKSourceDescription {
        /// The cluster.
        msk_cluster_arn: Option<String> = "MSKClusterARN", optional, Shape::Text(&MSK_CLUSTER_ARN);
        /// The topic.
        topic_name: Option<String> = "TopicName", optional, Shape::Text(&TOPIC_NAME);
        /// How the cluster is reached, and as whom.
        authentication_configuration: Option<AuthenticationConfiguration> =
            "AuthenticationConfiguration", optional,
            Shape::Structure(AuthenticationConfiguration::SHAPE);
        /// From when on records are delivered.
        delivery_start_timestamp: Option<Millis> = "DeliveryStartTimestamp", optional,
            Shape::Timestamp;
        /// Where to begin.
        read_from_timestamp: Option<Millis> = "ReadFromTimestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// How a cluster is reached, and as whom.
    pub struct AuthenticationConfiguration {
        /// The role that reads.
        role_arn: String = "RoleARN", required, Shape::Text(&ROLE_ARN);
        /// How the cluster is reached.
        connectivity: Connectivity = "Connectivity", required, Connectivity::SHAPE;
    }
}

text_enum! {
    /// How a cluster is reached.
    pub enum Connectivity {
        /// Through the internet.
        Public = "PUBLIC",
        /// Through a private network.
        Private = "PRIVATE",
    }
}

static MSK_CLUSTER_ARN: Text = text(Range::of(1, 512), Some(&pattern::ANY_ARN));
static TOPIC_NAME: Text = text(Range::of(1, 255), Some(&pattern::TOPIC_NAME));
