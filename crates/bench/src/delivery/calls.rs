//! The calls around puts to a delivery stream: create, deliver all, delete.

use std::time::Duration;

use crate::args::PutRecordBatch;
use crate::caller::Target;
use crate::control::{Control, member, until};
use crate::{Error, clock};

/// How long one call that delivers all waits at the server, seconds.
const FLUSH_SECONDS: u64 = 5;

impl Control {
    /// Creates a delivery stream that writes below `prefix`, and waits until it is ACTIVE.
    pub fn create_delivery(&self, put: &PutRecordBatch, prefix: &str) -> Result<(), Error> {
        self.call("CreateDeliveryStream", &creation(&self.stream, put, prefix)?)?;
        let body = self.delivery_named();
        until(&self.stream, || {
            Ok(member(&self.call("DescribeDeliveryStream", &body)?, "DeliveryStreamStatus")?
                == "ACTIVE")
        })
    }

    /// Waits until everything that was put has been delivered: how long that took.
    pub fn flush(&self, limit: Duration) -> Result<Duration, Error> {
        let begun = clock::now();
        let own = Control { caller: self.caller.of(Target::FirehoseOwn), ..self.clone() };
        let body = format!(
            "{{\"DeliveryStreamName\":\"{}\",\"TimeoutInSeconds\":{FLUSH_SECONDS}}}",
            self.stream
        );
        loop {
            let answer = own.call("FlushDeliveryStream", &body);
            let took = clock::now().duration_since(begun);
            match answer {
                Ok(_) => return Ok(took),
                // Not yet: what is on its way goes on.
                Err(Error::Refused { status: 400, body, .. }) if body.contains("ResourceInUse") => {
                    if took >= limit {
                        return Err(Error::NotDelivered(limit));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Deletes a delivery stream with what it has not delivered.
    pub fn delete_delivery(&self) -> Result<(), Error> {
        self.call("DeleteDeliveryStream", &self.delivery_named()).map(drop)
    }

    fn delivery_named(&self) -> String {
        format!("{{\"DeliveryStreamName\":\"{}\"}}", self.stream)
    }
}

/// The request that creates it.
fn creation(name: &str, put: &PutRecordBatch, prefix: &str) -> Result<String, Error> {
    let (mut below, mut more) = (prefix.to_owned(), String::new());
    if put.partitions.is_some() {
        below.push_str("partition=!{partitionKeyFromQuery:partition}/");
        more.push_str(PARTITIONING);
    }
    let compression = match &put.parquet {
        None => put.compression.as_str(),
        Some(table) => {
            let wrong = || Error::Options(format!("--parquet {table}: not DATABASE/TABLE"));
            let (database, table) = table.split_once('/').ok_or_else(wrong)?;
            more.push_str(&conversion(database, table));
            // Compression is the format's own then.
            "UNCOMPRESSED"
        }
    };
    let PutRecordBatch { bucket, buffer_mib, interval, .. } = put;
    Ok(format!(
        "{{\"DeliveryStreamName\":\"{name}\",\"DeliveryStreamType\":\"DirectPut\",\
         \"ExtendedS3DestinationConfiguration\":{{\"RoleARN\":\"{ROLE}\",\"BucketARN\":\"arn:aws:s3:::{bucket}\",\
         \"Prefix\":\"{below}\",\"ErrorOutputPrefix\":\"{prefix}errors/\",\"CompressionFormat\":\"{compression}\",\
         \"BufferingHints\":{{\"SizeInMBs\":{buffer_mib},\"IntervalInSeconds\":{interval}}}{more}}}}}"
    ))
}

const ROLE: &str = "arn:aws:iam::000000000000:role/bench";

const PARTITIONING: &str = ",\"DynamicPartitioningConfiguration\":{\"Enabled\":true},\
    \"ProcessingConfiguration\":{\"Enabled\":true,\"Processors\":[{\"Type\":\"MetadataExtraction\",\"Parameters\":[\
    {\"ParameterName\":\"MetadataExtractionQuery\",\"ParameterValue\":\"{partition:.partition}\"},\
    {\"ParameterName\":\"JsonParsingEngine\",\"ParameterValue\":\"JQ-1.6\"}]}]}";

fn conversion(database: &str, table: &str) -> String {
    format!(
        ",\"DataFormatConversionConfiguration\":{{\"Enabled\":true,\
         \"SchemaConfiguration\":{{\"RoleARN\":\"{ROLE}\",\"DatabaseName\":\"{database}\",\"TableName\":\"{table}\",\
         \"Region\":\"us-east-1\",\"VersionId\":\"LATEST\"}},\
         \"InputFormatConfiguration\":{{\"Deserializer\":{{\"OpenXJsonSerDe\":{{}}}}}},\
         \"OutputFormatConfiguration\":{{\"Serializer\":{{\"ParquetSerDe\":{{}}}}}}}}"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use clap::Parser;

    use super::*;
    use crate::args::{Args, Operation};
    use crate::json::{Json, Malformed};

    fn body(options: &[&str]) -> Result<String, Error> {
        let all = ["bench", "put-record-batch"].iter().chain(options);
        let Operation::PutRecordBatch(put) = Args::parse_from(all).operation else { panic!() };
        creation("name", &put, "name-1/")
    }

    #[test]
    fn what_is_never_delivered_is_waited_for_no_longer_than_the_limit() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let body = "{\"__type\":\"ResourceInUseException\"}";
            let length = body.len();
            let reply = format!("HTTP/1.1 400 No\r\ncontent-length: {length}\r\n\r\n{body}");
            let (mut stream, _) = listener.accept().unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"\"TimeoutInSeconds\":5}") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                seen.push(byte[0]);
            }
            stream.write_all(reply.as_bytes()).unwrap();
        });
        let Operation::PutRecordBatch(put) =
            Args::parse_from(["bench", "put-record-batch"]).operation
        else {
            panic!()
        };
        let caller = crate::caller::Caller::new(&put.common, address.to_string());
        let control = Control { address, caller, stream: "name".to_owned() };
        let flushed = control.flush(Duration::ZERO);
        assert!(matches!(flushed, Err(Error::NotDelivered(limit)) if limit.is_zero()));
        server.join().unwrap();
    }

    #[test]
    fn what_creates_a_delivery_stream_is_json() {
        for options in [
            &[][..],
            &["--documents", "--partitions", "500"],
            &["--documents", "--parquet", "bench/documents"],
        ] {
            let body = body(options).unwrap();
            let members = Json::new(body.as_bytes()).object::<Malformed>(|_, json| json.skip());
            assert_eq!(members, Ok(()), "{body}");
            assert!(body.contains("\"ErrorOutputPrefix\":\"name-1/errors/\""), "{body}");
        }
        assert!(matches!(body(&["--documents", "--parquet", "x"]), Err(Error::Options(_))));
    }
}
