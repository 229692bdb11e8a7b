//! The machine's ceiling for a server on this HTTP library: reads each request's body whole and answers a fixed
//! reply.
//!
//! Two workers, clear-text HTTP/1.1. It prints `listening on http://HOST:PORT` as the real server does, and is
//! driven by the same generator: `generator put-record --existing --endpoint …`. The reply is that of PutRecord, or
//! of PutRecords with the argument `batch`; with `hash` each body is hashed as well, which shows what verifying a
//! signature must cost.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA256, digest};
use tokio::net::TcpListener;

/// A body of one piece.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

async fn answer(
    request: Request<Incoming>,
    reply: Bytes,
    hash: bool,
) -> Result<Response<Whole>, hyper::Error> {
    let mut body = request.into_body();
    let mut whole = Vec::with_capacity(body.size_hint().lower() as usize);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame?.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    if hash {
        std::hint::black_box(digest(&SHA256, &whole));
    }
    std::hint::black_box(&whole);
    let mut response = Response::new(Whole(Some(reply)));
    let content_type = hyper::header::HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, content_type);
    Ok(response)
}

/// Entries as the real reply has them, so that the bytes sent back are the same.
fn reply(records: Option<usize>) -> Bytes {
    let number = "49671246667567228643283430150187087032206582658000000001";
    let entry = format!("{{\"SequenceNumber\":\"{number}\",\"ShardId\":\"shardId-000000000000\"}}");
    match records {
        None => Bytes::from(entry),
        Some(records) => {
            let entries = vec![entry; records].join(",");
            Bytes::from(format!("{{\"FailedRecordCount\":0,\"Records\":[{entries}]}}"))
        }
    }
}

async fn serve(reply: Bytes, hash: bool) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let reply = reply.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, reply.clone(), hash));
            // A client that goes away is no fault of the measurement.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn main() -> std::io::Result<()> {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let reply = reply(asked("batch").then_some(500));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_io().build()?;
    runtime.block_on(serve(reply, asked("hash")))
}
