//! A stand-in for a destination: a real HTTP/1.1 server on loopback whose answers a test decides.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What a stand-in does with a request that came as a whole.
type Answering = Arc<
    dyn Fn(Request<Bytes>) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> + Send + Sync,
>;

/// The server. It ends with the test's runtime.
pub(crate) struct StandIn {
    pub address: SocketAddr,
    /// How many connections were accepted.
    pub connections: Arc<AtomicUsize>,
    /// The requests, in order.
    pub seen: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl StandIn {
    /// Answers each request with what `answer` makes of it.
    pub async fn start(
        answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        let answer = Arc::new(answer);
        Self::start_with(None, move |request| {
            let answer = answer.clone();
            Box::pin(async move { answer(&request) })
        })
        .await
    }

    /// As [`StandIn::start`], but never answers the request of this number, counted from 0.
    pub async fn start_silent_at(
        number: usize,
        answer: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        let (answer, count) = (Arc::new(answer), AtomicUsize::new(0));
        Self::start_with(None, move |request| {
            let (answer, at) = (answer.clone(), count.fetch_add(1, Ordering::SeqCst));
            Box::pin(async move {
                match at == number {
                    true => std::future::pending().await,
                    false => answer(&request),
                }
            })
        })
        .await
    }

    /// Waits until so many requests have come.
    pub async fn until_count(&self, count: usize) {
        while self.count() < count {
            tokio::task::yield_now().await;
        }
    }

    /// Takes requests and never answers.
    pub async fn start_silent() -> Self {
        Self::start_with(None, |_| Box::pin(std::future::pending())).await
    }

    /// Over TLS if an acceptor is given.
    pub async fn start_with(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Request<Bytes>) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = StandIn {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            seen: Arc::default(),
        };
        let (connections, seen) = (stand_in.connections.clone(), stand_in.seen.clone());
        let answer: Answering = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, seen, answer) = (tls.clone(), seen.clone(), answer.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, seen, answer).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                serve(socket, seen, answer).await;
                            }
                        }
                    }
                });
            }
        });
        stand_in
    }

    /// Its address with a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The requests that came.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        self.seen.lock().unwrap().iter().map(copy).collect()
    }
}

/// An answer.
pub(crate) fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

async fn serve(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    seen: Arc<Mutex<Vec<Request<Bytes>>>>,
    answer: Answering,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (seen, answer) = (seen.clone(), answer.clone());
        async move {
            let (head, body) = request.into_parts();
            let request = Request::from_parts(head, whole(body).await);
            seen.lock().unwrap().push(copy(&request));
            Ok::<_, Infallible>(answer(request).await.map(Reply::new))
        }
    });
    let io = TokioIo::new(socket);
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
}

async fn whole(mut body: Incoming) -> Bytes {
    let mut whole = BytesMut::new();
    while let Some(Ok(frame)) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        whole.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    whole.freeze()
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    super::again(request)
}

/// The body of an answer.
struct Reply(Option<Bytes>);

impl Reply {
    fn new(bytes: Bytes) -> Self {
        Reply(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
