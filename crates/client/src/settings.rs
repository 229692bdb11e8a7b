//! Where to call and in which region: options first, then the environment, then the profile.

use std::path::PathBuf;

use millstream_types::Region;

use crate::credentials::Source;
use crate::limits::ATTEMPTS_MAX;
use crate::profile::Profile;
use crate::{Endpoint, Environment, Error};

/// What a person may say on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The endpoint; see [`Settings::new`] for what stands in.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The profile; it then comes before the credentials of the environment.
    pub profile: Option<String>,
    /// Roots of TLS (PEM) instead of the built-in ones; else AWS_CA_BUNDLE and the profile's `ca_bundle`.
    pub ca_bundle: Option<PathBuf>,
    /// Takes any certificate.
    pub accept_any_certificate: bool,
    /// Attempts of a call; else AWS_MAX_ATTEMPTS and the profile's `max_attempts`, else 5.
    pub attempts_max: Option<u32>,
    /// Whether Firehose is called: what the environment and the profile say of its endpoint counts, not of Kinesis'.
    pub firehose: bool,
}

/// Settings that are complete.
pub struct Settings {
    /// Where the service is.
    pub endpoint: Endpoint,
    /// The region that requests are signed for.
    pub region: Region,
    /// Attempts of a call.
    pub attempts_max: u32,
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) verify_tls: bool,
    pub(crate) source: Source,
}

/// The region of an endpoint on this machine when nothing names one: what the server takes too.
const LOOPBACK_REGION: &str = "us-east-1";

impl Settings {
    /// Endpoint: the option, AWS_ENDPOINT_URL_KINESIS (for Firehose AWS_ENDPOINT_URL_FIREHOSE), AWS_ENDPOINT_URL, the
    /// profile's in the same order, else AWS's in the region.
    /// Region: the option, AWS_REGION, AWS_DEFAULT_REGION, the profile's, else `us-east-1` for loopback.
    ///
    /// # Errors
    /// What is wrong or missing, and what to do about it.
    pub fn new(options: &Options, environment: &Environment) -> Result<Self, Error> {
        let profile = Profile::load(options.profile.as_deref(), environment)?;
        let given = endpoint_of(options, environment, &profile);
        let given = given.map(|text| text.parse::<Endpoint>()).transpose()?;
        let region = options.region.as_deref();
        let region = region
            .or_else(|| environment.get("AWS_REGION"))
            .or_else(|| environment.get("AWS_DEFAULT_REGION"))
            .or_else(|| profile.get("region"));
        let loopback = given.as_ref().is_some_and(Endpoint::is_loopback);
        let region = region.or(loopback.then_some(LOOPBACK_REGION)).ok_or_else(|| {
            Error::Settings("no region: give --region or set AWS_REGION".to_owned())
        })?;
        let region: Region = region
            .parse()
            .map_err(|_| Error::Settings(format!("{region:?} is no region's name")))?;
        let source = Source::find(options.profile.is_some(), environment, &profile, loopback)?;
        let bundle = environment.get("AWS_CA_BUNDLE").or_else(|| profile.get("ca_bundle"));
        Ok(Settings {
            endpoint: given.unwrap_or_else(|| Endpoint::of_region(options.service(), &region)),
            region,
            attempts_max: attempts(options, environment, &profile)?,
            ca_bundle: options.ca_bundle.clone().or_else(|| bundle.map(PathBuf::from)),
            verify_tls: !options.accept_any_certificate,
            source,
        })
    }

    /// Whether nothing gave credentials and the server is this machine's own: calls are signed with placeholders.
    pub fn uses_placeholders(&self) -> bool {
        matches!(self.source, Source::Placeholder)
    }
}

fn endpoint_of<'a>(
    options: &'a Options,
    environment: &'a Environment,
    profile: &'a Profile,
) -> Option<&'a str> {
    if let Some(endpoint) = &options.endpoint {
        return Some(endpoint);
    }
    let ignored = environment.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        || profile
            .get("ignore_configured_endpoint_urls")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if ignored {
        return None;
    }
    let own = match options.firehose {
        true => "AWS_ENDPOINT_URL_FIREHOSE",
        false => "AWS_ENDPOINT_URL_KINESIS",
    };
    environment
        .get(own)
        .or_else(|| environment.get("AWS_ENDPOINT_URL"))
        .or_else(|| profile.endpoint(options.service()))
}

impl Options {
    /// The service, as its endpoints and the `services` of profiles name it.
    fn service(&self) -> &'static str {
        if self.firehose { "firehose" } else { "kinesis" }
    }
}

fn attempts(options: &Options, environment: &Environment, profile: &Profile) -> Result<u32, Error> {
    if let Some(attempts) = options.attempts_max {
        return Ok(attempts.max(1));
    }
    let given = environment.get("AWS_MAX_ATTEMPTS").or_else(|| profile.get("max_attempts"));
    let Some(text) = given else { return Ok(ATTEMPTS_MAX) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Error::Settings(format!("{text:?} is no number of attempts")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<const N: usize>(
        options: Options,
        variables: [(&str, &str); N],
    ) -> Result<Settings, Error> {
        let mut all = vec![("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
        all.extend(variables);
        let filled: [(&str, &str); 8] =
            std::array::from_fn(|index| all.get(index).copied().unwrap_or(("UNSET", "")));
        Settings::new(&options, &Environment::of(filled))
    }

    #[test]
    fn the_option_comes_first_then_the_service_then_all_services() {
        let at = |options, variables| {
            settings(options, variables).map(|settings| settings.endpoint.to_string()).unwrap()
        };
        let variables = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", "http://all:1"),
            ("AWS_ENDPOINT_URL_KINESIS", "http://own:1"),
        ];
        let option = Options { endpoint: Some("http://option:1".into()), ..Options::default() };
        assert_eq!(at(option, variables), "http://option:1");
        assert_eq!(at(Options::default(), variables), "http://own:1");
        let [region, all, _] = variables;
        assert_eq!(at(Options::default(), [region, all, ("X", "")]), "http://all:1");
        let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
        let aws = "https://kinesis.eu-west-1.amazonaws.com";
        assert_eq!(at(Options::default(), [region, all, ignore]), aws);
    }

    #[test]
    fn calls_of_firehose_go_where_its_own_endpoint_says() {
        let at = |variables| {
            let options = Options { firehose: true, ..Options::default() };
            settings(options, variables).map(|settings| settings.endpoint.to_string()).unwrap()
        };
        let region = ("AWS_REGION", "eu-west-1");
        let all = ("AWS_ENDPOINT_URL", "http://all:1");
        let kinesis = ("AWS_ENDPOINT_URL_KINESIS", "http://kinesis:1");
        let firehose = ("AWS_ENDPOINT_URL_FIREHOSE", "http://firehose:1");
        assert_eq!(at([region, all, kinesis, firehose]), "http://firehose:1");
        assert_eq!(at([region, all, kinesis, ("X", "")]), "http://all:1");
        let unset = [region, kinesis, ("X", ""), ("Y", "")];
        assert_eq!(at(unset), "https://firehose.eu-west-1.amazonaws.com");
        let ours = [region, all, kinesis, firehose];
        let of_kinesis = settings(Options::default(), ours).unwrap();
        assert_eq!(of_kinesis.endpoint.to_string(), "http://kinesis:1");
    }

    #[test]
    fn a_region_is_needed_except_on_this_machine() {
        let fault = settings(Options::default(), []).err().map(|error| error.to_string());
        assert_eq!(fault.as_deref(), Some("no region: give --region or set AWS_REGION"));
        let local = settings(Options::default(), [("AWS_ENDPOINT_URL", "http://[::1]:1")]).unwrap();
        assert_eq!(local.region.as_str(), "us-east-1");
        let both = [("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")];
        assert_eq!(settings(Options::default(), both).unwrap().region.as_str(), "eu-west-1");
    }

    #[test]
    fn a_profile_that_is_named_must_be_there() {
        let fault = settings(Options::default(), [("AWS_PROFILE", "dev")]).err().unwrap();
        assert!(fault.to_string().starts_with("no profile \"dev\" in"), "{fault}");
    }
}
