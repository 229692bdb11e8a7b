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
        /// The master key's file, to check encrypted blocks with [default: master.key in the data directory]
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
    /// Lists and flushes delivery streams and channels, and shows their logs.
    Delivery(millstream_cli::DeliveryArguments),
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
    /// Address to listen on; may be given again. Port 0 picks a free one [env: MILLSTREAM_LISTEN] [default:
    /// 127.0.0.1:4567]
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "MILLSTREAM_LISTEN",
        hide_env = true,
        value_delimiter = ','
    )]
    pub listen: Vec<String>,
    /// Where the data is kept [env: MILLSTREAM_DATA_DIR] [default: ./millstream-data]
    #[arg(long, value_name = "DIR", env = "MILLSTREAM_DATA_DIR", hide_env = true)]
    pub data_dir: Option<PathBuf>,
    /// Keeps nothing: the data vanishes when the process ends [env: MILLSTREAM_EPHEMERAL]
    #[arg(
        long,
        value_name = "true|false",
        hide_possible_values = true,
        env = "MILLSTREAM_EPHEMERAL",
        hide_env = true,
        num_args = 0..=1,
        default_missing_value = "true",
    )]
    pub ephemeral: Option<bool>,
    /// Most bytes that --ephemeral keeps [env: MILLSTREAM_EPHEMERAL_LIMIT] [default: half of the free space]
    #[arg(long, value_name = "BYTES", env = "MILLSTREAM_EPHEMERAL_LIMIT", hide_env = true)]
    pub ephemeral_limit: Option<u64>,
    /// Configuration file (TOML) [env: MILLSTREAM_CONFIG]
    #[arg(long, value_name = "FILE", env = "MILLSTREAM_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// Whether AWS's throughput and call rates hold [env: MILLSTREAM_LIMITS] [default: aws]
    #[arg(long, value_name = "MODE", env = "MILLSTREAM_LIMITS", hide_env = true)]
    pub limits: Option<LimitsMode>,
    /// Who is let in; `signed` knows the keys of `[[keys]]` in the configuration file and of the variable
    /// MILLSTREAM_KEYS=ID:SECRET:ACCOUNT,… [env: MILLSTREAM_AUTH] [default: open]
    #[arg(long, value_name = "MODE", env = "MILLSTREAM_AUTH", hide_env = true)]
    pub auth: Option<Auth>,
    /// Region of requests that name none [env: MILLSTREAM_REGION] [default: AWS_REGION, else us-east-1]
    #[arg(long, value_name = "REGION", env = "MILLSTREAM_REGION", hide_env = true)]
    pub region: Option<String>,
    /// Certificate chain for TLS (PEM) [env: MILLSTREAM_TLS_CERT] [default: a self-signed one, kept in the data
    /// directory]
    #[arg(
        long,
        value_name = "FILE",
        env = "MILLSTREAM_TLS_CERT",
        hide_env = true,
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,
    /// Private key for TLS (PEM) [env: MILLSTREAM_TLS_KEY]
    #[arg(
        long,
        value_name = "FILE",
        env = "MILLSTREAM_TLS_KEY",
        hide_env = true,
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,
    /// Streams to make before the server is ready unless they are there: NAME:SHARDS or NAME:on-demand, each with
    /// @REGION if need be; may be given again [env: MILLSTREAM_STREAMS]
    #[arg(
        long,
        value_name = "STREAM,…",
        env = "MILLSTREAM_STREAMS",
        hide_env = true,
        value_delimiter = ','
    )]
    pub streams: Vec<String>,
    /// Lets --auth open listen on addresses that others can reach [env: MILLSTREAM_INSECURE_OPEN]
    #[arg(
        long,
        value_name = "true|false",
        hide_possible_values = true,
        env = "MILLSTREAM_INSECURE_OPEN",
        hide_env = true,
        num_args = 0..=1,
        default_missing_value = "true",
    )]
    pub insecure_open: Option<bool>,
    /// How the log is printed [env: MILLSTREAM_LOG_FORMAT] [default: text]
    #[arg(long, value_name = "FORMAT", env = "MILLSTREAM_LOG_FORMAT", hide_env = true)]
    pub log_format: Option<LogFormat>,
    /// What is logged [env: MILLSTREAM_LOG_LEVEL] [default: info] [possible values: error, warn, info, debug, trace]
    #[arg(long, value_name = "LEVEL", env = "MILLSTREAM_LOG_LEVEL", hide_env = true)]
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
    /// Policies are evaluated too: not there yet, the server does not start.
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

#[cfg(test)]
mod tests {
    use clap::{Arg, Command, CommandFactory};

    use super::Arguments;

    /// Tells `see` of each option and each argument of a command and of those below it.
    fn walk(command: &Command, see: &mut dyn FnMut(&str, &Arg)) {
        command.get_arguments().for_each(|argument| see(command.get_name(), argument));
        command.get_subcommands().for_each(|below| walk(below, see));
    }

    /// What a text, the environment and clap say comes out alike: `Text [env: A] [default: b]`.
    #[test]
    fn help_has_one_style() {
        let mut command = Arguments::command();
        command.build();
        let mut seen = 0;
        walk(&command, &mut |name, argument| {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let place = format!("{name} {}: {help:?}", argument.get_id());
            assert!(!help.is_empty(), "{place} says nothing");
            assert!(!help.contains(". ["), "{place} ends a sentence before a bracket");
            if let (Some(env), Some(default)) = (help.find("[env: "), help.find("[default: ")) {
                assert!(env < default, "{place} names the default first");
            }
            if let Some(env) = argument.get_env() {
                let written = format!("[env: {}]", env.to_string_lossy());
                assert!(
                    help.contains(&written) && argument.is_hide_env_set(),
                    "{place}: {written}"
                );
            }
            let values = argument.get_value_names().unwrap_or_default();
            let is_free = argument.is_positional() || !argument.get_action().takes_values();
            let own = is_free || values.iter().all(|value| !value.contains('_'));
            assert!(own, "{place} shows the name of a field: {values:?}");
            seen += 1;
        });
        assert!(seen > 80, "{seen}");
    }
}
