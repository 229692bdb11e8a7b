//! The AWS SDK for Rust, which speaks JSON, against a real server. The last line is "N passed, N failed".
#![forbid(unsafe_code)]

mod life;
mod server;

use std::pin::Pin;
use std::process::ExitCode;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use server::Server;

type Checked = Result<(), String>;
type Test = Pin<Box<dyn Future<Output = Checked>>>;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(binary) = std::env::args().nth(1) else {
        eprintln!("usage: millstream-conformance-rust-sdk SERVER");
        return ExitCode::from(2);
    };
    let server = Server::start(&binary);
    let clear = client(server.clear(), plain_http());
    let secure = client(server.secure(), https(&server.certificate()));
    let tests: [(&str, Test); 5] = [
        ("a stream lives", Box::pin(life::whole(clear.clone(), "rust-clear"))),
        ("a stream lives over TLS", Box::pin(life::whole(secure, "rust-tls"))),
        ("errors are typed and carry their ids", Box::pin(life::errors(clear.clone()))),
        ("a split ends the parent and names its children", Box::pin(life::split(clear.clone()))),
        ("a consumer subscribes and sees the shard end", Box::pin(life::subscription(clear))),
    ];
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in tests {
        match test.await {
            Ok(()) => passed += 1,
            Err(fault) => {
                failed += 1;
                println!("FAILED {name}: {fault}");
            }
        }
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn client(endpoint: String, http: aws_sdk_kinesis::config::SharedHttpClient) -> Client {
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("eu-north-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http)
        .build();
    Client::from_conf(config)
}

fn plain_http() -> aws_sdk_kinesis::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

fn https(certificate: &[u8]) -> aws_sdk_kinesis::config::SharedHttpClient {
    let trust = TrustStore::empty().with_pem_certificate(certificate);
    let context = TlsContext::builder().with_trust_store(trust).build().expect("a certificate");
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
}
