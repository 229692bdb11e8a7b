//! What Redshift is told: COPY from a manifest in S3.

use millstream_firehose::settings::RedshiftDestination;

/// The statement that loads what a manifest lists (Firehose's developer guide, "Choose Amazon Redshift for your
/// destination"; Redshift's, "COPY").
pub fn copy(destination: &RedshiftDestination, bucket: &str, manifest_key: &str) -> String {
    let mut statement = format!("COPY {}", target(destination));
    let url = literal(&format!("s3://{bucket}/{manifest_key}"));
    let credentials = literal(&format!("aws_iam_role={}", destination.role_arn));
    statement.push_str(&format!(" FROM {url} CREDENTIALS {credentials} MANIFEST"));
    if let Some(options) =
        destination.copy_options.as_deref().map(str::trim).filter(|o| !o.is_empty())
    {
        statement.push(' ');
        statement.push_str(options.trim_end_matches(';').trim_end());
    }
    statement.push(';');
    statement
}

/// The table and its columns, as they were configured: their owner writes them as SQL.
pub fn target(destination: &RedshiftDestination) -> String {
    match destination.columns.as_deref().map(str::trim).filter(|columns| !columns.is_empty()) {
        Some(columns) => format!("{} ({columns})", destination.table),
        None => destination.table.to_string(),
    }
}

/// A manifest that lists one object.
pub fn manifest(bucket: &str, key: &str) -> String {
    let url = serde_json::Value::from(format!("s3://{bucket}/{key}"));
    format!("{{\"entries\":[{{\"url\":{url},\"mandatory\":true}}]}}")
}

/// Where the manifest of an object lies: beside it, in `manifests/`, so that it is found by the same date.
pub fn manifest_key(key: &str) -> String {
    format!("manifests/{key}")
}

/// Where the manifest of an object lies that could not be loaded, for loading it by hand.
pub fn failed_manifest_key(key: &str) -> String {
    format!("errors/manifests/{key}")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use millstream_firehose::settings::SecretText;

    use super::*;

    fn destination(columns: Option<&str>, options: Option<&str>) -> RedshiftDestination {
        RedshiftDestination {
            jdbc_url: "jdbc:redshift://a.redshift.b:5439/dev".into(),
            user: "u".into(),
            password: SecretText("p".into()),
            table: "public.t".into(),
            columns: columns.map(Arc::from),
            copy_options: options.map(Arc::from),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
        }
    }

    #[test]
    fn the_statement_names_table_columns_manifest_role_and_options() {
        let statement =
            copy(&destination(Some("a, b"), Some("json 'auto' gzip;")), "bucket", "manifests/it's");
        assert_eq!(
            statement,
            "COPY public.t (a, b) FROM 's3://bucket/manifests/it''s' CREDENTIALS \
             'aws_iam_role=arn:aws:iam::000000000000:role/r' MANIFEST json 'auto' gzip;"
        );
        let bare = copy(&destination(None, None), "bucket", "m");
        assert!(bare.starts_with("COPY public.t FROM") && bare.ends_with(" MANIFEST;"));
    }

    #[test]
    fn a_manifest_lists_the_object() {
        assert_eq!(
            manifest("b", "2026/\"x\""),
            r#"{"entries":[{"url":"s3://b/2026/\"x\"","mandatory":true}]}"#
        );
    }
}
