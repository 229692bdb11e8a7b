//! The command line.

use std::path::PathBuf;

use clap::{Args, Command as ClapCommand, Parser, Subcommand, ValueEnum};

use crate::dev::DevOptions;

/// Amazon Kinesis in one binary, on your own machines. Without a command it serves.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: ServeOptions,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serves the whole service on one port.
    Serve(ServeOptions),
    /// Checks a data directory, read-only; exits with 1 on damage and with 2 where it cannot say.
    Fsck {
        /// The data directory.
        data_dir: PathBuf,
        /// The master key's file, to check encrypted blocks with. [default: master.key in the data directory]
        #[arg(long, value_name = "FILE")]
        master_key_file: Option<PathBuf>,
    },
    /// From now on writes this release's formats: there is no way back to the release before.
    Finalize {
        /// The data directory.
        data_dir: PathBuf,
    },
    /// Lists, makes, describes, splits, merges and deletes streams, of any Kinesis endpoint.
    Streams(millstream_cli::StreamsArguments),
    /// Puts lines into a stream, of any Kinesis endpoint.
    Put(millstream_cli::PutArguments),
    /// Prints a stream's records as they come, of any Kinesis endpoint.
    Tail(millstream_cli::TailArguments),
    /// Puts load on a Kinesis endpoint and measures it.
    Bench(millstream_bench::Args),
    /// Controls a server in `open` mode, for tests: reset, service clock, faults.
    Dev(DevOptions),
    /// Prints what is supported of the service model, as JSON.
    #[command(hide = true)]
    Model,
}

/// The command with every variable that is set to nothing left out: whoever passes `NAME=` on, as compose files do,
/// sets nothing.
pub fn without_empty_variables(command: ClapCommand) -> ClapCommand {
    let is_empty = |name: &std::ffi::OsStr| {
        std::env::var_os(name).is_some_and(|value| value.to_string_lossy().trim().is_empty())
    };
    let command = command.mut_args(|arg| match arg.get_env().is_some_and(is_empty) {
        true => arg.env(None::<&'static str>),
        false => arg,
    });
    command.mut_subcommands(without_empty_variables)
}

/// Options of `serve`. Each is also a key of the configuration file and a variable of the environment; the command
/// line comes first, then the environment, then the file.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeOptions {
    /// Address to listen on; may be given again. Port 0 picks a free one. [default: 127.0.0.1:4567]
    #[arg(long, value_name = "HOST:PORT", env = "MILLSTREAM_LISTEN", value_delimiter = ',')]
    pub listen: Vec<String>,
    /// Where the data is kept. [default: ./millstream-data]
    #[arg(long, value_name = "DIR", env = "MILLSTREAM_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Keeps nothing: the data vanishes when the process ends.
    #[arg(long, env = "MILLSTREAM_EPHEMERAL", num_args = 0..=1, default_missing_value = "true")]
    pub ephemeral: Option<bool>,
    /// Most bytes that --ephemeral keeps. [default: half of the free space]
    #[arg(long, value_name = "BYTES", env = "MILLSTREAM_EPHEMERAL_LIMIT")]
    pub ephemeral_limit: Option<u64>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE", env = "MILLSTREAM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Whether AWS's throughput and call rates hold. [default: aws]
    #[arg(long, env = "MILLSTREAM_LIMITS")]
    pub limits: Option<LimitsMode>,
    /// Who is let in; `signed` knows the keys of [[keys]] in the configuration file and of the variable
    /// MILLSTREAM_KEYS=ID:SECRET:ACCOUNT,… [default: open]
    #[arg(long, env = "MILLSTREAM_AUTH")]
    pub auth: Option<Auth>,
    /// Region of requests that name none. [default: AWS_REGION, else us-east-1]
    #[arg(long, value_name = "REGION", env = "MILLSTREAM_REGION")]
    pub region: Option<String>,
    /// Certificate chain for TLS (PEM). [default: a self-signed one, kept in the data directory]
    #[arg(long, value_name = "FILE", env = "MILLSTREAM_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key for TLS (PEM).
    #[arg(long, value_name = "FILE", env = "MILLSTREAM_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Streams to make before the server is ready unless they are there: NAME:SHARDS or NAME:on-demand, each with
    /// @REGION if need be; may be given again.
    #[arg(long, value_name = "STREAM,…", env = "MILLSTREAM_STREAMS", value_delimiter = ',')]
    pub streams: Vec<String>,
    /// Lets --auth open listen on addresses that others can reach.
    #[arg(long, env = "MILLSTREAM_INSECURE_OPEN", num_args = 0..=1, default_missing_value = "true")]
    pub insecure_open: Option<bool>,
    /// How the log is printed. [default: text]
    #[arg(long, env = "MILLSTREAM_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug or trace. [default: info]
    #[arg(long, value_name = "LEVEL", env = "MILLSTREAM_LOG_LEVEL")]
    pub log_level: Option<String>,
}

/// `--limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LimitsMode {
    /// AWS's throughput, call rates and quotas.
    Aws,
    /// No throughput and call rates; quotas stay.
    Off,
}

/// `--auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// Any credentials or none.
    Open,
    /// Signatures are verified against known keys.
    Signed,
    /// Policies are evaluated too.
    Enforced,
}

/// `--log-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
