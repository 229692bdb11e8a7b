//! Many subscriptions over few HTTP/2 connections, on one thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use base64_simd::STANDARD;
use bytes::Bytes;
use h2::client::SendRequest;
use memchr::memmem;

use crate::control::Control;
use crate::limits::{ACTIVE_POLL, ARRIVAL_WAIT, STREAM_WINDOW_BYTES};
use crate::{Error, clock};

/// What has arrived.
pub struct Arrivals {
    /// Records, over all subscriptions.
    pub records: u64,
    /// When the last came.
    pub last: Instant,
    /// Number and moment of each record, if they were kept.
    pub numbered: Vec<(u64, Instant)>,
}

/// Subscriptions that are open.
pub struct Subscribers {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    consumers: u64,
}

#[derive(Default)]
struct Shared {
    begun: AtomicU64,
    records: AtomicU64,
    stop: AtomicBool,
    keep: bool,
    numbered: Mutex<Vec<(u64, Instant)>>,
    fault: Mutex<Option<String>>,
}

impl Shared {
    fn fail(&self, what: impl Into<String>) {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert(what.into());
    }

    fn check(&self) -> Result<(), Error> {
        match &*self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(fault) => Err(Error::ReadBack(fault.clone())),
            None => Ok(()),
        }
    }
}

impl Subscribers {
    /// Subscribes each consumer to each shard at its latest record, and returns once all are subscribed.
    pub fn start(
        control: &Control,
        consumers: &[String],
        shards: &[String],
        connections: u64,
        keep: bool,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared { keep, ..Shared::default() });
        let mut bodies: Vec<Vec<String>> = vec![Vec::new(); connections.max(1) as usize];
        for (index, (consumer, shard)) in
            consumers.iter().flat_map(|c| shards.iter().map(move |s| (c, s))).enumerate()
        {
            let at = index % bodies.len();
            bodies[at].push(format!(
                "{{\"ConsumerARN\":\"{consumer}\",\"ShardId\":\"{shard}\",\
                 \"StartingPosition\":{{\"Type\":\"LATEST\"}}}}"
            ));
        }
        let (theirs, control) = (shared.clone(), control.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            match runtime {
                Ok(runtime) => runtime.block_on(read_all(&theirs, &control, bodies)),
                Err(error) => theirs.fail(error.to_string()),
            }
        });
        let all = (consumers.len() * shards.len()) as u64;
        let subscribers = Subscribers { shared, thread, consumers: consumers.len() as u64 };
        subscribers.wait_for(&subscribers.shared.begun, all)?;
        Ok(subscribers)
    }

    /// Waits until each consumer has so many records, and ends.
    pub fn finish(self, records: u64) -> Result<Arrivals, Error> {
        self.wait_for(&self.shared.records, records * self.consumers)?;
        let last = clock::now();
        // Whatever came twice has time to come.
        std::thread::sleep(ACTIVE_POLL);
        let got = self.shared.records.load(Ordering::Relaxed);
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| Error::ThreadLost)?;
        if got != records * self.consumers {
            let wanted = records * self.consumers;
            return Err(Error::ReadBack(format!("{got} records came instead of {wanted}")));
        }
        let mut numbered = self.shared.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arrivals { records: got, last, numbered: std::mem::take(&mut numbered) })
    }

    fn wait_for(&self, count: &AtomicU64, wanted: u64) -> Result<(), Error> {
        let (mut before, mut since) = (0, clock::now());
        loop {
            self.shared.check()?;
            let now = count.load(Ordering::Relaxed);
            if now >= wanted {
                return Ok(());
            }
            if now > before {
                (before, since) = (now, clock::now());
            }
            if clock::now().duration_since(since) > ARRIVAL_WAIT {
                return Err(Error::ReadBack(format!("{now} of {wanted}, and no more come")));
            }
            std::thread::sleep(ACTIVE_POLL);
        }
    }
}

async fn read_all(shared: &Arc<Shared>, control: &Control, bodies: Vec<Vec<String>>) {
    for bodies in bodies {
        if let Err(fault) = connect(shared, control, bodies).await {
            return shared.fail(fault);
        }
    }
    while !shared.stop.load(Ordering::Relaxed) {
        tokio::time::sleep(ACTIVE_POLL).await;
    }
}

async fn connect(
    shared: &Arc<Shared>,
    control: &Control,
    bodies: Vec<String>,
) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let socket = tokio::net::TcpStream::connect(control.address).await.map_err(|e| told(&e))?;
    socket.set_nodelay(true).map_err(|e| told(&e))?;
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(STREAM_WINDOW_BYTES * 16);
    let (mut client, connection) =
        builder.handshake::<_, Bytes>(socket).await.map_err(|e| told(&e))?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    for body in bodies {
        client = client.ready().await.map_err(|e| told(&e))?;
        let reply = send(&mut client, control, body)?;
        let shared = shared.clone();
        tokio::spawn(async move {
            if let Err(fault) = follow(&shared, reply).await {
                shared.fail(fault);
            }
        });
    }
    Ok(())
}

fn send(
    client: &mut SendRequest<Bytes>,
    control: &Control,
    body: String,
) -> Result<h2::client::ResponseFuture, String> {
    let mut head = Vec::new();
    let now = clock::unix_seconds();
    control.caller.write_head(&mut head, "SubscribeToShard", body.as_bytes(), now);
    let head = String::from_utf8_lossy(&head);
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let mut request = http::Request::post(format!("http://{}/", control.caller.host()));
    for (name, value) in fields.filter(|(name, _)| *name != "host") {
        request = request.header(name, value);
    }
    let request = request.body(()).map_err(|error| error.to_string())?;
    let (reply, mut sender) =
        client.send_request(request, false).map_err(|error| error.to_string())?;
    sender.send_data(body.into(), true).map_err(|error| error.to_string())?;
    Ok(reply)
}

async fn follow(shared: &Shared, reply: h2::client::ResponseFuture) -> Result<(), String> {
    let reply = reply.await.map_err(|error| error.to_string())?;
    let (status, mut body) = (reply.status(), reply.into_body());
    let mut inbox = Vec::new();
    let mut begun = false;
    while let Some(chunk) = body.data().await {
        let chunk = chunk.map_err(|error| error.to_string())?;
        let _ = body.flow_control().release_capacity(chunk.len());
        inbox.extend_from_slice(&chunk);
        if !status.is_success() {
            continue;
        }
        let mut taken = 0;
        while let Some(message) = message(&inbox[taken..]) {
            taken += message.len();
            if !begun {
                begun = true;
                shared.begun.fetch_add(1, Ordering::Relaxed);
            }
            take(shared, message)?;
        }
        inbox.drain(..taken);
    }
    match status.is_success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&inbox).into_owned()),
    }
}

/// The first whole message: its length is in its first four bytes.
fn message(inbox: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(*inbox.first_chunk()?);
    inbox.get(..length as usize).filter(|message| message.len() >= 16)
}

fn take(shared: &Shared, message: &[u8]) -> Result<(), String> {
    let now = clock::now();
    let headers = u32::from_be_bytes([message[4], message[5], message[6], message[7]]) as usize;
    let headers = 12 + headers.min(message.len() - 16);
    let payload = &message[headers..message.len() - 4];
    if memmem::find(&message[12..headers], b":exception-type").is_some() {
        return Err(String::from_utf8_lossy(payload).into_owned());
    }
    const DATA: &[u8] = b"\"Data\":\"";
    let mut count = 0;
    for at in memmem::find_iter(payload, DATA) {
        count += 1;
        if shared.keep {
            let text = payload.get(at + DATA.len()..at + DATA.len() + 12).unwrap_or_default();
            let mut bytes = STANDARD.decode_to_vec(text).map_err(|error| error.to_string())?;
            bytes.truncate(8);
            let number = bytes.try_into().map_or(u64::MAX, u64::from_be_bytes);
            let mut numbered = shared.numbered.lock().unwrap_or_else(PoisonError::into_inner);
            numbered.push((number, now));
        }
    }
    shared.records.fetch_add(count, Ordering::Relaxed);
    Ok(())
}
