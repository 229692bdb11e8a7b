//! Services of AWS that clients take for being here: who calls one is told which it is.

/// The beginnings of their targets, and what their callers are told.
const ABSENT: [(&str, &str); 6] = [
    (
        "KinesisAnalytics_20150814.",
        "Kinesis Data Analytics for SQL is not there yet: this server has Data Streams and Data Firehose.",
    ),
    (
        "KinesisAnalytics_20180523.",
        "Managed Service for Apache Flink is not there yet: this server has Data Streams and Data Firehose.",
    ),
    (
        "DynamoDB_20120810.",
        "DynamoDB is not there: this server has Data Streams and Data Firehose.",
    ),
    (
        "DynamoDBStreams_20120810.",
        "DynamoDB Streams is not there: this server has Data Streams and Data Firehose.",
    ),
    (
        "Logs_20140328.",
        "CloudWatch Logs is not there: this server has Data Streams and Data Firehose.",
    ),
    (
        "GraniteServiceVersion20100801.",
        "CloudWatch is not there: this server has Data Streams and Data Firehose.",
    ),
];

/// What is told to whoever names a target of no service that is here.
pub(crate) fn told(target: &str) -> &'static str {
    let absent = ABSENT.iter().find(|(prefix, _)| target.starts_with(prefix));
    absent.map_or("X-Amz-Target names no service that is known here.", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn services_that_are_not_there_are_named() {
        assert!(told("KinesisAnalytics_20180523.ListApplications").contains("Apache Flink"));
        assert!(told("DynamoDB_20120810.GetItem").starts_with("DynamoDB is not there"));
        assert_eq!(told("Nobody_1.X"), "X-Amz-Target names no service that is known here.");
    }
}
