//! `millstream serve`: everything wired together, from the first byte read to the last connection closed.

use std::collections::HashMap;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use millstream_auth::{KeyStore, Secret};
use millstream_catalog::Catalog;
use millstream_counters::Collect;
use millstream_gateway::{AuthMode, DevApi, Gateway, Listener, Parts};
use millstream_log::{Disk, Engine, EphemeralDisk, Health, Log, Options, RealDisk, RecoveryReport};
use millstream_streams::{Lifecycle, Streams};
use millstream_types::{AccountId, AdjustableClock, Clock, Millis, Random, SystemClock};
use millstream_vault::Vault;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::arguments::{Auth, LimitsMode, ServeOptions};
use crate::background::{Background, Handles};
use crate::config::{Config, LogSettings, Storage};
use crate::control::{Control, Services};
use crate::delivering::{Delivering, Foundation, Serving};
use crate::entropy::Entropy;
use crate::keys::{Clocks, open_vault};
use crate::{declared, file_limit, formats, logging, master_key, outside, s3_config, tls};

/// Files of the log, within the data directory.
pub const LOG_DIRECTORY: &str = "log";
/// The self-signed certificate, within the data directory.
const TLS_DIRECTORY: &str = "tls";

/// Serves until a signal says stop.
pub fn run(options: ServeOptions) -> Result<(), String> {
    let config = Config::new(options)?;
    logging::start(config.log_format, config.log_level);
    tell_settings(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime did not start: {error}"))?;
    let background = Background::start()?;
    let served = runtime.block_on(serve(config, background.handles()));
    // What is under way there has been waited for as long as it may.
    background.stop();
    served
}

async fn serve(mut config: Config, background: Handles) -> Result<(), String> {
    let machine_clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let service_clock = Arc::new(AdjustableClock::new(machine_clock.clone()));
    let clock: Arc<dyn Clock> = service_clock.clone();
    let random: Arc<dyn Random> = Arc::new(Entropy::new());
    file_limit::raise(config.http.connections_max);
    // The addresses come first: a port in use is told before anything is recovered.
    let sockets = bind(&config.listen).await?;
    let (engine, report) = open_engine(&config.storage, config.log, clock.clone())?;
    if config.auth == Auth::Open {
        resume_clock(&service_clock, report.last_arrival);
    }
    let log: Arc<dyn Log> = engine.clone();
    let catalog = open_catalog(log.clone(), clock.clone(), random.clone()).await?;
    let key_file = master_key::path_of(&config);
    let clocks = Clocks { service: clock.clone(), machine: machine_clock.clone() };
    let kms = std::mem::take(&mut config.kms);
    let vault = open_vault(kms, key_file, catalog.clone(), clocks.clone(), random.clone()).await?;
    let buckets = s3_config::open(&config, vault.clone(), clock.clone(), random.clone())?;
    // Made at the start, so that a mistake in the configuration is told before anything is served.
    let objects = (s3_config::settings(config.s3, config.auth), buckets.store.clone());
    let outside = outside::open(config.outside, objects, clocks, random.clone())?;
    let limits = config.firehose_limits.clone();
    let foundation =
        Foundation { catalog: catalog.clone(), log: log.clone(), vault: vault.clone(), limits };
    let delivery = Delivering::new(foundation, outside, clock.clone(), random.clone(), background);
    let streams = Streams::new(millstream_streams::Parts {
        catalog: catalog.clone(),
        log,
        clock: clock.clone(),
        limits: config.limits.clone(),
        vault: vault.clone(),
        random: random.clone(),
        delivery: delivery.deliveries.clone(),
    });
    let firehose = delivery.serve(&streams);
    let lifecycle = streams.start_lifecycle();
    declared::make(&streams, &config.streams).await?;
    let serving_parts = Services {
        streams: streams.clone(),
        firehose: firehose.service.clone(),
        buckets: buckets.clone(),
    };
    let control = Control::new(service_clock, serving_parts, config.streams);
    let (stop, stopped) = watch::channel(false);
    let gateway = Gateway::new(Parts {
        streams: streams.clone(),
        buckets: buckets.store,
        firehose: firehose.service.clone(),
        auth: auth_mode(config.auth),
        keys: Arc::new(Keys(config.keys)),
        region: config.region,
        hosts: config.hosts,
        http: config.http,
        clock: machine_clock,
        random,
        dev: (config.auth == Auth::Open).then_some(control as Arc<dyn DevApi>),
        metrics_token: config.metrics_token,
        collect: collectors(&streams, &engine, &vault, &firehose),
        refuses_writes: refuses_writes(engine.clone()),
        stop: stopped.clone(),
    });
    let tls = tls_config(config.tls, &config.storage, &config.listen)?;
    let (serving, addresses) = listen(sockets, tls, &gateway, stopped)?;
    // Whoever reads that all is ready may say at once that it is to stop.
    let signals = Signals::new()?;
    announce(&addresses)?;
    let running = Running { streams, firehose, lifecycle, catalog, engine };
    running.until_told(signals, stop, serving).await
}

async fn open_catalog(
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Arc<Catalog>, String> {
    let opened = Catalog::open(log, clock, random).await;
    opened.map(Arc::new).map_err(|error| format!("the catalog did not start: {error}"))
}

/// All that ends when the server does.
struct Running {
    streams: Arc<Streams>,
    firehose: Serving,
    lifecycle: Lifecycle,
    catalog: Arc<Catalog>,
    engine: Arc<Engine>,
}

impl Running {
    /// Waits for a signal, or for a failure that nothing can go on after; then lets what is under way finish, and stops
    /// everything: who stands on others first.
    async fn until_told(
        self,
        mut signals: Signals,
        stop: watch::Sender<bool>,
        mut serving: JoinSet<()>,
    ) -> Result<(), String> {
        let failure = tokio::select! {
            () = signals.wait() => None,
            failure = catalog_failure(&self.catalog) => Some(failure),
        };
        tracing::info!("stopping: what is under way is finished");
        let _ = stop.send(true);
        self.streams.end_waits();
        while serving.join_next().await.is_some() {}
        self.firehose.stop().await;
        self.lifecycle.stop().await;
        self.catalog.stop().await;
        let engine = self.engine;
        let stopped = tokio::task::spawn_blocking(move || engine.stop()).await;
        stopped.map_err(|error| format!("the log did not stop cleanly: {error}"))?;
        failure.map_or(Ok(()), Err)
    }
}

/// Who has counted something.
fn collectors(
    streams: &Arc<Streams>,
    engine: &Engine,
    vault: &Vault,
    firehose: &Serving,
) -> Vec<Arc<dyn Collect>> {
    vec![
        streams.clone(),
        engine.counters(),
        vault.counters(),
        firehose.service.clone(),
        firehose.runtimes.clone(),
    ]
}

/// Tasks that serve connections, each until `stopped`, and the addresses that they serve.
fn listen(
    sockets: Vec<TcpListener>,
    tls: Arc<rustls::ServerConfig>,
    gateway: &Arc<Gateway>,
    stopped: watch::Receiver<bool>,
) -> Result<(JoinSet<()>, Vec<SocketAddr>), String> {
    let mut serving = JoinSet::new();
    let mut addresses = Vec::new();
    for socket in sockets {
        addresses.push(socket.local_addr().map_err(|error| format!("no address: {error}"))?);
        let listener = Listener { socket, tls: tls.clone() };
        serving.spawn(millstream_gateway::serve(listener, gateway.clone(), stopped.clone()));
    }
    Ok((serving, addresses))
}

/// What the log refuses of writes and why, if it refuses any.
fn refuses_writes(engine: Arc<Engine>) -> Box<dyn Fn() -> Option<String> + Send + Sync> {
    Box::new(move || match engine.health() {
        Health::Writable => None,
        Health::NearlyFull(what) => Some(what),
        Health::Refusing(reason) => Some(format!("not taking writes: {reason}")),
    })
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

/// Goes on from where service time was when it was moved forward before the last stop: it never goes back. Outside
/// `open` nobody can have a say in service time, and the engine alone keeps arrivals in order.
fn resume_clock(clock: &AdjustableClock, last_arrival: Millis) {
    let now = clock.now();
    if last_arrival <= now {
        return;
    }
    let ahead_ms = last_arrival.since(now).as_millis() as u64;
    match clock.set(last_arrival) {
        Ok(()) => tracing::warn!(
            ahead_ms,
            "service time is ahead of the machine's: it goes on from the last arrival"
        ),
        Err(_) => tracing::error!(
            ahead_ms,
            "the last arrival is further ahead than service time can be set"
        ),
    }
}

fn open_engine(
    storage: &Storage,
    settings: LogSettings,
    clock: Arc<dyn Clock>,
) -> Result<(Arc<Engine>, RecoveryReport), String> {
    let mut options = match storage {
        Storage::Directory(directory) => {
            formats::check(directory)?;
            let disk = RealDisk::create(directory.join(LOG_DIRECTORY));
            let disk = disk.map_err(|error| cannot_make(directory, &error))?;
            Options::durable(Arc::new(disk), clock)
        }
        Storage::Ephemeral(limit) => {
            let disk = EphemeralDisk::new(std::env::temp_dir());
            let free = disk.free_bytes().map_err(|error| format!("no temporary files: {error}"))?;
            Options::ephemeral(Arc::new(disk), clock, limit.unwrap_or(free / 2))
        }
    };
    options.sort_after = settings.sort_after.unwrap_or(options.sort_after);
    options.disk_bytes_reserved =
        settings.disk_bytes_reserved.unwrap_or(options.disk_bytes_reserved);
    let (engine, report) = Engine::open(options).map_err(|error| error.to_string())?;
    tell(&report);
    Ok((engine, report))
}

fn cannot_make(directory: &Path, error: &std::io::Error) -> String {
    format!("the data directory {} cannot be made or written: {error}", directory.display())
}

/// What this server is and runs with, for whoever reads its log later.
fn tell_settings(config: &Config) {
    let data_dir = match &config.storage {
        Storage::Directory(directory) => directory.display().to_string(),
        Storage::Ephemeral(_) => "none (ephemeral)".to_owned(),
    };
    let auth = match config.auth {
        Auth::Open => "open",
        Auth::Signed => "signed",
        Auth::Enforced => "enforced",
    };
    let limits = match config.limits_mode {
        LimitsMode::Aws => "aws",
        LimitsMode::Off => "off",
    };
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, data_dir, auth, limits, region = %config.region, "millstream starts");
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

/// The signals that stop a server; caught from the moment that this is made.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("signals: {error}");
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The keys of the configuration.
struct Keys(HashMap<String, (Secret, AccountId)>);

impl KeyStore for Keys {
    fn lookup(&self, access_key_id: &str) -> Option<(Secret, AccountId)> {
        self.0.get(access_key_id).cloned()
    }
}
