//! The few requests that are not the generator's: a server's metrics, a bucket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Outcome;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A metric without labels.
pub fn metric(endpoint: &str, name: &str) -> Result<u64, String> {
    let page = request(endpoint, "GET /metrics", "").map_err(|e| format!("/metrics: {e}"))?;
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    line.ok_or_else(|| format!("/metrics has no {name}"))
}

/// Makes a bucket.
pub fn make_bucket(endpoint: &str, name: &str) -> Outcome {
    // Servers of many services tell them apart by the scope of the signature, which they do not check.
    let scope = "bench/20261126/us-east-1/s3/aws4_request";
    let names = "host;x-amz-content-sha256;x-amz-date";
    let zeros = "0".repeat(64);
    let headers = format!(
        "authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={zeros}\r\n\
         x-amz-date: 20261126T000000Z\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\ncontent-length: 0\r\n"
    );
    let reply = request(endpoint, &format!("PUT /{name}"), &headers);
    let reply = reply.map_err(|e| format!("making the bucket {name}: {e}"))?;
    let first = reply.lines().next().unwrap_or_default();
    if first.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(format!("{name}: {first}")) }
}

fn request(endpoint: &str, line: &str, headers: &str) -> std::io::Result<String> {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes())?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}
