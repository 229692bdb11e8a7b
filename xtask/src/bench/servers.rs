//! Starting and stopping what is measured.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Place, install};
use crate::{Outcome, process};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(120);
/// Access key, secret and account of signed runs.
pub const KEY: (&str, &str, &str) = ("AKIDBENCH", "bench-secret", "000000000000");

/// A server that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Ours, without limits.
    Millstream {
        /// With `--ephemeral` instead of a data directory.
        ephemeral: bool,
        /// With `--auth signed` and signed requests.
        signed: bool,
    },
    /// ferrokinesis, in memory or with `--state-dir`.
    Ferrokinesis {
        /// With `--state-dir`.
        durable: bool,
    },
    /// kinesalite, in memory.
    Kinesalite,
    /// kinesis-local (kinesis-mock on Node), in memory.
    KinesisLocal,
    /// moto's server, in memory.
    Moto,
    /// LocalStack's own code of Firehose and S3, without a container.
    LocalStack,
    /// fakecloud, in memory.
    Fakecloud,
    /// A HTTP server that reads the body and answers a fixed reply.
    Bare {
        /// With the reply of PutRecords instead of PutRecord.
        batch: bool,
        /// Hashes the body, as a signature's verification must.
        hash: bool,
    },
}

impl Subject {
    /// Whether it is so slow that it is measured in the first round only: no target is compared with it.
    pub fn is_slow(self) -> bool {
        use Subject::{Kinesalite, KinesisLocal, LocalStack, Moto};
        matches!(self, Kinesalite | KinesisLocal | Moto | LocalStack)
    }

    /// Ours, unsigned.
    pub fn millstream(ephemeral: bool) -> Self {
        Subject::Millstream { ephemeral, signed: false }
    }

    /// The bare server.
    pub fn bare(batch: bool, hash: bool) -> Self {
        Subject::Bare { batch, hash }
    }

    /// The second half of a cell's name.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Millstream { ephemeral: true, signed: false } => "millstream-ephemeral",
            Subject::Millstream { ephemeral: false, signed: false } => "millstream-durable",
            Subject::Millstream { ephemeral: true, signed: true } => "millstream-ephemeral-signed",
            Subject::Millstream { ephemeral: false, signed: true } => "millstream-durable-signed",
            Subject::Ferrokinesis { durable: false } => "ferrokinesis",
            Subject::Ferrokinesis { durable: true } => "ferrokinesis-state-dir",
            Subject::Kinesalite => "kinesalite",
            Subject::KinesisLocal => "kinesis-local",
            Subject::Moto => "moto",
            Subject::LocalStack => "localstack",
            Subject::Fakecloud => "fakecloud",
            Subject::Bare { hash: false, .. } => "bare",
            Subject::Bare { hash: true, .. } => "bare-hashing",
        }
    }

    /// Whether requests to it are signed.
    pub fn signed(self) -> bool {
        matches!(self, Subject::Millstream { signed: true, .. })
    }

    /// Starts it and waits until it takes requests.
    pub fn start(self, place: &Place, data: &Path) -> Result<Server, String> {
        self.start_with(place, data, "")
    }

    /// Starts ours with this text beside what its configuration file always has.
    pub fn start_with(self, place: &Place, data: &Path, config: &str) -> Result<Server, String> {
        // Ours takes a free port by itself and says which.
        let port = if self.says_where() { 0 } else { free_port()? };
        self.start_at(port, place, data, config)
    }

    /// The same on a port that is free.
    pub fn start_at(
        self,
        port: u16,
        place: &Place,
        data: &Path,
        config: &str,
    ) -> Result<Server, String> {
        self.launch(place, port, self.command(place, data, port, config)?)
    }

    fn says_where(self) -> bool {
        matches!(self, Subject::Millstream { .. } | Subject::Bare { .. })
    }

    fn launch(self, place: &Place, port: u16, mut command: Command) -> Result<Server, String> {
        let log = place.logs.join(format!("{}.log", self.name()));
        let file = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        command.stdin(Stdio::null()).stderr(file);
        command.stdout(if self.says_where() { Stdio::piped() } else { Stdio::null() });
        let begun = now();
        let child = command.spawn().map_err(|e| format!("{}: {e}", self.name()))?;
        let mut server = Server { child, endpoint: String::new(), ready: Duration::ZERO };
        let started = if self.says_where() {
            server.read_address()
        } else {
            server.endpoint = format!("http://127.0.0.1:{port}");
            server.wait_for_port(port)
        };
        started.map_err(|fault| format!("{}: {fault}, see {}", self.name(), log.display()))?;
        server.ready = now().duration_since(begun);
        Ok(server)
    }

    fn command(
        self,
        place: &Place,
        data: &Path,
        port: u16,
        config: &str,
    ) -> Result<Command, String> {
        let address = format!("127.0.0.1:{port}");
        let port = port.to_string();
        let mut command = match self {
            Subject::Millstream { .. } => process::program(&place.server),
            Subject::Bare { .. } => process::program(place.binaries.join("examples/bare_server")),
            peer => install::command(peer)?,
        };
        match self {
            Subject::Millstream { ephemeral, signed } => {
                command.args(["serve", "--listen", &address, "--limits", "off"]);
                command.args(["--log-level", "warn"]);
                let file = place.logs.join("millstream.toml");
                let text = format!("[limits]\nqueue_in_flight_max = {IN_FLIGHT_MAX}\n{config}");
                std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
                command.arg("--config").arg(file);
                if ephemeral {
                    // Its unlinked files go to the disk that the durable runs use.
                    create(data)?;
                    command.arg("--ephemeral").env("TMPDIR", data);
                } else {
                    command.arg("--data-dir").arg(data);
                }
                if signed {
                    let keys = format!("{}:{}:{}", KEY.0, KEY.1, KEY.2);
                    command.args(["--auth", "signed"]).env("MILLSTREAM_KEYS", keys);
                }
            }
            Subject::Ferrokinesis { durable } => {
                command.args(["--port", &port, "--shard-limit", "20000", "--log-level", "error"]);
                command.args(["--create-stream-ms", "0", "--delete-stream-ms", "0"]);
                if durable {
                    command.arg("--state-dir").arg(data);
                }
            }
            Subject::Kinesalite => {
                command.args(["--port", &port, "--shardLimit", "20000"]);
                command.args(["--createStreamMs", "0", "--deleteStreamMs", "0"]);
            }
            Subject::KinesisLocal => {
                command.env("KINESIS_MOCK_PLAIN_PORT", &port).env("SHARD_LIMIT", "20000");
                command.env("KINESIS_MOCK_TLS_PORT", free_port()?.to_string());
                command.env("CREATE_STREAM_DURATION", "0ms").env("DELETE_STREAM_DURATION", "0ms");
                command.env("LOG_LEVEL", "ERROR");
            }
            Subject::Moto => drop(command.args(["--host", "127.0.0.1", "--port", &port])),
            Subject::LocalStack => {
                command.env("GATEWAY_LISTEN", &address).env("LOCALSTACK_VOLUME_DIR", data);
                command.env("SERVICES", "s3,firehose,sts,iam").env("DISABLE_EVENTS", "1");
                // Nothing is fetched from elsewhere.
                command.env("SKIP_SSL_CERT_DOWNLOAD", "1").env("DNS_ADDRESS", "0");
            }
            Subject::Fakecloud => drop(command.args(["--addr", &address])),
            Subject::Bare { batch, hash } => {
                command.arg(if batch { "batch" } else { "single" });
                command.args(hash.then_some("hash"));
            }
        }
        Ok(command)
    }
}

/// Records of a queue in flight that the measured server allows: AWS's cap would end the run.
const IN_FLIGHT_MAX: u64 = 2_000_000;

/// A server that runs; dropping it ends it as a power loss would.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub endpoint: String,
    /// From its start to its first sign of readiness.
    pub ready: Duration,
}

impl Server {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> Outcome {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).map_err(|e| format!("SIGTERM: {e}"))?;
        let deadline = now() + PATIENCE;
        while self.child.try_wait().map_err(|e| e.to_string())?.is_none() {
            if now() > deadline {
                return Err("the server does not stop on SIGTERM".to_owned());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(self) {
        drop(self);
    }

    fn read_address(&mut self) -> Outcome {
        let output = self.child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(output);
        let mut line = String::new();
        lines.read_line(&mut line).map_err(|e| e.to_string())?;
        let endpoint = line.trim().strip_prefix("listening on ");
        self.endpoint = endpoint.ok_or("it does not say where it listens")?.to_owned();
        // What else it may print must not block it.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(())
    }

    fn wait_for_port(&mut self, port: u16) -> Outcome {
        let deadline = now() + PATIENCE;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                return Err(format!("it ended with {status}"));
            }
            if now() > deadline {
                return Err("it does not listen".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Removes a directory with all that is in it, if it is there.
pub fn clear(directory: &Path) -> Outcome {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", directory.display()))
        }
        _ => Ok(()),
    }
}

fn create(directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory).map_err(|e| format!("{}: {e}", directory.display()))
}

/// A port that is free at the moment.
pub fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("no free port: {e}"))?;
    Ok(listener.local_addr().map_err(|e| e.to_string())?.port())
}

/// Now; benchmarks measure real time.
#[allow(clippy::disallowed_methods, reason = "benchmarks measure real time from outside")]
pub fn now() -> Instant {
    Instant::now()
}
