//! The few calls around a run: create, wait, list shards, delete. One connection each, blocking.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::caller::Caller;
use crate::error::shortened;
use crate::json::Json;
use crate::limits::{ACTIVE_POLL, ACTIVE_WAIT, REPLY_WAIT};
use crate::{Error, clock, reply};

/// Calls one stream of one endpoint.
#[derive(Clone)]
pub struct Control {
    /// Where the server listens.
    pub address: SocketAddr,
    /// Who calls.
    pub caller: Caller,
    /// The stream.
    pub stream: String,
}

impl Control {
    /// Creates the stream and waits until it is ACTIVE.
    pub fn create(&self, shards: u64) -> Result<(), Error> {
        self.create_as(&format!("\"ShardCount\":{shards}"))
    }

    /// Creates the stream in on-demand mode and waits until it is ACTIVE.
    pub fn create_on_demand(&self) -> Result<(), Error> {
        self.create_as("\"StreamModeDetails\":{\"StreamMode\":\"ON_DEMAND\"}")
    }

    fn create_as(&self, capacity: &str) -> Result<(), Error> {
        let body = format!("{{\"StreamName\":\"{}\",{capacity}}}", self.stream);
        self.call("CreateStream", &body)?;
        until(&self.stream, || Ok(self.summary("StreamStatus")? == "ACTIVE"))
    }

    /// Creates a queue that begins at the oldest record, and waits until it is ACTIVE: its ARN.
    pub fn create_queue(&self) -> Result<String, Error> {
        let (stream, arn) = (&self.stream, self.summary("StreamARN")?);
        let body = format!(
            "{{\"QueueName\":\"{stream}\",\"StreamConfigurationList\":[{{\"StreamARN\":\"{arn}\",\
             \"StartingPosition\":{{\"Type\":\"TRIM_HORIZON\"}}}}]}}"
        );
        let queue_arn = member(&self.call("CreateQueue", &body)?, "QueueARN")?;
        let body = format!("{{\"QueueARN\":\"{queue_arn}\"}}");
        until(&queue_arn, || {
            Ok(member(&self.call("DescribeQueue", &body)?, "QueueStatus")? == "ACTIVE")
        })?;
        Ok(queue_arn)
    }

    /// Deletes a queue, and waits until it is gone.
    pub fn delete_queue(&self, queue_arn: &str) -> Result<(), Error> {
        let body = format!("{{\"QueueARN\":\"{queue_arn}\"}}");
        self.call("DeleteQueue", &body)?;
        until(queue_arn, || Ok(self.call("DescribeQueue", &body).is_err()))
    }

    /// Deletes the stream, and its consumers with it.
    pub fn delete(&self) -> Result<(), Error> {
        let body =
            format!("{{\"StreamName\":\"{}\",\"EnforceConsumerDeletion\":true}}", self.stream);
        self.call("DeleteStream", &body).map(drop)
    }

    /// Registers so many consumers and waits until they are ACTIVE; their ARNs.
    pub fn register(&self, count: u64) -> Result<Vec<String>, Error> {
        let summary = self.call("DescribeStreamSummary", &self.named())?;
        let stream = member(&summary, "StreamARN")?;
        let mut consumers = Vec::new();
        for number in 0..count {
            let body =
                format!("{{\"StreamARN\":\"{stream}\",\"ConsumerName\":\"bench-{number}\"}}");
            let consumer = member(&self.call("RegisterStreamConsumer", &body)?, "ConsumerARN")?;
            let body = format!("{{\"ConsumerARN\":\"{consumer}\"}}");
            until(&consumer, || {
                Ok(member(&self.call("DescribeStreamConsumer", &body)?, "ConsumerStatus")?
                    == "ACTIVE")
            })?;
            consumers.push(consumer);
        }
        Ok(consumers)
    }

    /// Ids of all shards, in the order of ListShards.
    pub fn shards(&self) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut body = self.named();
        loop {
            let reply = self.call("ListShards", &body)?;
            let mut next = None;
            Json::new(&reply).object::<Error>(|name, json| {
                match name {
                    b"NextToken" => next = json.optional_string()?.map(text),
                    b"Shards" => json.array::<Error>(|json| {
                        json.object::<Error>(|name, json| {
                            if name == b"ShardId" {
                                found.push(text(json.string()?));
                                return Ok(());
                            }
                            Ok(json.skip()?)
                        })
                    })?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            match next {
                Some(token) => body = format!("{{\"NextToken\":\"{token}\"}}"),
                None => return Ok(found),
            }
        }
    }

    fn summary(&self, wanted: &str) -> Result<String, Error> {
        member(&self.call("DescribeStreamSummary", &self.named())?, wanted)
    }

    fn named(&self) -> String {
        format!("{{\"StreamName\":\"{}\"}}", self.stream)
    }

    /// Calls an operation; the body of its reply.
    ///
    /// # Errors
    /// Whatever is not answered with 200.
    pub fn call(&self, operation: &str, body: &str) -> Result<Vec<u8>, Error> {
        let mut request = Vec::new();
        self.caller.write_head(&mut request, operation, body.as_bytes(), clock::unix_seconds());
        request.extend_from_slice(body.as_bytes());
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(REPLY_WAIT))?;
        stream.set_nodelay(true)?;
        stream.write_all(&request)?;
        let mut inbox = Vec::new();
        let mut chunk = vec![0; 64 << 10];
        loop {
            if let Some(head) = reply::head(&inbox)?.filter(|head| inbox.len() >= head.end) {
                let body = inbox.drain(head.body_at..head.end).collect::<Vec<u8>>();
                if head.status == 200 {
                    return Ok(body);
                }
                let (call, body) = (operation.to_owned(), shortened(&body));
                return Err(Error::Refused { call, status: head.status, body });
            }
            let count = stream.read(&mut chunk)?;
            if count == 0 {
                return Err(Error::NotHttp(format!("{operation}: the connection was closed")));
            }
            inbox.extend_from_slice(&chunk[..count]);
        }
    }
}

/// Waits until `holds`, for as long as anything may take to become ACTIVE, or to be gone; `what` is named if it does
/// not.
pub fn until(what: &str, mut holds: impl FnMut() -> Result<bool, Error>) -> Result<(), Error> {
    let begun = clock::now();
    while !holds()? {
        if clock::now().duration_since(begun) > ACTIVE_WAIT {
            return Err(Error::NotActive(what.to_owned()));
        }
        std::thread::sleep(ACTIVE_POLL);
    }
    Ok(())
}

/// A text of the one structure that a reply holds.
pub fn member(reply: &[u8], wanted: &str) -> Result<String, Error> {
    let mut found = String::new();
    Json::new(reply).object::<Error>(|_, json| {
        json.object::<Error>(|name, json| {
            if name == wanted.as_bytes() {
                found = text(json.string()?);
                return Ok(());
            }
            Ok(json.skip()?)
        })
    })?;
    Ok(found)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
