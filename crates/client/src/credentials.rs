//! As whom to call: AWS's chain, as far as it needs no other service of AWS.

use std::time::Duration;

use millstream_auth::{Credentials, Secret};
use millstream_types::Millis;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::http::Http;
use crate::limits::REFRESH_BEFORE;
use crate::metadata::{self, Container};
use crate::profile::Profile;
use crate::{Environment, Error, command_line, timestamp};

/// Where credentials come from, decided once.
#[derive(Clone)]
pub(crate) enum Source {
    /// They are known.
    Static(Credentials),
    /// A program prints them.
    Process(String),
    /// The container's agent gives them.
    Container(Container),
    /// The instance's metadata service gives them, at this endpoint.
    Instance(String),
    /// Nothing has any, and the endpoint is this machine's own.
    Placeholder,
}

/// Key and secret of calls to a server on this machine that asks for none.
const PLACEHOLDER: &str = "millstream";

/// Settings of a profile that need another service of AWS, with what they ask for.
const NOT_DONE: [(&str, &str); 5] = [
    ("role_arn", "assuming a role"),
    ("web_identity_token_file", "a web identity"),
    ("sso_session", "IAM Identity Center (SSO)"),
    ("sso_account_id", "IAM Identity Center (SSO)"),
    ("login_session", "a console login session"),
];

impl Source {
    /// The first that applies: the environment (after the profile, if that was asked for), the profile, a container, an
    /// instance; placeholders for loopback.
    pub fn find(
        profile_first: bool,
        environment: &Environment,
        profile: &Profile,
        loopback: bool,
    ) -> Result<Source, Error> {
        let from_environment = if profile_first { None } else { of_environment(environment)? };
        if let Some(found) = from_environment {
            return Ok(found);
        }
        if let Some(found) = of_profile(profile)? {
            return Ok(found);
        }
        if profile_first {
            let text = format!("profile {:?} holds no credentials", profile.name);
            return Err(Error::Credentials(text));
        }
        if let Some(container) = Container::find(environment)? {
            return Ok(Source::Container(container));
        }
        if loopback {
            return Ok(Source::Placeholder);
        }
        if environment.is_true("AWS_EC2_METADATA_DISABLED") {
            return Err(Error::Credentials(NONE.to_owned()));
        }
        Ok(Source::Instance(metadata::instance_endpoint(environment)))
    }
}

/// What to do when nothing has credentials.
pub(crate) const NONE: &str = "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
     or name a profile of the shared files with --profile or AWS_PROFILE";

fn of_environment(environment: &Environment) -> Result<Option<Source>, Error> {
    let (key, secret) =
        (environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY"));
    match (key, secret) {
        (Some(key), Some(secret)) => {
            let token = environment.get("AWS_SESSION_TOKEN");
            Ok(Some(Source::Static(credentials(key, secret, token))))
        }
        (None, None) if environment.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() => {
            Err(not_done("AWS_WEB_IDENTITY_TOKEN_FILE", "a web identity", None))
        }
        (None, None) => Ok(None),
        _ => Err(Error::Credentials(
            "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set".to_owned(),
        )),
    }
}

fn of_profile(profile: &Profile) -> Result<Option<Source>, Error> {
    for (setting, what) in NOT_DONE {
        if profile.get(setting).is_some() {
            return Err(not_done(setting, what, Some(&profile.name)));
        }
    }
    let (key, secret) = (profile.get("aws_access_key_id"), profile.get("aws_secret_access_key"));
    match (key, secret) {
        (Some(key), Some(secret)) => {
            let token = profile.get("aws_session_token");
            Ok(Some(Source::Static(credentials(key, secret, token))))
        }
        (None, None) => {
            Ok(profile.get("credential_process").map(|command| Source::Process(command.to_owned())))
        }
        _ => Err(Error::Credentials(format!(
            "profile {:?} has only one of aws_access_key_id and aws_secret_access_key",
            profile.name
        ))),
    }
}

fn not_done(setting: &str, what: &str, profile: Option<&str>) -> Error {
    let option = profile.map_or(String::new(), |name| format!(" --profile {name}"));
    let whose = profile.map_or("the environment".to_owned(), |name| format!("profile {name:?}"));
    Error::Credentials(format!(
        "{whose} asks for {what} ({setting}), which is not supported. The AWS CLI does it: run\n  \
         eval \"$(aws configure export-credentials{option} --format env)\""
    ))
}

fn credentials(key: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials {
        access_key_id: key.to_owned(),
        secret: Secret::new(secret),
        session_token: token.map(str::to_owned),
    }
}

/// Credentials with the time of their end, if they have one.
pub(crate) struct Lease {
    credentials: Credentials,
    expires: Option<Millis>,
}

impl Lease {
    /// Reads what programs and metadata services print. `token` is how the session token is called.
    pub fn read(json: &[u8], token: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(json).map_err(|_| "it is no JSON".to_owned())?;
        let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
        let (Some(key), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
            return Err("it lacks AccessKeyId or SecretAccessKey".to_owned());
        };
        let expires = text("Expiration").map(|time| {
            timestamp::parse(time).ok_or_else(|| "its Expiration is no time".to_owned())
        });
        Ok(Lease {
            credentials: credentials(key, secret, text(token)),
            expires: expires.transpose()?,
        })
    }

    fn lasts(&self, now: Millis) -> bool {
        self.expires.is_none_or(|end| end.since(now) > REFRESH_BEFORE)
    }
}

/// Gives credentials, fetched anew before they end.
pub(crate) struct Provider {
    source: Source,
    lease: Mutex<Option<Lease>>,
}

impl Provider {
    pub fn new(source: Source) -> Self {
        Provider { source, lease: Mutex::new(None) }
    }

    pub async fn get(&self, http: &Http, now: Millis) -> Result<Credentials, Error> {
        if let Source::Static(known) = &self.source {
            return Ok(known.clone());
        }
        let mut lease = self.lease.lock().await;
        if let Some(lease) = lease.as_ref().filter(|lease| lease.lasts(now)) {
            return Ok(lease.credentials.clone());
        }
        let fetched = match &self.source {
            Source::Static(known) => Lease { credentials: known.clone(), expires: None },
            Source::Placeholder => {
                Lease { credentials: credentials(PLACEHOLDER, PLACEHOLDER, None), expires: None }
            }
            Source::Process(command) => {
                let fault =
                    |reason| Error::Credentials(format!("credential_process failed: {reason}"));
                let output = command_line::output_of(command).await.map_err(fault)?;
                Lease::read(&output, "SessionToken").map_err(fault)?
            }
            Source::Container(container) => container.fetch(http).await?,
            Source::Instance(endpoint) => metadata::of_instance(http, endpoint).await?,
        };
        let taken = fetched.credentials.clone();
        // What ends within the margin is used for this call and fetched again for the next.
        *lease = Some(fetched)
            .filter(|lease| lease.expires.is_none_or(|end| end.since(now) > Duration::ZERO));
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        environment: Environment,
        profile_first: bool,
        loopback: bool,
    ) -> Result<String, String> {
        let profile = Profile::load(None, &environment).unwrap();
        let source = Source::find(profile_first, &environment, &profile, loopback);
        source.map_err(|error| error.to_string()).map(|source| match source {
            Source::Static(known) => known.access_key_id,
            Source::Process(command) => command,
            Source::Container(_) => "container".into(),
            Source::Instance(_) => "instance".into(),
            Source::Placeholder => "placeholder".into(),
        })
    }

    fn with_file(text: &str, check: impl Fn(&str)) {
        let name =
            format!("millstream-client-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        check(path.to_str().unwrap());
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn the_environment_comes_before_the_profile_unless_one_is_asked_for() {
        with_file("[default]\naws_access_key_id=file\naws_secret_access_key=s\n", |path| {
            let environment = || {
                Environment::of([
                    ("AWS_ACCESS_KEY_ID", "own"),
                    ("AWS_SECRET_ACCESS_KEY", "s"),
                    ("AWS_SHARED_CREDENTIALS_FILE", path),
                ])
            };
            assert_eq!(found(environment(), false, false), Ok("own".into()));
            assert_eq!(found(environment(), true, false), Ok("file".into()));
        });
    }

    #[test]
    fn what_needs_another_service_is_refused_by_its_name() {
        for setting in ["role_arn", "sso_session", "sso_account_id", "web_identity_token_file"] {
            with_file(&format!("[default]\n{setting} = x\n"), |path| {
                let environment = Environment::of([("AWS_CONFIG_FILE", path)]);
                let fault = found(environment, false, true).unwrap_err();
                assert!(fault.contains(&format!("({setting})")), "{fault}");
                assert!(fault.contains("export-credentials --profile default"), "{fault}");
            });
        }
    }

    #[test]
    fn without_credentials_only_this_machine_gets_placeholders() {
        let none = || Environment::of([("AWS_CONFIG_FILE", "/nowhere")]);
        assert_eq!(found(none(), false, true), Ok("placeholder".into()));
        assert_eq!(found(none(), false, false), Ok("instance".into()));
        let disabled = Environment::of([("AWS_EC2_METADATA_DISABLED", "true")]);
        assert_eq!(found(disabled, false, false), Err(NONE.into()));
        let half = Environment::of([("AWS_ACCESS_KEY_ID", "own")]);
        assert!(found(half, false, true).unwrap_err().starts_with("only one of"));
    }

    #[test]
    fn leases_are_read_and_end() {
        let json = br#"{"AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"1970-01-01T01:00:00Z"}"#;
        let lease = Lease::read(json, "Token").unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(lease.credentials.session_token.as_deref(), Some("t"));
        assert!(lease.lasts(Millis(0)));
        assert!(!lease.lasts(Millis(3_500_000)));
        assert!(Lease::read(b"{}", "Token").is_err());
        assert!(Lease::read(b"x", "Token").is_err());
    }
}
