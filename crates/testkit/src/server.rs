//! The real server as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{Reply, Scratch, Wire, call};

/// How a server is to be started.
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    config: Option<String>,
    ephemeral: bool,
    files_max: Option<u64>,
}

impl ServerBuilder {
    /// A server of `binary` on a free port of loopback, with a data directory of its own and no limits on rates.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0"].map(str::to_owned).to_vec();
        ServerBuilder {
            binary: binary.into(),
            arguments,
            environment: vec![("MILLSTREAM_LIMITS".into(), "off".into())],
            config: None,
            ephemeral: false,
            files_max: None,
        }
    }

    /// One more argument of the command line.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// One more variable of the environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The text of the configuration file.
    pub fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// No data directory.
    pub fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }

    /// It may have no more files and connections open than this.
    pub fn files_max(mut self, files_max: u64) -> Self {
        self.files_max = Some(files_max);
        self
    }

    /// Starts the server and waits until it says that it listens.
    ///
    /// # Panics
    /// If it ends instead; the message holds what it logged.
    pub fn start(self) -> Server {
        self.start_in(Scratch::new())
    }

    /// The same in a directory that is there already.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub fn start_in(self, home: Scratch) -> Server {
        let mut server = Server { builder: self, home, running: None };
        server.restart();
        server
    }

    /// Starts a server that is to refuse: returns its exit status and what it logged.
    ///
    /// # Panics
    /// If it cannot be run, or if it listens.
    pub fn refuse_in(self, home: &Scratch) -> (ExitStatus, String) {
        let output = self.command(home).stderr(Stdio::piped()).output().expect("the server runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!said.contains("listening on"), "the server started: {said}");
        (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn command(&self, home: &Scratch) -> Command {
        let mut command = match self.files_max {
            None => Command::new(&self.binary),
            // The shell becomes the server: a process is limited before it is that.
            Some(most) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("ulimit -n {most} && exec \"$0\" \"$@\""));
                shell.arg(&self.binary);
                shell
            }
        };
        command.args(&self.arguments).current_dir(home.path()).stdin(Stdio::null());
        command.env_remove("AWS_REGION").envs(self.environment.iter().cloned());
        if self.ephemeral {
            command.arg("--ephemeral");
        } else {
            command.arg("--data-dir").arg(home.path().join("data"));
        }
        if let Some(text) = &self.config {
            let path = home.path().join("millstream.toml");
            std::fs::write(&path, text).expect("the configuration is written");
            command.arg("--config").arg(path);
        }
        command
    }
}

/// A server that runs, until it is dropped, killed or stopped.
#[derive(Debug)]
pub struct Server {
    builder: ServerBuilder,
    home: Scratch,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    address: SocketAddr,
    // Held so that the server never writes into a closed pipe.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it, again or for the first time, on another free port and the same data.
    ///
    /// # Panics
    /// If it runs already or does not come up.
    pub fn restart(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path());
        let mut command = self.builder.command(&self.home);
        command.stdout(Stdio::piped()).stderr(log.expect("the log is opened"));
        let mut child = command.spawn().expect("the server runs");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its output is text");
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server said {line:?} and logged:\n{}", self.log());
        };
        let address = address.parse().expect("an address and a port");
        self.running = Some(Running { child, address, _output: output });
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.running().child.id()
    }

    /// Its data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The directory around its data directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// All that it has logged, over restarts.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A new connection.
    ///
    /// # Panics
    /// If it is not accepted.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.address())
    }

    /// Calls an operation of Kinesis in JSON, on a connection of its own.
    ///
    /// # Panics
    /// If no whole answer comes.
    pub fn call(&self, operation: &str, input: &Value) -> Reply {
        call(&mut self.connect(), operation, input)
    }

    /// Calls an operation that must succeed and returns its output.
    ///
    /// # Panics
    /// If it fails.
    pub fn must(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, &input);
        assert_eq!(reply.status, 200, "{operation} {input}: {reply:?}");
        reply.json()
    }

    /// `GET` of a page: status and text.
    ///
    /// # Panics
    /// If no whole answer comes.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut wire = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address());
        wire.send(head.as_bytes());
        let http = wire.read_http().expect("an answer");
        (http.status, String::from_utf8_lossy(&http.body).into_owned())
    }

    /// kill -9, and waits for the end.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// Sends SIGTERM and goes on; see [`Self::wait`].
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// If the process is gone.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(id, signal).expect("the process is there");
    }

    /// Waits for the end of the process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn wait(&mut self) -> ExitStatus {
        let mut running = self.running.take().expect("the server runs");
        running.child.wait().expect("its end is seen")
    }

    /// Stops it by SIGTERM, waits, and gives the directory back.
    ///
    /// # Panics
    /// If it ends with anything but 0.
    pub fn stop(mut self) -> Scratch {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "the server ended with {status}:\n{}", self.log());
        std::mem::replace(&mut self.home, Scratch::new())
    }

    /// How long tests wait for what must come.
    pub const PATIENCE: Duration = Duration::from_secs(60);

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the server runs")
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("log.txt")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
