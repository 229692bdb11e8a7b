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
        let body = format!("{{\"StreamName\":\"{}\",\"ShardCount\":{shards}}}", self.stream);
        self.call("CreateStream", &body)?;
        let begun = clock::now();
        loop {
            if self.status()? == "ACTIVE" {
                return Ok(());
            }
            if clock::now().duration_since(begun) > ACTIVE_WAIT {
                return Err(Error::NotActive(self.stream.clone()));
            }
            std::thread::sleep(ACTIVE_POLL);
        }
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
            let begun = clock::now();
            while member(&self.call("DescribeStreamConsumer", &body)?, "ConsumerStatus")?
                != "ACTIVE"
            {
                if clock::now().duration_since(begun) > ACTIVE_WAIT {
                    return Err(Error::NotActive(consumer));
                }
                std::thread::sleep(ACTIVE_POLL);
            }
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

    fn status(&self) -> Result<String, Error> {
        let reply = self.call("DescribeStreamSummary", &self.named())?;
        let mut status = String::new();
        Json::new(&reply).object::<Error>(|_, json| {
            json.object::<Error>(|name, json| {
                if name == b"StreamStatus" {
                    status = text(json.string()?);
                    return Ok(());
                }
                Ok(json.skip()?)
            })
        })?;
        Ok(status)
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

/// The text of a member, wherever it is: names and ARNs hold nothing that is escaped.
fn member(reply: &[u8], name: &str) -> Result<String, Error> {
    let found = String::from_utf8_lossy(reply);
    let value =
        found.split_once(&format!("\"{name}\":\"")).and_then(|(_, rest)| rest.split_once('"'));
    value.map(|(value, _)| value.to_owned()).ok_or_else(|| Error::Reply(shortened(reply)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
