//! `millstream dev …`: controls a server in `open` mode, for tests. Prints what the server says, as JSON.

mod http;
pub mod time;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use http::Endpoint;

/// Where a server is unless something else is said.
const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4567";

/// Options of `dev`.
#[derive(Args)]
pub struct DevOptions {
    /// The server. [default: http://127.0.0.1:4567]
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL", global = true)]
    pub endpoint: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: DevCommand,
}

/// What `dev` can do.
#[derive(Subcommand)]
pub enum DevCommand {
    /// Deletes everything, lets the clock run, removes faults, and declares the configured streams again.
    Reset,
    /// Shows the service clock, holds it, or moves it forward.
    Clock {
        /// What to do with it. [default: show]
        #[command(subcommand)]
        action: Option<ClockAction>,
    },
    /// Makes calls fail by rule.
    Fault {
        /// What to do.
        #[command(subcommand)]
        action: FaultAction,
    },
}

/// What can be done with the service clock.
#[derive(Subcommand)]
pub enum ClockAction {
    /// Shows it.
    Show,
    /// It stands still from now on.
    Hold,
    /// It runs again, on from where it stands.
    Run,
    /// Moves it to a time that is not before its own.
    Set {
        /// Such as 2030-01-31T12:00:00Z, or seconds since 1970.
        #[arg(value_parser = time::point)]
        time: u64,
    },
    /// Moves it forward.
    Advance {
        /// Such as 90s, 5m, 24h, 7d, 1h30m or 250ms.
        #[arg(value_parser = time::duration)]
        duration: u64,
    },
}

/// What can be done about faults.
#[derive(Subcommand)]
pub enum FaultAction {
    /// Adds a rule and prints its id.
    Add(Box<FaultRule>),
    /// Lists the rules, with how often each has matched and fired.
    List,
    /// Removes a rule, or all.
    #[command(arg_required_else_help = true)]
    Remove {
        /// The rule's id.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<u64>,
        /// All rules.
        #[arg(long)]
        all: bool,
    },
}

/// A rule. The server says what does not fit together.
#[derive(Args)]
#[group(skip)]
pub struct FaultRule {
    /// The operation, such as PutRecords; any if absent.
    #[arg(long)]
    pub operation: Option<String>,
    /// The stream's name; any if absent.
    #[arg(long)]
    pub stream: Option<String>,
    /// The shard's id; any if absent.
    #[arg(long)]
    pub shard: Option<String>,
    /// Every n-th call or record that matches. [default: 1, each]
    #[arg(long, value_name = "N", conflicts_with = "rate")]
    pub every: Option<u64>,
    /// Each with this probability, above 0 and at most 1.
    #[arg(long, value_name = "P", requires = "seed", value_parser = probability)]
    pub rate: Option<f64>,
    /// Which sequence of chances.
    #[arg(long, requires = "rate")]
    pub seed: Option<u64>,
    /// How often at most.
    #[arg(long, value_name = "K")]
    pub times: Option<u64>,
    #[command(flatten)]
    pub action: FaultKind,
}

/// What happens: one of them.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct FaultKind {
    /// The call is refused as too fast, with its operation's own error.
    #[arg(long)]
    pub throttle: bool,
    /// The call is refused with 500, 503 or the name of an AWS error.
    #[arg(long, value_name = "CODE")]
    pub error: Option<String>,
    /// The call begins later, such as 200ms or 2s, in real time.
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    pub latency: Option<u64>,
    /// The connection ends before the call is done, after it, or during the reply.
    #[arg(long, num_args = 0..=1, default_missing_value = "before", value_name = "WHEN")]
    pub cut: Option<String>,
    /// A record of a put fails, with throttle or internal; the others do not.
    #[arg(long, value_name = "KIND")]
    pub record_error: Option<String>,
}

/// A rate. JSON has no NaN: the server would see no rate at all.
fn probability(text: &str) -> Result<f64, String> {
    let probability = text.parse::<f64>().ok().filter(|p| *p > 0.0 && *p <= 1.0);
    probability.ok_or_else(|| format!("{text} is not above 0 and at most 1"))
}

/// Does it and prints what the server says.
pub fn run(options: &DevOptions) -> Result<(), String> {
    let given = options.endpoint.as_deref().filter(|endpoint| !endpoint.is_empty());
    let endpoint = Endpoint::parse(given.unwrap_or(DEFAULT_ENDPOINT))?;
    let (method, path, body) = request(&options.command);
    let (status, text) = endpoint.call(method, &path, &body.to_string())?;
    if status == 200 {
        println!("{}", text.trim_end());
        return Ok(());
    }
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let message = value["message"].as_str().unwrap_or(text.trim_end());
    Err(format!("{endpoint} refused ({status}): {message}"))
}

fn request(command: &DevCommand) -> (&'static str, String, Value) {
    let nothing = json!({});
    match command {
        DevCommand::Reset => ("POST", "reset".into(), nothing),
        DevCommand::Clock { action } => match action {
            None | Some(ClockAction::Show) => ("GET", "clock".into(), nothing),
            Some(ClockAction::Hold) => ("POST", "clock/hold".into(), nothing),
            Some(ClockAction::Run) => ("POST", "clock/run".into(), nothing),
            Some(ClockAction::Set { time }) => {
                ("POST", "clock/set".into(), json!({ "to_ms": time }))
            }
            Some(ClockAction::Advance { duration }) => {
                ("POST", "clock/advance".into(), json!({ "by_ms": duration }))
            }
        },
        DevCommand::Fault { action } => match action {
            FaultAction::Add(rule) => ("POST", "faults".into(), rule.to_json()),
            FaultAction::List => ("GET", "faults".into(), nothing),
            FaultAction::Remove { id: Some(id), .. } => ("DELETE", format!("faults/{id}"), nothing),
            FaultAction::Remove { id: None, .. } => ("DELETE", "faults".into(), nothing),
        },
    }
}

impl FaultRule {
    fn to_json(&self) -> Value {
        let kind = &self.action;
        json!({
            "operation": self.operation,
            "stream": self.stream,
            "shard": self.shard,
            "every": self.every,
            "rate": self.rate,
            "seed": self.seed,
            "times": self.times,
            "throttle": kind.throttle,
            "error": kind.error,
            "latency_ms": kind.latency,
            "cut": kind.cut,
            "record_error": kind.record_error,
        })
    }
}
