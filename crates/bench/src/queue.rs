//! Queues: each lane receives ten records and acknowledges them, again and again, beside records that stay in flight.

use crate::caller::Caller;
use crate::error::shortened;
use crate::json::Json;
use crate::lanes::{Reply, Work};
use crate::limits::{QUEUE_HIDDEN_SECONDS, QUEUE_RECORDS};
use crate::tally::{Tally, Window};
use crate::{Error, clock};

/// What is done with what was received.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It is acknowledged.
    Acknowledge,
    /// It stays in flight.
    Hold,
}

#[derive(Default)]
struct Lane {
    /// Handles of what was received last and is to be acknowledged.
    handles: Vec<Vec<u8>>,
    payload_bytes: u64,
    request: Vec<u8>,
}

/// The consumers of one thread.
pub struct Queueing {
    /// What was counted: a request is a receive or an acknowledgement, records are those acknowledged.
    pub tally: Tally,
    /// Records received in the whole run.
    pub received: u64,
    window: Window,
    caller: Caller,
    queue_arn: String,
    then: Then,
    lanes: Vec<Lane>,
}

impl Queueing {
    /// Nothing received yet.
    pub fn new(
        window: Window,
        caller: Caller,
        queue_arn: String,
        lanes: usize,
        then: Then,
    ) -> Self {
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        Queueing { tally: Tally::default(), received: 0, window, caller, queue_arn, then, lanes }
    }

    fn encode(&mut self, lane: usize) {
        let Lane { handles, request, .. } = &mut self.lanes[lane];
        let arn = &self.queue_arn;
        let (operation, body) = if handles.is_empty() {
            let hidden = QUEUE_HIDDEN_SECONDS;
            let body = format!(
                "{{\"QueueARN\":\"{arn}\",\"Limit\":{QUEUE_RECORDS},\"WaitTimeSeconds\":1,\
                 \"VisibilityTimeoutSeconds\":{hidden}}}"
            );
            ("ReceiveQueueRecords", body)
        } else {
            let entry = |handle: &Vec<u8>| {
                format!("{{\"ReceiptHandle\":\"{}\"}}", String::from_utf8_lossy(handle))
            };
            let entries: Vec<String> = handles.iter().map(entry).collect();
            let entries = entries.join(",");
            let body = format!("{{\"QueueARN\":\"{arn}\",\"Entries\":[{entries}]}}");
            ("AcknowledgeQueueRecords", body)
        };
        request.clear();
        self.caller.write_head(request, operation, body.as_bytes(), clock::unix_seconds());
        request.extend_from_slice(body.as_bytes());
    }

    fn received(&mut self, lane: usize, reply: &Reply<'_>) -> Result<(), Error> {
        let (mut handles, mut bytes) = (Vec::new(), 0);
        Json::new(reply.body).object::<Error>(|name, json| {
            if name != b"QueueRecords" {
                return Ok(json.skip()?);
            }
            json.array::<Error>(|json| {
                json.object::<Error>(|name, json| {
                    match name {
                        b"ReceiptHandle" => handles.push(json.string()?.to_vec()),
                        b"Data" => bytes += crate::read::decoded_bytes(json.string()?),
                        _ => json.skip()?,
                    }
                    Ok(())
                })
            })
        })?;
        self.received += handles.len() as u64;
        self.tally.count(&self.window, reply, 0, 0);
        if self.then == Then::Acknowledge {
            (self.lanes[lane].handles, self.lanes[lane].payload_bytes) = (handles, bytes);
        }
        Ok(())
    }

    fn acknowledged(&mut self, lane: usize, reply: &Reply<'_>) -> Result<(), Error> {
        let (mut done, mut failed) = (0, 0);
        Json::new(reply.body).object::<Error>(|name, json| {
            let count = if name == b"Successful" { &mut done } else { &mut failed };
            json.array::<Error>(|json| {
                *count += 1;
                Ok(json.skip()?)
            })
        })?;
        let state = &mut self.lanes[lane];
        state.handles.clear();
        self.tally.failed_records += failed;
        self.tally.count(&self.window, reply, done, state.payload_bytes);
        Ok(())
    }
}

impl Work for Queueing {
    fn next(&mut self, lane: usize) -> Result<bool, Error> {
        if !self.window.admits() {
            return Ok(false);
        }
        self.encode(lane);
        Ok(true)
    }

    fn request(&self, lane: usize) -> &[u8] {
        &self.lanes[lane].request
    }

    fn answered(&mut self, lane: usize, reply: &Reply<'_>) -> Result<(), Error> {
        if reply.status != 200 {
            let what = || format!("HTTP {}: {}", reply.status, shortened(reply.body));
            self.lanes[lane].handles.clear();
            return self.tally.fault(what);
        }
        if self.lanes[lane].handles.is_empty() {
            self.received(lane, reply)
        } else {
            self.acknowledged(lane, reply)
        }
    }

    fn lost(&mut self, lane: usize, why: std::io::Error) -> Result<(), Error> {
        self.lanes[lane].handles.clear();
        self.tally.fault(|| why.to_string())
    }
}
