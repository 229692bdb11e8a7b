//! `millstream serve`: everything wired together, from the first byte read to the last connection closed.

use std::collections::HashMap;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use millstream_auth::{KeyStore, Secret};
use millstream_catalog::Catalog;
use millstream_counters::Collect;
use millstream_gateway::{AuthMode, Gateway, Listener, Parts};
use millstream_log::{Disk, Engine, EphemeralDisk, Health, Log, Options, RealDisk, RecoveryReport};
use millstream_streams::Streams;
use millstream_types::{AccountId, Clock, Random, SystemClock};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::arguments::{Auth, ServeOptions};
use crate::config::{Config, Storage};
use crate::entropy::Entropy;
use crate::{logging, tls};

/// Files of the log, within the data directory.
pub const LOG_DIRECTORY: &str = "log";
/// The self-signed certificate, within the data directory.
const TLS_DIRECTORY: &str = "tls";

/// Serves until a signal says stop.
pub fn run(options: ServeOptions) -> Result<(), String> {
    let config = Config::new(options)?;
    logging::start(config.log_format, config.log_level);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime did not start: {error}"))?;
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), String> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let random: Arc<dyn Random> = Arc::new(Entropy::new());
    // The addresses come first: a port in use is told before anything is recovered.
    let sockets = bind(&config.listen).await?;
    let engine = open_engine(&config.storage, clock.clone())?;
    let log: Arc<dyn Log> = engine.clone();
    let catalog = Catalog::open(log.clone(), clock.clone(), random.clone());
    let catalog =
        Arc::new(catalog.await.map_err(|error| format!("the catalog did not start: {error}"))?);
    let token_key = catalog.token_key();
    let streams = Streams::new(
        millstream_streams::Parts {
            catalog: catalog.clone(),
            log,
            clock: clock.clone(),
            limits: config.limits.clone(),
            random: random.clone(),
        },
        &token_key,
    );
    let lifecycle = streams.start_lifecycle();
    let (stop, stopped) = watch::channel(false);
    let gateway = Gateway::new(Parts {
        streams: streams.clone(),
        auth: auth_mode(config.auth),
        keys: Arc::new(Keys(config.keys)),
        region: config.region,
        hosts: config.hosts,
        http: config.http,
        clock,
        random,
        collect: vec![streams.clone() as Arc<dyn Collect>, engine.counters() as Arc<dyn Collect>],
        refuses_writes: {
            let engine = engine.clone();
            Box::new(move || match engine.health() {
                Health::Writable => None,
                Health::Refusing(reason) => Some(reason),
            })
        },
        stop: stopped.clone(),
    });
    let tls = tls_config(config.tls, &config.storage, &config.listen)?;
    let mut serving = tokio::task::JoinSet::new();
    let mut addresses = Vec::new();
    for socket in sockets {
        addresses.push(socket.local_addr().map_err(|error| format!("no address: {error}"))?);
        let listener = Listener { socket, tls: tls.clone() };
        serving.spawn(millstream_gateway::serve(listener, gateway.clone(), stopped.clone()));
    }
    announce(&addresses)?;
    let failure = tokio::select! {
        signalled = wait_for_signal() => signalled.err(),
        failure = catalog_failure(&catalog) => Some(failure),
    };
    tracing::info!("stopping: what is under way is finished");
    let _ = stop.send(true);
    streams.end_waits();
    while serving.join_next().await.is_some() {}
    lifecycle.stop().await;
    catalog.stop().await;
    let stopped = tokio::task::spawn_blocking(move || engine.stop()).await;
    stopped.map_err(|error| format!("the log did not stop cleanly: {error}"))?;
    failure.map_or(Ok(()), Err)
}

/// Waits until the catalog cannot go on: a node without it must not serve.
async fn catalog_failure(catalog: &Catalog) -> String {
    let mut failed = catalog.failed();
    match failed.wait_for(Option::is_some).await.map(|failure| failure.clone()) {
        Ok(Some(failure)) => format!("the catalog stopped: {failure}"),
        Ok(None) | Err(_) => std::future::pending().await,
    }
}

async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, String> {
    let mut sockets = Vec::new();
    for address in addresses {
        let socket = TcpListener::bind(address).await;
        sockets.push(socket.map_err(|error| format!("cannot listen on {address}: {error}"))?);
    }
    Ok(sockets)
}

fn open_engine(storage: &Storage, clock: Arc<dyn Clock>) -> Result<Arc<Engine>, String> {
    let options = match storage {
        Storage::Directory(directory) => {
            let disk = RealDisk::create(directory.join(LOG_DIRECTORY));
            let disk = disk.map_err(|error| format!("{}: {error}", directory.display()))?;
            Options::durable(Arc::new(disk), clock)
        }
        Storage::Ephemeral(limit) => {
            let disk = EphemeralDisk::new(std::env::temp_dir());
            let free = disk.free_bytes().map_err(|error| format!("no temporary files: {error}"))?;
            Options::ephemeral(Arc::new(disk), clock, limit.unwrap_or(free / 2))
        }
    };
    let (engine, report) = Engine::open(options).map_err(|error| error.to_string())?;
    tell(&report);
    Ok(engine)
}

/// What recovery found, named: nothing is skipped or cut in silence.
fn tell(report: &RecoveryReport) {
    for (file, offset) in &report.cuts {
        tracing::info!(%file, offset, "a commit that was never acknowledged was cut off");
    }
    for note in &report.notes {
        tracing::info!("{note}");
    }
    for damage in &report.damage {
        tracing::error!(%damage, "DAMAGE: acknowledged data cannot be read; writes are refused. Run `millstream \
            fsck`.");
    }
    tracing::info!(
        segments = report.segments,
        scanned_bytes = report.scanned_bytes,
        "the log is open"
    );
}

fn auth_mode(auth: Auth) -> AuthMode {
    match auth {
        Auth::Open => AuthMode::Open,
        // `enforced` was refused when the configuration was read.
        Auth::Signed | Auth::Enforced => AuthMode::Signed,
    }
}

fn tls_config(
    files: Option<(std::path::PathBuf, std::path::PathBuf)>,
    storage: &Storage,
    listen: &[SocketAddr],
) -> Result<Arc<rustls::ServerConfig>, String> {
    let addresses: Vec<IpAddr> = listen.iter().map(SocketAddr::ip).collect();
    match (files, storage) {
        (Some((cert, key)), _) => tls::from_files(&cert, &key),
        (None, Storage::Directory(directory)) => {
            tls::kept_in(&Path::new(directory).join(TLS_DIRECTORY), &addresses)
        }
        (None, Storage::Ephemeral(_)) => tls::self_signed(&addresses),
    }
}

/// Tells scripts and people, in that order, that all is ready.
fn announce(addresses: &[SocketAddr]) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    for address in addresses {
        let written = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
        written.map_err(|error| format!("standard output: {error}"))?;
    }
    Ok(())
}

async fn wait_for_signal() -> Result<(), String> {
    let failed = |error: std::io::Error| format!("signals: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The keys of the configuration.
struct Keys(HashMap<String, (Secret, AccountId)>);

impl KeyStore for Keys {
    fn lookup(&self, access_key_id: &str) -> Option<(Secret, AccountId)> {
        self.0.get(access_key_id).cloned()
    }
}
