//! Credentials from the machine that runs the program: the container's agent, the instance's metadata service.
//!
//! Source: "Container credential provider" and "IMDS credential provider" of the AWS SDKs and Tools Reference Guide.

use bytes::Bytes;

use crate::credentials::{Lease, NONE};
use crate::http::{Answer, Http, Outgoing};
use crate::limits::{CREDENTIALS_BYTES_MAX, METADATA_TIMEOUT};
use crate::{Endpoint, Environment, Error};

/// Where relative paths are asked for.
const CONTAINER_HOST: &str = "http://169.254.170.2";
/// Hosts to which the authorization token may go in the clear.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
const INSTANCE_ENDPOINT: &str = "http://169.254.169.254";
const INSTANCE_PATH: &str = "/latest/meta-data/iam/security-credentials/";

/// The agent of a container.
#[derive(Clone)]
pub(crate) struct Container {
    endpoint: Endpoint,
    path: String,
    token: Token,
}

#[derive(Clone)]
enum Token {
    None,
    Known(String),
    /// Read each time: it changes.
    File(String),
}

impl Container {
    /// The agent that the environment names.
    pub fn find(environment: &Environment) -> Result<Option<Self>, Error> {
        let relative = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let url = match relative {
            Some(path) => format!("{CONTAINER_HOST}{path}"),
            None => match environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
                Some(url) => url.to_owned(),
                None => return Ok(None),
            },
        };
        let (endpoint, path) = split(&url)?;
        let trusted = endpoint.is_tls()
            || endpoint.is_loopback()
            || CONTAINER_HOSTS.contains(&endpoint.host());
        if !trusted {
            let text = format!(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI: {endpoint} is not https, loopback or a known agent"
            );
            return Err(Error::Credentials(text));
        }
        let file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        let known = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        let token = match (file, known) {
            (Some(path), _) => Token::File(path.to_owned()),
            (None, Some(token)) => Token::Known(token.to_owned()),
            (None, None) => Token::None,
        };
        Ok(Some(Container { endpoint, path, token }))
    }

    pub async fn fetch(&self, http: &Http) -> Result<Lease, Error> {
        let token = match &self.token {
            Token::None => None,
            Token::Known(token) => Some(token.clone()),
            Token::File(path) => {
                let read = std::fs::read_to_string(path);
                let fault = |error| Error::Credentials(format!("{path}: {error}"));
                Some(read.map_err(fault)?.trim().to_owned())
            }
        };
        let headers: Vec<_> = token.into_iter().map(|token| ("authorization", token)).collect();
        let answer = ask(http, &self.endpoint, "GET", &self.path, &headers).await?;
        lease(&self.endpoint, &answer)
    }
}

/// The instance's metadata service.
pub(crate) fn instance_endpoint(environment: &Environment) -> String {
    let given = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    given.unwrap_or(INSTANCE_ENDPOINT).to_owned()
}

/// Credentials of the instance's role, by version 2 of the service.
pub(crate) async fn of_instance(http: &Http, endpoint: &str) -> Result<Lease, Error> {
    let endpoint: Endpoint = endpoint.parse()?;
    let lifetime = [("x-aws-ec2-metadata-token-ttl-seconds", "21600".to_owned())];
    let token = ask(http, &endpoint, "PUT", "/latest/api/token", &lifetime).await;
    // Where no service answers, this is no instance: the person has no credentials at all.
    let token = token.map_err(|_| Error::Credentials(NONE.to_owned()))?;
    let headers = [("x-aws-ec2-metadata-token", text(&token)?)];
    let role = ask(http, &endpoint, "GET", INSTANCE_PATH, &headers).await?;
    if role.status == 404 {
        return Err(Error::Credentials(format!("{NONE}; this instance has no role")));
    }
    let role = text(&role)?;
    let path = format!("{INSTANCE_PATH}{}", role.lines().next().unwrap_or_default().trim());
    let answer = ask(http, &endpoint, "GET", &path, &headers).await?;
    lease(&endpoint, &answer)
}

async fn ask(
    http: &Http,
    endpoint: &Endpoint,
    method: &'static str,
    path: &str,
    headers: &[(&str, String)],
) -> Result<Answer, Error> {
    let out = Outgoing {
        method,
        path,
        headers,
        body: Bytes::new(),
        timeout: METADATA_TIMEOUT,
        reply_bytes_max: CREDENTIALS_BYTES_MAX,
    };
    http.send(endpoint, &out).await.map_err(|error| Error::Credentials(error.to_string()))
}

fn text(answer: &Answer) -> Result<String, Error> {
    let text = String::from_utf8(answer.body.to_vec()).ok().filter(|_| answer.status == 200);
    let status = answer.status;
    text.ok_or_else(|| Error::Credentials(format!("the metadata service answered with {status}")))
}

fn lease(endpoint: &Endpoint, answer: &Answer) -> Result<Lease, Error> {
    let fault = |reason: String| Error::Credentials(format!("credentials of {endpoint}: {reason}"));
    if answer.status != 200 {
        return Err(fault(format!("HTTP status {}", answer.status)));
    }
    Lease::read(&answer.body, "Token").map_err(fault)
}

/// Endpoint and path of a URL.
fn split(url: &str) -> Result<(Endpoint, String), Error> {
    let from = url.find("://").map_or(0, |at| at + 3);
    let at = url[from..].find('/').map_or(url.len(), |at| from + at);
    let (endpoint, path) = url.split_at(at);
    Ok((endpoint.parse()?, if path.is_empty() { "/".to_owned() } else { path.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_in_the_clear_only_to_known_agents() {
        let find = |url| {
            let environment = Environment::of([("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]);
            Container::find(&environment)
                .map(|found| found.map(|c| (c.endpoint.to_string(), c.path)))
        };
        for good in ["http://localhost:1/a?b", "http://[fd00:ec2::23]/a", "https://example.com/a"] {
            assert!(find(good).is_ok_and(|found| found.is_some()), "{good}");
        }
        assert!(find("http://example.com/a").is_err());
        let relative = Environment::of([("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")]);
        let found = Container::find(&relative).unwrap_or_default().map(|c| (c.endpoint, c.path));
        assert_eq!(found, Some((CONTAINER_HOST.parse().unwrap(), "/v2/x".to_owned())));
    }
}
