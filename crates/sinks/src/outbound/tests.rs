use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::stand_in::{StandIn, answer};
use super::*;

const BOUNDS: Bounds = Bounds { timeout: Duration::from_secs(180), reply_bytes_max: 1000 };

fn open() -> Outbound {
    Outbound::new(Allowed::new(true, false, &[]).unwrap(), None).unwrap()
}

fn closed(list: &[&str]) -> Outbound {
    let list: Vec<String> = list.iter().map(|entry| (*entry).to_owned()).collect();
    Outbound::new(Allowed::new(false, false, &list).unwrap(), None).unwrap()
}

async fn get(client: &Outbound, uri: &str) -> Result<Response<Bytes>, OutboundError> {
    let request = Request::get(uri).body(Bytes::new()).unwrap();
    client.send(request, BOUNDS).await
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_and_its_connection_is_used_again() {
    let server = StandIn::start(|_| answer(200, &[("x-more", "1")], "yes")).await;
    let client = open();
    for _ in 0..3 {
        let request = Request::post(server.url("/a/b?c=d")).header("x-own", "2");
        let request = request.body(Bytes::from_static(b"body")).unwrap();
        let reply = client.send(request, BOUNDS).await.unwrap();
        assert_eq!((reply.status().as_u16(), &reply.body()[..]), (200, &b"yes"[..]));
        assert_eq!(reply.headers()["x-more"], "1");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    let request = &server.requests()[0];
    assert_eq!((request.method().as_str(), request.uri().to_string()), ("POST", "/a/b?c=d".into()));
    assert_eq!(request.headers()["host"], server.address.to_string());
    assert_eq!(request.headers()["content-length"], "4");
    assert_eq!(
        (&request.body()[..], &request.headers()["x-own"]),
        (&b"body"[..], &"2".parse().unwrap())
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = StandIn::start(|_| answer(307, &[("location", "/elsewhere")], "")).await;
    assert_eq!(get(&open(), &server.url("/")).await.unwrap().status(), 307);
    assert_eq!(server.count(), 1);
}

/// Whatever a loopback address is spelled like, the rule sees the address that the resolver made of it.
#[tokio::test]
async fn no_spelling_of_an_address_gets_around_the_rule() {
    let server = StandIn::start(|_| answer(200, &[], "")).await;
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "[::ffff:127.0.0.1]",
    ] {
        for scheme in ["http", "https"] {
            let error = get(&closed(&[]), &format!("{scheme}://{host}:{port}/")).await.unwrap_err();
            // A resolver may not know a spelling; then nothing was connected to either.
            let safe =
                matches!(error, OutboundError::Forbidden { .. } | OutboundError::Name { .. });
            assert!(safe, "{host}: {error:?}");
        }
    }
    for host in [
        "169.254.169.254",
        "0xa9.0xfe.0xa9.0xfe",
        "2852039166",
        "0.0.0.0",
        "0",
        "[::]",
        "[fe80::1]",
    ] {
        let error = get(&open(), &format!("https://{host}:{port}/")).await.unwrap_err();
        let safe = matches!(error, OutboundError::Forbidden { .. } | OutboundError::Name { .. });
        assert!(safe, "{host}: {error:?}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
    assert!(get(&closed(&["127.0.0.0/8"]), &server.url("/")).await.is_ok());
    assert!(get(&closed(&["localhost"]), &format!("http://localhost:{port}/")).await.is_ok());
}

#[test]
fn what_can_be_told_without_the_resolver_is_told_at_once() {
    for (uri, expected) in [
        ("https://example.com/x", true),
        ("https://10.0.0.1", false),
        ("https://[::1]", false),
        ("http://example.com", true),
        ("http://8.8.8.8", false),
        ("https://user@example.com", false),
    ] {
        assert_eq!(closed(&[]).accepts(&uri.parse().unwrap()).is_ok(), expected, "{uri}");
    }
}

#[tokio::test]
async fn who_is_not_there_and_who_hangs_up_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = [0; 16];
        let _ = socket.read(&mut head).await;
        drop(socket);
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut head).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
        drop(socket);
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut head).await;
        let _ = socket.write_all(b"SSH-2.0-OpenSSH\r\n\r\n").await;
    });
    let url = format!("http://{address}/");
    let client = open();
    for _ in 0..2 {
        let error = get(&client, &url).await.unwrap_err();
        assert!(matches!(error, OutboundError::Reset { .. }), "{error:?}");
    }
    let error = get(&client, &url).await.unwrap_err();
    assert!(matches!(error, OutboundError::Protocol { .. }), "{error:?}");
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = get(&client, &format!("http://{gone}/")).await.unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }), "{error:?}");
    let error = get(&client, "https://no-such-host.invalid/").await.unwrap_err();
    assert!(matches!(error, OutboundError::Name { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read() {
    let server = StandIn::start(|_| answer(200, &[], vec![b'x'; 1001])).await;
    let error = get(&open(), &server.url("/")).await.unwrap_err();
    assert!(matches!(error, OutboundError::TooLarge { bytes_max: 1000, .. }), "{error:?}");
    let server = StandIn::start(|_| answer(200, &[], vec![b'x'; 1000])).await;
    assert_eq!(get(&open(), &server.url("/")).await.unwrap().body().len(), 1000);
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while socket.write_all(b"x-header: 0123456789abcdef0123456789abcdef\r\n").await.is_ok() {}
    });
    let error = get(&open(), &format!("http://{address}/")).await.unwrap_err();
    let ended = matches!(error, OutboundError::Protocol { .. } | OutboundError::Reset { .. });
    assert!(ended, "{error:?}");
}

/// The runtime's clock jumps when all wait: three minutes pass at once.
#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up_in_time() {
    let server = StandIn::start_silent().await;
    let begun = tokio::time::Instant::now();
    let error = get(&open(), &server.url("/")).await.unwrap_err();
    let expected = OutboundError::TimedOut {
        target: server.address.to_string(),
        after: Duration::from_secs(180),
    };
    assert_eq!(error, expected);
    assert!(begun.elapsed() >= BOUNDS.timeout);
}

#[tokio::test]
async fn tls_trusts_the_bundle_and_nobody_else() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let server =
        StandIn::start_with(Some(acceptor), |_| Box::pin(async { answer(200, &[], "") })).await;
    let uri = format!("https://localhost:{}/", server.address.port());
    let error = get(&open(), &uri).await.unwrap_err();
    assert!(matches!(error, OutboundError::Tls { .. }), "{error:?}");
    let rule = Allowed::new(true, false, &[]).unwrap();
    let trusting = Outbound::new(rule, Some(certified.cert.pem().as_bytes())).unwrap();
    assert_eq!(get(&trusting, &uri).await.unwrap().status(), 200);
    // The certificate names localhost, not the address.
    let error = get(&trusting, &format!("https://{}/", server.address)).await.unwrap_err();
    assert!(matches!(error, OutboundError::Tls { .. }), "{error:?}");
    assert!(Outbound::new(Allowed::default(), Some(b"nothing")).is_err());
}

#[tokio::test]
async fn errors_name_neither_path_nor_query() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = get(&open(), &format!("http://{address}/canary?token=canary")).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}
