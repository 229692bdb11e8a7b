//! Where to call: the options that all commands share.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use millstream_client::{Client, Environment, Error, Options, Parts, Settings};
use millstream_types::{Random, SystemClock};

/// Where to call and as whom. Without options: AWS_ENDPOINT_URL, AWS_REGION and credentials as the AWS CLI finds them.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Endpoint to call, such as http://127.0.0.1:4567 [env: AWS_ENDPOINT_URL_KINESIS, for Firehose's calls
    /// AWS_ENDPOINT_URL_FIREHOSE, AWS_ENDPOINT_URL] [default: the profile's endpoint_url, else AWS in the region]
    #[arg(long, value_name = "URL", global = true)]
    pub endpoint: Option<String>,
    /// Region [env: AWS_REGION, AWS_DEFAULT_REGION] [default: the profile's, else us-east-1 for loopback]
    #[arg(long, value_name = "REGION", global = true)]
    pub region: Option<String>,
    /// Profile of the shared AWS files; if given, its credentials come before those of the environment [env:
    /// AWS_PROFILE] [default: default]
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// Roots to trust in TLS (PEM) instead of the built-in ones [env: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE", global = true)]
    pub ca_bundle: Option<PathBuf>,
    /// Accepts any TLS certificate: for a server with a self-signed one.
    #[arg(long, global = true, conflicts_with = "ca_bundle")]
    pub no_verify_tls: bool,
}

impl Connection {
    /// A client of Data Streams, or of Firehose.
    pub(crate) fn client(&self, random: Arc<dyn Random>, firehose: bool) -> Result<Client, Error> {
        let options = Options {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            ca_bundle: self.ca_bundle.clone(),
            accept_any_certificate: self.no_verify_tls,
            attempts_max: None,
            firehose,
        };
        let settings = Settings::new(&options, &Environment::of_process())?;
        if settings.uses_placeholders() {
            let endpoint = &settings.endpoint;
            eprintln!(
                "millstream: no AWS credentials found; calls to {endpoint} are signed with placeholders"
            );
        }
        let clock = Arc::new(SystemClock::default());
        Client::new(Parts { settings, clock, random })
    }
}
