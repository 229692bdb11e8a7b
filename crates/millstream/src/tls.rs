//! The certificate: the user's, or a self-signed one that is made at the first start and kept in the data directory.

use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Names of a self-signed certificate.
const NAMES: [&str; 4] = ["localhost", "*.localhost", "127.0.0.1", "::1"];

/// A server's side of TLS 1.2 and 1.3 with ALPN for both versions of HTTP.
pub fn server_config(cert_pem: &[u8], key_pem: &[u8]) -> Result<Arc<ServerConfig>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(cert_pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the TLS certificate cannot be read: {error}"))?;
    if chain.is_empty() {
        return Err("the TLS certificate file holds no certificate".into());
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem)
        .map_err(|error| format!("the TLS key cannot be read: {error}"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?
        .with_no_client_auth()
        .with_single_cert(chain, key);
    let mut config =
        config.map_err(|error| format!("TLS certificate and key do not fit: {error}"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The user's certificate and key.
pub fn from_files(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    server_config(&read(cert)?, &read(key)?)
}

/// A self-signed certificate that vanishes with the process.
pub fn self_signed(addresses: &[IpAddr]) -> Result<Arc<ServerConfig>, String> {
    let (cert, key) = generate(addresses)?;
    server_config(cert.as_bytes(), key.as_bytes())
}

/// The self-signed certificate of a directory, made if it is not there yet.
pub fn kept_in(directory: &Path, addresses: &[IpAddr]) -> Result<Arc<ServerConfig>, String> {
    let (cert_path, key_path) = (directory.join("cert.pem"), directory.join("key.pem"));
    if !(cert_path.exists() && key_path.exists()) {
        let (cert, key) = generate(addresses)?;
        let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
        std::fs::create_dir_all(directory).map_err(failed)?;
        write_private(&key_path, key.as_bytes()).map_err(failed)?;
        std::fs::write(&cert_path, cert).map_err(failed)?;
    }
    from_files(&cert_path, &key_path)
}

fn generate(addresses: &[IpAddr]) -> Result<(String, String), String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(
        addresses
            .iter()
            .filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
            .map(ToString::to_string),
    );
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|error| format!("no certificate was made: {error}"))?;
    Ok((made.cert.pem(), made.signing_key.serialize_pem()))
}

#[cfg(unix)]
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::File::create(path)?.write_all(bytes)
}
